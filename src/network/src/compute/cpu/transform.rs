//! The transforms of Winograd's F(4×4, 3×3), sixteen channels at a time: Bᵀ·d·B of input tiles, G·g·Gᵀ of
//! kernels and Aᵀ·m·A of the products (Lavin & Gray, CVPR 2016).

#![expect(
    clippy::needless_range_loop,
    reason = "the second transform runs over columns of the first one's rows"
)]

use std::ops::Range;

use super::{
    isa::Isa,
    shared::SharedSlice,
    simd::{Simd, SimdKernel, with_simd},
};
use crate::compute::shape::Shape;

/// Outputs and inputs of a tile along one axis.
pub const OUT: usize = 4;
const IN: usize = 6;
pub const POINTS: usize = IN * IN;
/// Channels that a transform handles at once.
pub const LANES: usize = 16;

/// Layout of a batch of transforms `[36, block, channels]`, beginning with tile `first`.
#[derive(Clone, Copy)]
pub struct Batch {
    pub first: usize,
    pub block: usize,
}

impl Batch {
    /// Whether the batch contains these tiles of a picture.
    fn holds(self, tiles: &Range<usize>, shape: Shape) -> bool {
        let count = shape.height.div_ceil(OUT) * shape.width.div_ceil(OUT);
        self.first <= tiles.start && tiles.end <= count.min(self.first + self.block)
    }
}

/// The shape of a convolution's packed kernels.
#[derive(Clone, Copy)]
pub struct KernelLayout {
    pub inputs: usize,
    /// Output channels, rounded up to whole panels.
    pub columns: usize,
    pub panel: usize,
    /// Whether the taps are those of the forward convolution, of which this is the data gradient.
    pub adjoint: bool,
}

/// A convolution's weights `[9, inputs, columns]`: `columns` output channels, zero-padded.
pub struct Taps {
    pub values: Vec<f32>,
    pub inputs: usize,
    pub columns: usize,
}

/// Values in a picture of this shape, saturating: no slice has as many as the largest number.
fn values(shape: Shape) -> usize {
    shape.height.saturating_mul(shape.width).saturating_mul(shape.channels)
}

/// A picture `[H, W, C]`, masked to where the mask, if given, is positive.
#[derive(Clone, Copy)]
pub struct MaskedPicture<'a> {
    pub picture: &'a [f32],
    pub mask: Option<&'a [f32]>,
    pub shape: Shape,
    /// Whether it wraps around, instead of zero padding.
    pub wrap: bool,
}

/// Transform tiles of a picture: Bᵀ·d·B.
///
/// # Safety
///
/// While it runs, nothing else reads or writes these tiles' places in `out`.
///
/// # Panics
///
/// If a slice is too short, or has places for other tiles.
pub unsafe fn input(
    isa: Isa,
    source: MaskedPicture<'_>,
    tiles: Range<usize>,
    batch: Batch,
    out: &SharedSlice<'_>,
) {
    let MaskedPicture { picture, mask, shape, .. } = source;
    assert!(
        shape.channels.is_multiple_of(LANES) && batch.holds(&tiles, shape),
        "whole vectors of a batch's tiles"
    );
    let len = values(shape);
    assert!(picture.len() == len && mask.is_none_or(|mask| mask.len() == len), "one shape");
    with_simd(isa, InputTransform { source, tiles, batch, out });
}

/// Transform tiles back to a picture `[H, W, C]` of this shape: Aᵀ·m·A, with bias and ReLU if there is a
/// bias.
///
/// # Safety
///
/// While it runs, nothing else reads or writes these tiles' places in `out`.
///
/// # Panics
///
/// If a slice is too short, or has places for other tiles.
pub unsafe fn output(
    isa: Isa,
    products: &[f32],
    bias: Option<&[f32]>,
    shape: Shape,
    tiles: Range<usize>,
    batch: Batch,
    out: &SharedSlice<'_>,
) {
    let stride = super::kernel::padded(isa, shape.channels);
    assert!(batch.holds(&tiles, shape), "the batch's tiles");
    let whole = POINTS.saturating_mul(batch.block).saturating_mul(stride);
    assert!(stride >= shape.channels && products.len() >= whole, "a whole batch");
    assert!(bias.is_none_or(|bias| bias.len() == shape.channels), "a bias per channel");
    with_simd(isa, OutputTransform { products, bias, shape, stride, tiles, batch, out });
}

