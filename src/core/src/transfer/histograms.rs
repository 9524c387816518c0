//! The histogram term's aims, and where the features are sent.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::objective::Quantiles;
use impasto_network::{
    compute::{Features, Network},
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

/// The styles' weights normalised to a sum of 1; equal where all are 0.
pub fn shares(weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let share = |weight: &f64| if total > 0.0 { weight / total } else { 1.0 / weights.len() as f64 };
    weights.iter().map(share).collect()
}

impl Histograms {
    /// Computes the aims that are missing, from the style images.
    pub fn need(&mut self, network: &Network, images: &[Tensor<4>], weights: &[f64], layers: &[Layer]) {
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

    /// Blends the styles anew.
    pub fn blend(&mut self, weights: &[f64]) {
        for aim in self.0.values_mut() {
            aim.blend = Quantiles::blend(&aim.each, &shares(weights));
            aim.sent = None;
        }
    }

    /// Where a layer's features ought to go, and the factor of their squared distance to that; `None` for a layer without an
    /// aim.
    pub fn target(&mut self, layer: Layer, features: &Features) -> Option<(Features, f64)> {
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
