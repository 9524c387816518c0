//! The row that begins with a mix: a bundled preset or one of the person's own.

use egui::{RichText, Ui};

use super::combo;
use crate::{ImpastoApp, presets::PresetAction, theme::Palette, usual::PresetName, widgets::row};
use impasto_base::error::chain;
use impasto_core::settings::{Preset, Settings};

impl ImpastoApp {
    pub(super) fn preset_row(&self, ui: &mut Ui) {
        let tooltip = "A mix to begin with: sets the objective, the weights, the statistic and the optimizer, and leaves size and device alone. What was set before can be brought back.";
        row(ui, "Preset", tooltip, |ui| {
            let is = self.mixes.presets.usual.is().cloned();
            let text = is.as_ref().map_or("Own mix", PresetName::text).to_owned();
            let mut wanted = None;
            let actions = &self.actions;
            combo(ui, "Preset", tooltip, text, |ui| {
                for preset in Preset::ALL {
                    let label = ui.selectable_label(is == Some(PresetName::Bundled(preset)), preset.name());
                    if label.on_hover_text(preset.tooltip()).clicked() {
                        wanted = Some(preset.apply(&self.settings));
                    }
                }
                if !self.mixes.presets.list.is_empty() {
                    ui.separator();
                }
                for preset in &self.mixes.presets.list {
                    match &preset.mix {
                        Ok(mix) => {
                            let name = PresetName::Own(preset.name.clone());
                            let label = ui.selectable_label(is == Some(name), &preset.name);
                            if label.on_hover_text("A preset of your own").clicked() {
                                wanted = mix.apply(&self.settings).ok();
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
                let hint = "Keeps the present mix under a name, and renames and deletes your presets";
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
            if let Some(mix) = wanted {
                actions.push(PresetAction::Take(Box::new(mix), is.is_none()));
            }
        });
    }

    /// Takes a preset's settings; `own_mix` tells that those before were none.
    pub(crate) fn take_preset(&mut self, settings: Settings, own_mix: bool) {
        let before = std::mem::replace(&mut self.settings, settings);
        // From preset to preset, the person's own mix is what is worth bringing back.
        if own_mix || self.mixes.before_preset.is_none() {
            self.mixes.before_preset = Some(Box::new(before));
        }
    }
}
