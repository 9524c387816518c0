//! Neighbours: each position of the painting aims at the most similar position of the styles, by the cosine
//! of the centred features (Kolkin, Kucera, Paris, Sýkora, Shechtman & Shakhnarovich, arXiv 2203.13215).
//!
//! The nearest samples alone would repeat a few of them all over the picture. So the way back counts too, as
//! in the relaxed earth mover's distance (Kolkin, Salavon & Shakhnarovich, CVPR 2019): samples that no
//! position has chosen get the position nearest to them, the most similar first, up to a quarter of the
//! positions.

use impasto_network::compute::{Nearest, nearest};
use rayon::prelude::*;

/// How much better another sample must be before a position changes to it, relative to the similarity with
/// its own: positions that waver between two samples flicker in the live picture.
const MARGIN: f32 = 0.05;
/// One position in so many is left to samples that no position has chosen.
const RETURNED: usize = 4;
/// Values per partial sum.
const CHUNK: usize = 1 << 14;

/// The number of the sample that each position aims at, given its features `[P, C]`, the samples `[Q, C]`,
/// the weights `[P]` by which the positions count in the mean (`None` for 1 everywhere), and each position's
/// `former` sample `[P]`, if any.
///
/// # Panics
///
/// If there is no sample, or a former one does not exist.
pub fn aims(
    mut features: Vec<f32>,
    weights: Option<&[f32]>,
    mut samples: Vec<f32>,
    channels: usize,
    former: &[Option<u32>],
) -> Vec<u32> {
    centre(&mut features, channels, weights);
    centre(&mut samples, channels, None);
    assign(&nearest(&features, &samples, channels, former), former)
}

/// Turn rows into unit vectors from their weighted mean; what is at the mean becomes 0.
fn centre(rows: &mut [f32], channels: usize, weights: Option<&[f32]>) {
    let count = (CHUNK / channels).max(1);
    let sums: Vec<(Vec<f64>, f64)> = rows
        .par_chunks(count * channels)
        .enumerate()
        .map(|(chunk, rows)| {
            let (mut sum, mut total) = (vec![0.0; channels], 0.0);
            for (at, row) in rows.chunks_exact(channels).enumerate() {
                let weight = weights.map_or(1.0, |weights| f64::from(weights[chunk * count + at]));
                sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * f64::from(*value));
                total += weight;
            }
            (sum, total)
        })
        .collect();
    let (mut mean, mut total) = (vec![0.0; channels], 0.0);
    for (sum, weight) in sums {
        mean.iter_mut().zip(sum).for_each(|(mean, sum)| *mean += sum);
        total += weight;
    }
    let mean: Vec<f32> = mean.into_iter().map(|sum| (sum / total) as f32).collect();
    rows.par_chunks_exact_mut(channels).for_each(|row| {
        row.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
        let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        row.iter_mut().for_each(|value| *value *= scale);
    });
}

fn is_better(new: f32, former: f32) -> bool {
    new - former > MARGIN * former.abs()
}

/// Choose a sample for each position from what is nearest to what.
fn assign(nearest: &Nearest, former: &[Option<u32>]) -> Vec<u32> {
    let positions = nearest.samples.iter().zip(former).zip(&nearest.former);
    let choose = |((&(best, cosine), former), &own): ((&(u32, f32), &Option<u32>), &f32)| match *former {
        Some(former) if !is_better(cosine, own) => former,
        _ => best,
    };
    let mut aims: Vec<u32> = positions.map(choose).collect();
    let mut chosen = vec![false; nearest.queries.len()];
    aims.iter().for_each(|&sample| chosen[sample as usize] = true);
    // The most similar position that a sample had.
    let mut held: Vec<Option<u32>> = vec![None; chosen.len()];
    for (position, sample) in
        former.iter().enumerate().filter_map(|(position, sample)| Some((position, (*sample)?)))
    {
        let held = &mut held[sample as usize];
        if held.is_none_or(|held| nearest.former[position] > nearest.former[held as usize]) {
            *held = Some(position as u32);
        }
    }
    let mut left: Vec<(f32, u32, u32)> = (0..chosen.len())
        .filter(|&sample| !chosen[sample])
        .map(|sample| {
            let (position, cosine) = nearest.queries[sample];
            match held[sample].map(|held| (nearest.former[held as usize], held)) {
                Some((own, held)) if !is_better(cosine, own) => (own, sample as u32, held),
                _ => (cosine, sample as u32, position),
            }
        })
        .filter(|&(cosine, ..)| cosine > 0.0)
        .collect();
    left.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut taken = vec![false; aims.len()];
    let mut room = aims.len() / RETURNED;
    for (_, sample, position) in left {
        if room == 0 {
            break;
        }
        let position = position as usize;
        if !std::mem::replace(&mut taken[position], true) {
            aims[position] = sample;
            room -= 1;
        }
    }
    aims
}

