//! One run of style transfer, step by step.

mod adam;
mod cost;
mod error;
mod losses;
mod noise;
mod prepare;
mod space;
mod style_transfer;
mod targets;

pub use cost::{
    Kernels, available_memory, bytes_text, convolution_flops, flops_per_step, memory_bytes, process_memory,
};
pub use error::TransferError;
pub use losses::{Losses, Reading};
pub use prepare::{Dimensions, Shapes, pictures};
pub use style_transfer::{Pictures, StyleTransfer};
