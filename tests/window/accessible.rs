//! What a screen reader is told, and the way through the window by the keyboard alone.

use egui::{
    Event, Key, Modifiers, Role,
    accesskit::{Action, ActionRequest, TreeId},
};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::{Curve, Lfo, ParamId, Settings, Track};

use crate::window_support::{Setup, Window, hands::tab_on};

fn with_automation() -> Setup {
    let mut setup = Setup::default();
    let mut settings = Settings { steps: 100_000, size: 256, ..Settings::default() };
    settings.automation.set(ParamId::Beta, Track::new(Curve::Lfo(Lfo::default())));
    setup.options.settings = Some(settings);
    setup
}

#[test]
fn every_fader_and_number_tells_its_name_value_range_and_step() {
    let mut window = Setup { size: [1280.0, 2400.0], ..with_automation() }.open();
    window.until_painting();
    window.harness.key_press(Key::S);
    window.steps(4);
    let mut sliders = 0;
    for role in [Role::Slider, Role::SpinButton] {
        for node in window.harness.query_all_by(|node| node.role() == role) {
            let node = node.accesskit_node();
            let name = node.label().unwrap_or_default();
            assert!(!name.is_empty(), "{role:?} without a name at {:?}", node.numeric_value());
            let value = node.numeric_value().unwrap_or_else(|| panic!("{name} has no value"));
            let step = node.numeric_value_step().unwrap_or_else(|| panic!("{name} has no step"));
            assert!(step > 0.0, "{name}: {step}");
            let least = node.min_numeric_value().unwrap_or_else(|| panic!("{name} has no least value"));
            let most = node.max_numeric_value();
            assert!(
                least <= value
                    && most.is_none_or(|most| value <= most && (least + step <= most || least == most)),
                "{name}"
            );
            if role == Role::Slider {
                assert!(most.is_some(), "{name} has no largest value");
                sliders += 1;
            }
        }
    }
    assert!(sliders >= 12, "{sliders}: the balance, the strips, the morph and the split line");
    let beta = |window: &Window| {
        let mut all = window.harness.query_all_by(|node| {
            node.label().as_deref() == Some("Style weight β") && node.role() == Role::Slider
        });
        all.next().unwrap().accesskit_node().description()
    };
    assert_eq!(beta(&window).as_deref(), Some("Moves by itself"));
}

/// What a screen reader asks of the control of this name and role.
fn ask(window: &mut Window, name: &str, role: Role, action: Action) {
    let node = window.harness.get_by(|node| node.label().as_deref() == Some(name) && node.role() == role);
    let target_node = node.accesskit_node().locate().0;
    let request = ActionRequest { action, target_tree: TreeId::ROOT, target_node, data: None };
    window.harness.event(Event::AccessKitActionRequest(request));
    window.steps(3);
}

#[test]
fn a_screen_reader_moves_faders_and_numbers() {
    let mut window = Setup::default().open();
    window.until_painting();
    ask(&mut window, "Style weight β", Role::Slider, Action::Increment);
    window.until("the style has grown by a step", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| (1.001..1.5).contains(&settings.style_weight))
    });
    ask(&mut window, "Steps", Role::SpinButton, Action::Decrement);
    window.until("there are fewer steps", |_, log| {
        log.updates.last().is_some_and(|(settings, _)| settings.steps == 990_000)
    });
}

#[test]
fn the_picture_is_described_in_words() {
    let mut window = Setup::default().open();
    window.until_painting();
    let told = |window: &Window| {
        let node = window.harness.get_by_label_contains("Painting, 96 by 64 pixels");
        node.accesskit_node().description().unwrap_or_default()
    };
    assert!(told(&window).starts_with("Chelsea in Swirl. Painting, step "), "{}", told(&window));
    assert!(told(&window).contains("Zoom: fit, "), "{}", told(&window));
    window.harness.key_press(Key::Space);
    window.until("it is paused", |harness, _| harness.query_by_label_contains("Paused.").is_some());
    window.steps(3);
    assert!(told(&window).starts_with("Chelsea in Swirl. Paused, step "), "{}", told(&window));
}

fn focused(window: &Window) -> Option<String> {
    let mut all = window.harness.query_all_by(|node| node.is_focused() && node.role() != Role::Window);
    all.next().and_then(|node| node.accesskit_node().label())
}

