//! Targets of the terms: the content's features, and the blended statistics of the styles.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::{
    style_mask::StyleMask,
    target_fade::{ContentBefore, TargetFade},
};
use crate::{
    objective::{Moments, StyleTarget},
    settings::{Masks, Statistic},
};
use impasto_network::{
    compute::{Features, Network, PositionWeights},
    vgg::Layer,
};

/// Normalize the styles' weights to a sum of 1; equal shares if all are 0.
pub fn shares(weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let share = |weight: &f64| if total > 0.0 { weight / total } else { 1.0 / weights.len() as f64 };
    weights.iter().map(share).collect()
}

/// Content features of one layer, and the unit of their distances.
pub struct ContentTarget {
    pub features: Features,
    /// Σ(F*)² + P·e, the squared distance of uncorrelated features with the styles' energy, see
    /// [`crate::objective`].
    pub unit: f64,
    /// Σ(F*)².
    energy: f64,
    /// Each style's mean energy per position; `None` if invalidated.
    styles: Vec<Option<f64>>,
}

impl ContentTarget {
    fn new(features: Features, styles: usize) -> Self {
        let energy = features.energy();
        Self { features, unit: energy, energy, styles: vec![None; styles] }
    }

    /// Update the unit if all styles' energies are known.
    fn measure(&mut self, weights: &[f64]) {
        let each: Option<Vec<f64>> = self.styles.iter().copied().collect();
        let of_styles =
            each.map_or(0.0, |each| each.iter().zip(shares(weights)).map(|(e, share)| e * share).sum());
        self.unit = self.energy + self.features.positions() as f64 * of_styles;
    }
}

/// The weights of the styles: of the whole picture, and in each of its parts, see [`Masks::style_parts`]. In
/// only one part equal shares stand for no weight at all; one of several parts then has no style.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StyleWeights {
    pub whole: Vec<f64>,
    pub parts: Vec<Vec<f64>>,
}

impl StyleWeights {
    pub fn new(whole: &[f64], masks: &Masks) -> Self {
        Self { whole: whole.to_vec(), parts: masks.style_parts(whole) }
    }

    /// The parts' weights; `None` for a part without a style.
    pub fn parts(&self) -> impl Iterator<Item = Option<&[f64]>> {
        let styled = |part: &[f64]| self.parts.len() == 1 || part.iter().any(|&weight| weight > 0.0);
        self.parts.iter().map(move |part| Some(part.as_slice()).filter(|part| styled(part)))
    }
}

/// The network's input pictures, `[1, 3, H, W]` each, and the blends of the styles.
pub struct NetworkImages<'a> {
    pub content: Tensor<4>,
    pub styles: &'a [Tensor<4>],
    /// What counts of each style; `None` if all does.
    pub masks: &'a [Option<StyleMask>],
    pub weights: &'a StyleWeights,
    /// Whether the content's unit includes the styles' energies.
    pub relative: bool,
    pub statistic: Statistic,
}

/// Targets of the layers requested so far.
#[derive(Default)]
pub struct FeatureTargets {
    pub content: BTreeMap<Layer, ContentTarget>,
    /// Target of the styles' blend in each part of the picture that has a style.
    pub style: BTreeMap<Layer, Vec<Option<StyleTarget>>>,
    /// Each style's own statistics; `None` if invalidated.
    each: BTreeMap<Layer, Vec<Option<Moments>>>,
    fade: Option<TargetFade>,
}

/// The weighted mean of the styles' statistics, with weights normalized to a sum of 1; `None` if one is
/// missing.
pub(super) fn blend(each: &[Option<Moments>], weights: &[f64]) -> Option<Moments> {
    let scaled = |(moments, share): (&Option<Moments>, f64)| Some(moments.as_ref()?.scaled(share));
    let all: Option<Vec<Moments>> = each.iter().zip(shares(weights)).map(scaled).collect();
    all?.into_iter().reduce(Moments::plus)
}

/// Mean energy per position, with positions counted by their weights if there are some.
fn energy(features: &Features, weights: Option<&PositionWeights>) -> f64 {
    match weights {
        None => features.energy() / features.positions() as f64,
        Some(weights) => Moments::weighted(features, Some(weights)).energy(),
    }
}

impl FeatureTargets {
    /// Compute missing targets of the content at the layers `content` and of the styles at the layers
    /// `style`, from the images `[1, 3, H, W]`.
    pub fn ensure(
        &mut self,
        network: &Network,
        pictures: &NetworkImages,
        content: &[Layer],
        style: &[Layer],
    ) {
        let missing: Vec<Layer> = content.iter().copied().filter(|l| !self.content.contains_key(l)).collect();
        for (layer, features) in network.features(pictures.content.clone(), &missing) {
            self.content.insert(layer, ContentTarget::new(features, pictures.styles.len()));
        }
        for index in 0..pictures.styles.len() {
            self.ensure_style(network, pictures, index, content, style);
        }
        self.measure(&pictures.weights.whole);
        let mut missing = Vec::new();
        for &layer in style {
            match self.style.get_mut(&layer) {
                Some(parts) => {
                    parts.iter_mut().flatten().for_each(|target| target.set_statistic(pictures.statistic));
                }
                None => missing.push(layer),
            }
        }
        self.blend_layers(&missing, pictures.weights, pictures.statistic);
    }

