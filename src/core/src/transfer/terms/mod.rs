//! The terms of the objective, one file each.
//!
//! Most compare a layer's features with a target ([`LayerTerm`]); some use the image itself ([`ImageTerm`]).
//! The evaluator evaluates the terms of [`at`] and [`of_image`], in that order, without knowing them. Those
//! with one weight are listed in [`GlobalTerm`], and [`formula`] returns their computation. The formulas are
//! in [`crate::objective`].

mod coherence;
mod content;
mod sliced;
mod smoothness;
mod style;

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::{
    Term,
    checkpoint::{Aims, Cycle},
    feature_targets::{FeatureTargets, StyleWeights},
    masks::{LayerMasks, Part},
    style_mask::StyleMask,
};
use crate::settings::{GlobalTerm, Settings};
use impasto_network::{
    compute::{FeatureGradient, Features, Network, PositionWeights},
    vgg::Layer,
};

pub use coherence::SAMPLES;
pub use style::Style;

/// A term evaluated at a layer's features.
pub struct TermEvaluation {
    /// Unweighted, `[1]`.
    pub value: Tensor<1>,
    /// The weighted gradient with respect to the features; `None` if the weight is 0.
    pub gradient: Option<FeatureGradient>,
    /// The unweighted gradient, if requested.
    pub alone: Option<FeatureGradient>,
}

impl TermEvaluation {
    /// The squared distance times `factor` to a target, in a part of the picture, with its gradient times
    /// `weight`, and with `alone` also its gradient times that.
    fn toward(
        target: Features,
        factor: f64,
        features: &Features,
        part: &Part,
        weight: f64,
        alone: Option<f64>,
    ) -> Self {
        let gradient_for = |weight: f64| {
            FeatureGradient::to_target(target.clone(), 2.0 * weight * factor).weighted_by(part.weights)
        };
        let distance = match part.weights {
            None => features.distance(&target),
            Some(weights) => features.weighted_distance(&target, weights),
        };
        Self {
            value: distance * factor,
            alone: alone.map(gradient_for),
            gradient: Some(gradient_for(weight)),
        }
    }

    /// The sum of one term's evaluations in two parts of the picture.
    fn plus(self, other: Self) -> Self {
        let add = |a: Option<FeatureGradient>, b: Option<FeatureGradient>| match (a, b) {
            (Some(mut a), Some(b)) => {
                a.add(b);
                Some(a)
            }
            (a, b) => a.or(b),
        };
        Self {
            value: self.value + other.value,
            gradient: add(self.gradient, other.gradient),
            alone: add(self.alone, other.alone),
        }
    }
}

/// A term at one layer.
pub trait LayerTerm {
    /// Its id.
    fn id(&self) -> Term;

    /// Its value and gradient, and with `alone` also its unweighted gradient; `None` if it has no target yet.
    fn evaluate(&mut self, features: &Features, alone: bool) -> Option<TermEvaluation>;
}

/// Value `[1]` of a term of the image `[1, 3, H, W]`, and its unweighted gradient `[1, 3, H, W]`.
pub type ImageTerm = fn(&Tensor<4>, &Settings) -> (Tensor<1>, Tensor<4>);

/// What a term needs of each style's features at the missing layers: `of` gets the style's index, the layer,
/// the features, and what counts of them.
fn of_styles<T>(
    network: &Network,
    (images, masks): (&[Tensor<4>], &[Option<StyleMask>]),
    missing: &[Layer],
    mut of: impl FnMut(usize, Layer, &Features, Option<&PositionWeights>) -> T,
) -> BTreeMap<Layer, Vec<T>> {
    let mut found: BTreeMap<Layer, Vec<T>> = BTreeMap::new();
    if missing.is_empty() {
        return found;
    }
    for (style, (image, mask)) in images.iter().zip(masks).enumerate() {
        for (layer, features) in network.features(image.clone(), missing) {
            let weights = mask.as_ref().and_then(|mask| mask.at(layer));
            found.entry(layer).or_default().push(of(style, layer, &features, weights));
        }
    }
    found
}

/// Targets of a term with one weight at its layers; empty until it is used.
pub trait LayerTargets {
    /// Compute missing targets at these layers, none if the term is off, from the network's style inputs
    /// `[1, 3, H, W]`, and what counts of each, which these layers have seen.
    fn ensure(
        &mut self,
        network: &Network,
        images: &[Tensor<4>],
        masks: &[Option<StyleMask>],
        weights: &StyleWeights,
        layers: (&[Layer], &Settings),
    );

    /// Blend the styles with new weights.
    fn blend(&mut self, weights: &StyleWeights);

    /// Drop the targets after a replacement of the styles; if it `fades`, what they were is where the fade
    /// begins.
    fn renew(&mut self, fades: bool);

    /// Set the share of the new targets, 0 to 1, during a fade.
    fn set_fade(&mut self, share: f64, weights: &StyleWeights);

    /// End a fade: only the new targets remain.
    fn end_fade(&mut self, weights: &StyleWeights);

