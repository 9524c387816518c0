//! Histogram term: the squared distance of a layer's features to their targets by rank in the styles'
//! distributions (Risser et al. 2017).

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::{LayerTargets, TermEvaluation};
use crate::{objective::Quantiles, transfer::feature_targets::shares};
use impasto_network::{
    compute::{FeatureGradient, Features, Network},
    vgg::Layer,
};

/// On a graphics adapter features are read back and sorted only every 8th evaluation; in between their
/// targets stay.
const EVERY: u32 = 8;

/// One layer's target: each style's distribution, their blend, and the last remapped features.
struct HistogramTarget {
    each: Vec<Quantiles>,
    blend: Quantiles,
    sent: Option<(Features, u32)>,
}

/// Targets of the layers in use; empty until the term is used.
#[derive(Default)]
pub struct Histograms {
    layers: BTreeMap<Layer, HistogramTarget>,
    /// During a fade: the share of the new targets, and the distributions that it began with.
    fade: Option<(f64, BTreeMap<Layer, Quantiles>)>,
}

impl Histograms {
    /// The target of a layer's features, and the factor of their squared distance; `None` for a layer without
    /// a target.
    fn target(&mut self, layer: Layer, features: &Features) -> Option<(Features, f64)> {
        let entry = self.layers.get_mut(&layer)?;
        let factor = entry.blend.factor(features.positions() * layer.channels());
        let target = match entry.sent.take() {
            Some((target, age)) if age < EVERY && !features.is_on_host() => {
                entry.sent = Some((target.clone(), age + 1));
                target
            }
            _ => {
                let target = features.with_values(&entry.blend.remap(&features.values()));
                entry.sent = (!features.is_on_host()).then(|| (target.clone(), 1));
                target
            }
        };
        Some((target, factor))
    }

    /// The blend of a layer's distributions. A fade blends the quantiles, as a mix of two styles does: the
    /// distribution between the two in the Wasserstein distance, from which the term is made.
    fn blended(&self, layer: Layer, each: &[Quantiles], weights: &[f64]) -> Quantiles {
        let new = Quantiles::blend(each, &shares(weights));
        match self.fade.as_ref().and_then(|(share, before)| Some((*share, before.get(&layer)?))) {
            Some((share, before)) if share <= 0.0 => before.clone(),
            Some((share, before)) if share < 1.0 => {
                Quantiles::blend(&[before.clone(), new], &[1.0 - share, share])
            }
            _ => new,
        }
    }
}

impl LayerTargets for Histograms {
    fn ensure(&mut self, network: &Network, images: &[Tensor<4>], weights: &[f64], layers: &[Layer]) {
        let missing: Vec<Layer> =
            layers.iter().copied().filter(|layer| !self.layers.contains_key(layer)).collect();
        if missing.is_empty() {
            return;
        }
        let mut found: BTreeMap<Layer, Vec<Quantiles>> = BTreeMap::new();
        for image in images {
            for (layer, features) in network.features(image.clone(), &missing) {
                found.entry(layer).or_default().push(Quantiles::of(&features.values(), layer.channels()));
            }
        }
        for (layer, each) in found {
            let blend = self.blended(layer, &each, weights);
            self.layers.insert(layer, HistogramTarget { each, blend, sent: None });
        }
    }

    fn blend(&mut self, weights: &[f64]) {
        let mut layers = std::mem::take(&mut self.layers);
        for (layer, entry) in &mut layers {
            entry.blend = self.blended(*layer, &entry.each, weights);
            entry.sent = None;
        }
        self.layers = layers;
    }

    fn renew(&mut self, fades: bool) {
        let before = std::mem::take(&mut self.layers);
        let blends = || before.into_iter().map(|(layer, entry)| (layer, entry.blend)).collect();
        self.fade = fades.then(|| (1.0, blends()));
    }

    fn set_fade(&mut self, share: f64, weights: &[f64]) {
        if let Some((old, _)) = &mut self.fade {
            *old = share;
            self.blend(weights);
        }
    }

    fn end_fade(&mut self, weights: &[f64]) {
        if self.fade.take().is_some() {
            self.blend(weights);
        }
    }

    fn evaluate(
        &mut self,
        layer: Layer,
        features: &Features,
        weight: f64,
        alone: Option<f64>,
    ) -> Option<TermEvaluation> {
        let (target, factor) = self.target(layer, features)?;
        let gradient_for = |target, weight: f64| FeatureGradient::to_target(target, 2.0 * weight * factor);
        Some(TermEvaluation {
            value: features.distance(&target) * factor,
            alone: alone.map(|weight| gradient_for(target.clone(), weight)),
            gradient: Some(gradient_for(target, weight)),
        })
    }
}
