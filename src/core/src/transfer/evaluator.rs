//! The objective at a picture: its terms and its gradient.

use std::{collections::BTreeMap, sync::Arc};

use burn::tensor::Tensor;
use image::RgbImage;

use super::{
    Term, TransferError,
    aims::Aims,
    luminance::Luminance,
    prepare::network_options,
    study::{LayerStudy, Seen, study},
    targets,
    terms::Terms,
};
use crate::{
    objective::{Moments, StyleAim, smoothness_gradient},
    settings::{LayerWeights, Padding, Settings},
};
use impasto_network::{
    compute::{FeatureGradient, Features, LayerTime, Network},
    vgg::{Layer, Weights},
};

/// The network, and what the terms aim at in one size.
pub struct Evaluator {
    weights: Arc<Weights>,
    network: Network,
    aims: Aims,
    luminance: Luminance,
}

/// The objective at one picture.
pub struct Evaluation {
    pub terms: Terms,
    /// With respect to the image, `[1, 3, H, W]`; `None` when every weight is 0.
    pub gradient: Option<Tensor<4>>,
    /// The same of the term that was to be measured, before its weight; `None` where it is not computed.
    pub measured: Option<Tensor<4>>,
}

/// The layers that the settings use, and the deepest.
fn layers(settings: &Settings) -> (Vec<Layer>, Vec<Layer>, Option<Layer>) {
    let active = |factor: f64, weights: &LayerWeights| {
        weights.iter().filter(|&(_, weight)| factor * weight > 0.0).map(|(layer, _)| layer).max()
    };
    let deepest = active(settings.content_weight, &settings.content_layers)
        .max(active(settings.style_weight, &settings.style_layers))
        .max(settings.histogram_layers().iter().copied().max());
    // A muted layer is still measured if it lies on the way, and otherwise costs nothing.
    let reached = |weights: &LayerWeights| {
        weights.layers().filter(|&layer| deepest.is_some_and(|deepest| layer <= deepest)).collect()
    };
    (reached(&settings.content_layers), reached(&settings.style_layers), deepest)
}

impl Evaluator {
    /// Computes what the settings need of these aims, unless it is there already.
    ///
    /// `network` may have been used by an earlier run on this device with the same weights.
    ///
    /// # Errors
    ///
    /// When a picture's shorter side is too short for the deepest layer in use.
    pub fn new(
        weights: Arc<Weights>,
        network: Option<Network>,
        aims: Aims,
        settings: &Settings,
    ) -> Result<Self, TransferError> {
        let device = aims.content().device();
        let network = network
            .unwrap_or_else(|| Network::new(&weights, Layer::ALL[0], &device, network_options(settings)));
        let luminance = Luminance::new(&device);
        let mut evaluator = Self { weights, network, aims, luminance };
        evaluator.network.forget_sizes();
        evaluator.prepare(settings)?;
        // The styles' sizes do not come again in a step.
        evaluator.network.forget_sizes();
        if let Some(deepest) = layers(settings).2 {
            evaluator.network.tune(evaluator.aims.content(), deepest);
        }
        Ok(evaluator)
    }

    /// Uploads weights and computes targets that the settings need and that are not there yet.
    ///
    /// # Errors
    ///
    /// When a picture's shorter side is too short for the deepest layer in use; nothing has changed then.
    pub fn prepare(&mut self, settings: &Settings) -> Result<(), TransferError> {
        let (content, style, deepest) = layers(settings);
        let Some(deepest) = deepest else { return Ok(()) };
        self.aims.check(deepest)?;
        let other_pooling = self.network.set_pooling(settings.pooling);
        self.network.extend(&self.weights, deepest);
        self.aims.need(&self.network, &content, &style, settings);
        if other_pooling {
            // The styles' sizes do not come again in a step.
            self.network.forget_sizes();
        }
        Ok(())
    }

    /// The same for every layer in use, whatever its weight.
    ///
    /// # Errors
    ///
    /// As [`Evaluator::prepare`].
    pub fn prepare_all(&mut self, settings: &Settings) -> Result<(), TransferError> {
        let with = |layers: &LayerWeights| layers.with_weights(|_, _| 1.0).heard(false);
        self.prepare(&Settings {
            content_weight: 1.0,
            style_weight: 1.0,
            content_layers: with(&settings.content_layers),
            style_layers: with(&settings.style_layers),
            ..settings.clone()
        })
    }

    /// See [`Aims::halfway`].
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn halfway(&self) -> Result<Tensor<4>, TransferError> {
        self.aims.halfway()
    }

