//! 2×2 pooling with stride 2; incomplete windows are dropped.

use cubecl::prelude::*;

use super::convolution::{Quad, Stored};
use crate::compute::Pooling;
use crate::compute::chain::{AVERAGE_SCALE, L2_SCALE};

/// `[H, W, quads]` to `[H/2, W/2, quads]`. One thread per result.
#[cube(launch_unchecked)]
pub fn pool<F: Float>(
    input: &[Stored<F>],
    output: &mut [Stored<F>],
    height: u32,
    width: u32,
    quads: u32,
    #[comptime] pooling: Pooling,
) {
    let quads = quads as usize;
    let width = width as usize;
    let across = width / 2;
    let at = ABSOLUTE_POS;
    let quad = at % quads;
    let window = at / quads;
    let y = window / across;
    let x = window % across;
    if y < height as usize / 2 {
        let from = (2 * y * width + 2 * x) * quads + quad;
        let a = Quad::cast_from(input[from]);
        let b = Quad::cast_from(input[from + quads]);
        let c = Quad::cast_from(input[from + width * quads]);
        let d = Quad::cast_from(input[from + (width + 1) * quads]);
        if comptime!(pooling == Pooling::Max) {
            output[at] = Stored::<F>::cast_from(max(max(a, b), max(c, d)));
        } else if comptime!(pooling == Pooling::Average) {
            let mean = (a + b + (c + d)) * Quad::new(comptime!(AVERAGE_SCALE / 4.0));
            output[at] = Stored::<F>::cast_from(mean);
        } else {
            output[at] = Stored::<F>::cast_from(norm(a, b, c, d) * Quad::new(comptime!(L2_SCALE)));
        }
    }
}

#[cube]
fn norm(a: Quad, b: Quad, c: Quad, d: Quad) -> Quad {
    (a * a + b * b + (c * c + d * d)).sqrt()
}

/// The gradient with respect to the pooling's nonnegative `input`, masked to where that is positive. One
/// thread per window, including incomplete ones, which get zeros.
#[cube(launch_unchecked)]
pub fn unpool<F: Float>(
    input: &[Stored<F>],
    gradient: &[Quad],
    output: &mut [Quad],
    height: u32,
    width: u32,
    quads: u32,
    #[comptime] pooling: Pooling,
) {
    let quads = quads as usize;
    let width = width as usize;
    let height = height as usize;
    let across = width.div_ceil(2);
    let at = ABSOLUTE_POS;
    let quad = at % quads;
    let window = at / quads;
    let y = window / across;
    let x = window % across;
    if y < height.div_ceil(2) {
        let zero = Quad::new(0.0f32);
        let from = (2 * y * width + 2 * x) * quads + quad;
        let right = 2 * x + 1 < width;
        let below = 2 * y + 1 < height;
        if right && below {
            let a = Quad::cast_from(input[from]);
            let b = Quad::cast_from(input[from + quads]);
            let c = Quad::cast_from(input[from + width * quads]);
            let d = Quad::cast_from(input[from + (width + 1) * quads]);
            let above = gradient[(y * (width / 2) + x) * quads + quad];
            if comptime!(pooling == Pooling::Max) {
                let largest = max(max(a, b), max(c, d));
                let mut rest = select_many(largest.greater_than(&zero), above, zero);
                let is_a = a.equal(&largest);
                output[from] = select_many(is_a, rest, zero);
                rest = select_many(is_a, zero, rest);
                let is_b = b.equal(&largest);
                output[from + quads] = select_many(is_b, rest, zero);
                rest = select_many(is_b, zero, rest);
                let is_c = c.equal(&largest);
                output[from + width * quads] = select_many(is_c, rest, zero);
                output[from + (width + 1) * quads] = select_many(is_c, zero, rest);
            } else if comptime!(pooling == Pooling::Average) {
                let share = above * Quad::new(comptime!(AVERAGE_SCALE / 4.0));
                output[from] = select_many(a.greater_than(&zero), share, zero);
                output[from + quads] = select_many(b.greater_than(&zero), share, zero);
                output[from + width * quads] = select_many(c.greater_than(&zero), share, zero);
                output[from + (width + 1) * quads] = select_many(d.greater_than(&zero), share, zero);
            } else {
                let root = norm(a, b, c, d);
                // If it is 0, so are the values.
                let divisor = select_many(root.greater_than(&zero), root, Quad::new(1.0f32));
                let factor = above * Quad::new(comptime!(L2_SCALE)) / divisor;
                output[from] = a * factor;
                output[from + quads] = b * factor;
                output[from + width * quads] = c * factor;
                output[from + (width + 1) * quads] = d * factor;
            }
        } else {
            output[from] = zero;
            if right {
                output[from + quads] = zero;
            }
            if below {
                output[from + width * quads] = zero;
            }
        }
    }
}
