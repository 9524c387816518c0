//! Paintings that another one has taken the place of: a note, or undo, leads back to them as they were.

use crate::window_support::{
    Setup, Window, drop_files, enter,
    hands::{pause, shown_step},
    has, picture_file,
};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use impasto_engine::session::Start;

const BACK: &str = "Back to the former painting";

/// A window that rests at a step.
fn paused() -> (Window, u32) {
    let mut window = Setup::default().open();
    window.until_painting();
    let steps = pause(&mut window);
    (window, steps)
}

/// Waits until a further run has begun, and painted.
fn until_run(window: &mut Window, runs: usize) {
    window.until("another run", |_, log| log.jobs.len() == runs);
    let steps = window.log.lock().unwrap().steps;
    window.until("it paints", |_, log| log.steps > steps + 2);
    window.steps(3);
}

fn until_back(window: &mut Window, runs: usize, steps: u32) {
    window.until("the former one is back", |harness, log| {
        log.jobs.len() == runs && harness.query_by_label_contains(&format!("Paused. {steps} / ")).is_some()
    });
    let job = window.job(runs - 1);
    assert_eq!((job.start, job.paused), (Start::Moment, true));
    assert_eq!(window.log.lock().unwrap().restored.last(), Some(&(steps, true)), "with the engine's state");
}

fn open_content(window: &mut Window, name: &str) {
    let path = picture_file(window, name, (60, 40), 200);
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    let name = name.to_owned();
    window.until("the content is changed", move |_, log| {
        log.inputs.as_ref().is_some_and(|inputs| inputs.content.name == name)
    });
}

#[test]
fn a_restart_leaves_a_way_back_to_the_exact_painting() {
    let (mut window, steps) = paused();
    window.harness.key_press(Key::R);
    until_run(&mut window, 2);
    assert_eq!(window.job(1).start, Start::Beginning);
    assert!(has(&window, "Restarted."));
    window.harness.get_by_label(BACK).click();
    until_back(&mut window, 3, steps);
    // And from there to the one that was just left, which paints on.
    window.harness.get_by_label(BACK).click();
    until_run(&mut window, 4);
    let job = window.job(3);
    assert_eq!((job.start, job.paused), (Start::Moment, false));
    assert!(shown_step(&window) > 0);
}

#[test]
fn undo_takes_a_restart_back_and_redo_returns_to_it() {
    let (mut window, steps) = paused();
    window.harness.key_press(Key::R);
    until_run(&mut window, 2);
    let second = pause(&mut window);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.steps(2);
    assert!(has(&window, "Undone: Restart"));
    until_back(&mut window, 3, steps);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
    until_back(&mut window, 4, second);
}

#[test]
fn hands_that_are_quicker_than_the_engine_lose_nothing() {
    let (mut window, steps) = paused();
    window.harness.key_press(Key::R);
    until_run(&mut window, 2);
    let second = pause(&mut window);
    window.log.lock().unwrap().preparing = std::time::Duration::from_millis(200);
    // None of these has begun when the next one comes.
    for _ in 0..3 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        window.harness.step();
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
        window.harness.step();
    }
    window.until("the second one is back", |harness, log| {
        log.restored.last() == Some(&(second, true))
            && harness.query_by_label_contains(&format!("Paused. {second} / ")).is_some()
    });
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.until("the first one is back", |harness, log| {
        log.restored.last() == Some(&(steps, true))
            && harness.query_by_label_contains(&format!("Paused. {steps} / ")).is_some()
    });
    for _ in 0..2 {
        window.harness.key_press(Key::R);
        window.harness.step();
    }
    window.until("it paints", |harness, _| harness.query_by_label_contains("Painting. ").is_some());
    window.harness.get_by_label(BACK).click();
    window.until("the first one is back again", |harness, log| {
        log.restored.last() == Some(&(steps, true))
            && harness.query_by_label_contains(&format!("Paused. {steps} / ")).is_some()
    });
}

#[test]
fn what_was_painted_from_is_undone_with_the_settings_since() {
    let (mut window, steps) = paused();
    window.harness.key_press(Key::R);
    until_run(&mut window, 2);
    let rect = window.harness.get_by(|node| node.label().as_deref() == Some("Style weight β")).rect();
    window.harness.drag_at(rect.center());
    window.harness.step();
    window.harness.hover_at(rect.center() + egui::vec2(30.0, 0.0));
    window.steps(2);
    window.harness.drop_at(rect.center() + egui::vec2(30.0, 0.0));
    window.until("β is dragged", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.style_weight > 1.0)
    });
    window.steps(3);
    window.harness.get_by_label(BACK).click();
    until_back(&mut window, 3, steps);
    assert_eq!(window.job(2).settings.style_weight, 1.0);
}

