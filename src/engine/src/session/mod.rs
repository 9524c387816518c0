//! The worker: one named thread that owns the device and every tensor, takes commands from the window and
//! streams progress and pictures back.
//!
//! ```text
//! window ── commands (bounded) ──────► worker ── events (bounded, progress droppable) ──► window
//!        ── settings (latest wins) ──►        ── pictures (latest wins) + wake-up ──────►
//! ```
//! The window never waits: nothing here blocks, and a worker that dies reports it ([`Event::Died`]).

mod extracting;
mod messages;
mod pace;
mod paint_engine;
mod scale_check;
mod settling;
mod size;
mod slot;
mod snapshots;
mod studying;
mod worker;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TrySendError};

pub use extracting::VisualizationRequest;
pub use messages::{Command, Event, Frame, Progress, RunState, SimilarityRequest};
pub use pace::Pace;
pub use paint_engine::PaintEngine;
pub use size::{aim_size, check_size, climb_seconds, is_worthwhile, larger_size};
pub use slot::Latest;
pub use snapshots::{RestorePoint, Snapshot};
pub use studying::Study;

use image::RgbImage;
pub use impasto_core::run::{
    Change, DownscalePart, Job, MAX_CHANGES, MAX_PASSES, Pass, Record, RunId, RunInfo, SourceRecord, Start,
    StyleRecord,
};
pub use impasto_core::transfer::{
    LayerStudy, LevelCommand, PyramidProgress, Reading, SimilarityMap, StyleSource, VisualizationJob,
    VisualizationState,
};
use impasto_core::{
    settings::Settings,
    transfer::{Inputs, Losses},
};
use impasto_network::vgg::Layer;

/// Error of an engine, with its cause chain.
pub type EngineError = Box<dyn std::error::Error + Send + Sync>;

/// What the worker drives: [`PaintEngine`], or a fake in tests.
///
/// An engine is created, used and dropped on the worker's thread.
pub trait Engine {
    /// Prepare a run and drop the previous one.
    ///
    /// `current` is the picture to continue from, of any size; `None` begins with the initial image. `report`
    /// reports slow preparations to the user.
    ///
    /// # Errors
    ///
    /// Whatever prevents the start, as a message for the user.
    fn start(
        &mut self,
        job: &Job,
        current: Option<&RgbImage>,
        report: &mut dyn FnMut(&str),
    ) -> Result<RunInfo, EngineError>;

    /// Apply changed settings between two steps, and from the inputs the styles' mix, the palette and
    /// the masks.
    ///
    /// # Errors
    ///
    /// If the settings cannot be used for this run.
    fn update(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError>;

    /// Apply changed settings and other pictures between two steps, see [`Inputs::can_become`]: the picture,
    /// the optimizer and the step count stay, and the targets fade to the new ones. Engines that do not fade
    /// update.
    ///
    /// # Errors
    ///
    /// If the settings or the pictures cannot be used for this run; it then continues as before.
    fn replace_pictures(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
        self.update(settings, inputs)
    }

    /// Paint one step.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn step(&mut self) -> Result<(), EngineError>;

    /// Change the run's level in its pyramid. Engines without one need not do anything.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn level(&mut self, order: LevelCommand) -> Result<(), EngineError> {
        let _ = order;
        Ok(())
    }

    /// Study a layer of the current picture; `None` if the engine cannot.
    ///
    /// # Errors
    ///
    /// A device failure, or pictures too narrow for the layer.
    fn study(&mut self, layer: Layer) -> Result<Option<LayerStudy>, EngineError> {
        let _ = layer;
        Ok(None)
    }

    /// Where a layer sees the same in the run's content as at a point, in fractions of its width and height.
    /// The run is not changed. `None` if the engine cannot.
    ///
    /// # Errors
    ///
    /// A device failure, or a content too narrow for the layer.
    fn similarity(&mut self, layer: Layer, point: [f32; 2]) -> Result<Option<SimilarityMap>, EngineError> {
        let _ = (layer, point);
        Ok(None)
    }

    /// Make a slice of an extract, for at most a tenth of a second but at least one step, and return its
    /// state. The paused run is not changed. `None` if it cannot be made now: it needs another network than
    /// the engine has, or the engine cannot make any.
    ///
    /// # Errors
    ///
    /// A device failure, pictures too narrow for the layer, or numbers that are not finite.
    fn extract(&mut self, order: &VisualizationJob) -> Result<Option<VisualizationState>, EngineError> {
        let _ = order;
        Ok(None)
    }

    /// Free what only the current extract uses, before painting continues. The extract can still be
    /// continued.
    fn put_extract_aside(&mut self) {}

