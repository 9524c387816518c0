//! Evaluate the objective at a picture: its terms and its gradient.

use std::{collections::BTreeMap, sync::Arc};

use burn::tensor::Tensor;

use super::{
    LevelMasks, Term, TransferError,
    checkpoint::Cycle,
    feature_targets,
    freeze::Freeze,
    luminance::Luminance,
    planes::Planes,
    prepare::network_options,
    study::{LayerStudy, StudyFeatures, study},
    targets::{Replacement, Targets},
    term_values::Terms,
    terms::{self, LayerTerm as _, Style},
};
use crate::{
    objective::{Moments, StyleTarget},
    settings::{Effective, GlobalTerm, LayerWeights},
};
use impasto_network::{
    compute::{FeatureGradient, Features, LayerTime, Network},
    vgg::{Layer, Weights},
};

/// The network and the terms' targets at one size.
pub struct Evaluator {
    weights: Arc<Weights>,
    network: Network,
    targets: Targets,
    luminance: Luminance,
}

/// The objective at one picture.
pub struct Evaluation {
    pub terms: Terms,
    /// With respect to the image, `[1, 3, H, W]`; `None` if every weight is 0.
    pub gradient: Option<Tensor<4>>,
    /// Gradient of the measured term, unweighted; `None` if it is not computed.
    pub measured: Option<Tensor<4>>,
}

/// The content and style layers in use, and the deepest.
fn layers(settings: &Effective) -> (Vec<Layer>, Vec<Layer>, Option<Layer>) {
    let deepest = settings.deepest_active();
    // Measure a muted layer if the forward pass reaches it anyway; deeper ones are skipped.
    let reached = |weights: &LayerWeights| weights.down_to(deepest).collect();
    (reached(&settings.content_layers), reached(&settings.style_layers), deepest)
}

impl Evaluator {
    /// Compute the missing targets for the settings.
    ///
    /// `network` may have been used by an earlier run on this device with the same weights.
    ///
    /// # Errors
    ///
    /// If a picture's shorter side is too short for the deepest layer in use.
    pub fn new(
        weights: Arc<Weights>,
        network: Option<Network>,
        targets: Targets,
        settings: &Effective,
    ) -> Result<Self, TransferError> {
        let device = targets.content().device();
        let network = network
            .unwrap_or_else(|| Network::new(&weights, Layer::ALL[0], &device, network_options(settings)));
        let luminance = Luminance::new(&device);
        let mut evaluator = Self { weights, network, targets, luminance };
        evaluator.network.release_unused_memory();
        evaluator.prepare(settings)?;
        // Steps don't use the styles' sizes.
        evaluator.network.release_unused_memory();
        if let Some(deepest) = layers(settings).2 {
            evaluator.network.tune(evaluator.targets.content(), deepest);
        }
        Ok(evaluator)
    }

    /// Upload the weights and compute the targets that are missing for the settings.
    ///
    /// # Errors
    ///
    /// If a picture's shorter side is too short for the deepest layer in use; then nothing changes.
    pub fn prepare(&mut self, settings: &Effective) -> Result<(), TransferError> {
        let (content, style, deepest) = layers(settings);
        let Some(deepest) = deepest else { return Ok(()) };
        self.targets.check(deepest)?;
        let other_pooling = self.network.set_pooling(settings.pooling);
        self.network.extend(&self.weights, deepest);
        self.targets.ensure(&self.network, &content, &style, settings);
        if other_pooling {
            // Steps don't use the styles' sizes.
            self.network.release_unused_memory();
        }
        Ok(())
    }

    /// The terms' targets.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The terms' targets, to change what they aim at between two evaluations.
    pub fn targets_mut(&mut self) -> &mut Targets {
        &mut self.targets
    }

    /// Go on where a saved state was among the bases, with what is sorted anew from its picture.
    pub fn set_cycle(&mut self, saved: Option<&Cycle<Planes>>, settings: &Effective) {
        let Some(Cycle { turn, age, picture }) = saved else { return };
        self.targets.set_cycle(*turn, *age);
        let (Some(picture), Some(deepest)) = (picture, settings.global_layers().max()) else { return };
        let picture = picture.tensor(&self.targets.content().device());
        let targets = &mut self.targets;
        self.network.forward(picture.clone(), deepest, |layer, features| {
            for mut term in targets.terms_at(layer, settings) {
                if term.id() == Term::Global(GlobalTerm::Sliced) {
                    term.evaluate(features, false);
                }
            }
        });
        self.targets.evaluated(&picture);
    }

    /// See [`Targets::set_masks`].
    pub fn set_masks(&mut self, masks: Option<LevelMasks>) -> Option<LevelMasks> {
        self.targets.set_masks(masks)
    }

