//! Content: the squared distance of a layer's features from the content's.

use super::{LayerTerm, Term, TermEvaluation};
use crate::{
    settings::{Objective, Settings},
    transfer::{
        feature_targets::{ContentTarget, FeatureTargets},
        masks::LayerMasks,
    },
};
use impasto_network::{
    compute::{FeatureGradient, Features, PositionWeights},
    vgg::Layer,
};

pub struct Content<'a> {
    layer: Layer,
    target: &'a ContentTarget,
    /// During a fade: the features that it began with, and their share.
    before: Option<(&'a Features, f64)>,
    /// Strength by position; `None` if it is 1 everywhere.
    strength: Option<&'a PositionWeights>,
    objective: Objective,
    /// α·w.
    weight: f64,
}

impl<'a> Content<'a> {
    pub fn at(
        layer: Layer,
        targets: &'a FeatureTargets,
        masks: Option<&'a LayerMasks>,
        settings: &Settings,
    ) -> Option<Self> {
        let weight = settings.content_weight * settings.content_layers.get(layer)?;
        let (target, before) = (targets.content.get(&layer)?, targets.content_before(layer));
        let strength = masks.and_then(LayerMasks::content);
        Some(Self { layer, target, before, strength, objective: settings.objective, weight })
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
        // A fade blends the losses: their gradient is that of the distance to the blended features, which
        // need not be computed.
        let distance_to = |target: &Features| match self.strength {
            None => features.distance(target),
            Some(strength) => features.weighted_distance(target, strength),
        };
        let distance = match self.before {
            None => distance_to(target),
            Some((before, share)) => distance_to(target) * (1.0 - share) + distance_to(before) * share,
        };
        let gradient_of = |factor: f64| {
            let gradient = match self.before {
                None => FeatureGradient::to_target(target.clone(), factor),
                Some((before, share)) => {
                    let mut gradient = FeatureGradient::to_target(target.clone(), factor * (1.0 - share));
                    gradient.add_target(before.clone(), factor * share);
                    gradient
                }
            };
            gradient.weighted_by(self.strength)
        };
        Some(TermEvaluation {
            value: distance * factor,
            gradient: (weighted > 0.0).then(|| gradient_of(2.0 * weighted)),
            alone: alone.then(|| gradient_of(2.0 * factor)),
        })
    }
}
