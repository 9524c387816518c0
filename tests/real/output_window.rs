//! Both real windows on a virtual display: the second one opens, keeps up with the painting, and closes
//! alone. Linux with Xvfb, xdotool and ImageMagick's `import` only.

#![cfg(target_os = "linux")]

use std::{fs, path::Path, time::Duration};

use crate::environment::quiet;
use crate::xvfb::{Screen, Window};

#[test]
fn the_second_window_keeps_up_and_closes_alone() {
    let Some(screen) = Screen::open("2400x900", &["Xvfb", "xdotool", "import"]) else { return };
    // On the CPU, where it is not finished before it is looked at.
    let arguments = ["--size", "128", "--steps", "1000000", "--device", "cpu"];
    let Some(Window { id: main, program: _program }) = screen.start(&arguments) else { return };
    let tool = |arguments: &[&str]| screen.tool(arguments);
    let find =
        |name: &str| tool(&["search", "--onlyvisible", "--name", name]).lines().next().map(ToOwned::to_owned);
    let take = |window: &str, name: &str| {
        let file = screen.home.path().join(name);
        quiet("import")
            .args(["-window", window])
            .arg(&file)
            .env("DISPLAY", &screen.display)
            .status()
            .unwrap();
        image::open(&file).unwrap().to_rgb8()
    };
    let colours = |shot: &image::RgbImage| {
        shot.pixels().map(|pixel| pixel.0).collect::<std::collections::BTreeSet<[u8; 3]>>().len()
    };
    screen.until("the first window to show pictures", || {
        (colours(&take(&main, "main.png")) > 1000).then_some(())
    });
    // There is no window manager that would place it, or give it the keyboard.
    tool(&["windowmove", "--sync", &main, "0", "0"]);
    tool(&["windowfocus", "--sync", &main]);
    // Pressed once more too soon it would close a window that is but late.
    let second = screen
        .press_until("the second window", &["F10"], Duration::from_secs(20), || find("the painting alone"));
    tool(&["windowmove", "--sync", &second, "1400", "40"]);
    // Wider than the picture.
    tool(&["windowsize", "--sync", &second, "960", "400"]);
    tool(&["mousemove", "700", "890"]);
    // The picture is drawn: many colours, and beside them it is black.
    let before = screen.until("the picture in the second window", || {
        let shot = take(&second, "before.png");
        (colours(&shot) > 1000 && shot.get_pixel(20, 200).0 == [0; 3]).then_some(shot)
    });
    // It keeps up while the pointer is busy in the first window.
    let changed = screen.until("another picture in the second window", || {
        (0..6).for_each(|i| drop(tool(&["mousemove", &(300 + 20 * i).to_string(), "400"])));
        let now = take(&second, "now.png");
        (now != before).then_some(now)
    });
    assert_eq!(changed.dimensions(), before.dimensions());
    let both = take("root", "both.png");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("window_pictures");
    fs::create_dir_all(&folder).unwrap();
    both.save(folder.join("both_windows.png")).unwrap();
    // Escape closes it alone.
    tool(&["windowfocus", "--sync", &second]);
    screen.press_until("the second window is gone", &["Escape"], Duration::from_secs(10), || {
        find("the painting alone").is_none().then_some(())
    });
    assert_eq!(find("^Impasto$"), Some(main), "the first one stays");
}