#[test]
fn another_content_begins_afresh_and_can_be_painted_over_the_old_one() {
    let (mut window, _) = paused();
    window.harness.key_press(Key::Space);
    open_content(&mut window, "meadow.png");
    until_run(&mut window, 2);
    let job = window.job(1);
    assert_eq!((job.start, job.inputs.content.name.as_str()), (Start::Beginning, "meadow.png"));
    assert!(has(&window, "New photo: begun afresh."));
    window.harness.get_by_label("Go on from the old painting").click();
    until_run(&mut window, 3);
    let job = window.job(2);
    assert_eq!((job.start, job.inputs.content.name.as_str()), (Start::Repaint, "meadow.png"));
    assert!(window.log.lock().unwrap().from_current[2].is_some());
}

#[test]
fn a_content_that_was_replaced_comes_back_with_its_painting() {
    let (mut window, steps) = paused();
    open_content(&mut window, "meadow.png");
    window.until("it waits too", |_, log| log.jobs.len() == 2);
    assert_eq!(window.job(1).start, Start::Beginning);
    window.steps(5);
    window.harness.get_by_label(BACK).click();
    until_back(&mut window, 3, steps);
    assert_eq!(window.job(2).inputs.content.name, "Chelsea");
    window.steps(5);
    // By undo it goes too; meadow.png had not been painted yet.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.until("the meadow is back", |_, log| {
        log.inputs.as_ref().is_some_and(|inputs| inputs.content.name == "meadow.png")
    });
}

#[test]
fn swapped_pictures_begin_afresh_and_a_style_does_not() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = picture_file(&window, "leaf.png", (60, 40), 90);
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    window.until("the style is changed", |_, log| log.styles() == ["leaf.png"]);
    window.steps(5);
    assert_eq!(window.jobs(), 1, "a style goes on");
    window.harness.get_by_label("Swap content and style").click();
    until_run(&mut window, 2);
    assert_eq!(
        (window.job(1).start, window.log.lock().unwrap().from_current[1].is_some()),
        (Start::Beginning, false)
    );
    assert!(has(&window, BACK));
}

#[test]
fn an_opened_project_leaves_a_way_back() {
    let (mut window, _) = paused();
    let path = window.folder.path().join("mine.impasto");
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    let wanted = path.clone();
    window.until("the project is saved", move |_, _| wanted.exists());
    window.harness.key_press(Key::R);
    until_run(&mut window, 2);
    let steps = pause(&mut window);
    drop_files(&mut window, &[path]);
    window.until("it is opened", |_, log| log.jobs.len() == 3);
    window.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("Opened mine.impasto").next().is_some()
    });
    window.steps(3);
    window.harness.get_by_label(BACK).click();
    until_back(&mut window, 4, steps);
}

#[test]
fn changes_before_a_new_content_is_painted_are_of_its_painting() {
    let (mut window, _) = paused();
    window.harness.get_by_label("Stop").click();
    window.until("it is stopped", |harness, _| harness.query_by_label_contains("Stopped.").is_some());
    let path = picture_file(&window, "meadow.png", (60, 40), 200);
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    window.until("it is there", |harness, _| {
        harness.query_all_by_label_contains("Content: meadow.png").next().is_some()
    });
    window.steps(3);
    enter(&mut window, "Style weight β, number", "3");
    window.harness.key_press(Key::Escape);
    window.steps(2);
    window.harness.key_press(Key::Space);
    until_run(&mut window, 2);
    let job = window.job(1);
    assert_eq!((job.start, job.settings.style_weight), (Start::Beginning, 3.0));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.until("β is back", |_, log| {
        log.jobs.len() > 2 || log.updates.last().is_some_and(|(settings, _)| settings.style_weight == 1.0)
    });
    window.steps(10);
    assert_eq!(window.jobs(), 2, "it is the same painting");
    assert_eq!(window.log.lock().unwrap().inputs.as_ref().unwrap().content.name, "meadow.png");
}

#[test]
fn a_way_back_that_is_being_prepared_is_not_painted_over() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = picture_file(&window, "leaf.png", (60, 40), 90);
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    window.until("the style is changed", |_, log| log.styles() == ["leaf.png"]);
    let before = window.log.lock().unwrap().steps;
    window.until("it has faded in", |_, log| log.steps > before + 30);
    let steps = pause(&mut window);
    window.harness.key_press(Key::R);
    until_run(&mut window, 2);
    window.log.lock().unwrap().preparing = std::time::Duration::from_millis(400);
    // Back to the painting, and while that is prepared to the style before.
    for _ in 0..2 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        window.harness.step();
    }
    window.until("it is back in the style before", |_, log| {
        log.styles() == ["Swirl"] && log.restored.last().is_some_and(|(step, _)| *step == steps)
    });
    window.steps(5);
    assert_eq!((window.jobs(), window.job(2).start), (3, Start::Moment));
    assert_eq!(window.log.lock().unwrap().restored.last(), Some(&(steps, true)));
}
