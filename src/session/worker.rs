//! The worker's loop: take orders, step, read back when it is worth it, tell.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use image::RgbImage;

use super::{
    Canvas, Command, DetourPart, Engine, EngineError, Event, Frame, Job, Mark, Pace, Pass, Progress, Record,
    Return, RunId, RunState, Shared, Start, Study, Update, extracting::Extracting, marks::Marks,
    studying::Studying,
};
use crate::{
    settings::{Settings, StyleMix},
    transfer::{GradientNorms, Losses, Place},
};

/// Runs until the window says quit or is gone. A panic in the engine fails the run and the next run gets a new engine.
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

/// Longest time between two tellings of the progress.
const SILENCE: Duration = Duration::from_secs(1);
/// A step that takes longer is too slow to follow a hand, in seconds.
const QUICK: f64 = 0.1;
/// How long a hand rests before painting goes on at the size that it had.
const REST: Duration = Duration::from_millis(700);
/// Steps from one measurement of a term's share to the next: it takes half a step, and in low-memory mode two thirds, so
/// that it is at most a tenth of the time.
const MEASURE_EVERY: u32 = 5;
const MEASURE_EVERY_ECONOMY: u32 = 7;
/// How long a dying worker waits for a window that is behind.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Events on their way to the window. What must arrive waits here while the channel is full; nothing blocks.
struct Outbox<W: Fn()> {
    events: Sender<Event>,
    waiting: VecDeque<Event>,
    wake: W,
}

impl<W: Fn()> Outbox<W> {
    fn tell(&mut self, event: Event) {
        self.waiting.push_back(event);
        self.flush();
    }

    /// Tells unless the window is behind.
    fn tell_if_free(&mut self, event: Event) {
        self.flush();
        if self.waiting.is_empty() && self.events.try_send(event).is_ok() {
            (self.wake)();
        }
    }

    /// Tells everything that waits, unless the window does not look for that long.
    fn drain(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while !self.waiting.is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut told = false;
        while let Some(event) = self.waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => told = true,
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    break;
                }
                Err(TrySendError::Disconnected(_)) => self.waiting.clear(),
            }
        }
        if told {
            (self.wake)();
        }
    }
}

