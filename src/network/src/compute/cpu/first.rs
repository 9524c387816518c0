//! conv1_1 on the CPU. With three input channels the direct product over the 27 values of a neighbourhood
//! beats Winograd.

use rayon::prelude::*;

use super::{
    buffer::{Buffer, BufferPool},
    isa::Isa,
    kernel::{Packed, pack, padded},
    simd::{Simd, SimdKernel, with_simd},
    strided::end,
};
use crate::compute::Padding;
use crate::compute::shape::Shape;

const INPUTS: usize = 3;
const TAPS: usize = 9 * INPUTS;
/// Values per row of taps.
const TAP_ROW: usize = 3 * INPUTS;
/// Rows per task in the backward pass; the two adjacent rows are recomputed.
const BAND: usize = 32;
/// Pixels whose masked gradient fits in the L1 cache.
const BLOCK: usize = 48;
const LANES: usize = 16;

/// The first convolution, forward and backward.
pub struct FirstConvolution {
    isa: Isa,
    padding: Padding,
    /// 27 × outputs.
    forward: Vec<f32>,
    /// outputs × 27.
    backward: Vec<f32>,
    outputs: usize,
}

/// Offset in rows and columns of a tap.
fn offset(tap: usize) -> (isize, isize) {
    ((tap / 3) as isize - 1, (tap % 3) as isize - 1)
}

impl FirstConvolution {
    /// `weight` is `[outputs, 3, 3, 3]`, row-major.
    ///
    /// # Panics
    ///
    /// If the number of outputs is not a multiple of 16.
    pub fn new(isa: Isa, weight: &[f32], padding: Padding) -> Self {
        let outputs = weight.len() / TAPS;
        assert_eq!(outputs % LANES, 0, "whole vectors of channels");
        // Neighbourhoods are gathered tap by tap, three channels each.
        let at = |output: usize, k: usize| weight[(output * INPUTS + k % INPUTS) * 9 + k / INPUTS];
        Self {
            isa,
            padding,
            forward: pack(isa, TAPS, outputs, |k, n| at(n, k)),
            backward: pack(isa, outputs, TAPS, at),
            outputs,
        }
    }

    /// The position that a tap at this offset reads; `None` for zero padding.
    fn source(&self, position: usize, offset: isize, length: usize) -> Option<usize> {
        match (position.checked_add_signed(offset).filter(|&at| at < length), self.padding) {
            (None, Padding::Replicate) => Some(position),
            (None, Padding::Circular) => Some((position + length).wrapping_add_signed(offset) % length),
            (inside, _) => inside,
        }
    }

