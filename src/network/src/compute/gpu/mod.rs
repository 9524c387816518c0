//! Kernels of our own for graphics adapters, in CubeCL on burn's wgpu device: channels-last pictures, direct
//! convolutions tiled through shared memory with fused edges, split Gram products. burn's own 3×3 convolution
//! stages nothing on the chip and its data gradient is slower still.

mod convolution;
mod feature_gradient;
mod features;
mod kernels;
mod matrix;
mod peak;
mod pooling;
mod smoothness;
mod stand_ins;
mod style;
mod tile_store;
mod tiles;
mod units;
mod update;
mod work;

pub use features::{GpuFeatures, Queue, Storage};
pub use kernels::GpuKernels;
pub use peak::multiply_adds;
pub use smoothness::smoothness;
pub use style::MomentsTarget;
pub use tile_store::keep_tiles_in;
pub use tiles::name_device;
pub use units::{Units, kernels_agree, units_of, use_units};
pub use update::update;
