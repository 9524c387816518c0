//! The network: VGG-19's layers and the files that its weights come from.

mod layer;
pub mod weights;

pub use layer::Layer;
pub use weights::{Weights, WeightsError, WeightsInfo};
