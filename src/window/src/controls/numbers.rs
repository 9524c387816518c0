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
    pub(super) fn fader_row(&mut self, ui: &mut Ui, id: ParamId, defaults: &Settings, words: &Words<'_>) {
        self.number_row(ui, id, defaults, words, |ui, name, range, default, value| {
            Fader { name, tooltip: words.tooltip, param: id, range, default }.show(ui, value, 0.0);
        });
    }

    /// A row with a parameter's number, and what is wrong with its value below.
    pub(super) fn entry_row(&mut self, ui: &mut Ui, id: ParamId, defaults: &Settings, words: &Words<'_>) {
        self.number_row(ui, id, defaults, words, |ui, name, range, default, value| {
            let (tooltip, drag) = (words.tooltip, range.min..=range.max);
            let (param, default) = (Some(id), Some(default));
            Entry { name, tooltip, drag, suffix: "", whole: false, width: 84.0, param, default }
                .show(ui, value);
        });
    }

    fn number_row(
        &mut self,
        ui: &mut Ui,
        id: ParamId,
        defaults: &Settings,
        words: &Words<'_>,
        show: impl FnOnce(&mut Ui, &str, Range, f64, &mut f64),
    ) {
        let Some(parameter) = Parameter::of_id(id) else { return };
        let value = id.stored(&self.settings, &[]).zip(id.stored(defaults, &[]));
        let Some((mut value, default)) = value else { return };
        // A fader's number has the longer name.
        let name = parameter.control.trim_end_matches(", number");
        let range = id.range(self.settings.objective);
        row(ui, words.label, words.tooltip, |ui| show(ui, name, range, default, &mut value));
        id.store(&mut self.settings, &mut [], value);
        self.error_of(ui, parameter.flag_name(), words.subject);
    }
}
