//! Paintings to be painted without being watched: items, each from its files to its saved picture, and the
//! runner that paints them, in the queue and in a batch. In the window a thread of its own does so, with the
//! queue's items at their final size and a grid's cells between their steps.
//!
//! ```text
//! window ── items, cells, live activity ──► JobQueue ◄── next item, progress ── painter's thread
//!                                              │
//!                                              └── queue.toml, written atomically, locked by one window
//! ```

mod activity;
mod item;
mod job_queue;
mod lookup;
mod observer;
mod paint;
mod painter;
mod runner;
mod start;
mod store;
mod turns;

pub use activity::{
    Cell, CellProgress, CpuSharing, ItemMove, ItemProgress, ItemStage, LiveActivity, PaintedCell,
    QueueSummary,
};
pub use item::{Item, ItemSource, ItemState, ItemStyle, StoredPixels};
pub use job_queue::{Adding, JobQueue};
pub use lookup::{Lookup, Painted};
pub use observer::RenderObserver;
pub use paint::{RenderEnd, RenderPlan, RenderResult, guarded, paint};
pub use painter::Painter;
pub use runner::{Existing, ItemEnd, Place, Rendered, Rescued, Runner};
pub use start::{ItemStart, Runs};
pub use store::{QueueStore, StoreError};
