//! Kernels of our own for the CPU: channels-last pictures, Winograd convolutions with fused edges.

mod buffer;
mod first;
mod kernel;
mod kernels;
mod matrix;
mod pool;
mod shared;
#[cfg(test)]
mod tests;
mod winograd;

pub use buffer::Pool;
pub use kernels::CpuKernels;
pub use matrix::{HostFeatures, HostPull};
