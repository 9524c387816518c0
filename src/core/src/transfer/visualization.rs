//! Visualize a layer: the texture with the style's statistics in that layer, and the reconstruction from the
//! content's features in it (feature inversion), both from noise (Gatys, Ecker & Bethge, CVPR 2016, figure 1;
//! Mahendran & Vedaldi, CVPR 2015).
//!
//! L-BFGS minimises the balanced objective's term of the layer, a little smoothness, and a penalty on colours
//! outside of their range, over the coefficients of a [`Spectrum`].

use std::{collections::BTreeMap, fmt, sync::Arc};

use burn::tensor::{Device as TensorDevice, Tensor};
use image::RgbImage;
use sha2::{Digest, Sha256};

use super::{
    Dimensions, TransferError, feature_targets, lbfgs::Lbfgs, noise::noise, space::upload, spectrum::Spectrum,
};
use crate::{
    objective::{Moments, StyleTarget, smoothness_gradient},
    settings::{Objective, Padding, Pooling, Precision, Settings, Smoothness, Statistic},
};
use impasto_network::{
    compute::{FeatureGradient, Features, Network, read_picture},
    vgg::{Layer, Weights},
};

/// Increment when the results change.
const VERSION: u32 = 1;
/// Seed of the noise.
const SEED: u64 = 1;

/// Kind of visualization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VisualizationKind {
    /// A texture with the styles' statistics in the layer.
    Texture,
    /// Feature inversion: a picture with the content's features in the layer.
    Reconstruction,
}

/// A visualization of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerVisualization {
    pub kind: VisualizationKind,
    pub layer: Layer,
}

impl LayerVisualization {
    /// The texture of a layer.
    pub fn texture(layer: Layer) -> Self {
        Self { kind: VisualizationKind::Texture, layer }
    }

    /// The reconstruction from a layer.
    pub fn reconstruction(layer: Layer) -> Self {
        Self { kind: VisualizationKind::Reconstruction, layer }
    }
}

/// Configuration of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// SHA-256 of the weights, in hexadecimal.
    pub weights: String,
    pub padding: Padding,
    pub pooling: Pooling,
    /// As requested: a device without fast precision uses full precision instead.
    pub precision: Precision,
}

/// A visualization job.
#[derive(Clone)]
pub struct VisualizationJob {
    pub visualization: LayerVisualization,
    /// The styles with their weights, or the content with any weight.
    pub pictures: Arc<Vec<(RgbImage, f64)>>,
    /// Shape of the result in pixels.
    pub shape: Dimensions,
    pub network: NetworkConfig,
    /// SHA-256 of all inputs, in hexadecimal.
    pub key: String,
}

impl VisualizationJob {
    /// A job with pictures in the network's input size, whose shorter sides are at least [`Layer::stride`]
    /// and 2.
    pub fn new(
        visualization: LayerVisualization,
        pictures: Arc<Vec<(RgbImage, f64)>>,
        shape: Dimensions,
        network: NetworkConfig,
    ) -> Self {
        let mut hash = Sha256::new();
        let NetworkConfig { weights, padding, pooling, precision } = &network;
        let LayerVisualization { kind, layer } = visualization;
        // "Sight" keeps the keys of pictures that earlier versions have stored.
        let subject = format!("Sight {{ kind: {kind:?}, layer: {layer:?} }}");
        hash.update(format!("{VERSION} {subject} {shape:?} {weights} {padding} {pooling} {precision}"));
        for (picture, weight) in pictures.iter() {
            hash.update(format!(" {:?} {weight:?} ", picture.dimensions()));
            hash.update(picture.as_raw());
        }
        let key = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { visualization, pictures, shape, network, key }
    }
}

impl fmt::Debug for VisualizationJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VisualizationJob")
            .field("visualization", &self.visualization)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// Parameters of the optimisation.
#[derive(Clone, Copy, Debug)]
struct Recipe {
    /// See [`Spectrum::new`].
    slope: f64,
    /// Weight of the smoothness term.
    smoothness: f64,
    steps: u32,
}

impl Recipe {
    /// Chosen by eye: a slope of 0 keeps noise, in which larger forms are lost. Deep layers don't constrain
    /// fine patterns, which smoothness removes.
    fn of(LayerVisualization { kind, layer }: LayerVisualization) -> Self {
        let (slope, smoothness, steps) = match (kind, layer.block()) {
            (VisualizationKind::Texture, 1) => (0.0, 0.0, 60),
            (VisualizationKind::Texture, 2) => (0.5, 0.0, 80),
            (VisualizationKind::Texture, 3) => (1.0, 0.02, 100),
            (VisualizationKind::Texture, 4) => (1.0, 0.1, 120),
            (VisualizationKind::Texture, _) => (1.0, 0.3, 150),
            (VisualizationKind::Reconstruction, 1 | 2) => (1.0, 0.05, 100),
            (VisualizationKind::Reconstruction, 3) => (1.0, 0.3, 120),
            (VisualizationKind::Reconstruction, _) => (1.0, 1.0, 120),
        };
        Self { slope, smoothness, steps }
    }
}

/// Weight of the mean square of the excess outside of 0 to 1.
const OUTSIDE: f64 = 1.0;

enum VisualizationTarget {
    Style(Box<StyleTarget>),
    Content { features: Box<Features>, energy: f64 },
}

/// Result so far of a visualization.
#[derive(Clone, Debug)]
pub struct VisualizationState {
    pub picture: RgbImage,
    /// Steps done, and total steps.
    pub steps: u32,
    pub of: u32,
    /// The layer's term: ‖G−G*‖²/‖G*‖² of a texture, Σ(F−F*)²/Σ(F*)² of a reconstruction.
    pub error: f64,
}

