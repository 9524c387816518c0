//! The row that begins with a mix: a bundled preset or one of the person's own.

use egui::{RichText, Ui};

use super::combo;
use crate::{
    ImpastoApp, defaults::PresetName, mixes::Mixes, presets::PresetAction, theme::Palette, widgets::row,
};
use impasto_base::error::chain;
use impasto_core::settings::Preset;

impl ImpastoApp {
    pub(super) fn preset_row(&self, ui: &mut Ui) {
        let tooltip = "A mix to begin with: sets the objective, the weights, the statistic and the optimizer, and leaves size and device alone. What was set before can be brought back.";
        row(ui, "Preset", tooltip, |ui| {
            let is = self.mixes.presets.defaults.is().cloned();
            let text = is.as_ref().map_or("Custom", PresetName::text).to_owned();
            let actions = &self.actions;
            combo(ui, "Preset", tooltip, text, |ui| {
                for preset in Preset::ALL {
                    let name = PresetName::Bundled(preset);
                    let label = ui.selectable_label(is.as_ref() == Some(&name), preset.name());
                    if label.on_hover_text(preset.tooltip()).clicked() {
                        actions.push(PresetAction::Take(name));
                    }
                }
                if !self.mixes.presets.list.is_empty() {
                    ui.separator();
                }
                for preset in &self.mixes.presets.list {
                    match &preset.mix {
                        Ok(_) => {
                            let name = PresetName::Own(preset.name.clone());
                            let label = ui.selectable_label(is.as_ref() == Some(&name), &preset.name);
                            if label.on_hover_text("A preset of your own").clicked() {
                                actions.push(PresetAction::Take(name));
                            }
                        }
                        Err(error) => {
                            let text = RichText::new(&preset.name).color(Palette::of(ui).weak);
                            ui.add_enabled(false, egui::Button::selectable(false, text))
                                .on_disabled_hover_text(chain(error));
                        }
                    }
                }
                ui.separator();
                let hint = "Keeps the current mix under a name, and renames and deletes your presets";
                if ui.selectable_label(false, "Save or manage…").on_hover_text(hint).clicked() {
                    actions.push(PresetAction::Manage);
                }
                if self.mixes.before_preset.is_some() {
                    let text = "Back to the mix before";
                    if ui.selectable_label(false, text).on_hover_text("As it was before the preset").clicked()
                    {
                        actions.push(PresetAction::Back);
                    }
                }
            });
        });
    }

    /// Take a preset's settings; false if it is gone or cannot be used.
    pub(crate) fn take_preset(&mut self, name: &PresetName) -> bool {
        let Mixes { presets, before_preset, .. } = &mut self.mixes;
        let Some(settings) = name.apply(&presets.list, &self.settings) else { return false };
        let before = std::mem::replace(&mut self.settings, settings);
        // From preset to preset, the person's own mix is what is worth bringing back.
        if presets.defaults.is().is_none() || before_preset.is_none() {
            *before_preset = Some(Box::new(before));
        }
        true
    }
}
