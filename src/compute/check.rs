//! Whether a device computes what the CPU computes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{Network, NetworkOptions, Pull};
use crate::vgg::{Layer, Weights};

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

/// Runs a small piece of the chain, forward and backward, on a device with these kernels, and with burn's own operations on
/// the CPU, and compares.
///
/// # Errors
///
/// What differed, or what the device failed with.
pub fn self_check(device: &TensorDevice, kernels: KernelChoice) -> Result<(), String> {
    let deepest = Layer::ALL[2];
    let weights = Weights::synthetic();
    let options = NetworkOptions { economy: false, replicate: true };
    let cpu = TensorDevice::flex();
    let expected = run(Network::portable(&weights, deepest, &cpu, options), &cpu)?;
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match kernels {
        KernelChoice::Own => run(Network::new(&weights, deepest, device, options), device),
        KernelChoice::Portable => run(Network::portable(&weights, deepest, device, options), device),
    }))
    .map_err(|_| "its driver failed in the self-check".to_owned())??;
    for (what, found, expected) in [("Gram matrix", found.0, expected.0), ("gradient", found.1, expected.1)] {
        let (mut difference, mut norm) = (0.0, 0.0);
        for (found, expected) in found.iter().zip(&expected) {
            difference += f64::from(found - expected).powi(2);
            norm += f64::from(*expected).powi(2);
        }
        let error = (difference / norm).sqrt();
        // Not a number is wrong as well.
        if error.is_nan() || error > 1e-3 {
            return Err(format!("its {what} differs from the CPU's by {error:.2e} in the self-check"));
        }
    }
    Ok(())
}

/// A Gram matrix and the gradient of its energy.
fn run(network: Network, device: &TensorDevice) -> Result<(Vec<f32>, Vec<f32>), String> {
    let (height, width) = (21, 18);
    let deepest = Layer::ALL[2];
    let pixels: Vec<f32> =
        (0..3 * height * width).map(|i| (((i * 2_654_435_761_usize) >> 7) & 255) as f32 / 255.0).collect();
    let image = Tensor::<4>::from_data(TensorData::new(pixels, [1, 3, height, width]), device);
    let mut grams = Vec::new();
    let activations = network.forward(image, deepest, |layer, features| {
        if layer == deepest {
            grams.push(features.gram());
        }
    });
    let gram = grams.pop().ok_or("the chain gave no features")?;
    let pull = Pull { matrix: Some(gram.clone()), ..Pull::default() };
    let back = network
        .backward(activations, &BTreeMap::from([(deepest, pull)]))
        .ok_or("the chain gave no gradient")?;
    let read = |tensor: Tensor<1>| {
        let data = tensor.try_into_data().map_err(|error| error.to_string())?;
        data.try_to_vec::<f32>().map_err(|error| format!("{error:?}"))
    };
    Ok((read(gram.flatten::<1>(0, 1))?, read(back.flatten::<1>(0, 3))?))
}
