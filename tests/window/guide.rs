//! The guide: its chapters, their places and their pictures.

use crate::window_support::{Setup, Window};
use egui::{Key, Rect, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

fn open(size: [f32; 2]) -> Window {
    let mut window = Setup { size, ..Setup::default() }.open();
    window.until_painting();
    window.harness.key_press(Key::F1);
    window.until("the help", |harness, _| harness.query_by_label("Read the guide").is_some());
    // Its columns find their height.
    window.steps(6);
    window.harness.get_by_label("Read the guide").click();
    window.until("the guide", |harness, _| harness.query_by_label("Close the guide").is_some());
    window.steps(3);
    window
}

fn choose(window: &mut Window, chapter: &str, heading: &str) {
    window.harness.get_by_role_and_label(Role::Button, chapter).click();
    window.until(chapter, |harness, _| harness.query_by_label(heading).is_some());
    window.steps(3);
}

fn place(window: &Window, label: &str) -> Rect {
    window.harness.get_by_label(label).rect()
}

#[test]
fn a_click_opens_a_chapter() {
    let mut window = open([1360.0, 860.0]);
    assert!(window.harness.query_by_label("What it does").is_some());
    choose(&mut window, "Styles and colours", "Several styles");
    assert!(window.harness.query_by_label("What it does").is_none());
}

#[test]
fn a_link_opens_its_chapter() {
    let mut window = open([1360.0, 860.0]);
    window.harness.get_by_role_and_label(Role::Link, "mixer").scroll_to_me();
    window.steps(60);
    window.harness.get_by_role_and_label(Role::Link, "mixer").click();
    window.until("the mixer's chapter", |harness, _| {
        harness.query_by_label("What a layer holds, as a picture").is_some()
    });
    assert!(window.harness.query_by_label("What it does").is_none());
}

#[test]
fn a_chapter_is_scrolled_by_keys_and_keeps_its_place() {
    let mut window = open([1024.0, 600.0]);
    let top = place(&window, "What it does").min.y;
    window.harness.key_press(Key::PageDown);
    window.until("a page further", |harness, _| {
        harness.get_by_label("What it does").rect().min.y < top - 300.0
    });
    window.steps(60);
    let below = place(&window, "What it does").min.y;
    window.harness.key_press(Key::ArrowUp);
    window.until("a little back", |harness, _| {
        harness.get_by_label("What it does").rect().min.y > below + 20.0
    });
    window.steps(60);
    let read = place(&window, "What it does");
    choose(&mut window, "Styles and colours", "Several styles");
    choose(&mut window, "The guide to Impasto", "What it does");
    let again = place(&window, "What it does");
    assert!((again.min.y - read.min.y).abs() < 1.0, "{read}, then {again}");
}

#[test]
fn pictures_are_shown() {
    let mut window = open([1360.0, 860.0]);
    choose(&mut window, "The mixer and its layers", "What a layer holds, as a picture");
    // What stands for a picture that is not there is small.
    window.until("the picture has come", |harness, _| {
        let mut images = harness.query_all_by_role(Role::Image);
        images.any(|node| node.rect().width() > 400.0 && node.accesskit_node().label().is_none())
    });
}

#[test]
fn the_guide_stays_inside_the_window() {
    for size in [[1024.0, 600.0], [1360.0, 860.0]] {
        let window = open(size);
        let whole = Rect::from_min_size(egui::Pos2::ZERO, size.into());
        let close = place(&window, "Close the guide");
        assert!(whole.contains_rect(close), "{close} at {size:?}");
        for chapter in ["The guide to Impasto", "When it does not look right"] {
            let entry = window.harness.get_by_role_and_label(Role::Button, chapter).rect();
            assert!(whole.contains_rect(entry) && entry.max.y <= close.min.y, "{chapter} at {entry}");
        }
        let text = place(&window, "What it does");
        assert!(text.min.x > 200.0 && text.max.x < size[0] - 40.0, "{text} at {size:?}");
    }
}
