//! Replay of recipes.

mod replayer;
mod writer;

pub use replayer::{Interrupted, Others, RecordHandle, ReplayPlan, Replayer};
pub use writer::Writer;
