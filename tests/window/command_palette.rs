//! The command palette by keys alone, and the panel of frame times.

use crate::window_support::{Setup, Window};
use egui::{Event, Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::{Settings, Statistic};

const FIELD: &str = "Find a command or a setting";

/// Opens the palette, types, and presses enter.
fn find(window: &mut Window, text: &str) {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.until("the palette is open", |harness, _| {
        harness.query_by_label(FIELD).is_some_and(|node| node.accesskit_node().is_focused())
    });
    window.harness.event(Event::Text(text.to_owned()));
    window.steps(3);
}

fn enter(window: &mut Window) {
    window.harness.key_press(Key::Enter);
    window.steps(4);
    assert!(window.harness.query_by_label(FIELD).is_none(), "the palette has closed");
}

#[track_caller]
fn until_settings(window: &mut Window, what: &str, fits: impl Fn(&Settings) -> bool) {
    window.until(what, |_, log| log.updates.last().is_some_and(|(settings, _)| fits(settings)));
}

#[test]
fn a_value_behind_a_settings_name_sets_it() {
    let mut window = Setup::default().open();
    window.until_painting();
    for (text, fits) in [
        ("beta 12", (|s| s.style_weight == 12.0) as fn(&Settings) -> bool),
        ("relu3_1 0.9", |s| s.style_layers.get("relu3_1".parse().unwrap()) == Some(0.9)),
        ("learning rate 0,02", |s| s.learning_rate == 0.02),
        ("statistic wasserstein", |s| s.statistic == Statistic::Wasserstein),
    ] {
        find(&mut window, text);
        enter(&mut window);
        until_settings(&mut window, text, fits);
    }
    assert_eq!(window.jobs(), 1);
    // Whatever it set can be undone.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    until_settings(&mut window, "the statistic is back", |s| s.statistic == Statistic::Moments);
}

#[test]
fn a_value_that_makes_no_sense_is_refused_with_its_reason() {
    let mut window = Setup::default().open();
    window.until_painting();
    find(&mut window, "size 15");
    assert!(window.harness.query_all_by_label_contains("16 to 8192 px, not 15 px").next().is_some());
    window.harness.key_press(Key::Enter);
    window.steps(4);
    assert!(window.harness.query_by_label(FIELD).is_some(), "it stays open");
    window.harness.key_press(Key::Escape);
    window.steps(4);
    assert!(window.harness.query_by_label(FIELD).is_none());
    assert_eq!(window.jobs(), 1);
    // Its keys have stayed its own: R would have restarted.
    find(&mut window, "rrr");
    window.steps(3);
    assert_eq!(window.jobs(), 1);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(4);
    assert!(window.harness.query_by_label(FIELD).is_none());
}

#[test]
fn presets_commands_and_sizes_are_found() {
    let mut window = Setup::default().open();
    window.until_painting();
    find(&mut window, "bold");
    enter(&mut window);
    until_settings(&mut window, "the preset", |s| s.style_weight == 1.25);
    find(&mut window, "swap content");
    enter(&mut window);
    window.until("they are swapped", |_, log| log.jobs.last().unwrap().inputs.content.name == "Swirl");
    find(&mut window, "size 320 px");
    enter(&mut window);
    window.until("the size", |_, log| log.jobs.last().unwrap().settings.size == 320);
    // The arrows choose: below the first finding for “compare with” stands the second.
    find(&mut window, "compare with");
    let first = |window: &Window| {
        window
            .harness
            .query_all_by_role(egui::Role::ListBoxOption)
            .find(|node| node.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True))
            .and_then(|node| node.accesskit_node().label())
            .unwrap()
    };
    let before = first(&window);
    window.harness.key_press(Key::ArrowDown);
    window.steps(3);
    assert_ne!(first(&window), before);
    window.harness.key_press(Key::ArrowUp);
    window.steps(3);
    assert_eq!(first(&window), before);
    window.harness.key_press(Key::Escape);
    window.steps(3);
}

