//! 3×3 convolution, stride 1, zero or circular padding of 1, by Winograd's minimal filtering F(4×4, 3×3)
//! (Lavin & Gray, CVPR 2016): a quarter of the multiplications of the direct sum.
//!
//! Pictures are channels-last, `[H, W, C]`. Each 4×4 output tile comes from a 6×6 input tile: Bᵀ·d·B, 36
//! matrix products over the channels with the weights' transforms G·g·Gᵀ, and Aᵀ·m·A. The weights are frozen,
//! so they are transformed once.

use std::sync::Arc;

use rayon::prelude::*;

use super::{
    buffer::{Buffer, BufferPool},
    isa::Isa,
    kernel::{Packed, padded},
    shared::SharedSlice,
    transform::{self, Batch, KernelLayout, LANES, MaskedPicture, OUT, POINTS, Taps},
};
use crate::compute::shape::Shape;

/// The fused operations on input and output.
#[derive(Clone, Copy)]
pub enum Edge<'a> {
    /// Forward: bias and ReLU on the output.
    BiasRelu(&'a [f32]),
    /// Backward: mask the input to where this layer output, of the same shape, is positive, if given.
    Mask(Option<&'a [f32]>),
}

/// A convolution with frozen weights.
pub struct Winograd {
    isa: Isa,
    inputs: usize,
    outputs: usize,
    /// Circular instead of zero padding.
    wrap: bool,
    weights: StoredWeights,
}

enum StoredWeights {
    /// 36 packed matrices: four times the memory of the weights, but ready to use.
    Transformed(Vec<f32>),
    /// The raw weights, transformed for each convolution.
    Taps(Arc<Taps>),
    /// The raw weights of the forward convolution, of which this is the data gradient.
    AdjointTaps(Arc<Taps>),
}

/// Cache budget for the transforms of a thread's own tiles.
const PRIVATE_BYTES: usize = 1 << 20;
/// Weights larger than this are shared by all threads, which read them once per batch of tiles.
const SHARED_WEIGHTS: usize = 3 << 20;
const SHARED_TILES: usize = 256;

impl Winograd {
    /// `weight(o, i)` is the 3×3 kernel from input channel `i` to output channel `o`. The number of input
    /// channels must be a multiple of 16. With `economy` the weights are transformed for each convolution.
    /// `wrap` is circular padding.
    pub fn new(
        isa: Isa,
        inputs: usize,
        outputs: usize,
        economy: bool,
        wrap: bool,
        weight: impl Fn(usize, usize) -> [f32; 9] + Sync,
    ) -> Self {
        assert_eq!(inputs % LANES, 0, "whole vectors of channels");
        let columns = padded(isa, outputs);
        let mut taps = vec![0.0_f32; 9 * inputs * columns];
        let shared = SharedSlice::new(&mut taps);
        (0..inputs).into_par_iter().for_each(|input| {
            let mut rows = vec![0.0; 9 * columns];
            for output in 0..outputs {
                for (tap, value) in weight(output, input).into_iter().enumerate() {
                    rows[tap * columns + output] = value;
                }
            }
            for (tap, row) in rows.chunks_exact(columns).enumerate() {
                // SAFETY: each input channel has rows of its own and is one thread's; `rows` is not shared.
                unsafe { shared.write((tap * inputs + input) * columns, row) };
            }
        });
        let taps = Arc::new(Taps { values: taps, inputs, columns });
        let mut winograd = Self { isa, inputs, outputs, wrap, weights: StoredWeights::Taps(taps) };
        if !economy {
            let mut transformed = vec![0.0; winograd.transformed_len()];
            winograd.transform_weights(&mut transformed);
            winograd.weights = StoredWeights::Transformed(transformed);
        }
        winograd
    }

    /// The data gradient of a convolution: a convolution with the kernels rotated by 180° and the channels
    /// swapped, W'[ci, co, kh, kw] = W[co, ci, 2−kh, 2−kw]. It shares the weights; `None` if they are stored
    /// transformed.
    pub fn adjoint(&self) -> Option<Self> {
        let StoredWeights::Taps(taps) = &self.weights else { return None };
        let weights = StoredWeights::AdjointTaps(Arc::clone(taps));
        Some(Self { isa: self.isa, inputs: self.outputs, outputs: self.inputs, wrap: self.wrap, weights })
    }

    /// Number of values of the transformed weights.
    pub fn transformed_len(&self) -> usize {
        POINTS * self.inputs * padded(self.isa, self.outputs)
    }

    /// Compute G·g·Gᵀ of every kernel, packed; does nothing if it is stored.
    fn transform_weights(&self, out: &mut [f32]) {
        let (taps, adjoint) = match &self.weights {
            StoredWeights::Taps(taps) => (taps, false),
            StoredWeights::AdjointTaps(taps) => (taps, true),
            StoredWeights::Transformed(_) => return,
        };
        let out = SharedSlice::new(&mut out[..self.transformed_len()]);
        let kernels = KernelLayout {
            inputs: self.inputs,
            columns: padded(self.isa, self.outputs),
            panel: self.isa.panel(),
            adjoint,
        };
        (0..self.inputs).into_par_iter().with_min_len(8).for_each(|input| {
            // SAFETY: each input channel is one thread's.
            unsafe { transform::weights(self.isa, taps, kernels, input, &out) };
        });
    }

    /// Convolve `input` `[H, W, inputs]`; returns `[H, W, outputs]`. `scratch` has
    /// [`Winograd::transformed_len`] values if the transform is not stored.
    pub fn convolve(
        &self,
        input: &[f32],
        height: usize,
        width: usize,
        edge: Edge<'_>,
        scratch: &mut [f32],
        memory: &BufferPool,
    ) -> Buffer {
        self.transform_weights(scratch);
        let weights = match &self.weights {
            StoredWeights::Transformed(weights) => weights,
            StoredWeights::Taps(_) | StoredWeights::AdjointTaps(_) => &scratch[..self.transformed_len()],
        };
        let shape = Shape { height, width, channels: self.inputs };
        let results = Shape { channels: self.outputs, ..shape };
        let (mask, bias) = match edge {
            Edge::Mask(mask) => (mask, None),
            Edge::BiasRelu(bias) => (None, Some(bias)),
        };
        assert_eq!(input.len(), shape.len(), "[H, W, inputs]");
        let source = MaskedPicture { picture: input, mask, shape, wrap: self.wrap };
        let mut output = memory.take(shape.positions() * self.outputs);
        let tiles = height.div_ceil(OUT) * width.div_ceil(OUT);
        let stride = padded(self.isa, self.outputs);
        let point = |point: usize| Packed {
            isa: self.isa,
            values: &weights[point * self.inputs * stride..][..self.inputs * stride],
            depth: self.inputs,
            columns: self.outputs,
        };
        let out = SharedSlice::new(&mut output);
        if 4 * weights.len() <= SHARED_WEIGHTS {
            let per_tile = 4 * POINTS * (self.inputs + stride);
            let block = (PRIVATE_BYTES / per_tile / 12 * 12).clamp(12, tiles.div_ceil(2).max(12));
            (0..tiles.div_ceil(block)).into_par_iter().for_each_init(
                || (memory.take(POINTS * block * self.inputs), memory.take(POINTS * block * stride)),
                |(v, m), index| {
                    let first = index * block;
                    let count = block.min(tiles - first);
                    let tiles = first..first + count;
                    let batch = Batch { first, block };
                    // SAFETY: the block's transforms are this thread's alone.
                    unsafe {
                        transform::input(self.isa, source, tiles.clone(), batch, &SharedSlice::new(v));
                    }
                    for index in 0..POINTS {
                        let (v, m) = (&v[index * block * self.inputs..], &mut m[index * block * stride..]);
                        point(index).multiply(v, count, m);
                    }
                    // SAFETY: each tile is in one block, and each block is one thread's.
                    unsafe { transform::output(self.isa, m, bias, results, tiles, batch, &out) };
                },
            );
        } else {
            let block = tiles.min(SHARED_TILES);
            let mut v = memory.take(POINTS * block * self.inputs);
            let mut m = memory.take(POINTS * block * stride);
            for first in (0..tiles).step_by(block) {
                let count = block.min(tiles - first);
                let batch = Batch { first, block };
                let v_shared = SharedSlice::new(&mut v);
                (first..first + count).into_par_iter().with_min_len(2).for_each(|tile| {
                    // SAFETY: each tile is one thread's.
                    unsafe { transform::input(self.isa, source, tile..tile + 1, batch, &v_shared) };
                });
                m.par_chunks_exact_mut(block * stride).enumerate().for_each(|(index, m)| {
                    point(index).multiply(&v[index * block * self.inputs..], count, m);
                });
                (first..first + count).into_par_iter().with_min_len(2).for_each(|tile| {
                    // SAFETY: each tile is one thread's.
                    unsafe { transform::output(self.isa, &m, bias, results, tile..tile + 1, batch, &out) };
                });
            }
        }
        output
    }
}
