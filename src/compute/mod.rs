//! Devices, and the network's frozen convolution chain on them: forward, and the backward pass written out.
//!
//! Everything here runs on burn tensors, on the CPU (`flex`) and on any GPU that wgpu reaches. No autodiff graph is
//! recorded: the chain is fixed, so its gradient is too. All tensors of a device stay on one OS thread, because burn
//! orders GPU work per thread.

mod devices;
mod info;
mod network;
mod probe;
mod threads;

pub use devices::{Device, DeviceError, devices, open};
pub use info::{DeviceInfo, DeviceKind};
pub use network::{Activations, Network};
pub use probe::{run_probe_if_asked, self_check};
pub use threads::leave_room_for_the_window;
