//! The sliced Wasserstein term (Heitz, Vanhoey, Chambon & Belcour, CVPR 2021): match the distribution of a
//! layer's features along each axis of an orthonormal basis ([`Basis`](super::Basis)) to the style's. Sorting
//! pairs each value with a style value; the term is the mean squared difference of the pairs, over the mean
//! square of the style's values. In one dimension that is the squared 2-Wasserstein distance, whose gradient
//! treats the pairs as constant. With the channels as the axes it is the histogram loss of Risser, Wilmot &
//! Barnes (arXiv 1701.08893).
//!
//! Bases preserve lengths, so that with features F, a basis Q and the remapped coordinates R of F·Q the
//! distance is ‖F·Q − R‖ = ‖F − R·Qᵀ‖: to a target in the form of the features.
//!
//! Sorting runs on the host.

use rayon::prelude::*;

use super::sorting::{sorted, sorted_by_comparison};

/// Points of an axis's curve.
pub const POINTS: usize = 2048;
/// Axes per task: a cache line of a channels-last picture.
const TOGETHER: usize = 16;

/// The distribution along each axis at a layer, as a curve of `POINTS` quantiles.
#[derive(Clone, Debug)]
pub struct Quantiles {
    /// `[C, POINTS]`.
    curves: Vec<f32>,
    /// Mean square of the values along all axes.
    energy: f64,
}

/// Interpolate a curve at `share`, 0 to 1, between the midpoints of its points.
fn at(curve: impl Fn(usize) -> f32, points: usize, share: f64) -> f32 {
    let place = (share * points as f64 - 0.5).clamp(0.0, (points - 1) as f64);
    let (below, part) = (place as usize, place.fract() as f32);
    let low = curve(below);
    low + (curve((below + 1).min(points - 1)) - low) * part
}

impl Quantiles {
    /// Of a layer's features, or their coordinates in a basis, `[P, C]`.
    pub fn of(values: &[f32], channels: usize) -> Self {
        let mut curves = vec![0.0; channels * POINTS];
        curves.par_chunks_exact_mut(POINTS).enumerate().for_each(|(channel, curve)| {
            let column: Vec<f32> = values[channel..].iter().step_by(channels).copied().collect();
            let sorted = sorted(&column);
            for (index, point) in curve.iter_mut().enumerate() {
                let share = (index as f64 + 0.5) / POINTS as f64;
                *point = at(|place| sorted[place].0, sorted.len(), share);
            }
        });
        let squares: f64 =
            values.par_chunks(1 << 14).map(super::square_sum).collect::<Vec<f64>>().iter().sum();
        Self { curves, energy: squares / values.len() as f64 }
    }

    /// As [`Quantiles::of`], with positions counted by their weights `[P]`, of which one is positive: a value
    /// is in the middle of its share.
    pub fn of_weighted(values: &[f32], weights: &[f32], channels: usize) -> Self {
        let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
        let mut curves = vec![0.0; channels * POINTS];
        curves.par_chunks_exact_mut(POINTS).enumerate().for_each(|(channel, curve)| {
            let sorted = sorted_by_comparison(values[channel..].iter().step_by(channels).copied());
            let counted = sorted.iter().filter(|(_, position)| weights[*position as usize] > 0.0);
            let mut below = 0.0;
            let middles: Vec<(f64, f32)> = counted
                .map(|&(value, position)| {
                    let weight = f64::from(weights[position as usize]) / total;
                    below += weight;
                    (below - 0.5 * weight, value)
                })
                .collect();
            for (index, point) in curve.iter_mut().enumerate() {
                let share = (index as f64 + 0.5) / POINTS as f64;
                let next = middles.partition_point(|(middle, _)| *middle < share);
                let last = &middles[middles.len() - 1];
                let (low, high) = (&middles[next.saturating_sub(1)], middles.get(next).unwrap_or(last));
                let part =
                    if high.0 > low.0 { ((share - low.0) / (high.0 - low.0)).clamp(0.0, 1.0) } else { 0.0 };
                *point = low.1 + (high.1 - low.1) * part as f32;
            }
        });
        let squares = super::neighbours::energy(values, channels, Some(weights));
        Self { curves, energy: squares / (total * channels as f64) }
    }

