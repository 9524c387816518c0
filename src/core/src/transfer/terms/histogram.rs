//! Histograms: the squared distance of a layer's features from where their ranks belong in the styles' distributions
//! (Risser et al. 2017).

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::{Evaluated, LayerTargets};
use crate::{objective::Quantiles, transfer::targets::shares};
use impasto_network::{
    compute::{FeatureGradient, Features, Network},
    vgg::Layer,
};

/// On a graphics adapter features are read back and sorted at every so manieth evaluation only; in between they go on to
/// where they were sent.
const EVERY: u32 = 8;

/// One layer's aim: each style's distribution, their blend, and where the features were sent last.
struct Aim {
    each: Vec<Quantiles>,
    blend: Quantiles,
    sent: Option<(Features, u32)>,
}

/// Aims of the layers in use; empty until the term is.
#[derive(Default)]
pub struct Histograms(BTreeMap<Layer, Aim>);

impl Histograms {
    /// Where a layer's features ought to go, and the factor of their squared distance to that; `None` for a layer without an
    /// aim.
    fn target(&mut self, layer: Layer, features: &Features) -> Option<(Features, f64)> {
        let aim = self.0.get_mut(&layer)?;
        let factor = aim.blend.factor(features.positions() * layer.channels());
        let target = match aim.sent.take() {
            Some((target, age)) if age < EVERY && !features.is_on_host() => {
                aim.sent = Some((target.clone(), age + 1));
                target
            }
            _ => {
                let target = features.with_values(&aim.blend.remap(&features.values()));
                aim.sent = (!features.is_on_host()).then(|| (target.clone(), 1));
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
            self.0.insert(layer, Aim { each, blend, sent: None });
        }
    }

    fn blend(&mut self, weights: &[f64]) {
        for aim in self.0.values_mut() {
            aim.blend = Quantiles::blend(&aim.each, &shares(weights));
            aim.sent = None;
        }
    }

    fn evaluate(
        &mut self,
        layer: Layer,
        features: &Features,
        weight: f64,
        alone: Option<f64>,
    ) -> Option<Evaluated> {
        let (target, factor) = self.target(layer, features)?;
        let toward = |target, weight: f64| FeatureGradient::to_target(target, 2.0 * weight * factor);
        Some(Evaluated {
            value: features.distance(&target) * factor,
            alone: alone.map(|weight| toward(target.clone(), weight)),
            gradient: Some(toward(target, weight)),
        })
    }
}
