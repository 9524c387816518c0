//! Undo and redo: every change of the settings and the pictures, whatever made it.

use crate::window_support::{Setup, Window, undo};
use egui::{Event, Key, Modifiers, Role, accesskit::Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::{Settings, Statistic};

const REDO: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

/// Waits until the engine has settings that fulfil the condition.
#[track_caller]
fn until_settings(window: &mut Window, what: &str, fits: impl Fn(&Settings) -> bool) {
    window.until(what, |_, log| log.updates.last().is_some_and(|(settings, _)| fits(settings)));
}

fn drag_beta(window: &mut Window) -> f64 {
    let rect = window.harness.get_by(|node| node.label().as_deref() == Some("Style weight β")).rect();
    window.harness.drag_at(rect.center());
    window.harness.step();
    for x in [8.0, 16.0, 24.0, 30.0] {
        window.harness.hover_at(rect.center() + egui::vec2(x, 0.0));
        window.steps(2);
    }
    window.harness.drop_at(rect.center() + egui::vec2(30.0, 0.0));
    until_settings(window, "β is dragged", |s| s.style_weight > 1.0);
    window.steps(5);
    window.log.lock().unwrap().updates.last().unwrap().0.style_weight
}

#[test]
fn a_dragged_slider_is_undone_in_one_go_and_done_again() {
    let mut window = Setup::default().open();
    window.until_painting();
    let dragged = drag_beta(&mut window);
    undo(&mut window);
    until_settings(&mut window, "β is back", |s| s.style_weight == 1.0);
    window.harness.key_press_modifiers(REDO, Key::Z);
    until_settings(&mut window, "β is dragged again", |s| s.style_weight == dragged);
    undo(&mut window);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
    window.steps(3);
    until_settings(&mut window, "β is dragged once more", |s| s.style_weight == dragged);
    assert_eq!(window.jobs(), 1, "weights need no new run");
}

#[test]
fn keys_in_a_field_are_the_fields() {
    let mut window = Setup::default().open();
    window.until_painting();
    let dragged = drag_beta(&mut window);
    let size = |window: &Window| {
        window.harness.get_by(|n| n.label().as_deref() == Some("Size") && n.role() == Role::SpinButton).rect()
    };
    let at = size(&window).center();
    window.harness.drag_at(at);
    window.harness.drop_at(at);
    window.steps(3);
    window.harness.event(Event::Text("3".to_owned()));
    window.harness.step();
    undo(&mut window);
    window.harness.key_press(Key::Escape);
    window.steps(10);
    assert_eq!(window.log.lock().unwrap().updates.last().unwrap().0.style_weight, dragged);
    // Outside of it they are the window's again.
    undo(&mut window);
    until_settings(&mut window, "β is back", |s| s.style_weight == 1.0);
}

#[test]
fn a_preset_is_one_entry_and_the_list_goes_to_any() {
    let mut window = Setup::default().open();
    window.until_painting();
    let dragged = drag_beta(&mut window);
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Preset") && node.role() == Role::ComboBox)
        .click();
    window.steps(3);
    window.harness.get_by_label("Bold strokes").click();
    until_settings(&mut window, "the mix is there", |s| {
        s.statistic == Statistic::Wasserstein && s.style_weight == 1.25
    });
    window.steps(3);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::H);
    window.until("the list is open", |harness, _| {
        harness.query_by_label("Preset Bold strokes").is_some()
            && harness.query_all_by_label_contains("Style β 1 → ").next().is_some()
            && harness.query_by_label("As opened").is_some()
    });
    window.harness.get_by_label("As opened").click();
    until_settings(&mut window, "it is as opened", |s| {
        s.statistic == Statistic::Moments && s.style_weight == 1.0
    });
    window.steps(3);
    window.harness.get_by_label_contains("Style β 1 → ").click();
    until_settings(&mut window, "β is dragged again", |s| {
        s.statistic == Statistic::Moments && s.style_weight == dragged
    });
    let on = |window: &Window, label: &str| {
        window.harness.get_by_label_contains(label).accesskit_node().toggled() == Some(Toggled::True)
    };
    window.steps(3);
    assert!(on(&window, "Style β 1 → ") && !on(&window, "Preset Bold strokes"));
    window.harness.key_press(Key::Escape);
    window.steps(3);
    assert!(window.harness.query_by_label("As opened").is_none());
}

