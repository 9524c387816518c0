//! Automation during a run: modulate the settings before each step, see
//! [`Settings::automated`](crate::settings::Settings::automated).

use super::{Painting, TransferError, transition::Transition};
use crate::settings::{Modulated, Settings, StyleMix};

/// Fraction of a parameter's range above which a change within one step is a jump.
const JUMP: f64 = 0.1;

impl Painting {
    /// Set the modulated settings for this step, without applying them to the level.
    pub(super) fn set_modulated(&mut self, step: u32) {
        let (modulated, styles) = self.settings.automated(&self.mix, step);
        self.inputs.set_mix(&styles);
        self.modulated = modulated;
    }

    /// Apply the automation of this step.
    pub(super) fn automate(&mut self) -> Result<(), TransferError> {
        if self.settings.automation.is_on() { self.modulate_to(self.step) } else { Ok(()) }
    }

    /// Apply the automation after `step` steps if it changes anything.
    pub(super) fn modulate_to(&mut self, step: u32) -> Result<(), TransferError> {
        let before = (self.modulated.clone(), self.inputs.mix());
        let keys = self.inputs.image_keys(&self.level_settings());
        self.set_modulated(step);
        let now = (self.modulated.clone(), self.inputs.mix());
        if now == before {
            return Ok(());
        }
        let change =
            if jumps(&self.settings, &before, &now) { Transition::Sudden } else { Transition::Gradual };
        self.apply_inputs(&keys, change, false)
    }
}

/// Whether any automated parameter jumps.
fn jumps(settings: &Settings, before: &(Modulated, Vec<StyleMix>), now: &(Modulated, Vec<StyleMix>)) -> bool {
    settings.automation.iter().any(|(id, _)| {
        let range = id.range(settings.objective);
        let place =
            |(settings, mix): &(Modulated, Vec<StyleMix>)| Some(range.position(id.get(settings, mix)?));
        place(before).zip(place(now)).is_some_and(|(a, b)| (a - b).abs() > JUMP)
    })
}
