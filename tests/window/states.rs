//! How the window looks in the states that matter, compared with the pictures in `snapshots`.
//!
//! The engine paints step by step, each of which the window sees, so that curves and numbers are the same
//! each time.

mod pages;
mod panels;

use std::{path::Path, time::Duration};

use crate::window_support::{
    Log, Setup, Window,
    drawing::can_draw,
    drop_files, open_advanced, saved,
    snapshot::{snapshot, snapshot_as_it_is},
};
use egui::{Event, HoveredFile, Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use image::{Rgb, RgbImage, RgbaImage};
use impasto_core::settings::Settings;

const WIDE: [f32; 2] = [1360.0, 860.0];
const SMALL: [f32; 2] = [1024.0, 640.0];

/// A lake under the sun, of few colours: what is compared is the window.
fn lake(colours: [[u8; 3]; 3]) -> RgbImage {
    let [sky, water, sun] = colours.map(Rgb);
    RgbImage::from_fn(288, 192, |x, y| match (x.abs_diff(200).pow(2) + y.abs_diff(60).pow(2), y) {
        (..900, _) => sun,
        (_, ..110) => sky,
        _ => water,
    })
}

fn stripes() -> RgbImage {
    RgbImage::from_fn(
        200,
        200,
        |x, y| {
            if (x + y) / 25 % 2 == 0 { Rgb([212, 84, 52]) } else { Rgb([240, 214, 150]) }
        },
    )
}

/// A window of this size, whose engine waits before its first step.
fn setup(size: [f32; 2]) -> Setup {
    let mut setup = Setup { render: true, size, ..Setup::default() };
    setup.log.paint = Some(lake([[226, 160, 70], [150, 62, 48], [250, 228, 160]]));
    setup.log.gate = Some(0);
    setup.options.settings =
        Some(Settings { steps: 500, size: 384, preview_every: 1, ..Settings::default() });
    setup
}

/// Opens it with pictures of its own; none where there is nothing to draw with.
fn open(setup: Setup) -> Option<Window> {
    open_in(setup, tempfile::tempdir().unwrap())
}

/// Opens it with pictures of its own in this folder, and without hints.
fn open_in(mut setup: Setup, folder: tempfile::TempDir) -> Option<Window> {
    if !can_draw() {
        return None;
    }
    let write = |name: &str, picture: RgbImage| {
        let path = folder.path().join(name);
        picture.save(&path).unwrap();
        path
    };
    setup
        .options
        .content
        .get_or_insert(write("Lake.png", lake([[120, 170, 220], [40, 80, 140], [255, 240, 180]])));
    if setup.options.styles.is_empty() {
        setup.options.styles.push(write("Stripes.png", stripes()));
    }
    let remembered = setup.remembered.take().unwrap_or("hints = false\n".to_owned());
    let text = format!("[layout]\nstop_after_steps = true\n{remembered}");
    std::fs::write(folder.path().join("impasto.toml"), text).unwrap();
    Some(setup.open_in(folder))
}

/// A window that has painted this far.
fn painted(size: [f32; 2], steps: u32) -> Option<Window> {
    let mut window = open(setup(size))?;
    window.paint_to(steps);
    Some(window)
}

/// The same, paused behind the next step.
fn paused(size: [f32; 2], steps: u32) -> Option<Window> {
    let mut window = painted(size, steps)?;
    window.pause_at_gate();
    Some(window)
}

fn other_theme(window: &mut Window) {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::L);
}

fn press_key(window: &mut Window, key: Key) {
    window.harness.key_press(key);
    window.steps(6);
}

fn click(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).click();
    window.steps(6);
}

/// Gives a command by its name.
fn find(window: &mut Window, text: &str) {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(4);
    window.harness.event(Event::Text(text.to_owned()));
    window.steps(4);
    window.harness.key_press(Key::Enter);
    window.steps(6);
}

/// Whether the picture has a good spot of the accent colour.
fn has_accent(image: &RgbaImage) -> bool {
    image.pixels().filter(|pixel| pixel.0[..3] == [0xcb, 0x45, 0x1f]).count() > 500
}

#[test]
fn painting_and_paused() {
    let Some(mut window) = painted(WIDE, 60) else { return };
    let image = snapshot(&mut window, "painting");
    assert!(has_accent(&image), "the pause button is in the accent colour");
    window.pause_at_gate();
    other_theme(&mut window);
    let image = snapshot(&mut window, "paused_light");
    assert!(image.get_pixel(700, 5).0[0] > 0xc0, "the bar is light");
}

