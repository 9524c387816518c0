//! Coherence term: the squared distance of each position's features to those of the most similar position of
//! the styles, see [`crate::objective::neighbours`].
//!
//! Positions are matched on the host, at some evaluations only; in between their targets stay, also on the
//! CPU. A saved state has the matches.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::{Aims, LayerTargets, Part, TermEvaluation, of_styles};
use crate::{
    objective::neighbours::{aims, energy, factor},
    settings::Settings,
    transfer::{
        feature_targets::{StyleWeights, shares},
        style_mask::StyleMask,
    },
};
use impasto_base::random::SplitMix64;
use impasto_network::{
    compute::{Features, Network, PositionWeights},
    vgg::Layer,
};

/// Maximum samples of a style at a layer, and about the samples that a part of the picture is matched with.
/// With as many again a step would take 3 % longer.
pub const SAMPLES: usize = 2048;
/// Stands for the sample of a position outside of the part.
const NONE: u32 = u32::MAX;

/// A style's features at a layer, of at most [`SAMPLES`] positions.
struct Samples {
    /// `[n, C]`, in an order of which each beginning is spread over the whole picture.
    values: Vec<f32>,
    channels: usize,
}

impl Samples {
    /// Of features on a grid whose offset depends on the seed; with a mask, of the positions that are mostly
    /// in it.
    fn new(features: &Features, channels: usize, seed: u64, mask: Option<&[f32]>) -> Self {
        let (height, width) = features.shape();
        let mut random = SplitMix64::new(seed);
        let mut step = 1;
        while height.div_ceil(step) * width.div_ceil(step) > SAMPLES {
            step += 1;
        }
        let mut below = |limit: usize| (random.next_u64() % limit as u64) as usize;
        let (top, left) = (below(step.min(height)), below(step.min(width)));
        let rows = (top..height).step_by(step);
        let mut positions: Vec<usize> =
            rows.flat_map(|y| (left..width).step_by(step).map(move |x| y * width + x)).collect();
        for last in (1..positions.len()).rev() {
            positions.swap(last, below(last + 1));
        }
        if let Some(mask) = mask {
            positions.retain(|&position| mask[position] > 0.5);
            if positions.is_empty() {
                let most = (0..mask.len()).max_by(|&a, &b| mask[a].total_cmp(&mask[b]));
                positions.extend(most);
            }
        }
        Self { values: features.rows(&positions), channels }
    }

    fn len(&self) -> usize {
        self.values.len() / self.channels
    }

    fn row(&self, sample: usize) -> &[f32] {
        &self.values[sample * self.channels..][..self.channels]
    }
}

/// A layer's samples of each style, and how many of each count in each part of the picture that has a style.
struct LayerSamples {
    each: Vec<Samples>,
    parts: Vec<Option<Vec<usize>>>,
}

/// What the positions of a part aim at.
struct Aim {
    /// Each position's sample, as [`number`], or [`NONE`].
    samples: Vec<u32>,
    /// The samples' features, and their energy; `None` until they are needed.
    target: Option<(Features, f64)>,
    /// Whether the next evaluation matches anew.
    due: bool,
}

/// What the targets were when a fade began.
struct Before {
    /// The share of the new targets.
    share: f64,
    targets: BTreeMap<(Layer, usize), (Features, f64)>,
}

/// The samples of the layers in use, and what the positions of each part aim at; empty until the term is
/// used.
#[derive(Default)]
pub struct Coherence {
    layers: BTreeMap<Layer, LayerSamples>,
    aims: BTreeMap<(Layer, usize), Aim>,
    /// Evaluations since the positions were matched.
    age: u32,
    before: Option<Before>,
}

/// The number of a style's sample, whatever the styles' weights.
fn number(style: usize, sample: usize) -> u32 {
    (style * SAMPLES + sample) as u32
}

/// How many samples of each style count: in proportion to the styles' weights.
fn counts(each: &[Samples], weights: &[f64]) -> Vec<usize> {
    let count = |(samples, share): (&Samples, f64)| match share > 0.0 {
        true => ((SAMPLES as f64 * share).round() as usize).clamp(1, samples.len()),
        false => 0,
    };
    each.iter().zip(shares(weights)).map(count).collect()
}

impl LayerSamples {
    fn blend(&mut self, weights: &StyleWeights) {
        self.parts = weights.parts().map(|weights| Some(counts(&self.each, weights?))).collect();
    }

    /// A sample's features.
    fn row(&self, number: u32) -> Option<&[f32]> {
        let samples = self.each.get(number as usize / SAMPLES)?;
        let sample = number as usize % SAMPLES;
        (sample < samples.len()).then(|| samples.row(sample))
    }

