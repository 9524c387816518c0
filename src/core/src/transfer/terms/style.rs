//! Style: the distance of a layer's statistics to the styles'.

use super::{LayerTerm, Term, TermEvaluation};
use crate::{
    objective::StyleTarget,
    settings::{Objective, Settings},
    transfer::feature_targets::FeatureTargets,
};
use impasto_network::{
    compute::{FeatureGradient, Features},
    vgg::Layer,
};

pub struct Style<'a> {
    layer: Layer,
    target: &'a StyleTarget,
    objective: Objective,
    /// β·w.
    weight: f64,
}

impl<'a> Style<'a> {
    pub fn at(layer: Layer, targets: &'a FeatureTargets, settings: &Settings) -> Option<Self> {
        let weight = settings.style_weight * settings.style_layers.get(layer)?;
        Some(Self { weight, ..Self::with_target(layer, targets.style.get(&layer)?, settings) })
    }

    /// The unweighted term with another target than the run's.
    pub fn with_target(layer: Layer, target: &'a StyleTarget, settings: &Settings) -> Self {
        Self { layer, target, objective: settings.objective, weight: 0.0 }
    }
}

impl LayerTerm for Style<'_> {
    fn id(&self) -> Term {
        Term::Style(self.layer)
    }

    fn evaluate(&mut self, features: &Features, alone: bool) -> Option<TermEvaluation> {
        let factor = self.objective.style_factor(self.layer, features.positions(), self.target.energy);
        let counts = self.weight > 0.0;
        // One pass over the matrix, including the weight. If the unweighted gradient is needed too, weight it
        // afterwards.
        let at_once = counts && !alone;
        let term = self.target.weighted(features, None, factor, if at_once { self.weight } else { 1.0 });
        let gradient_of =
            |matrix, vector| FeatureGradient { matrix: Some(matrix), vector, ..FeatureGradient::default() };
        let own = alone.then(|| gradient_of(term.matrix.clone(), term.vector.clone()));
        let gradient = counts.then(|| match at_once {
            true => gradient_of(term.matrix, term.vector),
            false => gradient_of(term.matrix * self.weight, term.vector.map(|vector| vector * self.weight)),
        });
        Some(TermEvaluation { value: term.value, gradient, alone: own })
    }
}
