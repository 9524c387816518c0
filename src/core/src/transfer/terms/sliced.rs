//! Sliced Wasserstein term: the squared distance of a layer's features to their targets by rank in the
//! styles' distributions along the axes of a basis, see [`crate::objective::Quantiles`].
//!
//! With several bases the targets are of one after the other, the channels themselves first. Features are
//! sorted on the host at some evaluations only; in between their targets stay. On the CPU the channels alone
//! are sorted at every evaluation. A saved state has the picture that the targets are of.

use std::{borrow::Cow, collections::BTreeMap};

use burn::tensor::Tensor;

use super::{Cycle, LayerTargets, Part, TermEvaluation, of_styles};
use crate::{
    objective::{Basis, Quantiles},
    settings::Settings,
    transfer::{
        feature_targets::{StyleWeights, shares},
        style_mask::StyleMask,
    },
};
use impasto_network::{
    compute::{Features, Network, PositionWeights},
    vgg::Layer,
};

/// Evaluations, at least, after which several bases make place for the next one: sorting costs more than
/// matching positions does.
const EVERY: u32 = 16;

/// What the features aim at in a part of the picture.
struct PartTarget {
    /// The blended distributions in the present basis.
    blend: Quantiles,
    /// The last remapped features, unless they are remapped at every evaluation.
    target: Option<Features>,
}

/// The distributions of the layers in use, and what each part of the picture aims at; empty until the term is
/// used.
#[derive(Default)]
pub struct Sliced {
    /// Of each style in each basis.
    layers: BTreeMap<Layer, Vec<Vec<Quantiles>>>,
    weights: StyleWeights,
    /// Number of bases.
    bases: usize,
    targets: BTreeMap<(Layer, usize), PartTarget>,
    /// Which regions are painted at all.
    painted: Vec<bool>,
    /// The weights and the regions that the targets are of. Others take effect at the next evaluation, so
    /// that only the last of several changes counts, as it does in a record.
    of_targets: (StyleWeights, Vec<bool>),
    /// How often targets have made place for others, which decides about the basis.
    turn: u32,
    /// Evaluations since the features were sorted.
    age: u32,
    /// The network's input `[1, 3, H, W]` that the targets are of; `None` until it is known.
    picture: Option<Tensor<4>>,
    /// During a fade: the share of the new distributions, and those that it began with, in each basis and
    /// part.
    fade: Option<(f64, BTreeMap<Layer, Vec<Blends>>)>,
}

/// The blended distributions in each part of the picture that has a style.
type Blends = Vec<Option<Quantiles>>;

/// The distributions of a style's features in these bases.
fn distributions(
    features: &Features,
    channels: usize,
    weights: Option<&PositionWeights>,
    bases: std::ops::Range<usize>,
) -> Vec<Quantiles> {
    let values = features.values();
    let of = |index: usize| {
        let mut turned = Cow::Borrowed(&values);
        if index > 0 {
            Basis::new(channels, index).turn(turned.to_mut());
        }
        match weights {
            None => Quantiles::of(&turned, channels),
            Some(weights) => Quantiles::of_weighted(&turned, weights.values(), channels),
        }
    };
    bases.map(of).collect()
}

/// A part's features with the styles' distributions along the axes of a basis.
fn remapped(
    features: &Features,
    blend: &Quantiles,
    weights: Option<&PositionWeights>,
    basis: &Basis,
) -> Features {
    let mut values = features.values();
    basis.turn(&mut values);
    let mut mapped = match weights {
        None => blend.remap(&values),
        Some(weights) => blend.remap_weighted(&values, weights.values()),
    };
    basis.turn_back(&mut mapped);
    features.with_values(&mapped)
}

impl Sliced {
    /// The present basis.
    fn basis(&self) -> usize {
        self.turn as usize % self.bases.max(1)
    }

    /// Whether there are targets that stay for some evaluations.
    fn holds_targets(&self) -> bool {
        self.targets.values().any(|part| part.target.is_some())
    }

    /// Sort anew in the next evaluation, and in the next basis.
    fn next_targets(&mut self) {
        if self.holds_targets() {
            self.turn = self.turn.wrapping_add(1);
        }
        self.targets.clear();
        self.of_targets = (self.weights.clone(), self.painted.clone());
        self.picture = None;
        self.age = 0;
    }

