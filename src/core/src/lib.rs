//! Neural style transfer by optimising an image (Gatys, Ecker & Bethge, CVPR 2016): VGG-19 features, style
//! statistics, Adam and L-BFGS, through a pyramid of sizes, with weights that can be changed during the
//! optimisation.
//!
//! Two pictures in, a painting out:
//!
//! ```
//! use std::sync::Arc;
//!
//! use impasto_core::{
//!     network::{compute, vgg::Weights},
//!     picture::{CONTENTS, STYLES},
//!     settings::{DeviceChoice, Settings},
//!     transfer::{Begin, Inputs, Painting, StyleSource},
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Bundled pictures; `Picture::open` reads files.
//! let style = StyleSource::new(Arc::new(STYLES[0].open()));
//! let inputs = Inputs::new(Arc::new(CONTENTS[0].open()), vec![style]);
//! let settings = Settings { size: 64, steps: 5, ..Settings::default() };
//! let device = compute::open(&DeviceChoice::Cpu)?;
//! let weights = Arc::new(Weights::bundled()?);
//! let mut painting = Painting::new(&device.tensor, weights, None, inputs, &settings, Begin::Initial)?;
//! for _ in 0..settings.steps {
//!     painting.step()?;
//! }
//! let painted = painting.read()?.picture;
//! assert_eq!(painted.width().max(painted.height()), 64);
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it has |
//! |---|---|
//! | [`settings`] | all settings, described once in the table [`settings::PARAMETERS`]; presets, automation |
//! | [`picture`] | opened pictures, resampling and recolouring |
//! | [`objective`] | the formulas of the terms |
//! | [`transfer`] | [`transfer::StyleTransfer`] at one size, [`transfer::Painting`] through a pyramid |
//! | [`run`] | a run's job, and the record of its changes |
//! | [`network`] | the network and its kernels, a crate of its own |
//!
//! The feature `bundled-weights` has the network inside, 20 MB, for [`network::vgg::Weights::bundled`];
//! without it [`network::vgg::Weights::load`] reads a file. Optimise dependencies in debug builds as well
//! (`[profile.dev.package."*"] opt-level = 3`): a step takes many times as long otherwise.
//!
//! All tensors of a run live on the thread that created it. This crate starts no threads and opens no window.

pub mod objective;
pub mod picture;
pub mod run;
pub mod settings;
pub mod transfer;

pub use impasto_network as network;