#[test]
fn the_engines_picture_is_in_the_middle() {
    let mut setup = setup(WIDE);
    setup.log.paint = Some(RgbImage::from_pixel(300, 200, Rgb([12, 180, 99])));
    let Some(mut window) = open(setup) else { return };
    window.paint_to(5);
    let image = window.harness.render().unwrap();
    let canvas = window.harness.get_by_label_contains("Painting, 300 by 200").rect().center();
    assert_eq!(image.get_pixel(canvas.x as u32, canvas.y as u32).0, [12, 180, 99, 255]);
}

#[test]
fn small_large_and_dense() {
    let Some(mut window) = painted([960.0, 540.0], 40) else { return };
    snapshot(&mut window, "small");
    find(&mut window, "solo style relu3_1");
    window.paint_to(50);
    snapshot(&mut window, "small_solo");
    let Some(mut window) = painted([1920.0, 1080.0], 40) else { return };
    snapshot(&mut window, "large");
    let Some(mut window) = open(Setup { scale: 1.75, ..setup(SMALL) }) else { return };
    window.paint_to(10);
    snapshot(&mut window, "dense");
}

#[test]
fn preparing_is_told() {
    let mut window =
        Setup { log: Log { preparing: Duration::from_millis(1500), ..Log::default() }, ..Setup::default() }
            .open();
    window.until("it prepares", |harness, _| {
        harness.query_all_by_label_contains("Loading the network's weights").next().is_some()
    });
}

#[test]
fn finished() {
    let mut setup = setup(SMALL);
    setup.options.settings.as_mut().unwrap().steps = 30;
    let Some(mut window) = open(setup) else { return };
    window.paint_to(30);
    window.until("it is finished", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    snapshot(&mut window, "finished");
}

#[test]
fn failed() {
    let Some(mut window) = painted(SMALL, 40) else { return };
    {
        let mut log = window.log.lock().unwrap();
        let reason =
            "the loss is not a number at step 41: lower the step size or the style weight, then try again";
        (log.fail_step, log.gate) = (Some(reason.to_owned()), Some(41));
    }
    window.until("it has failed", |harness, _| {
        harness.query_all_by_label_contains("loss is not a number").next().is_some()
    });
    snapshot(&mut window, "failed");
}

#[test]
fn hints_and_menus() {
    let setup = Setup { remembered: Some("hints = true\n".to_owned()), ..setup(WIDE) };
    let Some(mut window) = open(setup) else { return };
    window.paint_to(10);
    snapshot(&mut window, "hints");
    click(&mut window, "Got it");
    click(&mut window, "More about the painting");
    snapshot(&mut window, "menu");
}

#[test]
fn without_pictures() {
    let mut setup = setup(WIDE);
    setup.options.content = Some("/nowhere/holiday at the lake.jpg".into());
    setup.options.styles = vec!["/nowhere/wave.png".into()];
    let Some(mut window) = open(setup) else { return };
    window.until("the errors are there", |harness, _| {
        harness.query_all_by_label_contains("wave.png").next().is_some()
            && harness.query_all_by_label_contains("holiday at the lake.jpg").next().is_some()
    });
    snapshot(&mut window, "bad_pictures");
    click(&mut window, "Dismiss the message about the content");
    click(&mut window, "Dismiss the message about the style");
    let image = snapshot(&mut window, "empty");
    assert!(has_accent(&image), "the examples are offered in the accent colour");
}

#[test]
fn settings_open_and_wrong() {
    let Some(mut window) = painted([1240.0, 1500.0], 10) else { return };
    let second = window.folder.path().join("A second style.png");
    lake([[40, 120, 90], [200, 190, 150], [230, 90, 40]]).save(&second).unwrap();
    window.dialogs.will_pick(&second);
    click(&mut window, "Add style…");
    window.log.lock().unwrap().gate = Some(11);
    window.until("two styles", |_, log| log.styles().len() == 2);
    open_advanced(&mut window);
    let size = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        node.label().as_deref() == Some("Size") && node.role() == Role::SpinButton
    };
    window.harness.get_by(size).click();
    window.steps(3);
    window.harness.event(Event::Text("12".to_owned()));
    window.harness.step();
    window.harness.key_press(Key::Enter);
    snapshot(&mut window, "settings");
}

#[test]
fn help_guide_and_tour() {
    let Some(mut window) = painted(SMALL, 10) else { return };
    press_key(&mut window, Key::F1);
    snapshot(&mut window, "help");
    click(&mut window, "Read the guide");
    window.until("the guide", |harness, _| harness.query_by_label("Close the guide").is_some());
    snapshot(&mut window, "guide");
    press_key(&mut window, Key::Escape);
    press_key(&mut window, Key::F2);
    // Its own run begins behind the step in hand.
    window.log.lock().unwrap().gate = Some(11);
    window.until("the tour's run", |harness, log| {
        log.jobs.len() == 2 && harness.query_all_by_label_contains(". 0 / ").next().is_some()
    });
    snapshot(&mut window, "tour");
}

