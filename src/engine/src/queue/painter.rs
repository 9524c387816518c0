//! The thread that paints behind the window, with engines of its own: one for the queue's item in hand, one
//! for a grid's cells, which are painted between two of its steps. All their tensors live on this one thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

use image::RgbImage;

use super::{
    Cell, End, Item, JobQueue, PaintedCell, Plan, Stage, State, guarded,
    item::Opened,
    job_queue::SMALL,
    paint::{RenderObserver, paint},
    turns::{Between, Clock, Next},
};
use crate::{
    replay::{ReplayPlan, Replayer, Writer},
    session::Engine,
};
use impasto_base::error::chain;
use impasto_core::{
    picture::{self, SaveError},
    run::{Job, RunInfo},
    transfer::{Losses, Schedule},
};
use impasto_formats::explore::{Ledger, recipe_hash};
use impasto_network::compute::{self, DeviceKind};

/// Longest wait for the last step when the window ends.
const FAREWELL: Duration = Duration::from_secs(2);
/// The same for a finished picture that is being written.
const LAST_FILE: Duration = Duration::from_secs(60);

/// The window's handle to the thread. Dropping it ends the thread after the step in hand.
pub struct Painter {
    desk: JobQueue,
    thread: thread::JoinHandle<()>,
}

impl Painter {
    /// Starts the thread. `make` creates engines on it; `wake` is called when the window has something to
    /// show.
    ///
    /// # Errors
    ///
    /// If the operating system refuses a thread.
    pub fn spawn<E: Engine + 'static>(
        desk: JobQueue,
        make: impl Fn() -> E + Send + Sync + 'static,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        desk.reopen();
        let theirs = desk.clone();
        let thread = thread::Builder::new().name("impasto-behind".into()).spawn(move || {
            compute::run_at_lowest_priority(|| {
                let make: Arc<dyn Fn() -> E> = Arc::new(make);
                Bench { desk: theirs, make, wake: &wake, item: None, cell: None }.work();
            });
        })?;
        Ok(Self { desk, thread })
    }

    /// Whether the thread is still there.
    pub fn is_alive(&self) -> bool {
        !self.thread.is_finished()
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        self.desk.quit();
        // As for the window's own engine: a driver that hangs is not waited for.
        let began = Instant::now();
        let saves = || self.desk.now().is_some_and(|now| matches!(now.stage, Stage::Saving));
        while self.is_alive() && began.elapsed() < if saves() { LAST_FILE } else { FAREWELL } {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Drops what may panic on its way out.
fn drop_safely<T>(it: &mut Option<T>) {
    if let Some(it) = it.take() {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(it)));
    }
}

fn plan(job: &Job) -> Plan {
    Plan {
        steps: job.settings.steps,
        losses_every: None,
        picture_every: None,
        stop_when_converged: job.settings.stop_when_converged,
        film: false,
    }
}

fn computes_on_cpu(info: &RunInfo) -> bool {
    matches!(info.device.kind, DeviceKind::Cpu | DeviceKind::Software)
}

/// Share of the work of a run that is done after a step.
fn share(schedule: &Schedule, step: u32) -> f64 {
    let left = |step| schedule.work_left(0, step).last().copied().unwrap_or(0.0);
    1.0 - left(step) / left(0).max(1e-9)
}

/// An item's result.
struct Outcome {
    state: State,
    /// The file of its picture.
    output: Option<PathBuf>,
    /// A notice for the user.
    remarks: Vec<String>,
}

struct Bench<'a, E: Engine> {
    desk: JobQueue,
    make: Arc<dyn Fn() -> E>,
    wake: &'a dyn Fn(),
    item: Option<Replayer<E>>,
    cell: Option<E>,
}

impl<E: Engine + 'static> Bench<'_, E> {
    fn work(&mut self) {
        loop {
            let warm = self.item.is_some() || self.cell.is_some();
            match self.desk.next(warm) {
                Next::Quit => break,
                Next::Rest => {
                    drop_safely(&mut self.item);
                    drop_safely(&mut self.cell);
                }
                Next::Cell(cell, stop) => self.paint_cell(*cell, &stop),
                Next::Item(item, stop) => self.paint_item(&item, &stop),
            }
        }
        self.save();
    }

    fn save(&self) {
        // Tried again at the next change; the window says so when its own writing fails.
        if let Err(error) = self.desk.save() {
            tracing::warn!("the queue cannot be written: {error}");
        }
        (self.wake)();
    }

