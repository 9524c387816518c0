//! Content against style, and what style is.

use egui::Ui;

use super::{combo, numbers::Words};
use crate::{
    ImpastoApp,
    entry::Entry,
    fader::{Fader, plain_slider},
    icons::Icon,
    mixes, reset,
    theme::{Palette, ROW},
    widgets::{self, row, row_error},
};
use impasto_core::settings::{ParamId, Settings, Statistic};

/// How wide a slider before its number may be.
pub(super) fn room_for_slider(ui: &Ui) -> f32 {
    (ui.available_width() - widgets::NUMBER - ui.spacing().item_spacing.x).max(40.0)
}

/// A row with a small padlock behind its label while it is locked.
fn locked_row(ui: &mut Ui, label: &str, tooltip: &str, locked: bool, controls: impl FnOnce(&mut Ui)) {
    let start = ui.cursor().min;
    row(ui, label, tooltip, controls);
    if locked {
        let at = start + egui::vec2(78.0, ROW / 2.0);
        Icon::Lock.paint(ui.painter(), at, Palette::of(ui).weak);
    }
}

impl ImpastoApp {
    pub(super) fn balance_rows(&mut self, ui: &mut Ui, defaults: &Settings) {
        let shown = self.balance_in_force();
        let mut balance = shown;
        let objective = self.settings.objective;
        let fader = |ui: &mut Ui, label, name, tooltip, param: ParamId, default: f64, value: &mut f64| {
            row(ui, label, tooltip, |ui| {
                Fader { name, tooltip, param, range: param.range(objective), default }.show(ui, value, 0.0);
            });
        };
        let tooltip = "α: weight of the content term. More keeps the shapes of the content.";
        fader(
            ui,
            "Content α",
            "Content weight α",
            tooltip,
            ParamId::Alpha,
            defaults.content_weight,
            &mut balance[0],
        );
        self.error_of(ui, "content-weight", "The content weight");
        let tooltip = "β: weight of the style term. More takes the strokes and colours of the style.";
        let locked = self.mixes.desk.locked.contains(&ParamId::Beta);
        let actions = &self.actions;
        locked_row(ui, "Style β", tooltip, locked, |ui| {
            let (name, param, default) = ("Style weight β", ParamId::Beta, defaults.style_weight);
            let fader = Fader { name, tooltip, param, range: param.range(objective), default };
            let width = room_for_slider(ui);
            fader
                .slider_with(ui, &mut balance[1], width, |ui| mixes::lock_button(ui, actions, param, locked));
            fader.number(ui, &mut balance[1], widgets::NUMBER);
        });
        self.error_of(ui, "style-weight", "The style weight");
        self.set_balance_by_hand(shown, balance);
        if let Some(problem) = self.problems.iter().find(|problem| problem.setting == "weights") {
            row_error(ui, &widgets::sentence(&problem.message));
        }
    }

    /// Take α and β from their faders; moving either ends the style amount.
    pub(crate) fn set_balance_by_hand(&mut self, shown: [f64; 2], balance: [f64; 2]) {
        if balance != shown {
            [self.settings.content_weight, self.settings.style_weight] = balance;
            self.settings.style_amount = None;
        }
    }

    pub(super) fn step_size_row(&mut self, ui: &mut Ui, defaults: &Settings) {
        let tooltip =
            "Learning rate: about the largest move of a pixel in one step, where 1 is the whole range.";
        let words = Words { label: "Step size", tooltip, subject: "The learning rate" };
        self.fader_row(ui, ParamId::LearningRate, defaults, &words);
    }

    pub(super) fn statistic_row(&mut self, ui: &mut Ui) {
        let tooltip = "What of the style pictures is matched, layer by layer. It can be changed at any time.";
        row(ui, "Statistic", tooltip, |ui| {
            let chosen = &mut self.settings.statistic;
            combo(ui, "Style statistic", tooltip, widgets::capital(&chosen.to_string()), |ui| {
                for (statistic, text) in [
                    (Statistic::Gram, "Gram: which features go together (Gatys et al.)"),
                    (Statistic::Moments, "Moments: the Gram matrix, mean and deviation; steadier colours"),
                    (
                        Statistic::Wasserstein,
                        "Wasserstein: mean and covariance; the most faithful strokes, slower",
                    ),
                ] {
                    ui.selectable_value(chosen, statistic, text);
                }
            });
        });
    }

    /// Tilt what the style layers' faders say, between fine texture and large strokes.
    pub(super) fn tilt_row(&mut self, ui: &mut Ui, defaults: &Settings) {
        let tooltip = "Tilt of the style layers, -1 to 1: left fine texture, right large strokes. It multiplies what the faders say by e to the power of tilt times depth, their sum kept, and moves no fader; in the middle it is not there. Usual are -0.4 to 0.4.";
        let locked = self.mixes.desk.locked.contains(&ParamId::StyleTilt);
        let actions = &self.actions;
        locked_row(ui, "Strokes", tooltip, locked, |ui| {
            let width = room_for_slider(ui);
            let tilt = &mut self.settings.style_tilt;
            let (name, param) = ("Tilt of the style layers", ParamId::StyleTilt);
            let middle = ui.cursor().min.x + width / 2.0;
            let line = Palette::of(ui).rail;
            let y = ui.max_rect().center().y;
            ui.painter().vline(middle, y - 9.0..=y + 9.0, egui::Stroke::new(1.0, line));
            let response = plain_slider(ui, name, tooltip, [-1.0, 1.0], tilt, (width, false));
            if response.changed() {
                // Neutral is where the hand finds it.
                let near = response.dragged() && tilt.abs() < 0.03;
                *tilt = if near { 0.0 } else { (100.0 * *tilt).round() / 100.0 };
            }
            let menu = |ui: &mut Ui| mixes::lock_button(ui, actions, param, locked);
            reset::slider(ui, &response, param, defaults.style_tilt, tilt, menu);
            let (name, width, drag) = ("Tilt of the style layers, number", widgets::NUMBER, -1.0..=1.0);
            let (param, default) = (Some(param), Some(defaults.style_tilt));
            Entry { name, tooltip, drag, suffix: "", whole: false, width, param, default }.show(ui, tilt);
        });
        self.error_of(ui, "style-tilt", "The tilt");
    }
}