/// Transform one input channel's kernels into 36 packed matrices: G·g·Gᵀ.
///
/// # Safety
///
/// While it runs, nothing else reads or writes this input channel's places in `out`.
///
/// # Panics
///
/// If the shapes do not belong together.
pub unsafe fn weights(isa: Isa, taps: &Taps, kernels: KernelLayout, input: usize, out: &SharedSlice<'_>) {
    assert!(kernels.columns.is_multiple_of(LANES), "whole vectors");
    let shape = Shape { height: 9, width: taps.inputs, channels: taps.columns };
    assert!(taps.values.len() == values(shape), "whole kernels");
    assert!(input < if kernels.adjoint { taps.columns } else { taps.inputs }, "a channel of theirs");
    assert!(kernels.adjoint || kernels.columns <= taps.columns, "channels of theirs");
    with_simd(isa, WeightTransform { taps, kernels, input, out });
}

struct InputTransform<'a> {
    source: MaskedPicture<'a>,
    tiles: Range<usize>,
    batch: Batch,
    out: &'a SharedSlice<'a>,
}

struct OutputTransform<'a> {
    products: &'a [f32],
    bias: Option<&'a [f32]>,
    shape: Shape,
    stride: usize,
    tiles: Range<usize>,
    batch: Batch,
    out: &'a SharedSlice<'a>,
}

struct WeightTransform<'a> {
    taps: &'a Taps,
    kernels: KernelLayout,
    input: usize,
    out: &'a SharedSlice<'a>,
}

/// Bᵀ·d along one axis.
///
/// # Safety
///
/// The processor has the instructions that `S` needs.
#[inline(always)]
unsafe fn b_transform<S: Simd>([a, b, c, d, e, f]: [S; IN]) -> [S; IN] {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let (two, four, five) = (S::set(2.0), S::set(-4.0), S::set(-5.0));
        let (even, odd) = (c.mul_add(four, e), b.mul_add(four, d));
        let (wide, double) = (e.sub(c), d.sub(b).mul(two));
        [
            a.mul_add(S::set(4.0), c.mul_add(five, e)),
            even.add(odd),
            even.sub(odd),
            wide.add(double),
            wide.sub(double),
            b.mul_add(S::set(4.0), d.mul_add(five, f)),
        ]
    }
}

/// Aᵀ·m along one axis.
///
/// # Safety
///
/// The processor has the instructions that `S` needs.
#[inline(always)]
unsafe fn a_transform<S: Simd>([a, b, c, d, e, f]: [S; IN]) -> [S; OUT] {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let (sum1, difference1) = (b.add(c), b.sub(c));
        let (sum2, difference2) = (d.add(e), d.sub(e));
        [
            a.add(sum1).add(sum2),
            difference2.mul_add(S::set(2.0), difference1),
            sum2.mul_add(S::set(4.0), sum1),
            difference2.mul_add(S::set(8.0), difference1).add(f),
        ]
    }
}

/// G·g along one axis.
///
/// # Safety
///
/// The processor has the instructions that `S` needs.
#[inline(always)]
unsafe fn g_transform<S: Simd>([a, b, c]: [S; 3]) -> [S; IN] {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let (sixth, twenty_fourth) = (S::set(-1.0 / 6.0), S::set(1.0 / 24.0));
        let ends = a.add(c);
        let outer = c.mul_add(S::set(4.0), a);
        let double = b.mul(S::set(2.0));
        [
            a.mul(S::set(0.25)),
            ends.add(b).mul(sixth),
            ends.sub(b).mul(sixth),
            outer.add(double).mul(twenty_fourth),
            outer.sub(double).mul(twenty_fourth),
            c,
        ]
    }
}