struct Run {
    id: RunId,
    settings: Settings,
    styles: Vec<StyleMix>,
    record: Record,
    state: RunState,
    step: u32,
    /// Step of the picture that was read last, and where in the pyramid it was.
    shown: Option<u32>,
    place: Place,
    /// Number of the last update that was taken over, and of the last that a step was painted with.
    update: u64,
    painted_update: u64,
    /// The objective had stopped falling when it was last read back.
    converged: bool,
    norms: GradientNorms,
    /// The step after which a measurement was asked for last.
    measured: Option<u32>,
    pace: Pace,
    /// On a detour to a smaller size; since when the hand has rested.
    detour: Option<Instant>,
    /// Steps painted on it that are in no record yet.
    aside: u32,
    /// Seconds of a step at the size that the last detour left, for as long as they are not measured anew.
    slow: f64,
    /// What was changed has not been shown yet.
    changed: bool,
    marks: Marks,
    /// When progress was told last.
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
            steps => self.record.detour(self.step, DetourPart::Steps(steps)),
        }
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
    /// Commands that were taken from the channel and not yet obeyed.
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
                        self.end_detour();
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

    fn take_wish(&mut self) {
        if let Some(wish) = self.shared.wish.take() {
            self.extracting.set(wish);
        }
    }

    /// How long to wait for commands before a slice of an extract is made; `None` when there is nothing to make, or it paints.
    fn extract_wait(&self) -> Option<Duration> {
        let state = self.run.as_ref().map(|run| run.state)?;
        let rests = matches!(state, RunState::Paused | RunState::Finished | RunState::Stopped);
        rests.then(|| self.extracting.wait(Instant::now())).flatten()
    }

    /// Makes a slice of the extract that comes next. Whatever goes wrong with it, the run stays as it is.
    fn extract(&mut self) {
        let (Some(order), Some(engine)) = (self.extracting.next().cloned(), &mut self.engine) else { return };
        self.extracting.in_hand = true;
        let result = match catch_unwind(AssertUnwindSafe(|| engine.extract(&order))) {
            Ok(Ok(Some(state))) => Ok(state),
            // The window wishes anew when the engine has another network.
            Ok(Ok(None)) => return self.extracting.give_up(),
            Ok(Err(error)) => Err(chain(&*error)),
            Err(panic) => {
                self.extracting.broken = true;
                Err(format!("the engine failed: {}", panic_text(&*panic)))
            }
        };
        if let Some(run) = &mut self.run {
            // What it took is no part of a step.
            run.pace.resume(Instant::now());
        }
        let done = result.as_ref().map_or(true, |state| state.is_done());
        let event = Event::Extract { key: order.key, result: result.map(Box::new) };
        if done {
            self.extracting.done();
            self.outbox.tell(event);
        } else {
            self.outbox.tell_if_free(event);
        }
    }

    /// Lets go of the extract in hand before a step, unless the two take turns.
    fn put_extract_aside(&mut self) {
        if self.extracting.in_hand && !self.extracting.takes_turns() {
            self.extracting.in_hand = false;
            if let Some(engine) = &mut self.engine
                && catch_unwind(AssertUnwindSafe(|| engine.put_extract_aside())).is_err()
            {
                self.extracting.broken = true;
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
                    self.queue.drain(..at);
                    if let Some(Command::Run(newer)) = self.queue.pop_front() {
                        // Who asked to begin afresh, and then changed something else, still wants to.
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
                    // The loop meets it next; nobody waits for this run.
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
                    if run.step < run.settings.steps {
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
            Command::Level(order) => {
                self.take_update();
                self.end_detour();
                if self.run.as_ref().is_some_and(|run| {
                    !matches!(run.state, RunState::Failed | RunState::Preparing | RunState::Idle)
                }) {
                    match self.guard(|engine, _| engine.level(order)) {
                        Err(message) => self.fail(message),
                        Ok(()) => {
                            if let Some(run) = &mut self.run {
                                run.record.order(run.step, order);
                                // The same step in another size is another picture, and preparing it is not painting.
                                run.shown = None;
                                run.marks.change(Instant::now(), run.step);
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

    /// Calls the engine, making one if need be, and turns a panic into an error: what a panic leaves behind is
    /// dropped, so the next call meets a new engine.
    fn guard<T>(
        &mut self,
        call: impl FnOnce(&mut E, &mut Outbox<W>) -> Result<T, EngineError>,
    ) -> Result<T, String> {
        let outbox = &mut self.outbox;
        let engine = self.engine.get_or_insert_with(&self.make);
        match catch_unwind(AssertUnwindSafe(|| call(engine, outbox))) {
            Ok(result) => result.map_err(|error| chain(&*error)),
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

    fn start(&mut self, job: &Job) {
        let id = job.run;
        if job.start != Start::Beginning {
            // The latest picture, not the latest preview.
            self.show(true);
            if let Some(lent) = self.shared.canvas.take() {
                self.canvas = Some(lent);
            }
        }
        let back = match job.start {
            Start::Moment => self.shared.back.take(),
            _ => None,
        };
        if let Some(Return { picture, record, .. }) = &back {
            self.canvas = Some(Canvas { picture: Arc::clone(picture), record: record.clone() });
        }
        let canvas = self.canvas.clone().filter(|_| job.start != Start::Beginning);
        let record = self.record_of(job, canvas.as_ref());
        self.run = Some(Run {
            id,
            settings: job.settings.clone(),
            styles: job.styles.iter().map(|style| style.mix).collect(),
            record,
            state: RunState::Preparing,
            step: 0,
            shown: None,
            place: Place::default(),
            update: 0,
            painted_update: 0,
            converged: false,
            norms: GradientNorms::default(),
            measured: None,
            pace: Pace::new(Instant::now()),
            detour: None,
            aside: 0,
            slow: 0.0,
            changed: false,
            marks: Marks::default(),
            told: Instant::now(),
            painted: 0.0,
            since: None,
        });
        self.enter(RunState::Preparing);
        self.extracting.broken = false;
        let current = canvas.as_ref().map(|canvas| &*canvas.picture);
        let started = self.guard(|engine, outbox| {
            engine.start(job, current, &mut |what| {
                outbox.tell(Event::Preparing { run: id, what: what.to_owned() });
            })
        });
        let info = match started {
            Ok(info) => info,
            Err(message) => return self.fail(message),
        };
        if let Some(run) = &mut self.run {
            run.settings.size = info.size;
            run.record.set_size(info.size);
        }
        self.outbox.tell(Event::Started { run: id, info: Box::new(info) });
        if let Some(back) = back {
            self.go_back(back);
        }
        self.show(true);
        self.take_update();
        if self.run.as_ref().is_some_and(|run| run.state == RunState::Preparing) {
            if job.paused {
                self.enter(RunState::Paused);
            } else if self.run.as_ref().is_some_and(|run| run.step >= run.settings.steps) {
                self.enter(RunState::Finished);
            } else {
                if let Some(run) = &mut self.run {
                    run.start_clock();
                }
                self.enter(RunState::Running);
            }
        }
    }

    /// How a job's first picture comes about.
    fn record_of(&self, job: &Job, canvas: Option<&Canvas>) -> Record {
        let Some(canvas) = canvas else { return Record::new(Pass::new(job, Start::Beginning)) };
        // A recipe knows no earlier moments: it goes on from a picture, and is incomplete.
        let start = if job.start == Start::Moment { Start::Current } else { job.start };
        let pass = Pass { new_engine: self.engine.is_none(), ..Pass::new(job, start) };
        match &canvas.record {
            // What a failure left behind in the engine is not known.
            Some(record)
                if job.start != Start::Moment
                    && self.run.as_ref().is_none_or(|run| run.state != RunState::Failed) =>
            {
                record.then(pass)
            }
            Some(record) => record.then(pass).incomplete(),
            None => Record::new(pass).incomplete(),
        }
    }

    /// Brings the run that was just started to an earlier moment.
    fn go_back(&mut self, Return { step, state, record, .. }: Return) {
        let exactly = state.as_ref().map(|state| state.as_slice());
        let mut known = record.filter(|_| exactly.is_some());
        let restored = match self.guard(|engine, _| engine.restore(step, exactly)) {
            Err(text) if exactly.is_some() && self.engine.is_some() => {
                known = None;
                let Some(run) = &self.run else { return };
                let text = format!("went on from the picture alone: {text}");
                self.outbox.tell(Event::Notice { run: run.id, text });
                self.guard(|engine, _| engine.restore(step, None))
            }
            other => other,
        };
        match restored {
            Err(message) => self.fail(message),
            Ok(()) => {
                if let Some(run) = &mut self.run {
                    run.step = step;
                    run.marks = Marks::from_step(step);
                    if let Some(record) = known {
                        // It is the same run still.
                        run.record = record;
                    }
                }
            }
        }
    }

    fn take_update(&mut self) {
        let Some(run) = &self.run else { return };
        let (id, state, step) = (run.id, run.state, run.step);
        // What is meant for a run that waits in the inbox stays for it.
        let Some(update) = self.shared.update.take_if(|update| update.run <= id) else { return };
        let Update { number, run: meant, settings, styles, dragged } = update;
        if meant != id || state == RunState::Failed {
            return;
        }
        let limit = settings.steps;
        let recoloured =
            self.run.as_ref().is_some_and(|run| run.settings.kept_colours() != settings.kept_colours());
        self.before_change();
        let otherwise = self
            .run
            .as_ref()
            .is_some_and(|run| run.styles != styles || run.settings.paints_otherwise(&settings));
        if dragged && otherwise && settings.follow_drags {
            self.start_detour();
        }
        match self.guard(|engine, _| engine.update(&settings, &styles)) {
            Err(text) if self.engine.is_none() => return self.fail(text),
            Err(text) => return self.outbox.tell(Event::Notice { run: id, text }),
            Ok(()) => {}
        }
        let converged = self.engine.as_ref().is_some_and(E::converged);
        if let Some(run) = &mut self.run {
            run.record_aside();
            run.record.change(step, (&run.settings, &settings), (&run.styles, &styles));
            (run.settings, run.styles) = (settings, styles);
            run.update = number;
            run.changed |= otherwise;
            run.converged = converged;
        }
        match state {
            RunState::Finished if step < limit => {
                if let Some(run) = &mut self.run {
                    run.start_clock();
                }
                self.enter(RunState::Running);
            }
            RunState::Running if step >= limit => self.rest(RunState::Finished),
            RunState::Running | RunState::Preparing => {}
            // What is done to the picture after the fact shows without a step.
            _ if recoloured => {
                if let Some(run) = &mut self.run {
                    run.shown = None;
                    run.painted_update = run.update;
                }
                self.show(true);
            }
            _ => {}
        }
    }

    /// Goes to a smaller size where steps are too slow to follow a hand, or stays there.
    fn start_detour(&mut self) {
        let Some(run) = self.run.as_mut().filter(|run| run.state == RunState::Running) else { return };
        if run.detour.is_none() {
            let measured = run.pace.seconds_per_step();
            let seconds = if measured > 0.0 { measured } else { run.slow };
            run.slow = seconds;
            if seconds <= QUICK {
                return;
            }
            match self.guard(|engine, _| engine.detour(QUICK / seconds)) {
                Err(message) => return self.fail(message),
                Ok(false) => return,
                Ok(true) => {}
            }
        }
        if let Some(run) = &mut self.run {
            if run.detour.is_none() {
                // Steps of another size take another time.
                run.pace = Pace::new(Instant::now());
                run.record.detour(run.step, DetourPart::Begin(QUICK / run.slow));
            }
            run.detour = Some(Instant::now());
        }
    }

    fn has_rested(&self) -> bool {
        let since = self.run.as_ref().and_then(|run| run.detour);
        since.is_some_and(|since| since.elapsed() >= REST)
    }

    /// Goes back from a detour, if there is one.
    fn end_detour(&mut self) {
        if self.run.as_mut().is_none_or(|run| run.state == RunState::Failed || run.detour.take().is_none()) {
            return;
        }
        match self.guard(|engine, _| engine.end_detour()) {
            Err(message) => self.fail(message),
            Ok(()) => {
                if let Some(run) = &mut self.run {
                    run.record_aside();
                    run.record.detour(run.step, DetourPart::End);
                    run.pace = Pace::new(Instant::now());
                    run.shown = None;
                }
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
        } else if run.step >= run.settings.steps {
            self.rest(RunState::Finished);
        } else if due {
            self.show(false);
            let ends = |run: &Run| run.converged && run.settings.stop_when_converged;
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
            // With previews far apart a person still sees that it goes on.
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
        self.end_detour();
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

    /// Reads the picture and the losses back and tells them, unless that was done for this step. What is important is told
    /// even to a window that is behind.
    fn show(&mut self, important: bool) {
        let Some(run) = &self.run else { return };
        if run.shown == Some(run.step) || run.state == RunState::Failed {
            return;
        }
        let reading = match self.guard(|engine, _| engine.read()) {
            Ok(reading) => reading,
            Err(message) => return self.fail(message),
        };
        let Some(run) = &mut self.run else { return };
        if reading.place.level == run.place.level {
            run.pace.read(Instant::now());
        } else {
            // Steps of another size take another time.
            run.pace = Pace::new(Instant::now());
        }
        run.shown = Some(run.step);
        run.place = reading.place;
        run.converged = self.engine.as_ref().is_some_and(E::converged);
        run.norms = reading.norms;
        let picture = Arc::new(reading.picture);
        run.record_aside();
        let record = run.record.at(run.step);
        let plain = reading.plain.map_or_else(|| Arc::clone(&picture), Arc::new);
        self.canvas = Some(Canvas { picture: plain, record: Some(record.clone()) });
        let update = run.painted_update;
        let (shown, due) = (Arc::clone(&picture), run.marks.due(Instant::now(), run.step));
        self.shared.frame.put(Frame { run: run.id, step: run.step, picture, record, update });
        self.tell_progress(reading.losses.clone(), important);
        if due {
            // Where painting rests or begins is where a person comes back to.
            self.keep(shown, reading.losses, important);
        }
        self.look_into_layer();
    }

    /// Looks into the layer that the window has open, if it is time.
    fn look_into_layer(&mut self) {
        let Some(run) = &self.run else { return };
        if matches!(run.state, RunState::Failed | RunState::Preparing | RunState::Idle) {
            return;
        }
        let (id, step, resting, start) = (run.id, run.step, run.state != RunState::Running, Instant::now());
        let Some(layer) = self.studying.due(id, step, resting, start) else { return };
        let found = self.guard(|engine, _| engine.study(layer));
        self.studying.done(id, step, start.elapsed(), Instant::now());
        if let Some(run) = &mut self.run {
            // What it took is no part of a step.
            run.pace.resume(Instant::now());
        }
        match found {
            Ok(Some(study)) => {
                self.shared.study.put(Study { run: id, step, study });
                (self.outbox.wake)();
            }
            Ok(None) => {}
            Err(text) if self.engine.is_none() => self.fail(text),
            Err(text) => {
                self.studying.set(None);
                self.outbox.tell(Event::Notice { run: id, text });
            }
        }
    }

    /// Keeps what a person is about to change.
    fn before_change(&mut self) {
        let Some(run) = &mut self.run else { return };
        if run.marks.change(Instant::now(), run.step) && run.state == RunState::Running {
            self.keep_now();
        }
    }

    /// Keeps the moment as it is, with the engine's state, unless it is kept already.
    fn keep_now(&mut self) {
        let Some(run) = &self.run else { return };
        let kept = run.step == 0 || run.marks.exact_step() == Some(run.step);
        if run.state == RunState::Failed || run.detour.is_some() || kept || self.shared.marks.is_full() {
            return;
        }
        match self.guard(|engine, _| engine.read()) {
            Err(message) => self.fail(message),
            Ok(reading) => self.keep(Arc::new(reading.picture), reading.losses, true),
        }
    }

    /// Hands a moment to the window, unless it is behind.
    fn keep(&mut self, picture: Arc<RgbImage>, losses: Option<Losses>, exactly: bool) {
        let now = Instant::now();
        let Some(run) = &mut self.run else { return };
        // Steps of a detour are not counted, and its picture is but a sketch.
        if run.detour.is_some() || self.shared.marks.is_full() {
            return;
        }
        let exactly = exactly || run.marks.state_due(now);
        run.marks.kept(now, run.step, exactly);
        let mut mark = Mark {
            run: run.id,
            step: run.step,
            place: run.place.clone(),
            elapsed: run.elapsed(),
            settings: run.settings.clone(),
            styles: run.styles.clone(),
            losses,
            picture,
            state: None,
        };
        if exactly {
            match self.guard(|engine, _| engine.checkpoint()) {
                Ok(state) => mark.state = state.map(Arc::new),
                Err(message) => return self.fail(message),
            }
            if let Some(run) = &mut self.run {
                run.marks.state_took(now.elapsed());
            }
        }
        // It is full only if it has filled up since, and then there are enough.
        let _ = self.shared.marks.try_send(mark);
        (self.outbox.wake)();
    }

    fn tell_progress(&mut self, losses: Option<Losses>, important: bool) {
        let Some(run) = &mut self.run else { return };
        run.told = Instant::now();
        let progress = Box::new(Progress {
            step: run.step,
            place: run.place.clone(),
            losses,
            converged: run.converged,
            norms: run.norms.clone(),
            seconds_per_step: run.pace.seconds_per_step(),
            elapsed: run.elapsed(),
        });
        let event = Event::Progress { run: run.id, progress };
        match important {
            true => self.outbox.tell(event),
            false => self.outbox.tell_if_free(event),
        }
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

/// An error and its causes on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "an unknown panic".to_owned())
}
