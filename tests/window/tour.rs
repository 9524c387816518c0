//! The guided tour in front of a fake engine.

use crate::window_support::{Setup, Window, hands::pause, has};
use egui::Key;
use egui_kittest::kittest::Queryable as _;
use impasto_core::settings::Init;
use impasto_engine::session::Start;

fn begun() -> Window {
    let mut window = Setup::default().open();
    window.until_painting();
    begin(window)
}

fn begin(mut window: Window) -> Window {
    window.harness.key_press(Key::F2);
    window.until("the tour's first run begins", |_, log| log.jobs.len() == 2);
    window.steps(3);
    window
}

fn next(window: &mut Window) {
    window.harness.get_by_label("Next").click();
    window.steps(6);
}

#[test]
fn the_tour_goes_from_content_over_style_to_both() {
    let mut window = begun();
    window.harness.get_by_label("Tour, 1 of 6");
    let content = window.job(1);
    assert_eq!((content.start, content.settings.init.clone()), (Start::Beginning, Init::Noise));
    assert!(content.settings.content_weight > 0.0 && content.settings.style_weight == 0.0);

    next(&mut window);
    assert_eq!(window.jobs(), 2, "the second stop changes the painting while it goes on");
    window.until("it is told", |_, log| {
        let deepest = log.updates.last().and_then(|(settings, _)| settings.content_layers.layers().max());
        deepest.is_some_and(|layer| layer.to_string() == "relu2_2")
    });
    let limit = window.log.lock().unwrap().updates.last().map(|(settings, _)| settings.steps);
    assert!(limit > Some(content.settings.steps), "a finished stop goes on");

    next(&mut window);
    window.until("the style's run begins", |_, log| log.jobs.len() == 3);
    let style = window.job(2).settings;
    assert!(style.content_weight == 0.0 && style.style_weight > 0.0);
    assert!(content.settings.smoothness_weight > 0.0 && style.smoothness_weight == 0.0);
    assert_eq!(style.style_layers.layers().count(), 5);

    next(&mut window);
    window.until("one layer's run begins", |_, log| log.jobs.len() == 4);
    let layer = window.job(3).settings;
    assert!(layer.style_layers.layers().count() == 1 && layer.smoothness_weight == 0.0);

    next(&mut window);
    window.until("both are painted", |_, log| log.jobs.len() == 5);
    let both = window.job(4).settings;
    assert!(both.content_weight > 0.0 && both.style_weight > 0.0 && both.init == Init::Content);
    assert_eq!(both.smoothness_weight, content.settings.smoothness_weight);

    next(&mut window);
    window.harness.get_by_label("Keep these settings").click();
    window.steps(4);
    assert!(window.harness.query_by_label_contains("Tour,").is_none());
    assert_eq!(window.jobs(), 5, "what is painted stays");
}

#[test]
fn the_painting_from_before_comes_back_as_it_was() {
    let mut window = Setup::default().open();
    window.until_painting();
    let steps = pause(&mut window);
    // The tour speaks of panels, and of the painting.
    window.harness.key_press(Key::X);
    window.harness.key_press(Key::Tab);
    window.until("the panels are away", |harness, _| harness.query_by_label("Style weight β").is_none());
    let mut window = begin(window);
    window.until("the panels are back", |harness, _| {
        harness.query_all_by_label("Style weight β").next().is_some()
    });
    // Nothing moves any more.
    window.steps(30);
    assert!(has(&window, "The tour begins. Your painting is kept."));
    let place = |window: &Window, label: &str| window.harness.get_by_label(label).rect().round();
    let (first, end) = (place(&window, "Next"), place(&window, "Leave the tour"));
    for _ in 1..5 {
        next(&mut window);
        assert_eq!((place(&window, "Next"), place(&window, "Leave the tour")), (first, end));
    }
    next(&mut window);
    assert_eq!((place(&window, "Keep these settings"), place(&window, "Leave the tour")), (first, end));
    let jobs = window.jobs();
    window.harness.get_by_label("Leave the tour").click();
    window.until("it is as it was", |harness, log| {
        log.jobs.len() > jobs && harness.query_by_label_contains(&format!("Paused. {steps} / ")).is_some()
    });
    let job = window.job(window.jobs() - 1);
    assert_eq!((job.start, job.paused, job.settings), (Start::Moment, true, window.job(0).settings));
    assert_eq!(window.log.lock().unwrap().restored.last(), Some(&(steps, true)), "with the engine's state");
}

#[test]
fn the_settings_from_before_come_back() {
    let mut window = begun();
    next(&mut window);
    next(&mut window);
    window.harness.get_by_label("Leave the tour").click();
    window.until("the old settings are painted", |_, log| {
        log.jobs
            .last()
            .is_some_and(|job| job.settings.size == 256 && job.settings.style_layers.layers().count() == 5)
    });
    let first = window.job(0).settings;
    assert_eq!(window.job(window.jobs() - 1).settings, first);
}
