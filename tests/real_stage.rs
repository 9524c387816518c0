//! Both real windows on a virtual display: the second one opens, keeps up with the painting, and closes alone. Linux with
//! Xvfb, xdotool and ImageMagick's `import` only.

#![cfg(target_os = "linux")]

mod xvfb;

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use xvfb::{Running, is_there, quiet};

fn until<T>(what: &str, said: &dyn Fn() -> String, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}; the program says: {}", said());
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn the_second_window_keeps_up_and_closes_alone() {
    for program in ["Xvfb", "xdotool", "import"] {
        if !is_there(program) {
            assert!(std::env::var_os("IMPASTO_REQUIRE_GPU").is_none(), "{program} is required");
            println!("skipped: no {program}");
            return;
        }
    }
    let home = tempfile::tempdir().unwrap();
    let display = format!(":{}", 560 + std::process::id() % 400);
    let _screen = Running(
        quiet("Xvfb")
            .args([&display, "-screen", "0", "2400x900x24", "-nolisten", "tcp", "-noreset"])
            .spawn()
            .unwrap(),
    );
    let tool = |arguments: &[&str]| {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &display).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    until("the display", &String::new, || Some(()).filter(|()| !tool(&["getdisplaygeometry"]).is_empty()));
    let log = home.path().join("stderr");
    let _window = Running(
        quiet(env!("CARGO_BIN_EXE_impasto"))
            .args(["--size", "128"])
            .stderr(fs::File::create(&log).unwrap())
            .env("DISPLAY", &display)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .current_dir(home.path())
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env("IMPASTO_CONFIG_DIR", home.path().join("config"))
            .spawn()
            .unwrap(),
    );
    let said = || fs::read_to_string(&log).unwrap_or_default();
    let find =
        |name: &str| tool(&["search", "--onlyvisible", "--name", name]).lines().next().map(ToOwned::to_owned);
    let main = until("the window", &said, || find("^Impasto$"));
    thread::sleep(Duration::from_secs(2));
    // There is no window manager that would give it the keyboard, or place it.
    tool(&["windowmove", "--sync", &main, "0", "0"]);
    tool(&["windowfocus", "--sync", &main]);
    let second = until("the second window", &said, || {
        let found = find("the painting alone");
        if found.is_none() {
            tool(&["key", "F10"]);
            thread::sleep(Duration::from_secs(1));
        }
        found
    });
    tool(&["windowmove", "--sync", &second, "1400", "40"]);
    // Wider than the picture.
    tool(&["windowsize", "--sync", &second, "960", "400"]);
    tool(&["mousemove", "700", "890"]);
    let take = |window: &str, name: &str| {
        let file = home.path().join(name);
        quiet("import").args(["-window", window]).arg(&file).env("DISPLAY", &display).status().unwrap();
        image::open(&file).unwrap().to_rgb8()
    };
    thread::sleep(Duration::from_secs(4));
    let before = take(&second, "before.png");
    // The picture is drawn: many colours, on black.
    let colours: std::collections::BTreeSet<[u8; 3]> = before.pixels().map(|pixel| pixel.0).collect();
    assert!(colours.len() > 1000, "{} colours", colours.len());
    assert_eq!(before.get_pixel(20, 200).0, [0; 3], "beside the picture it is black");
    // It keeps up while the pointer is busy in the first window.
    let changed = until("another picture in the second window", &said, || {
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
    until("the second window is gone", &said, || {
        tool(&["key", "Escape"]);
        thread::sleep(Duration::from_millis(500));
        find("the painting alone").is_none().then_some(())
    });
    assert_eq!(find("^Impasto$"), Some(main), "the first one stays");
}
