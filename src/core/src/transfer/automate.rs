//! Automation while it paints: before each step the knobs go where their tracks have them then. See
//! [`Settings::automated`](crate::settings::Settings::automated).

use super::{Painting, TransferError, style_transfer::Change};
use crate::settings::{Modulated, Settings, StyleMix};

/// Part of a knob's range beyond which a move within one step is a jump.
const JUMP: f64 = 0.1;

impl Painting {
    /// Puts the knobs where they are after so many steps; the level does not know of it yet.
    pub(super) fn place_knobs(&mut self, step: u32) {
        let (moved, styles) = self.settings.automated(&self.mix, step);
        self.inputs.set_mix(&styles);
        self.moved = moved;
    }

    /// Moves the knobs to where they are at this step.
    pub(super) fn automate(&mut self) -> Result<(), TransferError> {
        if self.settings.automation.is_on() { self.move_knobs(self.step) } else { Ok(()) }
    }

    /// Moves the knobs to where they are after so many steps, if they are elsewhere.
    pub(super) fn move_knobs(&mut self, step: u32) -> Result<(), TransferError> {
        let before = (self.moved.clone(), self.inputs.mix());
        let looks = self.inputs.looks(&self.level_settings());
        self.place_knobs(step);
        let now = (self.moved.clone(), self.inputs.mix());
        if now == before {
            return Ok(());
        }
        let change = if jumps(&self.settings, &before, &now) { Change::Sudden } else { Change::Gradual };
        self.follow(&looks, change)
    }
}

/// Whether any automated knob goes far at once.
fn jumps(settings: &Settings, before: &(Modulated, Vec<StyleMix>), now: &(Modulated, Vec<StyleMix>)) -> bool {
    settings.automation.iter().any(|(knob, _)| {
        let range = knob.range(settings.objective);
        let place =
            |(settings, mix): &(Modulated, Vec<StyleMix>)| Some(range.place(knob.get(settings, mix)?));
        place(before).zip(place(now)).is_some_and(|(a, b)| (a - b).abs() > JUMP)
    })
}
