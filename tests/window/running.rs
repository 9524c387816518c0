//! A run as the window starts, pauses, steps, ends and loses it.

use crate::window_support::{Log, Setup, enter, has, open_advanced, press};
use egui::{Event, Key, Role, accesskit::Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::Settings;
use impasto_engine::session::{LevelCommand, Start};

#[test]
fn play_and_pause_toggle() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.get_by_label("Pause").click();
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    let steps = window.log.lock().unwrap().steps;
    window.steps(20);
    assert_eq!(window.log.lock().unwrap().steps, steps, "a paused engine paints nothing");
    window.harness.get_by_label("Play").click();
    window.until("it paints again", |_, log| log.steps > steps + 2);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_single_step_is_one_step() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.key_press(Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    let steps = window.log.lock().unwrap().steps;
    window.harness.key_press(Key::Period);
    window.until("a step is painted", |_, log| log.steps > steps);
    window.steps(20);
    assert_eq!(window.log.lock().unwrap().steps, steps + 1);
}

#[test]
fn stop_keeps_the_picture_and_play_goes_on() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.get_by_label("Stop").click();
    window.until("it is stopped", |harness, _| harness.query_by_label_contains("Stopped.").is_some());
    assert!(has(&window, "Painting, 96 by 64 pixels"));
    let steps = window.log.lock().unwrap().steps;
    window.harness.get_by_label("Play").click();
    window.until("it paints again", |_, log| log.steps > steps + 2);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_changed_size_goes_on_from_the_current_picture() {
    let mut window = Setup::default().open();
    window.until_painting();
    enter(&mut window, "Size", "320");
    // For some seconds, which may be over when the engine has it.
    window.until("it is said", |harness, _| {
        harness
            .query_by_label_contains(
                "Size changed. Painting continues from the current picture. Restart (R) to start over.",
            )
            .is_some()
    });
    window.until("a second run", |_, log| log.jobs.len() == 2);
    let job = window.job(1);
    assert_eq!((job.settings.size, job.start, job.paused), (320, Start::Current, false));
    assert!(window.log.lock().unwrap().from_current[1].is_some());
    window.harness.get_by_label("Restart").click();
    window.until("a third run", |_, log| log.jobs.len() == 3);
    assert_eq!(window.job(2).start, Start::Beginning);
    assert!(window.log.lock().unwrap().from_current[2].is_none());
}

#[test]
fn a_half_typed_size_starts_nothing() {
    let mut window = Setup::default().open();
    window.until_painting();
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Size") && node.role() == Role::SpinButton)
        .click();
    window.steps(3);
    window.harness.event(Event::Text("12".to_owned()));
    window.steps(20);
    assert_eq!(window.jobs(), 1);
    // Keys belong to the field while it has the focus.
    window.harness.key_press(Key::R);
    window.steps(10);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn a_raised_limit_goes_on_after_the_end() {
    let mut setup = Setup::default();
    setup.options.settings.as_mut().unwrap().steps = 5;
    let mut window = setup.open();
    window.until("it is finished", |harness, _| harness.query_by_label_contains("Finished.").is_some());
    assert_eq!(window.log.lock().unwrap().steps, 5);
    assert!(has(&window, "Finished: all 5 steps painted. Add steps to continue."));
    enter(&mut window, "Steps", "9");
    window.until("it has gone on", |_, log| log.steps == 9);
    assert_eq!(window.jobs(), 1);
}

#[test]
fn painting_has_no_end_unless_one_is_wanted_and_a_change_wakes_what_rests() {
    let settings = Settings { steps: 3, size: 256, ..Settings::default() };
    let log = Log { paint: Some(image::RgbImage::new(24, 16)), ..Log::default() };
    let mut setup = Setup { log, remembered: Some(String::new()), ..Setup::default() };
    setup.options.settings = Some(settings);
    let mut window = setup.open();
    window.until("it rests", |harness, _| harness.query_by_label_contains("Resting.").is_some());
    let steps = window.log.lock().unwrap().steps;
    assert!(steps > 50, "{steps}: it painted on behind its three");
    assert!(has(&window, "change anything, and it paints on"));
    assert!(!window.harness.get_by_label("Play").accesskit_node().is_disabled());
    enter(&mut window, "Style weight β, number", "7");
    window.until("it paints on", |_, log| log.steps > steps);
    assert_eq!(window.jobs(), 1, "without a restart");
    window.until("it rests again", |harness, _| harness.query_by_label_contains("Resting.").is_some());
    let steps = window.log.lock().unwrap().steps;
    window.harness.key_press(Key::Space);
    window.until("play paints on", |_, log| log.steps > steps);
    press(&mut window, "Stop after the steps", Role::CheckBox);
    window.until("it has an end now", |harness, _| harness.query_by_label_contains("Finished.").is_some());
}

#[test]
fn a_failed_run_says_so_keeps_its_picture_and_can_be_tried_again() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.log.lock().unwrap().fail_step = Some("the loss is not a number at step 7".to_owned());
    window.until("it has failed", |harness, _| {
        harness.query_all_by_label_contains("loss is not a number at step 7").next().is_some()
    });
    assert!(has(&window, "Failed."));
    assert!(has(&window, "Painting, 96 by 64 pixels"));
    window.harness.get_by_label("Try again").click();
    window.until("a second run", |_, log| log.jobs.len() == 2);
    window.steps(5);
    assert!(!has(&window, "loss is not a number"));
}

#[test]
fn a_dead_engine_can_be_started_again() {
    let mut setup = Setup::default();
    setup.log.die_at_birth = true;
    let mut window = setup.open();
    window.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("The engine has died: the driver is gone").next().is_some()
    });
    window.harness.get_by_label("Start the engine again").click();
    window.until_painting();
    assert!(!has(&window, "The engine has died"));
}

