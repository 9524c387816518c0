//! Which kernels a device uses.

use std::sync::{Mutex, PoisonError};

use burn::tensor::Device as TensorDevice;
use serde::{Deserialize, Serialize};

/// The kernels that a device uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KernelChoice {
    /// Our own.
    Own,
    /// burn's operations.
    Portable,
}

/// Devices on which kernels of our own do not agree with the CPU.
static PORTABLE_ONLY: Mutex<Vec<TensorDevice>> = Mutex::new(Vec::new());

/// Use burn's operations for networks on this device.
pub fn use_portable_kernels(device: &TensorDevice) {
    PORTABLE_ONLY.lock().unwrap_or_else(PoisonError::into_inner).push(device.clone());
}

/// The kernels that networks on this device use.
pub fn kernels_of(device: &TensorDevice) -> KernelChoice {
    match PORTABLE_ONLY.lock().unwrap_or_else(PoisonError::into_inner).contains(device) {
        true => KernelChoice::Portable,
        false => KernelChoice::Own,
    }
}
