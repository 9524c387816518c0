//! Compare each kernel on matrix units with the one in full precision on the same device.

use burn::tensor::Device as TensorDevice;

use super::{Operands, Units};
use crate::compute::Padding;
use crate::compute::{
    gpu::{GpuFeatures, GpuKernels, Queue, Storage, convolution::Tile},
    relative_error::relative_error,
    shape::Shape,
};

/// A picture with edges on all sides of a tile, and more than one stage and band of channels.
const SHAPE: Shape = Shape { height: 21, width: 18, channels: 64 };
const OUTPUTS: usize = 128;
/// Gradients far below the range of 16-bit floats.
const SMALL: f32 = 1e-9;

/// Compare convolutions in both directions with every tile on matrix units with full precision.
///
/// # Errors
///
/// A difference of more than `most`, or the device's error.
pub fn kernels_agree(device: &TensorDevice, units: Units, most: f64) -> Result<(), String> {
    let (forward, unmasked, masked) = ((true, false), (false, false), (false, true));
    let mut tries = Vec::new();
    for &tile in units.tiles() {
        tries.extend([forward, masked, unmasked].map(|way| (tile, Padding::Zero, way)));
    }
    // All tiles share the code for circular padding, and the smallest kernel compiles fastest.
    if let Some(&smallest) = units.tiles().last() {
        tries.extend([(smallest, Padding::Circular, forward), (smallest, Padding::Circular, unmasked)]);
    }
    for (tile, padding, way) in tries {
        let on_units = GpuKernels::new(device, padding, Storage::Half, Some(units));
        let plain = GpuKernels::new(device, padding, Storage::Full, None);
        let Tile { rows, columns, .. } = tile;
        let direction = if way == forward { "forward" } else { "backward" };
        let what = format!("convolutions {direction} in tiles of {rows}x{columns}");
        let found = convolved(&on_units, (Storage::Half, tile), way).map_err(|error| {
            tracing::debug!("{what}: {error}");
            format!("{what} failed in the driver")
        })?;
        let error = relative_error(&found, &convolved(&plain, (Storage::Full, Tile::PLAIN[0]), way)?);
        // NaN also fails.
        if error.is_nan() || error > most {
            return Err(format!("{what} differ by {error:.2e}"));
        }
    }
    Ok(())
}

/// Seeded values in ±`size`.
fn noise(length: usize, size: f32, salt: u32) -> Vec<f32> {
    let value =
        |i: u32| (i.wrapping_add(salt).wrapping_mul(2_654_435_761) >> 8 & 0xffff) as f32 / 32_768.0 - 1.0;
    (0..length as u32).map(|i| size * value(i)).collect()
}

fn convolved(
    kernels: &GpuKernels,
    (stored, tile): (Storage, Tile),
    (forward, masked): (bool, bool),
) -> Result<Vec<f32>, String> {
    let queue = kernels.queue();
    let moving = if forward { stored } else { Storage::Full };
    let input = queue.store(&noise(SHAPE.len(), if forward { 1.0 } else { SMALL }, 1), moving);
    let weights = queue.store(&noise(9 * SHAPE.channels * OUTPUTS, 0.05, 2), stored);
    let mask = queue.store(&noise(SHAPE.len(), 1.0, 3), stored);
    let bias = queue.upload(&noise(OUTPUTS, 0.5, 4));
    let shape = Shape { channels: OUTPUTS, ..SHAPE };
    let output = queue.empty_stored(shape.len(), moving);
    let operands = Operands {
        input: &input,
        mask: masked.then_some(&mask),
        weights: &weights,
        bias: forward.then_some(&bias),
        output: &output,
    };
    kernels.launch(tile, operands, (SHAPE, OUTPUTS));
    read(GpuFeatures { handle: output, shape, stored: moving, queue: Queue::clone(queue) })
}

/// The values `[P, C]`.
pub fn read(values: GpuFeatures) -> Result<Vec<f32>, String> {
    let rows = values.to_tensor().permute([0, 2, 3, 1]);
    let data = rows.try_into_data().map_err(|error| error.to_string())?;
    data.try_to_vec().map_err(|error| format!("{error:?}"))
}
