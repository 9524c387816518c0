//! The mixer's strips: mute, solo, level meters.

use crate::window_support::{Setup, Window, enter, style_layers};
use egui::{Key, Role, accesskit::Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::{LayerWeights, Settings, Strip};

/// Content from one layer, and no smoothness.
fn papers_content() -> Setup {
    let mut setup = Setup { size: [1280.0, 1400.0], ..Setup::default() };
    let settings = setup.options.settings.get_or_insert_default();
    settings.content_layers = LayerWeights::paper_content();
    settings.style_layers = LayerWeights::classic_style();
    (settings.style_weight, settings.smoothness_weight) = (8.0, 0.0);
    setup
}

fn click(window: &mut Window, name: &str) {
    window.harness.get_by_label(name).click();
    window.steps(3);
}

fn sent(window: &mut Window, what: &str, wanted: impl Fn(&Settings) -> bool) {
    window.until(what, |_, log| log.updates.last().is_some_and(|(settings, _)| wanted(settings)));
}

fn toggled(window: &Window, name: &str) -> bool {
    window.harness.get_by_label(name).accesskit_node().toggled() == Some(Toggled::True)
}

#[test]
fn a_mute_keeps_the_weight_and_gives_it_back() {
    let mut window = Setup::default().open();
    window.until_painting();
    let layer = style_layers()[1];
    click(&mut window, "Mute style layer relu2_1");
    sent(&mut window, "the layer is muted", |s| {
        s.style_layers.strip(layer) == Some(Strip { weight: 0.9, muted: true, solo: false })
            && s.effective().style_layers.get(layer) == Some(0.0)
    });
    assert!(toggled(&window, "Mute style layer relu2_1"));
    // The keyboard reaches it too.
    window.harness.get_by_label("Mute style layer relu2_1").focus();
    window.steps(2);
    window.harness.key_press(Key::Space);
    sent(&mut window, "the layer is heard", |s| s.style_layers.strip(layer) == Some(Strip::new(0.9)));
    assert_eq!(window.jobs(), 1);
}

#[test]
fn several_solos_are_heard_together_and_end_together() {
    let mut window = papers_content().open();
    window.until_painting();
    click(&mut window, "Solo style layer relu1_1");
    click(&mut window, "Solo content layer relu4_2");
    let heard = |s: &Settings| {
        let heard = s.effective();
        let style: Vec<f64> = heard.style_layers.iter().map(|(_, weight)| weight).collect();
        (style, heard.content_layers.any_positive())
    };
    sent(&mut window, "two are soloed", |s| heard(s) == (vec![1.0, 0.0, 0.0, 0.0, 0.0], true));
    click(&mut window, "Solo style layer relu1_1");
    sent(&mut window, "one is soloed", |s| heard(s) == (vec![0.0; 5], true));
    click(&mut window, "Clear mute and solo");
    sent(&mut window, "everything is heard", |s| !s.any_solo());
    window.steps(3);
    assert!(window.harness.query_by_label("Clear mute and solo").is_none());
    // Smoothness alone, which has weight 0: nothing would be painted, and that is said.
    click(&mut window, "Solo smoothness");
    window.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("everything is muted or 0").next().is_some()
            || harness.query_all_by_label_contains("Everything is muted or 0").next().is_some()
    });
}

