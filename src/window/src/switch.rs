//! A small button that is down while something is on, as in the mixer.

use egui::{Align2, FontId, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use super::{
    icons::Icon,
    theme::{Palette, RADIUS},
    tips, widgets,
};

/// What is on a switch.
pub enum Sign {
    Letter(&'static str),
    Icon(Icon),
}

/// A sign that is down while something is on.
pub fn switch(ui: &mut Ui, rect: Rect, sign: Sign, name: &str, tooltip: &str, on: bool) -> Response {
    let palette = Palette::of(ui);
    let response = ui.interact(rect, ui.scope_id().with(("switch", name)), Sense::click());
    let rect = rect.shrink2(vec2(0.0, 1.0));
    // What is on is inverted, which reads without colour.
    let (fill, color) = match (on, response.hovered()) {
        (true, _) => (palette.text, palette.panel),
        (false, true) => (palette.button_hover, palette.text),
        (false, false) => (palette.button, palette.text),
    };
    ui.painter().rect_filled(rect, RADIUS - 1, fill);
    if response.has_focus() {
        ui.painter().rect_stroke(rect, RADIUS - 1, Stroke::new(2.0, palette.accent), StrokeKind::Outside);
    }
    match sign {
        Sign::Letter(letter) => {
            let font = FontId::proportional(12.0);
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, letter, font, color);
        }
        Sign::Icon(icon) => icon.paint(ui.painter(), rect.center(), color),
    }
    response.widget_info(|| WidgetInfo::selected(Role::Switch, true, on, name));
    widgets::take_focus(&response, name);
    tips::beside(response, tooltip)
}