    /// Evaluate the term at a layer in these parts of the picture with its gradient times `weight`, and with
    /// `alone` also its gradient times that; `None` for a layer without a target. Called once per layer and
    /// evaluation; may cache its results.
    fn evaluate(
        &mut self,
        layer: Layer,
        features: &Features,
        parts: &[Part],
        weight: f64,
        alone: Option<f64>,
    ) -> Option<TermEvaluation>;

    /// Count the evaluation that follows, and choose new aims in it if `every` evaluations have been made
    /// with the present ones; returns whether it does. Only for a term that keeps what the picture aims at
    /// for some evaluations, as the functions below.
    fn advance(&mut self, _every: u32) -> bool {
        false
    }

    /// Choose new aims in the next evaluation that is counted.
    fn expire(&mut self) {}

    /// Forget the aims: the next evaluation is of another picture, or of other parts.
    fn forget_aims(&mut self) {}

    /// The aims, to be saved; `None` without any.
    fn aims(&self) -> Option<Aims> {
        None
    }

    /// Restore saved aims.
    fn set_aims(&mut self, _aims: &Aims) {}

    /// Tell the term the network's input `[1, 3, H, W]` that has been evaluated: its kept targets are of
    /// that.
    fn evaluated(&mut self, _picture: &Tensor<4>) {}

    /// Where it is among its bases, to be saved; `None` at their beginning.
    fn cycle(&self) -> Option<Cycle<Tensor<4>>> {
        None
    }

    /// Restore where it was among its bases; then the picture of that time is evaluated.
    fn set_cycle(&mut self, _turn: u32, _age: u32) {}

    /// Whether its value may be compared with those of other evaluations that say so.
    fn is_comparable(&self) -> bool {
        true
    }

    /// Number of floats kept of the styles, if they are many.
    fn floats(&self) -> usize {
        0
    }
}

/// The terms with one weight that use layers, with their targets.
pub type GlobalTargets = Vec<(GlobalTerm, Box<dyn LayerTargets>)>;

/// Computation of a term with one weight.
enum Formula {
    /// From the image.
    Image(ImageTerm),
    /// At its layers, with targets from this constructor.
    Layers(fn() -> Box<dyn LayerTargets>),
}

fn formula(term: GlobalTerm) -> Formula {
    match term {
        GlobalTerm::Smoothness => Formula::Image(smoothness::evaluate),
        GlobalTerm::Sliced => Formula::Layers(|| Box::<sliced::Sliced>::default()),
        GlobalTerm::Coherence => Formula::Layers(|| Box::<coherence::Coherence>::default()),
    }
}

/// Empty targets.
pub fn global_targets() -> GlobalTargets {
    let targets = |&term: &GlobalTerm| match formula(term) {
        Formula::Layers(new) => Some((term, new())),
        Formula::Image(_) => None,
    };
    GlobalTerm::ALL.iter().filter_map(targets).collect()
}

/// A term with one weight at a layer.
struct Global<'a> {
    term: GlobalTerm,
    layer: Layer,
    targets: &'a mut dyn LayerTargets,
    masks: Option<&'a LayerMasks>,
    settings: &'a Settings,
}

impl LayerTerm for Global<'_> {
    fn id(&self) -> Term {
        Term::Global(self.term)
    }

    fn evaluate(&mut self, features: &Features, alone: bool) -> Option<TermEvaluation> {
        let share = self.id().share();
        let parts = LayerMasks::parts(self.masks, self.settings);
        let weight = self.term.weight(self.settings) * share;
        self.targets.evaluate(self.layer, features, &parts, weight, alone.then_some(share))
    }
}

/// The terms at a layer that have targets, active or only measured, for effective settings and the layer's
/// masks.
pub fn at<'a>(
    layer: Layer,
    targets: &'a FeatureTargets,
    global: &'a mut GlobalTargets,
    masks: Option<&'a LayerMasks>,
    settings: &'a Settings,
) -> Vec<Box<dyn LayerTerm + 'a>> {
    let content = content::Content::at(layer, targets, masks, settings);
    let content = content.map(|term| Box::new(term) as Box<dyn LayerTerm>);
    let style = Style::at(layer, targets, masks, settings).map(|term| Box::new(term) as Box<dyn LayerTerm>);
    let global = global.iter_mut().filter(|(term, _)| term.layers(settings).contains(&layer));
    let global = global.map(|(term, targets)| {
        let (term, targets) = (*term, targets.as_mut());
        Box::new(Global { term, layer, targets, masks, settings }) as Box<dyn LayerTerm>
    });
    content.into_iter().chain(style).chain(global).collect()
}

/// The active terms of the image.
pub fn of_image(settings: &Settings) -> impl Iterator<Item = (Term, ImageTerm)> {
    GlobalTerm::weighted(settings).filter_map(|term| match formula(term) {
        Formula::Image(evaluate) => Some((Term::Global(term), evaluate)),
        Formula::Layers(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_with_layers_is_computed_at_layers() {
        for &term in GlobalTerm::ALL {
            let at_layers = matches!(formula(term), Formula::Layers(_));
            assert_eq!(at_layers, !term.info().layers.is_empty(), "{term}");
        }
    }
}
