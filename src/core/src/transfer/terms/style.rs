//! Style: how far a layer's statistics are from the styles'.

use super::{Evaluated, LayerTerm, Term};
use crate::{
    objective::StyleAim,
    settings::{Objective, Settings},
    transfer::targets::Targets,
};
use impasto_network::{
    compute::{FeatureGradient, Features},
    vgg::Layer,
};

pub struct Style<'a> {
    layer: Layer,
    target: &'a StyleAim,
    objective: Objective,
    /// β·w.
    weight: f64,
}

impl<'a> Style<'a> {
    pub fn at(layer: Layer, targets: &'a Targets, settings: &Settings) -> Option<Self> {
        let weight = settings.style_weight * settings.style_layers.get(layer)?;
        Some(Self { weight, ..Self::toward(layer, targets.style.get(&layer)?, settings) })
    }

    /// The term with another target than the run's, and without a weight.
    pub fn toward(layer: Layer, target: &'a StyleAim, settings: &Settings) -> Self {
        Self { layer, target, objective: settings.objective, weight: 0.0 }
    }
}

impl LayerTerm for Style<'_> {
    fn id(&self) -> Term {
        Term::Style(self.layer)
    }

    fn evaluate(&mut self, features: &Features, alone: bool) -> Option<Evaluated> {
        let factor = self.objective.style_factor(self.layer, features.positions(), self.target.energy);
        let counts = self.weight > 0.0;
        // One pass over the matrix, weight and all. If the term alone is wanted as well, it is weighted afterwards.
        let at_once = counts && !alone;
        let term = self.target.weighted(features, factor, if at_once { self.weight } else { 1.0 });
        let gradient_of =
            |matrix, vector| FeatureGradient { matrix: Some(matrix), vector, ..FeatureGradient::default() };
        let own = alone.then(|| gradient_of(term.matrix.clone(), term.vector.clone()));
        let gradient = counts.then(|| match at_once {
            true => gradient_of(term.matrix, term.vector),
            false => gradient_of(term.matrix * self.weight, term.vector.map(|vector| vector * self.weight)),
        });
        Some(Evaluated { value: term.value, gradient, alone: own })
    }
}
