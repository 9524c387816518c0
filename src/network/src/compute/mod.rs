//! Devices, and the network's frozen convolution chain on them, with an explicit backward pass.
//!
//! `chain` has the order of the layers and an explicit backward pass: the chain is fixed, so no autodiff
//! graph is needed. Our own kernels run on the CPU (burn's `flex` device), see `cpu`, and on any GPU
//! supported by wgpu, see `gpu`; burn's operations replace those that fail their self-check, see `portable`.
//! All tensors of a device stay on one OS thread, because burn orders GPU work per thread.

mod adapter;
mod allocations;
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
mod network_constructor;
mod options;
mod peak;
mod pixels;
mod portable;
mod position_weights;
mod probe;
mod relative_error;
mod shape;
mod threads;
mod trial;
mod update;

pub use allocations::{is_about_memory, refused, watch};
pub use chain::LayerTime;
pub use check::{fast_precision, self_check};
pub use cpu::{Nearest, nearest};
pub use devices::{Device, DeviceError, devices, mark_failed, open};
pub use feature_gradient::{FeatureGradient, WeightedGradient};
pub use features::Features;
pub use gpu::set_tile_folder;
pub use gpu::{GpuFeatures, MomentsTarget, smoothness as smoothness_on_adapter};
pub use info::{DeviceInfo, DeviceKind};
pub use kernel_choice::{Kernel, KernelChoice, OwnKernels, has_kernel};
pub use network::{Activations, Network, NetworkOptions};
pub use options::{DeviceChoice, Padding, Pooling, Precision};
pub use peak::peak;
pub use pixels::{PictureReadback, pixels, read_picture};
pub use position_weights::PositionWeights;
pub use probe::run_probe_if_asked;
pub use threads::{lower_engine_priority, run_at_lowest_priority};
pub use trial::own_kernels;
pub use update::{Iterate, Update};