/// Σ m·T² of targets `[P, C]`, given the positions' weights m `[P]`, or 1 everywhere.
pub fn energy(targets: &[f32], channels: usize, weights: Option<&[f32]>) -> f64 {
    let squares = |(position, row): (usize, &[f32])| {
        super::square_sum(row) * weights.map_or(1.0, |weights| f64::from(weights[position]))
    };
    let rows: Vec<f64> = targets.par_chunks_exact(channels).enumerate().map(squares).collect();
    rows.iter().sum()
}

/// Factor of Σ m·(F−T)² for targets of this energy and this number of values, or channels times the weights'
/// sum.
pub fn factor(energy: f64, count: f64) -> f64 {
    1.0 / energy.max(count * super::LEAST_ENERGY)
}

#[cfg(test)]
mod tests {
    use super::{super::test_values as values, *};

    fn nearest_of(samples: &[(u32, f32)], queries: &[(u32, f32)], former: &[f32]) -> Nearest {
        Nearest { samples: samples.to_vec(), queries: queries.to_vec(), former: former.to_vec() }
    }

    #[test]
    fn a_picture_aims_at_its_own_places_whatever_is_added_to_all_of_them() {
        let (channels, count) = (12, 90);
        let samples = values(channels * count, 1);
        let shifted: Vec<f32> = samples.iter().rev().map(|value| 3.0 * value + 0.5).collect();
        // Reversed twice: channels within a row, and rows.
        let rows: Vec<f32> =
            shifted.chunks_exact(channels).flat_map(|row| row.iter().rev().copied()).collect();
        let found = aims(rows, None, samples, channels, &vec![None; count]);
        let own: Vec<u32> = (0..count as u32).rev().collect();
        assert_eq!(found, own);
    }

    #[test]
    fn a_place_without_weight_moves_no_mean() {
        let channels = 6;
        let (features, samples) = (values(channels * 40, 2), values(channels * 30, 3));
        let mut more = features.clone();
        more.extend([90.0; 6]);
        let weights: Vec<f32> = (0..41).map(|position| if position < 40 { 0.5 } else { 0.0 }).collect();
        let (mut with, mut without) = (more.clone(), features.clone());
        centre(&mut with, channels, Some(&weights));
        centre(&mut without, channels, None);
        assert!(with.iter().zip(&without).all(|(a, b)| (a - b).abs() < 1e-5));
        assert_eq!(aims(more, Some(&weights), samples.clone(), channels, &[None; 41]).len(), 41);
        let mut flat = vec![0.25; 24];
        centre(&mut flat, channels, None);
        assert_eq!(flat, [0.0; 24], "nothing is divided by 0");
    }

    #[test]
    fn a_place_changes_to_what_is_better_by_a_twentieth() {
        let samples = [(0, 0.83), (0, 0.85), (0, -0.2)];
        let queries = [(1, 0.9), (0, 0.8), (2, -0.4)];
        let former = [Some(1), Some(1), Some(2)];
        // 0.83 is less than a twentieth above 0.8, 0.85 is more, and so is -0.2 above -0.4.
        let found = assign(&nearest_of(&samples, &queries, &[0.8, 0.8, -0.4]), &former);
        assert_eq!(found, [1, 0, 0]);
        let new = assign(&nearest_of(&samples, &queries, &[f32::NEG_INFINITY; 3]), &[None; 3]);
        assert_eq!(new, [0; 3]);
    }

    #[test]
    fn samples_that_nobody_chose_get_a_quarter_of_the_places_and_keep_them() {
        let samples = [(0, 0.9); 8];
        // The most similar come first, each position is given away once, and nothing below 0 is.
        let queries = [(0, 0.9), (3, 0.5), (3, 0.7), (5, 0.6), (6, 0.4), (7, -0.1)];
        let found = assign(&nearest_of(&samples, &queries, &[f32::NEG_INFINITY; 8]), &[None; 8]);
        assert_eq!(found, [0, 0, 0, 2, 0, 3, 0, 0]);
        // At the next time another position is a little nearer to sample 2.
        let former: Vec<Option<u32>> = found.iter().map(|&sample| Some(sample)).collect();
        let mut own = [0.9_f32; 8];
        (own[3], own[5]) = (0.69, 0.6);
        let mut moved = queries;
        moved[2] = (1, 0.71);
        let again = |moved: &[(u32, f32)]| assign(&nearest_of(&samples, moved, &own), &former);
        assert_eq!(again(&moved), found);
        moved[2] = (1, 0.8);
        assert_eq!(again(&moved), [0, 2, 0, 0, 0, 3, 0, 0]);
    }

    #[test]
    fn energies_count_places_by_their_weights() {
        let targets = [3.0, 4.0, 1.0, 0.0];
        assert_eq!(energy(&targets, 2, None), 26.0);
        assert_eq!(energy(&targets, 2, Some(&[0.5, 2.0])), 14.5);
        assert_eq!(factor(4.0, 100.0), 0.25);
        assert!(factor(0.0, 100.0).is_finite());
    }
}