    /// Match the positions of a part, given those that they had.
    fn matched(
        &self,
        features: &Features,
        counts: &[usize],
        weights: Option<&[f32]>,
        former: Option<&[u32]>,
    ) -> Vec<u32> {
        // Those of the part.
        let positions: Vec<usize> = (0..features.positions())
            .filter(|&position| weights.is_none_or(|weights| weights[position] > 0.0))
            .collect();
        let values = features.rows(&positions);
        let channels = values.len() / positions.len();
        let weights: Option<Vec<f32>> =
            weights.map(|weights| positions.iter().map(|&position| weights[position]).collect());
        let mut samples = Vec::with_capacity(counts.iter().sum::<usize>() * channels);
        let mut numbers = Vec::with_capacity(counts.iter().sum());
        let mut first = Vec::with_capacity(counts.len());
        for (style, (each, &count)) in self.each.iter().zip(counts).enumerate() {
            first.push(numbers.len());
            numbers.extend((0..count).map(|sample| number(style, sample)));
            samples.extend_from_slice(&each.values[..count * channels]);
        }
        // Its index among the samples that count, if it does.
        let column = |number: u32| {
            let (style, sample) = (number as usize / SAMPLES, number as usize % SAMPLES);
            (sample < *counts.get(style)?).then(|| (first[style] + sample) as u32)
        };
        let former: Vec<Option<u32>> =
            positions.iter().map(|&position| former.and_then(|former| column(former[position]))).collect();
        let found = aims(values, weights.as_deref(), samples, channels, &former);
        let mut aims = vec![NONE; features.positions()];
        for (position, column) in positions.into_iter().zip(found) {
            aims[position] = numbers[column as usize];
        }
        aims
    }

    /// The features of these samples in the form of the painting's, and their energy; `None` if one does not
    /// exist.
    fn target(
        &self,
        samples: &[u32],
        features: &Features,
        weights: Option<&PositionWeights>,
    ) -> Option<(Features, f64)> {
        let channels = self.each.first()?.channels;
        let known = |&sample: &u32| sample == NONE || self.row(sample).is_some();
        if samples.len() != features.positions() || !samples.iter().all(known) {
            return None;
        }
        let mut values = vec![0.0; samples.len() * channels];
        values.par_chunks_exact_mut(channels).zip(samples).for_each(|(target, &sample)| {
            if let Some(row) = self.row(sample) {
                target.copy_from_slice(row);
            }
        });
        let energy = energy(&values, channels, weights.map(PositionWeights::values));
        Some((features.with_values(&values), energy))
    }
}

impl Coherence {
    /// The target of a part's features and its energy; `None` for a layer without samples, or a part without
    /// a style.
    fn target(&mut self, layer: Layer, features: &Features, part: &Part) -> Option<(Features, f64)> {
        let samples = self.layers.get(&layer)?;
        let counts = samples.parts.get(part.index)?.as_ref()?;
        let key = (layer, part.index);
        if let Some(aim) = self.aims.get_mut(&key).filter(|aim| !aim.due) {
            // Saved aims that belong to other pictures have no target.
            let target = aim.target.take().or_else(|| samples.target(&aim.samples, features, part.weights));
            if target.is_some() {
                aim.target.clone_from(&target);
                return target;
            }
        }
        let former = self.aims.remove(&key).map(|aim| aim.samples);
        let former = former.filter(|former| former.len() == features.positions());
        let weights = part.weights.map(PositionWeights::values);
        let matched = samples.matched(features, counts, weights, former.as_deref());
        let target = samples.target(&matched, features, part.weights)?;
        self.aims.insert(key, Aim { samples: matched, target: Some(target.clone()), due: false });
        Some(target)
    }

    /// During a fade, the former target of a part and its energy, and its share.
    fn target_before(&self, layer: Layer, part: &Part) -> Option<(Features, f64, f64)> {
        let Before { share, targets } = self.before.as_ref()?;
        let (target, energy) = targets.get(&(layer, part.index))?;
        (*share < 1.0).then(|| (target.clone(), *energy, 1.0 - share))
    }
}

impl LayerTargets for Coherence {
    fn ensure(
        &mut self,
        network: &Network,
        images: &[Tensor<4>],
        masks: &[Option<StyleMask>],
        weights: &StyleWeights,
        (layers, _): (&[Layer], &Settings),
    ) {
        // A term that was off begins anew.
        self.aims.retain(|(layer, _), _| layers.contains(layer));
        let missing: Vec<Layer> =
            layers.iter().copied().filter(|layer| !self.layers.contains_key(layer)).collect();
        let found = of_styles(network, (images, masks), &missing, |style, layer, features, weights| {
            let seed = (style * Layer::ALL.len() + layer.index()) as u64;
            Samples::new(features, layer.channels(), seed, weights.map(PositionWeights::values))
        });
        for (layer, each) in found {
            let mut samples = LayerSamples { each, parts: Vec::new() };
            samples.blend(weights);
            self.layers.insert(layer, samples);
        }
    }

