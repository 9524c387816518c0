//! The worker's loop: take commands, step, read back when worthwhile, send events.

mod beginnings;
mod detours;
mod extracts;
mod outbox;
mod scales;
mod showing;

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};

use self::outbox::Outbox;
use super::{
    Canvas, Command, DownscalePart, Engine, EngineError, Event, Frame, Job, Pace, Pass, Progress, Record,
    RestorePoint, RunId, RunState, Shared, Snapshot, Start, Study, Update, extracting::Extracting,
    settling::Settling, snapshots::SnapshotSchedule, studying::Studying,
};
use impasto_base::error::chain;
use impasto_core::{
    settings::Settings,
    transfer::{GradientNorms, Inputs, PyramidProgress},
};

/// Runs until the window says quit or is gone. A panic in the engine fails the run and the next run gets a
/// new engine.
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
        canvas: None,
        studying: Studying::default(),
        extracting: Extracting::new(Instant::now()),
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| worker.work())) {
        worker.outbox.tell(Event::Died { message: panic_text(&*panic) });
        worker.outbox.drain(LAST_WORDS);
    }
}

/// Maximum interval between progress events.
const SILENCE: Duration = Duration::from_secs(1);
/// Steps from one measurement of a term's share to the next: it takes half a step, and in low-memory mode two
/// thirds, so that it is at most a tenth of the time.
const MEASURE_EVERY: u32 = 5;
const MEASURE_EVERY_ECONOMY: u32 = 7;
/// Time that a failing worker waits for a window that is behind.
const LAST_WORDS: Duration = Duration::from_secs(10);

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
    /// Step of the picture that was read last, and where in the pyramid it was.
    shown: Option<u32>,
    place: PyramidProgress,
    /// Number of the last update that was taken over, and of the last that a step was painted with.
    update: u64,
    painted_update: u64,
    /// The objective had stopped falling when it was last read back.
    converged: bool,
    norms: GradientNorms,
    /// The step after which a measurement was asked for last.
    measured: Option<u32>,
    pace: Pace,
    /// On a detour to a smaller size; the time of the last drag update.
    detour: Option<Instant>,
    /// Steps painted on it that are in no record yet.
    aside: u32,
    /// Seconds of a step at the size that the last detour left, for as long as they are not measured anew.
    slow: f64,
    /// What was changed has not been shown yet.
    changed: bool,
    /// Styles' scales that were refused last, and whose refusal the user was told.
    refused_scales: Option<Vec<f64>>,
    snapshots: SnapshotSchedule,
    /// Time of the last progress event.
    told: Instant,
    /// Painting time before the last pause, and when painting went on.
    painted: f64,
    since: Option<Instant>,
}

impl Run {
    fn elapsed(&self) -> f64 {
        self.painted + self.since.map_or(0.0, |since| since.elapsed().as_secs_f64())
    }

    /// Puts the steps of a detour into the record.
    fn record_aside(&mut self) {
        match std::mem::take(&mut self.aside) {
            0 => {}
            steps => self.record.add_downscale(self.step, DownscalePart::Steps(steps)),
        }
    }

