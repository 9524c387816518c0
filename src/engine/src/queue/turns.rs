//! The painter's side of the queue: waiting for work, and progress.

use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use image::RgbImage;
use impasto_core::transfer::Schedule;

use super::{Cell, Item, ItemProgress, ItemStage, ItemState, JobQueue, PaintedCell, job_queue::lock};
use crate::replay::ReplayPlan;

/// What the painter does next.
pub(super) enum Next {
    Item(Box<Item>, Arc<AtomicBool>),
    Cell(Box<Cell>, Arc<AtomicBool>),
    /// Nothing was queued for a while.
    Rest,
    Quit,
}

/// What the painter does before a step.
pub(super) enum Between {
    Paint,
    Cell(Box<Cell>, Arc<AtomicBool>),
}

/// How long idle engines are kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

impl JobQueue {
    /// Wait for work. `warm` means that there are engines to release when idle.
    pub(super) fn next(&self, warm: bool) -> Next {
        let mut inner = lock(&self.0.inner);
        loop {
            if inner.shutting_down {
                return Next::Quit;
            }
            if let Some((cell, stop)) = inner.take_cell() {
                return Next::Cell(cell, stop);
            }
            let ready = !inner.held && !inner.yields();
            if ready && let Some(at) = inner.items.iter().position(|item| item.state == ItemState::Waiting) {
                inner.items[at].state = ItemState::Painting;
                inner.stop = Arc::default();
                let item = inner.items[at].clone();
                let stage = ItemStage::Preparing("Opening the pictures…".to_owned());
                let (id, steps) = (item.id, item.steps());
                inner.now = Some(ItemProgress {
                    id,
                    stage,
                    step: 0,
                    steps,
                    shape: (0, 0),
                    share: 0.0,
                    seconds_left: None,
                    waits: false,
                });
                inner.mark_changed();
                return Next::Item(Box::new(item), Arc::clone(&inner.stop));
            }
            if warm {
                let (back, waited) =
                    self.0.changed.wait_timeout(inner, IDLE_TIMEOUT).unwrap_or_else(PoisonError::into_inner);
                inner = back;
                if waited.timed_out() {
                    return Next::Rest;
                }
            } else {
                inner = self.0.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Wait until the current item may continue or must stop, or a cell is requested.
    pub(super) fn before_step(&self, stop: &AtomicBool) -> Between {
        let mut inner = lock(&self.0.inner);
        loop {
            if inner.shutting_down || stop.load(Ordering::Relaxed) {
                return Between::Paint;
            }
            if let Some((cell, stop)) = inner.take_cell() {
                return Between::Cell(cell, stop);
            }
            if !(inner.held || inner.yields()) {
                return Between::Paint;
            }
            inner = self.0.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Wait while cells must yield.
    pub(super) fn before_cell_step(&self, stop: &AtomicBool) {
        let mut inner = lock(&self.0.inner);
        while inner.cells_yield() && !inner.shutting_down && !stop.load(Ordering::Relaxed) {
            inner = self.0.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Report the current item's progress.
    pub(super) fn progress(&self, update: impl FnOnce(&mut ItemProgress)) {
        if let Some(now) = &mut lock(&self.0.inner).now {
            update(now);
        }
    }

    pub(super) fn set_device(&self, on_cpu: bool) {
        lock(&self.0.inner).on_cpu = Some(on_cpu);
    }

    pub(super) fn set_pace(&self, pace: f64) {
        lock(&self.0.inner).pace = Some(pace);
    }

    pub(super) fn show(&self, id: u64, thumbnail: RgbImage) {
        let mut inner = lock(&self.0.inner);
        if inner.position(id).is_some() {
            inner.thumbnails.insert(id, Arc::new(thumbnail));
        }
    }

    /// Finish the current item; if shutdown interrupted it, it stays queued for the next start.
    pub(super) fn finish_item(
        &self,
        id: u64,
        state: ItemState,
        output: Option<PathBuf>,
        remark: Option<String>,
    ) {
        let mut inner = lock(&self.0.inner);
        inner.now = None;
        let interrupted = state == ItemState::Cancelled && inner.shutting_down;
        if let Some(item) = inner.position(id).map(|at| &mut inner.items[at]) {
            item.state = if interrupted { ItemState::Waiting } else { state };
            item.remark = remark;
            if let Some(output) = output {
                item.output = output;
            }
        }
        inner.mark_changed();
    }

    pub(super) fn cell_progress(&self, share: f32) {
        if let Some(cell) = &mut lock(&self.0.inner).cell {
            cell.share = share;
        }
    }

    /// Finish the current cell; without a result it was stopped.
    pub(super) fn finish_cell(&self, painted: Option<PaintedCell>) {
        let mut inner = lock(&self.0.inner);
        inner.cell = None;
        inner.painted.extend(painted);
    }
}

/// Measures working time without waits.
#[derive(Debug)]
pub(super) struct Clock {
    since: Instant,
    waited: Duration,
}

impl Clock {
    pub fn new() -> Self {
        Self { since: Instant::now(), waited: Duration::ZERO }
    }

    /// Run `work` without counting its time.
    pub fn uncounted<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = work();
        self.waited += began.elapsed();
        result
    }

    pub fn seconds(&self) -> f64 {
        self.since.elapsed().saturating_sub(self.waited).as_secs_f64()
    }
}

/// How much of the work of an item's or a cell's runs is done.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Of all runs, in pixels times steps.
    all: f64,
    before: f64,
    steps_before: u32,
    /// The schedule of the current run, its pixels and its steps.
    now: Option<(Schedule, f64, u32)>,
}

impl Work {
    /// One of the runs begins; they begin in their order.
    pub fn begin(&mut self, runs: &[ReplayPlan], index: usize) {
        if let Some((schedule, pixels, steps)) = self.now.take() {
            self.before += pixels * done(&schedule, steps);
            self.steps_before += steps;
        }
        let measured = |run: &ReplayPlan| {
            let settings = &run.job.settings;
            let pixels = f64::from(settings.longest_side()).powi(2);
            (run.job.inputs.schedule(settings), pixels, run.steps)
        };
        if index == 0 {
            let all = runs.iter().map(measured);
            self.all = all.map(|(schedule, pixels, steps)| pixels * done(&schedule, steps)).sum();
        }
        self.now = runs.get(index).map(measured);
    }

    /// Fraction of the work that is done after a step of the current run.
    pub fn share(&self, step: u32) -> f64 {
        let Some((schedule, pixels, _)) = &self.now else { return 0.0 };
        (self.before + pixels * done(schedule, step)) / self.all.max(1e-9)
    }

    /// Steps of the runs before the current one.
    pub fn steps_before(&self) -> u32 {
        self.steps_before
    }
}

/// Work after a step, in steps at the final size, in which a run goes on when its schedule is over.
fn done(schedule: &Schedule, step: u32) -> f64 {
    let left = |step| schedule.work_left(0, step).last().copied().unwrap_or(0.0);
    let scheduled = schedule.levels().last().map_or(0, |level| level.until);
    left(0) - left(step) + f64::from(step.saturating_sub(scheduled))
}
