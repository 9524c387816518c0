//! VGG-19 as style transfer uses it: weights files, devices, and the frozen chain of convolutions forward and
//! backward, with kernels of its own for CPUs and graphics adapters.
//!
//! Knows nothing of pictures, settings or objectives.

pub mod compute;
pub mod vgg;