impl VisualizationState {
    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        self.steps >= self.of
    }
}

/// A running visualization. It borrows the network for each step, which may belong to a resting run.
pub struct VisualizationRun {
    layer: Layer,
    recipe: Recipe,
    target: VisualizationTarget,
    spectrum: Spectrum,
    coefficients: Tensor<4>,
    optimizer: Lbfgs,
    settings: Settings,
    steps: u32,
    /// The layer's term at the last iterate `[1]`.
    error: Option<Tensor<1>>,
}

impl VisualizationRun {
    /// Compute the targets from the pictures.
    ///
    /// # Errors
    ///
    /// If a picture or the result's shape is too narrow for the layer.
    pub fn new(
        network: &mut Network,
        weights: &Weights,
        device: &TensorDevice,
        job: &VisualizationJob,
    ) -> Result<Self, TransferError> {
        let LayerVisualization { kind, layer } = job.visualization;
        let what = if kind == VisualizationKind::Texture { "style" } else { "content" };
        let shapes = job.pictures.iter().map(|(picture, _)| picture.dimensions()).chain([job.shape]);
        for (width, height) in shapes {
            if (width.min(height) as usize) < layer.stride().max(2) {
                let (width, height) = (width as usize, height as usize);
                return Err(TransferError::TooNarrow { what, width, height, layer });
            }
        }
        let (first, _) = job.pictures.first().ok_or(TransferError::NoStyle)?;
        network.extend(weights, layer);
        let features = |picture: &RgbImage| {
            let mut features = network.features(upload(picture, device), &[layer]);
            features.pop().expect("one layer was asked for").1
        };
        let target = match kind {
            VisualizationKind::Texture => {
                let each: Vec<Option<Moments>> =
                    job.pictures.iter().map(|(picture, _)| Some(Moments::of(&features(picture)))).collect();
                let shares: Vec<f64> = job.pictures.iter().map(|(_, share)| *share).collect();
                let moments = feature_targets::blend(&each, &shares).expect("each picture has its moments");
                VisualizationTarget::Style(Box::new(StyleTarget::new(moments, Statistic::Gram)))
            }
            VisualizationKind::Reconstruction => {
                let features = features(first);
                VisualizationTarget::Content { energy: features.energy(), features: Box::new(features) }
            }
        };
        network.release_unused_memory();
        let recipe = Recipe::of(job.visualization);
        let (width, height) = job.shape;
        Ok(Self {
            layer,
            recipe,
            target,
            spectrum: Spectrum::new(job.shape, recipe.slope, device),
            coefficients: upload(&noise(width, height, SEED), device) - 0.5,
            optimizer: Lbfgs::new(),
            settings: Settings { learning_rate: 0.05, history: 15, ..Settings::default() },
            steps: 0,
            error: None,
        })
    }

    /// The image `[1, 3, H, W]` of the coefficients, around mid grey.
    fn image(&self, coefficients: Tensor<4>) -> Tensor<4> {
        self.spectrum.image(coefficients) + 0.5
    }

    /// Evaluate the objective and update the coefficients.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn step(&mut self, network: &Network) -> Result<(), TransferError> {
        let image = self.image(self.coefficients.clone());
        let mut gradients = BTreeMap::new();
        let mut error = None;
        let factor = |energy| Objective::Balanced.style_factor(self.layer, 1, energy);
        let activations = network.forward(image.clone(), self.layer, |layer, features| {
            if layer != self.layer {
                return;
            }
            let (value, gradient) = match &self.target {
                VisualizationTarget::Style(style) => {
                    let term = style.term(features, factor(style.energy));
                    (
                        term.value,
                        FeatureGradient {
                            matrix: Some(term.matrix),
                            vector: term.vector,
                            ..FeatureGradient::default()
                        },
                    )
                }
                VisualizationTarget::Content { features: target, energy } => {
                    let factor = Objective::Balanced.content_factor(layer, features.positions(), *energy);
                    let targets = vec![(Features::clone(target), 2.0 * factor)];
                    (
                        features.distance(target) * factor,
                        FeatureGradient { targets, ..FeatureGradient::default() },
                    )
                }
            };
            error = Some(value);
            gradients.insert(layer, gradient);
        });
        let error = error.expect("the forward pass reaches the layer");
        let gradient = network.backward(activations, &gradients).unwrap_or_else(|| image.zeros_like());
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

    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        self.steps >= self.recipe.steps
    }

    /// Wait for the device and read the result so far.
    ///
    /// # Errors
    ///
    /// If the device fails or a value is not finite.
    pub fn read(&self) -> Result<VisualizationState, TransferError> {
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
        Ok(VisualizationState { picture, steps: self.steps, of: self.recipe.steps, error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_stored_pictures() {
        let visualization = LayerVisualization::texture("relu2_1".parse().unwrap());
        let picture = RgbImage::from_raw(1, 1, vec![1, 2, 3]).unwrap();
        let network = NetworkConfig {
            weights: "abc".into(),
            padding: Padding::Zero,
            pooling: Pooling::Max,
            precision: Precision::Full,
        };
        let job = VisualizationJob::new(visualization, Arc::new(vec![(picture, 0.5)]), (8, 6), network);
        assert_eq!(job.key, "08a6f87d46f0b935cd463d24da335f37b2d153373efc4a0891c5e6fb0d1cf548");
    }
}
