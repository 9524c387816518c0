//! Peak rate of an adapter's multiply-adds.

use cubecl::prelude::*;

use super::{
    convolution::Quad,
    features::{Queue, argument},
};

/// Independent sums per thread.
const SUMS: usize = 8;
/// Multiply-adds of each sum per loop iteration.
const UNROLLED: usize = 8;
const TURNS: u32 = 16;
const THREADS: usize = 128;
const GROUPS: usize = 512;

#[cube(launch_unchecked)]
fn chains(out: &mut [Quad], turns: u32, factor: f32) {
    let mut sums = Array::<Quad>::new(SUMS);
    #[unroll]
    for i in 0..SUMS {
        sums[i] = Quad::new(f32::cast_from(UNIT_POS) + comptime!(i as f32));
    }
    let factor = Quad::new(factor);
    for _ in 0..turns {
        #[unroll]
        for _ in 0..UNROLLED {
            #[unroll]
            for i in 0..SUMS {
                sums[i] = fma(sums[i], factor, factor);
            }
        }
    }
    let mut sum = sums[0];
    #[unroll]
    for i in 1..SUMS {
        sum += sums[i];
    }
    out[ABSOLUTE_POS] = sum;
}

/// Queue `rounds` of multiply-adds; returns the number of operations.
pub fn multiply_adds(queue: &Queue, rounds: usize) -> f64 {
    let out = queue.empty(GROUPS * THREADS * 4);
    let turns = TURNS * rounds.min(1 << 12) as u32;
    // SAFETY: each thread writes one vector of the buffer.
    unsafe {
        chains::launch_unchecked(
            queue.client(),
            CubeCount::Static(GROUPS as u32, 1, 1),
            CubeDim::new_1d(THREADS as u32),
            argument(&out),
            turns,
            0.5,
        );
    }
    2.0 * (GROUPS * THREADS * 4 * SUMS * UNROLLED) as f64 * f64::from(turns)
}
