//! 3×3 convolution, stride 1, padding 1, by Winograd's minimal filtering F(4×4, 3×3) (Lavin & Gray, CVPR 2016): a quarter
//! of the multiplications of the direct sum.
//!
//! Pictures are channels-last, `[H, W, C]`. Each 4×4 output tile comes from a 6×6 input tile: Bᵀ·d·B, 36 matrix products
//! over the channels with the weights' transforms G·g·Gᵀ, and Aᵀ·m·A. The weights are frozen, so theirs are done once.

use rayon::prelude::*;

use super::{
    buffer::{Buffer, Pool},
    kernel::{Isa, Packed, padded},
    shared::SharedSlice,
};
use crate::compute::chain::Shape;

/// Outputs of a tile along one axis, and inputs.
const OUT: usize = 4;
const IN: usize = 6;
const POINTS: usize = IN * IN;
/// Channels that a transform handles at once.
const LANES: usize = 16;

/// What happens to the input on its way in and to the output on its way out.
#[derive(Clone, Copy)]
pub enum Edge<'a> {
    /// Forward: bias and ReLU on the output.
    BiasRelu(&'a [f32]),
    /// Backward: the input counts only where this layer output, of the same shape, is positive.
    Mask(&'a [f32]),
}

/// A convolution with frozen weights.
pub struct Winograd {
    isa: Isa,
    inputs: usize,
    outputs: usize,
    weights: Kept,
}

enum Kept {
    /// 36 matrices, packed: four times the weights, and nothing to do before a convolution.
    Transformed(Vec<f32>),
    /// `[9, inputs, padded outputs]`: the weights alone, transformed each time.
    Taps(Vec<f32>),
}

/// Where a thread works on tiles of its own, the transforms of its tiles should stay in its cache.
const PRIVATE_BYTES: usize = 1 << 20;
/// Weights larger than this are read by all threads together, each once per batch of tiles.
const SHARED_WEIGHTS: usize = 3 << 20;
const SHARED_TILES: usize = 256;

impl Winograd {
    /// `weight(o, i)` is the 3×3 kernel from input channel `i` to output channel `o`. The number of input channels must be
    /// a multiple of 16. With `economy` the transform of the weights is made anew for each convolution and not kept.
    pub fn new(
        isa: Isa,
        inputs: usize,
        outputs: usize,
        economy: bool,
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
                // SAFETY: each input channel has rows of its own.
                unsafe { shared.write((tap * inputs + input) * columns, row) };
            }
        });
        let mut winograd = Self { isa, inputs, outputs, weights: Kept::Taps(taps) };
        if !economy {
            let mut transformed = vec![0.0; winograd.transformed_len()];
            winograd.transform_weights(&mut transformed);
            winograd.weights = Kept::Transformed(transformed);
        }
        winograd
    }

    /// Values of the transformed weights.
    pub fn transformed_len(&self) -> usize {
        POINTS * self.inputs * padded(self.isa, self.outputs)
    }

    /// G·g·Gᵀ of every kernel, packed. Nothing happens where that is kept.
    fn transform_weights(&self, out: &mut [f32]) {
        let Kept::Taps(taps) = &self.weights else { return };
        let out = SharedSlice::new(&mut out[..self.transformed_len()]);
        (0..self.inputs).into_par_iter().with_min_len(8).for_each(|input| {
            let (inputs, columns) = (self.inputs, padded(self.isa, self.outputs));
            match self.isa {
                // SAFETY: `Isa::available` has found these instructions.
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => unsafe { weights_avx512(taps, inputs, columns, input, &out) },
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => unsafe { weights_avx2(taps, inputs, columns, input, &out) },
                Isa::Portable => weights_any(taps, inputs, columns, self.isa.panel(), input, &out),
            }
        });
    }

    /// Convolves `input` `[H, W, inputs]`; returns `[H, W, outputs]`. `scratch` holds [`Winograd::transformed_len`] values
    /// for weights whose transform is not kept.
    pub fn convolve(
        &self,
        input: &[f32],
        height: usize,
        width: usize,
        edge: Edge<'_>,
        scratch: &mut [f32],
        memory: &Pool,
    ) -> Buffer {
        self.transform_weights(scratch);
        let weights = match &self.weights {
            Kept::Transformed(weights) => weights,
            Kept::Taps(_) => &scratch[..self.transformed_len()],
        };
        let shape = Shape { height, width, channels: self.inputs };
        assert_eq!(input.len(), shape.len(), "[H, W, inputs]");
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
                    self.transform_in(input, shape, edge, tiles.clone(), &SharedSlice::new(v), first, block);
                    for index in 0..POINTS {
                        let (v, m) = (&v[index * block * self.inputs..], &mut m[index * block * stride..]);
                        point(index).multiply(v, count, m);
                    }
                    self.transform_out(m, shape, edge, tiles, &out, first, block);
                },
            );
        } else {
            let block = tiles.min(SHARED_TILES);
            let mut v = memory.take(POINTS * block * self.inputs);
            let mut m = memory.take(POINTS * block * stride);
            for first in (0..tiles).step_by(block) {
                let count = block.min(tiles - first);
                let v_shared = SharedSlice::new(&mut v);
                (first..first + count).into_par_iter().with_min_len(2).for_each(|tile| {
                    self.transform_in(input, shape, edge, tile..tile + 1, &v_shared, first, block);
                });
                m.par_chunks_exact_mut(block * stride).enumerate().for_each(|(index, m)| {
                    point(index).multiply(&v[index * block * self.inputs..], count, m);
                });
                (first..first + count).into_par_iter().with_min_len(2).for_each(|tile| {
                    self.transform_out(&m, shape, edge, tile..tile + 1, &out, first, block);
                });
            }
        }
        output
    }

    #[expect(clippy::too_many_arguments, reason = "one call site per way of sharing the work")]
    fn transform_in(
        &self,
        input: &[f32],
        shape: Shape,
        edge: Edge<'_>,
        tiles: std::ops::Range<usize>,
        v: &SharedSlice<'_>,
        first: usize,
        block: usize,
    ) {
        let mask = match edge {
            Edge::Mask(mask) => Some(mask),
            Edge::BiasRelu(_) => None,
        };
        match self.isa {
            // SAFETY: `Isa::available` has found these instructions.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { in_avx512(input, shape, mask, tiles, v, first, block) },
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { in_avx2(input, shape, mask, tiles, v, first, block) },
            Isa::Portable => in_any(input, shape, mask, tiles, v, first, block),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one call site per way of sharing the work")]
    fn transform_out(
        &self,
        m: &[f32],
        shape: Shape,
        edge: Edge<'_>,
        tiles: std::ops::Range<usize>,
        out: &SharedSlice<'_>,
        first: usize,
        block: usize,
    ) {
        let bias = match edge {
            Edge::BiasRelu(bias) => Some(bias),
            Edge::Mask(_) => None,
        };
        let shape = Shape { channels: self.outputs, ..shape };
        let stride = padded(self.isa, self.outputs);
        match self.isa {
            // SAFETY: `Isa::available` has found these instructions.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { out_avx512(m, shape, bias, tiles, out, first, block, stride) },
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { out_avx2(m, shape, bias, tiles, out, first, block, stride) },
            Isa::Portable => out_any(m, shape, bias, tiles, out, first, block, stride),
        }
    }
}

type Vector = [f32; LANES];

#[inline(always)]
fn map<const N: usize>(inputs: [&Vector; N], combine: impl Fn([f32; N]) -> f32) -> Vector {
    let mut result = [0.0; LANES];
    for (lane, value) in result.iter_mut().enumerate() {
        *value = combine(inputs.map(|input| input[lane]));
    }
    result
}

/// Bᵀ·d along one axis.
#[inline(always)]
fn b_transform(d: [&Vector; IN]) -> [Vector; IN] {
    [
        map([d[0], d[2], d[4]], |[a, c, e]| 4.0 * a - 5.0 * c + e),
        map([d[1], d[2], d[3], d[4]], |[b, c, d, e]| (e - 4.0 * c) + (d - 4.0 * b)),
        map([d[1], d[2], d[3], d[4]], |[b, c, d, e]| (e - 4.0 * c) - (d - 4.0 * b)),
        map([d[1], d[2], d[3], d[4]], |[b, c, d, e]| (e - c) + 2.0 * (d - b)),
        map([d[1], d[2], d[3], d[4]], |[b, c, d, e]| (e - c) - 2.0 * (d - b)),
        map([d[1], d[3], d[5]], |[b, d, f]| 4.0 * b - 5.0 * d + f),
    ]
}

/// Aᵀ·m along one axis.
#[inline(always)]
fn a_transform(m: [&Vector; IN]) -> [Vector; OUT] {
    [
        map(m, |[a, b, c, d, e, _]| a + (b + c) + (d + e)),
        map(m, |[_, b, c, d, e, _]| (b - c) + 2.0 * (d - e)),
        map(m, |[_, b, c, d, e, _]| (b + c) + 4.0 * (d + e)),
        map(m, |[_, b, c, d, e, f]| (b - c) + 8.0 * (d - e) + f),
    ]
}

/// G·g along one axis.
#[inline(always)]
fn g_transform(g: [&Vector; 3]) -> [Vector; IN] {
    [
        map(g, |[a, _, _]| 0.25 * a),
        map(g, |[a, b, c]| (a + b + c) * (-1.0 / 6.0)),
        map(g, |[a, b, c]| (a - b + c) * (-1.0 / 6.0)),
        map(g, |[a, b, c]| (a + 2.0 * b + 4.0 * c) * (1.0 / 24.0)),
        map(g, |[a, b, c]| (a - 2.0 * b + 4.0 * c) * (1.0 / 24.0)),
        *g[2],
    ]
}

/// The transforms of one input channel's kernels, into panels of `panel` output channels.
#[inline(always)]
fn weights_any(
    taps: &[f32],
    inputs: usize,
    columns: usize,
    panel: usize,
    input: usize,
    out: &SharedSlice<'_>,
) {
    for column in (0..columns).step_by(LANES) {
        let tap = |tap: usize| -> &Vector {
            taps[(tap * inputs + input) * columns + column..].first_chunk().expect("whole vectors")
        };
        let half: [[Vector; IN]; 3] = std::array::from_fn(|x| g_transform([tap(x), tap(3 + x), tap(6 + x)]));
        for y in 0..IN {
            let row = g_transform([&half[0][y], &half[1][y], &half[2][y]]);
            for (x, vector) in row.iter().enumerate() {
                let at = ((y * IN + x) * columns + column / panel * panel) * inputs;
                // SAFETY: each input channel and vector of output channels has a place of its own.
                unsafe { out.write(at + input * panel + column % panel, vector) };
            }
        }
    }
}

#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "y runs over columns of rows")]
fn in_any(
    input: &[f32],
    shape: Shape,
    mask: Option<&[f32]>,
    tiles: std::ops::Range<usize>,
    v: &SharedSlice<'_>,
    first: usize,
    block: usize,
) {
    let across = shape.width.div_ceil(OUT);
    let channels = shape.channels;
    for tile in tiles {
        let (top, left) = (tile / across * OUT, tile % across * OUT);
        for channel in (0..channels).step_by(LANES) {
            let mut half = [[[0.0; LANES]; IN]; IN];
            for (x, column) in half.iter_mut().enumerate() {
                let mut d = [[0.0; LANES]; IN];
                // The tile begins one pixel up and left of its outputs; outside the picture there are zeros.
                let inside_x = (1..=shape.width).contains(&(left + x));
                for (y, vector) in d.iter_mut().enumerate() {
                    if inside_x && (1..=shape.height).contains(&(top + y)) {
                        let at = ((top + y - 1) * shape.width + left + x - 1) * channels + channel;
                        vector.copy_from_slice(&input[at..at + LANES]);
                        if let Some(mask) = mask {
                            for (value, mask) in vector.iter_mut().zip(&mask[at..at + LANES]) {
                                *value = if *mask > 0.0 { *value } else { 0.0 };
                            }
                        }
                    }
                }
                *column = b_transform(std::array::from_fn(|y| &d[y]));
            }
            for y in 0..IN {
                let row = b_transform(std::array::from_fn(|x| &half[x][y]));
                for (x, vector) in row.iter().enumerate() {
                    let at = ((y * IN + x) * block + tile - first) * channels + channel;
                    // SAFETY: each tile and channel has a place of its own, and each is transformed once.
                    unsafe { v.write(at, vector) };
                }
            }
        }
    }
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "instantiated once per instruction set")]
#[expect(clippy::needless_range_loop, reason = "y runs over columns of rows")]
fn out_any(
    m: &[f32],
    shape: Shape,
    bias: Option<&[f32]>,
    tiles: std::ops::Range<usize>,
    out: &SharedSlice<'_>,
    first: usize,
    block: usize,
    stride: usize,
) {
    let across = shape.width.div_ceil(OUT);
    let channels = shape.channels;
    for tile in tiles {
        let (top, left) = (tile / across * OUT, tile % across * OUT);
        for channel in (0..channels).step_by(LANES) {
            let lanes = LANES.min(channels - channel);
            let mut half = [[[0.0; LANES]; OUT]; IN];
            for (x, column) in half.iter_mut().enumerate() {
                let mut d = [[0.0; LANES]; IN];
                for (y, vector) in d.iter_mut().enumerate() {
                    let at = ((y * IN + x) * block + tile - first) * stride + channel;
                    vector.copy_from_slice(&m[at..at + LANES]);
                }
                *column = a_transform(std::array::from_fn(|y| &d[y]));
            }
            let mut added = [0.0; LANES];
            if let Some(bias) = bias {
                added[..lanes].copy_from_slice(&bias[channel..channel + lanes]);
            }
            for y in 0..OUT.min(shape.height - top) {
                let row = a_transform(std::array::from_fn(|x| &half[x][y]));
                for (x, vector) in row.iter().enumerate().take(shape.width - left) {
                    let at = ((top + y) * shape.width + left + x) * channels + channel;
                    let result = match bias {
                        Some(_) => map([vector, &added], |[value, bias]| (value + bias).max(0.0)),
                        None => *vector,
                    };
                    // SAFETY: each output belongs to one tile.
                    unsafe { out.write(at, &result[..lanes]) };
                }
            }
        }
    }
}

macro_rules! for_isa {
    ($features:literal, $panel:literal, $in_name:ident, $out_name:ident, $weights_name:ident) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $weights_name(taps: &[f32], inputs: usize, columns: usize, input: usize, out: &SharedSlice<'_>) {
            weights_any(taps, inputs, columns, $panel, input, out);
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $in_name(
            input: &[f32],
            shape: Shape,
            mask: Option<&[f32]>,
            tiles: std::ops::Range<usize>,
            v: &SharedSlice<'_>,
            first: usize,
            block: usize,
        ) {
            in_any(input, shape, mask, tiles, v, first, block);
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        #[expect(clippy::too_many_arguments, reason = "instantiated once per instruction set")]
        fn $out_name(
            m: &[f32],
            shape: Shape,
            bias: Option<&[f32]>,
            tiles: std::ops::Range<usize>,
            out: &SharedSlice<'_>,
            first: usize,
            block: usize,
            stride: usize,
        ) {
            out_any(m, shape, bias, tiles, out, first, block, stride);
        }
    };
}

for_isa!("avx512f,fma", 32, in_avx512, out_avx512, weights_avx512);
for_isa!("avx2,fma", 16, in_avx2, out_avx2, weights_avx2);