#[test]
fn a_device_that_fails_is_left_by_choosing_another() {
    let mut setup = Setup::default();
    setup.log.fail_start = Some("no hardware GPU is here".to_owned());
    let mut window = setup.open();
    window.until("it has failed", |harness, _| {
        harness.query_all_by_label_contains("hardware GPU is here").next().is_some()
    });
    window.log.lock().unwrap().fail_start = None;
    open_advanced(&mut window);
    press(&mut window, "Device", Role::ComboBox);
    window.steps(3);
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("CPU") && node.role() == Role::Button)
        .click();
    window.until_painting();
}

#[test]
fn the_level_of_the_pyramid_is_shown_moved_and_held() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.until("the level", |harness, _| {
        harness.query_all_by_label_contains("48 px, 1 of 3").next().is_some()
    });
    press(&mut window, "Next larger size", Role::Button);
    window.until("a climb", |_, log| log.levels == [LevelCommand::Climb]);
    window.until("the level", |harness, _| {
        harness.query_all_by_label_contains("96 px, 2 of 3").next().is_some()
    });
    window.harness.key_press(Key::PageDown);
    window.until("a drop", |_, log| log.levels == [LevelCommand::Climb, LevelCommand::Drop]);
    window.harness.key_press(Key::H);
    window.until("a hold", |_, log| log.levels.last() == Some(&LevelCommand::Hold));
    window.until("it is held", |harness, _| {
        harness
            .query_all_by_label("Stay at this size")
            .any(|node| node.accesskit_node().toggled() == Some(Toggled::True))
    });
    window.harness.key_press(Key::H);
    window.until("a release", |_, log| log.levels.last() == Some(&LevelCommand::Release));
    // Without a pyramid there is nothing to move.
    press(&mut window, "Pyramid", Role::CheckBox);
    window.until("a second run", |_, log| log.jobs.len() == 2);
    assert!(!window.job(1).settings.pyramid);
    window.steps(3);
    assert!(window.harness.query_by_label("Next larger size").is_none());
}