    /// The gradient `[1, 3, H, W]` of each term alone, before its weight, at an image `[1, 3, H, W]`. Terms without a layer
    /// have none here.
    ///
    /// # Panics
    ///
    /// When a term was not prepared for.
    pub fn gradients(&self, image: &Tensor<4>, terms: &[Term], settings: &Settings) -> Vec<Tensor<4>> {
        let layer_of = |term: &Term| match *term {
            Term::Content(layer) | Term::Style(layer) => Some(layer),
            Term::Smoothness | Term::Histogram => None,
        };
        let Some(deepest) = terms.iter().filter_map(layer_of).max() else { return Vec::new() };
        let image = if settings.luminance_only { self.luminance.of(image) } else { image.clone() };
        let mut pulls: BTreeMap<Term, BTreeMap<Layer, FeatureGradient>> = BTreeMap::new();
        let activations = self.network.forward(image, deepest, |layer, features| {
            for &term in terms.iter().filter(|term| layer_of(term) == Some(layer)) {
                let pull = match term {
                    Term::Style(_) => {
                        let aim = &self.aims.targets.style[&layer];
                        let factor = settings.objective.style_factor(layer, features.positions(), aim.energy);
                        let term = aim.term(features, factor);
                        FeatureGradient {
                            matrix: Some(term.matrix),
                            vector: term.vector,
                            ..FeatureGradient::default()
                        }
                    }
                    _ => {
                        let target = &self.aims.targets.content[&layer];
                        let factor =
                            settings.objective.content_factor(layer, features.positions(), target.unit);
                        FeatureGradient {
                            targets: vec![(target.features.clone(), 2.0 * factor)],
                            ..FeatureGradient::default()
                        }
                    }
                };
                pulls.insert(term, BTreeMap::from([(layer, pull)]));
            }
        });
        let back = |term| {
            let gradient = self.network.backward(activations.clone(), pulls.get(term)?)?;
            Some(if settings.luminance_only { self.luminance.gradient(&gradient) } else { gradient })
        };
        terms.iter().filter_map(back).collect()
    }

    /// Takes other images of some styles, by their index, and computes what the settings need of them.
    ///
    /// # Errors
    ///
    /// When an image's shorter side is too short for the deepest layer in use; nothing has changed then.
    pub fn replace_styles(
        &mut self,
        replaced: &[(usize, RgbImage)],
        settings: &Settings,
    ) -> Result<(), TransferError> {
        self.aims.replace_styles(replaced, layers(settings).2)?;
        self.network.forget_sizes();
        self.prepare(settings)?;
        // The styles' sizes do not come again in a step.
        self.network.forget_sizes();
        Ok(())
    }

    /// Blends the styles anew if their weights have changed, and says whether they have. Weights of another number of
    /// styles are ignored.
    pub fn blend(&mut self, style_weights: &[f64], settings: &Settings) -> bool {
        self.aims.blend(style_weights, settings)
    }

    /// The terms and the gradient at an image `[1, 3, H, W]`, and the gradient of one `measured` term alone: the backward
    /// pass is linear in the pulls, so that takes another one over what the same forward pass has left.
    pub fn evaluate(&mut self, image: &Tensor<4>, settings: &Settings, measured: Option<Term>) -> Evaluation {
        if !settings.luminance_only {
            return self.evaluate_seen(image, settings, measured);
        }
        let seen = self.luminance.of(image);
        let Evaluation { terms, gradient, measured } = self.evaluate_seen(&seen, settings, measured);
        let back = |gradient: Option<Tensor<4>>| gradient.map(|gradient| self.luminance.gradient(&gradient));
        Evaluation { terms, gradient: back(gradient), measured: back(measured) }
    }

