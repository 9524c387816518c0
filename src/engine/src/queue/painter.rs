//! The background painting thread, with its own engines: one for the queue's current item, one for a grid's
//! cells, which are painted between two steps of the item. All their tensors live on this thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

use image::RgbImage;

use super::{
    Cell, Item, ItemStage, ItemState, JobQueue, PaintedCell, RenderEnd, RenderPlan, guarded,
    item::ItemPictures,
    job_queue::THUMBNAIL_SIDE,
    paint::{RenderObserver, paint},
    turns::{Between, Clock, Next},
};
use crate::{
    replay::{RecipeWriter, ReplayPlan, Replayer},
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

/// Maximum wait for the current step at shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum wait at shutdown while a finished picture is being written.
const SAVE_TIMEOUT: Duration = Duration::from_secs(60);

/// The window's handle to the thread. Dropping it ends the thread after the current step.
pub struct Painter {
    queue: JobQueue,
    thread: thread::JoinHandle<()>,
}

impl Painter {
    /// Start the thread. `make` creates engines on it; `wake` is called when there is something new to show.
    ///
    /// # Errors
    ///
    /// If the operating system refuses a thread.
    pub fn spawn<E: Engine + 'static>(
        queue: JobQueue,
        make: impl Fn() -> E + Send + Sync + 'static,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        queue.reopen();
        let thread_queue = queue.clone();
        let thread = thread::Builder::new().name("impasto-behind".into()).spawn(move || {
            compute::run_at_lowest_priority(|| {
                let make: Arc<dyn Fn() -> E> = Arc::new(make);
                PainterThread { queue: thread_queue, make, wake: &wake, item: None, cell: None }.run();
            });
        })?;
        Ok(Self { queue, thread })
    }

    /// Whether the thread is running.
    pub fn is_alive(&self) -> bool {
        !self.thread.is_finished()
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        self.queue.quit();
        // As for the window's own engine, don't wait for a driver that hangs.
        let began = Instant::now();
        let saves = || self.queue.now().is_some_and(|now| matches!(now.stage, ItemStage::Saving));
        while self.is_alive() && began.elapsed() < if saves() { SAVE_TIMEOUT } else { SHUTDOWN_TIMEOUT } {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Drop a value whose destructor may panic.
fn drop_safely<T>(it: &mut Option<T>) {
    if let Some(it) = it.take() {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(it)));
    }
}

fn plan(job: &Job) -> RenderPlan {
    RenderPlan {
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

/// Fraction of a run's work that is done after a step.
fn share(schedule: &Schedule, step: u32) -> f64 {
    let left = |step| schedule.work_left(0, step).last().copied().unwrap_or(0.0);
    1.0 - left(step) / left(0).max(1e-9)
}

/// The result of an item.
struct ItemResult {
    state: ItemState,
    /// The file of its picture.
    output: Option<PathBuf>,
    /// Notices for the user.
    remarks: Vec<String>,
}

struct PainterThread<'a, E: Engine> {
    queue: JobQueue,
    make: Arc<dyn Fn() -> E>,
    wake: &'a dyn Fn(),
    item: Option<Replayer<E>>,
    cell: Option<E>,
}

impl<E: Engine + 'static> PainterThread<'_, E> {
    fn run(&mut self) {
        loop {
            let warm = self.item.is_some() || self.cell.is_some();
            match self.queue.next(warm) {
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
        // The next change retries; the window reports failures of its own writes.
        if let Err(error) = self.queue.save() {
            tracing::warn!("the queue cannot be written: {error}");
        }
        (self.wake)();
    }

    fn paint_item(&mut self, item: &Item, stop: &AtomicBool) {
        self.save();
        let result = catch_unwind(AssertUnwindSafe(|| self.try_item(item, stop)))
            .unwrap_or_else(|_| Err(anyhow::anyhow!("an internal error ended it")));
        let ItemResult { state, output, remarks } = result.unwrap_or_else(|error| {
            // Don't reuse an engine after a failure.
            drop_safely(&mut self.item);
            ItemResult {
                state: ItemState::Failed { message: chain(&*error) },
                output: None,
                remarks: Vec::new(),
            }
        });
        let remark = (!remarks.is_empty()).then(|| remarks.join("; "));
        self.queue.finish_item(item.id, state, output, remark);
        self.save();
    }

    fn try_item(&mut self, item: &Item, stop: &AtomicBool) -> anyhow::Result<ItemResult> {
        let ItemPictures { inputs, mut remarks } = item.open(self.queue.folder().as_deref())?;
        let recipe = item.batch.then(|| recipe_hash(&inputs, &item.settings));
        let folder = item.output.parent().unwrap_or(Path::new("."));
        if let Some(recipe) = &recipe
            && Ledger::open(folder).is_ok_and(|ledger| ledger.has_numbered(&item.output, recipe))
        {
            return Ok(ItemResult { state: ItemState::AlreadyPainted, output: None, remarks });
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
        let queue = self.queue.clone();
        let mut observer = ItemObserver {
            painter: self,
            item,
            stop,
            schedule,
            clock: Clock::new(),
            since_first: None,
            notices: Vec::new(),
        };
        observer.before_step();
        let record = replayer.record_handle();
        let info = guarded(|| {
            replayer.begin(&ReplayPlan::plain(job.clone(), job.settings.steps), &mut |what| {
                queue.progress(|now| now.stage = ItemStage::Preparing(what.to_owned()));
                (observer.painter.wake)();
            })
        })?;
        queue.known_files().add_run(&job, &info);
        queue.set_device(computes_on_cpu(&info));
        queue.progress(|now| (now.stage, now.shape) = (ItemStage::Painting, (info.width, info.height)));
        remarks.extend(info.remarks.iter().cloned());
        let painted = paint(&mut replayer, plan(&job), stop, &mut observer);
        let seconds = observer.clock.seconds();
        remarks.append(&mut observer.notices);
        let picture = match painted.end {
            RenderEnd::Interrupted => {
                self.item = Some(replayer);
                return Ok(ItemResult { state: ItemState::Cancelled, output: None, remarks: Vec::new() });
            }
            RenderEnd::Failed(error) => {
                drop_safely(&mut Some(replayer));
                return Err(error);
            }
            RenderEnd::Finished => painted.picture.map(|(_, picture)| picture),
        };
        self.item = Some(replayer);
        let picture = picture.ok_or_else(|| anyhow::anyhow!("nothing was painted"))?;
        queue.progress(|now| now.stage = ItemStage::Saving);
        queue.show(item.id, picture::thumbnail(&picture, THUMBNAIL_SIDE));
        queue.set_pace(seconds / item.work().max(1.0));
        (self.wake)();
        let writer =
            (!item.without_recipe).then(|| RecipeWriter::new(&job, info, record, !item.without_thumbnails));
        let text = |room| writer.as_ref()?.text(&picture, room);
        let (output, failure) = match picture::save_under_free_name(&picture, &item.output, &text) {
            Ok(output) => (output, None),
            Err(error) => {
                // A full disk or a missing share must not cost hours of work.
                let mut folders: Vec<PathBuf> =
                    self.queue.folder().map(|folder| folder.join("rescued")).into_iter().collect();
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
                remarks.push(format!("its name was taken, so it was saved as {}", name(&output)));
            }
            None => {}
        }
        if failure.is_none()
            && let Some(recipe) = recipe
            && let Err(error) = Ledger::open(folder).and_then(|mut ledger| match painted.limits.is_empty() {
                true => ledger.record(&output, recipe),
                // A later batch paints it properly.
                false => ledger.forget(&output),
            })
        {
            remarks.push(format!("the batch list of its folder cannot be written: {error}"));
        }
        Ok(ItemResult { state: ItemState::Done { seconds }, output: Some(output), remarks })
    }

    fn paint_cell(&mut self, cell: Cell, stop: &AtomicBool) {
        let began = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| self.try_cell(&cell, stop)))
            .unwrap_or_else(|_| Err(anyhow::anyhow!("an internal error ended it")));
        if result.is_err() {
            drop_safely(&mut self.cell);
        }
        let result = result.map_err(|error| chain(&*error)).transpose();
        let Cell { grid, index, .. } = cell;
        let seconds = began.elapsed().as_secs_f64();
        self.queue.finish_cell(result.map(|result| PaintedCell { grid, index, result, seconds }));
        (self.wake)();
    }

    /// Paint a cell; `None` if it was stopped.
    fn try_cell(&mut self, cell: &Cell, stop: &AtomicBool) -> anyhow::Result<Option<Arc<RgbImage>>> {
        let schedule = cell.job.inputs.schedule(&cell.job.settings);
        let engine = self.cell.get_or_insert_with(|| (self.make)());
        let info = guarded(|| engine.start(&cell.job, None, &mut |_| ()))?;
        self.queue.set_device(computes_on_cpu(&info));
        let mut observer = CellObserver { queue: &self.queue, wake: self.wake, stop, schedule };
        let painted = paint(engine, plan(&cell.job), stop, &mut observer);
        match painted.end {
            RenderEnd::Interrupted => Ok(None),
            RenderEnd::Failed(error) => Err(error),
            RenderEnd::Finished => {
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
struct ItemObserver<'a, 'b, E: Engine> {
    painter: &'a mut PainterThread<'b, E>,
    item: &'a Item,
    stop: &'a AtomicBool,
    schedule: Schedule,
    clock: Clock,
    /// Fraction of the work and the clock's time at the first losses: speed is measured from there, as a
    /// run's first step is slower than the others.
    since_first: Option<(f64, f64)>,
    /// Notices of the engine.
    notices: Vec<String>,
}

impl<E: Engine + 'static> RenderObserver for ItemObserver<'_, '_, E> {
    fn before_step(&mut self) {
        let (painter, stop) = (&mut *self.painter, self.stop);
        self.clock.uncounted(|| {
            while let Between::Cell(cell, stop) = painter.queue.before_step(stop) {
                painter.paint_cell(*cell, &stop);
            }
            // Free the memory of a finished grid's engine.
            if painter.queue.cell().is_none() && painter.cell.is_some() {
                drop_safely(&mut painter.cell);
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
            self.painter.queue.set_pace((seconds + left) / self.item.work().max(1.0));
        }
        self.painter.queue.progress(|now| {
            (now.step, now.share) = (step, done as f32);
            now.seconds_left = seconds_left.or(now.seconds_left);
        });
        (self.painter.wake)();
    }

    fn notice(&mut self, text: &str) {
        self.notices.push(text.to_owned());
    }

    fn converged(&mut self, _: u32) {}

    fn picture_read(&mut self, picture: &RgbImage) {
        self.painter.queue.show(self.item.id, picture::thumbnail(picture, THUMBNAIL_SIDE));
    }

    fn picture(&mut self, _: u32, _: &RgbImage) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Report a cell's progress.
struct CellObserver<'a> {
    queue: &'a JobQueue,
    wake: &'a dyn Fn(),
    stop: &'a AtomicBool,
    schedule: Schedule,
}

impl RenderObserver for CellObserver<'_> {
    fn before_step(&mut self) {
        self.queue.before_cell_step(self.stop);
    }

    fn losses(&mut self, step: u32, _: &Losses, _: f64, _: bool) {
        self.queue.cell_progress(share(&self.schedule, step) as f32);
        (self.wake)();
    }

    fn converged(&mut self, _: u32) {}

    fn picture(&mut self, _: u32, _: &RgbImage) -> anyhow::Result<()> {
        Ok(())
    }
}
