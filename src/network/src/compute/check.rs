//! Self-checks: compare a device's results with the CPU's.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};

use super::{
    FeatureGradient, Features, Iterate, Network, NetworkOptions, Update,
    gpu::{self, MomentsTarget, Queue, Storage, Units},
    kernel_choice::{Kernel, KernelChoice, has_kernel, kernels_of, replaced_kernels},
    read_picture,
    relative_error::relative_error,
};
use crate::compute::{Padding, Pooling};
use crate::vgg::{Layer, Weights};

/// Cached results for fast precision.
static FAST: Mutex<Vec<(TensorDevice, Result<(), String>)>> = Mutex::new(Vec::new());

/// Check that a device supports 16-bit features and weights, and agrees with its own full precision on a
/// small part of the chain. Runs once per device and program run.
///
/// # Errors
///
/// Why full precision is used instead, for display.
pub fn fast_precision(device: &TensorDevice) -> Result<(), String> {
    let known = |(of, result): &(TensorDevice, Result<(), String>)| (of == device).then(|| result.clone());
    if let Some(result) = FAST.lock().unwrap_or_else(PoisonError::into_inner).iter().find_map(known) {
        return result;
    }
    let result = try_fast(device);
    FAST.lock().unwrap_or_else(PoisonError::into_inner).push((device.clone(), result.clone()));
    result
}

fn try_fast(device: &TensorDevice) -> Result<(), String> {
    if *device == TensorDevice::flex() {
        return Err("the CPU computes in full precision".to_owned());
    }
    if kernels_of(device) == KernelChoice::Portable {
        return Err("it needs this program's own kernels, which failed their self-check here".to_owned());
    }
    if let Some(kernel) = replaced_kernels(device).first() {
        let label = kernel.label();
        return Err(format!(
            "it needs all of this program's own kernels, and the one for {label} failed here"
        ));
    }
    if !Queue::of(&Tensor::zeros([1], device)).has_half() {
        return Err("the adapter has no 16-bit numbers".to_owned());
    }
    let both = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        Ok::<_, String>((on_adapter(device, Storage::Half, None)?, on_adapter(device, Storage::Full, None)?))
    }));
    let (found, expected) = both.map_err(|_| DRIVER_FAILED.to_owned())??;
    compare(found, expected, FAST_ERROR, FULL)
}

fn on_adapter(device: &TensorDevice, stored: Storage, units: Option<Units>) -> Result<Results, String> {
    let network = Network::on_adapter(&Weights::synthetic(), Layer::ALL[2], device, (stored, units));
    run(network, Pooling::Max, device)
}

/// Check that a device's matrix units agree with its other kernels in full precision: each kernel alone, and
/// a small part of the chain.
///
/// # Errors
///
/// The difference, or the device's error.
pub fn units_check(device: &TensorDevice, units: Units) -> Result<(), String> {
    if !Queue::of(&Tensor::zeros([1], device)).has_half() {
        return Err("the adapter has no 16-bit numbers".to_owned());
    }
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        gpu::kernels_agree(device, units, FAST_ERROR)?;
        let found = on_adapter(device, Storage::Half, Some(units))?;
        compare(found, on_adapter(device, Storage::Full, None)?, FAST_ERROR, FULL)
    }));
    checked.map_err(|_| DRIVER_FAILED.to_owned())?
}

/// Maximum relative error of fast precision: f16 rounds to 1 in 2000, and means and gradients accumulate
/// that.
const FAST_ERROR: f64 = 5e-3;
/// Maximum relative error of full precision.
const FULL_ERROR: f64 = 1e-3;
/// Labels of the reference.
const FULL: &str = "those in full precision";
const CPU: &str = "the CPU's";

