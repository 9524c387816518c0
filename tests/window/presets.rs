//! The person's own presets: saved, chosen, renamed and deleted in the window.

use crate::window_support::{Setup, Window};
use egui::{Event, Key, Role};
use egui_kittest::kittest::Queryable as _;
use impasto_core::settings::Settings;

fn open_menu(window: &mut Window) {
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Preset") && node.role() == Role::ComboBox)
        .click();
    window.steps(3);
}

fn manage(window: &mut Window) {
    open_menu(window);
    window.harness.get_by_label("Save or manage…").click();
    window.steps(3);
}

fn type_into(window: &mut Window, field: &str, text: &str) {
    window.harness.get_by_label(field).click();
    window.steps(3);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    window.steps(2);
    window.harness.event(Event::Text(text.to_owned()));
    window.steps(3);
}

fn close(window: &mut Window) {
    window.harness.get_by_label("Done").click();
    window.steps(3);
}

#[test]
fn a_mix_is_saved_chosen_renamed_and_deleted() {
    let mut setup = Setup::default();
    let mine = Settings { style_weight: 33.0, steps: 1_000_000, size: 256, ..Settings::default() };
    setup.options.settings = Some(mine);
    let mut window = setup.open();
    window.until_painting();
    manage(&mut window);
    assert!(window.harness.query_by_label("None yet: give the current mix a name.").is_some());
    type_into(&mut window, "Name of the preset", "Storm");
    window.harness.get_by_label("Save").click();
    let file = window.folder.path().join("presets/Storm.toml");
    window.until("it is written", |_, _| file.exists());
    window.until("it is listed", |harness, _| harness.query_by_label("Rename Storm").is_some());
    close(&mut window);
    assert!(std::fs::read_to_string(&file).unwrap().contains("style_weight = 33"));

    open_menu(&mut window);
    window.harness.get_by_label("Texture").click();
    window.until("another mix", |_, log| log.updates.last().is_some_and(|(s, _)| s.content_weight == 0.0));
    window.steps(3);
    open_menu(&mut window);
    window.harness.get_by_label("Storm").click();
    window.until("the mix is there", |_, log| {
        log.updates
            .last()
            .is_some_and(|(s, _)| (s.style_weight, s.content_weight, s.size) == (33.0, 1.0, 256))
    });
    window.steps(3);
    manage(&mut window);
    // A name that no file can have is told.
    window.harness.get_by_label("Rename Storm").click();
    window.steps(3);
    type_into(&mut window, "New name of Storm", "a/b");
    window.harness.get_by_label("OK").click();
    window.until("it is told", |harness, _| {
        harness.query_all_by_label_contains("cannot be called \"a/b\"").next().is_some()
    });
    // The dialog has grown, so its fields have moved.
    window.steps(10);
    type_into(&mut window, "New name of Storm", "Gale");
    window.harness.get_by_label("OK").click();
    window.until("it is renamed", |harness, _| harness.query_by_label("Delete Gale").is_some());
    assert!(!file.exists() && window.folder.path().join("presets/Gale.toml").exists());
    window.steps(10);
    window.harness.get_by_label("Delete Gale").click();
    window.steps(3);
    assert!(window.folder.path().join("presets/Gale.toml").exists(), "it asks first");
    // The dialog has grown again.
    window.until("it asks", |harness, _| harness.query_by_label("Delete").is_some());
    window.steps(10);
    window.harness.get_by_label("Delete").click();
    window.until("it is deleted", |_, _| !window_has_presets(&file));
    close(&mut window);
    assert_eq!(window.jobs(), 1, "a preset needs no new run here");
}

fn window_has_presets(file: &std::path::Path) -> bool {
    std::fs::read_dir(file.parent().unwrap()).unwrap().next().is_some()
}

#[test]
fn a_broken_preset_is_shown_with_its_reason_and_cannot_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("presets")).unwrap();
    std::fs::write(folder.path().join("presets/Odd.toml"), "stile_weight = 3").unwrap();
    let mut window = Setup::default().open_in(folder);
    window.until_painting();
    manage(&mut window);
    window.until("its reason is shown", |harness, _| {
        harness.query_all_by_label_contains("stile_weight").next().is_some()
            && harness.query_all_by_label_contains("Odd.toml").next().is_some()
    });
    close(&mut window);
    open_menu(&mut window);
    window.harness.get_by_label("Odd").click();
    window.steps(5);
    assert!(window.log.lock().unwrap().updates.is_empty());
}
