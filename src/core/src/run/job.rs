//! A run to paint.

use serde::{Deserialize, Serialize};

use crate::{settings::Settings, transfer::Inputs};

/// Number of a run. The window gives every run a new one, and ignores what comes from an older one.
pub type RunId = u64;

/// Where a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// From the initial image that the settings name.
    #[default]
    Beginning,
    /// From the picture that the worker painted last, or was lent (`Session::go_on_from`); from the beginning where
    /// there is none.
    Current,
    /// The same picture, which other pictures are to change: through all levels of the pyramid again.
    Repaint,
    /// From the earlier moment that the worker was lent, see `Session::set_restore_point`; like [`Start::Current`] where
    /// there is none.
    Moment,
}

/// All that a run needs.
#[derive(Clone, Debug)]
pub struct Job {
    pub run: RunId,
    pub inputs: Inputs,
    pub settings: Settings,
    pub start: Start,
    /// Prepare, show the initial picture and wait.
    pub paused: bool,
    /// Paint on beyond the settings' steps until the picture has settled, then rest until something is asked for.
    pub endless: bool,
    /// Replace the settings' size by one that suits the device's measured speed. What was chosen is in
    /// [`super::RunInfo::size`].
    pub choose_size: bool,
}

impl Job {
    /// From the beginning, painted at once, to its settings' steps.
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
