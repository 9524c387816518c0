//! 3×3 convolution, stride 1, a padding of 1, on a graphics adapter, in both directions.
//!
//! A tiled direct sum: a workgroup computes a rectangle of pixels for 64 output channels. It iterates over
//! the input channels four at a time, staging their values around the rectangle and their weights in shared
//! memory. Each thread accumulates a strip of eight pixels by eight channels in registers, and uses every
//! loaded value for the three taps of a row: 192 multiply-adds for 10 input values and 6 vectors of weights.
//!
//! The data gradient uses the same kernel with rotated weights and its input masked where the ReLU was 0.

use cubecl::prelude::*;

use crate::compute::Padding;

/// Four channels for computation.
pub type Quad = Vector<f32, Const<4>>;
/// Four channels as stored: features and weights are `f16` with fast precision, gradients always `f32`. Sums
/// are in `f32`.
pub type Stored<F> = Vector<F, Const<4>>;

/// Pixels per thread, along a row.
const STRIP: usize = 8;
/// Output channels per workgroup, and in vectors.
pub const BAND: usize = 64;
const BAND_QUADS: usize = BAND / 4;
/// Threads across a band: two vectors of channels each.
const ACROSS: usize = BAND_QUADS / 2;

/// A workgroup's rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    pub rows: usize,
    /// A multiple of eight.
    pub columns: usize,
    /// For matrix units, see [`super::units`].
    pub matrix: bool,
}

impl Tile {
    /// From large, for few loads per result, to small, for enough workgroups with few pixels.
    pub const PLAIN: [Tile; 3] = [Self::plain(8, 16), Self::plain(8, 8), Self::plain(4, 8)];
    /// For matrix units: each of four subgroups has a quarter of the rows, or half of the rows and half of
    /// the channels.
    pub const MATRIX: [Tile; 3] = [Self::matrix(16), Self::matrix(8), Self::matrix(4)];

    const fn plain(rows: usize, columns: usize) -> Self {
        Self { rows, columns, matrix: false }
    }

    const fn matrix(rows: usize) -> Self {
        Self { rows, columns: 16, matrix: true }
    }

    /// Threads per workgroup, without matrix units.
    pub fn threads(self) -> usize {
        self.rows * self.columns / STRIP * ACROSS
    }

    /// Workgroups for a picture and a number of output channels.
    pub fn groups(self, height: usize, width: usize, outputs: usize) -> (usize, usize, usize) {
        (width.div_ceil(self.columns), height.div_ceil(self.rows), outputs / BAND)
    }
}

