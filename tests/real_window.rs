//! The real window with the real engine on a virtual display, driven with real keys: it opens with the example pair,
//! paints by itself, and saves a painted picture. Linux with Xvfb and xdotool only.

#![cfg(target_os = "linux")]

mod xvfb;

use std::{fs, path::Path, thread, time::Duration};

use xvfb::{Screen, quiet};

#[test]
fn the_window_opens_paints_by_itself_and_saves() {
    let Some(screen) = Screen::open(40, "1280x800", &["Xvfb", "xdotool"]) else { return };
    let _window = screen.start(&[]);
    let window = screen.window();
    // What was chosen for this machine is remembered a second after the first run began.
    let settings = screen.until("the settings", || {
        let files = fs::read_dir(screen.config()).ok()?;
        files.flatten().find_map(|file| {
            let text = fs::read_to_string(file.path()).ok()?;
            text.contains("size = ").then_some(text)
        })
    });
    assert!(settings.contains("style_weight"), "{settings}");
    // Some seconds of painting, then save: without a file dialog on this display it takes a free name by itself.
    thread::sleep(Duration::from_secs(4));
    // There is no window manager that would give it the keyboard.
    screen.tool(&["windowfocus", "--sync", &window]);
    let saved = screen.saved();
    let painted = image::open(&saved).unwrap().to_rgb8();
    let (width, height) = painted.dimensions();
    let content = impasto::picture::CONTENTS[0].open();
    let resized = impasto::picture::resize(&content.rgb, width, height, impasto::picture::Filter::Lanczos);
    let difference: u64 =
        painted.as_raw().iter().zip(resized.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    let mean = difference as f64 / painted.as_raw().len() as f64;
    assert!(mean > 8.0, "the saved picture {width}×{height} is hardly painted: {mean}");
}

/// A hand at the real window while the real engine paints: a dragged fader, a muted layer, a change taken back, a comparison,
/// and a saved picture that knows of all of it.
#[test]
fn what_a_hand_does_while_it_paints_is_in_the_saved_recipe() {
    let Some(screen) = Screen::open(500, "1600x1000", &["Xvfb", "xdotool"]) else { return };
    let _window = screen.start(&["--size", "128", "--steps", "1000000", "--device", "cpu"]);
    let window = screen.window();
    let tool = |arguments: &[&str]| screen.tool(arguments);
    thread::sleep(Duration::from_secs(4));
    tool(&["windowfocus", "--sync", &window]);
    let find = |what: &str| {
        // A busy machine draws few frames in a second.
        tool(&["key", "ctrl+k", "sleep", "1", "type", "--delay", "60", what]);
        tool(&["sleep", "1", "key", "Return", "sleep", "1.5"]);
    };
    // Style β lies there in a window of its first size.
    tool(&["mousemove", "1218", "423", "mousedown", "1"]);
    for x in (1218..=1260).step_by(6) {
        tool(&["mousemove", &x.to_string(), "423", "sleep", "0.05"]);
    }
    tool(&["mouseup", "1", "sleep", "0.5"]);
    find("mute style relu1_1");
    find("alpha 3");
    tool(&["key", "ctrl+z", "sleep", "1.5", "key", "s", "sleep", "1", "key", "s", "sleep", "1.5"]);
    let saved = screen.saved();
    let recipe = impasto::recipe::of_file(&saved).unwrap().0;
    let settings = &recipe.settings;
    assert!(settings.style_weight > 9.0, "β was dragged up: {}", settings.style_weight);
    let strip = settings.style_layers.strips().next().unwrap();
    assert!(strip.0.to_string() == "relu1_1" && strip.1.muted, "{strip:?}");
    assert_eq!(settings.content_weight, 1.0, "that was taken back");
    assert!(recipe.complete && recipe.passes.iter().any(|pass| !pass.changes.is_empty()), "it tells when");
    // And by it the same picture is painted again.
    let again = screen.home.path().join("again.png");
    let status = quiet(env!("CARGO_BIN_EXE_impasto"))
        .args(["render", "--quiet", "--device", "cpu", "--recipe"])
        .args([saved.as_path(), Path::new("--output"), again.as_path()])
        .env("IMPASTO_CONFIG_DIR", screen.config())
        .status()
        .unwrap();
    assert!(status.success());
    let pixels = |path: &Path| image::open(path).unwrap().to_rgb8();
    assert!(pixels(&saved) == pixels(&again), "the same pixels, drag and all");
}
