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

use super::{Cell, Item, JobQueue, Now, PaintedCell, Stage, State, job_queue::lock};

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
const PATIENCE: Duration = Duration::from_secs(10);

impl JobQueue {
    /// Wait for work. `warm` means that there are engines to release when idle.
    pub(super) fn next(&self, warm: bool) -> Next {
        let mut inner = lock(&self.0.inner);
        loop {
            if inner.quits {
                return Next::Quit;
            }
            if let Some((cell, stop)) = inner.take_cell() {
                return Next::Cell(cell, stop);
            }
            let ready = !inner.held && !inner.gives_way();
            if ready && let Some(at) = inner.items.iter().position(|item| item.state == State::Waiting) {
                inner.items[at].state = State::Painting;
                inner.stop = Arc::default();
                let item = inner.items[at].clone();
                let stage = Stage::Preparing("Opening the pictures…".to_owned());
                let (id, steps) = (item.id, item.settings.steps);
                inner.now = Some(Now {
                    id,
                    stage,
                    step: 0,
                    steps,
                    shape: (0, 0),
                    share: 0.0,
                    seconds_left: None,
                    waits: false,
                });
                inner.touch();
                return Next::Item(Box::new(item), Arc::clone(&inner.stop));
            }
            if warm {
                let (back, waited) =
                    self.0.news.wait_timeout(inner, PATIENCE).unwrap_or_else(PoisonError::into_inner);
                inner = back;
                if waited.timed_out() {
                    return Next::Rest;
                }
            } else {
                inner = self.0.news.wait(inner).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Wait until the current item may continue or must stop, or a cell is requested.
    pub(super) fn between(&self, stop: &AtomicBool) -> Between {
        let mut inner = lock(&self.0.inner);
        loop {
            if inner.quits || stop.load(Ordering::Relaxed) {
                return Between::Paint;
            }
            if let Some((cell, stop)) = inner.take_cell() {
                return Between::Cell(cell, stop);
            }
            if !(inner.held || inner.gives_way()) {
                return Between::Paint;
            }
            inner = self.0.news.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Wait while cells must yield.
    pub(super) fn between_cell(&self, stop: &AtomicBool) {
        let mut inner = lock(&self.0.inner);
        while inner.cells_give_way() && !inner.quits && !stop.load(Ordering::Relaxed) {
            inner = self.0.news.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Report the current item's progress.
    pub(super) fn progress(&self, tell: impl FnOnce(&mut Now)) {
        if let Some(now) = &mut lock(&self.0.inner).now {
            tell(now);
        }
    }

    pub(super) fn set_device(&self, on_cpu: bool) {
        lock(&self.0.inner).on_cpu = Some(on_cpu);
    }

    pub(super) fn set_pace(&self, pace: f64) {
        lock(&self.0.inner).pace = Some(pace);
    }

    pub(super) fn show(&self, id: u64, small: RgbImage) {
        let mut inner = lock(&self.0.inner);
        if inner.position(id).is_some() {
            inner.small.insert(id, Arc::new(small));
        }
    }

    /// Finish the current item; if shutdown interrupted it, it stays queued for the next start.
    pub(super) fn over(&self, id: u64, state: State, output: Option<PathBuf>, remark: Option<String>) {
        let mut inner = lock(&self.0.inner);
        inner.now = None;
        let interrupted = state == State::Cancelled && inner.quits;
        if let Some(item) = inner.position(id).map(|at| &mut inner.items[at]) {
            item.state = if interrupted { State::Waiting } else { state };
            item.remark = remark;
            if let Some(output) = output {
                item.output = output;
            }
        }
        inner.touch();
    }

    pub(super) fn cell_progress(&self, share: f32) {
        if let Some(cell) = &mut lock(&self.0.inner).cell {
            cell.share = share;
        }
    }

    /// Finish the current cell; without a result it was stopped.
    pub(super) fn cell_over(&self, painted: Option<PaintedCell>) {
        let mut inner = lock(&self.0.inner);
        inner.cell = None;
        inner.painted.extend(painted);
    }
}

/// Measures working time without waits.
#[derive(Debug)]
pub(super) struct Clock {
    since: Instant,
    away: Duration,
}

impl Clock {
    pub fn new() -> Self {
        Self { since: Instant::now(), away: Duration::ZERO }
    }

    /// Run `work` without counting its time.
    pub fn aside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = work();
        self.away += began.elapsed();
        result
    }

    pub fn seconds(&self) -> f64 {
        self.since.elapsed().saturating_sub(self.away).as_secs_f64()
    }
}