/// `input` (of I, as is the output) and `mask` (of M) `[H, W, inputs/4]`, `weights` (of W) `[9, inputs,
/// outputs/4]`, `bias` `[outputs/4]`, `output` `[H, W, outputs/4]`, in vectors of four channels. `masked`:
/// mask the input to where the mask is positive. `forward`: apply bias and ReLU. `wrap`: circular instead of
/// zero padding.
#[cube(launch_unchecked)]
pub fn convolve<I: Float, M: Float, W: Float>(
    input: &[Stored<I>],
    mask: &[Stored<M>],
    weights: &[Stored<W>],
    bias: &[Quad],
    output: &mut [Stored<I>],
    height: u32,
    width: u32,
    input_quads: u32,
    output_quads: u32,
    #[comptime] rows: usize,
    #[comptime] columns: usize,
    #[comptime] masked: bool,
    #[comptime] forward: bool,
    #[comptime] wrap: bool,
) {
    let threads = comptime!(rows * columns / STRIP * ACROSS);
    let wide = comptime!(columns + 2);
    let patch_len = comptime!((rows + 2) * (columns + 2));
    let weights_len = comptime!(9 * 4 * BAND_QUADS);
    let mut patch = Shared::<[Quad]>::new_slice(patch_len);
    let mut taps = Shared::<[Quad]>::new_slice(weights_len);

    let thread = UNIT_POS as usize;
    let height = height as usize;
    let width = width as usize;
    let input_quads = input_quads as usize;
    let output_quads = output_quads as usize;
    let top = CUBE_POS_Y as usize * rows;
    let left = CUBE_POS_X as usize * columns;
    let band = CUBE_POS_Z as usize * BAND_QUADS;

    let across = thread % ACROSS;
    let strip = thread / ACROSS;
    let strips = comptime!(columns / STRIP);
    let row = strip / strips;
    let column = strip % strips * STRIP;

    let mut first = Array::<Quad>::new(STRIP);
    let mut second = Array::<Quad>::new(STRIP);
    #[unroll]
    for pixel in 0..STRIP {
        first[pixel] = Quad::new(0.0f32);
        second[pixel] = Quad::new(0.0f32);
    }

    for quad in 0..input_quads {
        // Wait until no thread uses the previous values.
        sync_cube();
        let mut at = thread;
        while at < patch_len {
            // The patch begins one pixel up and left of the rectangle.
            let mut y = top + at / wide;
            let mut x = left + at % wide;
            if comptime!(wrap) {
                y = wrapped(y, height);
                x = wrapped(x, width);
            }
            let mut value = Quad::new(0.0f32);
            if y >= 1 && y <= height && x >= 1 && x <= width {
                let from = ((y - 1) * width + x - 1) * input_quads + quad;
                value = Quad::cast_from(input[from]);
                if comptime!(masked) {
                    let zero = Quad::new(0.0f32);
                    value = select_many(Quad::cast_from(mask[from]).greater_than(&zero), value, zero);
                }
            }
            patch[at] = value;
            at += threads;
        }
        let mut at = thread;
        while at < weights_len {
            let tap = at / comptime!(4 * BAND_QUADS);
            let rest = at % comptime!(4 * BAND_QUADS);
            let channel = quad * 4 + rest / BAND_QUADS;
            let from = (tap * input_quads * 4 + channel) * output_quads + band + rest % BAND_QUADS;
            taps[at] = Quad::cast_from(weights[from]);
            at += threads;
        }
        sync_cube();

        for tap_row in 0..3usize {
            let from = (row + tap_row) * wide + column;
            let mut values = Array::<Quad>::new(comptime!(STRIP + 2));
            #[unroll]
            for pixel in 0..comptime!(STRIP + 2) {
                values[pixel] = patch[from + pixel];
            }
            #[unroll]
            for channel in 0..4usize {
                #[unroll]
                for tap_column in 0..3usize {
                    let at = ((tap_row * 3 + tap_column) * 4 + channel) * BAND_QUADS + across;
                    let left_weights = taps[at];
                    let right_weights = taps[at + ACROSS];
                    #[unroll]
                    for pixel in 0..STRIP {
                        let value = Quad::new(values[pixel + tap_column].extract(channel));
                        first[pixel] = fma(left_weights, value, first[pixel]);
                        second[pixel] = fma(right_weights, value, second[pixel]);
                    }
                }
            }
        }
    }

    let y = top + row;
    if y < height {
        #[unroll]
        for pixel in 0..STRIP {
            let x = left + column + pixel;
            if x < width {
                let to = (y * width + x) * output_quads + band + across;
                let mut a = first[pixel];
                let mut b = second[pixel];
                if comptime!(forward) {
                    let zero = Quad::new(0.0f32);
                    a = max(a + bias[band + across], zero);
                    b = max(b + bias[band + across + ACROSS], zero);
                }
                output[to] = Stored::<I>::cast_from(a);
                output[to + ACROSS] = Stored::<I>::cast_from(b);
            }
        }
    }
}

/// Wrap a position, counted from 1, around.
#[cube]
fn wrapped(position: usize, length: usize) -> usize {
    (position + length - 1) % length + 1
}

