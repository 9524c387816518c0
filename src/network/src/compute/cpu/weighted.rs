//! Statistics of features on the CPU that count positions by weights. Chunks of positions whose weights are
//! all 0 are skipped, so several masks that sum to 1 cost little more than one sum over all positions.

use rayon::prelude::*;

use super::{
    isa::Isa,
    kernel::product,
    matrix::{HostFeatures, NARROW, TASKS, from_panels, sum_of_squares},
    strided::Strided,
};
use crate::compute::PositionWeights;

/// Some rows of the features with their weights.
type Chunk<'a> = (&'a [f32], &'a [f32]);

impl HostFeatures {
    /// The chunks of positions that count.
    fn weighted_chunks<'a>(&'a self, weights: &'a PositionWeights) -> Vec<Chunk<'a>> {
        let rows = self.gram_chunk();
        let chunks = self.values.chunks(rows * self.channels).enumerate();
        chunks.filter_map(|(index, chunk)| Some((chunk, weights.chunk(index, rows)?))).collect()
    }

    /// Σ m·F·Fᵀ/Σm `[C, C]`, row-major, as [`HostFeatures::gram`].
    pub fn weighted_gram(&self, weights: &PositionWeights) -> Vec<f32> {
        let chunks = self.weighted_chunks(weights);
        let upper = match self.channels <= NARROW {
            true => self.weighted_by_positions(&chunks),
            false => self.weighted_by_panels(&chunks),
        };
        self.mirrored(&upper, (1.0 / weights.sum()) as f32)
    }

    /// Add one panel of columns, down to the diagonal, over a chunk. The weights multiply the panel alone,
    /// which is packed into `scratch`.
    fn weighted_panel(
        &self,
        (rows, weights): Chunk,
        column: usize,
        scratch: &mut Vec<f32>,
        out: &mut [f32],
        stride: usize,
    ) {
        let (isa, c) = (Isa::detected(), self.channels);
        let width = isa.panel();
        scratch.clear();
        for (row, weight) in rows.chunks_exact(c).zip(weights) {
            scratch.extend(row[column..][..width].iter().map(|value| weight * value));
        }
        let left = Strided { values: rows, row: 1, step: c };
        let right = Strided { values: scratch, row: width, step: 1 };
        product(isa, left, right, (column + width).min(c), weights.len(), out, stride, true);
    }

    /// As `gram_by_positions`.
    fn weighted_by_positions(&self, chunks: &[Chunk]) -> Vec<f32> {
        let c = self.channels;
        let parts: Vec<Vec<f32>> = chunks
            .par_chunks(chunks.len().div_ceil(TASKS).max(1))
            .map(|chunks| {
                let (mut sum, mut scratch) = (vec![0.0; c * c], Vec::new());
                for &chunk in chunks {
                    for column in (0..c).step_by(Isa::detected().panel()) {
                        self.weighted_panel(chunk, column, &mut scratch, &mut sum[column..], c);
                    }
                }
                sum
            })
            .collect();
        let mut sum = vec![0.0; c * c];
        for part in parts {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        sum
    }

    /// As `gram_by_panels`.
    fn weighted_by_panels(&self, chunks: &[Chunk]) -> Vec<f32> {
        let (c, width) = (self.channels, Isa::detected().panel());
        let panels: Vec<Vec<f32>> = (0..c / width)
            .into_par_iter()
            .map(|panel| {
                let (mut sum, mut scratch) = (vec![0.0; (panel + 1) * width * width], Vec::new());
                for &chunk in chunks {
                    self.weighted_panel(chunk, panel * width, &mut scratch, &mut sum, width);
                }
                sum
            })
            .collect();
        from_panels(&panels, c, width)
    }

    /// Σ m·F/Σm `[C]`.
    pub fn weighted_mean(&self, weights: &PositionWeights) -> Vec<f32> {
        let c = self.channels;
        let chunk = |&(rows, weights): &Chunk| {
            let mut sum = vec![0.0_f32; c];
            for (row, weight) in rows.chunks_exact(c).zip(weights) {
                sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
            }
            sum
        };
        let chunks: Vec<Vec<f32>> = self.weighted_chunks(weights).par_iter().map(chunk).collect();
        let mut sum = vec![0.0_f64; c];
        for chunk in chunks {
            sum.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += f64::from(value));
        }
        sum.into_iter().map(|sum| (sum / weights.sum()) as f32).collect()
    }

    /// Σ m·(F − T)².
    pub fn weighted_distance(&self, other: &Self, weights: &PositionWeights) -> f64 {
        let (c, rows) = (self.channels, self.gram_chunk());
        let pairs = self.values.par_chunks(rows * c).zip(other.values.par_chunks(rows * c)).enumerate();
        let chunk = |(index, (a, b)): (usize, (&[f32], &[f32]))| {
            let Some(weights) = weights.chunk(index, rows) else { return 0.0 };
            let pairs = a.chunks_exact(c).zip(b.chunks_exact(c)).zip(weights);
            let row = |((a, b), weight): ((&[f32], &[f32]), &f32)| {
                f64::from(weight * sum_of_squares(a.iter().zip(b).map(|(a, b)| a - b)))
            };
            pairs.map(row).sum()
        };
        pairs.map(chunk).collect::<Vec<f64>>().iter().sum()
    }
}
