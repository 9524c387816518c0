//! What window and painter tell each other: live activity, progress, and a grid's cells.

use std::sync::Arc;

use image::RgbImage;

use impasto_core::run::Job;

/// What the queue does while the live run paints on the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CpuSharing {
    #[default]
    Wait,
    Share,
}

/// The live activity in the window that the queue yields to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveActivity {
    /// The live run is painting.
    pub painting: bool,
    /// A control is being dragged.
    pub dragging: bool,
    /// The live run computes on the CPU or on a software driver.
    pub on_cpu: bool,
    pub cpu_sharing: CpuSharing,
}

/// A cell of a grid: a small painting.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Id of the grid, and index of the cell in it.
    pub grid: u64,
    pub index: usize,
    pub job: Job,
}

/// A finished cell, or why it failed.
#[derive(Clone, Debug)]
pub struct PaintedCell {
    pub grid: u64,
    pub index: usize,
    pub result: Result<Arc<RgbImage>, String>,
    /// Time taken.
    pub seconds: f64,
}

/// What is being done to the current item.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemStage {
    /// Work before the first step, with a description.
    Preparing(String),
    Painting,
    Saving,
}

/// Progress of the current item.
#[derive(Clone, Debug)]
pub struct ItemProgress {
    pub id: u64,
    pub stage: ItemStage,
    pub step: u32,
    pub steps: u32,
    /// Shape of its picture in pixels; zero until it is prepared.
    pub shape: (u32, u32),
    /// Fraction of the work done.
    pub share: f32,
    /// `None` before it can be estimated.
    pub seconds_left: Option<f64>,
    /// It yields to the live run.
    pub waits: bool,
}

/// Progress of the current cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellProgress {
    pub grid: u64,
    pub index: usize,
    pub share: f32,
}

/// A summary of the queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueSummary {
    /// Unfinished items, including the current one.
    pub open: usize,
    pub failed: usize,
    /// Finished items.
    pub finished: usize,
    /// Held: no item is started until released.
    pub held: bool,
    /// Painting yields to the live run.
    pub waits: bool,
    pub seconds_left: Option<f64>,
}

/// Where to move an item in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemMove {
    Up,
    Down,
    /// Before the item that is now at this index.
    To(usize),
}
