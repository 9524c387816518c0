//! A style term with its gradient, from a Gram matrix and sums of features, in one pass over the matrix.

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::{
    features::{GpuFeatures, Queue, argument, buffer},
    matrix::add_up,
};
use crate::compute::{PositionWeights, kernel_choice::Kernel};

/// Threads per workgroup, which processes one row of the matrix.
const THREADS: usize = 64;

/// Target statistics of a layer's style besides its Gram matrix.
pub struct MomentsTarget {
    /// In one buffer, since adapters can bind few: means and deviations of C channels, and the two energies
    /// that divide their squared distances.
    values: Tensor<1>,
    /// Added to a variance before its root.
    epsilon: f64,
}

impl MomentsTarget {
    /// From mean and deviation `[C]`, and their energies `[1]`.
    pub fn new(moments: [&Tensor<1>; 4], epsilon: f64) -> Self {
        Self { values: Tensor::cat(moments.into_iter().cloned().collect(), 0), epsilon }
    }
}

/// For each row i of G and G* `[C, C]`: f·Σ(G−G*)² as `values[i]`, and D = 4·f/P·(G−G*). With `moments` also
/// the squared distances of mean and deviation over their energies, the deviation's part of D's diagonal and
/// `vector[i]`; the means are given as sums over chunks of positions `[chunks, C]`, the target as in
/// [`MomentsTarget`]. D and v are multiplied by a weight, the values are not. Unused arguments may be any
/// buffer.
#[cube(launch_unchecked)]
fn style_rows(
    gram: &[f32],
    target: &[f32],
    parts: &[f32],
    target_moments: &[f32],
    matrix: &mut [f32],
    vector: &mut [f32],
    values: &mut [f32],
    channels: u32,
    chunks: u32,
    per_position: f32,
    factor: f32,
    weight: f32,
    epsilon: f32,
    #[comptime] moments: bool,
) {
    let mut sums = Shared::<[f32]>::new_slice(THREADS);
    let thread = UNIT_POS as usize;
    let channels = channels as usize;
    let row = CUBE_POS_X as usize;
    let mut from_deviation = 0.0f32;
    let mut value = 0.0f32;
    if comptime!(moments) {
        let mut sum = 0.0f32;
        let mut chunk = thread;
        while chunk < chunks as usize {
            sum += parts[chunk * channels + row];
            chunk += THREADS;
        }
        let mean = add_up(sum, &mut sums, THREADS) * per_position;
        // Wait until all threads have read the sum.
        sync_cube();
        let variance = max(gram[row * channels + row] - mean * mean, 0.0f32);
        let deviation = (variance + epsilon).sqrt();
        let mean_difference = mean - target_moments[row];
        let deviation_difference = deviation - target_moments[channels + row];
        let mean_energy = target_moments[2 * channels];
        let deviation_energy = target_moments[2 * channels + 1];
        value += mean_difference * mean_difference / mean_energy
            + deviation_difference * deviation_difference / deviation_energy;
        // ∂σ/∂F = (F − μ)/(Pσ) in each channel.
        from_deviation += deviation_difference / deviation_energy / deviation * (2.0f32 * per_position);
        if thread == 0 {
            let from_mean = mean_difference / mean_energy * (2.0f32 * per_position);
            vector[row] = (from_mean - from_deviation * mean) * weight;
        }
    }
    let mut square = 0.0f32;
    let mut column = thread;
    while column < channels {
        let at = row * channels + column;
        let difference = gram[at] - target[at];
        square += difference * difference;
        let mut slope = difference * (4.0f32 * factor * per_position);
        if column == row {
            slope += from_deviation;
        }
        matrix[at] = slope * weight;
        column += THREADS;
    }
    let square = add_up(square, &mut sums, THREADS);
    if thread == 0 {
        values[row] = square * factor + value;
    }
}

impl GpuFeatures {
    /// f·‖G−G*‖² `[1]` with G the Gram matrix of these features, and D `[C, C]` of its gradient D·F; with
    /// moments also their squared distances, and v `[C]` to be added to D·F. D and v are multiplied by the
    /// weight. With `positions` the statistics count positions by their weights. `None` if this kernel is
    /// disabled.
    pub fn style_term(
        &self,
        target: &Tensor<2>,
        moments: Option<&MomentsTarget>,
        factor: f64,
        weight: f64,
        positions: Option<&PositionWeights>,
    ) -> Option<(Tensor<1>, Tensor<2>, Option<Tensor<1>>)> {
        let queue: &Queue = &self.queue;
        if !queue.has(Kernel::Style) {
            return None;
        }
        let channels = self.shape.channels;
        let gram = buffer(&self.gram(positions));
        let target = buffer(target);
        let (parts, chunks) = moments.map(|_| self.sums(positions)).unwrap_or_else(|| (gram.clone(), 0));
        let target_moments = moments.map_or_else(|| gram.clone(), |moments| buffer(&moments.values));
        let [matrix, vector, values] = [channels * channels, channels, channels].map(|n| queue.empty(n));
        // SAFETY: the kernel stays inside these buffers: matrices of C×C, vectors of C, sums of chunks×C, a
        // target of 2·C+2.
        unsafe {
            style_rows::launch_unchecked(
                queue.client(),
                CubeCount::Static(channels as u32, 1, 1),
                CubeDim::new_1d(THREADS as u32),
                argument(&gram),
                argument(&target),
                argument(&parts),
                argument(&target_moments),
                argument(&matrix),
                argument(&vector),
                argument(&values),
                channels as u32,
                chunks as u32,
                (1.0 / self.total_weight(positions)) as f32,
                factor as f32,
                weight as f32,
                moments.map_or(0.0, |moments| moments.epsilon) as f32,
                moments.is_some(),
            );
        }
        Some((
            queue.total(&values, channels),
            queue.tensor(matrix, [channels, channels]),
            moments.map(|_| queue.tensor(vector, [channels])),
        ))
    }
}
