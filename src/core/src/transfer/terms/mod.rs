//! The terms of the objective, a file each.
//!
//! Most compare a layer's features with a target ([`LayerTerm`]); some look at the image itself ([`ImageTerm`]). The
//! evaluator asks the terms that [`at`] and [`of_image`] list, in that order, and knows none by name. Formulas stand in
//! [`crate::objective`].

mod content;
mod histogram;
mod smoothness;
mod style;

use burn::tensor::Tensor;

use super::{Term, aims::Aims};
use crate::settings::Settings;
use impasto_network::{
    compute::{FeatureGradient, Features},
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

/// A term of the image `[1, 3, H, W]`.
pub trait ImageTerm {
    /// Which one it is.
    fn id(&self) -> Term;

    /// Its value `[1]`, and its gradient `[1, 3, H, W]` before the weight.
    fn evaluate(&self, image: &Tensor<4>) -> (Tensor<1>, Tensor<4>);
}

/// The terms at a layer that have targets, counting or only measured, for effective settings.
pub fn at<'a>(layer: Layer, aims: &'a mut Aims, settings: &Settings) -> Vec<Box<dyn LayerTerm + 'a>> {
    let Aims { targets, histograms, .. } = aims;
    let content =
        content::Content::at(layer, targets, settings).map(|term| Box::new(term) as Box<dyn LayerTerm>);
    let style = Style::at(layer, targets, settings).map(|term| Box::new(term) as Box<dyn LayerTerm>);
    let histogram = histogram::Histogram::at(layer, histograms, settings)
        .map(|term| Box::new(term) as Box<dyn LayerTerm>);
    [content, style, histogram].into_iter().flatten().collect()
}

/// The terms of the image that count.
pub fn of_image(settings: &Settings) -> Vec<Box<dyn ImageTerm>> {
    let smoothness = smoothness::ImageSmoothness::new(settings);
    smoothness.map(|term| Box::new(term) as Box<dyn ImageTerm>).into_iter().collect()
}
