//! Which colours the styles get before painting, and how far those of the painting follow the photograph.

use egui::Ui;

use super::numbers::Words;
use crate::{
    ImpastoApp,
    widgets::{self, row},
};
use impasto_core::settings::{ParamId, Settings};

impl ImpastoApp {
    pub(super) fn colour_rows(&mut self, ui: &mut Ui, defaults: &Settings) {
        let tooltip = "Paints the lightness alone, the styles' matched to the content's in mean and deviation; the painting has the content's colours. It can be changed at any time.";
        row(ui, "Lightness only", tooltip, |ui| {
            widgets::checkbox(ui, "Lightness only", tooltip, &mut self.settings.luminance_only);
        });
        if self.settings.luminance_only {
            return;
        }
        let tooltip = "How much of the content's colours, or of the palette's where there is one, the styles get before painting, 0 to 1: their mean and covariance. It can be changed at any time; how soon it shows depends on how much is painted over.";
        let words = Words { label: "Match colours", tooltip, subject: "Match colours" };
        self.fader_row(ui, ParamId::MatchColours, defaults, &words);
        let tooltip = "How far each colour begins and ends where a thing in the photograph does, 0 to 1: the painting's light, with the photograph's hues in the style's colours. It removes stray patches of colour. It is done to the finished picture and can be moved at any time.";
        let words = Words { label: "Settle colours", tooltip, subject: "Settle colours" };
        self.fader_row(ui, ParamId::SettleColours, defaults, &words);
    }
}
