//! Painting a recipe again.

mod player;
mod writer;

pub use player::{Others, Player, Score, Told};
pub use writer::Writer;
