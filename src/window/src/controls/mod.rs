//! The right panel: every setting of a run.

mod advanced;
pub mod amount;
mod balance;
mod colour;
mod device;
mod numbers;
mod optimizer;
mod perform;
mod picture;
pub mod preset_tiles;
mod presets;
mod size;

use egui::{ComboBox, Label, Ui};

use super::{
    ImpastoApp,
    command::Command,
    theme::{Palette, ROW, space},
    widgets::{self, row_error, section},
};
use impasto_core::settings::{Objective, Rgb, Settings};

/// Draws a section, given the settings that are usual.
type Section = fn(&mut ImpastoApp, &mut Ui, &Settings);

/// The sections in their order. To add one: a file beside this one, and a line here.
const SECTIONS: &[Section] = &[
    ImpastoApp::perform_group,
    ImpastoApp::mixer_section,
    ImpastoApp::colour_section,
    ImpastoApp::picture_section,
    ImpastoApp::advanced_section,
];

impl ImpastoApp {
    pub(crate) fn controls_ui(&mut self, ui: &mut Ui) {
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let defaults = self.mixes.presets.defaults.settings().clone();
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.add_space(2.0);
            SECTIONS.iter().for_each(|section| section(self, ui, &defaults));
            ui.add_space(space::L);
        });
    }

    fn mixer_section(&mut self, ui: &mut Ui, defaults: &Settings) {
        widgets::compact_section(ui, "Mixer", |ui| self.reset_button(ui));
        self.live(ui, |app, ui| app.balance_rows(ui, defaults));
        for remark in self.settings.remarks() {
            ui.add(Label::new(widgets::weak(ui, widgets::sentence(&remark))).wrap());
        }
        self.live(ui, |app, ui| app.mixer_ui(ui, defaults));
        ui.spacing_mut().item_spacing.y = space::XS;
    }

    fn colour_section(&mut self, ui: &mut Ui, defaults: &Settings) {
        section(ui, "Style and colour");
        if self.settings.objective == Objective::Balanced {
            self.edit(ui, |app, ui| app.statistic_row(ui));
        }
        self.live(ui, |app, ui| app.colour_rows(ui, defaults));
    }

    fn picture_section(&mut self, ui: &mut Ui, defaults: &Settings) {
        section(ui, "Picture");
        self.edit(ui, |app, ui| {
            app.objective_row(ui);
            app.pyramid_row(ui);
            app.steps_row(ui, defaults);
        });
        self.live(ui, |app, ui| {
            app.step_size_row(ui, defaults);
            app.begin_rows(ui);
        });
    }

    fn advanced_section(&mut self, ui: &mut Ui, defaults: &Settings) {
        ui.add_space(space::M);
        let open = widgets::is_focus_wanted(ui.ctx()).then_some(true);
        egui::CollapsingHeader::new("Advanced")
            .open(open)
            .show_unindented(ui, |ui| self.live(ui, |app, ui| app.advanced(ui, defaults)));
        // If no control has this name, the search ends.
        self.panels.focus_search_frames =
            if open.is_some() { self.panels.focus_search_frames + 1 } else { 0 };
        if self.panels.focus_search_frames > 3 {
            widgets::end_focus_search(ui.ctx());
        }
    }

    fn reset_button(&self, ui: &mut Ui) {
        let command = Command::ResetMix;
        let hint = command.hint(ui.ctx());
        let tooltip = format!("{hint}\nNow: {}", self.mixes.presets.defaults.name());
        if widgets::quiet_button(ui, "Reset all", &tooltip).clicked() {
            self.actions.push(command);
        }
    }

    /// What is wrong with a setting, if it is this one.
    pub(super) fn error_of(&self, ui: &mut Ui, setting: &str, label: &str) {
        if let Some(problem) = self.problems.iter().find(|problem| problem.setting == setting) {
            row_error(ui, &format!("{label} {}", problem.message));
        }
    }
}

/// A choice from a list that fills the rest of its row.
fn combo(ui: &mut Ui, name: &str, tooltip: &str, text: String, content: impl FnOnce(&mut Ui)) {
    let response = ComboBox::from_id_salt(name)
        .selected_text(text)
        .width((ui.available_width() - 1.0).max(80.0))
        .height(420.0)
        .truncate()
        .show_ui(ui, content)
        .response;
    widgets::take_focus(&response, name);
    response.accessible_name(name).on_hover_text(tooltip);
}

fn colour_button(ui: &mut Ui, name: &str, tooltip: &str, Rgb(rgb): &mut Rgb) {
    ui.spacing_mut().interact_size = egui::vec2(44.0, ROW - 4.0);
    ui.color_edit_button_srgb(rgb).accessible_name(name).on_hover_text(tooltip);
    ui.label(widgets::weak(ui, Rgb(*rgb).to_string()));
    // Colours are compared without a tinted edge.
    ui.visuals_mut().widgets.inactive.bg_stroke = egui::Stroke::new(1.0, Palette::of(ui).line);
}
