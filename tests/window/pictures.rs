//! Draws the window's states and looks at them as far as a test can. The pictures are left in
//! `target/window_pictures/` for a person to look at as well.

use std::{path::Path, time::Duration};

use crate::window_support::{
    Setup, Window,
    drawing::{can_draw, draw, draw_as_it_is, painting},
    drop_files, open_advanced, press,
};
use egui::{HoveredFile, Key};
use egui_kittest::kittest::Queryable as _;
use image::{Rgba, RgbaImage};
use impasto_core::settings::{Settings, StyleMix};
use impasto_engine::queue::{Item, ItemSource, ItemState, ItemStyle, QueueStore};

fn setup() -> Setup {
    let mut setup = Setup { render: true, ..Setup::default() };
    setup.log.paint = Some(painting());
    setup.log.slow = Duration::from_millis(4);
    setup.options.settings = Some(Settings { steps: 500, size: 384, ..Settings::default() });
    setup
}

/// Whether the picture has a good spot of this colour.
fn shows(image: &RgbaImage, color: [u8; 3]) -> bool {
    image.pixels().filter(|Rgba([r, g, b, _])| [*r, *g, *b] == color).count() > 500
}

const VERMILION: [u8; 3] = [0xcb, 0x45, 0x1f];

fn until_step(window: &mut Window, step: u32) {
    window.until("it has painted for a while", |_, log| log.steps >= step);
}

#[test]
fn painting_and_paused() {
    if !can_draw() {
        return;
    }
    let mut window = Setup { size: [1360.0, 860.0], ..setup() }.open();
    until_step(&mut window, 180);
    let image = draw(&mut window, "painting");
    assert!(shows(&image, VERMILION), "the pause button is in the accent colour");
    window.harness.key_press(Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    draw(&mut window, "paused");
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::L);
    let image = draw(&mut window, "light");
    assert!(image.get_pixel(700, 5).0[0] > 0xc0, "the bar is light");
}

#[test]
fn the_engines_picture_is_in_the_middle() {
    if !can_draw() {
        return;
    }
    let mut setup = setup();
    setup.log.paint = Some(image::RgbImage::from_pixel(300, 200, image::Rgb([12, 180, 99])));
    let mut window = setup.open();
    until_step(&mut window, 5);
    let image = draw(&mut window, "middle");
    let canvas = window.harness.get_by_label_contains("Painting, 300 by 200").rect().center();
    assert_eq!(image.get_pixel(canvas.x as u32, canvas.y as u32).0, [12, 180, 99, 255]);
}

#[test]
fn a_restart_with_its_way_back() {
    if !can_draw() {
        return;
    }
    let mut window = setup().open();
    until_step(&mut window, 60);
    window.harness.key_press(Key::R);
    window.until("it begins afresh", |_, log| log.jobs.len() == 2);
    window.steps(10);
    draw(&mut window, "way_back");
    window.harness.key_press(Key::F2);
    window.until("the tour begins", |_, log| log.jobs.len() == 3);
    window.steps(10);
    draw(&mut window, "tour_begins");
}

