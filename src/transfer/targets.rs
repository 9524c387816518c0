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

/// Targets of every layer that was asked for so far.
#[derive(Default)]
pub struct Targets {
    pub content: BTreeMap<Layer, ContentTarget>,
    /// What the blend of the styles aims at.
    pub style: BTreeMap<Layer, StyleAim>,
    /// Each style's own statistics; `None` where its picture has changed and nobody has asked since.
    each: BTreeMap<Layer, Vec<Option<Moments>>>,
}

/// The mean of the styles' statistics with these weights, normalised to a sum of 1; `None` while one is missing.
pub(super) fn blend(each: &[Option<Moments>], weights: &[f64]) -> Option<Moments> {
    let total: f64 = weights.iter().sum();
    let share = |weight: &f64| if total > 0.0 { weight / total } else { 1.0 / each.len() as f64 };
    let scaled = |(moments, weight): (&Option<Moments>, &f64)| Some(moments.as_ref()?.scaled(share(weight)));
    let all: Option<Vec<Moments>> = each.iter().zip(weights).map(scaled).collect();
    all?.into_iter().reduce(Moments::plus)
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
        for (index, image) in images.iter().enumerate() {
            let has = |layer: &Layer| self.each.get(layer).is_some_and(|each| each[index].is_some());
            let missing: Vec<Layer> = layers.iter().copied().filter(|layer| !has(layer)).collect();
            for (layer, features) in network.features(image.clone(), &missing) {
                let each = self.each.entry(layer).or_insert_with(|| vec![None; images.len()]);
                each[index] = Some(Moments::of(&features));
                self.style.remove(&layer);
            }
        }
        let mut missing = Vec::new();
        for &layer in layers {
            match self.style.get_mut(&layer) {
                Some(aim) => aim.set_statistic(statistic),
                None => missing.push(layer),
            }
        }
        self.aim(&missing, weights, statistic);
    }

    /// Blends the styles of these layers, as far as their statistics are known.
    fn aim(&mut self, layers: &[Layer], weights: &[f64], statistic: Statistic) {
        let blended = |&layer: &Layer| Some((layer, blend(self.each.get(&layer)?, weights)?));
        let (layers, moments): (Vec<Layer>, Vec<Moments>) = layers.iter().filter_map(blended).unzip();
        self.style.extend(layers.into_iter().zip(StyleAim::many(moments, statistic)));
    }

    /// Blends the styles anew.
    pub fn blend(&mut self, weights: &[f64], statistic: Statistic) {
        self.aim(&Layer::ALL, weights, statistic);
    }

    /// Floats that are kept on the device.
    pub fn floats(&self) -> usize {
        let content =
            |(layer, target): (&Layer, &ContentTarget)| layer.channels() * target.features.positions();
        let square = |layer: &Layer| layer.channels().pow(2);
        self.content.iter().map(content).sum::<usize>()
            + self.style.keys().map(square).sum::<usize>()
            + self.each.iter().map(|(layer, each)| square(layer) * each.len()).sum::<usize>()
    }

    /// Forgets what was known of a style, whose picture has changed.
    pub fn forget_style(&mut self, index: usize) {
        self.each.values_mut().for_each(|each| each[index] = None);
    }
}
