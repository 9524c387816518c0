//! Kernels of our own for graphics adapters, in CubeCL on burn's wgpu device: channels-last pictures, direct convolutions
//! tiled through shared memory with fused edges, split Gram products. burn's own 3×3 convolution stages nothing on the chip
//! and its data gradient is slower still.

mod convolution;
mod features;
mod kernels;
mod matrix;
mod pooling;

pub use features::GpuFeatures;
pub use kernels::GpuKernels;