    /// The same with respect to the image that the network sees.
    fn evaluate_seen(
        &mut self,
        image: &Tensor<4>,
        settings: &Settings,
        measured: Option<Term>,
    ) -> Evaluation {
        let (content, style, deepest) = layers(settings);
        let mut terms = Terms::default();
        let mut pulls: BTreeMap<Layer, FeatureGradient> = BTreeMap::new();
        let mut alone: BTreeMap<Layer, FeatureGradient> = BTreeMap::new();
        let mut look = |layer: Layer, features: &Features| {
            let mut pull = FeatureGradient::default();
            if content.contains(&layer) {
                let target = &self.aims.targets.content[&layer];
                let factor = settings.objective.content_factor(layer, features.positions(), target.unit);
                let weight = settings.content_layers.get(layer).unwrap_or(0.0);
                terms.push(Term::Content(layer), features.distance(&target.features) * factor);
                if measured == Some(Term::Content(layer)) {
                    let targets = vec![(target.features.clone(), 2.0 * factor)];
                    alone.insert(layer, FeatureGradient { targets, ..FeatureGradient::default() });
                }
                let factor = settings.content_weight * weight * factor;
                if factor > 0.0 {
                    pull.add_target(target.features.clone(), 2.0 * factor);
                }
            }
            if style.contains(&layer) {
                let aim = &self.aims.targets.style[&layer];
                let factor = settings.objective.style_factor(layer, features.positions(), aim.energy);
                let weight = settings.style_weight * settings.style_layers.get(layer).unwrap_or(0.0);
                let is_measured = measured == Some(Term::Style(layer));
                // Where the term alone is wanted as well, it is weighted afterwards.
                let at_once = !is_measured && weight > 0.0;
                let term = aim.weighted(features, factor, if at_once { weight } else { 1.0 });
                terms.push(Term::Style(layer), term.value);
                if is_measured {
                    let (matrix, vector) = (Some(term.matrix.clone()), term.vector.clone());
                    alone.insert(layer, FeatureGradient { matrix, vector, ..FeatureGradient::default() });
                }
                if weight > 0.0 {
                    let (matrix, vector) = match at_once {
                        true => (term.matrix, term.vector),
                        false => (term.matrix * weight, term.vector.map(|vector| vector * weight)),
                    };
                    pull.add_matrix(matrix);
                    if let Some(vector) = vector {
                        pull.add_vector(vector);
                    }
                }
            }
            if settings.histogram_layers().contains(&layer)
                && let Some((target, factor)) = self.aims.histograms.target(layer, features)
            {
                terms.push(Term::Histogram, features.distance(&target) * factor);
                let share = 1.0 / Layer::HISTOGRAM.len() as f64;
                if measured == Some(Term::Histogram) {
                    let targets = vec![(target.clone(), 2.0 * share * factor)];
                    alone.insert(layer, FeatureGradient { targets, ..FeatureGradient::default() });
                }
                let weight = settings.histogram_weight * share;
                pull.add_target(target, 2.0 * weight * factor);
            }
            if !pull.is_empty() {
                pulls.insert(layer, pull);
            }
        };
        let activations = deepest.map(|deepest| self.network.forward(image.clone(), deepest, &mut look));
        let mut measured_gradient = match &activations {
            Some(activations) if !alone.is_empty() => self.network.backward(activations.clone(), &alone),
            _ => None,
        };
        let mut gradient = activations.and_then(|activations| self.network.backward(activations, &pulls));
        if settings.smoothness_weight > 0.0 {
            let tile = settings.padding == Padding::Circular;
            let (value, pull) = smoothness_gradient(image, settings.smoothness, tile);
            terms.push(Term::Smoothness, value);
            if measured == Some(Term::Smoothness) {
                measured_gradient = Some(pull.clone());
            }
            let pull = pull * settings.smoothness_weight;
            gradient = Some(match gradient {
                Some(gradient) => gradient + pull,
                None => pull,
            });
        }
        Evaluation { terms, gradient, measured: measured_gradient }
    }

    /// Looks into a layer, whether it is in use or not, at an image `[1, 3, H, W]`.
    ///
    /// # Errors
    ///
    /// When a picture's shorter side is too short for the layer, or the device fails.
    pub fn study(
        &mut self,
        image: &Tensor<4>,
        layer: Layer,
        settings: &Settings,
    ) -> Result<LayerStudy, TransferError> {
        self.aims.check(layer)?;
        self.network.extend(&self.weights, layer);
        let first = |image: &Tensor<4>| {
            let mut features = self.network.features(image.clone(), &[layer]);
            features.pop().expect("one layer was asked for").1
        };
        let content = first(self.aims.content());
        // Of several styles the one with the largest share shows its maps; the target is that of all.
        let each: Vec<Features> = self.aims.styles().iter().map(first).collect();
        let weights = self.aims.style_weights();
        let largest = (0..each.len()).max_by(|&a, &b| weights[a].total_cmp(&weights[b])).unwrap_or(0);
        let moments: Vec<Option<Moments>> = each.iter().map(|features| Some(Moments::of(features))).collect();
        let blended = targets::blend(&moments, weights).expect("a run has at least one style");
        let aim = StyleAim::new(blended, settings.style_statistic());
        let mut picture = None;
        let mut pulls = BTreeMap::new();
        let activations = self.network.forward(image.clone(), layer, |at, features| {
            if at == layer {
                let factor = settings.objective.style_factor(layer, features.positions(), aim.energy);
                let term = aim.term(features, factor);
                let pull = FeatureGradient {
                    matrix: Some(term.matrix),
                    vector: term.vector,
                    ..FeatureGradient::default()
                };
                pulls.insert(layer, pull);
                picture = Some(features.clone());
            }
        });
        let picture = picture.expect("the forward pass reaches the layer");
        let seen = Seen { content: &content, style: &each[largest], picture: &picture, target: &aim.moments };
        let gradient = self.network.backward(activations, &pulls).unwrap_or_else(|| image.zeros_like());
        let study = study(layer, &seen, gradient);
        self.network.forget_sizes();
        study
    }

    /// Times each convolution up to the deepest in use alone.
    pub fn time_layers(&self, image: Tensor<4>, settings: &Settings) -> Vec<LayerTime> {
        let Some(deepest) = layers(settings).2 else { return Vec::new() };
        self.network.time_layers(image, deepest)
    }

    /// The network, for something else between two evaluations.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    /// Gives the network back for the next run, and the aims for when this size comes again.
    pub fn into_parts(self) -> (Network, Aims) {
        (self.network, self.aims)
    }
}
