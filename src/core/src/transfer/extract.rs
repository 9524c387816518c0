//! What one layer alone holds of a picture, made visible: the texture that has the style's statistics in that layer, and the
//! picture that has the content's features in it, both from noise (Gatys, Ecker & Bethge, CVPR 2016, figure 1; Mahendran &
//! Vedaldi, CVPR 2015).
//!
//! Minimised are the balanced objective's term of the layer, a little smoothness, and how far colours leave their range;
//! by L-BFGS over the coefficients of a [`Spectrum`].

use std::{collections::BTreeMap, fmt, sync::Arc};

use burn::tensor::{Device as TensorDevice, Tensor};
use image::RgbImage;
use sha2::{Digest, Sha256};

use super::{
    Dimensions, TransferError, lbfgs::Lbfgs, noise::noise, space::upload, spectrum::Spectrum, targets,
};
use crate::{
    objective::{Moments, StyleAim, smoothness_gradient},
    settings::{Objective, Padding, Pooling, Precision, Settings, Smoothness, Statistic},
};
use impasto_network::{
    compute::{FeatureGradient, Features, Network, read_picture},
    vgg::{Layer, Weights},
};

/// Counts up with whatever makes extracts come out otherwise.
const VERSION: u32 = 1;
/// Seed of the noise.
const SEED: u64 = 1;

/// What is made of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExtractKind {
    /// A texture with the styles' statistics in the layer.
    Texture,
    /// A picture with the content's features in the layer.
    Reconstruction,
}

/// What is made of which layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sight {
    pub kind: ExtractKind,
    pub layer: Layer,
}

impl Sight {
    /// The texture of a layer.
    pub fn texture(layer: Layer) -> Self {
        Self { kind: ExtractKind::Texture, layer }
    }

    /// The reconstruction from a layer.
    pub fn reconstruction(layer: Layer) -> Self {
        Self { kind: ExtractKind::Reconstruction, layer }
    }
}

/// The network that looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eye {
    /// SHA-256 of the weights, in hexadecimal.
    pub weights: String,
    pub padding: Padding,
    pub pooling: Pooling,
    /// As it was asked for: a device that has no fast precision computes in full instead.
    pub precision: Precision,
}

/// An order for an extract.
#[derive(Clone)]
pub struct Extract {
    pub sight: Sight,
    /// The styles with their weights, or the content with any.
    pub pictures: Arc<Vec<(RgbImage, f64)>>,
    /// Shape of what is made, in pixels.
    pub shape: Dimensions,
    pub eye: Eye,
    /// SHA-256 of all that it depends on, in hexadecimal.
    pub key: String,
}

impl Extract {
    /// An order; the pictures have the size in which the network is to see them, and shorter sides of
    /// [`Layer::stride`] and 2 at least.
    pub fn new(sight: Sight, pictures: Arc<Vec<(RgbImage, f64)>>, shape: Dimensions, eye: Eye) -> Self {
        let mut hash = Sha256::new();
        let Eye { weights, padding, pooling, precision } = &eye;
        hash.update(format!("{VERSION} {sight:?} {shape:?} {weights} {padding} {pooling} {precision}"));
        for (picture, weight) in pictures.iter() {
            hash.update(format!(" {:?} {weight:?} ", picture.dimensions()));
            hash.update(picture.as_raw());
        }
        let key = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { sight, pictures, shape, eye, key }
    }
}

impl fmt::Debug for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extract")
            .field("sight", &self.sight)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// How an extract is made.
#[derive(Clone, Copy, Debug)]
struct Recipe {
    /// See [`Spectrum::new`].
    slope: f64,
    /// Weight of the smoothness.
    smoothness: f64,
    steps: u32,
}

impl Recipe {
    /// Found by looking: with a slope of 0 grain stays grain, and larger forms are lost in it. Deep layers leave fine
    /// patterns free, which smoothness removes.
    fn of(Sight { kind, layer }: Sight) -> Self {
        let (slope, smoothness, steps) = match (kind, layer.block()) {
            (ExtractKind::Texture, 1) => (0.0, 0.0, 60),
            (ExtractKind::Texture, 2) => (0.5, 0.0, 80),
            (ExtractKind::Texture, 3) => (1.0, 0.02, 100),
            (ExtractKind::Texture, 4) => (1.0, 0.1, 120),
            (ExtractKind::Texture, _) => (1.0, 0.3, 150),
            (ExtractKind::Reconstruction, 1 | 2) => (1.0, 0.05, 100),
            (ExtractKind::Reconstruction, 3) => (1.0, 0.3, 120),
            (ExtractKind::Reconstruction, _) => (1.0, 1.0, 120),
        };
        Self { slope, smoothness, steps }
    }
}

/// Weight of the squares of what lies outside of 0 to 1, as a mean over all values.
const OUTSIDE: f64 = 1.0;

enum Aim {
    Style(Box<StyleAim>),
    Content { features: Box<Features>, energy: f64 },
}

/// How far an extract is.
#[derive(Clone, Debug)]
pub struct ExtractState {
    pub picture: RgbImage,
    /// Steps made, and steps to make.
    pub steps: u32,
    pub of: u32,
    /// The layer's term: ‖G−G*‖²/‖G*‖² of a texture, Σ(F−F*)²/Σ(F*)² of a reconstruction.
    pub error: f64,
}

impl ExtractState {
    /// Whether it is as good as it gets.
    pub fn is_done(&self) -> bool {
        self.steps >= self.of
    }
}

/// An extract in the making. It borrows the network for each step, which the run that rests may hold.
pub struct Extraction {
    layer: Layer,
    recipe: Recipe,
    aim: Aim,
    spectrum: Spectrum,
    coefficients: Tensor<4>,
    optimizer: Lbfgs,
    settings: Settings,
    steps: u32,
    /// The layer's term at the last iterate `[1]`.
    error: Option<Tensor<1>>,
}