#[test]
fn finished() {
    if !can_draw() {
        return;
    }
    let mut setup = setup();
    setup.options.settings.as_mut().unwrap().steps = 60;
    let mut window = setup.open();
    window.until("it is finished", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    draw(&mut window, "finished");
}

#[test]
fn preparing() {
    if !can_draw() {
        return;
    }
    let mut setup = setup();
    setup.log.preparing = Duration::from_millis(1500);
    let mut window = setup.open();
    window.until("it prepares", |harness, _| {
        harness.query_all_by_label_contains("Loading the network's weights").next().is_some()
    });
    draw(&mut window, "preparing");
}

#[test]
fn errors_and_nothing() {
    if !can_draw() {
        return;
    }
    let mut setup = setup();
    setup.options.content = Some("/nowhere/holiday at the lake.jpg".into());
    setup.options.styles = vec!["/nowhere/wave.png".into()];
    let mut window = setup.open();
    window.until("the errors are there", |harness, _| {
        harness.query_all_by_label_contains("wave.png").next().is_some()
            && harness.query_all_by_label_contains("holiday at the lake.jpg").next().is_some()
    });
    draw(&mut window, "bad_pictures");
    window.harness.get_by_label("Dismiss the message about the content").click();
    window.steps(3);
    window.harness.get_by_label("Dismiss the message about the style").click();
    window.steps(3);
    let image = draw(&mut window, "empty");
    assert!(shows(&image, VERMILION), "the examples are offered in the accent colour");
}

#[test]
fn failed() {
    if !can_draw() {
        return;
    }
    let mut window = setup().open();
    until_step(&mut window, 40);
    window.log.lock().unwrap().fail_step = Some(
        "the loss is not a number at step 41: lower the step size or the style weight, then try again"
            .to_owned(),
    );
    window.until("it has failed", |harness, _| {
        harness.query_all_by_label_contains("loss is not a number").next().is_some()
    });
    draw(&mut window, "failed");
}

#[test]
fn narrow_and_dense() {
    if !can_draw() {
        return;
    }
    let mut window = Setup { size: [900.0, 600.0], ..setup() }.open();
    until_step(&mut window, 60);
    draw(&mut window, "narrow");
    let mut window = Setup { size: [1280.0, 800.0], scale: 2.0, ..setup() }.open();
    until_step(&mut window, 60);
    draw(&mut window, "dense");
}

#[test]
fn settings_open_and_wrong() {
    if !can_draw() {
        return;
    }
    let mut window = Setup { size: [1360.0, 1500.0], ..setup() }.open();
    until_step(&mut window, 30);
    let second = window.folder.path().join("second style.png");
    image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([(x % 256) as u8, 90, (y % 256) as u8]))
        .save(&second)
        .unwrap();
    window.dialogs.will_pick(&second);
    window.harness.get_by_label("Add style…").click();
    window.until("two styles", |_, log| log.styles().len() == 2);
    open_advanced(&mut window);
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Size") && node.role() == egui::Role::SpinButton)
        .click();
    window.steps(3);
    window.harness.event(egui::Event::Text("12".to_owned()));
    window.harness.step();
    window.harness.key_press(Key::Enter);
    window.steps(3);
    draw(&mut window, "settings");
}

#[test]
fn overlays() {
    if !can_draw() {
        return;
    }
    let mut window = setup().open();
    until_step(&mut window, 30);
    window.harness.key_press(Key::F1);
    window.steps(3);
    draw(&mut window, "help");
    window.harness.key_press(Key::Escape);
    window.steps(3);
    window.harness.input_mut().hovered_files = vec![HoveredFile::default()];
    window.harness.step();
    window.harness.hover_at(egui::pos2(500.0, 300.0));
    window.steps(2);
    draw_as_it_is(&mut window, "drop");
    window.harness.input_mut().hovered_files.clear();
    window.steps(2);
    open_advanced(&mut window);
    press(&mut window, "Device", egui::Role::ComboBox);
    draw(&mut window, "menu");
}

#[test]
fn a_recipe_and_the_menu() {
    if !can_draw() {
        return;
    }
    let mut setup = setup();
    setup.options.styles = ["swirl.jpg", "mosaic.jpg"]
        .map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name))
        .into();
    let mut window = setup.open();
    until_step(&mut window, 30);
    let path = window.folder.path().join("Chelsea in Swirl.png");
    window.dialogs.will_pick(&path);
    window.harness.get_by_label("Save…").click();
    let wanted = path.clone();
    window.until("it is saved", move |_, _| wanted.exists());
    drop_files(&mut window, &[path]);
    window.until("the recipe is offered", |harness, _| {
        harness.query_by_label_contains("carries its recipe").is_some()
    });
    draw(&mut window, "recipe");
    window.harness.key_press(Key::Escape);
    window.steps(3);
    window.harness.get_by_label("More about the painting").click();
    draw(&mut window, "painting_menu");
    let mut narrow = Setup { size: [900.0, 600.0], ..self::setup() }.open();
    until_step(&mut narrow, 30);
    narrow.harness.get_by_label("More about the painting").click();
    draw(&mut narrow, "painting_menu_narrow");
}

