//! Devices, and the network's frozen convolution chain on them: forward, and the backward pass written out.
//!
//! `chain` knows the order of the layers and writes the backward pass out: no autodiff graph is recorded,
//! since the chain is fixed and so is its gradient. The work is done by kernels of our own on the CPU (burn's
//! `flex` device), see `cpu`, on any GPU that wgpu reaches, see `gpu`, and by burn's operations in the
//! place of those that fail their self-check, see `portable`. All tensors of a device stay on one OS thread, because burn orders
//! GPU work per thread.

mod adapter;
mod chain;
mod check;
mod cpu;
mod devices;
mod feature_gradient;
mod features;
mod gpu;
mod info;
mod kernel_choice;
mod network;
mod options;
mod peak;
mod pixels;
mod portable;
mod probe;
mod relative_error;
mod shape;
mod suited;
mod threads;
mod trial;
mod update;

pub use chain::LayerTime;
pub use check::{fast_precision, self_check};
pub use devices::{Device, DeviceError, devices, mark_failed, open};
pub use feature_gradient::FeatureGradient;
pub use features::Features;
pub use gpu::keep_tiles_in;
pub use gpu::{GpuFeatures, MomentsTarget, smoothness as smoothness_on_adapter};
pub use info::{DeviceInfo, DeviceKind};
pub use kernel_choice::{Kernel, KernelChoice, OwnKernels, has_kernel};
pub use network::{Activations, Network, NetworkOptions};
pub use options::{DeviceChoice, Padding, Pooling, Precision};
pub use peak::peak;
pub use pixels::{Shown, pixels, read_picture};
pub use probe::run_probe_if_asked;
pub use threads::{behind_the_window, leave_room_for_the_window};
pub use trial::own_kernels;
pub use update::{Iterate, Update};
