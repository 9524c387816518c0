//! The optimizer and its constants.

use egui::Ui;

use super::{combo, numbers::Words};
use crate::{
    ImpastoApp,
    entry::Entry,
    widgets::{self, row},
};
use impasto_core::settings::{LineSearch, MAX_HISTORY, Optimizer, ParamId, Settings};

impl ImpastoApp {
    pub(super) fn optimizer_rows(&mut self, ui: &mut Ui, defaults: &Settings) {
        let tooltip = "How the image is moved along its gradient. It can be changed at any time; the new one begins at the picture as it is shown.";
        row(ui, "Optimizer", tooltip, |ui| {
            let chosen = &mut self.settings.optimizer;
            let name = |optimizer: Optimizer| match optimizer {
                Optimizer::Adam => "Adam",
                Optimizer::Lbfgs => "L-BFGS",
            };
            combo(ui, "Optimizer", tooltip, name(*chosen).to_owned(), |ui| {
                for (optimizer, text) in [
                    (Optimizer::Adam, "Adam: quick to paint, follows every change"),
                    (Optimizer::Lbfgs, "L-BFGS: the paper's, refines without noise"),
                ] {
                    ui.selectable_value(chosen, optimizer, text);
                }
            });
        });
        match self.settings.optimizer {
            Optimizer::Adam => self.adam_rows(ui, defaults),
            Optimizer::Lbfgs => self.lbfgs_rows(ui, defaults),
        }
        let tooltip = "Shows and saves the iterate with the lowest objective so far, instead of the last one or the mean of Adam's. It begins anew with every change of the objective and at every size.";
        row(ui, "Keep best", tooltip, |ui| {
            widgets::checkbox(ui, "Keep the best iterate", tooltip, &mut self.settings.keep_best);
        });
        let tooltip = "Stops when the objective has converged: when its lowest value has fallen by less than 1/10 000 in 50 steps at the final size. Otherwise it says so and paints on.";
        row(ui, "Stop", tooltip, |ui| {
            let stop = &mut self.settings.stop_when_converged;
            widgets::checkbox(ui, "Stop when converged", tooltip, stop);
            ui.label(widgets::weak(ui, "when converged"));
        });
    }

    fn adam_rows(&mut self, ui: &mut Ui, defaults: &Settings) {
        let tooltip = "Decay of the iterates' mean, which is what is shown and saved: 0.99 takes the optimizer's noise out, 0 shows the iterate itself. It reaches back over a tenth of the steps since the size was entered or a weight changed at most, so that it never trails behind.";
        for (id, label, tooltip, subject) in [
            (ParamId::Averaging, "Averaging", tooltip, "The averaging"),
            (ParamId::Beta1, "Adam β1", "Adam's decay of the gradient's mean, 0 to below 1", "β1"),
            (ParamId::Beta2, "Adam β2", "Adam's decay of the gradient's square, 0 to below 1", "β2"),
            (ParamId::Epsilon, "Adam ε", "Adam's term against division by zero, above 0", "ε"),
        ] {
            self.entry_row(ui, id, defaults, &Words { label, tooltip, subject });
        }
    }

    fn lbfgs_rows(&mut self, ui: &mut Ui, defaults: &Settings) {
        let tooltip = "Steps whose curvature L-BFGS remembers, 1 to 50; usual are 10 to 20. Each takes the memory of two images.";
        row(ui, "History", tooltip, |ui| {
            let mut history = f64::from(self.settings.history);
            let drag = 1.0..=f64::from(MAX_HISTORY);
            let (name, param, default) = ("History", None, Some(f64::from(defaults.history)));
            Entry { name, tooltip, drag, suffix: "", whole: true, width: 84.0, param, default }
                .show(ui, &mut history);
            self.settings.history = history as u32;
            ui.label(widgets::weak(ui, "steps"));
        });
        self.error_of(ui, "history", "The history");
        let tooltip = "How L-BFGS finds the length of a step: searched for, so that the objective never rises, or fixed, not longer than the step size";
        row(ui, "Line search", tooltip, |ui| {
            let chosen = &mut self.settings.line_search;
            combo(ui, "Line search", tooltip, widgets::capital(&chosen.to_string()), |ui| {
                for (kind, text) in [
                    (LineSearch::Wolfe, "Wolfe: searched, one to a few evaluations each"),
                    (LineSearch::Fixed, "Fixed: one evaluation each, not longer than the step size"),
                ] {
                    ui.selectable_value(chosen, kind, text);
                }
            });
        });
    }
}
