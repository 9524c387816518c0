//! Histograms: the squared distance of a layer's features from where their ranks belong in the styles' distributions
//! (Risser et al. 2017). The term is the mean over its layers.

use super::{Evaluated, LayerTerm, Term};
use crate::{settings::Settings, transfer::histograms::Histograms};
use impasto_network::{
    compute::{FeatureGradient, Features},
    vgg::Layer,
};

pub struct Histogram<'a> {
    layer: Layer,
    targets: &'a mut Histograms,
    /// δ.
    weight: f64,
}

impl<'a> Histogram<'a> {
    pub fn at(layer: Layer, targets: &'a mut Histograms, settings: &Settings) -> Option<Self> {
        let counts = settings.histogram_layers().contains(&layer);
        counts.then_some(Self { layer, targets, weight: settings.histogram_weight })
    }
}

impl LayerTerm for Histogram<'_> {
    fn id(&self) -> Term {
        Term::Histogram
    }

    fn evaluate(&mut self, features: &Features, alone: bool) -> Option<Evaluated> {
        let (target, factor) = self.targets.target(self.layer, features)?;
        let share = self.id().share();
        Some(Evaluated {
            value: features.distance(&target) * factor,
            alone: alone.then(|| FeatureGradient::to_target(target.clone(), 2.0 * share * factor)),
            gradient: Some(FeatureGradient::to_target(target, 2.0 * (self.weight * share) * factor)),
        })
    }
}