    /// The weighted mean of several distributions; `shares` sum to 1.
    ///
    /// # Panics
    ///
    /// If `each` is empty.
    pub fn blend(each: &[&Self], shares: &[f64]) -> Self {
        let mut curves = vec![0.0; each[0].curves.len()];
        let mut energy = 0.0;
        for (one, &share) in each.iter().zip(shares) {
            curves.iter_mut().zip(&one.curves).for_each(|(sum, value)| *sum += share as f32 * value);
            energy += share * one.energy;
        }
        Self { curves, energy }
    }

    /// Number of floats.
    pub fn floats(&self) -> usize {
        self.curves.len()
    }

    /// Factor of the squared distance to the remapped features `[P, C]` with `count` values, or with channels
    /// times the weights' sum.
    pub fn factor(&self, count: f64) -> f64 {
        1.0 / (count * self.energy.max(super::LEAST_ENERGY))
    }

    /// The target of each value of a layer's features, or their coordinates in the same basis, `[P, C]`.
    /// Equal values share the mean of their targets.
    pub fn remap(&self, values: &[f32]) -> Vec<f32> {
        self.remap_each(values, |curve, values, target| {
            remap_channel(curve, &sorted(values), target);
        })
    }

    /// As [`Quantiles::remap`], with positions counted by their weights `[P]`: a value's rank is the weight
    /// of those below it. Values without weight stay.
    pub fn remap_weighted(&self, values: &[f32], weights: &[f32]) -> Vec<f32> {
        let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
        self.remap_each(values, |curve, values, target| {
            let sorted = sorted_by_comparison(values.iter().copied());
            remap_channel_weighted(curve, &sorted, weights, total, target);
        })
    }

    /// Remap each channel, given its curve and its values.
    fn remap_each(&self, values: &[f32], remap: impl Fn(&[f32], &[f32], &mut [f32]) + Sync) -> Vec<f32> {
        let channels = self.curves.len() / POINTS;
        let positions = values.len() / channels;
        let firsts: Vec<usize> = (0..channels).step_by(TOGETHER).collect();
        let groups: Vec<Vec<f32>> = firsts
            .par_iter()
            .map(|&first| {
                let width = TOGETHER.min(channels - first);
                let mut columns = vec![0.0; width * positions];
                for (position, row) in values.chunks_exact(channels).enumerate() {
                    for (within, value) in row[first..first + width].iter().enumerate() {
                        columns[within * positions + position] = *value;
                    }
                }
                let mut group = vec![0.0; width * positions];
                let targets = group.chunks_exact_mut(positions).zip(columns.chunks_exact(positions));
                for (within, (target, column)) in targets.enumerate() {
                    let curve = &self.curves[(first + within) * POINTS..][..POINTS];
                    remap(curve, column, target);
                }
                group
            })
            .collect();
        let mut mapped = vec![0.0; values.len()];
        mapped.par_chunks_exact_mut(channels).enumerate().for_each(|(position, row)| {
            for (channel, value) in row.iter_mut().enumerate() {
                *value = groups[channel / TOGETHER][channel % TOGETHER * positions + position];
            }
        });
        mapped
    }
}

fn remap_channel(curve: &[f32], sorted: &[(f32, u32)], target: &mut [f32]) {
    let count = sorted.len() as f64;
    let mut rank = 0;
    for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
        let places = rank..rank + equal.len();
        let sum: f64 = places
            .clone()
            .map(|rank| f64::from(at(|point| curve[point], curve.len(), (rank as f64 + 0.5) / count)))
            .sum();
        let mean = (sum / equal.len() as f64) as f32;
        for &(_, position) in equal {
            target[position as usize] = mean;
        }
        rank = places.end;
    }
}

