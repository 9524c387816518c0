//! What the terms aim at: the content's features, and the styles' statistics blended.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::{
    compute::{Features, Network},
    objective::{Moments, StyleAim},
    settings::Statistic,
    vgg::Layer,
};

/// Content features of one layer and their energy Σ(F*)².
pub struct ContentTarget {
    pub features: Features,
    pub energy: f64,
}

/// One layer's style: each style picture's statistics, and what their blend aims at.
pub struct StyleTarget {
    each: Vec<Moments>,
    pub aim: StyleAim,
}

/// Targets of every layer that was asked for so far.
#[derive(Default)]
pub struct Targets {
    pub content: BTreeMap<Layer, ContentTarget>,
    pub style: BTreeMap<Layer, StyleTarget>,
}

/// The mean of the styles' statistics with these weights, normalised to a sum of 1.
fn blend(each: &[Moments], weights: &[f64]) -> Moments {
    let total: f64 = weights.iter().sum();
    let share = |weight: &f64| if total > 0.0 { weight / total } else { 1.0 / each.len() as f64 };
    each.iter()
        .zip(weights)
        .map(|(moments, weight)| moments.scaled(share(weight)))
        .reduce(Moments::plus)
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

    /// Computes the style targets that are missing for these layers, from the style images, for this statistic.
    pub fn need_style(
        &mut self,
        network: &Network,
        images: &[Tensor<4>],
        weights: &[f64],
        layers: &[Layer],
        statistic: Statistic,
    ) {
        let missing: Vec<Layer> = layers.iter().copied().filter(|l| !self.style.contains_key(l)).collect();
        let mut found: BTreeMap<Layer, Vec<Moments>> = BTreeMap::new();
        for image in images {
            for (layer, features) in network.features(image.clone(), &missing) {
                found.entry(layer).or_default().push(Moments::of(&features));
            }
        }
        for (layer, each) in found {
            let aim = StyleAim::new(blend(&each, weights), statistic);
            self.style.insert(layer, StyleTarget { each, aim });
        }
        for layer in layers {
            if let Some(target) = self.style.get_mut(layer) {
                target.aim.set_statistic(statistic);
            }
        }
    }

    /// Blends the styles anew.
    pub fn blend(&mut self, weights: &[f64], statistic: Statistic) {
        for target in self.style.values_mut() {
            target.aim = StyleAim::new(blend(&target.each, weights), statistic);
        }
    }
}