    /// See [`Targets::masks`].
    pub fn masks(&self) -> Option<&LevelMasks> {
        self.targets.masks()
    }

    /// What the masks freeze, if anything.
    pub fn freeze(&self) -> Option<Freeze> {
        self.targets.freeze()
    }

    /// See [`Targets::halfway`].
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn halfway(&self) -> Result<Tensor<4>, TransferError> {
        self.targets.halfway()
    }

    /// The unweighted gradient `[1, 3, H, W]` of each term alone at an image `[1, 3, H, W]`; `None` for a
    /// term of which regions leave nothing. Only for terms with a layer.
    ///
    /// # Panics
    ///
    /// If a term was not prepared.
    pub fn gradients(
        &mut self,
        image: &Tensor<4>,
        wanted: &[Term],
        settings: &Effective,
    ) -> Vec<Option<Tensor<4>>> {
        let layer_of = |term: &Term| match *term {
            Term::Content(layer) | Term::Style(layer) => Some(layer),
            Term::Global(_) => None,
        };
        let Some(deepest) = wanted.iter().filter_map(layer_of).max() else { return Vec::new() };
        let image = if settings.luminance_only { self.luminance.of(image) } else { image.clone() };
        let mut gradients: BTreeMap<Term, BTreeMap<Layer, FeatureGradient>> = BTreeMap::new();
        let (network, targets) = (&self.network, &mut self.targets);
        let activations = network.forward(image, deepest, |layer, features| {
            for mut term in targets.terms_at(layer, settings) {
                if wanted.contains(&term.id())
                    && let Some(alone) = term.evaluate(features, true).and_then(|term| term.alone)
                {
                    gradients.insert(term.id(), BTreeMap::from([(layer, alone)]));
                }
            }
        });
        let back = |term| {
            let gradient = self.network.backward(activations.clone(), gradients.get(term)?)?;
            Some(if settings.luminance_only { self.luminance.gradient(&gradient) } else { gradient })
        };
        wanted.iter().map(back).collect()
    }

    /// Replace images, and compute their targets for the settings. If it `fades`, the former targets are kept
    /// for [`Evaluator::set_fade`].
    ///
    /// # Errors
    ///
    /// As [`Evaluator::check`]; then nothing changes.
    pub fn replace(
        &mut self,
        replacement: &Replacement,
        settings: &Effective,
        fades: bool,
    ) -> Result<(), TransferError> {
        self.check(replacement, settings)?;
        self.targets.replace(replacement, fades);
        self.network.release_unused_memory();
        self.prepare(settings)?;
        // Steps don't use the styles' sizes.
        self.network.release_unused_memory();
        Ok(())
    }

    /// Check new images before they replace others.
    ///
    /// # Errors
    ///
    /// If an image's shorter side is too short for the deepest layer in use.
    pub fn check(&self, replacement: &Replacement, settings: &Effective) -> Result<(), TransferError> {
        layers(settings).2.map_or(Ok(()), |deepest| replacement.check(deepest))
    }

    /// Check the present images.
    ///
    /// # Errors
    ///
    /// As [`Evaluator::check`].
    pub fn check_layers(&self, settings: &Effective) -> Result<(), TransferError> {
        layers(settings).2.map_or(Ok(()), |deepest| self.targets.check(deepest))
    }

    /// Set the share of the new targets, 0 to 1, during a fade.
    pub fn set_fade(&mut self, share: f64, settings: &Effective) {
        self.targets.set_fade(share, settings);
    }

    /// End a fade: only the new targets remain.
    ///
    /// # Errors
    ///
    /// As [`Evaluator::prepare`].
    pub fn end_fade(&mut self, settings: &Effective) -> Result<(), TransferError> {
        self.targets.end_fade();
        self.prepare(settings)
    }

    /// Blend the styles again if their weights have changed; returns whether they have. Weights for another
    /// number of styles are ignored.
    pub fn blend(&mut self, style_weights: &[f64], settings: &Effective) -> bool {
        self.targets.blend(style_weights, settings)
    }

    /// Evaluate the terms and the gradient at an image `[1, 3, H, W]`, and the gradient of one `measured`
    /// term alone, which takes a second backward pass over the same activations.
    pub fn evaluate(
        &mut self,
        image: &Tensor<4>,
        settings: &Effective,
        measured: Option<Term>,
    ) -> Evaluation {
        if !settings.luminance_only {
            return self.evaluate_seen(image, settings, measured);
        }
        let seen = self.luminance.of(image);
        let Evaluation { terms, gradient, measured } = self.evaluate_seen(&seen, settings, measured);
        let back = |gradient: Option<Tensor<4>>| gradient.map(|gradient| self.luminance.gradient(&gradient));
        Evaluation { terms, gradient: back(gradient), measured: back(measured) }
    }

