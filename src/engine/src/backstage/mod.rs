//! Painting behind the window, without a hand on it: the queue's paintings at their final size and a grid's small ones, on a
//! thread and an engine of their own. The command line paints with the same loop.
//!
//! ```text
//! window ── items, cells, what the person does ──► Desk ◄── takes the next, tells how far it is ── painter's thread
//!                                                   │
//!                                                   └── queue.toml, written whole, under one window's lock
//! ```

mod desk;
mod item;
mod paint;
mod painter;
mod store;
#[cfg(test)]
mod tests;
mod turns;

pub use desk::{Cell, CellNow, Courtesy, Desk, Live, Move, Now, Outlook, Painted as PaintedCell, Stage};
pub use item::{Item, ItemStyle, Kept, Source, State};
pub use paint::{Audience, End, Painted, Plan, guarded, paint};
pub use painter::Painter;
pub use store::{Store, StoreError};
