//! The worker's loop: take commands, step, read back when worthwhile, send events.

mod downscaling;
mod extracts;
mod outbox;
mod pictures;
mod read_back;
mod scales;
mod similar;
mod starting;
mod updating;

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};

use self::outbox::Outbox;
use super::{
    Command, CurrentPicture, DownscalePart, Engine, EngineError, Event, Frame, Job, Pace, Pass, Progress,
    Record, RestorePoint, RunId, RunState, Shared, Snapshot, Start, Study, Update, extracting::Extracting,
    settling::Settling, snapshots::SnapshotSchedule, studying::Studying,
};
use impasto_base::error::chain;
use impasto_core::{
    settings::{Crop, Settings},
    transfer::{GradientNorms, Inputs, PyramidProgress},
};

/// Run until the window quits or is gone. A panic in the engine fails the run, and the next run gets a new
/// engine.
pub(super) fn run<E: Engine>(
    make: impl Fn() -> E,
    commands: Receiver<Command>,
    events: Sender<Event>,
    shared: &Shared,
    wake: impl Fn(),
) {
    let outbox = Outbox { events, waiting: VecDeque::new(), wake };
    let queue = VecDeque::new();
    let mut worker = Worker {
        make,
        engine: None,
        commands,
        queue,
        outbox,
        shared,
        run: None,
        current_picture: None,
        studying: Studying::default(),
        extracting: Extracting::new(Instant::now()),
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| worker.work())) {
        worker.outbox.send(Event::Died { message: panic_text(&*panic) });
        worker.outbox.drain(DRAIN_TIMEOUT);
    }
}

/// Maximum interval between progress events.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);
/// Steps between two measurements of a term's share. A measurement takes half a step, in low-memory mode two
/// thirds, so that it is at most a tenth of the time.
const MEASURE_EVERY: u32 = 5;
const MEASURE_EVERY_ECONOMY: u32 = 7;
/// How long a dying worker waits for a slow window.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

struct Run {
    id: RunId,
    settings: Settings,
    inputs: Inputs,
    record: Record,
    state: RunState,
    /// See [`Job::endless`].
    endless: bool,
    settling: Settling,
    step: u32,
    /// Step of the last picture read, and its place in the pyramid.
    shown: Option<u32>,
    place: PyramidProgress,
    /// Number of the last update applied, and of the last one that a step was painted with.
    update: u64,
    painted_update: u64,
    /// Whether the objective had stopped falling at the last read-back.
    converged: bool,
    norms: GradientNorms,
    /// The step after which the last measurement was requested.
    measured: Option<u32>,
    pace: Pace,
    /// Painting at a smaller size because of a drag; the time of its last update.
    downscale: Option<Instant>,
    /// Its steps that are not in the record yet.
    uncounted_steps: u32,
    /// Seconds per step at the full size before the last downscaling, until they are measured again.
    full_size_seconds: f64,
    /// A change has not been displayed yet.
    changed: bool,
    /// The styles' scales and parts that were refused last, of which the user was notified.
    refused_scales: Option<Vec<(f64, Option<Crop>)>>,
    /// The pictures that were refused last, of which the user was notified.
    refused_pictures: Option<Inputs>,
    snapshots: SnapshotSchedule,
    /// Time of the last progress event.
    last_progress: Instant,
    /// Painting time before the last pause, and when painting resumed.
    painted: f64,
    since: Option<Instant>,
}

impl Run {
    fn elapsed(&self) -> f64 {
        self.painted + self.since.map_or(0.0, |since| since.elapsed().as_secs_f64())
    }

    /// Add the steps at a downscaled size to the record.
    fn record_uncounted_steps(&mut self) {
        match std::mem::take(&mut self.uncounted_steps) {
            0 => {}
            steps => self.record.add_downscale(self.step, DownscalePart::Steps(steps)),
        }
    }

    /// Whether there is nothing to paint until something changes.
    fn is_over(&self) -> bool {
        self.step >= self.settings.steps && (!self.endless || self.settling.is_settled())
    }

    fn stop_clock(&mut self) {
        self.painted = self.elapsed();
        self.since = None;
    }

    fn start_clock(&mut self) {
        let now = Instant::now();
        self.since.get_or_insert(now);
        self.pace.resume(now);
    }
}