/// As [`remap_channel`] by weights of the positions, which sum to `total`.
fn remap_channel_weighted(
    curve: &[f32],
    sorted: &[(f32, u32)],
    weights: &[f32],
    total: f64,
    target: &mut [f32],
) {
    let weight = |position: u32| f64::from(weights[position as usize]);
    let mut below = 0.0;
    for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
        let (mut sum, mut own) = (0.0, 0.0);
        for &(_, position) in equal {
            let weight = weight(position);
            let share = (below + own + 0.5 * weight) / total;
            sum += weight * f64::from(at(|point| curve[point], curve.len(), share));
            own += weight;
        }
        for &(value, position) in equal {
            target[position as usize] = if own > 0.0 { (sum / own) as f32 } else { value };
        }
        below += own;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::test_values as values, *};

    fn distance(values: &[f32], quantiles: &Quantiles) -> f64 {
        let mapped = quantiles.remap(values);
        let squares: f64 = values.iter().zip(&mapped).map(|(a, b)| f64::from(a - b).powi(2)).sum();
        squares * quantiles.factor(values.len() as f64)
    }

    #[test]
    fn features_go_to_the_styles_distribution_in_their_own_order() {
        let channels = 20;
        let style: Vec<f32> = values(channels * 700, 1).iter().map(|v| v.powi(3) * 2.0).collect();
        let quantiles = Quantiles::of(&style, channels);
        let own = distance(&style, &quantiles);
        assert!(own < 1e-5, "a picture is at its own distribution: {own}");
        let features = values(channels * 450, 2);
        let before = distance(&features, &quantiles);
        let mapped = quantiles.remap(&features);
        assert!(before > 0.05 && distance(&mapped, &quantiles) < 1e-5, "{before}");
        let channel =
            |values: &[f32]| -> Vec<f32> { values[7..].iter().step_by(channels).copied().collect() };
        let (from, to) = (channel(&features), channel(&mapped));
        for i in 1..from.len() {
            assert!((from[i] - from[i - 1]) * (to[i] - to[i - 1]) >= 0.0, "the order stays");
        }
    }

    #[test]
    fn the_gradient_takes_the_pairs_as_given() {
        let channels = 3;
        let quantiles = Quantiles::of(&values(channels * 90, 3), channels);
        let x: Vec<f32> = values(channels * 60, 4).iter().map(|v| v * v).collect();
        let direction: Vec<f32> = values(channels * 60, 5).iter().map(|v| v - 0.5).collect();
        let mapped = quantiles.remap(&x);
        let factor = 2.0 * quantiles.factor(x.len() as f64);
        let along: f64 = (0..x.len()).map(|i| factor * f64::from((x[i] - mapped[i]) * direction[i])).sum();
        let at_step =
            |step: f32| -> Vec<f32> { x.iter().zip(&direction).map(|(x, d)| x + step * d).collect() };
        let measured = (distance(&at_step(1e-3), &quantiles) - distance(&at_step(-1e-3), &quantiles)) / 2e-3;
        assert!((along - measured).abs() < 0.01 * measured.abs(), "{along} {measured}");
    }

    #[test]
    fn weights_of_one_or_zero_are_as_if_positions_were_repeated_or_left_out() {
        let channels = 3;
        let quantiles = Quantiles::of(&values(channels * 90, 3), channels);
        let x: Vec<f32> = values(channels * 60, 4).iter().map(|v| (v - 0.3).max(0.0)).collect();
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(close(&quantiles.remap_weighted(&x, &[0.25; 60]), &quantiles.remap(&x)));
        let mut weights = [1.0; 60];
        weights[40..].fill(0.0);
        let found = quantiles.remap_weighted(&x, &weights);
        assert!(close(&found[..120], &quantiles.remap(&x[..120])));
        // The distribution of the weighted ones alone.
        let of = |values: &[f32], weights: &[f32]| Quantiles::of_weighted(values, weights, channels);
        let whole = Quantiles::of(&x, channels);
        assert!(close(&of(&x, &[0.25; 60]).curves, &whole.curves));
        let (part, first) = (of(&x, &weights), Quantiles::of(&x[..120], channels));
        assert!(close(&part.curves, &first.curves) && (part.energy - first.energy).abs() < 1e-6);
        // What has no weight stays, unless it equals something that has.
        assert!((120..180).all(|i| found[i] == x[i] || x[i] == 0.0));
    }

    #[test]
    fn equal_values_stay_equal_and_blends_lie_between() {
        let quantiles = Quantiles::of(&values(400, 6), 1);
        let mapped = quantiles.remap(&[0.0, 0.0, 5.0, 0.0]);
        assert!(mapped[0] == mapped[1] && mapped[1] == mapped[3] && mapped[2] > 0.8, "{mapped:?}");
        assert!((0.3..0.45).contains(&mapped[0]), "{mapped:?}");
        let other = Quantiles::of(&[3.0; 50], 1);
        let blend = Quantiles::blend(&[&quantiles, &other], &[0.25, 0.75]);
        let blended = blend.remap(&[0.0, 0.0, 5.0, 0.0]);
        assert!((blended[2] - (0.25 * mapped[2] + 2.25)).abs() < 1e-4, "{blended:?}");
    }
}
