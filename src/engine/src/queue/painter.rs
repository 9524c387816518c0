//! The painter behind the window, with its own engines: one for the queue's current item, one for a grid's
//! cells, which are painted between two steps of the item. It runs on a thread of the pool at the lowest
//! priority, where all their tensors live; the thread that is started here only waits for it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

use image::RgbImage;

use super::{
    Cell, Existing, Item, ItemEnd, ItemStage, ItemState, JobQueue, PaintedCell, Place, RenderObserver,
    Rescued, Runner,
    job_queue::THUMBNAIL_SIDE,
    turns::{Between, Clock, Next, Work},
};
use crate::{replay::ReplayPlan, session::Engine};
use impasto_base::error::chain;
use impasto_core::{
    picture,
    run::RunInfo,
    transfer::{Inputs, Losses},
};
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
                let (queue, wake) = (thread_queue, &wake as &dyn Fn());
                let cells = Cells { queue: &queue, wake, runner: Runner::new(Arc::clone(&make)) };
                PainterThread { queue: &queue, wake, runner: Runner::new(make), cells }.run();
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

fn computes_on_cpu(info: &RunInfo) -> bool {
    matches!(info.device.kind, DeviceKind::Cpu | DeviceKind::Software)
}

/// A panic outside of an engine, as an error.
fn caught<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(anyhow::anyhow!("an internal error ended it")))
}

/// What an item becomes: its state, the file of its picture, notices for the user.
type ItemResult = (ItemState, Option<PathBuf>, Vec<String>);

struct PainterThread<'a, E> {
    queue: &'a JobQueue,
    wake: &'a dyn Fn(),
    runner: Runner<E>,
    cells: Cells<'a, E>,
}

