//! The styles in the left panel: weight, scale and eye of each.

use crate::window_support::{Setup, Window, enter, picture_file};
use egui::{Role, accesskit::Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::{Settings, StyleMix};

fn add_style(window: &mut Window, name: &str, styles: usize) {
    let path = picture_file(window, name, (60, 40), 200);
    window.dialogs.will_pick(&path);
    window.harness.get_by_label("Add style…").click();
    window.until("it is added", |_, log| log.styles().len() == styles);
    window.steps(3);
}

fn last(window: &Window) -> Vec<StyleMix> {
    window.log.lock().unwrap().updates.last().map(|(_, styles)| styles.clone()).unwrap_or_default()
}

#[test]
fn a_single_style_has_a_scale_and_an_eye_and_no_weight() {
    let mut window = Setup::default().open();
    window.until_painting();
    assert!(window.harness.query_by_label("Weight of style").is_none());
    enter(&mut window, "Scale of style", "0.5");
    window.until("the scale arrives", |_, log| {
        log.updates.last().is_some_and(|(_, styles)| styles[0].scale == 0.5)
    });
    window.harness.get_by_label("Use the style").click();
    window.until("it is off", |_, log| log.updates.last().is_some_and(|(_, styles)| !styles[0].on));
    window.steps(3);
    assert!(window.harness.query_by_label_contains("No style counts").is_some());
    assert_eq!(window.harness.get_by_label("Use the style").accesskit_node().toggled(), Some(Toggled::False));
    // Beyond its range it stays at its end.
    enter(&mut window, "Scale of style", "90");
    window.until("the scale arrives", |_, log| {
        log.updates.last().is_some_and(|(_, styles)| styles[0].scale == 20.0)
    });
    assert_eq!(window.jobs(), 1, "none of it needs a new run");
    // The picture is too small for that, and the card says so.
    assert!(window.harness.query_by_label_contains("its scale ends at").is_some());
    enter(&mut window, "Scale of style", "0.05");
    window.steps(3);
    assert!(window.harness.query_by_label_contains("its scale ends at").is_none());
    window.harness.check_accessibility();
}

#[test]
fn each_of_several_styles_is_weighed_scaled_and_switched_by_itself_and_remembered() {
    let mut window = Setup { size: [1280.0, 1000.0], ..Setup::default() }.open();
    window.until_painting();
    add_style(&mut window, "second.png", 2);
    enter(&mut window, "Scale of style 2", "2");
    enter(&mut window, "Weight of style 2", "0.25");
    window.harness.get_by_label("Use the style 1").click();
    window.until("all arrive", |_, log| {
        log.updates.last().is_some_and(|(_, styles)| !styles[0].on && styles[1].weight == 0.25)
    });
    let off = StyleMix { on: false, ..StyleMix::default() };
    assert_eq!(last(&window), [off, StyleMix { weight: 0.25, scale: 2.0, ..StyleMix::default() }]);
    let file = window.folder.path().join("impasto.toml");
    window.until("it is written", |_, _| {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("scale = 2.0"))
    });

    let folder = window.close();
    let mut window = Setup { options: Default::default(), ..Setup::default() }.open_in(folder);
    window.until("it paints", |_, log| log.steps > 0);
    let mix: Vec<StyleMix> = window.job(0).inputs.styles.iter().map(|style| style.mix).collect();
    assert_eq!(mix, [off, StyleMix { weight: 0.25, scale: 2.0, ..StyleMix::default() }]);
}