    /// As [`Evaluator::evaluate`], with respect to the network's input image.
    fn evaluate_seen(
        &mut self,
        image: &Tensor<4>,
        settings: &Effective,
        measured: Option<Term>,
    ) -> Evaluation {
        let (.., deepest) = layers(settings);
        let mut values = Terms::default();
        let mut gradients: BTreeMap<Layer, FeatureGradient> = BTreeMap::new();
        let mut alone: BTreeMap<Layer, FeatureGradient> = BTreeMap::new();
        let mut look = |layer: Layer, features: &Features| {
            let mut sum = FeatureGradient::default();
            for mut term in self.targets.terms_at(layer, settings) {
                let id = term.id();
                let Some(term) = term.evaluate(features, measured == Some(id)) else { continue };
                values.push(id, term.value);
                if let Some(gradient) = term.gradient {
                    sum.add(gradient);
                }
                if let Some(own) = term.alone {
                    alone.insert(layer, own);
                }
            }
            if !sum.is_empty() {
                gradients.insert(layer, sum);
            }
        };
        let activations = deepest.map(|deepest| self.network.forward(image.clone(), deepest, &mut look));
        self.targets.evaluated(image);
        let mut measured_gradient = match &activations {
            Some(activations) if !alone.is_empty() => self.network.backward(activations.clone(), &alone),
            _ => None,
        };
        let mut gradient = activations.and_then(|activations| self.network.backward(activations, &gradients));
        for (id, evaluate) in terms::of_image(settings) {
            let (value, own) = evaluate(image, settings);
            values.push(id, value);
            if measured == Some(id) {
                measured_gradient = Some(own.clone());
            }
            let own = own * id.weight(settings);
            gradient = Some(match gradient {
                Some(gradient) => gradient + own,
                None => own,
            });
        }
        Evaluation { terms: values, gradient, measured: measured_gradient }
    }

    /// Analyse a layer, used or not, at an image `[1, 3, H, W]`.
    ///
    /// # Errors
    ///
    /// If a picture's shorter side is too short for the layer, or the device fails.
    pub fn study(
        &mut self,
        image: &Tensor<4>,
        layer: Layer,
        settings: &Effective,
    ) -> Result<LayerStudy, TransferError> {
        self.targets.check(layer)?;
        self.network.extend(&self.weights, layer);
        let first = |image: &Tensor<4>| {
            let mut features = self.network.features(image.clone(), &[layer]);
            features.pop().expect("one layer was asked for").1
        };
        let content = first(self.targets.content());
        // Show the maps of the style with the largest share; the target blends all styles.
        let each: Vec<Features> = self.targets.styles().iter().map(first).collect();
        let weights = self.targets.style_weights();
        let largest = (0..each.len()).max_by(|&a, &b| weights[a].total_cmp(&weights[b])).unwrap_or(0);
        let moments: Vec<Option<Moments>> = each.iter().map(|features| Some(Moments::of(features))).collect();
        let blended = feature_targets::blend(&moments, weights).expect("a run has at least one style");
        let style_target = StyleTarget::new(blended, settings.style_statistic());
        let mut picture = None;
        let mut gradients = BTreeMap::new();
        let activations = self.network.forward(image.clone(), layer, |at, features| {
            if at == layer {
                let term = Style::with_target(layer, &style_target, settings).evaluate(features, true);
                gradients.extend(term.and_then(|term| term.alone).map(|alone| (layer, alone)));
                picture = Some(features.clone());
            }
        });
        let picture = picture.expect("the forward pass reaches the layer");
        let seen = StudyFeatures {
            content: &content,
            style: &each[largest],
            picture: &picture,
            target: &style_target.moments,
        };
        let gradient = self.network.backward(activations, &gradients).unwrap_or_else(|| image.zeros_like());
        let study = study(layer, &seen, gradient);
        self.network.release_unused_memory();
        study
    }

    /// Time each convolution alone, up to the deepest in use.
    pub fn time_layers(&self, image: Tensor<4>, settings: &Effective) -> Vec<LayerTime> {
        let Some(deepest) = layers(settings).2 else { return Vec::new() };
        self.network.time_layers(image, deepest)
    }

    /// The network, for other work between two evaluations.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    /// Return the network and the targets for reuse, without a fade and without what the picture aimed at.
    pub fn into_parts(mut self) -> (Network, Targets) {
        self.targets.end_fade();
        self.targets.forget_aims();
        (self.network, self.targets)
    }
}