/// Compare a small part of the chain, forward and backward, on a device with these kernels, with burn's
/// operations on the CPU.
///
/// # Errors
///
/// The difference, or the device's error.
pub fn self_check(device: &TensorDevice, kernels: KernelChoice) -> Result<(), String> {
    let deepest = Layer::ALL[2];
    let weights = Weights::synthetic();
    let cpu = TensorDevice::flex();
    for (padding, pooling) in [
        (Padding::Replicate, Pooling::Max),
        (Padding::Replicate, Pooling::Average),
        (Padding::Circular, Pooling::L2),
    ] {
        let options = NetworkOptions { padding, ..NetworkOptions::default() };
        let expected = run(Network::portable(&weights, deepest, &cpu, options), pooling, &cpu)?;
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let network = match kernels {
                KernelChoice::Own => Network::new(&weights, deepest, device, options),
                KernelChoice::Portable => Network::portable(&weights, deepest, device, options),
            };
            run(network, pooling, device)
        }))
        .map_err(|_| DRIVER_FAILED.to_owned())??;
        compare(found, expected, FULL_ERROR, CPU)?;
    }
    if kernels == KernelChoice::Portable {
        return Ok(());
    }
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| paint(device)))
        .map_err(|_| DRIVER_FAILED.to_owned())??;
    compare(found, paint(&cpu)?, FULL_ERROR, CPU)
}

const DRIVER_FAILED: &str = "its driver failed in the self-check";
const HEIGHT: usize = 21;
const WIDTH: usize = 18;

/// Seeded values in 0 to 1, `[1, 3, H, W]`.
fn picture(device: &TensorDevice, salt: usize) -> Tensor<4> {
    let value = |i: usize| (((i + salt).wrapping_mul(2_654_435_761) >> 7) & 255) as f32 / 255.0;
    let pixels: Vec<f32> = (0..3 * HEIGHT * WIDTH).map(value).collect();
    Tensor::from_data(TensorData::new(pixels, [1, 3, HEIGHT, WIDTH]), device)
}

/// The gradient's norm, and the displayed picture after a step of Adam.
fn paint(device: &TensorDevice) -> Result<Results, String> {
    let iterate = Iterate {
        variable: picture(device, 0),
        mean: picture(device, 1000) - 0.5,
        square: picture(device, 2000) + 0.1,
        sum: Some(picture(device, 3000)),
    };
    let update = Update {
        beta1: 0.9,
        beta2: 0.99,
        rate: 0.03,
        correction: 0.5,
        epsilon: 1e-8,
        confine: true,
        averaging: 0.9,
    };
    let (after, norm) = update.apply(iterate, picture(device, 4000) - 0.5);
    let shown = read_picture(
        after.variable * 0.5 + after.sum.ok_or("a step lost the mean")? * 0.5,
        vec![norm.sum()],
    )?;
    Ok((shown.numbers, shown.pixels.into_iter().map(f32::from).collect()))
}

/// Statistics and a gradient.
type Results = (Vec<f32>, Vec<f32>);

/// Compare with the reference named by `whose`.
fn compare(found: Results, expected: Results, most: f64, whose: &str) -> Result<(), String> {
    for (what, found, expected) in [("statistics", found.0, expected.0), ("gradients", found.1, expected.1)] {
        let error = relative_error(&found, &expected);
        // NaN also fails.
        if error.is_nan() || error > most {
            return Err(format!("its {what} differ from {whose} by {error:.2e} in the self-check"));
        }
    }
    Ok(())
}

/// The smoothness value, and the scalar product of its gradient and the picture, which is twice the value for
/// a sum of squares.
fn smoothness(device: &TensorDevice, own: bool) -> [Tensor<1>; 2] {
    let image = picture(device, 6000);
    if !own {
        let part = |top, left| image.clone().narrow(2, top, HEIGHT - 1).narrow(3, left, WIDTH - 1);
        let down = image.clone().narrow(2, 1, HEIGHT - 1) - image.clone().narrow(2, 0, HEIGHT - 1);
        let across = image.clone().narrow(3, 1, WIDTH - 1) - image.clone().narrow(3, 0, WIDTH - 1);
        let corners = [part(1, 1) - part(0, 0), part(1, 0) - part(0, 1)];
        let [down, across] = [down, across].map(|sides| sides.square().sum());
        let [falling, rising] = corners.map(|corners| corners.square().sum());
        let value = (down + across) * 0.5 + (falling + rising) * 0.25;
        return [value.clone(), value * 2.0];
    }
    let (value, gradient) = gpu::smoothness(&image, 0.5, Some(0.25), false);
    [value, (gradient * image).sum()]
}