    /// What the positions aim at stays until they are matched the next time.
    fn blend(&mut self, weights: &StyleWeights) {
        self.layers.values_mut().for_each(|samples| samples.blend(weights));
    }

    fn renew(&mut self, fades: bool) {
        let aims = std::mem::take(&mut self.aims);
        let present = |(key, aim): (_, Aim)| Some((key, aim.target?));
        let before = self.before.take().filter(|before| before.share < 0.5);
        self.before = fades.then(|| {
            // A fade amid another begins with whichever of the two has more.
            let targets = before.map(|before| before.targets);
            Before {
                share: 1.0,
                targets: targets.unwrap_or_else(|| aims.into_iter().filter_map(present).collect()),
            }
        });
        self.layers.clear();
        self.age = 0;
    }

    fn set_fade(&mut self, share: f64, _weights: &StyleWeights) {
        if let Some(before) = &mut self.before {
            before.share = share;
        }
    }

    fn end_fade(&mut self, _weights: &StyleWeights) {
        self.before = None;
    }

    fn evaluate(
        &mut self,
        layer: Layer,
        features: &Features,
        parts: &[Part],
        weight: f64,
        alone: Option<f64>,
    ) -> Option<TermEvaluation> {
        let evaluations = parts.iter().filter_map(|part| {
            let new = self.target(layer, features, part)?;
            let count = part.weights.map_or(features.positions() as f64, PositionWeights::sum);
            let toward = |(target, energy): (Features, f64), share: f64| {
                let factor = share * part.share * factor(energy, count * layer.channels() as f64);
                TermEvaluation::toward(target, factor, features, part, weight, alone)
            };
            Some(match self.target_before(layer, part) {
                None => toward(new, 1.0),
                Some((before, energy, share)) => {
                    toward(new, 1.0 - share).plus(toward((before, energy), share))
                }
            })
        });
        evaluations.reduce(TermEvaluation::plus)
    }

    fn advance(&mut self, every: u32) -> bool {
        if self.aims.is_empty() {
            self.age = 0;
            return false;
        }
        self.age = self.age.saturating_add(1);
        let due = self.age >= every;
        if due {
            self.age = 0;
            self.aims.values_mut().for_each(|aim| aim.due = true);
        }
        due
    }

    fn expire(&mut self) {
        self.age = u32::MAX;
    }

    fn forget_aims(&mut self) {
        self.aims.clear();
        self.age = 0;
        self.before = None;
    }

    fn aims(&self) -> Option<Aims> {
        let parts = self.aims.iter().map(|(key, aim)| (*key, aim.samples.clone())).collect();
        (!self.aims.is_empty()).then_some(Aims { age: self.age, parts })
    }

    fn set_aims(&mut self, saved: &Aims) {
        let aim = |samples: &Vec<u32>| Aim { samples: samples.clone(), target: None, due: false };
        self.aims = saved.parts.iter().map(|(key, samples)| (*key, aim(samples))).collect();
        self.age = saved.age;
    }