    /// `[H, W, 3]` to `[H, W, outputs]` with bias and ReLU.
    pub fn forward(&self, image: &[f32], shape: Shape, bias: &[f32], memory: &BufferPool) -> Buffer {
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

    /// Gradient with respect to the image `[H, W, 3]`, from a gradient `[H, W, outputs]`, masked to where
    /// `mask`, the layer's output, is positive, if given.
    pub fn backward(
        &self,
        gradient: &[f32],
        mask: Option<&[f32]>,
        shape: Shape,
        memory: &BufferPool,
    ) -> Buffer {
        let Shape { height, width, .. } = shape;
        assert_eq!(gradient.len(), height * width * self.outputs, "[H, W, outputs]");
        let stride = padded(self.isa, TAPS);
        let slot = width * stride;
        let mut out = memory.take(shape.positions() * INPUTS);
        out.par_chunks_mut(BAND * width * INPUTS).enumerate().for_each_init(
            || {
                // The contributions of each pixel of three rows to its 3×3 neighbourhood; vectors read beyond
                // the last row.
                let products = memory.take(3 * slot + LANES);
                (products, vec![0.0; BLOCK * self.outputs], vec![[0.0_f32; LANES]; width + 2])
            },
            |(products, masked, sums), (band, out)| {
                let first = band * BAND;
                let rows = out.len() / (width * INPUTS);
                for i in 0..rows + 2 {
                    // The row above the band, its rows, and the row below.
                    let row = match (first + i).checked_sub(1).filter(|&row| row < height) {
                        None if self.padding == Padding::Circular => Some((first + i + height - 1) % height),
                        inside => inside,
                    };
                    if let Some(row) = row {
                        let values = row * width * self.outputs..(row + 1) * width * self.outputs;
                        let mask = mask.map(|mask| &mask[values.clone()]);
                        let products = &mut products[i % 3 * slot..][..slot];
                        self.products(&gradient[values], mask, masked, products);
                    }
                    if i < 2 {
                        continue;
                    }
                    let y = first + i - 2;
                    let wraps = self.padding == Padding::Circular;
                    let (above, this, below) = ((i - 2) % 3 * slot, (i - 1) % 3 * slot, i % 3 * slot);
                    // The outputs of the row below read this row through their upper taps. With a replicated
                    // edge, the edge's outputs also read it in place of the padding.
                    let replicates = self.padding == Padding::Replicate;
                    let sources = [
                        (true, this + TAP_ROW),
                        (y + 1 < height || wraps, below),
                        (y > 0 || wraps, above + 2 * TAP_ROW),
                        (replicates && y == 0, this),
                        (replicates && y + 1 == height, this + 2 * TAP_ROW),
                    ];
                    let sources: Vec<usize> =
                        sources.into_iter().filter_map(|(is, at)| is.then_some(at)).collect();
                    add_rows(self.isa, products, &sources, stride, &mut sums[1..=width]);
                    (sums[0], sums[width + 1]) = match wraps {
                        true => (sums[width], sums[1]),
                        false => ([0.0; LANES], [0.0; LANES]),
                    };
                    let out = &mut out[(i - 2) * width * INPUTS..][..width * INPUTS];
                    for (out, sums) in out.as_chunks_mut::<INPUTS>().0.iter_mut().zip(sums.windows(3)) {
                        // A fourth lane completes the vector.
                        let sum: [f32; 4] =
                            std::array::from_fn(|c| sums[0][6 + c] + sums[1][3 + c] + sums[2][c]);
                        out.copy_from_slice(&sum[..INPUTS]);
                    }
                    if replicates {
                        let (left, right) = (sums[1], sums[width]);
                        for c in 0..INPUTS {
                            out[c] += left[c];
                            out[(width - 1) * INPUTS + c] += right[6 + c];
                        }
                    }
                }
            },
        );
        out
    }

    /// The products of a row's masked gradient with the weights: 27 values per pixel.
    fn products(&self, gradient: &[f32], mask: Option<&[f32]>, masked: &mut [f32], out: &mut [f32]) {
        let packed = Packed { isa: self.isa, values: &self.backward, depth: self.outputs, columns: TAPS };
        let stride = padded(self.isa, TAPS);
        let block = BLOCK * self.outputs;
        for (index, (values, out)) in gradient.chunks(block).zip(out.chunks_mut(BLOCK * stride)).enumerate() {
            let count = values.len() / self.outputs;
            match mask {
                None => packed.multiply(values, count, out),
                Some(mask) => {
                    where_positive(self.isa, values, &mask[index * block..][..values.len()], masked);
                    packed.multiply(masked, count, out);
                }
            }
        }
    }
}

/// `out` = the values where the mask is positive, elsewhere 0. The length is a multiple of 16.
fn where_positive(isa: Isa, values: &[f32], mask: &[f32], out: &mut [f32]) {
    assert!(values.len() == mask.len() && values.len() <= out.len(), "one length");
    assert!(values.len().is_multiple_of(LANES), "whole vectors");
    with_simd(isa, Masked { values, mask, out });
}

struct Masked<'a> {
    values: &'a [f32],
    mask: &'a [f32],
    out: &'a mut [f32],
}

impl SimdKernel for Masked<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for at in (0..self.values.len()).step_by(LANES) {
            // SAFETY: whole vectors of slices of equal length, see `where_positive`; the caller has the
            // instructions.
            unsafe {
                let value = S::load(self.values.as_ptr().add(at));
                value
                    .where_positive(S::load(self.mask.as_ptr().add(at)))
                    .store(self.out.as_mut_ptr().add(at));
            }
        }
    }
}

/// `sums[x]` = the sum of the sixteen values at each of `sources` + x·`stride`.
fn add_rows(isa: Isa, values: &[f32], sources: &[usize], stride: usize, sums: &mut [[f32; LANES]]) {
    let last = end(sums.len().max(1), stride, LANES);
    let inside = |source: &usize| source.saturating_add(last) <= values.len();
    assert!(sources.iter().all(inside), "inside the rows");
    with_simd(isa, Rows { values, sources, stride, sums });
}

struct Rows<'a> {
    values: &'a [f32],
    sources: &'a [usize],
    stride: usize,
    sums: &'a mut [[f32; LANES]],
}

impl SimdKernel for Rows<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for (x, out) in self.sums.iter_mut().enumerate() {
            // SAFETY: every vector lies inside the values, see `add_rows`; the caller has the instructions.
            unsafe {
                let mut sum = S::set(0.0);
                for source in self.sources {
                    sum = sum.add(S::load(self.values.as_ptr().add(source + x * self.stride)));
                }
                sum.store(out.as_mut_ptr());
            }
        }
    }
}