    fn paint_item(&mut self, item: &Item, stop: &AtomicBool) {
        self.save();
        let result = catch_unwind(AssertUnwindSafe(|| self.try_item(item, stop)))
            .unwrap_or_else(|_| Err(anyhow::anyhow!("a fault of the program ended it")));
        let Outcome { state, output, remarks } = result.unwrap_or_else(|error| {
            // What a failure left behind in an engine is of no use for the next item.
            drop_safely(&mut self.item);
            Outcome { state: State::Failed { message: chain(&*error) }, output: None, remarks: Vec::new() }
        });
        let remark = (!remarks.is_empty()).then(|| remarks.join("; "));
        self.desk.over(item.id, state, output, remark);
        self.save();
    }

    fn try_item(&mut self, item: &Item, stop: &AtomicBool) -> anyhow::Result<Outcome> {
        let Opened { inputs, mut remarks } = item.open(self.desk.folder().as_deref())?;
        let recipe = item
            .batch
            .then(|| {
                let style = inputs.styles.first()?;
                Some(recipe_hash(inputs.content.sha256, style.picture.sha256, &item.settings))
            })
            .flatten();
        let folder = item.output.parent().unwrap_or(Path::new("."));
        if let Some(recipe) = &recipe
            && Ledger::open(folder).is_ok_and(|ledger| ledger.has_like(&item.output, recipe))
        {
            return Ok(Outcome { state: State::There, output: None, remarks });
        }
        if item.batch {
            std::fs::create_dir_all(folder)
                .map_err(|error| anyhow::anyhow!("cannot make the folder {}: {error}", folder.display()))?;
        }
        // Report a missing folder before hours of work, not after.
        match picture::check_destination(&item.output, false) {
            Ok(()) | Err(SaveError::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let job = Job::new(item.id, inputs, item.settings.clone());
        let schedule = job.inputs.schedule(&job.settings);
        let make = Arc::clone(&self.make);
        let mut replayer = match self.item.take() {
            Some(replayer) => replayer,
            None => Replayer::new(move || make()),
        };
        let desk = self.desk.clone();
        let mut watch = Watch {
            bench: self,
            item,
            stop,
            schedule,
            clock: Clock::new(),
            since_first: None,
            notices: Vec::new(),
        };
        watch.before_step();
        let record = replayer.record_handle();
        let info = guarded(|| {
            replayer.begin(&ReplayPlan::plain(job.clone(), job.settings.steps), &mut |what| {
                desk.progress(|now| now.stage = Stage::Preparing(what.to_owned()));
                (watch.bench.wake)();
            })
        })?;
        desk.set_device(computes_on_cpu(&info));
        desk.progress(|now| (now.stage, now.shape) = (Stage::Painting, (info.width, info.height)));
        remarks.extend(info.remarks.iter().cloned());
        let painted = paint(&mut replayer, plan(&job), stop, &mut watch);
        let seconds = watch.clock.seconds();
        remarks.append(&mut watch.notices);
        let picture = match painted.end {
            End::Interrupted => {
                self.item = Some(replayer);
                return Ok(Outcome { state: State::Cancelled, output: None, remarks: Vec::new() });
            }
            End::Failed(error) => {
                drop_safely(&mut Some(replayer));
                return Err(error);
            }
            End::Finished => painted.picture.map(|(_, picture)| picture),
        };
        self.item = Some(replayer);
        let picture = picture.ok_or_else(|| anyhow::anyhow!("nothing was painted"))?;
        desk.progress(|now| now.stage = Stage::Saving);
        desk.show(item.id, picture::thumbnail(&picture, SMALL));
        desk.set_pace(seconds / item.work().max(1.0));
        (self.wake)();
        let writer = (!item.without_recipe).then(|| Writer::new(&job, info, record));
        let text = |room| writer.as_ref()?.text(&picture, room);
        let (output, failure) = match picture::save_under_free_name(&picture, &item.output, &text) {
            Ok(output) => (output, None),
            Err(error) => {
                // Hours of work are not lost to a full disk or a share that has gone.
                let mut folders: Vec<PathBuf> =
                    self.desk.folder().map(|folder| folder.join("rescued")).into_iter().collect();
                folders.extend(picture::fallback_folders());
                let output = picture::save_elsewhere(&picture, &item.output, &folders, &text)?;
                (output, Some(error))
            }
        };
        match &failure {
            Some(error) => {
                remarks.push(format!("{}; it is kept as {} instead", chain(error), output.display()));
            }
            None if output != item.output => {
                remarks.push(format!("its name was taken, so it is {}", name(&output)));
            }
            None => {}
        }
        if failure.is_none()
            && let Some(recipe) = recipe
            && let Err(error) = Ledger::open(folder).and_then(|mut ledger| ledger.note(&output, recipe))
        {
            remarks.push(format!("its folder's list of what is painted cannot be written: {error}"));
        }
        Ok(Outcome { state: State::Done { seconds }, output: Some(output), remarks })
    }

    fn paint_cell(&mut self, cell: Cell, stop: &AtomicBool) {
        let began = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| self.try_cell(&cell, stop)))
            .unwrap_or_else(|_| Err(anyhow::anyhow!("a fault of the program ended it")));
        if result.is_err() {
            drop_safely(&mut self.cell);
        }
        let result = result.map_err(|error| chain(&*error)).transpose();
        let Cell { grid, index, .. } = cell;
        let seconds = began.elapsed().as_secs_f64();
        self.desk.cell_over(result.map(|result| PaintedCell { grid, index, result, seconds }));
        (self.wake)();
    }

