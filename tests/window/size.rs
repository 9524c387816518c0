//! The painting's size: chosen by measuring, told while it is typed, refused where it cannot be painted.

use crate::window_support::{Log, Setup, Window, enter, hands::pause, has, undo};
use egui::{Event, Key, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::Settings;
use impasto_engine::session::Start;
use impasto_network::vgg::Layer;

/// The first start on a machine that was measured to be slow.
fn first() -> Setup {
    let slow = std::time::Duration::from_millis(3);
    let log = Log { chosen: Some(192), slow, ..Log::default() };
    let mut setup = Setup { log, ..Setup::default() };
    setup.options.settings = None;
    setup
}

#[test]
fn a_chosen_size_is_told_with_its_reason_and_a_larger_one() {
    let mut window = first().open();
    window.until("it is told", |harness, _| {
        harness.query_by_label("192 px: a step takes 0.4 s here.").is_some()
    });
    window.harness.get_by_label_contains("Larger: 320 px").click();
    window.until("it is larger", |_, log| log.jobs.len() == 2);
    let job = window.job(1);
    assert_eq!((job.settings.size, job.start, job.choose_size), (320, Start::Current, false));
    window.steps(5);
    undo(&mut window);
    window.until("it is as it was", |_, log| log.jobs.last().is_some_and(|job| job.settings.size == 192));
}

#[test]
fn quicker_steps_than_were_measured_lead_to_a_larger_size_by_themselves() {
    let mut window = first().open();
    window.until("a larger run", |_, log| log.jobs.len() == 2);
    let job = window.job(1);
    assert!(job.settings.size >= 384, "{}", job.settings.size);
    assert_eq!((job.start, job.choose_size), (Start::Current, false));
    // It is no action of the person's.
    window.steps(5);
    undo(&mut window);
    assert!(has(&window, "Nothing to undo"));
}

#[test]
fn steps_that_turn_out_slow_leave_a_smaller_size_to_the_person() {
    let log = Log { chosen: Some(640), slow: std::time::Duration::from_millis(20), ..Log::default() };
    let mut setup = Setup { log, ..Setup::default() };
    setup.options.settings = None;
    let mut window = setup.open();
    window.until("a smaller one is offered", |harness, _| {
        harness.query_by_label_contains("Smaller: 384 px").is_some()
    });
    assert!(has(&window, "At 640 px all steps take about "));
    assert_eq!(window.jobs(), 1, "it is not taken unasked");
    // Other notes may still be on their way out.
    window.steps(30);
    window.harness.get_by_label_contains("Smaller: 384 px").click();
    window.until("it is smaller", |_, log| log.jobs.len() == 2);
    let job = window.job(1);
    assert_eq!((job.settings.size, job.start), (384, Start::Current));
    window.steps(30);
    assert_eq!(window.jobs(), 2, "a person's choice stays");
}

/// A window that remembers 192 px, and whether they were measured; its paintings soon rest.
fn remembering(measured: bool) -> Window {
    let text = format!("measured_size = {measured}\n[settings]\nsize = 192\nsteps = 60\n");
    let log = Log { converged_at: Some(0), ..Log::default() };
    let mut setup = Setup { remembered: Some(text), log, ..Setup::default() };
    setup.options.settings = None;
    setup.open()
}

#[test]
fn a_size_that_a_person_has_chosen_stays() {
    let mut window = remembering(true);
    window.until("a larger run", |_, log| log.jobs.len() == 2);
    let mut window = remembering(false);
    window.until("it rests", |harness, _| harness.query_by_label_contains("Resting.").is_some());
    window.steps(20);
    assert_eq!((window.jobs(), window.job(0).settings.size), (1, 192));
}

#[test]
fn settings_of_the_command_line_leave_the_size_to_the_measuring_unless_they_name_one() {
    let mut setup = first();
    setup.options.settings = Some(Settings { style_weight: 2.0, ..Settings::default() });
    setup.options.choose_size = true;
    let mut window = setup.open();
    window.until_painting();
    let job = window.job(0);
    assert!(job.choose_size && job.settings.style_weight == 2.0);
    window.until("it is told", |harness, _| harness.query_by_label_contains("192 px: a step").is_some());
}

#[test]
fn a_size_tells_pixels_memory_and_time_while_it_is_typed() {
    let mut window = Setup::default().open();
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Size") && node.role() == Role::SpinButton)
        .click();
    window.steps(3);
    window.harness.event(Event::Text("1536".to_owned()));
    window.until("it is told", |harness, _| {
        let facts = harness.query_by_label_contains("1536 px · ");
        facts.is_some_and(|node| {
            node.accesskit_node().value().is_some_and(|text| text.contains(" GB · about "))
        })
    });
    assert_eq!(window.jobs(), 1, "nothing has begun");
    window.harness.key_press(Key::Escape);
    window.steps(20);
    assert!(!has(&window, "1536 px") && window.jobs() == 1, "it is as it was");
}

#[test]
fn impossible_numbers_are_refused_at_their_places_while_painting_goes_on() {
    let mut setup = Setup::default();
    // 16 px are too few for the deepest layer if it counts.
    setup.options.settings.get_or_insert_default().style_layers.set(Layer::PAPER_STYLE[4], 0.7);
    let mut window = setup.open();
    window.until_painting();
    enter(&mut window, "Size", "16");
    window.until("it is told", |harness, _| {
        harness.query_by_label_contains("Size 16 px cannot be painted").is_some()
    });
    enter(&mut window, "Steps", "0");
    let steps = window.log.lock().unwrap().steps;
    window.until("it paints on", |_, log| log.steps > steps + 2);
    assert!(
        has(&window, "Size 16 px cannot be painted") && has(&window, "Steps must be at least 1"),
        "both are told"
    );
    assert!(has(&window, " / 1000000 steps") && !has(&window, " / 1 steps"));
    assert_eq!(window.jobs(), 1);
    // They are no states to go back to.
    undo(&mut window);
    assert!(has(&window, "Undone: what cannot be used") && !has(&window, "cannot be painted"));
    undo(&mut window);
    assert!(has(&window, "Nothing to undo"));
    enter(&mut window, "Size", "320");
    window.until("it goes on at another size", |_, log| log.jobs.len() == 2);
    assert_eq!(window.job(1).settings.size, 320);
    undo(&mut window);
    assert!(has(&window, "Undone: Size back to 256"));
}

#[test]
fn without_pictures_it_says_what_it_still_paints() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.get_by_label("Remove the content").click();
    window.steps(2);
    window.harness.get_by_label("Remove the style").click();
    window.steps(5);
    assert!(has(&window, "Still painting Chelsea in Swirl"));
    pause(&mut window);
    assert!(has(&window, "This was painted from Chelsea in Swirl"));
}

#[test]
fn the_measured_size_is_chosen_when_a_person_sets_it_again() {
    let text = "measured_size = true\n[settings]\nsize = 192\nsteps = 60\n";
    let mut setup = Setup { remembered: Some(text.to_owned()), ..Setup::default() };
    setup.options.settings = None;
    let mut window = setup.open();
    window.until_painting();
    pause(&mut window);
    for (jobs, size) in [(2, "256"), (3, "192")] {
        enter(&mut window, "Size", size);
        window.until("another size", |_, log| log.jobs.len() == jobs);
    }
    window.harness.key_press(Key::Escape);
    window.steps(2);
    window.log.lock().unwrap().converged_at = Some(0);
    window.harness.key_press(Key::Space);
    window.until("it rests", |harness, log| {
        log.jobs.len() > 3 || harness.query_by_label_contains("Resting.").is_some()
    });
    window.steps(20);
    assert_eq!((window.jobs(), window.job(2).settings.size), (3, 192));
}