    /// Whether the targets are of other weights or other regions. Those of all parts are of one picture.
    fn is_outdated(&self) -> bool {
        let (weights, painted) = &self.of_targets;
        self.weights != *weights || self.painted != *painted
    }

    /// The target of a layer's features in a part of the picture, and the factor of their squared distance;
    /// `None` for a layer without distributions, or a part without a style.
    fn target(&mut self, layer: Layer, features: &Features, part: &Part) -> Option<(Features, f64)> {
        if self.is_outdated() {
            self.next_targets();
        }
        let (key, basis) = ((layer, part.index), self.basis());
        let PartTarget { blend, target } = match self.targets.remove(&key) {
            Some(present) => present,
            None => PartTarget { blend: self.blended(layer, basis, part.index)?, target: None },
        };
        let positions = part.weights.map_or(features.positions() as f64, PositionWeights::sum);
        let factor = part.share * blend.factor(positions * layer.channels() as f64);
        let found = match &target {
            Some(target) => target.clone(),
            None => remapped(features, &blend, part.weights, &Basis::new(layer.channels(), basis)),
        };
        let stays = self.bases > 1 || !features.is_on_host();
        self.targets.insert(key, PartTarget { blend, target: stays.then(|| found.clone()) });
        Some((found, factor))
    }

    /// The blend of a layer's distributions in a part. A fade blends the quantiles, as a mix of two styles
    /// does: the distribution between the two in the Wasserstein distance, from which the term is made.
    fn blended(&self, layer: Layer, basis: usize, part: usize) -> Option<Quantiles> {
        let weights = self.weights.parts().nth(part)??;
        let each = self.layers.get(&layer)?.iter().map(|bases| bases.get(basis));
        let new = Quantiles::blend(&each.collect::<Option<Vec<_>>>()?, &shares(weights));
        let before = self
            .fade
            .as_ref()
            .and_then(|(share, before)| Some((*share, before.get(&layer)?.get(basis)?.get(part)?.as_ref()?)));
        Some(match before {
            Some((share, before)) if share <= 0.0 => before.clone(),
            Some((share, before)) if share < 1.0 => Quantiles::blend(&[before, &new], &[1.0 - share, share]),
            _ => new,
        })
    }
}

impl LayerTargets for Sliced {
    fn ensure(
        &mut self,
        network: &Network,
        images: &[Tensor<4>],
        masks: &[Option<StyleMask>],
        weights: &StyleWeights,
        (layers, settings): (&[Layer], &Settings),
    ) {
        let bases = settings.sliced_bases as usize;
        // A term that was off begins anew.
        if layers.is_empty() || bases != self.bases {
            self.forget_aims();
        }
        self.bases = bases;
        self.painted = settings.masks.painted().map(|region| region.strength > 0.0).collect();
        self.weights.clone_from(weights);
        self.layers.values_mut().flatten().for_each(|each| each.truncate(bases));
        let known: BTreeMap<Layer, usize> =
            self.layers.iter().map(|(&layer, styles)| (layer, styles.first().map_or(0, Vec::len))).collect();
        let known = |layer: Layer| known.get(&layer).copied().unwrap_or(0);
        let missing: Vec<Layer> = layers.iter().copied().filter(|&layer| known(layer) < bases).collect();
        let found = of_styles(network, (images, masks), &missing, |_, layer, features, weights| {
            distributions(features, layer.channels(), weights, known(layer)..bases)
        });
        for (layer, new) in found {
            let styles = self.layers.entry(layer).or_insert_with(|| vec![Vec::new(); new.len()]);
            styles.iter_mut().zip(new).for_each(|(style, new)| style.extend(new));
        }
    }

    fn blend(&mut self, weights: &StyleWeights) {
        self.weights.clone_from(weights);
    }

    fn renew(&mut self, fades: bool) {
        self.next_targets();
        let parts = self.weights.parts().count();
        let blends = |layer: Layer, basis: usize| -> Blends {
            (0..parts).map(|part| self.blended(layer, basis, part)).collect()
        };
        let before = |&layer: &Layer| (layer, (0..self.bases).map(|basis| blends(layer, basis)).collect());
        self.fade = fades.then(|| (1.0, self.layers.keys().map(before).collect()));
        self.layers.clear();
    }

