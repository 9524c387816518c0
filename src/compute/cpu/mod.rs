//! The chain on the CPU with kernels of our own: channels-last pictures, Winograd convolutions with fused edges.

mod chain;
mod first;
mod kernel;
mod matrix;
mod pool;
mod shared;
mod winograd;

pub use chain::{CpuActivations, CpuChain, CpuOutput};
pub use matrix::HostFeatures;
