//! Background painting: the queue's paintings at their final size and a grid's small ones, on a thread and an
//! engine of their own. The command line paints with the same loop.
//!
//! ```text
//! window ── items, cells, live activity ──► JobQueue ◄── next item, progress ── painter's thread
//!                                              │
//!                                              └── queue.toml, written atomically, locked by one window
//! ```

mod item;
mod job_queue;
mod paint;
mod painter;
mod store;
#[cfg(test)]
mod tests;
mod turns;

pub use item::{Item, ItemSource, ItemState, ItemStyle, StoredPixels};
pub use job_queue::{
    Cell, CellProgress, CpuSharing, ItemMove, ItemProgress, ItemStage, JobQueue, LiveActivity, PaintedCell,
    QueueSummary,
};
pub use paint::{RenderEnd, RenderObserver, RenderPlan, RenderResult, guarded, paint};
pub use painter::Painter;
pub use store::{QueueStore, StoreError};