impl Extraction {
    /// Looks at the pictures.
    ///
    /// # Errors
    ///
    /// When a picture, or what is made, is too narrow for the layer.
    pub fn new(
        network: &mut Network,
        weights: &Weights,
        device: &TensorDevice,
        extract: &Extract,
    ) -> Result<Self, TransferError> {
        let Sight { kind, layer } = extract.sight;
        let what = if kind == ExtractKind::Texture { "style" } else { "content" };
        let shapes = extract.pictures.iter().map(|(picture, _)| picture.dimensions()).chain([extract.shape]);
        for (width, height) in shapes {
            if (width.min(height) as usize) < layer.stride().max(2) {
                let (width, height) = (width as usize, height as usize);
                return Err(TransferError::TooNarrow { what, width, height, layer });
            }
        }
        let (first, _) = extract.pictures.first().ok_or(TransferError::NoStyle)?;
        network.extend(weights, layer);
        let features = |picture: &RgbImage| {
            let mut features = network.features(upload(picture, device), &[layer]);
            features.pop().expect("one layer was asked for").1
        };
        let aim = match kind {
            ExtractKind::Texture => {
                let each: Vec<Option<Moments>> = extract
                    .pictures
                    .iter()
                    .map(|(picture, _)| Some(Moments::of(&features(picture))))
                    .collect();
                let shares: Vec<f64> = extract.pictures.iter().map(|(_, share)| *share).collect();
                let moments = targets::blend(&each, &shares).expect("each picture has its moments");
                Aim::Style(Box::new(StyleAim::new(moments, Statistic::Gram)))
            }
            ExtractKind::Reconstruction => {
                let features = features(first);
                Aim::Content { energy: features.energy(), features: Box::new(features) }
            }
        };
        network.forget_sizes();
        let recipe = Recipe::of(extract.sight);
        let (width, height) = extract.shape;
        Ok(Self {
            layer,
            recipe,
            aim,
            spectrum: Spectrum::new(extract.shape, recipe.slope, device),
            coefficients: upload(&noise(width, height, SEED), device) - 0.5,
            optimizer: Lbfgs::new(),
            settings: Settings { learning_rate: 0.05, history: 15, ..Settings::default() },
            steps: 0,
            error: None,
        })
    }

    /// The image `[1, 3, H, W]` of coefficients, around mid grey.
    fn image(&self, coefficients: Tensor<4>) -> Tensor<4> {
        self.spectrum.image(coefficients) + 0.5
    }

    /// One evaluation of the objective, and the optimizer's move.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn step(&mut self, network: &Network) -> Result<(), TransferError> {
        let image = self.image(self.coefficients.clone());
        let mut pulls = BTreeMap::new();
        let mut error = None;
        let factor = |energy| Objective::Balanced.style_factor(self.layer, 1, energy);
        let activations = network.forward(image.clone(), self.layer, |layer, features| {
            if layer != self.layer {
                return;
            }
            let (value, pull) = match &self.aim {
                Aim::Style(aim) => {
                    let term = aim.term(features, factor(aim.energy));
                    (
                        term.value,
                        FeatureGradient {
                            matrix: Some(term.matrix),
                            vector: term.vector,
                            ..FeatureGradient::default()
                        },
                    )
                }
                Aim::Content { features: target, energy } => {
                    let factor = Objective::Balanced.content_factor(layer, features.positions(), *energy);
                    let targets = vec![(Features::clone(target), 2.0 * factor)];
                    (
                        features.distance(target) * factor,
                        FeatureGradient { targets, ..FeatureGradient::default() },
                    )
                }
            };
            error = Some(value);
            pulls.insert(layer, pull);
        });
        let error = error.expect("the forward pass reaches the layer");
        let gradient = network.backward(activations, &pulls).unwrap_or_else(|| image.zeros_like());
        let outside = image.clone() - image.clone().clamp(0.0, 1.0);
        let share = OUTSIDE / image.shape().num_elements() as f64;
        let (rough, smoother) = smoothness_gradient(&image, Smoothness::Nine, false);
        let value = error.clone() + outside.clone().square().sum() * share + rough * self.recipe.smoothness;
        let gradient = gradient + outside * (2.0 * share) + smoother * self.recipe.smoothness;
        let gradient = self.spectrum.gradient(gradient);
        let step = self.optimizer.step(self.coefficients.clone(), gradient, value, &self.settings)?;
        self.coefficients = step.next;
        self.steps += 1;
        if step.accepted || self.error.is_none() {
            self.error = Some(error);
        }
        Ok(())
    }

    /// Whether all steps are made.
    pub fn is_done(&self) -> bool {
        self.steps >= self.recipe.steps
    }

    /// Waits for the device and reads how far it is.
    ///
    /// # Errors
    ///
    /// When the device fails or something is no longer finite.
    pub fn read(&self) -> Result<ExtractState, TransferError> {
        let image = self.image(self.optimizer.iterate().unwrap_or(&self.coefficients).clone());
        let [_, _, height, width] = image.dims();
        let numbers = self.error.clone().into_iter().collect();
        let shown = read_picture(image, numbers).map_err(TransferError::Device)?;
        let error = shown.numbers.first().map_or(f64::INFINITY, |&error| f64::from(error));
        if !shown.finite || error.is_nan() {
            return Err(TransferError::NotFinite { what: "the layer's picture", step: self.steps });
        }
        let picture =
            RgbImage::from_raw(width as u32, height as u32, shown.pixels).expect("three bytes per pixel");
        Ok(ExtractState { picture, steps: self.steps, of: self.recipe.steps, error })
    }
}