impl<E: Engine + 'static> PainterThread<'_, E> {
    fn run(&mut self) {
        loop {
            let warm = self.runner.is_warm() || self.cells.runner.is_warm();
            match self.queue.next(warm) {
                Next::Quit => break,
                Next::Rest => {
                    self.runner.release();
                    self.cells.runner.release();
                }
                Next::Cell(cell, stop) => self.cells.paint(*cell, &stop),
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

    fn paint_item(&mut self, item: &Item, stop: &Arc<AtomicBool>) {
        self.save();
        let (state, output, remarks) = caught(|| self.try_item(item, stop)).unwrap_or_else(|error| {
            // Don't reuse an engine after a failure.
            self.runner.release();
            (ItemState::Failed { message: chain(&*error) }, None, Vec::new())
        });
        let remark = (!remarks.is_empty()).then(|| remarks.join("; "));
        self.queue.finish_item(item.id, state, output, remark);
        self.save();
    }

    fn try_item(&mut self, item: &Item, stop: &Arc<AtomicBool>) -> anyhow::Result<ItemResult> {
        let (folder, known) = (self.queue.folder(), self.queue.known_files());
        let place = Place { folder, known, existing: Existing::Number };
        let mut observer = ItemObserver {
            queue: self.queue,
            wake: self.wake,
            cells: &mut self.cells,
            item,
            stop,
            work: Work::default(),
            clock: Clock::new(),
            seconds: 0.0,
            since_first: None,
            notices: Vec::new(),
        };
        let end = self.runner.paint(item, &place, stop, &mut observer)?;
        let (seconds, mut remarks) = (observer.seconds, observer.notices);
        let saved = match end {
            ItemEnd::Interrupted => return Ok((ItemState::Cancelled, None, Vec::new())),
            ItemEnd::AlreadyPainted(_) => return Ok((ItemState::AlreadyPainted, None, remarks)),
            ItemEnd::Painted { saved, .. } => saved,
        };
        let output = match saved {
            Ok(output) => {
                if output != item.output {
                    let name = output.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    remarks.push(format!("its name was taken, so it was saved as {name}"));
                }
                output
            }
            Err(rescued) => {
                let Rescued { error, saved } = *rescued;
                let output = saved?;
                remarks.push(format!("{}; it is kept as {} instead", chain(&error), output.display()));
                output
            }
        };
        Ok((ItemState::Done { seconds }, Some(output), remarks))
    }
}

/// The painter of a grid's cells.
struct Cells<'a, E> {
    queue: &'a JobQueue,
    wake: &'a dyn Fn(),
    runner: Runner<E>,
}

impl<E: Engine + 'static> Cells<'_, E> {
    fn paint(&mut self, Cell { grid, index, job }: Cell, stop: &Arc<AtomicBool>) {
        let began = Instant::now();
        let mut observer = CellObserver { queue: self.queue, wake: self.wake, stop, work: Work::default() };
        let steps = job.settings.steps;
        let result = caught(|| self.runner.render(ReplayPlan::plain(job, steps), stop, &mut observer));
        if result.is_err() {
            self.runner.release();
        }
        let result = result.map_err(|error| chain(&*error)).transpose();
        let seconds = began.elapsed().as_secs_f64();
        self.queue.finish_cell(result.map(|result| {
            let result = result.map(|rendered| Arc::new(rendered.picture));
            PaintedCell { grid, index, result, seconds }
        }));
        (self.wake)();
    }
}

/// Report an item's progress, and wait if it should yield.
struct ItemObserver<'a, 'b, E> {
    queue: &'a JobQueue,
    wake: &'a dyn Fn(),
    cells: &'a mut Cells<'b, E>,
    item: &'a Item,
    stop: &'a AtomicBool,
    work: Work,
    clock: Clock,
    /// What the painting took.
    seconds: f64,
    /// Fraction of the work and the clock's time at the first losses: speed is measured from there, as a
    /// run's first step is slower than the others.
    since_first: Option<(f64, f64)>,
    notices: Vec<String>,
}

impl<E: Engine + 'static> RenderObserver for ItemObserver<'_, '_, E> {
    fn opened(&mut self, _: &Inputs) {
        self.clock = Clock::new();
    }

    fn preparing(&mut self, what: &str) {
        self.queue.progress(|now| now.stage = ItemStage::Preparing(what.to_owned()));
        (self.wake)();
    }

    fn began(&mut self, runs: &[ReplayPlan], index: usize, info: &RunInfo) {
        self.work.begin(runs, index);
        self.queue.set_device(computes_on_cpu(info));
        self.queue.progress(|now| {
            (now.stage, now.shape) = (ItemStage::Painting, (info.width, info.height));
        });
        self.notices.extend(info.remarks.iter().cloned());
    }

    fn before_step(&mut self) {
        let (queue, cells, stop) = (self.queue, &mut *self.cells, self.stop);
        self.clock.uncounted(|| {
            while let Between::Cell(cell, stop) = queue.before_step(stop) {
                cells.paint(*cell, &stop);
            }
            // Free the memory of a finished grid's engine.
            if queue.cell().is_none() {
                cells.runner.release();
            }
        });
    }

    fn losses(&mut self, step: u32, _: &Losses, _: f64, _: bool) {
        let (done, seconds) = (self.work.share(step), self.clock.seconds());
        let seconds_left = match self.since_first {
            None => {
                self.since_first = Some((done, seconds));
                None
            }
            Some((first, at)) if done > first => Some((1.0 - done) * (seconds - at) / (done - first)),
            Some(_) => None,
        };
        if let Some(left) = seconds_left {
            self.queue.set_pace((seconds + left) / self.item.work().max(1.0));
        }
        self.queue.progress(|now| {
            (now.step, now.share) = (self.work.steps_before() + step, done as f32);
            now.seconds_left = seconds_left.or(now.seconds_left);
        });
        (self.wake)();
    }

    fn notice(&mut self, text: &str) {
        self.notices.push(text.to_owned());
    }

    fn picture_read(&mut self, picture: &RgbImage) {
        self.queue.show(self.item.id, picture::thumbnail(picture, THUMBNAIL_SIDE));
    }

    fn finished(&mut self, picture: &RgbImage) {
        self.queue.progress(|now| now.stage = ItemStage::Saving);
        self.picture_read(picture);
        self.seconds = self.clock.seconds();
        self.queue.set_pace(self.seconds / self.item.work().max(1.0));
        (self.wake)();
    }
}

/// Report a cell's progress.
struct CellObserver<'a> {
    queue: &'a JobQueue,
    wake: &'a dyn Fn(),
    stop: &'a AtomicBool,
    work: Work,
}

impl RenderObserver for CellObserver<'_> {
    fn began(&mut self, runs: &[ReplayPlan], index: usize, info: &RunInfo) {
        self.work.begin(runs, index);
        self.queue.set_device(computes_on_cpu(info));
    }

    fn before_step(&mut self) {
        self.queue.before_cell_step(self.stop);
    }

    fn losses(&mut self, step: u32, _: &Losses, _: f64, _: bool) {
        self.queue.cell_progress(self.work.share(step) as f32);
        (self.wake)();
    }
}