    fn set_fade(&mut self, share: f64, weights: &StyleWeights) {
        if let Some((old, _)) = &mut self.fade {
            *old = share;
            self.weights.clone_from(weights);
            self.next_targets();
        }
    }

    fn end_fade(&mut self, weights: &StyleWeights) {
        if self.fade.take().is_some() {
            self.weights.clone_from(weights);
            self.next_targets();
        }
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
            let (target, factor) = self.target(layer, features, part)?;
            Some(TermEvaluation::toward(target, factor, features, part, weight, alone))
        });
        evaluations.reduce(TermEvaluation::plus)
    }

    fn evaluated(&mut self, picture: &Tensor<4>) {
        if self.picture.is_none() && self.holds_targets() {
            self.picture = Some(picture.clone());
        }
    }

    fn advance(&mut self, every: u32) -> bool {
        if !self.holds_targets() {
            self.age = 0;
            return false;
        }
        self.age = self.age.saturating_add(1);
        let due = self.age >= if self.bases > 1 { every.max(EVERY) } else { every };
        if due {
            self.next_targets();
        }
        due
    }

    fn expire(&mut self) {
        self.age = u32::MAX;
    }

    fn forget_aims(&mut self) {
        self.next_targets();
        self.turn = 0;
    }

    fn cycle(&self) -> Option<Cycle<Tensor<4>>> {
        let mut cycle = Cycle { turn: self.turn, age: self.age, picture: self.picture.clone() };
        if self.is_outdated() && self.holds_targets() {
            cycle = Cycle { turn: self.turn.wrapping_add(1), age: 0, picture: None };
        }
        (cycle.turn > 0 || cycle.picture.is_some()).then_some(cycle)
    }

    fn set_cycle(&mut self, turn: u32, age: u32) {
        (self.turn, self.age) = (turn, age);
        self.targets.clear();
        self.of_targets = (self.weights.clone(), self.painted.clone());
    }

    fn is_comparable(&self) -> bool {
        self.basis() == 0
    }

    fn floats(&self) -> usize {
        let blends = self.targets.values().map(|part| &part.blend);
        self.layers.values().flatten().flatten().chain(blends).map(Quantiles::floats).sum()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    const LAYER: Layer = Layer::PAPER_STYLE[0];
    const PART: Part<'_> = Part { index: 0, weights: None, share: 1.0 };

    fn features((height, width): (usize, usize), salt: usize) -> Features {
        let channels = LAYER.channels();
        let values = crate::objective::test_values(channels * height * width, salt);
        let shape = [1, channels, height, width];
        Features::Tensor(Tensor::from_data(TensorData::new(values, shape), &Device::flex()))
    }

    fn weights(of_styles: [f64; 2]) -> StyleWeights {
        StyleWeights { whole: of_styles.into(), parts: vec![of_styles.into()] }
    }

    /// Of two styles.
    fn sliced(bases: usize, of_styles: [f64; 2]) -> Sliced {
        let of = |salt| distributions(&features((9, 8), salt), LAYER.channels(), None, 0..bases);
        let layers = BTreeMap::from([(LAYER, vec![of(1), of(2)])]);
        Sliced { layers, weights: weights(of_styles), bases, ..Sliced::default() }
    }

    fn values(term: &mut Sliced, salt: usize) -> Vec<f32> {
        term.target(LAYER, &features((6, 10), salt), &PART).unwrap().0.values()
    }

    /// The same in a basis, from nothing.
    fn expected(salt: usize, basis: usize, of_styles: [f64; 2]) -> Vec<f32> {
        let mut term = sliced(4, of_styles);
        term.set_cycle(basis as u32, 0);
        values(&mut term, salt)
    }

    #[test]
    fn targets_stay_until_they_are_due_and_go_through_the_bases() {
        let mut term = sliced(3, [1.0, 0.5]);
        assert!(!term.advance(2), "nothing to count");
        for turn in 0..7 {
            let own = expected(turn, turn % 3, [1.0, 0.5]);
            assert_eq!(values(&mut term, turn), own, "turn {turn}");
            assert_eq!(term.is_comparable(), turn % 3 == 0);
            assert!((1..EVERY).all(|_| !term.advance(2)));
            assert_eq!(values(&mut term, turn + 50), own, "turn {turn} stays");
            assert!(term.advance(2));
        }
        assert_ne!(expected(0, 0, [1.0, 0.5]), expected(0, 1, [1.0, 0.5]));
        // One basis is the channels at every turn.
        let mut one = sliced(1, [1.0, 0.5]);
        for turn in 0..3 {
            assert_eq!(values(&mut one, turn), expected(turn, 0, [1.0, 0.5]));
            one.expire();
            assert!(one.advance(2));
        }
    }

    #[test]
    fn other_weights_take_the_next_basis_and_a_restored_cycle_is_the_same() {
        let picture = Tensor::<4>::zeros([1, 3, 6, 10], &Device::flex());
        let mut term = sliced(3, [1.0, 0.0]);
        assert!(term.cycle().is_none());
        values(&mut term, 5);
        term.evaluated(&picture);
        term.blend(&weights([0.0, 1.0]));
        let due = term.cycle().unwrap();
        assert!(due.turn == 1 && due.picture.is_none());
        assert_eq!(values(&mut term, 6), expected(6, 1, [0.0, 1.0]));
        term.evaluated(&picture);
        term.advance(8);
        let cycle = term.cycle().unwrap();
        assert!((cycle.turn, cycle.age) == (1, 1) && cycle.picture.is_some());
        let mut restored = sliced(3, [0.0, 1.0]);
        restored.set_cycle(cycle.turn, cycle.age);
        let kept = values(&mut restored, 6);
        for evaluation in 2..=EVERY {
            assert_eq!((values(&mut term, 7), values(&mut restored, 7)), (kept.clone(), kept.clone()));
            let due = evaluation == EVERY;
            assert_eq!((term.advance(3), restored.advance(3)), (due, due));
        }
        assert_eq!(values(&mut term, 7), values(&mut restored, 7));
        term.forget_aims();
        assert!(term.cycle().is_none());
        assert_eq!(values(&mut term, 8), expected(8, 0, [0.0, 1.0]));
    }

    #[test]
    fn only_what_has_changed_by_the_next_evaluation_takes_the_next_basis() {
        let mut term = sliced(3, [1.0, 0.0]);
        let first = values(&mut term, 5);
        for of_styles in [[0.0, 1.0], [1.0, 0.0]] {
            term.blend(&weights(of_styles));
        }
        assert_eq!(values(&mut term, 6), first, "as it was");
        // A region that comes has targets of the same picture as the rest.
        term.painted = vec![true];
        assert_eq!(values(&mut term, 6), expected(6, 1, [1.0, 0.0]));
        assert_eq!(values(&mut term, 7), expected(6, 1, [1.0, 0.0]));
    }

    #[test]
    fn positions_count_by_their_weights_in_every_basis() {
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
        let (picture, style) = (features((6, 10), 3), features((9, 8), 1));
        let of = |count: usize, shape| PositionWeights::new(vec![0.5; count], shape, &Device::flex());
        let (own, styles) = (of(60, (6, 10)), of(72, (9, 8)));
        let plain = distributions(&style, LAYER.channels(), None, 0..3);
        let weighted = distributions(&style, LAYER.channels(), Some(&styles), 0..3);
        for (index, (plain, weighted)) in plain.iter().zip(&weighted).enumerate() {
            let basis = Basis::new(LAYER.channels(), index);
            let target = remapped(&picture, plain, None, &basis).values();
            assert!(close(&target, &remapped(&picture, weighted, Some(&own), &basis).values()), "{index}");
            // The distance is that of the coordinates.
            let mut coordinates = picture.values();
            basis.turn(&mut coordinates);
            let mapped = plain.remap(&coordinates);
            let distance = |a: &[f32], b: &[f32]| -> f64 {
                a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
            };
            let (along, of_features) =
                (distance(&coordinates, &mapped), distance(&picture.values(), &target));
            assert!((along / of_features - 1.0).abs() < 1e-4, "{index}: {along} {of_features}");
        }
    }
}
