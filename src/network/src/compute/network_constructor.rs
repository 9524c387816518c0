//! Construct a network with the best kernels for a device.

use burn::tensor::Device as TensorDevice;

use super::{
    chain::Chain,
    check::fast_precision,
    cpu::CpuKernels,
    gpu::{GpuKernels, Storage, units_of},
    kernel_choice::{KernelChoice, kernels_of},
    network::{Form, Network, NetworkOptions},
    portable::PortableKernels,
};
use crate::compute::Precision;
use crate::vgg::{Layer, Weights};

impl Network {
    /// Prepare the convolutions up to `deepest` with our own kernels, or with burn's operations for those
    /// that failed the device's self-check.
    ///
    /// With [`NetworkOptions::economy`] it uses as little memory as possible, and takes longer.
    pub fn new(
        weights: &Weights,
        deepest: Layer,
        device: &TensorDevice,
        NetworkOptions { economy, padding, precision }: NetworkOptions,
    ) -> Self {
        let form = match kernels_of(device) {
            KernelChoice::Portable => {
                Form::Portable(Chain::new(PortableKernels { device: device.clone(), padding }, economy))
            }
            KernelChoice::Own if *device == TensorDevice::flex() => {
                Form::Cpu(Chain::new(CpuKernels::new(device, economy, padding), economy))
            }
            KernelChoice::Own => {
                let half = precision == Precision::Fast && fast_precision(device).is_ok();
                let stored = if half { Storage::Half } else { Storage::Full };
                Form::Gpu(Chain::new(GpuKernels::new(device, padding, stored, units_of(device)), economy))
            }
        };
        Self::with_form(weights, deepest, device, form)
    }
}
