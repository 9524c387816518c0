//! Our own CPU kernels: channels-last pictures, Winograd convolutions with fused input and output operations.
//! Their pointer code is tested under AddressSanitizer, see tests/fuzz/README.md.

#![deny(clippy::undocumented_unsafe_blocks)]

mod buffer;
mod first;
mod isa;
mod kernel;
mod kernels;
mod matrix;
mod nearest;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pool;
mod shared;
mod simd;
mod strided;
#[cfg(test)]
mod tests;
mod transform;
mod weighted;
mod winograd;

pub use buffer::BufferPool;
pub use kernel::multiply_adds;
pub use kernels::CpuKernels;
pub use matrix::{HostFeatureGradient, HostFeatures, HostPart};
pub use nearest::{Nearest, nearest};
