//! Rows for continuous parameters: everything but the words comes from the parameter table.

use egui::Ui;

use crate::{ImpastoApp, entry::Entry, fader::Fader, widgets::row};
use impasto_core::settings::{ParamId, Parameter, Range, Settings};

/// The words of a row.
pub(super) struct Words<'a> {
    pub label: &'a str,
    pub tooltip: &'a str,
    /// Begins a sentence about a value that cannot be used.
    pub subject: &'a str,
}

impl ImpastoApp {
    /// A row with a parameter's fader, and what is wrong with its value below.
    pub(super) fn fader_row(&mut self, ui: &mut Ui, id: ParamId, usual: &Settings, words: &Words<'_>) {
        self.number_row(ui, id, usual, words, |ui, name, range, usual, value| {
            Fader { name, tooltip: words.tooltip, knob: id, range, usual }.show(ui, value, 0.0);
        });
    }

    /// A row with a parameter's number, and what is wrong with its value below.
    pub(super) fn entry_row(&mut self, ui: &mut Ui, id: ParamId, usual: &Settings, words: &Words<'_>) {
        self.number_row(ui, id, usual, words, |ui, name, range, usual, value| {
            let (tooltip, drag) = (words.tooltip, range.min..=range.max);
            let (knob, usual) = (Some(id), Some(usual));
            Entry { name, tooltip, drag, suffix: "", whole: false, width: 84.0, knob, usual }.show(ui, value);
        });
    }

    fn number_row(
        &mut self,
        ui: &mut Ui,
        id: ParamId,
        usual: &Settings,
        words: &Words<'_>,
        show: impl FnOnce(&mut Ui, &str, Range, f64, &mut f64),
    ) {
        let Some(parameter) = Parameter::of_id(id) else { return };
        let value = id.stored(&self.settings, &[]).zip(id.stored(usual, &[]));
        let Some((mut value, usual)) = value else { return };
        // A fader's number has the longer name.
        let name = parameter.control.trim_end_matches(", number");
        let range = id.range(self.settings.objective);
        row(ui, words.label, words.tooltip, |ui| show(ui, name, range, usual, &mut value));
        id.store(&mut self.settings, &mut [], value);
        self.error_of(ui, parameter.flag_name(), words.subject);
    }
}
