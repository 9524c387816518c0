//! What is painted: the mix to begin with, the objective, the size, the pyramid, the steps.

use egui::Ui;

use super::combo;
use crate::{
    ImpastoApp,
    command::Command,
    entry::Entry,
    theme::space,
    widgets::{self, row},
};
use impasto_core::settings::{Objective, Settings};

impl ImpastoApp {
    pub(super) fn objective_row(&mut self, ui: &mut Ui) {
        let tooltip = "The formulas that are minimised. Choosing one sets α, β, the layers and the optimizer to its default values.";
        row(ui, "Objective", tooltip, |ui| {
            let mut chosen = self.settings.objective;
            combo(ui, "Objective", tooltip, widgets::capital(&chosen.to_string()), |ui| {
                for &objective in Objective::ALL {
                    let text = match objective {
                        Objective::Balanced => "Balanced: the sliders mean the same at every size",
                        Objective::Paper => "Paper: Gatys, Ecker and Bethge 2016",
                        Objective::Classic => "Classic: the PyTorch tutorial, at most 400 px",
                    };
                    ui.selectable_value(&mut chosen, objective, text);
                }
            });
            if chosen != self.settings.objective {
                self.settings.set_objective(chosen);
            }
        });
    }

    pub(super) fn pyramid_row(&mut self, ui: &mut Ui) {
        let tooltip = "Paints through sizes from about 128 pixels to the full one: large strokes first, and most steps where they are quick";
        row(ui, "Pyramid", tooltip, |ui| {
            widgets::checkbox(ui, "Pyramid", tooltip, &mut self.settings.pyramid);
            let place = self.run.place();
            if self.settings.pyramid && place.levels == 1 && self.run.alive() {
                let text = "one size only: small enough to begin with";
                ui.add(egui::Label::new(widgets::weak(ui, text)).truncate()).on_hover_text(tooltip);
            }
            if !self.settings.pyramid || place.levels < 2 {
                return;
            }
            ui.spacing_mut().item_spacing.x = space::XS;
            let ctx = ui.ctx().clone();
            for command in [Command::SmallerSize, Command::LargerSize] {
                let (hint, enabled) = (command.hint(&ctx), self.can(command));
                if widgets::icon_button(ui, command.icon(), command.text(), &hint, enabled).clicked() {
                    self.actions.push(command);
                }
            }
            let command = Command::StaySize;
            let hint = command.hint(&ctx);
            if widgets::icon_toggle(ui, command.icon(), command.text(), &hint, place.held).clicked() {
                self.actions.push(command);
            }
            let size = place.width.max(place.height);
            ui.label(widgets::weak(ui, format!("{size} px, {} of {}", place.level + 1, place.levels)))
                .on_hover_text("The size that is painted now, and which of the pyramid's sizes it is");
        });
    }

    pub(super) fn steps_row(&mut self, ui: &mut Ui, defaults: &Settings) {
        let tooltip = "Length of the climb through the sizes, in steps. It can be raised at any time.";
        row(ui, "Steps", tooltip, |ui| {
            let mut steps = f64::from(self.settings.steps);
            let (drag, default) = (1.0..=1e6, Some(f64::from(defaults.steps)));
            Entry {
                name: "Steps",
                tooltip,
                drag,
                suffix: "",
                whole: true,
                width: 84.0,
                param: None,
                default,
            }
            .show(ui, &mut steps);
            self.settings.steps = steps as u32;
            let tooltip = "Off: after these steps painting continues until the picture hardly changes; then it rests, and any change resumes it";
            widgets::checkbox(ui, "Stop after the steps", tooltip, &mut self.view.layout.stop_after_steps);
            ui.label(widgets::weak(ui, "then stop")).on_hover_text(tooltip);
        });
        self.error_of(ui, "steps", "Steps");
    }

    pub(super) fn preview_row(&mut self, ui: &mut Ui) {
        let tooltip = "Steps between two pictures here; 0 chooses by itself. Showing fewer pictures paints a little faster.";
        row(ui, "Preview every", tooltip, |ui| {
            let mut every = f64::from(self.settings.preview_every);
            Entry {
                name: "Preview interval",
                tooltip,
                drag: 0.0..=1000.0,
                suffix: "",
                whole: true,
                width: 84.0,
                param: None,
                default: Some(0.0),
            }
            .show(ui, &mut every);
            self.settings.preview_every = every as u32;
            let text = match self.settings.preview_every {
                0 => "automatic",
                1 => "step",
                _ => "steps",
            };
            ui.label(widgets::weak(ui, text));
        });
    }
}
