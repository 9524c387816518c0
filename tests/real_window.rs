//! The real window with the real engine on a virtual display, driven with real keys: it opens with the example pair,
//! paints by itself, and saves a painted picture. Linux with Xvfb and xdotool only.

#![cfg(target_os = "linux")]

mod xvfb;

use std::{
    fs,
    path::{Path, PathBuf},
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

fn pictures_under(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(pictures_under(&path));
        } else if path.extension().is_some_and(|extension| extension == "png") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_window_opens_paints_by_itself_and_saves() {
    for program in ["Xvfb", "xdotool"] {
        if !is_there(program) {
            assert!(std::env::var_os("IMPASTO_REQUIRE_GPU").is_none(), "{program} is required");
            println!("skipped: no {program}");
            return;
        }
    }
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config");
    let display = format!(":{}", 40 + std::process::id() % 500);
    let _screen = Running(
        quiet("Xvfb")
            .args([&display, "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
            .spawn()
            .unwrap(),
    );
    let tool = |arguments: &[&str]| {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &display).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    until("the display", &|| String::new(), || {
        Some(()).filter(|()| !tool(&["getdisplaygeometry"]).is_empty())
    });
    let log = home.path().join("stderr");
    let _window = Running(
        quiet(env!("CARGO_BIN_EXE_impasto"))
            .stderr(fs::File::create(&log).unwrap())
            .env("DISPLAY", &display)
            .env_remove("WAYLAND_DISPLAY")
            .current_dir(home.path())
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env("IMPASTO_CONFIG_DIR", &config)
            .spawn()
            .unwrap(),
    );
    let said = || fs::read_to_string(&log).unwrap_or_default();
    let window = until("the window", &said, || {
        let id = tool(&["search", "--name", "^Impasto$"]);
        id.lines().next_back().map(ToOwned::to_owned).filter(|id| !id.is_empty())
    });
    // What was chosen for this machine is remembered a second after the first run began.
    let settings = until("the settings", &said, || {
        let files = fs::read_dir(&config).ok()?;
        files.flatten().find_map(|file| {
            let text = fs::read_to_string(file.path()).ok()?;
            text.contains("size = ").then_some(text)
        })
    });
    assert!(settings.contains("style_weight"), "{settings}");
    // Some seconds of painting, then save: without a file dialog on this display it takes a free name by itself.
    thread::sleep(Duration::from_secs(4));
    // There is no window manager that would give it the keyboard.
    tool(&["windowfocus", "--sync", &window]);
    let saved = until("a saved picture", &said, || {
        tool(&["key", "ctrl+s"]);
        thread::sleep(Duration::from_secs(1));
        pictures_under(home.path()).into_iter().next()
    });
    thread::sleep(Duration::from_millis(500));
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
    for program in ["Xvfb", "xdotool"] {
        if !is_there(program) {
            assert!(std::env::var_os("IMPASTO_REQUIRE_GPU").is_none(), "{program} is required");
            println!("skipped: no {program}");
            return;
        }
    }
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config");
    let display = format!(":{}", 540 + std::process::id() % 400);
    let _screen = Running(
        quiet("Xvfb")
            .args([&display, "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"])
            .spawn()
            .unwrap(),
    );
    let tool = |arguments: &[&str]| {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &display).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    until("the display", &|| String::new(), || {
        Some(()).filter(|()| !tool(&["getdisplaygeometry"]).is_empty())
    });
    let log = home.path().join("stderr");
    let _window = Running(
        quiet(env!("CARGO_BIN_EXE_impasto"))
            .args(["--size", "128", "--steps", "1000000", "--device", "cpu"])
            .stderr(fs::File::create(&log).unwrap())
            .env("DISPLAY", &display)
            .env_remove("WAYLAND_DISPLAY")
            .current_dir(home.path())
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env("IMPASTO_CONFIG_DIR", &config)
            .spawn()
            .unwrap(),
    );
    let said = || fs::read_to_string(&log).unwrap_or_default();
    let window = until("the window", &said, || {
        let id = tool(&["search", "--name", "^Impasto$"]);
        id.lines().next_back().map(ToOwned::to_owned).filter(|id| !id.is_empty())
    });
    thread::sleep(Duration::from_secs(4));
    tool(&["windowfocus", "--sync", &window]);
    let find = |what: &str| {
        tool(&["key", "ctrl+k", "sleep", "0.6", "type", "--delay", "40", what]);
        tool(&["sleep", "0.6", "key", "Return", "sleep", "0.6"]);
    };
    // Style β lies there in a window of its first size.
    tool(&["mousemove", "1218", "423", "mousedown", "1"]);
    for x in (1218..=1260).step_by(6) {
        tool(&["mousemove", &x.to_string(), "423", "sleep", "0.05"]);
    }
    tool(&["mouseup", "1", "sleep", "0.5"]);
    find("mute style relu1_1");
    find("alpha 3");
    tool(&["key", "ctrl+z", "sleep", "0.6", "key", "s", "sleep", "1", "key", "s", "sleep", "1.5"]);
    let saved = until("a saved picture", &said, || {
        tool(&["key", "ctrl+s"]);
        thread::sleep(Duration::from_secs(1));
        pictures_under(home.path()).into_iter().next()
    });
    thread::sleep(Duration::from_millis(500));
    let recipe = impasto::recipe::of_file(&saved).unwrap().0;
    let settings = &recipe.settings;
    assert!(settings.style_weight > 9.0, "β was dragged up: {}", settings.style_weight);
    let strip = settings.style_layers.strips().next().unwrap();
    assert!(strip.0.to_string() == "relu1_1" && strip.1.muted, "{strip:?}");
    assert_eq!(settings.content_weight, 1.0, "that was taken back");
    assert!(recipe.complete && recipe.passes.iter().any(|pass| !pass.changes.is_empty()), "it tells when");
    // And by it the same picture is painted again.
    let again = home.path().join("again.png");
    let status = quiet(env!("CARGO_BIN_EXE_impasto"))
        .args(["render", "--quiet", "--device", "cpu", "--recipe"])
        .args([saved.as_path(), Path::new("--output"), again.as_path()])
        .env("IMPASTO_CONFIG_DIR", &config)
        .status()
        .unwrap();
    assert!(status.success());
    let pixels = |path: &Path| image::open(path).unwrap().to_rgb8();
    assert!(pixels(&saved) == pixels(&again), "the same pixels, drag and all");
}
