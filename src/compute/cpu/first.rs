//! conv1_1 on the CPU. With three input channels the direct product over the 27 values of a neighbourhood beats Winograd.

use rayon::prelude::*;

use super::{
    buffer::{Buffer, Pool},
    kernel::{Isa, Packed, pack, padded},
};
use crate::compute::chain::Shape;

const INPUTS: usize = 3;
const TAPS: usize = 9 * INPUTS;
/// Rows that a thread computes at once on the way back.
const BAND: usize = 16;

/// The first convolution, forward and backward.
pub struct First {
    isa: Isa,
    /// Outside the picture lies its edge again, and not 0.
    replicate: bool,
    /// 27 × outputs.
    forward: Vec<f32>,
    /// outputs × 27.
    backward: Vec<f32>,
    outputs: usize,
}

/// Adds three values. One more than counts makes a whole vector; a row of the product is longer still.
#[inline(always)]
fn add(sum: &mut [f32; 4], from: &[f32]) {
    if let Some(from) = from.first_chunk::<4>() {
        sum.iter_mut().zip(from).for_each(|(sum, from)| *sum += from);
    }
}

/// Offset in rows and columns of a tap.
fn offset(tap: usize) -> (isize, isize) {
    ((tap / 3) as isize - 1, (tap % 3) as isize - 1)
}

impl First {
    /// `weight` is `[outputs, 3, 3, 3]`, row-major.
    pub fn new(isa: Isa, weight: &[f32], replicate: bool) -> Self {
        let outputs = weight.len() / TAPS;
        // Neighbourhoods are gathered tap by tap, three channels each.
        let at = |output: usize, k: usize| weight[(output * INPUTS + k % INPUTS) * 9 + k / INPUTS];
        Self {
            isa,
            replicate,
            forward: pack(isa, TAPS, outputs, |k, n| at(n, k)),
            backward: pack(isa, outputs, TAPS, at),
            outputs,
        }
    }

    /// Where a tap at this offset reads.
    fn source(&self, position: usize, offset: isize, length: usize) -> Option<usize> {
        match position.checked_add_signed(offset).filter(|&at| at < length) {
            None if self.replicate => Some(position),
            inside => inside,
        }
    }

    /// `[H, W, 3]` to `[H, W, outputs]` with bias and ReLU.
    pub fn forward(&self, image: &[f32], shape: Shape, bias: &[f32], memory: &Pool) -> Buffer {
        let Shape { height, width, .. } = shape;
        let mut out = memory.take(height * width * self.outputs);
        let packed = Packed { isa: self.isa, values: &self.forward, depth: TAPS, columns: self.outputs };
        let stride = padded(self.isa, self.outputs);
        out.par_chunks_exact_mut(width * self.outputs).enumerate().for_each_init(
            || (vec![0.0; width * TAPS], vec![0.0; width * stride]),
            |(gathered, product), (y, out)| {
                gathered.fill(0.0);
                for tap in 0..9 {
                    let (dy, dx) = offset(tap);
                    let Some(row) = self.source(y, dy, height) else { continue };
                    for x in 0..width {
                        let Some(column) = self.source(x, dx, width) else { continue };
                        let from = (row * width + column) * INPUTS;
                        gathered[x * TAPS + tap * INPUTS..][..INPUTS]
                            .copy_from_slice(&image[from..from + INPUTS]);
                    }
                }
                packed.multiply(gathered, width, product);
                for (out, product) in out.chunks_exact_mut(self.outputs).zip(product.chunks_exact(stride)) {
                    for ((out, value), bias) in out.iter_mut().zip(product).zip(bias) {
                        *out = (value + bias).max(0.0);
                    }
                }
            },
        );
        out
    }

    /// Gradient with respect to the image `[H, W, 3]`, of a gradient `[H, W, outputs]` that counts where `mask`, the
    /// layer's output, is positive, or everywhere.
    pub fn backward(&self, gradient: &[f32], mask: Option<&[f32]>, shape: Shape, memory: &Pool) -> Buffer {
        let Shape { height, width, .. } = shape;
        let packed = Packed { isa: self.isa, values: &self.backward, depth: self.outputs, columns: TAPS };
        let stride = padded(self.isa, TAPS);
        let row_values = width * self.outputs;
        let mut out = memory.take(shape.positions() * INPUTS);
        out.par_chunks_mut(BAND * width * INPUTS).enumerate().for_each_init(
            || {
                let spread = memory.take((BAND + 2) * width * stride);
                (spread, memory.take(row_values), vec![[0.0_f32; 4]; width])
            },
            |(spread, masked, sums), (band, out)| {
                // What each pixel of these rows and of those beside them hands to its 3×3 neighbourhood.
                let first = band * BAND;
                let rows = first.saturating_sub(1)..(first + BAND + 1).min(height);
                for (row, spread) in rows.clone().zip(spread.chunks_exact_mut(width * stride)) {
                    let values = row * row_values..(row + 1) * row_values;
                    let mut row = &gradient[values.clone()];
                    if let Some(mask) = mask {
                        for ((to, value), mask) in masked.iter_mut().zip(row).zip(&mask[values]) {
                            *to = if *mask > 0.0 { *value } else { 0.0 };
                        }
                        row = masked;
                    }
                    packed.multiply(row, width, spread);
                }
                for (y, out) in out.chunks_exact_mut(width * INPUTS).enumerate() {
                    sums.fill([0.0; 4]);
                    for tap in 0..9 {
                        let (dy, dx) = offset(tap);
                        // The output at (y − dy, x − dx) saw this pixel through this tap; with a replicated edge those on
                        // the edge saw it instead of what would lie outside.
                        let y = first + y;
                        let edge = self.replicate && self.source(y, dy, height) == Some(y) && dy != 0;
                        let inside = y.checked_add_signed(-dy).filter(|row| rows.contains(row));
                        for row in inside.into_iter().chain(edge.then_some(y)) {
                            let row = &spread[(row - rows.start) * width * stride..][..width * stride];
                            let columns = row[tap * INPUTS..].chunks(stride);
                            let (skipped, begin) = ((-dx).max(0) as usize, dx.max(0) as usize);
                            let to = sums[begin..width - skipped].iter_mut();
                            to.zip(columns.skip(skipped)).for_each(|(sum, from)| add(sum, from));
                            if self.replicate && dx != 0 {
                                let x = if dx < 0 { 0 } else { width - 1 };
                                add(&mut sums[x], &row[x * stride + tap * INPUTS..]);
                            }
                        }
                    }
                    for (out, sum) in out.as_chunks_mut::<INPUTS>().0.iter_mut().zip(&*sums) {
                        out.copy_from_slice(&sum[..INPUTS]);
                    }
                }
            },
        );
        out
    }
}
