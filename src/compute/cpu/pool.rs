//! 2×2 maximum pooling with stride 2 on channels-last pictures; incomplete windows are dropped.

use rayon::prelude::*;

use super::buffer::{Buffer, Pool};
use crate::compute::chain::Shape;

/// Pools `[H, W, C]` to `[H/2, W/2, C]`.
pub fn forward(input: &[f32], shape: Shape, memory: &Pool) -> Buffer {
    let Shape { width, channels, .. } = shape;
    let (rows, columns) = (shape.height / 2, width / 2);
    // What goes into a stage may be held for long.
    let mut out = memory.take_exactly(rows * columns * channels);
    out.par_chunks_exact_mut(columns * channels).enumerate().for_each(|(y, out)| {
        let (upper, lower) =
            input[2 * y * width * channels..][..2 * width * channels].split_at(width * channels);
        for (x, out) in out.chunks_exact_mut(channels).enumerate() {
            let at = 2 * x * channels;
            let (a, b) = upper[at..at + 2 * channels].split_at(channels);
            let (c, d) = lower[at..at + 2 * channels].split_at(channels);
            for (i, out) in out.iter_mut().enumerate() {
                *out = a[i].max(b[i]).max(c[i].max(d[i]));
            }
        }
    });
    out
}

/// Hands each window's gradient to the first of its largest inputs where that is positive; `input` is what was pooled.
pub fn backward(input: &[f32], shape: Shape, gradient: &[f32], memory: &Pool) -> Buffer {
    let Shape { width, channels, .. } = shape;
    let columns = width / 2;
    let mut out = memory.take(shape.len());
    if width % 2 == 1 || shape.height % 2 == 1 {
        // What no window covers has no gradient.
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
                let largest = a[i].max(b[i]).max(c[i].max(d[i]));
                let gradient = if largest > 0.0 { gradient } else { 0.0 };
                // Without branches, so that it vectorises.
                let is_a = a[i] == largest;
                let is_b = !is_a & (b[i] == largest);
                let is_c = !(is_a | is_b) & (c[i] == largest);
                let is_d = !(is_a | is_b | is_c);
                out_a[i] = if is_a { gradient } else { 0.0 };
                out_b[i] = if is_b { gradient } else { 0.0 };
                out_c[i] = if is_c { gradient } else { 0.0 };
                out_d[i] = if is_d { gradient } else { 0.0 };
            }
        }
    });
    out
}
