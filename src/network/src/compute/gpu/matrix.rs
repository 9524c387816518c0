//! Kernels of the objective on features: Gram matrices, distances, and feature gradients.

use cubecl::prelude::*;

use super::convolution::{Quad, Stored};

/// Channels per tile of a product, and in vectors; positions per tile of a feature gradient.
pub const TILE: usize = 64;
const TILE_QUADS: usize = TILE / 4;
/// Threads per workgroup of a product: eight by eight, each with eight by eight results.
pub const THREADS: usize = 64;
/// Positions or channels in shared memory at once.
const DEPTH: usize = 8;

/// Partial sums of FᵀF `[splits, C, C/4]` for features `[P, C/4]`: a workgroup sums one tile of the upper
/// triangle over `chunk` positions and writes it on both sides of the diagonal. With `weighted` each position
/// counts by its weight `[P]`; else the weights may be any buffer. Workgroups (tiles², splits).
#[cube(launch_unchecked)]
pub fn gram_parts<F: Float>(
    features: &[Stored<F>],
    weights: &[f32],
    parts: &mut [Quad],
    positions: u32,
    quads: u32,
    chunk: u32,
    #[comptime] weighted: bool,
) {
    let quads = quads as usize;
    let tiles = quads / TILE_QUADS;
    let pair = CUBE_POS_X as usize;
    let upper = pair / tiles;
    let lower = pair % tiles;
    if upper > lower {
        terminate!();
    }
    let mut left = Shared::<[Quad]>::new_slice(comptime!(DEPTH * TILE_QUADS));
    let mut right = Shared::<[Quad]>::new_slice(comptime!(DEPTH * TILE_QUADS));
    let thread = UNIT_POS as usize;
    let ti = thread / 8;
    let tj = thread % 8;
    let start = CUBE_POS_Y as usize * chunk as usize;
    let end = min(start + chunk as usize, positions as usize);

    // Rows 4·ti.. and 32 + 4·ti.. by the vectors tj and 8 + tj.
    let mut sums = Array::<Quad>::new(16usize);
    #[unroll]
    for i in 0..16usize {
        sums[i] = Quad::new(0.0f32);
    }
    let mut base = start;
    while base < end {
        sync_cube();
        #[unroll]
        for part in 0..comptime!(DEPTH * TILE_QUADS / THREADS) {
            let at = thread + comptime!(part * THREADS);
            let position = base + at / TILE_QUADS;
            let quad = at % TILE_QUADS;
            let mut a = Quad::new(0.0f32);
            let mut b = Quad::new(0.0f32);
            if position < end {
                a = Quad::cast_from(features[position * quads + upper * TILE_QUADS + quad]);
                b = Quad::cast_from(features[position * quads + lower * TILE_QUADS + quad]);
                if comptime!(weighted) {
                    b *= Quad::new(weights[position]);
                }
            }
            left[at] = a;
            right[at] = b;
        }
        sync_cube();
        for k in 0..DEPTH {
            let row = k * TILE_QUADS;
            let b0 = right[row + tj];
            let b1 = right[row + tj + 8];
            #[unroll]
            for half in 0..2usize {
                let a = left[row + ti + comptime!(half * 8)];
                #[unroll]
                for lane in 0..4usize {
                    let value = Quad::new(a.extract(lane));
                    let i = comptime!((half * 4 + lane) * 2);
                    sums[i] = fma(b0, value, sums[i]);
                    sums[i + 1] = fma(b1, value, sums[i + 1]);
                }
            }
        }
        base += DEPTH;
    }
    let channels = quads * 4;
    let part = CUBE_POS_Y as usize * channels;
    #[unroll]
    for half in 0..2usize {
        let row = upper * TILE + comptime!(half * 32) + ti * 4;
        #[unroll]
        for lane in 0..4usize {
            let i = comptime!((half * 4 + lane) * 2);
            let to = (part + row + lane) * quads + lower * TILE_QUADS + tj;
            parts[to] = sums[i];
            parts[to + 8] = sums[i + 1];
        }
        if upper != lower {
            #[unroll]
            for side in 0..2usize {
                #[unroll]
                for lane in 0..4usize {
                    let mut mirrored = Quad::new(0.0f32);
                    #[unroll]
                    for r in 0..4usize {
                        mirrored.insert(r, sums[comptime!((half * 4 + r) * 2 + side)].extract(lane));
                    }
                    let mirrored_row = lower * TILE + comptime!(side * 32) + tj * 4 + lane;
                    parts[(part + mirrored_row) * quads + row / 4] = mirrored;
                }
            }
        }
    }
}

/// Sum the parts and divide by the number of positions. One thread per vector.
#[cube(launch_unchecked)]
pub fn gram_sum(parts: &[Quad], gram: &mut [Quad], length: u32, splits: u32, scale: f32) {
    let at = ABSOLUTE_POS;
    let length = length as usize;
    if at < length {
        let mut sum = Quad::new(0.0f32);
        for split in 0..splits as usize {
            sum += parts[split * length + at];
        }
        gram[at] = sum * Quad::new(scale);
    }
}

