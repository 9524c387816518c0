//! Histogram term: the squared distance of a layer's features to their targets by rank in the styles'
//! distributions (Risser et al. 2017).

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::{LayerTargets, Part, TermEvaluation, of_styles};
use crate::{
    objective::Quantiles,
    transfer::{
        feature_targets::{StyleWeights, shares},
        style_mask::StyleMask,
    },
};
use impasto_network::{
    compute::{Features, Network, PositionWeights},
    vgg::Layer,
};

/// On a graphics adapter features are read back and sorted only every 8th evaluation; in between their
/// targets stay.
const EVERY: u32 = 8;

/// The blended distribution in each part of the picture that has a style.
type Blends = Vec<Option<Quantiles>>;

/// One layer's target: each style's distribution, their blends, and the last remapped features of each part.
struct HistogramTarget {
    each: Vec<Quantiles>,
    blends: Blends,
    sent: BTreeMap<usize, (Features, u32)>,
}

/// Targets of the layers in use; empty until the term is used.
#[derive(Default)]
pub struct Histograms {
    layers: BTreeMap<Layer, HistogramTarget>,
    /// During a fade: the share of the new targets, and the distributions that it began with.
    fade: Option<(f64, BTreeMap<Layer, Blends>)>,
}

impl Histograms {
    /// The target of a layer's features in a part of the picture, and the factor of their squared distance;
    /// `None` for a layer without a target, or a part without a style.
    fn target(&mut self, layer: Layer, features: &Features, part: &Part) -> Option<(Features, f64)> {
        let HistogramTarget { blends, sent, .. } = self.layers.get_mut(&layer)?;
        let blend = blends.get(part.index)?.as_ref()?;
        let positions = part.weights.map_or(features.positions() as f64, PositionWeights::sum);
        let factor = part.share * blend.factor(positions * layer.channels() as f64);
        let target = match sent.remove(&part.index) {
            Some((target, age)) if age < EVERY && !features.is_on_host() => {
                sent.insert(part.index, (target.clone(), age + 1));
                target
            }
            _ => {
                let values = features.values();
                let mapped = match part.weights {
                    None => blend.remap(&values),
                    Some(weights) => blend.remap_weighted(&values, weights.values()),
                };
                let target = features.with_values(&mapped);
                if !features.is_on_host() {
                    sent.insert(part.index, (target.clone(), 1));
                }
                target
            }
        };
        Some((target, factor))
    }

    /// The blends of a layer's distributions in each part of the picture.
    fn blended(&self, layer: Layer, each: &[Quantiles], weights: &StyleWeights) -> Blends {
        let parts = weights.parts().enumerate();
        parts.map(|(part, weights)| Some(self.blended_part(layer, part, each, weights?))).collect()
    }

    /// The blend of a layer's distributions in a part. A fade blends the quantiles, as a mix of two styles does: the
    /// distribution between the two in the Wasserstein distance, from which the term is made.
    fn blended_part(&self, layer: Layer, part: usize, each: &[Quantiles], weights: &[f64]) -> Quantiles {
        let new = Quantiles::blend(each, &shares(weights));
        let before = self
            .fade
            .as_ref()
            .and_then(|(share, before)| Some((*share, before.get(&layer)?.get(part)?.as_ref()?)));
        match before {
            Some((share, before)) if share <= 0.0 => before.clone(),
            Some((share, before)) if share < 1.0 => {
                Quantiles::blend(&[before.clone(), new], &[1.0 - share, share])
            }
            _ => new,
        }
    }
}

impl LayerTargets for Histograms {
    fn ensure(
        &mut self,
        network: &Network,
        images: &[Tensor<4>],
        masks: &[Option<StyleMask>],
        weights: &StyleWeights,
        layers: &[Layer],
    ) {
        let missing: Vec<Layer> =
            layers.iter().copied().filter(|layer| !self.layers.contains_key(layer)).collect();
        let found = of_styles(network, (images, masks), &missing, |_, layer, features, weights| {
            let (values, channels) = (features.values(), layer.channels());
            match weights {
                None => Quantiles::of(&values, channels),
                Some(weights) => Quantiles::of_weighted(&values, weights.values(), channels),
            }
        });
        for (layer, each) in found {
            let blends = self.blended(layer, &each, weights);
            self.layers.insert(layer, HistogramTarget { each, blends, sent: BTreeMap::new() });
        }
    }

    fn blend(&mut self, weights: &StyleWeights) {
        let mut layers = std::mem::take(&mut self.layers);
        for (layer, entry) in &mut layers {
            entry.blends = self.blended(*layer, &entry.each, weights);
            entry.sent.clear();
        }
        self.layers = layers;
    }

    fn renew(&mut self, fades: bool) {
        let before = std::mem::take(&mut self.layers);
        let blends = || before.into_iter().map(|(layer, entry)| (layer, entry.blends)).collect();
        self.fade = fades.then(|| (1.0, blends()));
    }

    fn set_fade(&mut self, share: f64, weights: &StyleWeights) {
        if let Some((old, _)) = &mut self.fade {
            *old = share;
            self.blend(weights);
        }
    }

    fn end_fade(&mut self, weights: &StyleWeights) {
        if self.fade.take().is_some() {
            self.blend(weights);
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
}
