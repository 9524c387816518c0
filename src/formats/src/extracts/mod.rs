//! What single layers hold of the pictures: which extracts there are, in which sizes, what is to be said about them, and the
//! folder in which they are kept.

mod plan;
mod sheet;
mod store;
mod words;

pub use plan::{CONTENT_LAYERS, LARGE, SMALL, Source, plan};
pub use sheet::{figure, sights};
pub use store::ExtractStore;
pub use words::{about, caption};