#[test]
fn a_palette_is_chosen_used_shown_and_taken_out_while_it_paints() {
    let mut window = Setup { size: [1280.0, 1000.0], ..Setup::default() }.open();
    window.until_painting();
    assert!(window.harness.query_by_label_contains("Palette: empty").is_some());
    let path = picture_file(&window, "leaves.png", (60, 40), 200);
    window.dialogs.will_pick(&path);
    window.harness.get_by_label_contains("Palette: empty").click();
    window.until("the palette arrives", |_, log| {
        log.updates.last().is_some_and(|(s, _)| s.palette.as_ref() == Some(&path) && s.match_colours == 1.0)
    });
    assert_eq!(*window.dialogs.asked.lock().unwrap(), ["Open a picture with the colours"]);
    window
        .until("it is shown", |harness, _| harness.query_by_label_contains("Palette: leaves.png").is_some());
    // A bundled picture, from the menu.
    window.harness.get_by_label("Choose the palette").click();
    window.steps(3);
    window.harness.get_by_label("Embers").click();
    window.until("the example arrives", |_, log| {
        log.updates.last().is_some_and(|(s, _)| s.palette == Some("example:Embers".into()))
    });
    window.until("it is shown", |harness, _| harness.query_by_label_contains("Palette: Embers").is_some());
    window.harness.get_by_label("Remove the palette").click();
    window.until("it is gone", |_, log| log.updates.last().is_some_and(|(s, _)| s.palette.is_none()));
    window.steps(3);
    assert!(window.harness.query_by_label_contains("Palette: empty").is_some());
    // Light alone needs no other colours.
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Lightness only") && node.role() == Role::CheckBox)
        .scroll_to_me();
    window.steps(10);
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Lightness only") && node.role() == Role::CheckBox)
        .click();
    window.until("light only", |_, log| log.updates.last().is_some_and(|(s, _)| s.luminance_only));
    window.steps(3);
    assert!(window.harness.query_by_label("Keep the content's colours").is_none());
    assert_eq!(window.jobs(), 1, "none of it needs a new run");
}

#[test]
fn a_pasted_picture_can_be_the_palette_and_comes_back_by_redo_and_from_a_project() {
    let settings = Settings { steps: 1_000_000, ..Settings::default() };
    let mut setup = Setup::default();
    setup.options.settings = Some(settings);
    let mut window = setup.open();
    window.until_painting();
    let pasted = egui::ColorImage::filled([40, 30], egui::Color32::from_rgb(9, 180, 7));
    window.harness.event(egui::Event::PasteImage(std::sync::Arc::new(pasted)));
    window.until("it is asked", |harness, _| harness.query_by_label_contains("Use the picture").is_some());
    window.steps(3);
    window.harness.get_by_label("Use as palette").click();
    let is_pasted = |log: &crate::window_support::Log| {
        log.palettes.last() == Some(&Some(("pasted picture".to_owned(), [9, 180, 7])))
            && log.updates.last().is_some_and(|(s, _)| s.match_colours == 1.0)
    };
    window.until("it arrives with its pixels", |_, log| is_pasted(log));
    // What comes sooner is one deed with it.
    window.steps(90);
    window.harness.get_by_label("Remove the palette").click();
    window.until("it is gone", |_, log| log.updates.last().is_some_and(|(s, _)| s.palette.is_none()));
    window.steps(3);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    window.until("undo brings it back", |_, log| is_pasted(log));
    assert_eq!(window.jobs(), 1, "none of it needs a new run");
    // In a project it needs no file.
    let path = window.folder.path().join("kept.impasto");
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::S);
    window.until("the project is saved", |_, _| path.exists());
    let folder = window.close();
    let mut window = Setup { options: Default::default(), ..Setup::default() }.open_in(folder);
    window.until_painting();
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::O);
    window.until("its run has the palette", |_, log| {
        log.jobs.last().and_then(|job| job.inputs.palette.as_ref()).is_some_and(|palette| {
            (palette.name.as_str(), palette.rgb.get_pixel(0, 0).0) == ("pasted picture", [9, 180, 7])
        })
    });
}

#[test]
fn a_remembered_palette_that_has_gone_is_left_out() {
    let remembered = "[settings]\npalette = \"/nowhere/leaves.png\"\nmatch_colours = 1.0\n";
    let mut setup = Setup { remembered: Some(remembered.to_owned()), ..Setup::default() };
    setup.options.settings = None;
    let mut window = setup.open();
    window.until_painting();
    assert_eq!(window.job(0).settings.palette, None);
    assert!(window.harness.query_by_label_contains("The palette is not there").is_some());
}
