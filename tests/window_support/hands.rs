//! What hands do in several tests, and where they begin.

use egui::{Event, Modifiers, PointerButton, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::Settings;

use super::{Setup, Window};

/// A painting of 60 steps, which soon rests.
pub fn resting() -> Setup {
    let mut setup = Setup::default();
    setup.options.settings = Some(Settings { steps: 60, size: 256, ..Settings::default() });
    setup
}

/// Pauses the painting, and gives the number of its steps.
pub fn pause(window: &mut Window) -> u32 {
    window.harness.key_press(egui::Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    window.steps(3);
    shown_step(window)
}

/// The number of steps that the window shows.
pub fn shown_step(window: &Window) -> u32 {
    let label = window.harness.get_by_label_contains(" steps. ").accesskit_node().label().unwrap();
    let words: Vec<&str> = label.split_whitespace().collect();
    words[1].parse().unwrap()
}

/// Names and places across of the controls that the tab key goes to next.
pub fn tab_on(window: &mut Window, count: usize) -> Vec<(String, f32)> {
    let mut next = |_| {
        window.harness.key_press(egui::Key::Tab);
        window.steps(2);
        let mut all = window.harness.query_all_by(|node| node.is_focused() && node.role() != Role::Window);
        let node = all.next().expect("a control has the focus");
        (node.accesskit_node().label().unwrap_or_default(), node.rect().center().x)
    };
    (0..count).map(&mut next).collect()
}

/// Clicks the slider of this name with the second button.
pub fn right_click(window: &mut Window, name: &str) {
    // Where it is by now: a line above the strips comes and goes.
    let slider =
        window.harness.get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::Slider);
    let pos = slider.rect().center();
    window.harness.hover_at(pos);
    window.steps(1);
    for pressed in [true, false] {
        window.harness.event(Event::PointerButton {
            pos,
            button: PointerButton::Secondary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        window.steps(1);
    }
    window.steps(2);
}
