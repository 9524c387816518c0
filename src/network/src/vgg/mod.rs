//! VGG-19's layers and weights files.

mod layer;
pub mod weights;

pub use layer::Layer;
pub use weights::{MAX_WEIGHTS_BYTES, Weights, WeightsError, WeightsInfo};
