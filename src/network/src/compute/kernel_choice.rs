//! Choice of a device's kernels.

use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Device as TensorDevice;
use serde::{Deserialize, Serialize};

/// The kernels that a device uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelChoice {
    /// Our own.
    Own,
    /// burn's operations.
    Portable,
}

/// Our own kernels on graphics adapters. Each can be replaced by burn's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kernel {
    /// Convolutions of the picture itself.
    FirstConvolution,
    /// Convolutions of features.
    Convolution,
    Pooling,
    /// Gram matrices.
    Gram,
    Mean,
    /// Squared distances.
    Distance,
    /// Adding feature gradients.
    FeatureGradient,
    /// Style terms over a Gram matrix.
    Style,
    Smoothness,
    Adam,
}

impl Kernel {
    pub const ALL: [Self; 10] = [
        Self::FirstConvolution,
        Self::Convolution,
        Self::Pooling,
        Self::Gram,
        Self::Mean,
        Self::Distance,
        Self::FeatureGradient,
        Self::Style,
        Self::Smoothness,
        Self::Adam,
    ];

    /// Name for display.
    pub fn label(self) -> &'static str {
        match self {
            Self::FirstConvolution => "the first convolution",
            Self::Convolution => "convolutions",
            Self::Pooling => "pooling",
            Self::Gram => "Gram matrices",
            Self::Mean => "means",
            Self::Distance => "distances",
            Self::FeatureGradient => "gradients of the objective",
            Self::Style => "style terms",
            Self::Smoothness => "smoothness",
            Self::Adam => "Adam's step",
        }
    }
}

/// Which of our own kernels work on an adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnKernels {
    All,
    /// All but these, with what each of them failed with.
    Without(Vec<(Kernel, String)>),
    /// None, and why.
    None(String),
}

impl OwnKernels {
    /// Use these kernels for networks, terms and updates on this device, and burn's operations for the rest.
    pub fn use_on(&self, device: &TensorDevice) {
        match self {
            Self::All => replace_kernels(device, &[]),
            Self::Without(failed) => {
                let failed: Vec<Kernel> = failed.iter().map(|(kernel, _)| *kernel).collect();
                replace_kernels(device, &failed);
            }
            Self::None(_) => {
                PORTABLE_ONLY.lock().unwrap_or_else(PoisonError::into_inner).push(device.clone())
            }
        }
    }
}

/// Devices without our own kernels.
static PORTABLE_ONLY: Mutex<Vec<TensorDevice>> = Mutex::new(Vec::new());
/// Devices with kernels replaced by burn's operations.
static REPLACED: Mutex<Vec<(TensorDevice, Arc<[Kernel]>)>> = Mutex::new(Vec::new());

/// The kernels that networks on this device use, except for replaced ones.
pub fn kernels_of(device: &TensorDevice) -> KernelChoice {
    match PORTABLE_ONLY.lock().unwrap_or_else(PoisonError::into_inner).contains(device) {
        true => KernelChoice::Portable,
        false => KernelChoice::Own,
    }
}

/// Replace exactly these kernels by burn's operations in everything created for this device from now on.
pub(super) fn replace_kernels(device: &TensorDevice, kernels: &[Kernel]) {
    let mut list = REPLACED.lock().unwrap_or_else(PoisonError::into_inner);
    list.retain(|(known, _)| known != device);
    if !kernels.is_empty() {
        list.push((device.clone(), kernels.into()));
    }
}

/// The kernels of a device that are replaced by burn's operations.
pub(super) fn replaced_kernels(device: &TensorDevice) -> Arc<[Kernel]> {
    let list = REPLACED.lock().unwrap_or_else(PoisonError::into_inner);
    list.iter().find(|(known, _)| known == device).map(|(_, kernels)| kernels.clone()).unwrap_or_default()
}

/// Whether this kernel is used on this device: never on the CPU, which has others.
pub fn has_kernel(device: &TensorDevice, kernel: Kernel) -> bool {
    *device != TensorDevice::flex()
        && kernels_of(device) == KernelChoice::Own
        && !replaced_kernels(device).contains(&kernel)
}
