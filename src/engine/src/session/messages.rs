//! Commands to the worker and its events.

use std::sync::Arc;

use image::RgbImage;

use impasto_core::{
    run::{Job, Record, RunId, RunInfo},
    transfer::{GradientNorms, LevelCommand, Losses, PyramidProgress, SimilarityMap, VisualizationState},
};
use impasto_network::vgg::Layer;

/// Commands to the worker. Changed settings and pictures travel in a latest-wins slot instead, see
/// [`super::Session::update`].
#[derive(Clone, Debug)]
pub enum Command {
    /// End the current run, if any; prepare and paint this one.
    Run(Box<Job>),
    Pause,
    Resume,
    /// Paint a single step, then pause.
    Step,
    /// Whether the run continues beyond its steps, see [`Job::endless`].
    Endless(bool),
    /// Change the run's level in its pyramid.
    Level(LevelCommand),
    /// Study a layer from now on, as often as painting allows ([`super::Session::take_study`]); `None` stops
    /// it.
    Study(Option<Layer>),
    /// End the run; the picture stays.
    Stop,
    /// Wake a waiting worker so that it applies changed settings.
    Wake,
    /// End the worker.
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
    /// The step limit is reached, and the run continues if it is raised and resumed. Or the objective has
    /// converged and the settings say to stop there. An endless run is beyond its limit and has settled; any
    /// change resumes it.
    Finished,
    Stopped,
    /// See [`Event::Failed`].
    Failed,
}

/// The progress of a run.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Steps painted.
    pub step: u32,
    /// Place in the pyramid.
    pub place: PyramidProgress,
    /// Losses before that step's update; `None` before the first step and if they were not read back.
    pub losses: Option<Losses>,
    /// Whether the objective had stopped falling, at the final size, at the last read-back.
    pub converged: bool,
    /// The last measured norm of each term's gradient; [`GradientNorms::shares`] are the level meters.
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
    /// A notice for the user; the run continues.
    Notice {
        run: RunId,
        text: String,
    },
    /// What the run has to do without, see [`super::Engine::take_limits`]; it goes on.
    Limited {
        run: RunId,
        text: String,
    },
    /// The run has ended with an error; the last good picture stays.
    Failed {
        run: RunId,
        message: String,
    },
    /// The state of an extract of [`super::Session::request_visualizations`] by its key, or why it failed.
    /// Events of unfinished ones may be dropped if the window is slow.
    Extract {
        key: String,
        result: Result<Box<VisualizationState>, String>,
    },
    /// The answer to [`super::Session::request_similarity`] by its number, or why there is none.
    Similarity {
        number: u64,
        result: Result<Box<SimilarityMap>, String>,
    },
    /// The worker has died. A new [`super::Session`] can be started.
    Died {
        message: String,
    },
}

/// A question to the network: where a layer sees the same in the content as at a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimilarityRequest {
    /// Which the answer has too.
    pub number: u64,
    pub layer: Layer,
    /// In fractions of the content's width and height.
    pub point: [f32; 2],
}

/// A picture on its way to the window.
#[derive(Clone, Debug)]
pub struct Frame {
    pub run: RunId,
    /// Number of steps painted; 0 is the initial image.
    pub step: u32,
    pub picture: Arc<RgbImage>,
    /// How the picture was painted.
    pub record: Record,
    /// Number of the last [`super::Session::update`] it was painted with; 0 before the first.
    pub update: u64,
}