    /// Compute what is missing for one style: its energy at the layers `content`, its statistics at the
    /// layers `style`.
    fn ensure_style(
        &mut self,
        network: &Network,
        pictures: &NetworkImages,
        index: usize,
        content: &[Layer],
        style: &[Layer],
    ) {
        let energy_missing = |layer: &Layer| pictures.relative && self.content[layer].styles[index].is_none();
        let moments_missing = |layer: &Layer| self.each.get(layer).is_none_or(|each| each[index].is_none());
        let weights = |layer: Layer| pictures.masks[index].as_ref()?.at(layer);
        let energies: Vec<Layer> = content.iter().copied().filter(energy_missing).collect();
        let moments: Vec<Layer> = style.iter().copied().filter(moments_missing).collect();
        for (layer, features) in
            network.features(pictures.styles[index].clone(), &[energies.as_slice(), &moments].concat())
        {
            if energies.contains(&layer)
                && let Some(target) = self.content.get_mut(&layer)
            {
                target.styles[index] = Some(energy(&features, weights(layer)));
            }
            if moments.contains(&layer) {
                let each = self.each.entry(layer).or_insert_with(|| vec![None; pictures.styles.len()]);
                each[index] = Some(Moments::weighted(&features, weights(layer)));
                self.style.remove(&layer);
            }
        }
    }

    fn measure(&mut self, weights: &[f64]) {
        for (&layer, target) in &mut self.content {
            target.measure(weights);
            if let Some(fade) = &self.fade {
                target.unit = fade.unit(layer, target.unit);
            }
        }
    }

    /// Blend the styles at these layers, if their statistics are known.
    fn blend_layers(&mut self, layers: &[Layer], weights: &StyleWeights, statistic: Statistic) {
        let mut places = Vec::new();
        let mut moments = Vec::new();
        for (layer, each) in layers.iter().filter_map(|&layer| Some((layer, self.each.get(&layer)?))) {
            if each.iter().any(Option::is_none) {
                continue;
            }
            self.style.insert(layer, weights.parts().map(|_| None).collect());
            for (part, weights) in weights.parts().enumerate() {
                let Some(new) = weights.and_then(|weights| blend(each, weights)) else { continue };
                places.push((layer, part));
                moments.push(match &self.fade {
                    Some(fade) => fade.moments(layer, part, new),
                    None => new,
                });
            }
        }
        for ((layer, part), target) in places.into_iter().zip(StyleTarget::many(moments, statistic)) {
            if let Some(parts) = self.style.get_mut(&layer) {
                parts[part] = Some(target);
            }
        }
    }

    /// Blend the styles with new weights.
    pub fn blend(&mut self, weights: &StyleWeights, statistic: Statistic) {
        self.measure(&weights.whole);
        self.blend_layers(&Layer::ALL, weights, statistic);
    }

    /// Number of floats on the device.
    pub fn floats(&self) -> usize {
        let content =
            |(layer, target): (&Layer, &ContentTarget)| layer.channels() * target.features.positions();
        let square = |layer: &Layer| layer.channels().pow(2);
        self.content.iter().map(content).sum::<usize>()
            + self.style.iter().map(|(layer, parts)| square(layer) * parts.len()).sum::<usize>()
            + self.each.iter().map(|(layer, each)| square(layer) * each.len()).sum::<usize>()
    }

    /// Invalidate what was computed from replaced images: of the `content`, if it is another, and of the
    /// styles without a former index. If the replacement `fades`, the present targets are where the fade
    /// begins.
    pub fn renew(&mut self, content: bool, styles: &[Option<usize>], fades: bool) {
        let before = self.fade.take();
        if fades {
            let content = self.content.iter().map(|(&layer, target)| {
                let old = before.as_ref().and_then(|fade| fade.content(layer));
                (layer, ContentBefore::of(&target.features, target.unit, old, content))
            });
            let moments = |target: &Option<StyleTarget>| Some(target.as_ref()?.moments.clone());
            let style = self.style.iter().map(|(&layer, parts)| (layer, parts.iter().map(moments).collect()));
            self.fade = Some(TargetFade::new(content.collect(), style.collect()));
        }
        if content {
            self.content.clear();
        }
        for target in self.content.values_mut() {
            target.styles = styles.iter().map(|from| target.styles[(*from)?]).collect();
        }
        for each in self.each.values_mut() {
            *each = styles.iter().map(|from| each[(*from)?].clone()).collect();
        }
        self.style.clear();
    }

    /// During a fade, the content's features that it began with if the content is another now, and their
    /// share.
    pub fn content_before(&self, layer: Layer) -> Option<(&Features, f64)> {
        self.fade.as_ref()?.content(layer).filter(|(_, share)| *share > 0.0)
    }

    /// Set the share of the new targets, 0 to 1, during a fade.
    pub fn set_fade(&mut self, share: f64, weights: &StyleWeights, statistic: Statistic) {
        if let Some(fade) = &mut self.fade {
            fade.set_share(share);
            self.blend(weights, statistic);
        }
    }

    /// End a fade: only the new targets remain, the styles' to be blended when they are ensured.
    pub fn end_fade(&mut self, weights: &[f64]) {
        if self.fade.take().is_some() {
            self.measure(weights);
            self.style.clear();
        }
    }
}
