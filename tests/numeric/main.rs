//! Numbers: against PyTorch, finite differences and the other device.

#[path = "../common/mod.rs"]
mod common;

mod amount;
mod coherence;
mod curve;
mod drivers;
mod fade;
mod gradients;
mod lbfgs;
mod limits;
mod meter;
mod one_pass;
mod pyramid;
mod reference;
mod regions;
mod saved_states;
mod sliced;
mod study;
mod style_masks;
mod weights;
