//! Pictures follow their files when another program saves them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::window_support::{Log, Setup, Window, has};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use image::{Rgb, RgbImage};
use impasto_core::{
    picture::{self, Picture},
    settings::{Settings, StyleMix},
    transfer::Inputs,
};
use impasto_engine::session::StyleRecord;
use impasto_formats::project::{Draft, Manifest, SourceStorage};

/// The files that are painted from. Nobody else knows of their folder.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["content.png", "style.png", "palette.png"] {
            fs::write(files.path(name), encoded(1)).unwrap();
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As programs save that do not want to leave half a file.
    fn replace(&self, name: &str, bytes: &[u8]) {
        let other = self.path(&format!(".{name}.saving"));
        fs::write(&other, bytes).unwrap();
        fs::rename(other, self.path(name)).unwrap();
    }

    /// A window that paints from them.
    fn open(&self) -> Window {
        let mut setup = Setup::default();
        setup.options.content = Some(self.path("content.png"));
        setup.options.styles = vec![self.path("style.png")];
        setup.options.settings = Some(Settings {
            palette: Some(self.path("palette.png")),
            match_colours: 1.0,
            ..setup.options.settings.unwrap()
        });
        let mut window = setup.open();
        window.until_painting();
        window.until("all pictures are there", |_, log| shades(log) == Some([1, 1, 1]));
        window
    }
}

/// A picture that is told from others by its shade.
fn encoded(shade: u8) -> Vec<u8> {
    let noise = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) as u8;
    let image =
        RgbImage::from_fn(60, 40, |x, y| if x + y == 0 { Rgb([shade; 3]) } else { Rgb([noise(x, y), 9, 9]) });
    let mut bytes = Vec::new();
    image.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

fn shade(picture: &Picture) -> u8 {
    picture.rgb.get_pixel(0, 0).0[0]
}

fn shades_of(inputs: &Inputs) -> Option<[u8; 3]> {
    Some([&inputs.content, &inputs.styles[0].picture, inputs.palette.as_ref()?].map(|picture| shade(picture)))
}

/// The shades of content, style and palette that are painted from.
fn shades(log: &Log) -> Option<[u8; 3]> {
    log.inputs.as_ref().and_then(shades_of)
}

#[track_caller]
fn until(window: &mut Window, wanted: [u8; 3]) {
    window.until(&format!("{wanted:?} arrives"), |_, log| shades(log) == Some(wanted));
}

fn undo(window: &mut Window) {
    window.steps(3);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.steps(3);
}

#[test]
fn twenty_saves_fade_in_without_a_restart_however_they_are_saved() {
    let files = Files::new();
    let mut window = files.open();
    for round in 2..22 {
        match round % 2 {
            0 => files.replace("content.png", &encoded(round)),
            _ => fs::write(files.path("content.png"), encoded(round)).unwrap(),
        }
        until(&mut window, [round, 1, 1]);
    }
    assert!(has(&window, "The content has changed: it fades in."));
    files.replace("style.png", &encoded(30));
    until(&mut window, [21, 30, 1]);
    window.steps(3);
    assert!(has(&window, "A style has changed: it fades in."));
    files.replace("palette.png", &encoded(40));
    until(&mut window, [21, 30, 40]);
    let replaced: Vec<_> = window.log.lock().unwrap().replaced.iter().filter_map(shades_of).collect();
    assert_eq!(replaced.len(), 22, "each of them once: {replaced:?}");
    assert_eq!(window.jobs(), 1, "the run goes on");
}

#[test]
fn undo_takes_back_what_was_done_here_and_no_save() {
    let files = Files::new();
    let mut window = files.open();
    window.harness.get_by_label("Use the style").click();
    let counts = |log: &Log| log.updates.last().is_some_and(|(_, styles)| styles[0].on);
    window.until("the style is off", |_, log| !counts(log));
    files.replace("content.png", &encoded(2));
    until(&mut window, [2, 1, 1]);
    undo(&mut window);
    window.until("the style is on again", |_, log| counts(log));
    window.steps(3);
    assert_eq!(shades(&window.log.lock().unwrap()), Some([2, 1, 1]), "the file is what it is");
    undo(&mut window);
    assert!(has(&window, "Nothing to undo"));
    // Another file, and back: the file may have been saved meanwhile.
    let other = files.path("other.png");
    fs::write(&other, encoded(7)).unwrap();
    window.dialogs.will_pick(&other);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    until(&mut window, [7, 1, 1]);
    window.steps(3);
    files.replace("content.png", &encoded(3));
    undo(&mut window);
    until(&mut window, [3, 1, 1]);
}

