//! A layer's features on the CPU as a matrix of positions by channels, with the operations of the objective.

use std::sync::Arc;

use rayon::prelude::*;

use super::{
    buffer::{Buffer, BufferPool},
    isa::Isa,
    kernel::{Packed, pack, product},
    strided::Strided,
};
use crate::compute::PositionWeights;

/// Features `[P, C]`, row-major: channels-last.
#[derive(Clone, Debug)]
pub struct HostFeatures {
    pub values: Arc<Buffer>,
    pub channels: usize,
}

/// A contribution to the gradient `[P, C]` at a layer: one part, and others that count positions by weights.
pub struct HostFeatureGradient<'a> {
    pub whole: HostPart<'a>,
    pub weighted: Vec<(&'a PositionWeights, HostPart<'a>)>,
}

/// F·D + 1·vᵀ + Σ f·(F − T).
pub struct HostPart<'a> {
    /// D `[C, C]`, row-major.
    pub matrix: Option<Vec<f32>>,
    /// v `[C]`.
    pub vector: Option<Vec<f32>>,
    /// Targets T `[P, C]`, each with its factor f.
    pub targets: Vec<(&'a HostFeatures, f32)>,
}

/// Values per partial sum; in f32 a longer sum would lose precision.
const CHUNK: usize = 1 << 14;
/// Tasks that split the positions of a Gram product, for up to `NARROW` channels.
pub(super) const TASKS: usize = 16;
pub(super) const NARROW: usize = 128;

impl HostFeatures {
    /// Features of these values `[P, C]`.
    pub fn new(values: &[f32], channels: usize) -> Self {
        let mut block = BufferPool::default().take_exactly(values.len());
        block.copy_from_slice(values);
        Self { values: Arc::new(block), channels }
    }

    /// A copy to keep, which is never the beginning of a longer block.
    pub fn to_keep(&self) -> Self {
        if self.values.is_part() { Self::new(&self.values, self.channels) } else { self.clone() }
    }

    pub fn positions(&self) -> usize {
        self.values.len() / self.channels
    }

    /// FᵀF/P `[C, C]`, row-major. Only the upper triangle is computed, panel by panel. The order of every sum
    /// is fixed, so the result doesn't depend on the number of threads.
    pub fn gram(&self) -> Vec<f32> {
        let c = self.channels;
        let upper = if c <= NARROW { self.gram_by_positions() } else { self.gram_by_panels() };
        self.mirrored(&upper, 1.0 / self.positions() as f32)
    }

    /// The symmetric matrix `[C, C]` of this upper triangle, times `scale`.
    pub(super) fn mirrored(&self, upper: &[f32], scale: f32) -> Vec<f32> {
        let c = self.channels;
        let mut gram = vec![0.0_f32; c * c];
        gram.par_chunks_exact_mut(c).enumerate().for_each(|(i, row)| {
            for (j, value) in row.iter_mut().enumerate() {
                *value = scale * upper[i.min(j) * c + i.max(j)];
            }
        });
        gram
    }

    /// Add one panel of columns, down to the diagonal, over some positions to `out`, whose rows are `stride`
    /// apart.
    fn gram_panel(&self, rows: &[f32], column: usize, out: &mut [f32], stride: usize) {
        let (isa, c) = (Isa::detected(), self.channels);
        let left = Strided { values: rows, row: 1, step: c };
        let right = Strided { values: &rows[column..], row: c, step: 1 };
        product(isa, left, right, (column + isa.panel()).min(c), rows.len() / c, out, stride, true);
    }

    /// Positions per chunk, which fits in the core's cache; short sums also keep their precision.
    pub(super) fn gram_chunk(&self) -> usize {
        (CHUNK / self.channels).max(64)
    }

