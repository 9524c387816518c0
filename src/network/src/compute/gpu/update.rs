//! A fused step of Adam, see [`crate::compute::Update`].

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::{
    features::{Queue, argument, buffer, owned},
    matrix::{SUM_THREADS, add_up},
};
use crate::compute::{Iterate, Update};

/// Values per thread, if there are enough, and maximum workgroups.
const EACH: usize = 4;
const GROUPS: usize = 1024;

/// Each workgroup processes every `stride`-th row of values and writes its part of ‖g‖².
#[cube(launch_unchecked)]
fn adam(
    gradient: &[f32],
    variable: &mut [f32],
    mean: &mut [f32],
    square: &mut [f32],
    sum: &mut [f32],
    parts: &mut [f32],
    length: u32,
    beta1: f32,
    beta2: f32,
    rate: f32,
    inverse_correction: f32,
    epsilon: f32,
    averaging: f32,
    #[comptime] confine: bool,
    #[comptime] average: bool,
) {
    let mut norms = Shared::<[f32]>::new_slice(SUM_THREADS);
    let thread = UNIT_POS as usize;
    let stride = CUBE_COUNT_X as usize * SUM_THREADS;
    let mut norm = 0.0f32;
    let mut at = CUBE_POS_X as usize * SUM_THREADS + thread;
    while at < length as usize {
        let g = gradient[at];
        norm += g * g;
        let m = beta1 * mean[at] + (1.0 - beta1) * g;
        let v = beta2 * square[at] + (1.0 - beta2) * g * g;
        mean[at] = m;
        square[at] = v;
        let mut x = variable[at] - rate * m / ((v * inverse_correction).sqrt() + epsilon);
        if comptime!(confine) {
            x = min(max(x, 0.0f32), 1.0f32);
        }
        variable[at] = x;
        if comptime!(average) {
            sum[at] = averaging * sum[at] + (1.0 - averaging) * x;
        }
        at += stride;
    }
    let sum = add_up(norm, &mut norms, SUM_THREADS);
    if thread == 0 {
        parts[CUBE_POS_X as usize] = sum;
    }
}

/// One dispatch, in place if a buffer has no other owner.
pub fn update(update: &Update, iterate: Iterate, gradient: Tensor<4>) -> (Iterate, Tensor<1>) {
    let shape = gradient.dims();
    let length: usize = shape.iter().product();
    let queue = Queue::of(&gradient.clone().reshape([-1]));
    let groups = length.div_ceil(SUM_THREADS * EACH).clamp(1, GROUPS);
    let gradient = buffer(&gradient);
    let [variable, mean, square] = [iterate.variable, iterate.mean, iterate.square].map(owned);
    let sum = iterate.sum.map(owned);
    let parts = queue.empty(groups);
    // SAFETY: each value is read and written by one thread, inside buffers of equal length; each workgroup
    // writes one part.
    unsafe {
        adam::launch_unchecked(
            queue.client(),
            CubeCount::Static(groups as u32, 1, 1),
            CubeDim::new_1d(SUM_THREADS as u32),
            argument(&gradient),
            argument(&variable),
            argument(&mean),
            argument(&square),
            argument(sum.as_ref().unwrap_or(&parts)),
            argument(&parts),
            length as u32,
            update.beta1 as f32,
            update.beta2 as f32,
            update.rate as f32,
            (1.0 / update.correction) as f32,
            update.epsilon as f32,
            update.averaging as f32,
            update.confine,
            sum.is_some(),
        );
    }
    let iterate = Iterate {
        variable: queue.tensor(variable, shape),
        mean: queue.tensor(mean, shape),
        square: queue.tensor(square, shape),
        sum: sum.map(|sum| queue.tensor(sum, shape)),
    };
    (iterate, queue.tensor(parts, [groups]))
}
