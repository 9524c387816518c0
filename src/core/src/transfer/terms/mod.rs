//! The terms of the objective, a file each.
//!
//! Most compare a layer's features with a target ([`LayerTerm`]); some look at the image itself ([`ImageTerm`]). The
//! evaluator asks the terms that [`at`] and [`of_image`] list, in that order, and knows none by name. Those with one weight
//! are listed in [`GlobalTerm`], and [`formula`] says how each is computed. Formulas stand in [`crate::objective`].

mod content;
mod histogram;
mod smoothness;
mod style;

use burn::tensor::Tensor;

use super::{Term, targets::Targets};
use crate::settings::{GlobalTerm, Settings};
use impasto_network::{
    compute::{FeatureGradient, Features, Network},
    vgg::Layer,
};

pub use style::Style;

/// What a term is at a layer's features.
pub struct Evaluated {
    /// Unweighted, `[1]`.
    pub value: Tensor<1>,
    /// The gradient with respect to the features, times the term's weight; `None` if that is 0.
    pub gradient: Option<FeatureGradient>,
    /// The gradient before its weight, if it was asked for.
    pub alone: Option<FeatureGradient>,
}

/// A term at one layer.
pub trait LayerTerm {
    /// Which one it is.
    fn id(&self) -> Term;

    /// Its value and gradient, and with `alone` its gradient before the weight as well; `None` if it has no target yet.
    fn evaluate(&mut self, features: &Features, alone: bool) -> Option<Evaluated>;
}

/// Value `[1]` of a term of the image `[1, 3, H, W]`, and its gradient `[1, 3, H, W]` before the weight.
pub type ImageTerm = fn(&Tensor<4>, &Settings) -> (Tensor<1>, Tensor<4>);

/// What a term with one weight aims at at its layers, empty until it is in use.
pub trait LayerTargets {
    /// Computes the targets that are missing at these layers, from the style images `[1, 3, H, W]` as the network is to see
    /// them.
    fn ensure(&mut self, network: &Network, images: &[Tensor<4>], weights: &[f64], layers: &[Layer]);

    /// Blends the styles anew.
    fn blend(&mut self, weights: &[f64]);

    /// The term at a layer, its gradient times `weight`, and with `alone` its gradient times that as well; `None` for a layer
    /// without a target. It is called once per layer and evaluation, and may remember what it found.
    fn evaluate(
        &mut self,
        layer: Layer,
        features: &Features,
        weight: f64,
        alone: Option<f64>,
    ) -> Option<Evaluated>;
}

/// The terms with one weight that look at layers, with their targets.
pub type GlobalTargets = Vec<(GlobalTerm, Box<dyn LayerTargets>)>;

/// How a term with one weight is computed.
enum Formula {
    /// From the image.
    Image(ImageTerm),
    /// At its layers, from the targets that this makes.
    Layers(fn() -> Box<dyn LayerTargets>),
}

fn formula(term: GlobalTerm) -> Formula {
    match term {
        GlobalTerm::Smoothness => Formula::Image(smoothness::evaluate),
        GlobalTerm::Histogram => Formula::Layers(|| Box::<histogram::Histograms>::default()),
    }
}

/// Targets that are empty yet.
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
    weight: f64,
}

impl LayerTerm for Global<'_> {
    fn id(&self) -> Term {
        Term::Global(self.term)
    }

    fn evaluate(&mut self, features: &Features, alone: bool) -> Option<Evaluated> {
        let share = self.id().share();
        self.targets.evaluate(self.layer, features, self.weight * share, alone.then_some(share))
    }
}

/// The terms at a layer that have targets, counting or only measured, for effective settings.
pub fn at<'a>(
    layer: Layer,
    targets: &'a Targets,
    global: &'a mut GlobalTargets,
    settings: &Settings,
) -> Vec<Box<dyn LayerTerm + 'a>> {
    let content =
        content::Content::at(layer, targets, settings).map(|term| Box::new(term) as Box<dyn LayerTerm>);
    let style = Style::at(layer, targets, settings).map(|term| Box::new(term) as Box<dyn LayerTerm>);
    let global = global.iter_mut().filter(|(term, _)| term.layers(settings).contains(&layer));
    let global = global.map(|(term, targets)| {
        let (term, targets) = (*term, targets.as_mut());
        Box::new(Global { term, layer, targets, weight: term.weight(settings) }) as Box<dyn LayerTerm>
    });
    content.into_iter().chain(style).chain(global).collect()
}

/// The terms of the image that count.
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
