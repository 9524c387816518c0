//! The status line at the bottom: what is going on, and the facts of the run.

use egui::{Align, Label, Layout, Sense, Ui};

use super::{
    ImpastoApp,
    command::Command,
    theme::{Palette, space},
    widgets,
};
use impasto_engine::session::RunState;
use impasto_network::compute::DeviceInfo;

impl ImpastoApp {
    pub(super) fn status_ui(&mut self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = space::L;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = space::L;
                self.facts(ui);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let (text, color) = match self.problems.first() {
                        Some(problem) => {
                            let (setting, message) = (&problem.setting, &problem.message);
                            (format!("Not applied: {setting} {message}"), palette.bad)
                        }
                        None => (self.message(), palette.weak),
                    };
                    let text = egui::RichText::new(text).small().color(color);
                    ui.add(Label::new(text.clone()).truncate()).on_hover_text(text.text().to_owned());
                });
            });
        });
    }

    fn message(&self) -> String {
        if let Some(what) = &self.run.preparing {
            return what.clone();
        }
        if let Some(notice) = &self.messages.notice {
            return notice.clone();
        }
        match (self.run.state, &self.run.given) {
            (RunState::Running | RunState::Paused, Some(given)) if self.inputs().is_none() => {
                let styles = given.inputs.styles.iter().map(|style| style.picture.name.as_str());
                let styles = styles.collect::<Vec<_>>().join(" and ");
                let verb = if self.run.playing { "Still painting" } else { "This was painted from" };
                let content = &given.inputs.content.name;
                return format!(
                    "{verb} {content} in {styles}: open a content and a style for another painting"
                );
            }
            _ => {}
        }
        match self.run.state {
            RunState::Idle if self.both_are_coming() => "Opening pictures…".to_owned(),
            RunState::Idle if self.inputs().is_none() => "Choose a content and a style to begin".to_owned(),
            RunState::Running if self.run.converged() => {
                "Converged: the objective has fallen by less than 1/10 000 in 50 steps".to_owned()
            }
            RunState::Finished if self.run.endless => {
                "The picture has settled and rests: change anything, and it paints on".to_owned()
            }
            RunState::Finished if self.run.converged() && self.run.step() < self.settings.steps => {
                "Converged: change a weight, or turn off “Stop when converged”, to paint on".to_owned()
            }
            RunState::Finished => self.finished_note(),
            RunState::Stopped => "Stopped: Play continues from this picture, Restart starts over".to_owned(),
            RunState::Preparing => "Preparing…".to_owned(),
            _ => String::new(),
        }
    }

    /// What is said where all steps are painted.
    pub(super) fn finished_note(&self) -> String {
        let steps = widgets::counted(self.settings.steps as usize, "step");
        format!("Finished: all {steps} painted. Add steps to continue.")
    }

    /// From right to left.
    fn facts(&mut self, ui: &mut Ui) {
        let now = ui.input(|input| input.time);
        if self.view.canvas.picture().is_some()
            && let Some(reason) = self.autosave.trouble(now)
        {
            let text = egui::RichText::new("Autosave is off").small().color(Palette::of(ui).bad);
            let tooltip = format!("A crash would cost this painting. {}", widgets::sentence(&reason));
            ui.label(text).on_hover_text(tooltip);
        }
        if let Some(text) = self.queue_status() {
            let label = Label::new(widgets::weak(ui, text)).sense(Sense::click());
            if ui.add(label).on_hover_text("Shows the queue").clicked() {
                self.actions.push(Command::Queue);
            }
        }
        if let Some(zoom) = self.view.canvas.zoom_text() {
            ui.label(widgets::weak(ui, zoom)).on_hover_text("Zoom: screen pixels per picture pixel");
        }
        if let Some((width, height)) = self.view.canvas.size() {
            ui.label(widgets::weak(ui, format!("{width} × {height} px")))
                .on_hover_text("Size of the painted picture in pixels");
        }
        if let Some(bytes) = self.memory_estimate(&self.settings) {
            ui.label(widgets::weak(ui, format!("≈ {}", widgets::bytes(bytes))))
                .on_hover_text("Estimated memory of a run with these pictures and this size");
        }
        let Some(info) = &self.run.info else { return };
        let weights = &info.weights;
        let short: String = weights.sha256.chars().take(8).collect();
        let name = std::path::Path::new(&weights.source)
            .file_name()
            .map_or_else(|| weights.source.clone(), |name| name.to_string_lossy().into_owned());
        let copy = ui
            .add(
                Label::new(widgets::weak(ui, format!("VGG-19 {} {short}", widgets::shorten(&name, 18))))
                    .sense(Sense::click()),
            )
            .on_hover_text(format!(
                "Weights: {} ({})\nSHA-256 {}\nClick to copy the SHA-256.",
                weights.source, weights.format, weights.sha256
            ));
        if copy.clicked() {
            ui.ctx().copy_text(weights.sha256.clone());
        }
        let device = &info.device;
        if !self.has_device_chip(ui.ctx().content_rect().width()) {
            let text = widgets::shorten(&device_name(device), 30);
            ui.label(widgets::weak(ui, text)).on_hover_text(device_tooltip(device));
        }
    }
}

/// Sort and name of a device. Some names begin with their sort.
pub fn device_name(device: &DeviceInfo) -> String {
    let kind = device.kind.label();
    let name = device
        .name
        .strip_prefix(kind)
        .map_or(device.name.as_str(), |rest| rest.trim_start_matches([':', ' ']));
    // Ornaments that say nothing about which one it is.
    let name = ["(R)", "(TM)", "(tm)", " Processor"]
        .iter()
        .fold(name.to_owned(), |name, part| name.replace(part, ""));
    format!("{kind} · {name}")
}

/// What is known of a device, in lines.
pub fn device_tooltip(device: &DeviceInfo) -> String {
    let facts = format!("Computes on {} ({}, {})", device.name, device.kind.label(), device.backend);
    [facts.as_str(), &device.driver, &device.reason]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}
