//! Paintings that another one has taken the place of: a note, or undo, leads back to them as they were.

use std::path::Path;

use crate::window_support::{
    Setup, Window, drop_files, enter,
    hands::{pause, shown_step},
    has, has_pin, picture_file, show_pins,
};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use impasto_engine::session::Start;
use impasto_formats::project::Project;

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

/// Chooses another style by the dialog.
fn choose_leaf(window: &mut Window) {
    let path = picture_file(window, "leaf.png", (60, 40), 90);
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    window.until("the style is changed", |_, log| log.styles() == ["leaf.png"]);
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
    assert!(has(&window, "New photo: started over."));
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
    choose_leaf(&mut window);
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
fn a_project_opened_over_a_running_painting_leaves_it_running() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = window.folder.path().join("mine.impasto");
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    let wanted = path.clone();
    window.until("the project is saved", move |_, _| wanted.exists());
    window.steps(3);
    drop_files(&mut window, &[path]);
    window.until("it is opened, and waits", |harness, log| {
        log.jobs.len() == 2 && harness.query_by_label_contains("Paused.").is_some()
    });
    window.harness.get_by_label(BACK).click();
    until_run(&mut window, 3);
    let job = window.job(2);
    assert_eq!((job.start, job.paused), (Start::Moment, false));
    assert_eq!(window.log.lock().unwrap().restored.last().map(|(_, exact)| *exact), Some(true));
}

#[test]
fn pinned_moments_go_and_come_with_their_project() {
    let (mut window, theirs) = paused();
    let mine = window.folder.path().join("mine.impasto");
    let other = window.folder.path().join("other.impasto");
    window.dialogs.will_pick(&mine);
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    let wanted = mine.clone();
    window.until("the project is saved", move |_, _| Project::read(&wanted).is_ok());
    window.steps(5);
    std::fs::copy(&mine, &other).unwrap();
    // Mine goes on, and has a pin; the other one has none.
    window.harness.key_press(Key::Space);
    let steps = window.log.lock().unwrap().steps;
    window.until("it paints on", |_, log| log.steps > steps + 5);
    let steps = pause(&mut window);
    assert!(steps > theirs);
    show_pins(&mut window);
    window.harness.key_press(Key::P);
    let pinned = format!("Pin 1, step {steps}");
    window.until("it is pinned", |harness, _| has_pin(harness, &pinned));
    let pins = |path: &Path| Project::read(path).map_or(usize::MAX, |project| project.pins.len());
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    window.until("it is saved with the pin", |_, _| pins(&mine) == 1);
    window.steps(5);
    drop_files(&mut window, std::slice::from_ref(&other));
    window.until("the other one is opened, without pins", |harness, log| {
        log.jobs.len() == 2
            && harness.query_by_label_contains("Paused.").is_some()
            && !has_pin(harness, &pinned)
    });
    window.harness.key_press(Key::P);
    window.until("it has a pin of its own", |harness, _| has_pin(harness, "Pin 1, step "));
    window.harness.get_by_label(BACK).click();
    until_back(&mut window, 3, steps);
    window.until("its pin is back", |harness, _| has_pin(harness, &pinned));
    // Its file is its own again, without a question, and has its own pin.
    std::fs::remove_file(&mine).unwrap();
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    window.until("it is saved again", |_, _| pins(&mine) == 1);
    // The note about it moves the button.
    window.steps(5);
    assert_eq!(Project::read(&mine).unwrap().pins[0].0.step, steps);
    // So it is the other way round.
    window.harness.get_by_label(BACK).click();
    window.until("the other one's pin is back", |harness, _| {
        has_pin(harness, "Pin 1, step ") && !has_pin(harness, &pinned)
    });
}

#[test]
fn a_second_undo_does_not_overtake_the_painting_that_comes_back() {
    let (mut window, _) = paused();
    window.harness.key_press(Key::Space);
    choose_leaf(&mut window);
    window.steps(5);
    let steps = pause(&mut window);
    window.harness.key_press(Key::R);
    until_run(&mut window, 2);
    pause(&mut window);
    window.log.lock().unwrap().preparing = std::time::Duration::from_millis(400);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.until("it is on its way back", |_, log| log.jobs.len() == 3);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.until("the style before is painted with", |_, log| log.styles() == ["Swirl"]);
    window.steps(10);
    let log = window.log.lock().unwrap();
    assert_eq!((log.jobs.len(), log.jobs[2].start), (3, Start::Moment), "nothing is painted over");
    assert_eq!(log.restored.last(), Some(&(steps, true)));
}

#[test]
fn without_an_engine_the_way_back_waits() {
    let (mut window, steps) = paused();
    window.harness.key_press(Key::R);
    until_run(&mut window, 2);
    enter(&mut window, "Style weight β, number", "5");
    window.until("β is set", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.style_weight == 5.0)
    });
    {
        let mut log = window.log.lock().unwrap();
        (log.panic_at_step, log.die_at_birth) = (true, true);
    }
    window.until("it fails", |harness, _| harness.query_by_label("Try again").is_some());
    window.harness.get_by_label("Try again").click();
    window.until("it dies", |harness, _| harness.query_by_label("Start the engine again").is_some());
    window.steps(2);
    window.harness.get_by_label(BACK).click();
    window.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("No engine is running").next().is_some()
    });
    let jobs = window.jobs();
    window.harness.get_by_label("Start the engine again").click();
    until_run(&mut window, jobs + 1);
    assert_eq!(window.job(jobs).settings.style_weight, 5.0, "nothing was put back");
    window.harness.get_by_label(BACK).click();
    until_back(&mut window, jobs + 2, steps);
}

#[test]
fn a_playlist_leaves_the_painting_before_it() {
    for by_undo in [false, true] {
        let mut window = Setup::default().open();
        window.until_painting();
        let path = window.folder.path().join("evening.toml");
        let style = "{ picture = { example = \"Swirl\" } }";
        let entry = |content: &str| {
            format!(
                "[[entries]]\nseconds = 600.0\ncontent = {{ example = \"{content}\" }}\nstyles = [{style}]\n"
            )
        };
        std::fs::write(&path, format!("{}{}", entry("Coffee"), entry("Rocket"))).unwrap();
        // In the second window, so that the note is seen in the first one.
        window.harness.key_press(Key::F10);
        window.steps(3);
        window.harness.key_press(Key::F9);
        window.steps(4);
        window.dialogs.will_pick(&path);
        window.harness.get_by_label("Open a playlist").click();
        window.until("it is open", |harness, _| harness.query_by_label("evening.toml").is_some());
        window.steps(3);
        window.harness.get_by_label("Play").click();
        until_run(&mut window, 2);
        assert_eq!(window.job(1).inputs.content.name, "Coffee");
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::ArrowRight);
        until_run(&mut window, 3);
        assert_eq!(window.job(2).inputs.content.name, "Rocket");
        if by_undo {
            window.harness.key_press(Key::F10);
            window.until("the playlist has stopped", |harness, _| {
                harness.query_all_by_label_contains("Playlist stopped: neither").next().is_some()
            });
            window.steps(3);
            window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        } else {
            window.harness.get_by_label(BACK).click();
        }
        until_run(&mut window, 4);
        let job = window.job(3);
        assert_eq!(
            (job.start, job.paused, job.inputs.content.name.as_str()),
            (Start::Moment, false, "Chelsea")
        );
        let restored = window.log.lock().unwrap().restored.clone();
        assert!(matches!(restored[..], [(1.., true)]), "with the engine's state: {restored:?}");
        window.steps(60);
        assert_eq!(window.jobs(), 4, "the playlist is over");
    }
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
    choose_leaf(&mut window);
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
