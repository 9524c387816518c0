//! The layer lab in front of a fake engine.

use crate::window_support::{Setup, Window};
use egui::Key;
use egui_kittest::kittest::Queryable as _;
use impasto_network::vgg::Layer;

fn layer(name: &str) -> Layer {
    name.parse().unwrap()
}

fn opened() -> Window {
    let mut window = Setup { size: [1400.0, 900.0], ..Setup::default() }.open();
    window.until_painting();
    window.harness.key_press(Key::L);
    window.until("the lab looks", |harness, _| {
        harness.query_by_label("Gram matrix of relu3_1: painting").is_some()
    });
    window
}

#[test]
fn the_lab_looks_into_a_layer_while_it_paints() {
    let mut window = opened();
    assert_eq!(window.log.lock().unwrap().studied[0], layer("relu3_1"));
    // The fake's picture has a tenth too much of everything.
    window.harness.get_by_label_contains("256 × 256 channels, 10 % from the style's");
    for name in ["painting", "style", "difference"] {
        window.harness.get_by_label(&format!("Gram matrix of relu3_1: {name}"));
    }
    window.harness.get_by_label("Channel 255 of relu3_1 on the content");
    let before = window.log.lock().unwrap().steps;
    window.until("it goes on painting", |_, log| log.steps > before + 20);
}

#[test]
fn another_layer_is_looked_into_at_once_even_at_rest() {
    let mut window = opened();
    window.harness.key_press(Key::Space);
    window.steps(10);
    window.harness.get_by_label("Look into the layer behind").click();
    window.until("the next layer is there", |harness, _| {
        harness.query_by_label("Gram matrix of relu3_2: painting").is_some()
    });
    assert_eq!(window.log.lock().unwrap().studied.last(), Some(&layer("relu3_2")));
}

#[test]
fn a_closed_lab_costs_nothing() {
    let mut window = opened();
    window.harness.get_by_label("Close the layer lab").click();
    window.steps(10);
    // A step that was in hand ends with a look; the next one knows.
    let steps = window.log.lock().unwrap().steps;
    window.until("the engine has heard of it", |_, log| log.steps > steps + 2);
    assert!(window.harness.query_by_label("Gram matrix of relu3_1: painting").is_none());
    let (looks, steps) = {
        let log = window.log.lock().unwrap();
        (log.studied.len(), log.steps)
    };
    window.until("it goes on painting", |_, log| log.steps > steps + 200);
    assert_eq!(window.log.lock().unwrap().studied.len(), looks);
}

#[test]
fn a_new_run_is_looked_into_as_well() {
    let mut window = opened();
    let jobs = window.jobs();
    window.harness.key_press(Key::R);
    window.until("it begins anew", |_, log| log.jobs.len() > jobs);
    let looks = window.log.lock().unwrap().studied.len();
    window.until("it is looked into", |_, log| log.studied.len() > looks + 1);
}

#[test]
fn without_a_run_the_lab_says_what_to_do() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.get_by_label("Stop").click();
    window.until("it is stopped", |harness, _| harness.query_by_label_contains("Stopped.").is_some());
    window.harness.key_press(Key::L);
    window.steps(5);
    window.harness.get_by_label_contains("Play, and what this layer sees");
}
