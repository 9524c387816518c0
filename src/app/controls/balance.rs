//! Content against style, and what style is.

use egui::Ui;

use super::combo;
use crate::{
    app::{
        ImpastoApp, knobs,
        theme::ROW,
        widgets::{self, Entry, Fader, row, row_error},
    },
    settings::{Knob, Range, Settings, Statistic},
};

/// The amount that switching it on begins with: about what the usual weights give.
const FIRST_AMOUNT: f64 = 0.9;

impl ImpastoApp {
    /// α and β as they are in force: those of the style amount where it is on and the engine has told them.
    fn balance_in_force(&self) -> [f64; 2] {
        let measured = self.run.progress.as_ref().and_then(|progress| progress.norms.balance);
        match (self.settings.style_amount, measured) {
            (Some(_), Some(balance)) => balance,
            _ => [self.settings.content_weight, self.settings.style_weight],
        }
    }

    /// From now on α and β count, as the style amount had them.
    pub(in crate::app) fn end_style_amount(&mut self) {
        let [content, style] = self.balance_in_force();
        self.settings.content_weight = content;
        self.settings.style_weight = style;
        self.settings.style_amount = None;
    }

    fn amount_row(&mut self, ui: &mut Ui) {
        let tooltip = "How much style there is against content, 0 to 100 %. It means the same at every size and with every pair: α and β are found by measuring. Moving α or β by hand switches it off.";
        row(ui, "Style amount", tooltip, |ui| {
            let mut on = self.settings.style_amount.is_some();
            widgets::checkbox(ui, "Use the style amount", tooltip, &mut on);
            match (on, &mut self.settings.style_amount) {
                (true, amount @ None) => *amount = Some(FIRST_AMOUNT),
                (false, Some(_)) => self.end_style_amount(),
                _ => {}
            }
            let Some(amount) = &mut self.settings.style_amount else {
                ui.label(widgets::weak(ui, "off: α and β count"));
                return;
            };
            let before = 100.0 * *amount;
            let mut percent = before;
            let name = "Style amount";
            let range = Range { max: 100.0, ..Knob::StyleAmount.range(self.settings.objective) };
            let usual = 100.0 * FIRST_AMOUNT;
            let fader = Fader { name, tooltip, knob: Knob::StyleAmount, range, usual };
            let gap = ui.spacing().item_spacing.x;
            let width = (ui.available_width() - widgets::NUMBER - gap).max(40.0);
            fader.slider(ui, &mut percent, width);
            let number = Entry {
                name: "Style amount, number",
                tooltip,
                drag: 0.0..=100.0,
                suffix: " %",
                whole: false,
                width: widgets::NUMBER,
            }
            .show(ui, &mut percent);
            knobs::menu(&number, Knob::StyleAmount);
            if percent != before {
                *amount = percent / 100.0;
            }
        });
        self.error_of(ui, "style-amount", "The style amount");
    }

    pub(super) fn balance_rows(&mut self, ui: &mut Ui, usual: &Settings) {
        self.amount_row(ui);
        let shown = self.balance_in_force();
        let mut balance = shown;
        let objective = self.settings.objective;
        let fader = |ui: &mut Ui, label, name, tooltip, knob: Knob, usual: f64, value: &mut f64| {
            row(ui, label, tooltip, |ui| {
                Fader { name, tooltip, knob, range: knob.range(objective), usual }.show(ui, value, 0.0);
            });
        };
        let tooltip = "α: weight of the content term. More keeps the shapes of the content.";
        fader(
            ui,
            "Content α",
            "Content weight α",
            tooltip,
            Knob::Alpha,
            usual.content_weight,
            &mut balance[0],
        );
        self.error_of(ui, "content-weight", "The content weight");
        let tooltip = "β: weight of the style term. More takes the strokes and colours of the style.";
        fader(ui, "Style β", "Style weight β", tooltip, Knob::Beta, usual.style_weight, &mut balance[1]);
        self.error_of(ui, "style-weight", "The style weight");
        if balance != shown {
            [self.settings.content_weight, self.settings.style_weight] = balance;
            self.settings.style_amount = None;
        }
        if let Some(problem) = self.problem.as_ref().filter(|problem| problem.setting == "weights") {
            row_error(ui, &widgets::sentence(&problem.message));
        }
        let tooltip =
            "Learning rate: about the largest move of a pixel in one step, where 1 is the whole range.";
        row(ui, "Step size", tooltip, |ui| {
            let usual = usual.learning_rate;
            let knob = Knob::LearningRate;
            Fader { name: "Learning rate", tooltip, knob, range: knob.range(objective), usual }.show(
                ui,
                &mut self.settings.learning_rate,
                0.0,
            );
        });
        self.error_of(ui, "lr", "The learning rate");
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

    /// Tilts the style layers' weights: a step each time, so that single faders stay what they are.
    pub(super) fn tilt_row(&mut self, ui: &mut Ui) {
        let tooltip = "Tilts the style layers' weights towards fine grain or towards large strokes, each times e to the power of its depth; their sum stays";
        row(ui, "Strokes", tooltip, |ui| {
            for (text, name, tilt) in [("Finer", "Finer strokes", -0.1), ("Larger", "Larger strokes", 0.1)] {
                let button = ui.add(egui::Button::new(text).min_size(egui::vec2(64.0, ROW)));
                if button.accessible_name(name).on_hover_text(tooltip).clicked() {
                    self.settings.style_layers = self.settings.style_layers.tilted(tilt);
                }
            }
        });
    }
}
