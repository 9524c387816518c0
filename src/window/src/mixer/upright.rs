//! The mixer below the painting: every strip upright, side by side.

use egui::{Align2, FontId, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, vec2};

use super::{CONTENT, List, STYLE, layer_strip, term_strip};
use crate::{
    ImpastoApp,
    fader::Fader,
    theme::{Palette, space},
};
use impasto_core::settings::{GlobalTerm, LayerWeights, ParamId, Settings};

/// Width of a strip, in points.
const WIDTH: f32 = 68.0;
/// Least height of a strip.
const LEAST: f32 = 96.0;
/// Heights of the name and the number of α and β.
const NAME: f32 = 18.0;
const NUMBER: f32 = 22.0;
/// Height of a strip's switches.
const SWITCHES: f32 = 18.0;

/// The place of the next strip.
fn place(ui: &mut Ui) -> Rect {
    let height = ui.available_height().max(LEAST);
    ui.allocate_exact_size(vec2(WIDTH, height), Sense::hover()).0
}

/// A line between two groups of strips.
fn line(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(space::L, ui.available_height().max(LEAST)), Sense::hover());
    let stroke = Stroke::new(1.0, Palette::of(ui).line);
    ui.painter().vline(rect.center().x, rect.y_range().shrink(space::XS), stroke);
}

impl ImpastoApp {
    pub(crate) fn mixer_tab(&mut self, ui: &mut Ui) {
        let defaults = &self.mixes.presets.defaults.settings().clone();
        ScrollArea::horizontal().id_salt("mixer").auto_shrink(false).show(ui, |ui| {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                self.upright_balance(ui, defaults);
                line(ui);
                let before = self.settings.clone();
                let mut settings = before.clone();
                let context = self.strips_context();
                let mut reset = false;
                let mut layers =
                    |ui: &mut Ui, list: &List, weights: &mut LayerWeights, defaults: &LayerWeights| {
                        let all: Vec<_> = weights.strips().collect();
                        for (layer, before) in all {
                            let rect = place(ui);
                            let (strip, used) = layer_strip(
                                ui,
                                list,
                                (layer, before),
                                defaults,
                                &context,
                                |ui, strip_ui, strip| strip_ui.show_upright(ui, strip, rect),
                            );
                            reset |= used.reset;
                            if strip != before {
                                weights.set_strip(layer, strip);
                            }
                        }
                        line(ui);
                    };
                layers(ui, &STYLE, &mut settings.style_layers, &defaults.style_layers);
                layers(ui, &CONTENT, &mut settings.content_layers, &defaults.content_layers);
                for &term in GlobalTerm::ALL.iter().filter(|term| term.has_strip()) {
                    let rect = place(ui);
                    let used =
                        term_strip(ui, term, &mut settings, defaults, &context, |ui, strip_ui, strip| {
                            strip_ui.show_upright(ui, strip, rect)
                        });
                    reset |= used.reset;
                }
                self.settings = settings;
                self.follow_links(ui, &before, reset);
            });
        });
    }

    /// α and β.
    fn upright_balance(&mut self, ui: &mut Ui, defaults: &Settings) {
        let shown = self.balance_in_force();
        let mut balance = shown;
        let objective = self.settings.objective;
        let rows = [
            ("Content α", "Content weight α", ParamId::Alpha, defaults.content_weight),
            ("Style β", "Style weight β", ParamId::Beta, defaults.style_weight),
        ];
        for ((label, name, param, default), value) in rows.into_iter().zip(&mut balance) {
            let rect = place(ui);
            // In line with the strips, which have switches below.
            let (above, rest) =
                rect.with_max_y(rect.max.y - SWITCHES).split_top_bottom_at_y(rect.min.y + NAME);
            let (track, number) = rest.split_top_bottom_at_y(rest.max.y - NUMBER - space::XS);
            let (font, color) = (FontId::proportional(12.5), Palette::of(ui).text);
            ui.painter().text(above.center(), Align2::CENTER_CENTER, label, font, color);
            let tooltip = match param {
                ParamId::Alpha => "α: weight of the content term. More keeps the shapes of the content.",
                _ => "β: weight of the style term. More takes the strokes and colours of the style.",
            };
            let fader = Fader { name, tooltip, param, range: param.range(objective), default };
            let track = Rect::from_center_size(track.center(), vec2(20.0, track.height() - space::XS));
            let mut inside = ui.new_child(UiBuilder::new().max_rect(track));
            fader.upright(&mut inside, value, track.height(), |_| {});
            let number = Rect::from_center_size(number.center(), vec2(WIDTH - space::S, NUMBER));
            let mut inside = ui.new_child(UiBuilder::new().max_rect(number));
            inside.spacing_mut().interact_size.y = NUMBER;
            fader.number(&mut inside, value, number.width());
        }
        self.set_balance_by_hand(shown, balance);
    }
}
