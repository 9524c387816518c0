//! 2×2 pooling with stride 2 on channels-last pictures; incomplete windows are dropped.

use rayon::prelude::*;

use super::buffer::{Buffer, BufferPool};
use crate::compute::Pooling;
use crate::compute::{
    chain::{AVERAGE_SCALE, L2_SCALE},
    shape::Shape,
};

/// Pool `[H, W, C]` to `[H/2, W/2, C]`.
pub fn forward(pooling: Pooling, input: &[f32], shape: Shape, memory: &BufferPool) -> Buffer {
    match pooling {
        Pooling::Max => gather(input, shape, memory, |[a, b, c, d]| a.max(b).max(c.max(d))),
        Pooling::Average => {
            gather(input, shape, memory, |[a, b, c, d]| (a + b + (c + d)) * (AVERAGE_SCALE / 4.0))
        }
        Pooling::L2 => gather(input, shape, memory, |window| L2_SCALE * norm(window)),
    }
}

/// Distribute each window's gradient to its positive inputs; `input` is the pooling's input, which is
/// nonnegative.
pub fn backward(
    pooling: Pooling,
    input: &[f32],
    shape: Shape,
    gradient: &[f32],
    memory: &BufferPool,
) -> Buffer {
    match pooling {
        Pooling::Max => scatter_windows(input, shape, gradient, memory, |[a, b, c, d], gradient| {
            let largest = a.max(b).max(c.max(d));
            let gradient = if largest > 0.0 { gradient } else { 0.0 };
            // Branch-free, so that it vectorises.
            let is_a = a == largest;
            let is_b = !is_a & (b == largest);
            let is_c = !(is_a | is_b) & (c == largest);
            let is_d = !(is_a | is_b | is_c);
            [is_a, is_b, is_c, is_d].map(|is| if is { gradient } else { 0.0 })
        }),
        Pooling::Average => scatter_windows(input, shape, gradient, memory, |window, gradient| {
            let gradient = gradient * (AVERAGE_SCALE / 4.0);
            window.map(|value| if value > 0.0 { gradient } else { 0.0 })
        }),
        Pooling::L2 => scatter_windows(input, shape, gradient, memory, |window, gradient| {
            let norm = norm(window);
            // If the norm is 0, so are the values.
            let factor = L2_SCALE * gradient / if norm > 0.0 { norm } else { 1.0 };
            window.map(|value| value * factor)
        }),
    }
}

fn norm([a, b, c, d]: [f32; 4]) -> f32 {
    (a * a + b * b + (c * c + d * d)).sqrt()
}

/// Compute one value per complete window.
fn gather(
    input: &[f32],
    shape: Shape,
    memory: &BufferPool,
    value: impl Fn([f32; 4]) -> f32 + Sync,
) -> Buffer {
    let Shape { width, channels, .. } = shape;
    let (rows, columns) = (shape.height / 2, width / 2);
    // A stage's input may be held for long.
    let mut out = memory.take_exactly(rows * columns * channels);
    out.par_chunks_exact_mut(columns * channels).enumerate().for_each(|(y, out)| {
        let (upper, lower) =
            input[2 * y * width * channels..][..2 * width * channels].split_at(width * channels);
        for (x, out) in out.chunks_exact_mut(channels).enumerate() {
            let at = 2 * x * channels;
            let (a, b) = upper[at..at + 2 * channels].split_at(channels);
            let (c, d) = lower[at..at + 2 * channels].split_at(channels);
            for (i, out) in out.iter_mut().enumerate() {
                *out = value([a[i], b[i], c[i], d[i]]);
            }
        }
    });
    out
}

/// Distribute each complete window's gradient to its four inputs.
fn scatter_windows(
    input: &[f32],
    shape: Shape,
    gradient: &[f32],
    memory: &BufferPool,
    shares: impl Fn([f32; 4], f32) -> [f32; 4] + Sync,
) -> Buffer {
    let Shape { width, channels, .. } = shape;
    let columns = width / 2;
    let mut out = memory.take(shape.len());
    if width % 2 == 1 || shape.height % 2 == 1 {
        // Positions outside of complete windows have no gradient.
        out.fill(0.0);
    }
    out.par_chunks_exact_mut(2 * width * channels).enumerate().take(shape.height / 2).for_each(|(y, out)| {
        let (upper, lower) =
            input[2 * y * width * channels..][..2 * width * channels].split_at(width * channels);
        let (out_upper, out_lower) = out.split_at_mut(width * channels);
        let gradient = &gradient[y * columns * channels..][..columns * channels];
        for (x, gradient) in gradient.chunks_exact(channels).enumerate() {
            let at = 2 * x * channels;
            let (a, b) = upper[at..at + 2 * channels].split_at(channels);
            let (c, d) = lower[at..at + 2 * channels].split_at(channels);
            let (out_a, out_b) = out_upper[at..at + 2 * channels].split_at_mut(channels);
            let (out_c, out_d) = out_lower[at..at + 2 * channels].split_at_mut(channels);
            for (i, &gradient) in gradient.iter().enumerate() {
                [out_a[i], out_b[i], out_c[i], out_d[i]] = shares([a[i], b[i], c[i], d[i]], gradient);
            }
        }
    });
    out
}
