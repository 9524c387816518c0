//! VGG-19 for style transfer: weights files, devices, and the frozen chain of convolutions forward and
//! backward, with our own kernels for CPUs and graphics adapters.
//!
//! Independent of pictures, settings and objectives.

pub mod compute;
pub mod vgg;
