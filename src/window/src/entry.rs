//! Numbers that are dragged or typed.

use std::ops::RangeInclusive;

use egui::{DragValue, Key, Response, Ui, vec2};

use super::{
    accessible, knobs,
    theme::ROW,
    widgets::{number, parse_number, take_focus},
};
use impasto_core::settings::ParamId;

/// How a number is dragged and shown.
pub struct Entry<'a> {
    pub name: &'a str,
    pub tooltip: &'a str,
    /// Dragging stays in here; typing may leave it, so that a wrong number can be told what is wrong with it.
    pub drag: RangeInclusive<f64>,
    pub suffix: &'a str,
    pub whole: bool,
    pub width: f32,
    /// What it sets, if that can move by itself.
    pub knob: Option<ParamId>,
    /// Where its menu leads back to.
    pub usual: Option<f64>,
}

impl Entry<'_> {
    /// A number that is dragged or typed. Typing counts when it is finished.
    pub fn show(&self, ui: &mut Ui, value: &mut f64) -> Response {
        self.draw(ui, value, false)
    }

    /// The same; gives the number that is being typed or dragged meanwhile.
    pub fn show_typed(&self, ui: &mut Ui, value: &mut f64) -> Option<f64> {
        let id = ui.scope_id().with(self.name);
        // What was typed, and the value before.
        let known = ui.data(|data| data.get_temp::<[f64; 2]>(id)).filter(|[_, before]| before == value);
        let mut typed = known.map_or(*value, |[typed, _]| typed);
        let response = self.draw(ui, &mut typed, true);
        if response.has_focus() {
            ui.data_mut(|data| data.insert_temp(id, [typed, *value]));
            return Some(typed);
        }
        ui.data_mut(|data| data.remove::<[f64; 2]>(id));
        if !(response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape))) {
            *value = typed;
        }
        response.dragged().then_some(typed)
    }

    fn draw(&self, ui: &mut Ui, value: &mut f64, while_typed: bool) -> Response {
        let before = *value;
        let speed = match self.whole {
            // A key, or a screen reader, moves by a whole number; the pointer more finely.
            true if !ui.input(|input| input.pointer.any_down()) => (*value * 0.01).round().max(1.0),
            true => (*value * 0.01).max(0.25),
            false => (value.abs() * 0.01).max(1e-4),
        };
        let whole = self.whole;
        let widget = DragValue::new(value)
            .speed(speed)
            .suffix(self.suffix)
            .update_while_editing(while_typed)
            .min_size(vec2(self.width, ROW))
            .custom_formatter(move |value, _| if whole { format!("{value:.0}") } else { number(value) })
            .custom_parser(parse_number);
        let response = ui.add(widget).accessible_name(self.name).on_hover_text(self.tooltip);
        accessible::range(&response, self.drag.clone(), speed);
        take_focus(&response, self.name);
        // Leaving the field reads the shown text, which may be rounded: a number that still reads the same was
        // not typed.
        if !response.dragged() && !whole && number(before) == number(*value) {
            *value = before;
        }
        if response.dragged() {
            *value = value.clamp(*self.drag.start(), *self.drag.end());
        }
        if whole {
            *value = value.round();
        }
        if knobs::menu(&response, self.knob, self.usual, |_| {})
            && let Some(usual) = self.usual
        {
            *value = usual;
        }
        response
    }
}
