//! The window's controls of how the network computes, in front of a fake engine.

use crate::window_support::{Setup, Window, enter, open_advanced};
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;
use impasto_core::settings::{Padding, Pooling, Settings};

/// Chooses from a list of the advanced settings.
fn choose(window: &mut Window, list: &str, text: &str) {
    let combo = |window: &Window| {
        window
            .harness
            .query_by(|node| node.label().as_deref() == Some(list) && node.role() == Role::ComboBox)
            .is_some()
    };
    if !combo(window) {
        open_advanced(window);
    }
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some(list) && node.role() == Role::ComboBox)
        .scroll_to_me();
    window.steps(10);
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some(list) && node.role() == Role::ComboBox)
        .click();
    window.steps(3);
    window.harness.get_by_label(text).click();
}

#[test]
fn the_pooling_is_changed_while_it_paints() {
    let mut window = Setup { size: [1280.0, 1600.0], ..Setup::default() }.open();
    window.until_painting();
    for (text, pooling) in [("Average", Pooling::Average), ("L2", Pooling::L2), ("Max", Pooling::Max)] {
        choose(&mut window, "Pooling", text);
        window.until("the engine knows", |_, log| {
            log.updates.last().is_some_and(|(settings, _): &(Settings, _)| settings.pooling == pooling)
        });
    }
    assert_eq!(window.jobs(), 1);
}

#[test]
fn the_coherence_is_set_while_it_paints() {
    let mut window = Setup { size: [1280.0, 1600.0], ..Setup::default() }.open();
    window.until_painting();
    open_advanced(&mut window);
    assert!(window.harness.query_all_by_label_contains("Coherence").next().is_some());
    enter(&mut window, "Coherence weight, number", "0.5");
    window.until("the engine knows", |_, log| {
        log.updates.last().is_some_and(|(settings, _): &(Settings, _)| settings.coherence_weight == 0.5)
    });
    assert_eq!(window.jobs(), 1);
}

#[test]
fn circular_padding_begins_a_run_from_the_current_picture() {
    let mut window = Setup { size: [1280.0, 1600.0], ..Setup::default() }.open();
    window.until_painting();
    choose(&mut window, "Padding", "Circular");
    window.until("a second run", |_, log| log.jobs.len() == 2 && log.from_current[1].is_some());
    assert_eq!(window.job(1).settings.padding, Padding::Circular);
}
