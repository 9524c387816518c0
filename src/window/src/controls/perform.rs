//! The group on top: what a painting is played with. A preset, how much style, its strokes, the photograph's
//! colours.

use egui::Ui;

use super::numbers::Words;
use crate::ImpastoApp;
use impasto_core::settings::{ParamId, Settings};

impl ImpastoApp {
    pub(super) fn perform_group(&mut self, ui: &mut Ui, defaults: &Settings) {
        self.preset_row(ui);
        self.preset_tiles(ui);
        self.live(ui, |app, ui| {
            app.amount_row(ui, defaults);
            app.tilt_row(ui, defaults);
            app.keep_row(ui, defaults);
            let tooltip =
                "Size of the style pictures relative to the painting, 0.05 to 20. Smaller gives finer strokes.";
            let words = Words { label: "Scale", tooltip, subject: "The style scale" };
            app.fader_row(ui, ParamId::StyleScale, defaults, &words);
        });
        self.edit(ui, |app, ui| app.size_row(ui));
    }

    fn keep_row(&mut self, ui: &mut Ui, defaults: &Settings) {
        // In light alone there are no other colours.
        if self.settings.luminance_only {
            return;
        }
        let tooltip = "How much of the photograph's colours is kept, 0 to 1: the painting's light with the content's chroma. It is done to the finished picture and can be moved at any time.";
        let words = Words { label: "Keep colours", tooltip, subject: "Keep colours" };
        self.fader_row(ui, ParamId::KeepColours, defaults, &words);
    }
}
