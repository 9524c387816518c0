//! Style: the distance of a layer's statistics to the styles', in each part of the picture.

use super::{LayerTerm, Part, Term, TermEvaluation};
use crate::{
    objective::StyleTarget,
    settings::{Objective, Settings},
    transfer::{feature_targets::FeatureTargets, masks::LayerMasks},
};
use impasto_network::{
    compute::{FeatureGradient, Features},
    vgg::Layer,
};

pub struct Style<'a> {
    layer: Layer,
    parts: Vec<(Part<'a>, &'a StyleTarget)>,
    objective: Objective,
    /// β·w.
    weight: f64,
}

impl<'a> Style<'a> {
    /// `None` if no part has a style.
    pub fn at(
        layer: Layer,
        targets: &'a FeatureTargets,
        masks: Option<&'a LayerMasks>,
        settings: &Settings,
    ) -> Option<Self> {
        let weight = settings.style_weight * settings.style_layers.get(layer)?;
        let targets = targets.style.get(&layer)?;
        let regions: Vec<_> = settings.masks.painted().collect();
        let with_target = |mut part: Part<'a>| {
            if let Some(region) = part.index.checked_sub(1).and_then(|index| regions.get(index)) {
                part.share *= region.layer_factor(layer);
            }
            if part.share == 0.0 {
                return None;
            }
            let target = targets.get(part.index)?.as_ref()?;
            Some((part, target))
        };
        let parts: Vec<_> = LayerMasks::parts(masks, settings).into_iter().filter_map(with_target).collect();
        (!parts.is_empty()).then_some(Self { layer, parts, objective: settings.objective, weight })
    }

    /// The unweighted term of the whole picture with another target than the run's.
    pub fn with_target(layer: Layer, target: &'a StyleTarget, settings: &Settings) -> Self {
        let whole = LayerMasks::parts(None, settings);
        let parts = whole.into_iter().map(|part| (part, target)).collect();
        Self { layer, parts, objective: settings.objective, weight: 0.0 }
    }

    /// Evaluate it in one part of the picture.
    fn evaluate_part(
        &self,
        (part, target): &(Part, &StyleTarget),
        features: &Features,
        alone: bool,
    ) -> TermEvaluation {
        let factor = self.objective.style_factor(self.layer, features.positions(), target.energy);
        let counts = self.weight > 0.0;
        // One pass over the matrix, including the weight. If the unweighted gradient is needed too, weight it
        // afterwards.
        let at_once = counts && !alone;
        let weight = if at_once { self.weight } else { 1.0 };
        let term = target.weighted(features, part.weights, factor, weight * part.share);
        let gradient_of = |matrix, vector| {
            let whole = FeatureGradient { matrix: Some(matrix), vector, ..FeatureGradient::default() };
            whole.weighted_by(part.weights)
        };
        let own = alone.then(|| gradient_of(term.matrix.clone(), term.vector.clone()));
        let gradient = counts.then(|| match at_once {
            true => gradient_of(term.matrix, term.vector),
            false => gradient_of(term.matrix * self.weight, term.vector.map(|vector| vector * self.weight)),
        });
        let value = if part.share == 1.0 { term.value } else { term.value * part.share };
        TermEvaluation { value, gradient, alone: own }
    }
}

impl LayerTerm for Style<'_> {
    fn id(&self) -> Term {
        Term::Style(self.layer)
    }

    fn evaluate(&mut self, features: &Features, alone: bool) -> Option<TermEvaluation> {
        let parts = self.parts.iter().map(|part| self.evaluate_part(part, features, alone));
        parts.reduce(TermEvaluation::plus)
    }
}
