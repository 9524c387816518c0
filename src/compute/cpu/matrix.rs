//! A layer's features on the CPU as a matrix of positions by channels, and what the objective does with them.

use std::sync::Arc;

use rayon::prelude::*;

use super::{
    buffer::{Buffer, Pool},
    kernel::{Isa, Packed, Strided, pack, product},
};

/// Features `[P, C]`, row-major: channels-last.
#[derive(Clone, Debug)]
pub struct HostFeatures {
    pub values: Arc<Buffer>,
    pub channels: usize,
}

/// What is added to a gradient `[P, C]` at a layer: F·D + 1·vᵀ + Σ f·(F − T).
pub struct HostPull<'a> {
    /// D `[C, C]`, row-major.
    pub matrix: Option<Vec<f32>>,
    /// v `[C]`.
    pub vector: Option<Vec<f32>>,
    /// Targets T `[P, C]`, each with its factor f.
    pub toward: Vec<(&'a HostFeatures, f32)>,
}

/// Values that a thread sums at once; in f32 a longer sum would lose digits.
const CHUNK: usize = 1 << 14;
/// Positions that one task of a Gram product takes, at most this many tasks: their sum has a fixed order, so that the
/// result does not depend on the number of threads.
const TASKS: usize = 16;

impl HostFeatures {
    pub fn positions(&self) -> usize {
        self.values.len() / self.channels
    }

    /// FᵀF/P `[C, C]`, row-major. Only the upper triangle is computed, panel by panel.
    pub fn gram(&self) -> Vec<f32> {
        let (isa, c, p) = (Isa::detected(), self.channels, self.positions());
        let width = isa.panel();
        // A chunk stays in a cache near the core; short sums keep their digits.
        let chunk = (CHUNK / c).max(64);
        let task = p.div_ceil(TASKS).next_multiple_of(chunk);
        let parts: Vec<Vec<f32>> = self
            .values
            .par_chunks(task * c)
            .map(|rows| {
                let mut sum = vec![0.0; c * c];
                for rows in rows.chunks(chunk * c) {
                    for column in (0..c).step_by(width) {
                        let left = Strided { values: rows, row: 1, step: c };
                        let right = Strided { values: &rows[column..], row: c, step: 1 };
                        let out = &mut sum[column..];
                        product(isa, left, right, (column + width).min(c), rows.len() / c, out, c, true);
                    }
                }
                sum
            })
            .collect();
        let mut gram = vec![0.0_f32; c * c];
        gram.par_chunks_exact_mut(c).enumerate().for_each(|(i, row)| {
            for part in &parts {
                for (value, part) in row[i..].iter_mut().zip(&part[i * c + i..(i + 1) * c]) {
                    *value += part;
                }
            }
            row[i..].iter_mut().for_each(|value| *value /= p as f32);
        });
        for i in 0..c {
            for j in 0..i {
                gram[i * c + j] = gram[j * c + i];
            }
        }
        gram
    }

    /// `gradient`, or zeros, plus a pull, see [`HostPull`].
    pub fn pulled(&self, gradient: Option<Buffer>, pull: &HostPull<'_>, memory: &Pool) -> Buffer {
        let (isa, c) = (Isa::detected(), self.channels);
        let add = gradient.is_some();
        let mut out = gradient.unwrap_or_else(|| memory.take(self.values.len()));
        let packed = pull.matrix.as_ref().map(|matrix| pack(isa, c, c, |k, n| matrix[k * c + n]));
        let rows = (CHUNK / c).max(48);
        out.par_chunks_mut(rows * c).zip(self.values.par_chunks(rows * c)).enumerate().for_each(
            |(index, (out, features))| {
                match &packed {
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
                if let Some(vector) = &pull.vector {
                    for row in out.chunks_exact_mut(c) {
                        row.iter_mut().zip(vector).for_each(|(out, v)| *out += v);
                    }
                }
                for (target, factor) in &pull.toward {
                    let target = &target.values[index * rows * c..][..features.len()];
                    for ((out, f), t) in out.iter_mut().zip(features).zip(target) {
                        *out += factor * (f - t);
                    }
                }
            },
        );
        out
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

/// In sixteen sums side by side, which vectorises and keeps digits.
fn sum_of_squares(values: impl Iterator<Item = f32>) -> f32 {
    let mut sums = [0.0_f32; 16];
    for (i, value) in values.enumerate() {
        sums[i % 16] += value * value;
    }
    sums.iter().sum()
}