struct Worker<'a, E: Engine, M: Fn() -> E, W: Fn()> {
    make: M,
    engine: Option<E>,
    commands: Receiver<Command>,
    /// Commands taken from the channel and not yet handled.
    queue: VecDeque<Command>,
    outbox: Outbox<W>,
    shared: &'a Shared,
    run: Option<Run>,
    /// The last picture read, to continue from.
    current_picture: Option<CurrentPicture>,
    studying: Studying,
    extracting: Extracting,
}

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    fn work(&mut self) {
        loop {
            self.outbox.flush();
            self.take_visualization_request();
            self.answer_similarity();
            let command = match (self.queue.pop_front(), self.extract_wait()) {
                (Some(command), _) => Ok(command),
                (None, _) if self.is_running() => {
                    self.commands.try_recv().map_err(|error| error.is_disconnected())
                }
                (None, Some(wait)) => {
                    self.commands.recv_timeout(wait).map_err(|error| error.is_disconnected())
                }
                (None, None) => self.commands.recv().map_err(|_| true),
            };
            match command {
                Ok(Command::Quit) | Err(true) => return,
                Ok(command) => {
                    if !matches!(command, Command::Wake) {
                        self.extracting.disturb(Instant::now());
                    }
                    self.handle_command(command);
                }
                Err(false) if !self.is_running() => self.extract(),
                Err(false) => {
                    self.take_update();
                    if self.has_rested() {
                        self.end_downscale();
                    }
                    if self.is_running() {
                        self.paint(false);
                        if self.extracting.takes_turns() {
                            self.extract();
                        }
                    }
                }
            }
        }
    }

    fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.state == RunState::Running)
    }

    fn handle_command(&mut self, command: Command) {
        match command {
            Command::Run(mut job) => {
                // Of several queued runs, prepare only the last.
                self.queue.extend(self.commands.try_iter());
                while let Some(at) = self.queue.iter().position(|waiting| matches!(waiting, Command::Run(_)))
                {
                    for dropped in self.queue.drain(..at) {
                        // Drop other commands for the dropped run; a layer study applies to any run.
                        if let Command::Study(layer) = dropped {
                            self.studying.set(layer);
                        }
                    }
                    if let Some(Command::Run(newer)) = self.queue.pop_front() {
                        // A change of something else doesn't cancel a request to start over.
                        let start = match (job.start, newer.start) {
                            (Start::Moment, Start::Current | Start::Repaint) | (_, Start::Moment) => {
                                Start::Moment
                            }
                            (Start::Beginning, _) => Start::Beginning,
                            (Start::Repaint, Start::Current) => Start::Repaint,
                            (_, newer) => newer,
                        };
                        let choose_size = newer.choose_size
                            || (job.choose_size && newer.settings.size == job.settings.size);
                        *job = Job { start, choose_size, ..*newer };
                    }
                }
                if let Some(at) = self.queue.iter().position(|waiting| matches!(waiting, Command::Quit)) {
                    // The loop handles it next; this run is superseded.
                    self.queue.drain(..at);
                    return;
                }
                self.start(&job);
            }
            Command::Wake => self.take_update(),
            Command::Study(layer) => {
                self.studying.set(layer);
                self.study_layer();
            }
            Command::Pause => {
                if self.is_running() {
                    self.stop_painting(RunState::Paused);
                }
            }
            Command::Resume => {
                self.take_update();
                if let Some(run) = &mut self.run
                    && matches!(run.state, RunState::Paused | RunState::Stopped | RunState::Finished)
                {
                    run.settling.reset();
                    if !run.is_over() {
                        run.start_clock();
                        self.set_state(RunState::Running);
                    } else {
                        self.set_state(RunState::Finished);
                    }
                }
            }
            Command::Step => {
                self.take_update();
                if let Some(run) = &mut self.run
                    && !matches!(run.state, RunState::Failed | RunState::Preparing)
                {
                    run.start_clock();
                    self.paint(true);
                }
            }
            Command::Endless(endless) => {
                if let Some(run) = &mut self.run {
                    run.endless = endless;
                    run.settling.reset();
                    match run.state {
                        RunState::Running if run.is_over() => self.stop_painting(RunState::Finished),
                        RunState::Finished if !run.is_over() => {
                            run.start_clock();
                            self.set_state(RunState::Running);
                        }
                        _ => {}
                    }
                }
            }
            Command::Level(order) => {
                self.take_update();
                self.end_downscale();
                if self.run.as_ref().is_some_and(|run| {
                    !matches!(run.state, RunState::Failed | RunState::Preparing | RunState::Idle)
                }) {
                    match self.guard(|engine, _| engine.level(order)) {
                        Err(message) => self.fail(message),
                        Ok(()) => {
                            if let Some(run) = &mut self.run {
                                run.record.add_level_command(run.step, order);
                                // The same step at another size is another picture, and preparing it is not
                                // painting.
                                run.shown = None;
                                run.settling.reset();
                                run.snapshots.change(Instant::now(), run.step);
                                run.pace.resume(Instant::now());
                            }
                            self.read_back(true);
                        }
                    }
                }
            }
            Command::Stop => {
                if self.run.as_ref().is_some_and(|run| {
                    matches!(run.state, RunState::Running | RunState::Paused | RunState::Finished)
                }) {
                    self.stop_painting(RunState::Stopped);
                }
            }
            Command::Quit => unreachable!("the loop has ended"),
        }
    }

    /// Call the engine, creating one if necessary. A panic becomes an error and drops the engine, so that the
    /// next call gets a new one.
    fn guard<T>(
        &mut self,
        call: impl FnOnce(&mut E, &mut Outbox<W>) -> Result<T, EngineError>,
    ) -> Result<T, String> {
        let outbox = &mut self.outbox;
        let engine = self.engine.get_or_insert_with(&self.make);
        match catch_unwind(AssertUnwindSafe(|| call(engine, outbox))) {
            Ok(result) => {
                let notices = engine.take_notices();
                if let Some(run) = self.run.as_ref().map(|run| run.id) {
                    notices.into_iter().for_each(|text| outbox.send(Event::Notice { run, text }));
                }
                if let Some(run) = &mut self.run {
                    for text in engine.take_limits() {
                        // Another device, or this one at another time, would paint otherwise.
                        run.record = run.record.clone().incomplete();
                        outbox.send(Event::Limited { run: run.id, text });
                    }
                }
                result.map_err(|error| chain(&*error))
            }
            Err(panic) => {
                let text = format!("the engine failed: {}", panic_text(&*panic));
                // Its destructor may panic as well.
                if let Some(engine) = self.engine.take() {
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(engine)));
                }
                Err(text)
            }
        }
    }

    /// Paint one step; `single` pauses after it.
    fn paint(&mut self, single: bool) {
        self.put_extract_aside();
        if let Err(message) = self.guard(|engine, _| engine.step()) {
            return self.fail(message);
        }
        let taken = self.shared.frame.is_empty();
        let Some(run) = &mut self.run else { return };
        if run.downscale.is_some() {
            // Steps at a downscaled size do not count, and the same step has another picture.
            run.shown = None;
            run.uncounted_steps += 1;
        } else {
            run.step += 1;
        }
        run.painted_update = run.update;
        let changed = std::mem::take(&mut run.changed);
        let due = run.pace.after_step(Instant::now(), run.settings.preview_every, taken) || changed;
        let is_backlogged = run.pace.is_backlogged();
        let progress_due = run.last_progress.elapsed() >= PROGRESS_INTERVAL;
        if single {
            self.stop_painting(RunState::Paused);
        } else if run.is_over() {
            self.stop_painting(RunState::Finished);
        } else if due {
            self.read_back(false);
            let ends = |run: &Run| run.is_over() || (run.converged && run.settings.stop_when_converged);
            if self.is_running() && self.run.as_ref().is_some_and(ends) {
                self.stop_painting(RunState::Finished);
            } else if taken {
                self.measure();
            }
        } else if is_backlogged {
            match self.guard(|engine, _| engine.settle()) {
                Err(message) => self.fail(message),
                Ok(()) => {
                    if let Some(run) = &mut self.run {
                        run.pace.settled();
                    }
                }
            }
        }
        if progress_due && self.is_running() {
            // Show progress even if previews are far apart.
            self.send_progress(None, false);
        }
    }

    /// Have the next step measure a term's share of the gradient, if the window is looking.
    fn measure(&mut self) {
        let Some(run) = &mut self.run else { return };
        let every = if run.settings.low_memory { MEASURE_EVERY_ECONOMY } else { MEASURE_EVERY };
        if run.state != RunState::Running || run.measured.is_some_and(|at| run.step < at + every) {
            return;
        }
        run.measured = Some(run.step);
        if let Err(message) = self.guard(|engine, _| engine.measure()) {
            self.fail(message);
        }
    }

    /// Stop painting in this state and display the latest picture.
    fn stop_painting(&mut self, state: RunState) {
        self.end_downscale();
        self.read_back(true);
        self.keep_snapshot_now();
        if let Some(run) = &mut self.run
            && run.state != RunState::Failed
        {
            run.stop_clock();
            self.set_state(state);
        }
        self.study_layer();
    }

    fn set_state(&mut self, state: RunState) {
        if let Some(run) = &mut self.run {
            run.state = state;
            self.outbox.send(Event::State { run: run.id, state });
        }
    }

    fn fail(&mut self, message: String) {
        let Some(run) = &mut self.run else { return };
        run.stop_clock();
        run.state = RunState::Failed;
        let id = run.id;
        self.outbox.send(Event::Failed { run: id, message });
        self.outbox.send(Event::State { run: id, state: RunState::Failed });
        // Free what the failed run holds.
        if self.engine.is_some() {
            let _ = self.guard(|engine, _| {
                engine.end();
                Ok(())
            });
        }
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "an unknown panic".to_owned())
}
