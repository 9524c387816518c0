//! A layer's features on the CPU as a matrix of positions by channels, and what the objective does with them.

use std::sync::Arc;

use rayon::prelude::*;

/// Features `[P, C]`, row-major: channels-last.
#[derive(Clone, Debug)]
pub struct HostFeatures {
    pub values: Arc<Vec<f32>>,
    pub channels: usize,
}

/// Values that a thread sums at once; in f32 a longer sum would lose digits.
const CHUNK: usize = 1 << 14;

impl HostFeatures {
    pub fn positions(&self) -> usize {
        self.values.len() / self.channels
    }

    /// FᵀF/P `[C, C]`, row-major.
    pub fn gram(&self) -> Vec<f32> {
        let (c, p) = (self.channels, self.positions());
        let mut out = vec![0.0_f32; c * c];
        // SAFETY: F is P×C with row stride C, its transpose swaps the strides, and `out` is C×C.
        unsafe {
            gemm::gemm(
                c,
                c,
                p,
                out.as_mut_ptr(),
                1,
                c as isize,
                false,
                self.values.as_ptr(),
                c as isize,
                1,
                self.values.as_ptr(),
                1,
                c as isize,
                0.0,
                1.0 / p as f32,
                false,
                false,
                false,
                gemm::Parallelism::Rayon(0),
            );
        }
        out
    }

    /// F·D for a matrix D `[C, C]`, row-major, times `factor`.
    pub fn times(&self, matrix: &[f32], factor: f32) -> Self {
        let (c, p) = (self.channels, self.positions());
        assert_eq!(matrix.len(), c * c, "C×C");
        let mut out = vec![0.0_f32; p * c];
        // SAFETY: F and `out` are P×C with row stride C, D is C×C with row stride C.
        unsafe {
            gemm::gemm(
                p,
                c,
                c,
                out.as_mut_ptr(),
                1,
                c as isize,
                false,
                self.values.as_ptr(),
                1,
                c as isize,
                matrix.as_ptr(),
                1,
                c as isize,
                0.0,
                factor,
                false,
                false,
                false,
                gemm::Parallelism::Rayon(0),
            );
        }
        Self { values: Arc::new(out), channels: c }
    }

    /// ΣF².
    pub fn energy(&self) -> f64 {
        let chunk = |chunk: &[f32]| f64::from(chunk.iter().map(|v| v * v).sum::<f32>());
        self.values.par_chunks(CHUNK).map(chunk).sum()
    }

    /// F − T.
    pub fn minus(&self, other: &Self) -> Self {
        let difference = self.values.par_iter().zip(&*other.values).map(|(a, b)| a - b).collect();
        Self { values: Arc::new(difference), channels: self.channels }
    }

    /// F times a factor.
    pub fn scaled(mut self, factor: f32) -> Self {
        Arc::make_mut(&mut self.values).par_iter_mut().for_each(|value| *value *= factor);
        self
    }

    /// F + T.
    pub fn plus(mut self, other: &Self) -> Self {
        Arc::make_mut(&mut self.values).par_iter_mut().zip(&*other.values).for_each(|(a, b)| *a += b);
        self
    }
}