#[test]
fn half_a_file_changes_nothing_and_one_that_stays_broken_is_told() {
    let files = Files::new();
    let mut window = files.open();
    let bytes = encoded(2);
    fs::write(files.path("content.png"), &bytes[..bytes.len() / 2]).unwrap();
    // Looked at after the content.
    files.replace("style.png", &encoded(5));
    until(&mut window, [1, 5, 1]);
    fs::write(files.path("content.png"), &bytes).unwrap();
    until(&mut window, [2, 5, 1]);

    fs::write(files.path("content.png"), b"no picture").unwrap();
    window.until("it is told", |harness, _| {
        let mut told = harness.query_all_by_label_contains("the former version stays");
        told.any(|node| format!("{node:?}").contains("content.png"))
    });
    fs::remove_file(files.path("content.png")).unwrap();
    files.replace("style.png", &encoded(6));
    until(&mut window, [2, 6, 1]);
    assert!(has(&window, "Content: content.png"), "the picture stays without its file");
    files.replace("content.png", &encoded(3));
    until(&mut window, [3, 6, 1]);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn following_can_be_switched_off_and_catches_up_when_it_is_on_again() {
    let files = Files::new();
    let mut window = files.open();
    let follow = |window: &mut Window| {
        let role = egui::Role::CheckBox;
        window.harness.get_by_role_and_label(role, "Follow files").scroll_to_me();
        window.steps(3);
        window.harness.get_by_role_and_label(role, "Follow files").click();
        window.steps(3);
    };
    follow(&mut window);
    let settings = window.folder.path().join("impasto.toml");
    window.until("that is remembered", |_, _| {
        fs::read_to_string(&settings).is_ok_and(|text| text.contains("follow_files = false"))
    });
    files.replace("content.png", &encoded(2));
    // By hand it can still be read.
    files.replace("style.png", &encoded(3));
    window.harness.get_by_label("Choose the style").click();
    window.steps(3);
    window.harness.get_by_label("Reload").click();
    until(&mut window, [1, 3, 1]);
    follow(&mut window);
    until(&mut window, [2, 3, 1]);
}

/// A project whose content is said to be of this file, with the picture that is there.
fn project(path: &Path, content: &Path) {
    let mut draft = Draft::new(Manifest::new(Settings::default()), SourceStorage::Embedded);
    draft.picture(&RgbImage::from_pixel(60, 40, Rgb([1, 2, 3]))).unwrap();
    draft.content(&Picture::open(content).unwrap()).unwrap();
    let swirl = picture::STYLES[0].open();
    let style = StyleRecord { source: (&swirl).into(), mix: StyleMix::default() };
    draft.style(&swirl, style).unwrap();
    draft.write(path).unwrap();
}

#[test]
fn a_file_that_only_a_strangers_project_names_is_not_followed() {
    for (folder, follows) in [("got", false), ("", true)] {
        let files = Files::new();
        fs::create_dir(files.path("got")).unwrap();
        let path = files.path(folder).join("theirs.impasto");
        project(&path, &files.path("content.png"));
        let mut window = Setup::default().open();
        window.until_painting();
        window.dialogs.will_pick(&path);
        window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
        let content = |log: &Log| log.inputs.as_ref().map(|inputs| Arc::clone(&inputs.content));
        window.until("it is opened", |_, log| {
            content(log).is_some_and(|content| content.path == Some(files.path("content.png")))
        });
        window.dialogs.will_pick(&files.path("style.png"));
        window.harness.get_by_label("Add style…").click();
        let added = |log: &Log| {
            let styles = log.inputs.as_ref().map(|inputs| &inputs.styles);
            styles.and_then(|styles| Some(shade(&styles.get(1)?.picture)))
        };
        window.until("a style of the person's own", |_, log| added(log) == Some(1));
        files.replace("content.png", &encoded(2));
        // Looked at after the content.
        files.replace("style.png", &encoded(3));
        window.until("that one is followed", |_, log| added(log) == Some(3));
        let now = content(&window.log.lock().unwrap()).map(|content| shade(&content));
        assert_eq!(now, Some(if follows { 2 } else { 1 }), "{folder}");
    }
}

#[test]
fn a_file_that_was_saved_since_fades_into_a_former_painting() {
    let files = Files::new();
    let mut window = files.open();
    window.harness.key_press(Key::R);
    window.until("another run", |_, log| log.jobs.len() == 2);
    let steps = window.log.lock().unwrap().steps;
    window.until("it paints", |_, log| log.steps > steps + 2);
    files.replace("content.png", &encoded(2));
    until(&mut window, [2, 1, 1]);
    window.steps(3);
    window.harness.get_by_label("Back to the former painting").click();
    window.until("the former one is back", |_, log| log.jobs.len() == 3);
    assert_eq!(shades_of(&window.job(2).inputs), Some([1, 1, 1]), "as it was");
    until(&mut window, [2, 1, 1]);
    assert_eq!(window.jobs(), 3, "it goes on");
}