#[test]
fn a_restart_with_its_way_back() {
    let Some(mut window) = paused(WIDE, 20) else { return };
    press_key(&mut window, Key::R);
    window.until("it begins afresh", |harness, log| {
        log.jobs.len() == 2 && harness.query_all_by_label_contains(". 0 / ").next().is_some()
    });
    snapshot(&mut window, "way_back");
}

#[test]
fn commands_and_changes() {
    let Some(mut window) = paused(SMALL, 10) else { return };
    find(&mut window, "beta 12");
    find(&mut window, "alpha 3");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::H);
    snapshot(&mut window, "history");
    press_key(&mut window, Key::Escape);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(4);
    window.harness.event(Event::Text("style".to_owned()));
    snapshot(&mut window, "commands");
}

#[test]
fn the_big_screen() {
    let Some(mut window) = paused(SMALL, 10) else { return };
    press_key(&mut window, Key::F11);
    press_key(&mut window, Key::I);
    let image = snapshot(&mut window, "big_screen");
    assert!(!has_accent(&image), "only the picture is there");
}

#[test]
fn dropped_files_and_recipes() {
    let Some(mut window) = paused(SMALL, 10) else { return };
    window.harness.input_mut().hovered_files = vec![HoveredFile::default()];
    window.harness.step();
    window.harness.hover_at(egui::pos2(500.0, 300.0));
    window.steps(6);
    snapshot_as_it_is(&mut window, "drop");
    window.harness.input_mut().hovered_files.clear();
    window.steps(2);
    let file = saved(&mut window, "Lake in Stripes.png");
    drop_files(&mut window, &[file]);
    window.until("the recipe is offered", |harness, _| {
        harness.query_by_label_contains("carries its recipe").is_some()
    });
    // The note about the saved file, as wide as its folder's name, goes.
    let now = window.harness.ctx.input(|input| input.time);
    window.harness.input_mut().time = Some(now + 60.0);
    snapshot(&mut window, "recipe");
}

#[test]
fn a_picture_that_differs_fails_and_says_what_to_do() {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        println!("skipped: pictures that differ are accepted");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let golden = lake([[120, 170, 220], [40, 80, 140], [255, 240, 180]]);
    golden.save(folder.path().join("one.png")).unwrap();
    let compare = |picture: &RgbImage| {
        let picture = image::DynamicImage::from(picture.clone()).to_rgba8();
        crate::window_support::snapshot::compare(&picture, "one", folder.path())
    };
    compare(&golden).unwrap();
    let mut changed = golden.clone();
    changed.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|value| value.saturating_add(2)));
    compare(&changed).expect("another driver rounds otherwise");

    // A button that is gone, an edge that has moved, another colour.
    let mut gone = golden.clone();
    (20..40).for_each(|x| (20..30).for_each(|y| gone.put_pixel(x, y, Rgb([203, 69, 31]))));
    let moved = image::imageops::crop_imm(&golden, 0, 1, 288, 191).to_image();
    let moved = RgbImage::from_fn(288, 192, |x, y| *moved.get_pixel(x, y.min(190)));
    let recoloured = lake([[120, 170, 220], [40, 92, 140], [255, 240, 180]]);
    for other in [gone, moved, recoloured] {
        let message = compare(&other).unwrap_err();
        for part in ["one.new.png", "one.diff.png", "UPDATE_SNAPSHOTS=1"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(folder.path().join("one.new.png").is_file() && folder.path().join("one.diff.png").is_file());
    }
    let smaller = image::imageops::thumbnail(&golden, 100, 90);
    assert!(compare(&smaller).unwrap_err().contains("100×90"));
}

#[test]
fn every_picture_belongs_to_a_state() {
    let texts =
        [include_str!("states.rs"), include_str!("states/panels.rs"), include_str!("states/pages.rs")];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/window/snapshots");
    let names = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name());
    for name in names.filter_map(|name| name.to_str()?.strip_suffix(".png").map(ToOwned::to_owned)) {
        let is_of_a_failure = [".new", ".diff", ".old"].iter().any(|ending| name.ends_with(ending));
        let quoted = format!("\"{name}\"");
        assert!(
            is_of_a_failure || texts.iter().any(|text| text.contains(&quoted)),
            "nothing draws {name}.png"
        );
    }
}