#[test]
fn styles_palette_menu_and_presets() {
    if !can_draw() {
        return;
    }
    let mut setup = Setup { size: [1024.0, 640.0], ..setup() };
    setup.options.settings.as_mut().unwrap().palette = Some("example:Embers".into());
    let mut window = setup.open();
    until_step(&mut window, 30);
    let second = window.folder.path().join("a rather long name of a second style.png");
    image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([(x % 256) as u8, 90, (y % 256) as u8]))
        .save(&second)
        .unwrap();
    window.dialogs.will_pick(&second);
    window.harness.get_by_label("Pictures panel").click();
    window.steps(4);
    window.harness.get_by_label("Add style…").scroll_to_me();
    window.steps(3);
    window.harness.get_by_label("Add style…").click();
    window.until("two styles", |_, log| log.styles().len() == 2);
    window.steps(3);
    window.harness.get_by_label("Use the style 2").scroll_to_me();
    window.steps(3);
    window.harness.get_by_label("Use the style 2").click();
    window.steps(3);
    draw(&mut window, "styles");
    window.harness.get_by_label("Choose the palette").scroll_to_me();
    window.steps(3);
    draw(&mut window, "palette");
    window.harness.get_by_label("Choose the style 2").click();
    window.steps(30);
    draw(&mut window, "gallery");
    window.harness.key_press(Key::Escape);
    window.steps(3);
    let mut window = Setup { size: [1024.0, 900.0], ..self::setup() }.open();
    until_step(&mut window, 10);
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Preset") && node.role() == egui::Role::ComboBox)
        .click();
    window.steps(3);
    window.harness.get_by_label("Save or manage…").click();
    window.steps(3);
    draw(&mut window, "presets");
}

#[test]
fn the_layer_lab() {
    if !can_draw() {
        return;
    }
    for (name, size, scale) in [("lab", [1400.0, 880.0], 1.0), ("lab_narrow", [1024.0, 640.0], 1.0)] {
        let mut window = Setup { size, scale, ..setup() }.open();
        until_step(&mut window, 60);
        window.harness.key_press(Key::L);
        window.until("the lab looks", |harness, _| {
            harness.query_by_label("Gram matrix of relu3_1: painting").is_some()
        });
        window.harness.get_by_label("Show on the painting where this layer pulls").click();
        window.steps(3);
        draw(&mut window, name);
    }
}

#[test]
fn the_guided_tour() {
    if !can_draw() {
        return;
    }
    let mut window = Setup { size: [1024.0, 640.0], ..setup() }.open();
    until_step(&mut window, 60);
    window.harness.key_press(Key::F2);
    window.steps(10);
    until_step(&mut window, 120);
    draw(&mut window, "tour");
}

#[test]
fn finding_hints_frame_times_and_the_full_screen() {
    if !can_draw() {
        return;
    }
    let mut setup = Setup { size: [1024.0, 640.0], ..setup() };
    setup.options.settings = None;
    let mut window = setup.open();
    until_step(&mut window, 60);
    draw(&mut window, "hints");
    window.harness.get_by_label("Got it").click();
    window.steps(3);
    window.harness.key_press(Key::F12);
    window.harness.key_press(Key::P);
    draw(&mut window, "frame_times");
    window.harness.key_press(Key::F12);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::K);
    window.steps(3);
    window.harness.event(egui::Event::Text("beta 12".to_owned()));
    draw(&mut window, "finder");
    window.harness.key_press(Key::Enter);
    window.steps(3);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::H);
    draw(&mut window, "history");
    window.harness.key_press(Key::Escape);
    window.steps(3);
    window.harness.key_press(Key::F1);
    draw(&mut window, "keys_small");
    window.harness.key_press(Key::Escape);
    window.steps(3);
    window.harness.key_press(Key::F11);
    window.harness.key_press(Key::I);
    window.steps(3);
    let image = draw(&mut window, "presentation");
    assert!(!shows(&image, VERMILION), "only the picture is there");
}

/// A queue with one of each kind in it.
fn with_queue(folder: &Path) {
    let source = |name: &str| ItemSource::File {
        path: Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name),
        sha256: None,
    };
    let item = |id, content: &str, style: &str, size, state| {
        let styles = vec![ItemStyle { source: source(style), mix: StyleMix::default() }];
        let output = folder.join(format!("{content} in {style}.png").replace(".jpg", ""));
        let settings = Settings { size, steps: 400, ..Settings::default() };
        Item { id, state, ..Item::new(source(content), styles, output, settings) }
    };
    let message =
        "this size needs 9.1 GB of memory, but only 5.2 GB are free: choose a smaller one".to_owned();
    let items = vec![
        item(1, "rocket.jpg", "woodcut.jpg", 1024, ItemState::Done { seconds: 421.0 }),
        item(2, "coffee.jpg", "embers.jpg", 4096, ItemState::Failed { message }),
        item(3, "chelsea.jpg", "swirl.jpg", 1536, ItemState::Painting),
        item(4, "astronaut.jpg", "mosaic.jpg", 2048, ItemState::Waiting),
        item(5, "rocket.jpg", "swirl.jpg", 1536, ItemState::Cancelled),
    ];
    let store = QueueStore::open(&folder.join("queue")).unwrap();
    store.write(items).unwrap();
}