    /// Whether there is nothing to paint until something else is asked for.
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
    /// The last picture that was read, to go on from.
    canvas: Option<Canvas>,
    studying: Studying,
    extracting: Extracting,
}

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    fn work(&mut self) {
        loop {
            self.outbox.flush();
            self.take_wish();
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
                    if !matches!(command, Command::Nudge) {
                        self.extracting.disturb(Instant::now());
                    }
                    self.obey(command);
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

    fn obey(&mut self, command: Command) {
        match command {
            Command::Run(mut job) => {
                // Of several runs in a row only the last is worth its preparation.
                self.queue.extend(self.commands.try_iter());
                while let Some(at) = self.queue.iter().position(|waiting| matches!(waiting, Command::Run(_)))
                {
                    for passed in self.queue.drain(..at) {
                        // Drop other commands for the dropped run; a layer study applies to any run.
                        if let Command::Study(layer) = passed {
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
            Command::Nudge => self.take_update(),
            Command::Study(layer) => {
                self.studying.set(layer);
                self.look_into_layer();
            }
            Command::Pause => {
                if self.is_running() {
                    self.rest(RunState::Paused);
                }
            }
            Command::Resume => {
                self.take_update();
                if let Some(run) = &mut self.run
                    && matches!(run.state, RunState::Paused | RunState::Stopped | RunState::Finished)
                {
                    run.settling.disturb();
                    if !run.is_over() {
                        run.start_clock();
                        self.enter(RunState::Running);
                    } else {
                        self.enter(RunState::Finished);
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
                    run.settling.disturb();
                    match run.state {
                        RunState::Running if run.is_over() => self.rest(RunState::Finished),
                        RunState::Finished if !run.is_over() => {
                            run.start_clock();
                            self.enter(RunState::Running);
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
                                // The same step in another size is another picture, and preparing it is not
                                // painting.
                                run.shown = None;
                                run.settling.disturb();
                                run.snapshots.change(Instant::now(), run.step);
                                run.pace.resume(Instant::now());
                            }
                            self.show(true);
                        }
                    }
                }
            }
            Command::Stop => {
                if self.run.as_ref().is_some_and(|run| {
                    matches!(run.state, RunState::Running | RunState::Paused | RunState::Finished)
                }) {
                    self.rest(RunState::Stopped);
                }
            }
            Command::Quit => unreachable!("the loop has ended"),
        }
    }

    /// Calls the engine, making one if need be, and turns a panic into an error: what a panic leaves behind
    /// is dropped, so the next call meets a new engine.
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
                    notices.into_iter().for_each(|text| outbox.tell(Event::Notice { run, text }));
                }
                result.map_err(|error| chain(&*error))
            }
            Err(panic) => {
                let text = format!("the engine failed: {}", panic_text(&*panic));
                // Its destructors may panic as well; then it is left alone.
                if let Some(engine) = self.engine.take() {
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(engine)));
                }
                Err(text)
            }
        }
    }

    /// One step. `single` pauses after it.
    fn paint(&mut self, single: bool) {
        self.put_extract_aside();
        if let Err(message) = self.guard(|engine, _| engine.step()) {
            return self.fail(message);
        }
        let taken = self.shared.frame.is_empty();
        let Some(run) = &mut self.run else { return };
        if run.detour.is_some() {
            // It does not count, and the same step has another picture.
            run.shown = None;
            run.aside += 1;
        } else {
            run.step += 1;
        }
        run.painted_update = run.update;
        let changed = std::mem::take(&mut run.changed);
        let due = run.pace.after_step(Instant::now(), run.settings.preview_every, taken) || changed;
        let piled_up = run.pace.piled_up();
        let silent = run.told.elapsed() >= SILENCE;
        if single {
            self.rest(RunState::Paused);
        } else if run.is_over() {
            self.rest(RunState::Finished);
        } else if due {
            self.show(false);
            let ends = |run: &Run| run.is_over() || (run.converged && run.settings.stop_when_converged);
            if self.is_running() && self.run.as_ref().is_some_and(ends) {
                self.rest(RunState::Finished);
            } else if taken {
                self.measure();
            }
        } else if piled_up {
            match self.guard(|engine, _| engine.settle()) {
                Err(message) => self.fail(message),
                Ok(()) => {
                    if let Some(run) = &mut self.run {
                        run.pace.settled();
                    }
                }
            }
        }
        if silent && self.is_running() {
            // Show progress even if previews are far apart.
            self.tell_progress(None, false);
        }
    }

    /// Has a term's share of the gradient measured in the next step, for a window that is looking.
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

    /// Stops painting in this state with the latest picture shown.
    fn rest(&mut self, state: RunState) {
        self.end_downscale();
        self.show(true);
        self.keep_now();
        if let Some(run) = &mut self.run
            && run.state != RunState::Failed
        {
            run.stop_clock();
            self.enter(state);
        }
        self.look_into_layer();
    }

    fn enter(&mut self, state: RunState) {
        if let Some(run) = &mut self.run {
            run.state = state;
            self.outbox.tell(Event::State { run: run.id, state });
        }
    }

    fn fail(&mut self, message: String) {
        let Some(run) = &mut self.run else { return };
        run.stop_clock();
        run.state = RunState::Failed;
        let id = run.id;
        self.outbox.tell(Event::Failed { run: id, message });
        self.outbox.tell(Event::State { run: id, state: RunState::Failed });
        // Whatever the run held is of no use any more.
        if self.engine.is_some() {
            let _ = self.guard(|engine, _| {
                engine.end();
                Ok(())
            });
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "an unknown panic".to_owned())
}