/// `gradient` `[P, C/4]` = or += F·D + v + f·(F − T) for features and target `[P, C/4]`, D `[C, C/4]`, v
/// `[C/4]`; with `weighted` times the weight `[P]` of each position. With `masked` the result is 0 where the
/// features are not positive. Unused arguments may be any buffer. Workgroups (positions/64 in rows, the rows,
/// C/64).
#[cube(launch_unchecked)]
pub fn add_feature_gradient<F: Float>(
    features: &[Stored<F>],
    matrix: &[Quad],
    vector: &[Quad],
    target: &[Stored<F>],
    weights: &[f32],
    gradient: &mut [Quad],
    positions: u32,
    quads: u32,
    factor: f32,
    #[comptime] with_matrix: bool,
    #[comptime] with_vector: bool,
    #[comptime] with_target: bool,
    #[comptime] weighted: bool,
    #[comptime] add: bool,
    #[comptime] masked: bool,
) {
    let quads = quads as usize;
    let positions = positions as usize;
    let thread = UNIT_POS as usize;
    let across = thread % 8;
    let down = thread / 8;
    let start = (CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X) as usize * TILE;
    let band = CUBE_POS_Z as usize * TILE_QUADS;
    let mut first = Array::<Quad>::new(8usize);
    let mut second = Array::<Quad>::new(8usize);
    #[unroll]
    for i in 0..8usize {
        first[i] = Quad::new(0.0f32);
        second[i] = Quad::new(0.0f32);
    }
    if comptime!(with_matrix) {
        // Two vectors of channels per position, and their rows of D.
        let depth_quads = comptime!(DEPTH / 4);
        let mut left = Shared::<[Quad]>::new_slice(comptime!(TILE * DEPTH / 4));
        let mut right = Shared::<[Quad]>::new_slice(comptime!(DEPTH * TILE_QUADS));
        let mut quad = 0usize;
        while quad < quads {
            sync_cube();
            #[unroll]
            for part in 0..comptime!(TILE * DEPTH / 4 / THREADS) {
                let at = thread + comptime!(part * THREADS);
                let position = start + at / depth_quads;
                let mut value = Quad::new(0.0f32);
                if position < positions {
                    value = Quad::cast_from(features[position * quads + quad + at % depth_quads]);
                }
                left[at] = value;
            }
            #[unroll]
            for part in 0..comptime!(DEPTH * TILE_QUADS / THREADS) {
                let at = thread + comptime!(part * THREADS);
                right[at] = matrix[(quad * 4 + at / TILE_QUADS) * quads + band + at % TILE_QUADS];
            }
            sync_cube();
            #[unroll]
            for k in 0..depth_quads {
                #[unroll]
                for lane in 0..4usize {
                    let row = comptime!((k * 4 + lane) * TILE_QUADS) + across;
                    let b0 = right[row];
                    let b1 = right[row + 8];
                    #[unroll]
                    for i in 0..8usize {
                        let value = Quad::new(left[(down * 8 + i) * depth_quads + k].extract(lane));
                        first[i] = fma(b0, value, first[i]);
                        second[i] = fma(b1, value, second[i]);
                    }
                }
            }
            quad += depth_quads;
        }
    }
    #[unroll]
    for i in 0..8usize {
        let position = start + down * 8 + i;
        if position < positions {
            let at = position * quads + band + across;
            let mut a = first[i];
            let mut b = second[i];
            if comptime!(with_vector) {
                a += vector[band + across];
                b += vector[band + across + 8];
            }
            if comptime!(with_target) {
                let factor = Quad::new(factor);
                a += (Quad::cast_from(features[at]) - Quad::cast_from(target[at])) * factor;
                b += (Quad::cast_from(features[at + 8]) - Quad::cast_from(target[at + 8])) * factor;
            }
            if comptime!(weighted) {
                let weight = Quad::new(weights[position]);
                a *= weight;
                b *= weight;
            }
            if comptime!(add) {
                a += gradient[at];
                b += gradient[at + 8];
            }
            if comptime!(masked) {
                let zero = Quad::new(0.0f32);
                a = select_many(Quad::cast_from(features[at]).greater_than(&zero), a, zero);
                b = select_many(Quad::cast_from(features[at + 8]).greater_than(&zero), b, zero);
            }
            gradient[at] = a;
            gradient[at + 8] = b;
        }
    }
}

