//! A run to paint.

use serde::{Deserialize, Serialize};

use crate::{settings::Settings, transfer::Inputs};

/// Number of a run. The window gives every run a new one, and ignores events of older runs.
pub type RunId = u64;

/// Where a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// From the settings' initial image.
    #[default]
    Beginning,
    /// From the worker's last picture, or one handed to it by `Session::continue_from`; from the beginning if
    /// there is none.
    Current,
    /// From the same picture, with other inputs: through all levels of the pyramid again.
    Repaint,
    /// From an earlier state, see `Session::set_restore_point`; like [`Start::Current`] if there is none.
    Moment,
}

/// Everything that a run needs.
#[derive(Clone, Debug)]
pub struct Job {
    pub run: RunId,
    pub inputs: Inputs,
    pub settings: Settings,
    pub start: Start,
    /// Prepare, show the initial picture and wait.
    pub paused: bool,
    /// Continue beyond the settings' steps until the picture has settled, then rest until something changes.
    pub endless: bool,
    /// Choose the size by the device's measured speed instead of the settings; the result is in
    /// [`super::RunInfo::size`].
    pub choose_size: bool,
}

impl Job {
    /// A run from the beginning, starting at once, for the settings' steps.
    pub fn new(run: RunId, inputs: Inputs, settings: Settings) -> Self {
        Self {
            run,
            inputs,
            settings,
            start: Start::Beginning,
            paused: false,
            endless: false,
            choose_size: false,
        }
    }
}
