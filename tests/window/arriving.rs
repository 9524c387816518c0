//! Pictures that are dropped and pasted.

use std::{path::PathBuf, sync::Arc};

use crate::window_support::{Setup, Window, drop_files, enter, has, picture_file};
use egui::{ColorImage, Event, HoveredFile, Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

fn meadow(window: &Window, name: &str) -> PathBuf {
    picture_file(window, name, (60, 40), 200)
}

fn hover_files(window: &mut Window, at: egui::Pos2) {
    window.harness.input_mut().hovered_files = vec![HoveredFile::default()];
    window.harness.step();
    window.harness.hover_at(at);
    window.harness.step();
}

#[test]
fn a_file_dropped_on_a_slot_fills_it() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = meadow(&window, "meadow.png");
    let slot = window.harness.get_by_label_contains("Style: Swirl").rect();
    hover_files(&mut window, slot.center());
    drop_files(&mut window, &[path]);
    window.until("the style is changed", |_, log| log.styles() == ["meadow.png"]);
    window.until("it is said", |harness, _| {
        harness.query_all_by_label_contains("New style: it fades in.").next().is_some()
    });
    assert!(has(&window, "Style: meadow.png"));
    assert_eq!(window.jobs(), 1, "the run goes on");
    // So it does when that is undone.
    window.steps(3);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.until("the former style is back", |_, log| log.styles() == ["Swirl"]);
    let replaced = window.log.lock().unwrap().replaced.len();
    assert_eq!((window.jobs(), replaced), (1, 2));
}

#[test]
fn files_dropped_on_the_canvas_go_where_it_says() {
    let mut window = Setup::default().open();
    window.until_painting();
    let paths = [meadow(&window, "a.png"), meadow(&window, "b.png")];
    let canvas = window.harness.get_by_label_contains("Painting, 96 by 64").rect();
    hover_files(&mut window, canvas.center() - egui::vec2(canvas.width() / 4.0, 0.0));
    drop_files(&mut window, &paths);
    window.until("a new run", |_, log| log.jobs.len() >= 2 && log.styles().len() == 2);
    let log = window.log.lock().unwrap();
    assert_eq!(log.inputs.as_ref().unwrap().content.name, "a.png");
    assert_eq!(log.styles()[1], "b.png");
}

#[test]
fn a_drop_without_a_place_is_asked_about() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = meadow(&window, "meadow.png");
    drop_files(&mut window, &[path]);
    window.until("it is asked", |harness, _| harness.query_by_label_contains("Use the picture").is_some());
    window.steps(3);
    assert!(has(&window, "meadow.png") && has(&window, "What it shows"));
    window.harness.get_by_label("Use as content").click();
    window.until("the content is changed", |_, log| log.jobs.len() == 2);
    assert_eq!(window.job(1).inputs.content.name, "meadow.png");
}

#[test]
fn what_was_pasted_is_shown_where_it_is_asked_about() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.remove_cursor();
    window.steps(2);
    let image = ColorImage::filled([4000, 30], egui::Color32::GREEN);
    window.harness.event(Event::PasteImage(Arc::new(image)));
    window.until("it is asked", |harness, _| harness.query_by_label_contains("Use the picture").is_some());
    assert!(has(&window, "What it shows"));
    window.harness.get_by_label("Cancel").click();
    window.steps(3);
    assert!(!has(&window, "What it shows") && window.jobs() == 1);
}

#[test]
fn a_pasted_picture_goes_to_the_slot_under_the_pointer() {
    let mut window = Setup::default().open();
    window.until_painting();
    let slot = window.harness.get_by_label_contains("Content: Chelsea").rect();
    window.harness.hover_at(slot.center());
    window.harness.step();
    let image = ColorImage::filled([40, 30], egui::Color32::GREEN);
    window.harness.event(Event::PasteImage(Arc::new(image)));
    window.until("the content is changed", |_, log| log.jobs.len() == 2);
    assert_eq!(window.job(1).inputs.content.dimensions(), (40, 30));
}

#[test]
fn several_styles_have_weights() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = meadow(&window, "second.png");
    window.dialogs.will_pick(&path);
    window.harness.get_by_label("Add style…").click();
    window.until("two styles", |_, log| log.styles().len() == 2);
    window.steps(3);
    let jobs = window.jobs();
    window.harness.get_by_label("Weight of style 2").scroll_to_me();
    window.steps(3);
    enter(&mut window, "Weight of style 2", "0.25");
    window.until("the weight arrives", |_, log| {
        log.updates.last().is_some_and(|(_, styles)| styles[0].weight == 1.0 && styles[1].weight == 0.25)
    });
    assert_eq!(window.jobs(), jobs, "a weight needs no new run");
}

#[test]
fn swap_exchanges_content_and_style() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.get_by_label("Swap content and style").click();
    window.until("a second run", |_, log| log.jobs.len() == 2);
    let job = window.job(1);
    assert_eq!(
        (job.inputs.content.name.as_str(), job.inputs.styles[0].picture.name.as_str()),
        ("Swirl", "Chelsea")
    );
}

#[test]
fn a_bad_picture_is_told_at_its_slot() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = window.folder.path().join("broken.png");
    std::fs::write(&path, b"this is no picture").unwrap();
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    window.until("the error is shown", |harness, _| {
        harness.query_all_by_label_contains("broken.png").next().is_some()
    });
    assert_eq!(*window.dialogs.asked.lock().unwrap(), ["Open the content picture"]);
    window.steps(20);
    assert!(has(&window, "broken.png"), "it stays until it is dismissed");
    assert!(has(&window, "Content: Chelsea"), "the old picture stays");
    assert_eq!(window.jobs(), 1);
    window.harness.get_by_label("Dismiss the message about the content").click();
    window.until("the error is gone", |harness, _| {
        harness.query_all_by_label_contains("broken.png").next().is_none()
    });
}
