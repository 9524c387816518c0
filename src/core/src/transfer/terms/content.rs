//! Content: the squared distance of a layer's features from the content's.

use super::{LayerTerm, Term, TermEvaluation};
use crate::{
    settings::{Objective, Settings},
    transfer::feature_targets::{ContentTarget, FeatureTargets},
};
use impasto_network::{
    compute::{FeatureGradient, Features},
    vgg::Layer,
};

pub struct Content<'a> {
    layer: Layer,
    target: &'a ContentTarget,
    objective: Objective,
    /// α·w.
    weight: f64,
}

impl<'a> Content<'a> {
    pub fn at(layer: Layer, targets: &'a FeatureTargets, settings: &Settings) -> Option<Self> {
        let weight = settings.content_weight * settings.content_layers.get(layer)?;
        Some(Self { layer, target: targets.content.get(&layer)?, objective: settings.objective, weight })
    }
}

impl LayerTerm for Content<'_> {
    fn id(&self) -> Term {
        Term::Content(self.layer)
    }

    fn evaluate(&mut self, features: &Features, alone: bool) -> Option<TermEvaluation> {
        let target = &self.target.features;
        let factor = self.objective.content_factor(self.layer, features.positions(), self.target.unit);
        let weighted = self.weight * factor;
        Some(TermEvaluation {
            value: features.distance(target) * factor,
            gradient: (weighted > 0.0).then(|| FeatureGradient::to_target(target.clone(), 2.0 * weighted)),
            alone: alone.then(|| FeatureGradient::to_target(target.clone(), 2.0 * factor)),
        })
    }
}
