//! Replay of recipes.

mod replayer;
mod writer;

pub use replayer::{Interrupted, RecordHandle, Replacements, ReplayPlan, Replayer};
pub use writer::RecipeWriter;