#[test]
fn meters_show_the_shares_and_follow_a_mute_at_once() {
    let mut window = papers_content().open();
    window.until("the level is there", |harness, log| {
        !log.measured.is_empty()
            && harness.query_by_label_contains("Level of style layer relu1_1: ").is_some()
            && harness.query_all_by_label_contains("not measured yet").next().is_none()
    });
    let level = |window: &Window, what: &str| {
        let name = format!("Level of {what}: ");
        let node = window.harness.get_by_label_contains(&name);
        let label = node.accesskit_node().label().unwrap_or_default();
        label
            .rsplit(": ")
            .next()
            .unwrap()
            .trim_end_matches(" %")
            .trim_start_matches('<')
            .parse::<f64>()
            .unwrap()
    };
    // β·w·norm: 8·1·.02 = .16, 8·.7·.0154 = .086, 8·.5·.0125 = .05, 8·.3·.00909 = .0218, 8·.2·.00714 = .0114;
    // content .06.
    assert_eq!(level(&window, "style layer relu1_1"), 41.0);
    assert_eq!(level(&window, "content layer relu4_2"), 15.0);
    assert_eq!(level(&window, "smoothness"), 0.0);
    window.harness.key_press(Key::Space);
    window.steps(5);
    click(&mut window, "Solo content layer relu4_2");
    assert_eq!(level(&window, "content layer relu4_2"), 100.0);
    assert_eq!(level(&window, "style layer relu1_1"), 0.0);
    assert!(window.harness.query_by_label_contains("Loss of style layer relu3_1, now").is_some());
}

#[test]
fn every_control_of_a_strip_has_a_name_and_a_role() {
    let window = &mut Setup::default().open();
    window.until_painting();
    for (name, role) in [
        ("relu3_1 style weight", Role::Slider),
        ("relu3_1 style weight, number", Role::SpinButton),
        ("Mute style layer relu3_1", Role::Switch),
        ("Solo style layer relu3_1", Role::Switch),
        ("Remove style layer relu3_1", Role::Button),
        ("Smoothness", Role::Slider),
        ("Mute smoothness", Role::Switch),
    ] {
        let found = window
            .harness
            .query_all_by(|node| node.label().as_deref() == Some(name) && node.role() == role)
            .count();
        assert_eq!(found, 1, "{name}");
    }
}

#[test]
fn the_style_amount_sets_the_balance_until_a_weight_is_moved_by_hand() {
    let mut window = Setup::default().open();
    window.until_painting();
    click(&mut window, "Use the style amount");
    // What α and β are now: see the fake engine.
    sent(&mut window, "the amount is on", |s| s.style_amount == Some(0.5));
    let value = |window: &Window, name: &str| {
        let entry = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
            node.label().as_deref() == Some(name) && node.role() == Role::SpinButton
        };
        window.harness.get_by(entry).value().unwrap_or_default()
    };
    window.until("the β in force is shown", |harness, _| {
        harness
            .query_by(|node| {
                node.label().as_deref() == Some("Style weight β, number")
                    && node.value().as_deref() == Some("1")
            })
            .is_some()
    });
    assert_eq!(value(&window, "Style amount, number"), "50 %");
    enter(&mut window, "Style amount, number", "80");
    sent(&mut window, "another amount", |s| s.style_amount == Some(0.8));
    window.steps(3);
    enter(&mut window, "Content weight α, number", "2");
    sent(&mut window, "the amount is off", |s| {
        s.style_amount.is_none() && s.content_weight == 2.0 && (s.style_weight - 4.0).abs() < 1e-9
    });
    assert_eq!(window.jobs(), 1);
}

#[test]
fn an_amount_that_is_measured_late_is_no_entry_of_its_own() {
    let mut window = Setup::default().open();
    window.until_painting();
    let steps = {
        let mut log = window.log.lock().unwrap();
        log.slow = std::time::Duration::from_millis(1500);
        log.steps
    };
    window.until("a long step begins", |_, log| log.steps > steps + 1);
    click(&mut window, "Use the style amount");
    // What comes within a second of the window's would be the same entry anyhow.
    window.steps(70);
    window.log.lock().unwrap().slow = std::time::Duration::ZERO;
    sent(&mut window, "it is measured", |s| s.style_amount == Some(0.5));
    window.steps(3);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    sent(&mut window, "undone in one go", |s| s.style_amount.is_none());
    window.steps(3);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    window.steps(3);
    assert!(window.harness.query_all_by_label_contains("Nothing to undo").next().is_some());
}
