//! Commands to the worker and its events.

use std::sync::Arc;

use image::RgbImage;

use impasto_core::{
    run::{Job, Record, RunId, RunInfo},
    transfer::{GradientNorms, LevelCommand, Losses, PyramidProgress, VisualizationState},
};
use impasto_network::vgg::Layer;

/// Commands to the worker. Changed settings are sent through a latest-wins slot instead, see
/// [`super::Session::update`].
#[derive(Clone, Debug)]
pub enum Command {
    /// Ends the current run, if any, and prepares and paints this one.
    Run(Box<Job>),
    Pause,
    Resume,
    /// Paints a single step, then pauses.
    Step,
    /// Whether the run paints on beyond its steps, see [`Job::endless`].
    Endless(bool),
    /// Moves the run in its pyramid.
    Level(LevelCommand),
    /// Looks into a layer from now on, as often as painting allows ([`super::Session::take_study`]); `None`
    /// ends it.
    Study(Option<Layer>),
    /// Ends the run; the picture stays.
    Stop,
    /// Wakes a waiting worker so that it takes over changed settings.
    Nudge,
    /// Ends the worker.
    Quit,
}

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RunState {
    /// No run yet.
    #[default]
    Idle,
    /// Loading weights, computing targets.
    Preparing,
    Running,
    Paused,
    /// The step limit is reached, and raising it and resuming goes on; or the objective has converged, and
    /// the settings want to stop there. An endless run is behind its limit and has settled: whatever is asked for wakes it.
    Finished,
    Stopped,
    /// See [`Event::Failed`].
    Failed,
}

/// How far a run is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Steps painted.
    pub step: u32,
    /// Where in the pyramid.
    pub place: PyramidProgress,
    /// Terms as they stood before that step's update; `None` before the first step, and where nothing was
    /// read back.
    pub losses: Option<Losses>,
    /// The objective had stopped falling, at the final size, when it was last read back.
    pub converged: bool,
    /// What each term's gradient was when it was measured last; [`GradientNorms::shares`] are the level
    /// meters.
    pub norms: GradientNorms,
    /// Mean of the recent steps, in seconds; 0 before the first step.
    pub seconds_per_step: f64,
    /// Time spent painting (pauses not counted), in seconds.
    pub elapsed: f64,
}

/// The worker's events.
#[derive(Clone, Debug)]
pub enum Event {
    State {
        run: RunId,
        state: RunState,
    },
    /// What is being prepared, for a status line.
    Preparing {
        run: RunId,
        what: String,
    },
    Started {
        run: RunId,
        info: Box<RunInfo>,
    },
    /// May be dropped if the window is slow.
    Progress {
        run: RunId,
        progress: Box<Progress>,
    },
    /// A notice for the user; the run goes on.
    Notice {
        run: RunId,
        text: String,
    },
    /// The run has ended with an error; the last good picture stays.
    Failed {
        run: RunId,
        message: String,
    },
    /// How far an extract of [`super::Session::request_visualizations`] is, by its key, or why there is none.
    /// What is not done yet may be dropped when the window is slow.
    Extract {
        key: String,
        result: Result<Box<VisualizationState>, String>,
    },
    /// The worker itself is gone. A new [`super::Session`] can be started.
    Died {
        message: String,
    },
}

/// A picture on its way to the window.
#[derive(Clone, Debug)]
pub struct Frame {
    pub run: RunId,
    /// Steps painted into it; 0 is the initial image.
    pub step: u32,
    pub picture: Arc<RgbImage>,
    /// How the picture came about.
    pub record: Record,
    /// Number of the last [`super::Session::update`] that it was painted with; 0 before the first.
    pub update: u64,
}
