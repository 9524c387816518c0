//! Whose kernels a device computes with.

use std::sync::{Mutex, PoisonError};

use burn::tensor::Device as TensorDevice;
use serde::{Deserialize, Serialize};

/// Which kernels a device computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KernelChoice {
    /// Ours.
    Own,
    /// burn's operations.
    Portable,
}

/// Devices on which kernels of our own do not agree with the CPU.
static PORTABLE_ONLY: Mutex<Vec<TensorDevice>> = Mutex::new(Vec::new());

/// From now on networks on this device use burn's operations.
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
