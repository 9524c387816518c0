//! 3×3 convolution, stride 1, padding 1, by Winograd's minimal filtering F(4×4, 3×3) (Lavin & Gray, CVPR 2016): a quarter
//! of the multiplications of the direct sum.
//!
//! Pictures are channels-last, `[H, W, C]`. Each 4×4 output tile comes from a 6×6 input tile: Bᵀ·d·B, 36 matrix products
//! over the channels with the weights' transforms G·g·Gᵀ, and Aᵀ·m·A. The weights are frozen, so theirs are done once.

use rayon::prelude::*;

use super::{
    kernel::{Isa, Packed},
    shared::SharedSlice,
};

/// Outputs of a tile along one axis, and inputs.
const OUT: usize = 4;
const IN: usize = 6;
const POINTS: usize = IN * IN;
/// Channels that a transform handles at once.
const LANES: usize = 16;

/// Height, width and channels of a channels-last picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Shape {
    pub fn positions(self) -> usize {
        self.height * self.width
    }

    pub fn len(self) -> usize {
        self.positions() * self.channels
    }
}

/// What happens to the input on its way in and to the output on its way out.
#[derive(Clone, Copy)]
pub enum Edge<'a> {
    /// Forward: bias and ReLU on the output.
    BiasRelu(&'a [f32]),
    /// Backward: the input counts only where this layer output, of the same shape, is positive.
    Mask(&'a [f32]),
}

/// A convolution's weights, transformed and packed.
pub struct Winograd {
    points: Vec<Packed>,
    inputs: usize,
    outputs: usize,
    isa: Isa,
}

/// Where a thread works on tiles of its own, the transforms of its tiles should stay in its cache.
const PRIVATE_BYTES: usize = 1 << 20;
/// Weights larger than this are read by all threads together, each once per batch of tiles.
const SHARED_WEIGHTS: usize = 3 << 20;
const SHARED_TILES: usize = 256;

impl Winograd {
    /// Transforms weights: `weight(o, i)` is the 3×3 kernel from input channel `i` to output channel `o`. The number of
    /// input channels must be a multiple of 16.
    pub fn new(isa: Isa, inputs: usize, outputs: usize, weight: impl Fn(usize, usize) -> [f32; 9]) -> Self {
        assert_eq!(inputs % LANES, 0, "whole vectors of channels");
        let mut transformed = vec![0.0_f32; POINTS * inputs * outputs];
        for input in 0..inputs {
            for output in 0..outputs {
                let kernel = transform_kernel(weight(output, input));
                for (point, value) in kernel.into_iter().enumerate() {
                    transformed[(point * inputs + input) * outputs + output] = value;
                }
            }
        }
        let points = transformed
            .par_chunks_exact(inputs * outputs)
            .map(|values| Packed::new(isa, inputs, outputs, |k, n| values[k * outputs + n]))
            .collect();
        Self { points, inputs, outputs, isa }
    }

    /// Bytes that the transformed weights take.
    pub fn bytes(&self) -> usize {
        self.points.iter().map(Packed::bytes).sum()
    }

    /// Convolves `input` `[H, W, inputs]`; returns `[H, W, outputs]`.
    pub fn convolve(&self, input: &[f32], height: usize, width: usize, edge: Edge<'_>) -> Vec<f32> {
        let shape = Shape { height, width, channels: self.inputs };
        assert_eq!(input.len(), shape.len(), "[H, W, inputs]");
        let mut output = vec![0.0; shape.positions() * self.outputs];
        let tiles = height.div_ceil(OUT) * width.div_ceil(OUT);
        let stride = self.points[0].padded_columns();
        let out = SharedSlice::new(&mut output);
        if self.bytes() <= SHARED_WEIGHTS {
            let per_tile = 4 * POINTS * (self.inputs + stride);
            let block = (PRIVATE_BYTES / per_tile / 12 * 12).clamp(12, tiles.div_ceil(2).max(12));
            (0..tiles.div_ceil(block)).into_par_iter().for_each_init(
                || (vec![0.0; POINTS * block * self.inputs], vec![0.0; POINTS * block * stride]),
                |(v, m), index| {
                    let first = index * block;
                    let count = block.min(tiles - first);
                    self.transform_in(
                        input,
                        shape,
                        edge,
                        first..first + count,
                        &SharedSlice::new(v),
                        first,
                        block,
                    );
                    for (point, packed) in self.points.iter().enumerate() {
                        packed.multiply(
                            &v[point * block * self.inputs..],
                            count,
                            &mut m[point * block * stride..],
                        );
                    }
                    self.transform_out(m, shape, edge, first..first + count, &out, first, block);
                },
            );
        } else {
            let block = tiles.min(SHARED_TILES);
            let mut v = vec![0.0; POINTS * block * self.inputs];
            let mut m = vec![0.0; POINTS * block * stride];
            for first in (0..tiles).step_by(block) {
                let count = block.min(tiles - first);
                let v_shared = SharedSlice::new(&mut v);
                (first..first + count).into_par_iter().with_min_len(2).for_each(|tile| {
                    self.transform_in(input, shape, edge, tile..tile + 1, &v_shared, first, block);
                });
                m.par_chunks_exact_mut(block * stride).enumerate().for_each(|(point, m)| {
                    self.points[point].multiply(&v[point * block * self.inputs..], count, m);
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
        let stride = self.points[0].padded_columns();
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

/// G·g·Gᵀ.
fn transform_kernel(kernel: [f32; 9]) -> [f32; POINTS] {
    const G: [[f64; 3]; IN] = [
        [0.25, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
        [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
        [0.0, 0.0, 1.0],
    ];
    let mut half = [[0.0; 3]; IN];
    for (row, g) in half.iter_mut().zip(&G) {
        for (j, value) in row.iter_mut().enumerate() {
            *value = (0..3).map(|k| g[k] * f64::from(kernel[3 * k + j])).sum();
        }
    }
    std::array::from_fn(|point| {
        let (row, g) = (&half[point / IN], &G[point % IN]);
        (0..3).map(|k| row[k] * g[k]).sum::<f64>() as f32
    })
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
    ($features:literal, $in_name:ident, $out_name:ident) => {
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

for_isa!("avx512f,fma", in_avx512, out_avx512);
for_isa!("avx2,fma", in_avx2, out_avx2);
