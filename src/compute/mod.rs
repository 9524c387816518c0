//! Devices, and the network's frozen convolution chain on them: forward, and the backward pass written out.
//!
//! The chain runs on burn tensors on any GPU that wgpu reaches, and on kernels of our own on the CPU (burn's `flex`
//! device), see `cpu`. No autodiff graph is
//! recorded: the chain is fixed, so its gradient is too. All tensors of a device stay on one OS thread, because burn
//! orders GPU work per thread.

mod check;
mod cpu;
mod devices;
mod features;
mod info;
mod network;
mod probe;
mod threads;

pub use check::self_check;
pub use devices::{Device, DeviceError, condemn, devices, open};
pub use features::Features;
pub use info::{DeviceInfo, DeviceKind};
pub use network::{Activations, Network};
pub use probe::run_probe_if_asked;
pub use threads::leave_room_for_the_window;
