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
    term_values::Terms,
    terms::{self, LayerTerm as _, Style},
};
use crate::{
    objective::{Moments, StyleAim},
    settings::{Effective, LayerWeights},
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
fn layers(settings: &Effective) -> (Vec<Layer>, Vec<Layer>, Option<Layer>) {
    let active = |factor: f64, weights: &LayerWeights| {
        weights.iter().filter(|&(_, weight)| factor * weight > 0.0).map(|(layer, _)| layer).max()
    };
    let deepest = active(settings.content_weight, &settings.content_layers)
        .max(active(settings.style_weight, &settings.style_layers))
        .max(settings.global_layers().max());
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
        settings: &Effective,
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
    pub fn prepare(&mut self, settings: &Effective) -> Result<(), TransferError> {
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
    pub fn gradients(&mut self, image: &Tensor<4>, wanted: &[Term], settings: &Effective) -> Vec<Tensor<4>> {
        let layer_of = |term: &Term| match *term {
            Term::Content(layer) | Term::Style(layer) => Some(layer),
            Term::Global(_) => None,
        };
        let Some(deepest) = wanted.iter().filter_map(layer_of).max() else { return Vec::new() };
        let image = if settings.luminance_only { self.luminance.of(image) } else { image.clone() };
        let mut gradients: BTreeMap<Term, BTreeMap<Layer, FeatureGradient>> = BTreeMap::new();
        let (network, aims) = (&self.network, &mut self.aims);
        let activations = network.forward(image, deepest, |layer, features| {
            for mut term in aims.terms_at(layer, settings) {
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
        wanted.iter().filter_map(back).collect()
    }

    /// Takes other images of some styles, by their index, and computes what the settings need of them.
    ///
    /// # Errors
    ///
    /// When an image's shorter side is too short for the deepest layer in use; nothing has changed then.
    pub fn replace_styles(
        &mut self,
        replaced: &[(usize, RgbImage)],
        settings: &Effective,
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
    pub fn blend(&mut self, style_weights: &[f64], settings: &Effective) -> bool {
        self.aims.blend(style_weights, settings)
    }

    /// The terms and the gradient at an image `[1, 3, H, W]`, and the gradient of one `measured` term alone: the backward
    /// pass is linear in the gradients, so that takes another one over what the same forward pass has left.
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

    /// The same with respect to the image that the network sees.
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
            for mut term in self.aims.terms_at(layer, settings) {
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

    /// Looks into a layer, whether it is in use or not, at an image `[1, 3, H, W]`.
    ///
    /// # Errors
    ///
    /// When a picture's shorter side is too short for the layer, or the device fails.
    pub fn study(
        &mut self,
        image: &Tensor<4>,
        layer: Layer,
        settings: &Effective,
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
        let mut gradients = BTreeMap::new();
        let activations = self.network.forward(image.clone(), layer, |at, features| {
            if at == layer {
                let term = Style::toward(layer, &aim, settings).evaluate(features, true);
                gradients.extend(term.and_then(|term| term.alone).map(|alone| (layer, alone)));
                picture = Some(features.clone());
            }
        });
        let picture = picture.expect("the forward pass reaches the layer");
        let seen = Seen { content: &content, style: &each[largest], picture: &picture, target: &aim.moments };
        let gradient = self.network.backward(activations, &gradients).unwrap_or_else(|| image.zeros_like());
        let study = study(layer, &seen, gradient);
        self.network.forget_sizes();
        study
    }

    /// Times each convolution up to the deepest in use alone.
    pub fn time_layers(&self, image: Tensor<4>, settings: &Effective) -> Vec<LayerTime> {
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
