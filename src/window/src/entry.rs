//! Numbers that are dragged or typed.

use std::ops::RangeInclusive;

use egui::{DragValue, FontId, Key, Layout, Response, Sense, TextStyle, Ui, UiBuilder, vec2};

use super::{
    accessible, param_menu, tips,
    widgets::{number, parse_number, take_focus},
};
use impasto_core::settings::{MAX_SIZE, MIN_SIZE, ParamId, three_digits};

/// Free points to the left and the right of a number in its box.
const PADDING: f32 = 4.0;
/// Free points between a number and its unit.
const UNIT: f32 = 4.0;

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
    pub param: Option<ParamId>,
    /// Where its menu leads back to.
    pub default: Option<f64>,
}

impl<'a> Entry<'a> {
    /// A picture's longest side, in pixels.
    pub fn of_size(name: &'a str, tooltip: &'a str) -> Self {
        let drag = f64::from(MIN_SIZE)..=f64::from(MAX_SIZE);
        Self { name, tooltip, drag, suffix: " px", whole: true, width: 84.0, param: None, default: None }
    }

    fn text(&self, value: f64) -> String {
        shown(value, self.whole)
    }

    /// A number that is dragged or typed. Typing counts when it is finished.
    pub fn show(&self, ui: &mut Ui, value: &mut f64) -> Response {
        self.draw(ui, value, false)
    }

    /// The same; returns the number that is being typed or dragged meanwhile.
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
        let text = self.text(*value);
        let size = vec2(self.width, ui.spacing().interact_size.y);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        // In a place of its own, so that no number makes its box wider, nor the panel around it.
        let layout = Layout::left_to_right(egui::Align::Center);
        let ui = &mut ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
        ui.shrink_clip_rect(rect);
        ui.spacing_mut().button_padding = vec2(PADDING, 0.0);
        fit_font(ui, &format!("{text}{}", self.suffix), self.width);
        let whole = self.whole;
        let widget = DragValue::new(value)
            .speed(speed)
            .suffix(self.suffix)
            .update_while_editing(while_typed)
            .clip_text(true)
            .min_size(size)
            .custom_formatter(move |value, _| shown(value, whole))
            .custom_parser(parse_number);
        let response = ui.add(widget).accessible_name(self.name);
        accessible::range(&response, self.drag.clone(), speed);
        let response = tips::beside(response, self.tooltip);
        take_focus(&response, self.name);
        // Leaving the field reads the shown text, which may be rounded: a number that still reads the same
        // was not typed.
        if !response.dragged() && !whole && text == self.text(*value) {
            *value = before;
        }
        if response.dragged() {
            *value = value.clamp(*self.drag.start(), *self.drag.end());
        }
        if whole {
            *value = value.round();
        }
        if param_menu::menu(&response, self.param, self.default, |_| {})
            && let Some(default) = self.default
        {
            *value = default;
        }
        response
    }
}

/// A number as its box shows it: three significant digits, or all of a whole number.
fn shown(value: f64, whole: bool) -> String {
    if whole {
        format!("{value:.0}")
    } else if (1e3..1e5).contains(&value.abs()) {
        number(value.round())
    } else {
        number(three_digits(value))
    }
}

/// Make the numbers' font as small as this text needs to fit into a box.
fn fit_font(ui: &mut Ui, text: &str, width: f32) {
    let style = ui.style().drag_value_text_style.clone();
    let font = style.resolve(ui.style());
    let taken = |ui: &Ui, font: &FontId| {
        ui.painter().layout_no_wrap(text.to_owned(), font.clone(), egui::Color32::WHITE).size().x
    };
    let (room, needed) = (width - 2.0 * PADDING - UNIT, taken(ui, &font));
    if needed > room {
        let smaller = FontId { size: (font.size * room / needed).floor().max(7.0), ..font };
        ui.style_mut().text_styles.insert(TextStyle::Monospace, smaller);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_shows_three_digits_and_whole_numbers_in_full() {
        for (value, text) in [
            (0.033014, "0.033"),
            (-0.009974, "-0.00997"),
            (0.00012, "0.00012"),
            (123_456.0, "1.23e5"),
            (1234.5, "1235"),
            (99.96, "100"),
            (1e6, "1e6"),
        ] {
            assert_eq!(shown(value, false), text);
        }
        assert_eq!(shown(123_456.0, true), "123456");
    }
}