/// Sums of F over `chunk` positions each, `[chunks, C/4]`, with `weighted` by the positions' weights `[P]`;
/// else the weights may be any buffer. One thread per vector.
#[cube(launch_unchecked)]
pub fn mean_parts<F: Float>(
    features: &[Stored<F>],
    weights: &[f32],
    parts: &mut [Quad],
    positions: u32,
    quads: u32,
    chunk: u32,
    #[comptime] weighted: bool,
) {
    let quads = quads as usize;
    let at = ABSOLUTE_POS;
    let start = at / quads * chunk as usize;
    if start < positions as usize {
        let end = min(start + chunk as usize, positions as usize);
        let mut sum = Quad::new(0.0f32);
        for position in start..end {
            let value = Quad::cast_from(features[position * quads + at % quads]);
            if comptime!(weighted) {
                sum = fma(value, Quad::new(weights[position]), sum);
            } else {
                sum += value;
            }
        }
        parts[at] = sum;
    }
}

/// Threads per workgroup of a sum of squares.
pub const SUM_THREADS: usize = 256;

/// Sum a value over a workgroup's `threads`, a power of two; every thread gets the result. Synchronize the
/// workgroup before the next call.
#[cube]
pub fn add_up(value: f32, sums: &mut Shared<[f32]>, #[comptime] threads: usize) -> f32 {
    let thread = UNIT_POS as usize;
    sums[thread] = value;
    let mut half = comptime!(threads / 2).runtime();
    while half > 0 {
        sync_cube();
        if thread < half {
            sums[thread] += sums[thread + half];
        }
        half /= 2;
    }
    sync_cube();
    sums[0]
}

/// Partial sums of Σ(F − T)², or of ΣF² without a target: each workgroup adds up every `stride`-th vector and
/// writes one value. With `weighted` each of the `quads` vectors of a position counts by its weight. Unused
/// arguments may be any buffer.
#[cube(launch_unchecked)]
pub fn squares<F: Float>(
    features: &[Stored<F>],
    target: &[Stored<F>],
    weights: &[f32],
    parts: &mut [f32],
    length: u32,
    quads: u32,
    #[comptime] with_target: bool,
    #[comptime] weighted: bool,
) {
    let mut sums = Shared::<[f32]>::new_slice(SUM_THREADS);
    let thread = UNIT_POS as usize;
    let stride = CUBE_COUNT_X as usize * SUM_THREADS;
    let mut sum = Quad::new(0.0f32);
    let mut at = CUBE_POS_X as usize * SUM_THREADS + thread;
    while at < length as usize {
        let mut value = Quad::cast_from(features[at]);
        if comptime!(with_target) {
            value -= Quad::cast_from(target[at]);
        }
        if comptime!(weighted) {
            sum = fma(value * Quad::new(weights[at / quads as usize]), value, sum);
        } else {
            sum = fma(value, value, sum);
        }
        at += stride;
    }
    let lanes = sum.extract(0usize) + sum.extract(1usize) + (sum.extract(2usize) + sum.extract(3usize));
    let sum = add_up(lanes, &mut sums, SUM_THREADS);
    if thread == 0 {
        parts[CUBE_POS_X as usize] = sum;
    }
}

/// Convert stored values to f32. One thread per vector.
#[cube(launch_unchecked)]
pub fn widen<F: Float>(stored: &[Stored<F>], values: &mut [Quad], length: u32) {
    let at = ABSOLUTE_POS;
    if at < length as usize {
        values[at] = Quad::cast_from(stored[at]);
    }
}

/// The sum of all values, by one workgroup.
#[cube(launch_unchecked)]
pub fn total(values: &[f32], sum: &mut [f32], length: u32) {
    let mut sums = Shared::<[f32]>::new_slice(SUM_THREADS);
    let thread = UNIT_POS as usize;
    let mut part = 0.0f32;
    let mut at = thread;
    while at < length as usize {
        part += values[at];
        at += SUM_THREADS;
    }
    let whole = add_up(part, &mut sums, SUM_THREADS);
    if thread == 0 {
        sum[0] = whole;
    }
}

/// Vectors per thread, if there are enough.
pub const LARGEST_CHUNK: usize = 8;

/// Maximum magnitudes of parts of a gradient: each workgroup reads every `stride`-th vector and writes one
/// value.
#[cube(launch_unchecked)]
pub fn largest_parts(gradient: &[Quad], parts: &mut [f32], length: u32) {
    let mut most = Shared::<[f32]>::new_slice(SUM_THREADS);
    let thread = UNIT_POS as usize;
    let stride = CUBE_COUNT_X as usize * SUM_THREADS;
    let mut largest = Quad::new(0.0f32);
    let mut at = CUBE_POS_X as usize * SUM_THREADS + thread;
    while at < length as usize {
        let value = gradient[at];
        largest = max(largest, max(value, -value));
        at += stride;
    }
    let first = max(largest.extract(0usize), largest.extract(1usize));
    let second = max(largest.extract(2usize), largest.extract(3usize));
    most[thread] = max(first, second);
    let mut half = comptime!(SUM_THREADS / 2).runtime();
    while half > 0 {
        sync_cube();
        if thread < half {
            most[thread] = max(most[thread], most[thread + half]);
        }
        half /= 2;
    }
    if thread == 0 {
        parts[CUBE_POS_X as usize] = most[0];
    }
}