    /// Nothing where it was stopped.
    fn try_cell(&mut self, cell: &Cell, stop: &AtomicBool) -> anyhow::Result<Option<Arc<RgbImage>>> {
        let schedule = cell.job.inputs.schedule(&cell.job.settings);
        let engine = self.cell.get_or_insert_with(|| (self.make)());
        let info = guarded(|| engine.start(&cell.job, None, &mut |_| ()))?;
        self.desk.set_device(computes_on_cpu(&info));
        let mut watch = WatchCell { desk: &self.desk, wake: self.wake, stop, schedule };
        let painted = paint(engine, plan(&cell.job), stop, &mut watch);
        match painted.end {
            End::Interrupted => Ok(None),
            End::Failed(error) => Err(error),
            End::Finished => {
                let (_, picture) = painted.picture.ok_or_else(|| anyhow::anyhow!("nothing was painted"))?;
                Ok(Some(Arc::new(picture)))
            }
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Report an item's progress, and wait if it should yield.
struct Watch<'a, 'b, E: Engine> {
    bench: &'a mut Bench<'b, E>,
    item: &'a Item,
    stop: &'a AtomicBool,
    schedule: Schedule,
    clock: Clock,
    /// Share of the work, and the clock's time, at the first losses: a run's first step is slower than all
    /// others.
    since_first: Option<(f64, f64)>,
    /// What has happened to the run by itself.
    notices: Vec<String>,
}

impl<E: Engine + 'static> RenderObserver for Watch<'_, '_, E> {
    fn before_step(&mut self) {
        let (bench, stop) = (&mut *self.bench, self.stop);
        self.clock.aside(|| {
            while let Between::Cell(cell, stop) = bench.desk.between(stop) {
                bench.paint_cell(*cell, &stop);
            }
            // Cells of a grid that is done need their memory no more.
            if bench.desk.cell().is_none() && bench.cell.is_some() {
                drop_safely(&mut bench.cell);
            }
        });
    }

    fn losses(&mut self, step: u32, _: &Losses, _: f64, _: bool) {
        let (done, seconds) = (share(&self.schedule, step), self.clock.seconds());
        let seconds_left = match self.since_first {
            None => {
                self.since_first = Some((done, seconds));
                None
            }
            Some((first, at)) if done > first => Some((1.0 - done) * (seconds - at) / (done - first)),
            Some(_) => None,
        };
        if let Some(left) = seconds_left {
            self.bench.desk.set_pace((seconds + left) / self.item.work().max(1.0));
        }
        self.bench.desk.progress(|now| {
            (now.step, now.share) = (step, done as f32);
            now.seconds_left = seconds_left.or(now.seconds_left);
        });
        (self.bench.wake)();
    }

    fn notice(&mut self, text: &str) {
        self.notices.push(text.to_owned());
    }

    fn converged(&mut self, _: u32) {}

    fn seen(&mut self, picture: &RgbImage) {
        self.bench.desk.show(self.item.id, picture::thumbnail(picture, SMALL));
    }

    fn picture(&mut self, _: u32, _: &RgbImage) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Report a cell's progress.
struct WatchCell<'a> {
    desk: &'a JobQueue,
    wake: &'a dyn Fn(),
    stop: &'a AtomicBool,
    schedule: Schedule,
}

impl RenderObserver for WatchCell<'_> {
    fn before_step(&mut self) {
        self.desk.between_cell(self.stop);
    }

    fn losses(&mut self, step: u32, _: &Losses, _: f64, _: bool) {
        self.desk.cell_progress(share(&self.schedule, step) as f32);
        (self.wake)();
    }

    fn converged(&mut self, _: u32) {}

    fn picture(&mut self, _: u32, _: &RgbImage) -> anyhow::Result<()> {
        Ok(())
    }
}
