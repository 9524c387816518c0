//! The size, with what it means while it is typed.

use egui::{Label, Ui};

use super::combo;
use crate::{
    ImpastoApp,
    entry::Entry,
    widgets::{self, row},
};
use impasto_core::settings::{MAX_SIZE, MIN_SIZE};

const SIZES: [u32; 10] = [128, 160, 192, 256, 320, 384, 512, 640, 768, 1024];

impl ImpastoApp {
    pub(super) fn size_row(&mut self, ui: &mut Ui) {
        let tooltip = format!(
            "Longest side of the painted picture, {MIN_SIZE} to {MAX_SIZE} pixels. Changing it starts anew from the current picture.\nNow: {}",
            self.size_facts(self.settings.size)
        );
        let mut typed = None;
        row(ui, "Size", &tooltip, |ui| {
            let mut size = f64::from(self.settings.size);
            typed = Entry::of_size("Size", &tooltip).show_typed(ui, &mut size);
            self.settings.size = size as u32;
            combo(
                ui,
                "Size presets",
                "Usual sizes, in pixels of the longest side",
                "Sizes".to_owned(),
                |ui| {
                    for preset in SIZES {
                        let facts = self.size_facts(preset);
                        ui.selectable_value(&mut self.settings.size, preset, facts);
                    }
                },
            );
        });
        let possible = typed.map(|typed| typed as u32).filter(|size| (MIN_SIZE..=MAX_SIZE).contains(size));
        if let Some(size) = possible {
            let facts = widgets::weak(ui, self.size_facts(size));
            ui.add(Label::new(facts).truncate());
        }
        self.error_of(ui, "size", "Size");
    }
}
