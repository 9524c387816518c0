//! Names in other scripts than the bundled fonts have.

use egui::{FallbackRequest, FontFamily, FontId, FontProvider as _};
use impasto_formats::timelapse::SystemFonts;

use crate::window_support::{Setup, has, picture_file};

#[test]
fn names_in_other_scripts_are_drawn_with_the_systems_fonts() {
    let request = FallbackRequest { cluster: "ש", family: &FontFamily::Proportional };
    if SystemFonts.font_for(&request).is_none() {
        println!("skipped: no font of this machine has Hebrew letters");
        return;
    }
    let mut window = Setup::default().open();
    // There may be no font for the other script.
    window.draw_missing_letters();
    window.until_painting();
    let path = picture_file(&window, "שלום 猫.png", (60, 40), 200);
    window.dialogs.will_pick(&path);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::O);
    window.until("it is the content", |_, log| log.jobs.len() == 2);
    window.steps(3);
    assert!(has(&window, "Content: שלום 猫.png"));
    window.until("its letters are there", |harness, _| {
        harness.ctx.fonts_mut(|fonts| fonts.has_glyph(&FontId::proportional(13.0), 'ש'))
    });
}