#[test]
fn the_queue() {
    if !can_draw() {
        return;
    }
    let sizes = [[1360.0, 860.0], [1024.0, 640.0]];
    for (size, name) in sizes.into_iter().zip(["", "_narrow"]) {
        let mut setup = Setup { size, ..setup() };
        setup.options.settings.as_mut().unwrap().steps = 20;
        let mut window = setup.open();
        window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
        window.harness.key_press(Key::Q);
        draw(&mut window, &format!("queue_empty{name}"));
        window.harness.get_by_label("Add this painting…").click();
        draw(&mut window, &format!("queue_add{name}"));
        window.harness.key_press(Key::Escape);
        window.steps(3);
        window.harness.get_by_label("Add folders to the queue…").click();
        draw(&mut window, &format!("queue_folders{name}"));

        let folder = tempfile::tempdir().unwrap();
        with_queue(folder.path());
        let mut setup = Setup { size, ..self::setup() };
        setup.options.settings.as_mut().unwrap().steps = 20;
        setup.behind.paint = setup.log.paint.clone();
        setup.behind.slow = Duration::from_millis(60);
        let mut window = setup.open_in(folder);
        window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
        window.harness.key_press(Key::Q);
        window.until("the list is there", |harness, _| harness.query_by_label("Go on").is_some());
        draw(&mut window, &format!("queue_held{name}"));
        window.harness.get_by_label("Go on").click();
        let behind = window.behind.clone();
        window.until("it paints for a while", |_, _| behind.lock().unwrap().steps > 70);
        draw(&mut window, &format!("queue{name}"));
        window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::L);
        draw(&mut window, &format!("queue_light{name}"));
        window.harness.key_press(Key::Escape);
        draw(&mut window, &format!("queue_behind{name}"));
    }
}

#[test]
fn the_grid() {
    if !can_draw() {
        return;
    }
    let sizes = [[1360.0, 860.0], [1024.0, 640.0]];
    for (size, name) in sizes.into_iter().zip(["", "_narrow"]) {
        let mut setup = Setup { size, ..setup() };
        setup.options.settings.as_mut().unwrap().steps = 20;
        setup.behind.paint = setup.log.paint.clone();
        setup.behind.slow = Duration::from_millis(2);
        let mut window = setup.open();
        window.until("it is done", |harness, _| harness.query_by_label_contains("Finished.").is_some());
        window.harness.key_press(Key::G);
        window.steps(20);
        draw(&mut window, &format!("grid_empty{name}"));
        window
            .harness
            .get_by(|node| node.label().is_some_and(|label| label.starts_with("Setting, across")))
            .click();
        draw(&mut window, &format!("grid_settings{name}"));
        window.harness.key_press(Key::Escape);
        window.steps(4);
        window.harness.get_by_label("Values, across").click();
        window.steps(2);
        window.harness.event(egui::Event::Text("x".to_owned()));
        window.steps(20);
        draw(&mut window, &format!("grid_wrong{name}"));
        window.harness.key_press(Key::Backspace);
        window.until("it is right again", |harness, _| harness.query_by_label("15 pictures").is_some());
        window.harness.get_by_label("Paint the grid").click();
        window.until("half is painted", |harness, _| {
            harness.query_by_label_contains(" of 15, about").is_some()
        });
        draw(&mut window, &format!("grid_half{name}"));
        window.until("all is painted", |harness, _| harness.query_by_label_contains("15 of 15").is_some());
        window.harness.get_by_label_contains("Style β 4, Style scale 0.5: painted").click();
        window.steps(4);
        draw(&mut window, &format!("grid{name}"));
        window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::L);
        draw(&mut window, &format!("grid_light{name}"));
    }
}