#[test]
fn a_setting_is_focused_wherever_it_is() {
    let mut window = Setup::default().open();
    window.until_painting();
    // With the panel closed, and the control within a closed section.
    window.harness.get_by_label("Settings panel").click();
    window.steps(4);
    find(&mut window, "adam beta1");
    enter(&mut window);
    window.until("it has the focus", |harness, _| {
        harness.query_all_by_label("Adam β1").any(|node| node.accesskit_node().is_focused())
    });
    window.steps(10);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.steps(2);
    window.harness.event(Event::Text("0.8".to_owned()));
    window.steps(2);
    window.harness.key_press(Key::Enter);
    until_settings(&mut window, "β1 is set", |s| s.beta1 == 0.8);
    for (text, label) in [("padding", "Padding"), ("smoothness", "Smoothness, number"), ("steps", "Steps")] {
        find(&mut window, text);
        enter(&mut window);
        window.until(text, |harness, _| {
            harness.query_all_by_label(label).any(|node| node.accesskit_node().is_focused())
        });
        window.harness.key_press(Key::Escape);
        window.steps(3);
    }
}

#[test]
fn words_for_a_setting_find_it() {
    let mut window = Setup::default().open();
    window.until_painting();
    for (text, label) in [
        ("colour", "Lightness only"),
        ("color", "Keep colours"),
        ("blotches", "Settle colours"),
        ("lightness", "Lightness only"),
    ] {
        find(&mut window, text);
        assert!(
            window
                .harness
                .query_all_by_label_contains(label)
                .any(|node| node.accesskit_node().role() == Role::ListBoxOption),
            "{text}"
        );
        window.harness.key_press(Key::Escape);
        window.steps(3);
    }
}

#[test]
fn frame_times_and_the_way_of_a_change_are_shown() {
    let mut window = Setup::default().open();
    window.until_painting();
    window.harness.key_press(Key::F12);
    window.until("the panel", |harness, _| harness.query_by_label("Change to picture").is_some());
    find(&mut window, "beta 12");
    enter(&mut window);
    window.until("the change is in a picture", |harness, _| {
        harness.query_all_by_label_contains("the last after ").next().is_some()
    });
    window.harness.key_press(Key::F12);
    window.steps(3);
    assert!(window.harness.query_by_label("Change to picture").is_none());
}

#[test]
fn every_tab_and_every_door_is_found_by_what_it_says() {
    let mut window = Setup::default().open();
    window.until_painting();
    let names = |window: &Window, role: Role| -> Vec<String> {
        let nodes = window.harness.query_all_by_role(role);
        // The doors are on the rail at the left edge, below the transport.
        let nodes = nodes.filter(|node| {
            let center = node.rect().center();
            role != Role::Switch || (center.x < 66.0 && center.y > 52.0)
        });
        nodes.map(|node| node.accesskit_node().label().unwrap()).collect()
    };
    let tabs = names(&window, Role::Tab);
    assert!(tabs.len() >= 5 && tabs.contains(&"Filmstrip".to_owned()), "{tabs:?}");
    // The first is shown already.
    for name in tabs.iter().rev() {
        find(&mut window, name);
        enter(&mut window);
        let tab = window.harness.get_by_role_and_label(Role::Tab, name);
        assert_eq!(tab.accesskit_node().toggled(), Some(egui::accesskit::Toggled::True), "{name}");
    }
    let doors = names(&window, Role::Switch);
    assert!(doors.len() >= 10 && doors.contains(&"Painting".to_owned()), "{doors:?}");
    for name in doors {
        find(&mut window, &name);
        // The door that shows the picture alone has a menu.
        let entry = if name == "Show" { "full screen" } else { &name.to_lowercase() };
        let found = names(&window, Role::ListBoxOption);
        assert!(found.iter().any(|found| found.to_lowercase().contains(entry)), "{name}: {found:?}");
        window.harness.key_press(Key::Escape);
        window.steps(4);
    }
}