#[test]
fn pictures_come_back_too() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = window.folder.path().join("meadow.png");
    image::RgbImage::from_pixel(60, 40, image::Rgb([10, 200, 30])).save(&path).unwrap();
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    let names = |log: &crate::window_support::Log| {
        let inputs = log.inputs.as_ref().unwrap();
        (inputs.content.name.clone(), inputs.styles.iter().map(|style| style.picture.name.clone()).collect())
    };
    let meadow = ("meadow.png".to_owned(), vec!["Swirl".to_owned()]);
    let usual = ("Chelsea".to_owned(), vec!["Swirl".to_owned()]);
    window.until("the content is changed", |_, log| names(log) == meadow);
    // It is told for some seconds, which may be over when the engine has it.
    undo(&mut window);
    assert!(window.harness.query_all_by_label_contains("Undone: Content Chelsea → meadow.png").count() > 0);
    window.until("the content is back", |_, log| names(log) == usual);
    window.harness.get_by_label("Redo").click();
    window.until("it is changed again", |_, log| names(log) == meadow);
    window.steps(3);
    window.harness.get_by_label("Swap content and style").click();
    window.until("they are swapped", |_, log| names(log).0 == "Swirl");
    window.steps(3);
    undo(&mut window);
    assert!(window.harness.query_all_by_label_contains("Undone: Content and style swapped").count() > 0);
    window.until("they are not", |_, log| names(log) == meadow);

    // A style that was removed comes back with its weight.
    window.dialogs.will_pick(&path);
    window.harness.get_by_label("Add style…").click();
    window.until("two styles", |_, log| names(log).1.len() == 2);
    window.steps(3);
    window.harness.get_by_label("Remove the style 2").click();
    window.until("one style", |_, log| names(log).1.len() == 1);
    window.steps(3);
    undo(&mut window);
    window.until("two styles again", |_, log| names(log).1 == ["Swirl", "meadow.png"]);
}

#[test]
fn a_styles_weight_is_undone_without_a_new_run() {
    let mut window = Setup::default().open();
    window.until_painting();
    let path = window.folder.path().join("second.png");
    image::RgbImage::from_pixel(60, 40, image::Rgb([10, 20, 230])).save(&path).unwrap();
    window.dialogs.will_pick(&path);
    window.harness.get_by_label("Add style…").click();
    window.until("two styles", |_, log| log.styles().len() == 2);
    window.steps(3);
    let jobs = window.jobs();
    window.harness.get_by_label("Weight of style 2").scroll_to_me();
    window.steps(3);
    window.harness.get_by_label("Weight of style 2").click();
    window.steps(3);
    window.harness.event(Event::Text("0.25".to_owned()));
    window.harness.step();
    window.harness.key_press(Key::Enter);
    window.until("the weight arrives", |_, log| {
        log.updates.last().is_some_and(|(_, styles)| styles[1].weight == 0.25)
    });
    undo(&mut window);
    window.until("the weight is back", |harness, log| {
        log.updates.last().is_some_and(|(_, styles)| styles[1].weight == 1.0)
            && harness.query_all_by_label_contains("Weight of second.png back to 1").next().is_some()
    });
    assert_eq!(window.jobs(), jobs);
}

#[test]
fn there_is_nothing_to_undo_at_first() {
    let mut setup = Setup::default();
    setup.options.settings = None;
    let mut window = setup.open();
    window.until_painting();
    window.until("the size was chosen", |harness, _| {
        harness
            .query_by(|node| {
                node.label().as_deref() == Some("Size") && node.value().is_some_and(|v| v.contains("451"))
            })
            .is_some()
    });
    assert!(window.harness.get_by_label("Undo").accesskit_node().is_disabled());
    undo(&mut window);
    window.steps(10);
    assert_eq!(window.jobs(), 1, "what the engine has chosen is no deed to undo");
}
