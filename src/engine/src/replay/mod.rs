//! Replay of recipes.

mod drawn;
mod plan;
mod replayer;
mod writer;

pub use plan::{Replacements, ReplayPlan};
pub use replayer::{Interrupted, RecordHandle, Replayer};
pub use writer::RecipeWriter;