#[test]
fn f6_goes_from_part_to_part_and_tab_on_to_its_controls() {
    let mut window = Setup::default().open();
    window.until_painting();
    let mut seen = Vec::new();
    for _ in 0..7 {
        window.harness.key_press(Key::F6);
        window.steps(2);
        seen.extend(focused(&window));
    }
    let parts = [
        "Transport bar",
        "Doors",
        "Panel of pictures",
        "Panel of settings",
        "Lower panel",
        "Canvas",
        "Row of mixes",
    ];
    assert_eq!(seen, parts);
    window.harness.key_press(Key::F6);
    window.steps(2);
    assert_eq!(focused(&window).as_deref(), Some(parts[0]), "round and round");
    window.harness.key_press(Key::Tab);
    window.steps(2);
    assert_eq!(focused(&window).as_deref(), Some("Pause"));
    window.harness.key_press(Key::F6);
    window.steps(2);
    assert_eq!(focused(&window).as_deref(), Some(parts[1]), "on from the part that the control is in");
    window.harness.key_press_modifiers(Modifiers::SHIFT, Key::F6);
    window.steps(2);
    assert_eq!(focused(&window).as_deref(), Some(parts[0]));
    // Panels that were put away come back for it.
    window.harness.key_press(Key::Escape);
    window.steps(2);
    window.harness.key_press(Key::Tab);
    window.steps(3);
    assert!(window.harness.query_by_label("Swap content and style").is_none());
    window.harness.key_press(Key::F6);
    window.steps(3);
    assert!(window.harness.query_by_label("Swap content and style").is_some());
}

/// Names and places across of what the tab key goes through in the part of this name, as long as it stays
/// between these heights.
fn tab_stops(window: &mut Window, part: &str, heights: std::ops::Range<f32>) -> Vec<(String, f32)> {
    for _ in 0..8 {
        if focused(window).as_deref() == Some(part) {
            break;
        }
        window.harness.key_press(Key::F6);
        window.steps(2);
    }
    assert_eq!(focused(window).as_deref(), Some(part));
    let mut stops = Vec::new();
    for _ in 0..60 {
        window.harness.key_press(Key::Tab);
        window.steps(2);
        let mut all = window.harness.query_all_by(|node| node.is_focused() && node.role() != Role::Window);
        let Some(node) = all.next().filter(|node| heights.contains(&node.rect().center().y)) else { break };
        stops.push((node.accesskit_node().label().unwrap_or_default(), node.rect().center().x));
    }
    stops
}

#[test]
fn the_tab_key_goes_through_bars_from_left_to_right() {
    let mut window = Setup { size: [1360.0, 860.0], ..Setup::default() }.open();
    window.until_painting();
    for (part, heights, first, last) in [
        ("Transport bar", 0.0..52.0, "Pause", "Help"),
        ("Canvas", 52.0..88.0, "History", "Pin this moment"),
        ("Row of mixes", 790.0..834.0, "Mix A", "Randomize the mix"),
    ] {
        let stops = tab_stops(&mut window, part, heights);
        assert!(stops.len() > 4 && stops.is_sorted_by(|a, b| a.1 < b.1), "{part}: {stops:?}");
        assert!(stops[0].0.starts_with(first) && stops[stops.len() - 1].0 == last, "{part}: {stops:?}");
    }
}

#[test]
fn the_tab_key_goes_through_a_line_of_the_automation_from_left_to_right() {
    let mut window = with_automation().open();
    window.until_painting();
    window.harness.key_press(Key::A);
    window.steps(4);
    window.harness.get_by_label("Automation of Style β").focus();
    window.steps(2);
    let stops = tab_on(&mut window, 2);
    let names: Vec<&str> = stops.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Use the automation of Style β", "Remove the automation of Style β"]);
    assert!(stops[0].1 < stops[1].1, "{stops:?}");
}

#[test]
fn less_motion_is_remembered() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(3);
    window.harness.event(Event::Text("less motion".to_owned()));
    window.steps(3);
    window.harness.key_press(Key::Enter);
    window.until("it is said", |harness, _| {
        harness.query_all_by_label_contains("Less motion: paintings change without a fade").next().is_some()
    });
    assert!(!window.harness.ctx.global_style().visuals.text_cursor.blink);
    let file = window.folder.path().join("impasto.toml");
    window.until("it is remembered", |_, _| {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("less_motion = true"))
    });
}
