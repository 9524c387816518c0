//! The worker: one named thread that owns the device and every tensor, takes commands from the window and
//! streams progress and pictures back.
//!
//! ```text
//! window ── commands (bounded) ──────► worker ── events (bounded, progress droppable) ──► window
//!        ── settings (latest wins) ──►        ── pictures (latest wins) + wake-up ──────►
//! ```
//! The window never waits: nothing here blocks it, and a worker that died says so ([`Event::Died`]).

mod extracting;
mod messages;
mod pace;
mod paint_engine;
mod scale_check;
mod settling;
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
pub use messages::{Command, Event, Frame, Progress, RunState};
pub use pace::Pace;
pub use paint_engine::PaintEngine;
pub use slot::Latest;
pub use snapshots::{RestorePoint, Snapshot};
pub use studying::Study;

use image::RgbImage;
pub use impasto_core::run::{
    Change, DownscalePart, Job, MAX_CHANGES, MAX_PASSES, Pass, Record, RunId, RunInfo, SourceRecord, Start,
    StyleRecord,
};
pub use impasto_core::transfer::{
    LayerStudy, LevelCommand, PyramidProgress, Reading, StyleSource, VisualizationJob, VisualizationState,
};
use impasto_core::{
    settings::Settings,
    transfer::{Inputs, Losses},
};
use impasto_network::vgg::Layer;

/// Error of an engine, with its cause chain.
pub type EngineError = Box<dyn std::error::Error + Send + Sync>;

/// What the worker drives: the real one is [`PaintEngine`], tests bring their own.
///
/// An engine lives on the worker's thread from its creation to its end.
pub trait Engine {
    /// Prepares a run and drops the one before.
    ///
    /// `current` is the picture to go on from, of any size; `None` begins with the initial image. `say`
    /// reports slow preparations to the user.
    ///
    /// # Errors
    ///
    /// Whatever keeps the run from starting, in words for the user.
    fn start(
        &mut self,
        job: &Job,
        current: Option<&RgbImage>,
        say: &mut dyn FnMut(&str),
    ) -> Result<RunInfo, EngineError>;

    /// Takes over changed settings between two steps, and of the pictures how the styles count and the palette.
    ///
    /// # Errors
    ///
    /// Whatever makes the settings unusable for this run.
    fn update(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError>;

    /// Paints one step.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn step(&mut self) -> Result<(), EngineError>;

    /// Moves the run in its pyramid. Engines without one need not do anything.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn level(&mut self, order: LevelCommand) -> Result<(), EngineError> {
        let _ = order;
        Ok(())
    }

    /// Looks into a layer at the picture as it is. Engines that cannot give `None`.
    ///
    /// # Errors
    ///
    /// A device failure, or pictures too narrow for the layer.
    fn study(&mut self, layer: Layer) -> Result<Option<LayerStudy>, EngineError> {
        let _ = layer;
        Ok(None)
    }

    /// Makes a slice of an extract, for a tenth of a second at most but one step at least, and says how far
    /// it is. The run that rests is left as it is. `None` where it cannot be made now: of another network
    /// than the engine has in hand, or by engines that cannot make any.
    ///
    /// # Errors
    ///
    /// A device failure, pictures too narrow for the layer, or numbers that are not finite.
    fn extract(&mut self, order: &VisualizationJob) -> Result<Option<VisualizationState>, EngineError> {
        let _ = order;
        Ok(None)
    }

    /// Painting goes on: gives back what only the extract in hand would use again. It can still be gone on
    /// with.
    fn put_extract_aside(&mut self) {}

