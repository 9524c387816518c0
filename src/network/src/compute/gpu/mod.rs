//! Our own kernels for graphics adapters, in CubeCL on burn's wgpu device: channels-last pictures, direct
//! convolutions tiled through shared memory with fused input and output operations, split Gram products.
//! burn's 3×3 convolution doesn't use shared memory, and its data gradient is slower still.

mod convolution;
mod convolution_size;
mod fallback;
mod feature_gradient;
mod features;
mod kernels;
mod matrix;
mod peak;
mod pooling;
mod smoothness;
mod style;
mod tile_store;
mod tiles;
mod units;
mod update;

pub use features::{GpuFeatures, Queue, Storage};
pub use kernels::GpuKernels;
pub use peak::multiply_adds;
pub use smoothness::smoothness;
pub use style::MomentsTarget;
pub use tile_store::set_tile_folder;
pub use tiles::name_device;
pub use units::{Units, kernels_agree, units_of, use_units};
pub use update::update;