    /// Have the next step also measure one term's share of the gradient, for the next reading. Engines that
    /// cannot need not do anything.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn measure(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Switch to a smaller size until [`Engine::end_downscale`], if possible to one where a step costs at
    /// most this fraction of a step now. Steps in between do not count, and the picture stays as sharp as it
    /// was. False if there is no smaller size; engines without a pyramid have none.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn begin_downscale(&mut self, share: f64) -> Result<bool, EngineError> {
        let _ = share;
        Ok(false)
    }

    /// Return to the size before [`Engine::begin_downscale`].
    ///
    /// # Errors
    ///
    /// A device failure.
    fn end_downscale(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    /// The run's complete state as bytes, for [`Engine::restore`]; `None` if the engine cannot save it.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn checkpoint(&mut self) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(None)
    }

    /// Continue at this step a run that was just started from the picture of an earlier snapshot; exactly, if
    /// given the state that [`Engine::checkpoint`] returned then. Engines that count no steps need not do
    /// anything.
    ///
    /// # Errors
    ///
    /// If the state belongs to another run; the run then stays as it was started.
    fn restore(&mut self, step: u32, state: Option<&[u8]>) -> Result<(), EngineError> {
        let _ = (step, state);
        Ok(())
    }

    /// Wait until the device has done all queued steps, so that they do not pile up. Engines whose steps are
    /// done when they return need not do anything.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn settle(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Wait for the device and read the picture and the last step's losses, in one read-back.
    ///
    /// # Errors
    ///
    /// A device failure, or a picture or loss that is not finite.
    fn read(&mut self) -> Result<Reading, EngineError>;

    /// Wait for the device and read only the last step's losses; `None` before the first step. Engines that
    /// cannot read them alone read the picture as well.
    ///
    /// # Errors
    ///
    /// As [`Engine::read`].
    fn losses(&mut self) -> Result<Option<Losses>, EngineError> {
        Ok(self.read()?.losses)
    }

    /// Whether the objective had stopped falling, at the final size, when losses were last read. Engines that
    /// do not watch it return false.
    fn converged(&self) -> bool {
        false
    }

    /// Take the notices for the user since the last call.
    fn take_notices(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// What the run has to do without since the last call because the device has no memory left, in words for
    /// the user: painting the same again may not repeat it. By default none.
    fn take_limits(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// End the run and free its memory.
    fn end(&mut self);
}

/// Settings on their way to the worker.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    /// Counts up from 1.
    pub number: u64,
    pub run: RunId,
    pub settings: Settings,
    pub inputs: Inputs,
    /// A slider is being dragged: more updates will come.
    pub dragged: bool,
}

/// A picture to continue from, and its record if known.
#[derive(Clone)]
pub(crate) struct CurrentPicture {
    pub picture: Arc<RgbImage>,
    pub record: Option<Record>,
}

/// State shared by the handle and the worker.
pub(crate) struct Shared {
    pub frame: Latest<Frame>,
    pub update: Latest<Update>,
    pub current_picture: Latest<CurrentPicture>,
    pub study: Latest<Study>,
    pub request: Latest<VisualizationRequest>,
    pub similar: Latest<SimilarityRequest>,
    pub restore_point: Latest<(RunId, RestorePoint)>,
    pub snapshots: Sender<Snapshot>,
}

/// The window's handle to a worker. Dropping it ends the worker after the current step.
pub struct Session {
    commands: Sender<Command>,
    events: Receiver<Event>,
    snapshots: Receiver<Snapshot>,
    shared: Arc<Shared>,
    worker: thread::JoinHandle<()>,
    /// Number of updates sent.
    updates: AtomicU64,
}

/// A command that could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("the engine has too many commands waiting; try again in a moment")]
    Busy,
    #[error("the engine has stopped")]
    Dead,
}

/// Maximum wait for the current step when the session ends.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
const COMMANDS: usize = 64;
const EVENTS: usize = 256;
/// Snapshots hold pictures and states, so few may wait.
const SNAPSHOTS: usize = 4;

impl Session {
    /// Start a worker thread. `make` creates the engine on that thread, and a new one after an engine
    /// panicked; `wake` is called after every event and picture (for the window: request a repaint).
    ///
    /// # Errors
    ///
    /// If the operating system refuses a thread.
    pub fn spawn<E: Engine>(
        make: impl Fn() -> E + Send + 'static,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (commands, command_inbox) = crossbeam_channel::bounded(COMMANDS);
        let (event_outbox, events) = crossbeam_channel::bounded(EVENTS);
        let (snapshot_outbox, snapshots) = crossbeam_channel::bounded(SNAPSHOTS);
        let shared = Arc::new(Shared {
            frame: Latest::default(),
            update: Latest::default(),
            current_picture: Latest::default(),
            study: Latest::default(),
            request: Latest::default(),
            similar: Latest::default(),
            restore_point: Latest::default(),
            snapshots: snapshot_outbox,
        });
        let worker_shared = Arc::clone(&shared);
        let worker = thread::Builder::new().name("impasto-engine".into()).spawn(move || {
            worker::run(make, command_inbox, event_outbox, &worker_shared, wake);
        })?;
        Ok(Self { commands, events, snapshots, shared, worker, updates: AtomicU64::new(0) })
    }