/// A style term with its gradient's parts.
fn style(features: &Features, target: &Features) -> [Tensor<1>; 3] {
    let (gram, mean) = (target.gram(), target.mean());
    let deviation = mean.clone() + 0.3;
    let energy = mean.ones_like().sum();
    let moments = MomentsTarget::new([&mean, &deviation, &energy, &energy], 0.01);
    if let Features::Gpu(features) = features
        && let Some((value, matrix, vector)) = features.style_term(&gram, Some(&moments), 2.0, 0.5, None)
    {
        return [value, matrix.flatten::<1>(0, 1) * 2.0, vector.unwrap_or(mean) * 2.0];
    }
    let positions = features.positions() as f64;
    let (found, centre) = (features.gram(), features.mean());
    let identity = Tensor::<2>::eye(centre.dims()[0], &centre.device());
    let variance = (found.clone() * identity.clone()).sum_dim(1).flatten::<1>(0, 1) - centre.clone().square();
    let found_deviation = (variance.clamp_min(0.0) + 0.01).sqrt();
    let (mean_difference, deviation_difference) =
        (centre.clone() - mean, found_deviation.clone() - deviation);
    let difference = found - gram;
    let value = difference.clone().square().sum() * 2.0
        + (mean_difference.clone().square().sum() + deviation_difference.clone().square().sum())
            / energy.clone();
    let from_deviation = deviation_difference / energy.clone() / found_deviation * (2.0 / positions);
    let vector = mean_difference / energy * (2.0 / positions) - from_deviation.clone() * centre;
    let matrix = difference * (8.0 / positions) + identity * from_deviation.unsqueeze_dim::<2>(1);
    [value, matrix.flatten(0, 1), vector]
}

/// Statistics of a layer's features, and the image gradient of every kind of feature gradient there.
fn run(mut network: Network, pooling: Pooling, device: &TensorDevice) -> Result<Results, String> {
    network.set_pooling(pooling);
    let deepest = Layer::ALL[2];
    let image = |salt: usize| picture(device, salt);
    let (_, target) = network.features(image(5000), &[deepest]).pop().ok_or("the chain gave no features")?;
    let mut statistics = Vec::new();
    let mut term = FeatureGradient::default();
    let activations = network.forward(image(0), deepest, |layer, features| {
        if layer == deepest {
            let (gram, mean) = (features.gram(), features.mean());
            let distance = features.distance(&target);
            statistics.extend([gram.clone().flatten::<1>(0, 1), mean.clone(), distance]);
            statistics.extend(style(features, &target));
            let own = matches!(features, Features::Gpu(_)) && has_kernel(device, Kernel::Smoothness);
            statistics.extend(smoothness(device, own));
            term.add_matrix(gram);
            term.add_vector(mean);
            term.add_target(target.clone(), 0.5);
        }
    });
    let back = network
        .backward(activations, &BTreeMap::from([(deepest, term)]))
        .ok_or("the chain gave no gradient")?;
    let read = |tensor: Tensor<1>| {
        let data = tensor.try_into_data().map_err(|error| error.to_string())?;
        data.try_to_vec::<f32>().map_err(|error| format!("{error:?}"))
    };
    // Normalize each, so that a large one doesn't hide another's error.
    let mut numbers = Vec::new();
    for part in statistics {
        let values = read(part)?;
        let scale = values.iter().map(|value| value.abs()).fold(f32::MIN_POSITIVE, f32::max);
        numbers.extend(values.iter().map(|value| value / scale));
        numbers.push(scale.ln());
    }
    Ok((numbers, read(back.flatten::<1>(0, 3))?))
}
