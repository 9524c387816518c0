//! Extracts of single layers: which ones there are, their sizes and descriptions, and the folder that caches
//! them.

mod descriptions;
mod plan;
mod sheet;
mod store;

pub use descriptions::{about, caption};
pub use plan::{CONTENT_LAYERS, LARGE, SMALL, SourcePictures, plan};
pub use sheet::{figure, visualizations};
pub use store::ExtractStore;