/// conv1_1: a planar network input `[3, H, W]` to `[H, W, outputs/4]`, with bias and ReLU; `weights`
/// `[9, 3, outputs/4]`. One thread per result.
#[cube(launch_unchecked)]
pub fn first_forward<F: Float>(
    input: &[f32],
    weights: &[Quad],
    bias: &[Quad],
    output: &mut [Stored<F>],
    height: u32,
    width: u32,
    output_quads: u32,
    #[comptime] padding: Padding,
) {
    let height = height as usize;
    let width = width as usize;
    let output_quads = output_quads as usize;
    let at = ABSOLUTE_POS;
    let quad = at % output_quads;
    let pixel = at / output_quads;
    let y = pixel / width;
    let x = pixel % width;
    if y < height {
        let mut sum = bias[quad];
        #[unroll]
        for tap in 0..9usize {
            let mut sy = y + comptime!(tap / 3);
            let mut sx = x + comptime!(tap % 3);
            if comptime!(padding == Padding::Replicate) {
                sy = min(max(sy, 1), height);
                sx = min(max(sx, 1), width);
            }
            if comptime!(padding == Padding::Circular) {
                sy = wrapped(sy, height);
                sx = wrapped(sx, width);
            }
            if sy >= 1 && sy <= height && sx >= 1 && sx <= width {
                let from = (sy - 1) * width + sx - 1;
                #[unroll]
                for channel in 0..3usize {
                    let value = Quad::new(input[channel * height * width + from]);
                    sum = fma(weights[(tap * 3 + channel) * output_quads + quad], value, sum);
                }
            }
        }
        output[at] = Stored::<F>::cast_from(max(sum, Quad::new(0.0f32)));
    }
}

/// conv1_1's data gradient: `gradient` `[H, W, outputs/4]`, masked to where `mask` is positive if `masked`,
/// to a planar `[3, H, W]`; `weights` and `padding` as in [`first_forward`]. One thread per pixel.
#[cube(launch_unchecked)]
pub fn first_backward<F: Float>(
    gradient: &[Quad],
    mask: &[Stored<F>],
    weights: &[Quad],
    output: &mut [f32],
    height: u32,
    width: u32,
    output_quads: u32,
    #[comptime] masked: bool,
    #[comptime] padding: Padding,
) {
    let height = height as usize;
    let width = width as usize;
    let output_quads = output_quads as usize;
    let pixel = ABSOLUTE_POS;
    let y = pixel / width;
    let x = pixel % width;
    if y < height {
        let zero = Quad::new(0.0f32);
        let mut red = Quad::new(0.0f32);
        let mut green = Quad::new(0.0f32);
        let mut blue = Quad::new(0.0f32);
        // A replicated edge is read twice.
        let ways = comptime!(if padding == Padding::Replicate { 2usize } else { 1usize });
        for row in 0..comptime!(3 * ways) {
            let ty = row / ways;
            let oy = reading_output(y, ty, row % ways, height, padding);
            if oy >= 1 {
                for column in 0..comptime!(3 * ways) {
                    let tx = column / ways;
                    let ox = reading_output(x, tx, column % ways, width, padding);
                    if ox >= 1 {
                        let from = ((oy - 1) * width + ox - 1) * output_quads;
                        for quad in 0..output_quads {
                            let mut value = gradient[from + quad];
                            if comptime!(masked) {
                                let mask = Quad::cast_from(mask[from + quad]);
                                value = select_many(mask.greater_than(&zero), value, zero);
                            }
                            let at = (ty * 3 + tx) * 3 * output_quads + quad;
                            red = fma(weights[at], value, red);
                            green = fma(weights[at + output_quads], value, green);
                            blue = fma(weights[at + 2 * output_quads], value, blue);
                        }
                    }
                }
            }
        }
        let plane = height * width;
        output[pixel] = sum(red);
        output[plane + pixel] = sum(green);
        output[2 * plane + pixel] = sum(blue);
    }
}

/// The output, counted from 1, that reads this position through a tap, or 0: its neighbour, or in the second
/// `way` the edge's output that reads it in place of the padding.
#[cube]
fn reading_output(
    position: usize,
    tap: usize,
    way: usize,
    length: usize,
    #[comptime] padding: Padding,
) -> usize {
    let mut beside = position + 2 - tap;
    if comptime!(padding == Padding::Circular) {
        beside = wrapped(beside, length);
    }
    let mut result = 0usize;
    if way == 0 {
        if beside <= length {
            result = beside;
        }
    } else {
        if tap == 0 && position == 0 {
            result = 1usize;
        }
        if tap == 2 && position + 1 == length {
            result = length;
        }
    }
    result
}

#[cube]
fn sum(quad: Quad) -> f32 {
    quad.extract(0usize) + quad.extract(1usize) + (quad.extract(2usize) + quad.extract(3usize))
}
