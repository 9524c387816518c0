//! Sliders: faders with their number, and plain ones.

use egui::{
    Color32, PointerButton, Response, Shape, Slider, SliderClamping, SliderOrientation, Stroke, Ui, vec2,
};

use super::{
    accessible,
    entry::Entry,
    param_menu, reset,
    theme::{Palette, ROW},
    tips,
    widgets::{NUMBER, number},
};
use impasto_core::settings::{ParamId, Range, three_digits};

/// Add a slider in the window's look, of this width and with its filled part in this colour. The second
/// button is for the menu; egui's slider would follow it as well.
fn styled(ui: &mut Ui, slider: Slider<'_>, width: f32, travelled: Color32) -> Response {
    ui.spacing_mut().slider_width = width;
    let row = ui.spacing().interact_size.y;
    // A tall row has a handle that is found without looking.
    ui.spacing_mut().interact_size.y = if row > ROW { row } else { 20.0 };
    let palette = Palette::of(ui);
    let resting = std::mem::replace(&mut ui.visuals_mut().widgets.inactive.bg_fill, palette.rail);
    let chosen = std::mem::replace(&mut ui.visuals_mut().selection.bg_fill, travelled);
    let response = ui.add(slider.smart_aim(false).show_value(false));
    ui.spacing_mut().interact_size.y = row;
    ui.visuals_mut().widgets.inactive.bg_fill = resting;
    ui.visuals_mut().selection.bg_fill = chosen;
    response
}

/// A small wave at the end of a slider.
fn wave(ui: &Ui, response: &Response, color: Color32) {
    let at = response.rect.right_top() + vec2(-13.0, 4.0);
    let point = |index: u8| {
        let part = f32::from(index) / 16.0;
        at + vec2(12.0 * part, -3.0 * (2.0 * std::f32::consts::PI * part).sin())
    };
    ui.painter().add(Shape::line((0..=16).map(point).collect(), Stroke::new(1.5, color)));
}

/// Whether another button than the first is pressed.
fn asks_for_menu(ui: &Ui) -> bool {
    ui.input(|input| {
        let pointer = &input.pointer;
        [PointerButton::Middle, PointerButton::Secondary]
            .into_iter()
            .any(|button| pointer.button_down(button) || pointer.button_released(button))
    })
}

/// A linear slider from `least` to `most`; `filled` says whether the part below its value is lit.
pub fn plain_slider(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    [least, most]: [f64; 2],
    value: &mut f64,
    (width, filled): (f32, bool),
) -> Response {
    let before = *value;
    let slider = Slider::new(value, least..=most).trailing_fill(filled);
    let travelled = Palette::of(ui).travelled;
    let response = styled(ui, slider, width, travelled).accessible_name(name);
    accessible::range(&response, least..=most, (most - least) / f64::from(width.max(1.0)));
    let response = tips::beside(response, tooltip);
    if asks_for_menu(ui) {
        *value = before;
    }
    response
}

/// A logarithmic or linear slider with a number entry. A double click, Delete and a menu lead back to
/// `default`.
pub struct Fader<'a> {
    pub name: &'a str,
    pub tooltip: &'a str,
    /// What it sets, and its range in the unit that is shown.
    pub param: ParamId,
    pub range: Range,
    pub default: f64,
}

impl Fader<'_> {
    /// Show slider and number; `after` points are left free behind them.
    pub fn show(&self, ui: &mut Ui, value: &mut f64, after: f32) {
        let gap = ui.spacing().item_spacing.x;
        self.slider(ui, value, (ui.available_width() - NUMBER - gap - after).max(40.0));
        self.number(ui, value, NUMBER);
    }

    fn whole_tooltip(&self) -> String {
        format!("{}\nDouble-click to reset ({}). Right-click for more.", self.tooltip, number(self.default))
    }

    fn least(&self) -> f64 {
        if self.range.zero { 0.0 } else { self.range.min }
    }

    /// How far an arrow key moves a slider of this width: by a point of it.
    fn step(&self, value: f64, width: f32) -> f64 {
        let (point, place) = (1.0 / f64::from(width.max(1.0)), self.range.position(value));
        let (from, to) = if place + point > 1.0 { (place - point, place) } else { (place, place + point) };
        let step = self.range.value(to) - self.range.value(from);
        // The end that is zero is wider than a point; what comes after it is the smallest value.
        if step > 0.0 { step } else { self.range.min }
    }

    /// The slider alone.
    pub fn slider(&self, ui: &mut Ui, value: &mut f64, width: f32) {
        self.slider_with(ui, value, width, |_| {});
    }

    /// The slider with more in its menu; true when it was reset.
    pub fn slider_with(&self, ui: &mut Ui, value: &mut f64, width: f32, menu: impl FnOnce(&mut Ui)) -> bool {
        self.add(ui, value, width, SliderOrientation::Horizontal, menu)
    }

    /// The same upright.
    pub fn upright(&self, ui: &mut Ui, value: &mut f64, height: f32, menu: impl FnOnce(&mut Ui)) -> bool {
        self.add(ui, value, height, SliderOrientation::Vertical, menu)
    }

    fn add(
        &self,
        ui: &mut Ui,
        value: &mut f64,
        length: f32,
        orientation: SliderOrientation,
        menu: impl FnOnce(&mut Ui),
    ) -> bool {
        let palette = Palette::of(ui);
        // What plays by itself has the colour of what plays.
        let travelled =
            if param_menu::moves(ui.ctx(), self.param) { palette.accent } else { palette.travelled };
        let before = *value;
        let slider = Slider::new(value, self.least()..=self.range.max)
            .orientation(orientation)
            .logarithmic(self.range.logarithmic)
            .smallest_positive(self.range.min.max(1e-6))
            .clamping(SliderClamping::Never);
        let response = styled(ui, slider, length, travelled).accessible_name(self.name);
        accessible::range(&response, self.least()..=self.range.max, self.step(before, length));
        if param_menu::moves(ui.ctx(), self.param) {
            // Not by its colour alone.
            if orientation == SliderOrientation::Horizontal {
                wave(ui, &response, travelled);
            }
            accessible::description(&response, "Moves by itself");
        }
        let response = tips::beside(response, &self.whole_tooltip());
        if asks_for_menu(ui) {
            *value = before;
        } else if response.changed() {
            *value = three_digits(*value);
        }
        reset::slider(ui, &response, self.param, self.default, value, menu)
    }

    /// The number alone.
    pub fn number(&self, ui: &mut Ui, value: &mut f64, width: f32) -> Response {
        let name = format!("{}, number", self.name);
        let tooltip = self.whole_tooltip();
        let drag = 0.0..=f64::MAX;
        let (param, default) = (Some(self.param), Some(self.default));
        Entry { name: &name, tooltip: &tooltip, drag, suffix: "", whole: false, width, param, default }
            .show(ui, value)
    }
}