    /// Asks the next step to measure one term's share of the gradient as well, which the next reading brings.
    /// Engines that cannot need not do anything.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn measure(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Goes to a smaller size, where a step costs at most this share of a step at the present one if there is
    /// such a size, and stays there until [`Engine::end_downscale`]; steps in between do not count, and the
    /// picture stays as sharp as it was. False where there is no smaller one; engines without a pyramid have
    /// none.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn begin_downscale(&mut self, share: f64) -> Result<bool, EngineError> {
        let _ = share;
        Ok(false)
    }

    /// Goes back to the size that a detour left.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn end_downscale(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    /// The run's whole state as bytes, for [`Engine::restore`]; `None` from engines that cannot give it.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn checkpoint(&mut self) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(None)
    }

    /// Goes on, in a run that was just started from the picture of an earlier moment, as at that step:
    /// exactly so if the state that [`Engine::checkpoint`] gave then is there. Engines that count no steps
    /// need not do anything.
    ///
    /// # Errors
    ///
    /// If the state is of another run; the run then is as it was started.
    fn restore(&mut self, step: u32, state: Option<&[u8]>) -> Result<(), EngineError> {
        let _ = (step, state);
        Ok(())
    }

    /// Waits until the device has done the steps it was given, so that they do not pile up. Engines whose
    /// steps are done when they return need not do anything.
    ///
    /// # Errors
    ///
    /// A device failure.
    fn settle(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Waits for the device and reads the picture and the last step's losses, in one read-back.
    ///
    /// # Errors
    ///
    /// A device failure, or a picture or loss that is not finite.
    fn read(&mut self) -> Result<Reading, EngineError>;

    /// Waits for the device and reads the last step's losses alone; `None` before the first step. Engines
    /// that cannot read them apart read the picture as well.
    ///
    /// # Errors
    ///
    /// As [`Engine::read`].
    fn losses(&mut self) -> Result<Option<Losses>, EngineError> {
        Ok(self.read()?.losses)
    }

    /// Whether the objective had stopped falling, at the final size, when losses were last read. Engines that
    /// do not watch it need not say.
    fn converged(&self) -> bool {
        false
    }

    /// What has happened to the run by itself since the last call, in words for the user. Engines to which nothing
    /// happens need not say.
    fn take_notices(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Ends the run and frees its memory.
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

/// A picture to go on from, and how it came about, if that is known.
#[derive(Clone)]
pub(crate) struct Canvas {
    pub picture: Arc<RgbImage>,
    pub record: Option<Record>,
}

/// State shared by the handle and the worker.
pub(crate) struct Shared {
    pub frame: Latest<Frame>,
    pub update: Latest<Update>,
    pub canvas: Latest<Canvas>,
    pub study: Latest<Study>,
    pub request: Latest<VisualizationRequest>,
    pub back: Latest<RestorePoint>,
    pub snapshots: Sender<Snapshot>,
}

/// The window's handle to a worker. Dropping it ends the worker after the step in hand.
pub struct Session {
    commands: Sender<Command>,
    events: Receiver<Event>,
    snapshots: Receiver<Snapshot>,
    shared: Arc<Shared>,
    worker: thread::JoinHandle<()>,
    /// Updates so far.
    updates: AtomicU64,
}

/// A command that could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("the engine has too many orders waiting; try again in a moment")]
    Busy,
    #[error("the engine has stopped")]
    Dead,
}

/// Longest wait for the worker's last step when the session ends.
const FAREWELL: Duration = Duration::from_secs(2);
const COMMANDS: usize = 64;
const EVENTS: usize = 256;
/// They hold pictures and states, so few may wait.
const SNAPSHOTS: usize = 4;

impl Session {
    /// Starts a worker thread. `make` creates the engine on that thread, and a new one after an engine
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
            canvas: Latest::default(),
            study: Latest::default(),
            request: Latest::default(),
            back: Latest::default(),
            snapshots: snapshot_outbox,
        });
        let theirs = Arc::clone(&shared);
        let worker = thread::Builder::new().name("impasto-engine".into()).spawn(move || {
            worker::run(make, command_inbox, event_outbox, &theirs, wake);
        })?;
        Ok(Self { commands, events, snapshots, shared, worker, updates: AtomicU64::new(0) })
    }

    /// Send a command; never waits.
    ///
    /// # Errors
    ///
    /// [`SendError::Busy`] when too many commands wait, [`SendError::Dead`] when the worker is gone.
    pub fn send(&self, command: Command) -> Result<(), SendError> {
        let afresh = matches!(&command, Command::Run(job) if job.start == Start::Beginning);
        self.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => SendError::Busy,
            TrySendError::Disconnected(_) => SendError::Dead,
        })?;
        if afresh {
            // A picture that was lent before and not taken is no longer what a later run goes on from.
            self.shared.canvas.take();
        }
        Ok(())
    }

    /// Hands changed settings to the run; only the latest is taken, between two steps. Returns the update's
    /// number, which [`Frame::update`] names in the pictures that were painted with it.
    ///
    /// # Errors
    ///
    /// [`SendError::Dead`] when the worker is gone.
    pub fn update(&self, run: RunId, settings: &Settings, inputs: &Inputs) -> Result<u64, SendError> {
        self.hand_over(run, settings, inputs, false)
    }

    /// The same while a slider is dragged. If steps are slow and [`Settings::follow_drags`] is set, painting
    /// goes on at a smaller size until the drag rests, so that the change shows soon.
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
        self.hand_over(run, settings, inputs, true)
    }

    fn hand_over(
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

    /// Wakes the worker, unless it was woken for what was `waiting` before.
    fn wake(&self, waiting: bool) -> Result<(), SendError> {
        // Coalesce updates so that a drag can't queue up ahead of Pause.
        if waiting && !self.worker.is_finished() {
            return Ok(());
        }
        // A full inbox wakes the worker as well.
        match self.commands.try_send(Command::Nudge) {
            Err(TrySendError::Disconnected(_)) => Err(SendError::Dead),
            _ => Ok(()),
        }
    }

    /// Says which extracts the window would like to see, instead of those before. They are made while nothing
    /// is painted, and come as events ([`Event::Extract`]).
    ///
    /// # Errors
    ///
    /// [`SendError::Dead`] when the worker is gone.
    pub fn request_visualizations(&self, request: VisualizationRequest) -> Result<(), SendError> {
        let waiting = self.shared.request.put(request);
        self.wake(waiting)
    }

    /// Lends the worker a picture that another one painted, for the next run that begins with
    /// [`Start::Current`], and how it came about.
    pub fn go_on_from(&self, picture: Arc<RgbImage>, record: Option<Record>) {
        self.shared.canvas.put(Canvas { picture, record: record.map(Record::shown) });
    }

    /// Lends the worker an earlier moment, for the next run that begins with [`Start::Moment`].
    pub fn go_back_to(&self, moment: RestorePoint) {
        self.shared.back.put(moment);
    }

    /// The next moment worth keeping, if one waits.
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

    /// The latest look into a layer ([`Command::Study`]), if a new one came since the last call.
    pub fn take_study(&self) -> Option<Study> {
        self.shared.study.take()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A full inbox is no obstacle: the worker also ends when this sender is gone.
        let _ = self.commands.try_send(Command::Quit);
        // A process that exits while a driver computes may crash in it, so the step in hand is waited for; a
        // driver that hangs is not.
        let patience = Instant::now() + FAREWELL;
        while !self.worker.is_finished() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
