//! What the terms aim at: the content's features, and the styles' Gram matrices blended.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::{
    compute::{Features, Network},
    vgg::Layer,
};

/// Content features of one layer and their energy Σ(F*)².
pub struct ContentTarget {
    pub features: Features,
    pub energy: f64,
}

/// Gram matrices `[C, C]` of one layer: each style's own and their blend with its energy ‖G*‖².
pub struct StyleTarget {
    each: Vec<Tensor<2>>,
    pub blend: Tensor<2>,
    pub energy: f64,
}

/// Targets of every layer that was asked for so far.
#[derive(Default)]
pub struct Targets {
    pub content: BTreeMap<Layer, ContentTarget>,
    pub style: BTreeMap<Layer, StyleTarget>,
}

fn energy(tensor: &Tensor<2>) -> f64 {
    f64::from(tensor.clone().square().sum().into_scalar::<f32>())
}

/// The mean of the styles' Gram matrices with these weights, normalised to a sum of 1.
fn blend(each: &[Tensor<2>], weights: &[f64]) -> Tensor<2> {
    let total: f64 = weights.iter().sum();
    let share = |weight: &f64| if total > 0.0 { weight / total } else { 1.0 / each.len() as f64 };
    each.iter()
        .zip(weights)
        .map(|(gram, weight)| gram.clone() * share(weight))
        .reduce(|sum, gram| sum + gram)
        .expect("a run has at least one style")
}

impl Targets {
    /// Computes the content targets that are missing for these layers, from the content image `[1, 3, H, W]`.
    pub fn need_content(&mut self, network: &Network, image: &Tensor<4>, layers: &[Layer]) {
        let missing: Vec<Layer> = layers.iter().copied().filter(|l| !self.content.contains_key(l)).collect();
        for (layer, features) in network.features(image.clone(), &missing) {
            let energy = features.energy();
            self.content.insert(layer, ContentTarget { features, energy });
        }
    }

    /// Computes the style targets that are missing for these layers, from the style images.
    pub fn need_style(&mut self, network: &Network, images: &[Tensor<4>], weights: &[f64], layers: &[Layer]) {
        let missing: Vec<Layer> = layers.iter().copied().filter(|l| !self.style.contains_key(l)).collect();
        let mut grams: BTreeMap<Layer, Vec<Tensor<2>>> = BTreeMap::new();
        for image in images {
            for (layer, features) in network.features(image.clone(), &missing) {
                grams.entry(layer).or_default().push(features.gram());
            }
        }
        for (layer, each) in grams {
            let blend = blend(&each, weights);
            let energy = energy(&blend);
            self.style.insert(layer, StyleTarget { each, blend, energy });
        }
    }

    /// Blends the styles anew.
    pub fn blend(&mut self, weights: &[f64]) {
        for target in self.style.values_mut() {
            target.blend = blend(&target.each, weights);
            target.energy = energy(&target.blend);
        }
    }
}
