//! Whether a device computes what the CPU computes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{Network, NetworkOptions, Pull};
use crate::{
    settings::Pooling,
    vgg::{Layer, Weights},
};

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
    let mut reference = Network::portable(&weights, deepest, &cpu, options);
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut network = match kernels {
            KernelChoice::Own => Network::new(&weights, deepest, device, options),
            KernelChoice::Portable => Network::portable(&weights, deepest, device, options),
        };
        Pooling::ALL.iter().map(|&pooling| run(&mut network, pooling, device)).collect::<Result<Vec<_>, _>>()
    }))
    .map_err(|_| "its driver failed in the self-check".to_owned())??;
    for (&pooling, found) in Pooling::ALL.iter().zip(found) {
        compare(found, run(&mut reference, pooling, &cpu)?)?;
    }
    Ok(())
}

/// Statistics and a gradient.
type Results = (Vec<f32>, Vec<f32>);

fn compare(found: Results, expected: Results) -> Result<(), String> {
    for (what, found, expected) in [("statistics", found.0, expected.0), ("gradients", found.1, expected.1)] {
        let (mut difference, mut norm) = (0.0, 0.0);
        for (found, expected) in found.iter().zip(&expected) {
            difference += f64::from(found - expected).powi(2);
            norm += f64::from(*expected).powi(2);
        }
        let error = (difference / norm).sqrt();
        // Not a number is wrong as well.
        if error.is_nan() || error > 1e-3 {
            return Err(format!("its {what} differ from the CPU's by {error:.2e} in the self-check"));
        }
    }
    Ok(())
}

/// Statistics of a layer's features, and the gradient of a pull of every kind there.
fn run(network: &mut Network, pooling: Pooling, device: &TensorDevice) -> Result<Results, String> {
    network.set_pooling(pooling);
    let (height, width) = (21, 18);
    let deepest = Layer::ALL[2];
    let image = |salt: usize| {
        let value = |i: usize| (((i + salt).wrapping_mul(2_654_435_761) >> 7) & 255) as f32 / 255.0;
        let pixels: Vec<f32> = (0..3 * height * width).map(value).collect();
        Tensor::<4>::from_data(TensorData::new(pixels, [1, 3, height, width]), device)
    };
    let (_, target) = network.features(image(5000), &[deepest]).pop().ok_or("the chain gave no features")?;
    let mut statistics = Vec::new();
    let mut pull = Pull::default();
    let activations = network.forward(image(0), deepest, |layer, features| {
        if layer == deepest {
            let (gram, mean) = (features.gram(), features.mean());
            let distance = features.distance(&target);
            statistics = vec![gram.clone().flatten::<1>(0, 1), mean.clone(), distance];
            pull.add_matrix(gram);
            pull.add_vector(mean);
            pull.add_toward(target.clone(), 0.5);
        }
    });
    let back = network
        .backward(activations, &BTreeMap::from([(deepest, pull)]))
        .ok_or("the chain gave no gradient")?;
    let read = |tensor: Tensor<1>| {
        let data = tensor.try_into_data().map_err(|error| error.to_string())?;
        data.try_to_vec::<f32>().map_err(|error| format!("{error:?}"))
    };
    // Each in units of its own size, so that none hides behind another.
    let mut numbers = Vec::new();
    for part in statistics {
        let values = read(part)?;
        let scale = values.iter().map(|value| value.abs()).fold(f32::MIN_POSITIVE, f32::max);
        numbers.extend(values.iter().map(|value| value / scale));
        numbers.push(scale.ln());
    }
    Ok((numbers, read(back.flatten::<1>(0, 3))?))
}
