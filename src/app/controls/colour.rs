//! How much of the content's colours there is.

use egui::Ui;

use crate::{
    app::{
        ImpastoApp,
        widgets::{self, Fader, row},
    },
    settings::{Knob, Settings},
};

impl ImpastoApp {
    pub(super) fn colour_rows(&mut self, ui: &mut Ui, usual: &Settings) {
        let objective = self.settings.objective;
        let fader =
            |ui: &mut Ui, label: &str, name: &str, tooltip: &str, knob: Knob, usual: f64, value: &mut f64| {
                row(ui, label, tooltip, |ui| {
                    Fader { name, tooltip, knob, range: knob.range(objective), usual }.show(ui, value, 0.0);
                });
            };
        let tooltip = "Paints in luminance alone, the styles' matched to the content's in mean and deviation; the painting has the content's colours. It can be changed at any time.";
        row(ui, "Light only", tooltip, |ui| {
            widgets::checkbox(ui, "Luminance only", tooltip, &mut self.settings.luminance_only);
        });
        if self.settings.luminance_only {
            return;
        }
        let tooltip = "How much of the content's colours is kept, 0 to 1: the painting's light with the content's chroma. It is done to the finished picture and can be moved at any time.";
        fader(
            ui,
            "Keep",
            "Keep the content's colours",
            tooltip,
            Knob::KeepColours,
            usual.keep_colours,
            &mut self.settings.keep_colours,
        );
        self.error_of(ui, "keep-colours", "Keep");
        let tooltip = "How much of the content's colours, or of the palette's where there is one, the styles get before painting, 0 to 1: their mean and covariance. It can be changed at any time; how soon it shows depends on how much is painted over.";
        fader(
            ui,
            "Match",
            "Match the styles to the content's colours",
            tooltip,
            Knob::MatchColours,
            usual.match_colours,
            &mut self.settings.match_colours,
        );
        self.error_of(ui, "match-colours", "Match");
    }
}
