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
pub struct Histograms(BTreeMap<Layer, HistogramTarget>);

impl Histograms {
    /// The target of a layer's features, and the factor of their squared distance; `None` for a layer without
    /// a target.
    fn target(&mut self, layer: Layer, features: &Features) -> Option<(Features, f64)> {
        let entry = self.0.get_mut(&layer)?;
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
}

impl LayerTargets for Histograms {
    fn ensure(&mut self, network: &Network, images: &[Tensor<4>], weights: &[f64], layers: &[Layer]) {
        let missing: Vec<Layer> =
            layers.iter().copied().filter(|layer| !self.0.contains_key(layer)).collect();
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
            let blend = Quantiles::blend(&each, &shares(weights));
            self.0.insert(layer, HistogramTarget { each, blend, sent: None });
        }
    }

    fn blend(&mut self, weights: &[f64]) {
        for entry in self.0.values_mut() {
            entry.blend = Quantiles::blend(&entry.each, &shares(weights));
            entry.sent = None;
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