    fn floats(&self) -> usize {
        self.layers.values().flat_map(|samples| &samples.each).map(|samples| samples.values.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    const LAYER: Layer = Layer::PAPER_STYLE[2];

    fn features((height, width): (usize, usize), salt: usize) -> Features {
        let channels = LAYER.channels();
        let values = crate::objective::test_values(channels * height * width, salt);
        let shape = [1, channels, height, width];
        Features::Tensor(Tensor::from_data(TensorData::new(values, shape), &Device::flex()))
    }

    /// Of two styles, in two parts.
    fn coherence(weights: [[f64; 2]; 2]) -> Coherence {
        let each =
            [1, 2].map(|salt| Samples::new(&features((9, 8), salt), LAYER.channels(), salt as u64, None));
        let mut samples = LayerSamples { each: each.into(), parts: Vec::new() };
        samples.blend(&StyleWeights { whole: vec![1.0; 2], parts: weights.map(Vec::from).into() });
        Coherence { layers: BTreeMap::from([(LAYER, samples)]), ..Coherence::default() }
    }

    #[test]
    fn samples_are_of_the_whole_picture_and_bounded() {
        let picture = features((70, 61), 3);
        let samples = Samples::new(&picture, LAYER.channels(), 7, None);
        assert!((SAMPLES / 4..=SAMPLES).contains(&samples.len()), "{}", samples.len());
        let again = Samples::new(&picture, LAYER.channels(), 7, None);
        // A mask leaves those that are in it, in their order.
        let masked = |inside: fn(usize) -> f32| {
            let mask: Vec<f32> = (0..picture.positions()).map(inside).collect();
            Samples::new(&picture, LAYER.channels(), 7, Some(&mask)).values
        };
        assert_eq!(masked(|_| 1.0), samples.values);
        assert_eq!(masked(|position| if position == 5 { 0.25 } else { 0.0 }), picture.rows(&[5]));
        assert_eq!(samples.values, again.values, "the seed decides");
        // A small picture has all of its positions, in another order.
        let (small, channels) = (features((5, 7), 4), LAYER.channels());
        let rows = |values: &[f32]| {
            let mut rows: Vec<Vec<u32>> =
                values.chunks_exact(channels).map(|row| row.iter().map(|v| v.to_bits()).collect()).collect();
            rows.sort();
            rows
        };
        let all = Samples::new(&small, channels, 1, None).values;
        assert_eq!(rows(&all), rows(&small.values()));
        assert_ne!(all, small.values());
    }

    #[test]
    fn styles_count_by_their_weights_and_in_their_own_parts() {
        let picture = features((6, 10), 5);
        let mut terms = coherence([[1.0, 0.0], [0.5, 0.5]]);
        assert_eq!(terms.layers[&LAYER].parts[0], Some(vec![72, 0]));
        let left: Vec<f32> = (0..60).map(|at| if at % 10 < 4 { 0.5 } else { 0.0 }).collect();
        let weights = PositionWeights::new(left, (6, 10), &Device::flex());
        let part = Part { index: 0, weights: Some(&weights), share: 1.0 };
        let (target, energy) = terms.target(LAYER, &picture, &part).unwrap();
        let aims = &terms.aims[&(LAYER, 0)].samples;
        for (at, &sample) in aims.iter().enumerate() {
            let style = sample as usize / SAMPLES;
            assert!(if at % 10 < 4 { style == 0 } else { sample == NONE }, "{at}: {sample}");
        }
        let own: f64 = target.values().iter().map(|v| 0.5 * f64::from(*v).powi(2)).sum();
        assert!((energy / own - 1.0).abs() < 1e-6);
        let whole = Part { index: 1, weights: None, share: 1.0 };
        terms.target(LAYER, &picture, &whole).unwrap();
        let second = terms.aims[&(LAYER, 1)].samples.iter().filter(|&&sample| sample as usize >= SAMPLES);
        assert!((10..50).contains(&second.count()), "both");
    }

    #[test]
    fn aims_stay_until_they_are_due_and_saved_ones_are_the_same() {
        let mut terms = coherence([[1.0, 1.0]; 2]);
        let whole = Part { index: 0, weights: None, share: 1.0 };
        let values = |terms: &mut Coherence, salt: usize| {
            terms.target(LAYER, &features((6, 10), salt), &whole).unwrap().0.values()
        };
        assert!(!terms.advance(3), "nothing to count");
        let first = values(&mut terms, 5);
        for due in [false, false, true] {
            assert_eq!(values(&mut terms, 6), first);
            assert_eq!(terms.advance(3), due);
        }
        let other = values(&mut terms, 6);
        assert_ne!(other, first);
        // Of weights that have changed since as well.
        terms.blend(&StyleWeights { whole: vec![1.0; 2], parts: vec![vec![1.0, 0.0]; 2] });
        terms.advance(3);
        let saved = LayerTargets::aims(&terms).unwrap();
        let mut restored = coherence([[1.0, 0.0]; 2]);
        restored.set_aims(&saved);
        assert_eq!(LayerTargets::aims(&restored), Some(saved.clone()));
        for due in [false, true] {
            assert_eq!(values(&mut restored, 7), other);
            assert_eq!((terms.advance(3), restored.advance(3)), (due, due));
        }
        let new = values(&mut restored, 7);
        assert_eq!(values(&mut terms, 7), new);
        restored.expire();
        assert!(restored.advance(3));
        // Saved aims that do not fit are replaced by own ones.
        for wrong in [vec![SAMPLES as u32 - 1; 60], vec![9 * SAMPLES as u32; 60], vec![0; 59]] {
            restored.set_aims(&Aims { age: 0, parts: BTreeMap::from([((LAYER, 0), wrong)]) });
            let mut fresh = coherence([[1.0, 0.0]; 2]);
            assert_eq!(values(&mut restored, 7), values(&mut fresh, 7));
        }
    }
}
