//! One run of style transfer, step by step, and the engine that opens devices and loads weights for it.

mod adam;
mod cost;
mod engine;
mod error;
mod losses;
mod noise;
mod prepare;
mod space;
mod style_transfer;
mod targets;

pub use cost::{bytes_text, flops_per_step, memory_bytes, process_memory};
pub use engine::PaintEngine;
pub use error::TransferError;
pub use losses::Losses;
pub use prepare::pictures;
pub use style_transfer::{Pictures, StyleTransfer};