    /// Send a command; never waits.
    ///
    /// # Errors
    ///
    /// [`SendError::Busy`] if too many commands wait, [`SendError::Dead`] if the worker is gone.
    pub fn send(&self, command: Command) -> Result<(), SendError> {
        let starts_over = matches!(&command, Command::Run(job) if job.start == Start::Beginning);
        self.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => SendError::Busy,
            TrySendError::Disconnected(_) => SendError::Dead,
        })?;
        if starts_over {
            // A later run must not continue from a picture that was set before and not taken.
            self.shared.current_picture.take();
        }
        Ok(())
    }

    /// Send changed settings, and pictures that it [can become](Inputs::can_become), to the run; only the
    /// latest are applied, between two steps. Returns the update's number, which [`Frame::update`] reports
    /// for the pictures painted with it.
    ///
    /// # Errors
    ///
    /// [`SendError::Dead`] if the worker is gone.
    pub fn update(&self, run: RunId, settings: &Settings, inputs: &Inputs) -> Result<u64, SendError> {
        self.send_update(run, settings, inputs, false)
    }

    /// Like [`Session::update`], while a control is dragged. If steps are slow and [`Settings::follow_drags`]
    /// is set, painting continues at a smaller size until the drag rests, so that the change shows soon.
    ///
    /// # Errors
    ///
    /// As [`Session::update`].
    pub fn update_while_dragged(
        &self,
        run: RunId,
        settings: &Settings,
        inputs: &Inputs,
    ) -> Result<u64, SendError> {
        self.send_update(run, settings, inputs, true)
    }

    fn send_update(
        &self,
        run: RunId,
        settings: &Settings,
        inputs: &Inputs,
        dragged: bool,
    ) -> Result<u64, SendError> {
        let number = self.updates.fetch_add(1, Ordering::Relaxed) + 1;
        let update = Update { number, run, settings: settings.clone(), inputs: inputs.clone(), dragged };
        let waiting = self.shared.update.put(update);
        self.wake(waiting).map(|()| number)
    }

    /// Wake the worker, unless it was woken for a value that is still waiting.
    fn wake(&self, waiting: bool) -> Result<(), SendError> {
        // Coalesce updates so that a drag can't queue up ahead of Pause.
        if waiting && !self.worker.is_finished() {
            return Ok(());
        }
        // A full inbox wakes the worker as well.
        match self.commands.try_send(Command::Wake) {
            Err(TrySendError::Disconnected(_)) => Err(SendError::Dead),
            _ => Ok(()),
        }
    }

    /// Replace the requested extracts. They are made while nothing is painted, and arrive as events
    /// ([`Event::Extract`]).
    ///
    /// # Errors
    ///
    /// [`SendError::Dead`] if the worker is gone.
    pub fn request_visualizations(&self, request: VisualizationRequest) -> Result<(), SendError> {
        let waiting = self.shared.request.put(request);
        self.wake(waiting)
    }

    /// Ask where a layer sees the same in the content as at a point. It is answered between two steps
    /// ([`Event::Similarity`]); of several requests that wait only the latest is.
    ///
    /// # Errors
    ///
    /// [`SendError::Dead`] if the worker is gone.
    pub fn request_similarity(&self, request: SimilarityRequest) -> Result<(), SendError> {
        let waiting = self.shared.similar.put(request);
        self.wake(waiting)
    }

    /// Set the picture, and its record, that the next run with [`Start::Current`] continues from.
    pub fn continue_from(&self, picture: Arc<RgbImage>, record: Option<Record>) {
        self.shared.current_picture.put(CurrentPicture { picture, record: record.map(Record::shown) });
    }

    /// Set the snapshot that the run of this number, or a later one in its place, restores with
    /// [`Start::Moment`].
    pub fn set_restore_point(&self, run: RunId, moment: RestorePoint) {
        self.shared.restore_point.put((run, moment));
    }

    /// The next snapshot, if one waits.
    pub fn next_snapshot(&self) -> Option<Snapshot> {
        self.snapshots.try_recv().ok()
    }

    /// The next event, if one waits.
    pub fn next_event(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// The latest picture, if a new one came since the last call.
    pub fn take_frame(&self) -> Option<Frame> {
        self.shared.frame.take()
    }

    /// The latest layer study ([`Command::Study`]), if a new one came since the last call.
    pub fn take_study(&self) -> Option<Study> {
        self.shared.study.take()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // If the inbox is full, the worker ends when this sender is dropped.
        let _ = self.commands.try_send(Command::Quit);
        // Wait for the current step: a process that exits while a driver computes may crash in it. Don't wait
        // for a driver that hangs.
        let deadline = Instant::now() + SHUTDOWN_TIMEOUT;
        while !self.worker.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
