//! Painting a recipe again.

mod replayer;
mod writer;

pub use replayer::{Others, RecordHandle, ReplayPlan, Replayer};
pub use writer::Writer;