impl SimdKernel for InputTransform<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let MaskedPicture { picture, mask, shape: Shape { height, width, channels }, wrap } = self.source;
        let across = width.div_ceil(OUT);
        // The tile begins one pixel up and left of its outputs; `None` is zero padding.
        let inside = |at: usize, length: usize| match wrap {
            true => Some((at + length - 1) % length),
            false => at.checked_sub(1).filter(|&at| at < length),
        };
        // SAFETY: what is read lies inside the picture, see `inside`: whole vectors of channels, by the
        // assertions of `input`. Whose caller guarantees that the tiles' places are nobody else's; `place`
        // checks that they are there.
        unsafe {
            for tile in self.tiles {
                let (top, left) = (tile / across * OUT, tile % across * OUT);
                let to = (tile - self.batch.first) * channels;
                let rows: [Option<usize>; IN] = std::array::from_fn(|y| inside(top + y, height));
                let columns: [Option<usize>; IN] = std::array::from_fn(|x| inside(left + x, width));
                for channel in (0..channels).step_by(LANES) {
                    let mut half = [[S::set(0.0); IN]; IN];
                    for x in 0..IN {
                        let mut d = [S::set(0.0); IN];
                        for (value, row) in d.iter_mut().zip(rows) {
                            if let (Some(row), Some(column)) = (row, columns[x]) {
                                let at = (row * width + column) * channels + channel;
                                *value = S::load(picture.as_ptr().add(at));
                                if let Some(mask) = mask {
                                    *value = value.where_positive(S::load(mask.as_ptr().add(at)));
                                }
                            }
                        }
                        half[x] = b_transform(d);
                    }
                    for y in 0..IN {
                        let row = b_transform(std::array::from_fn(|x| half[x][y]));
                        for (x, value) in row.into_iter().enumerate() {
                            let at = (y * IN + x) * self.batch.block * channels + to + channel;
                            value.store(self.out.place(at, LANES));
                        }
                    }
                }
            }
        }
    }
}

impl SimdKernel for OutputTransform<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Shape { height, width, channels } = self.shape;
        let across = width.div_ceil(OUT);
        // SAFETY: a batch has `stride` values for each tile and point, by the assertions of `output`, and
        // `stride` is a multiple of vectors. Whose caller guarantees that the tiles' places are nobody
        // else's; `place` checks that they are there.
        unsafe {
            for tile in self.tiles {
                let (top, left) = (tile / across * OUT, tile % across * OUT);
                let from = (tile - self.batch.first) * self.stride;
                let (rows, columns) = (OUT.min(height - top), OUT.min(width - left));
                for channel in (0..channels).step_by(LANES) {
                    let mut half = [[S::set(0.0); OUT]; IN];
                    for (x, column) in half.iter_mut().enumerate() {
                        *column = a_transform(std::array::from_fn(|y| {
                            let at = (y * IN + x) * self.batch.block * self.stride + from + channel;
                            S::load(self.products.as_ptr().add(at))
                        }));
                    }
                    let lanes = LANES.min(channels - channel);
                    let mut bias = [0.0; LANES];
                    if let Some(values) = self.bias {
                        bias[..lanes].copy_from_slice(&values[channel..channel + lanes]);
                    }
                    let bias = S::load(bias.as_ptr());
                    for y in 0..rows {
                        let row = a_transform(std::array::from_fn(|x| half[x][y]));
                        for (x, value) in row.into_iter().enumerate().take(columns) {
                            let at = ((top + y) * width + left + x) * channels + channel;
                            let value = match self.bias {
                                Some(_) => value.add(bias).max(S::set(0.0)),
                                None => value,
                            };
                            if lanes == LANES {
                                value.store(self.out.place(at, LANES));
                            } else {
                                let mut values = [0.0; LANES];
                                value.store(values.as_mut_ptr());
                                self.out.write(at, &values[..lanes]);
                            }
                        }
                    }
                }
            }
        }
    }
}

impl SimdKernel for WeightTransform<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let KernelLayout { inputs, columns, panel, adjoint } = self.kernels;
        let taps = self.taps;
        // SAFETY: there are `columns` kernels per tap and input channel, in whole vectors, by the assertions
        // of `weights`. Whose caller guarantees that the channel's places are nobody else's; `place` checks
        // that they are there.
        unsafe {
            for column in (0..columns).step_by(LANES) {
                let tap = |tap: usize| {
                    if adjoint {
                        let mut values = [0.0; LANES];
                        let rows = (column..taps.inputs).zip(&mut values);
                        rows.for_each(|(row, value)| {
                            *value = taps.values[((8 - tap) * taps.inputs + row) * taps.columns + self.input];
                        });
                        return S::load(values.as_ptr());
                    }
                    let at = (tap * taps.inputs + self.input) * taps.columns + column;
                    S::load(taps.values.as_ptr().add(at))
                };
                let half: [[S; IN]; 3] =
                    std::array::from_fn(|x| g_transform([tap(x), tap(3 + x), tap(6 + x)]));
                for y in 0..IN {
                    let row = g_transform([half[0][y], half[1][y], half[2][y]]);
                    for (x, value) in row.into_iter().enumerate() {
                        let at = ((y * IN + x) * columns + column / panel * panel) * inputs;
                        value.store(self.out.place(at + self.input * panel + column % panel, LANES));
                    }
                }
            }
        }
    }
}
