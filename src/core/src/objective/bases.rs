//! Orthonormal bases of a layer's channels: the channels themselves, and randomized Hadamard bases.
//!
//! Q = D·H/√C, with random signs D and the Walsh–Hadamard matrix H (Ailon & Chazelle, STOC 2006): each axis
//! is a mix of all channels in equal parts. Features turn by C·log₂C additions per position instead of a
//! product with a dense matrix, without a number that differs between machines.

use impasto_base::random::SplitMix64;
use rayon::prelude::*;

/// Positions per task.
const TOGETHER: usize = 256;

/// An orthonormal basis Q of a layer's channels.
#[derive(Clone, Debug)]
pub struct Basis {
    /// ±1/√C for each channel; empty if the axes are the channels.
    signs: Vec<f32>,
}

impl Basis {
    /// The basis of this index: 0 has the channels as its axes.
    ///
    /// # Panics
    ///
    /// If `channels` is not a power of two and the index not 0.
    pub fn new(channels: usize, index: usize) -> Self {
        if index == 0 {
            return Self { signs: Vec::new() };
        }
        assert!(channels.is_power_of_two(), "Hadamard matrices are known for powers of two");
        let mut random = SplitMix64::new((channels * 256 + index) as u64);
        let scale = (1.0 / (channels as f64).sqrt()) as f32;
        let sign = |_| if random.next_u64() >> 63 == 0 { scale } else { -scale };
        Self { signs: (0..channels).map(sign).collect() }
    }

    /// Features F `[P, C]` to their coordinates F·Q, in place.
    pub fn turn(&self, values: &mut [f32]) {
        self.each(values, |signs, row| {
            scale(row, signs);
            hadamard(row);
        });
    }

    /// Coordinates F `[P, C]` to the features F·Qᵀ, in place.
    pub fn turn_back(&self, values: &mut [f32]) {
        self.each(values, |signs, row| {
            hadamard(row);
            scale(row, signs);
        });
    }

    fn each(&self, values: &mut [f32], turn: impl Fn(&[f32], &mut [f32]) + Sync) {
        let channels = self.signs.len();
        if channels == 0 {
            return;
        }
        values.par_chunks_mut(channels * TOGETHER).for_each(|rows| {
            rows.chunks_exact_mut(channels).for_each(|row| turn(&self.signs, row));
        });
    }
}

fn scale(row: &mut [f32], by: &[f32]) {
    row.iter_mut().zip(by).for_each(|(value, by)| *value *= by);
}

/// The Walsh–Hadamard transform of a row whose length is a power of two, not normalized.
fn hadamard(row: &mut [f32]) {
    let mut half = 1;
    while half < row.len() {
        for pair in row.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(high) {
                (*low, *high) = (*low + *high, *low - *high);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::test_values as values, *};

    /// Q as a matrix `[C, C]`.
    fn matrix(channels: usize, index: usize) -> Vec<f32> {
        let mut axes = vec![0.0; channels * channels];
        axes.iter_mut().step_by(channels + 1).for_each(|diagonal| *diagonal = 1.0);
        Basis::new(channels, index).turn(&mut axes);
        axes
    }

    #[test]
    fn bases_are_orthonormal_and_each_is_another() {
        for channels in [1, 2, 64, 512] {
            for index in 0..4 {
                let basis = matrix(channels, index);
                for (i, row) in basis.chunks_exact(channels).enumerate() {
                    for (j, other) in basis.chunks_exact(channels).enumerate().skip(i) {
                        let product: f64 =
                            row.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                        let wanted = if i == j { 1.0 } else { 0.0 };
                        assert!((product - wanted).abs() < 1e-6, "{channels}, {index}: {i} {j} {product}");
                    }
                }
            }
        }
        let all: Vec<Vec<f32>> = (0..8).map(|index| matrix(64, index)).collect();
        for (at, one) in all.iter().enumerate() {
            // Neither the axes of another one nor those in the opposite direction.
            for other in &all[..at] {
                let most = axes(one).map(|axis| most_alike(&axis, other)).fold(0.0, f64::max);
                assert!(most < 0.95, "{at}: {most}");
            }
        }
    }

    /// The axes of a basis of 64 channels: its columns.
    fn axes(basis: &[f32]) -> impl Iterator<Item = Vec<f32>> {
        (0..64).map(|axis| basis[axis..].iter().step_by(64).copied().collect())
    }

    /// The largest cosine of an axis with those of a basis, without its sign.
    fn most_alike(axis: &[f32], basis: &[f32]) -> f64 {
        let product = |other: Vec<f32>| -> f64 {
            axis.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(b)).sum::<f64>().abs()
        };
        axes(basis).map(product).fold(0.0, f64::max)
    }

    /// Element (i, j) of the Hadamard matrix is −1 if i and j share an odd number of bits.
    #[test]
    fn features_turn_by_the_matrix_and_back_again() {
        let (channels, positions) = (64, 700);
        let features = values(channels * positions, 1);
        let basis = Basis::new(channels, 3);
        let mut turned = features.clone();
        basis.turn(&mut turned);
        for position in [0, 255, 256, 699] {
            for axis in [0, 1, 37, 63] {
                let element = |channel: usize| {
                    let odd = (channel & axis).count_ones() % 2 == 1;
                    f64::from(basis.signs[channel]) * if odd { -1.0 } else { 1.0 }
                };
                let row = &features[position * channels..][..channels];
                let wanted: f64 = row.iter().enumerate().map(|(i, v)| f64::from(*v) * element(i)).sum();
                let found = f64::from(turned[position * channels + axis]);
                assert!((found - wanted).abs() < 1e-5, "{position}, {axis}: {found} {wanted}");
            }
        }
        basis.turn_back(&mut turned);
        assert!(turned.iter().zip(&features).all(|(a, b)| (a - b).abs() < 1e-6));
        let mut same = features.clone();
        let own = Basis::new(channels, 0);
        own.turn(&mut same);
        own.turn_back(&mut same);
        assert_eq!(same, features, "to the last bit");
    }
}
