//! Files whose names are no Unicode text, as old disks and archives have them: they open, and nothing else is
//! lost for them.
#![cfg(target_os = "linux")]

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _, path::PathBuf, time::Duration};

use crate::window_support::{Log, Setup, Window, has};
use egui::{Key, Modifiers};
use image::RgbImage;
use impasto_core::settings::Settings;
use impasto_formats::project::Project;

/// A window that paints a file in Latin-1.
fn opened() -> (Window, PathBuf) {
    let mut setup =
        Setup { log: Log { slow: Duration::from_millis(3), ..Log::default() }, ..Setup::default() };
    let settings = Settings { steps: 1_000_000, size: 256, style_weight: 5.5, ..Settings::default() };
    setup.options.settings = Some(settings);
    let mut window = setup.open();
    // The fonts have a box for what has no letter.
    window.draw_missing_letters();
    window.until_painting();
    let path = window.folder.path().join(OsStr::from_bytes(b"caf\xe9.png"));
    RgbImage::from_fn(60, 40, |x, y| image::Rgb([x as u8, y as u8, 99])).save(&path).unwrap();
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    let meant = path.clone();
    window.until("it is painted", |_, log| {
        log.jobs.last().is_some_and(|job| job.inputs.content.path.as_ref() == Some(&meant))
    });
    window.steps(10);
    (window, path)
}

#[test]
fn settings_are_remembered_beside_them() {
    let (window, _) = opened();
    let folder = window.close();
    let text = fs::read_to_string(folder.path().join("impasto.toml")).unwrap();
    assert!(text.contains("style_weight = 5.5"), "{text}");
}

#[test]
fn the_painting_is_kept_and_saved_as_a_project_with_their_pixels() {
    let (mut window, _) = opened();
    let sessions = window.folder.path().join("sessions");
    let kept = std::cell::Cell::new(None);
    window.until("the painting is kept", |_, _| {
        let path = fs::read_dir(&sessions).ok().and_then(|mut all| all.next()).and_then(Result::ok);
        kept.set(path.and_then(|path| Project::read(&path.path().join("painting.impasto")).ok()));
        let project = kept.take();
        let content = project.as_ref().and_then(|project| project.manifest.content.as_ref());
        let there = content.is_some_and(|content| content.source.name.starts_with("caf"));
        kept.set(project);
        there
    });
    assert!(!has(&window, "cannot be kept"));
    let project = kept.take().unwrap();
    let content = project.manifest.content.as_ref().unwrap();
    let picture = project.stored_picture(&content.source, &content.pixels).expect("its pixels are beside it");
    assert_eq!(picture.rgb.get_pixel(7, 9).0, [7, 9, 99]);
}