    /// Split the positions over tasks and add their sums: for few channels, whose matrix is small.
    fn gram_by_positions(&self) -> Vec<f32> {
        let c = self.channels;
        let chunk = self.gram_chunk();
        let task = self.positions().div_ceil(TASKS).next_multiple_of(chunk);
        let parts: Vec<Vec<f32>> = self
            .values
            .par_chunks(task * c)
            .map(|rows| {
                let mut sum = vec![0.0; c * c];
                for rows in rows.chunks(chunk * c) {
                    for column in (0..c).step_by(Isa::detected().panel()) {
                        self.gram_panel(rows, column, &mut sum[column..], c);
                    }
                }
                sum
            })
            .collect();
        let mut parts = parts.into_iter();
        let mut sum = parts.next().unwrap_or_default();
        for part in parts {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        sum
    }

    /// Split the panels over tasks.
    fn gram_by_panels(&self) -> Vec<f32> {
        let (c, width) = (self.channels, Isa::detected().panel());
        let panels: Vec<Vec<f32>> = (0..c / width)
            .into_par_iter()
            .map(|panel| {
                let mut sum = vec![0.0; (panel + 1) * width * width];
                for rows in self.values.chunks(self.gram_chunk() * c) {
                    self.gram_panel(rows, panel * width, &mut sum, width);
                }
                sum
            })
            .collect();
        from_panels(&panels, c, width)
    }

    /// Add a [`HostFeatureGradient`] to `gradient` or zeros. If `masked` it is 0 where these features are not
    /// positive.
    pub fn add_gradient(
        &self,
        gradient: Option<Buffer>,
        term: &HostFeatureGradient<'_>,
        masked: bool,
        memory: &BufferPool,
    ) -> Buffer {
        let c = self.channels;
        let add = gradient.is_some();
        let mut out = gradient.unwrap_or_else(|| memory.take(self.values.len()));
        let whole = PackedPart::of(&term.whole, c);
        let weighted: Vec<_> =
            term.weighted.iter().map(|(weights, part)| (weights, PackedPart::of(part, c))).collect();
        let rows = (CHUNK / c).max(48);
        out.par_chunks_mut(rows * c).zip(self.values.par_chunks(rows * c)).enumerate().for_each_init(
            Vec::new,
            |scratch, (index, (out, features))| {
                whole.add_to(out, features, index * rows * c, add);
                for (weights, part) in &weighted {
                    if let Some(weights) = weights.chunk(index, rows) {
                        part.add_weighted_to(out, features, index * rows * c, weights, scratch);
                    }
                }
                if masked {
                    // Both are still in cache.
                    for (out, f) in out.iter_mut().zip(features) {
                        *out = if *f > 0.0 { *out } else { 0.0 };
                    }
                }
            },
        );
        out
    }

    /// Mean over all positions `[C]`.
    pub fn mean(&self) -> Vec<f32> {
        let c = self.channels;
        let chunk = |rows: &[f32]| {
            let mut sum = vec![0.0_f32; c];
            for row in rows.chunks_exact(c) {
                sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            sum
        };
        let chunks: Vec<Vec<f32>> = self.values.par_chunks(self.gram_chunk() * c).map(chunk).collect();
        let mut sum = vec![0.0_f64; c];
        for chunk in chunks {
            sum.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += f64::from(value));
        }
        sum.into_iter().map(|sum| (sum / self.positions() as f64) as f32).collect()
    }

    /// ΣF².
    pub fn energy(&self) -> f64 {
        let chunk = |chunk: &[f32]| f64::from(sum_of_squares(chunk.iter().copied()));
        self.values.par_chunks(CHUNK).map(chunk).collect::<Vec<f64>>().iter().sum()
    }

    /// Σ(F − T)².
    pub fn distance(&self, other: &Self) -> f64 {
        let chunk = |(a, b): (&[f32], &[f32])| f64::from(sum_of_squares(a.iter().zip(b).map(|(a, b)| a - b)));
        let pairs = self.values.par_chunks(CHUNK).zip(other.values.par_chunks(CHUNK));
        pairs.map(chunk).collect::<Vec<f64>>().iter().sum()
    }
}

/// A part of a gradient with its matrix packed for products.
struct PackedPart<'a> {
    part: &'a HostPart<'a>,
    packed: Option<Vec<f32>>,
    channels: usize,
}

impl<'a> PackedPart<'a> {
    fn of(part: &'a HostPart<'a>, channels: usize) -> Self {
        let c = channels;
        let pack = |matrix: &Vec<f32>| pack(Isa::detected(), c, c, |k, n| matrix[k * c + n]);
        Self { part, packed: part.matrix.as_ref().map(pack), channels }
    }

    /// Set `out` to this part of the gradient at some rows of the features, the first of whose values is at
    /// `start`, or `add` it.
    fn add_to(&self, out: &mut [f32], features: &[f32], start: usize, add: bool) {
        let (isa, c) = (Isa::detected(), self.channels);
        match &self.packed {
            Some(values) => {
                let matrix = Packed { isa, values, depth: c, columns: c };
                match add {
                    true => matrix.multiply_add(features, features.len() / c, out),
                    false => matrix.multiply(features, features.len() / c, out),
                }
            }
            None if add => {}
            None => out.fill(0.0),
        }
        if let Some(vector) = &self.part.vector {
            for row in out.chunks_exact_mut(c) {
                row.iter_mut().zip(vector).for_each(|(out, v)| *out += v);
            }
        }
        for (target, factor) in &self.part.targets {
            let target = &target.values[start..][..features.len()];
            for ((out, f), t) in out.iter_mut().zip(features).zip(target) {
                *out += factor * (f - t);
            }
        }
    }

    /// Add this part, counted by the weights of the rows.
    fn add_weighted_to(
        &self,
        out: &mut [f32],
        features: &[f32],
        start: usize,
        weights: &[f32],
        scratch: &mut Vec<f32>,
    ) {
        if weights.iter().all(|&weight| weight == 1.0) {
            return self.add_to(out, features, start, true);
        }
        scratch.resize(features.len(), 0.0);
        self.add_to(scratch, features, start, false);
        let rows = out.chunks_exact_mut(self.channels).zip(scratch.chunks_exact(self.channels));
        for ((out, part), weight) in rows.zip(weights) {
            if *weight != 0.0 {
                out.iter_mut().zip(part).for_each(|(out, part)| *out += weight * part);
            }
        }
    }
}

/// The upper triangle `[C, C]` of a matrix from its panels of `width` columns; panel i has the rows down to
/// its last column.
pub(super) fn from_panels(panels: &[Vec<f32>], channels: usize, width: usize) -> Vec<f32> {
    let mut upper = vec![0.0; channels * channels];
    for (panel, values) in panels.iter().enumerate() {
        for (i, row) in values.chunks_exact(width).enumerate() {
            upper[i * channels + panel * width..][..width].copy_from_slice(row);
        }
    }
    upper
}

/// Uses sixteen parallel sums, which vectorises and keeps precision.
pub(super) fn sum_of_squares(values: impl Iterator<Item = f32>) -> f32 {
    let mut sums = [0.0_f32; 16];
    for (i, value) in values.enumerate() {
        sums[i % 16] += value * value;
    }
    sums.iter().sum()
}
