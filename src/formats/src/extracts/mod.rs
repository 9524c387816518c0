//! Extracts of single layers: which ones there are, their sizes and descriptions, and the folder that caches
//! them.

mod plan;
mod sheet;
mod store;
mod words;

pub use plan::{CONTENT_LAYERS, LARGE, SMALL, Source, plan};
pub use sheet::{figure, sights};
pub use store::ExtractStore;
pub use words::{about, caption};
