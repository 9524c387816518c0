//! One run of the optimisation.

use std::{collections::BTreeMap, sync::Arc};

use burn::tensor::{Device as TensorDevice, Tensor};
use image::RgbImage;

use super::{
    Losses, Reading, TransferError,
    adam::{Adam, Moments},
    painting::Place,
    planes::{Kernel, Planes},
    prepare::network_options,
    space::{Space, download, upload},
    targets::Targets,
};
use crate::{
    compute::{Features, LayerTime, Network, Pull},
    objective::smoothness_gradient,
    settings::{LayerWeights, Settings},
    vgg::{Layer, Weights},
};

/// Pictures of a run, resized and flattened, 8-bit sRGB.
#[derive(Clone, Debug)]
pub struct Pictures {
    pub content: RgbImage,
    pub styles: Vec<RgbImage>,
    /// What painting starts from, in the content's shape.
    pub initial: RgbImage,
}

/// What passes from one size to another.
#[derive(Clone, Debug)]
pub struct Carry {
    /// The variable as it is shown.
    pub image: Planes,
    /// Adam's moments and its decays so far.
    pub moments: Option<(Planes, Planes, [f64; 2])>,
    /// ‖∂L/∂variable‖² of the last step, if weights have changed since.
    pub gradient_norm: Option<f32>,
}

impl Carry {
    /// In another shape: image and first moment bicubic, the second, which must not become negative, bilinear. With r times
    /// the pixels, each has 1/r of the gradient.
    pub fn resized(&self, width: u32, height: u32) -> Self {
        let pixels = |width: u32, height: u32| f64::from(width) * f64::from(height);
        let factor = pixels(self.image.width, self.image.height) / pixels(width, height);
        let moments = self.moments.as_ref().map(|(mean, square, decays)| {
            let mean = mean.resized(width, height).scaled(factor as f32);
            let square = square.resized_by(Kernel::Bilinear, width, height).scaled((factor * factor) as f32);
            (mean, square, *decays)
        });
        let gradient_norm = self.gradient_norm.map(|norm| norm * factor as f32);
        Self { image: self.image.resized(width, height), moments, gradient_norm }
    }
}

/// Which term a value on the device belongs to, with its layer weight where that counts for the report.
#[derive(Clone, Copy)]
enum Term {
    Content(f64),
    Style(Layer),
    Smoothness,
}

/// An image being painted: call [`StyleTransfer::step`] again and again, and [`StyleTransfer::read`] when you want to
/// look. Every setting that needs no new pictures may change in between, see [`StyleTransfer::update`].
///
/// All tensors live on the thread that created it.
pub struct StyleTransfer {
    device: TensorDevice,
    weights: Arc<Weights>,
    network: Network,
    settings: Settings,
    style_weights: Vec<f64>,
    content: Tensor<4>,
    styles: Vec<Tensor<4>>,
    targets: Targets,
    space: Space,
    variable: Tensor<4>,
    adam: Adam,
    /// Decaying sum of the iterates and of the weights that they have in it; `None` before the first step.
    average: Option<(Tensor<4>, f64)>,
    step: u32,
    /// The last step's terms, still on the device.
    terms: Vec<(Term, Tensor<1>)>,
    /// ‖∂L/∂variable‖² of the last step, `[1]`.
    gradient_norm: Option<Tensor<1>>,
    /// Weights have changed since the last step, so the gradient's scale may jump.
    reweighted: bool,
}

impl StyleTransfer {
    /// Uploads the pictures and computes the targets.
    ///
    /// `network` may have been used by an earlier run on this device with the same weights.
    ///
    /// # Errors
    ///
    /// When a picture's shorter side is too short for the deepest layer in use.
    ///
    /// # Panics
    ///
    /// When there is no style picture, or the initial image has another shape than the content.
    pub fn new(
        device: &TensorDevice,
        weights: Arc<Weights>,
        network: Option<Network>,
        pictures: &Pictures,
        style_weights: &[f64],
        settings: &Settings,
    ) -> Result<Self, TransferError> {
        assert!(!pictures.styles.is_empty(), "a run has at least one style");
        assert_eq!(pictures.styles.len(), style_weights.len(), "one weight per style");
        assert_eq!(pictures.content.dimensions(), pictures.initial.dimensions(), "same shape");
        let network = network
            .unwrap_or_else(|| Network::new(&weights, Layer::ALL[0], device, network_options(settings)));
        let space = Space::new(settings.objective, device);
        let mut transfer = Self {
            device: device.clone(),
            weights,
            network,
            settings: settings.clone(),
            style_weights: style_weights.to_vec(),
            content: upload(&pictures.content, device),
            styles: pictures.styles.iter().map(|style| upload(style, device)).collect(),
            targets: Targets::default(),
            variable: space.variable(upload(&pictures.initial, device)),
            space,
            adam: Adam::new(),
            average: None,
            step: 0,
            terms: Vec::new(),
            gradient_norm: None,
            reweighted: false,
        };
        transfer.network.forget_sizes();
        transfer.prepare()?;
        // The styles' sizes do not come again in a step.
        transfer.network.forget_sizes();
        Ok(transfer)
    }

    /// The layers that the settings use, and the deepest.
    fn layers(settings: &Settings) -> (Vec<Layer>, Vec<Layer>, Option<Layer>) {
        let active = |factor: f64, weights: &LayerWeights| {
            weights.iter().filter(|&(_, weight)| factor * weight > 0.0).map(|(layer, _)| layer).max()
        };
        let deepest = active(settings.content_weight, &settings.content_layers)
            .max(active(settings.style_weight, &settings.style_layers));
        // A muted layer is still measured if it lies on the way, and otherwise costs nothing.
        let reached = |weights: &LayerWeights| {
            weights.layers().filter(|&layer| deepest.is_some_and(|deepest| layer <= deepest)).collect()
        };
        (reached(&settings.content_layers), reached(&settings.style_layers), deepest)
    }

    /// Uploads weights and computes targets that the settings need and that are not there yet.
    fn prepare(&mut self) -> Result<(), TransferError> {
        let (content, style, deepest) = Self::layers(&self.settings);
        let Some(deepest) = deepest else { return Ok(()) };
        for (what, image) in std::iter::once(("content", &self.content))
            .chain(self.styles.iter().map(|style| ("style", style)))
        {
            let [_, _, height, width] = image.dims();
            if height.min(width) < deepest.stride().max(2) {
                return Err(TransferError::TooNarrow { what, width, height, layer: deepest });
            }
        }
        self.network.extend(&self.weights, deepest);
        self.targets.need_content(&self.network, &self.content, &content);
        let statistic = self.settings.style_statistic();
        self.targets.need_style(&self.network, &self.styles, &self.style_weights, &style, statistic);
        Ok(())
    }

    /// Takes over changed settings between two steps: weights, layers, optimizer constants, the weights of the styles.
    /// The image, the moments and the step count stay. Settings that [`Settings::restart_reasons`] names are ignored.
    ///
    /// # Errors
    ///
    /// When a layer that was added is too deep for the pictures; the settings before stay in force.
    pub fn update(&mut self, settings: &Settings, style_weights: &[f64]) -> Result<(), TransferError> {
        let before = self.settings.clone();
        self.settings = Settings {
            objective: before.objective,
            size: before.size,
            style_scale: before.style_scale,
            ..settings.clone()
        };
        self.prepare().inspect_err(|_| self.settings = before.clone())?;
        let styles_changed =
            style_weights.len() == self.style_weights.len() && style_weights != self.style_weights;
        if styles_changed {
            self.style_weights = style_weights.to_vec();
            self.targets.blend(style_weights, self.settings.style_statistic());
        }
        let weighing = |s: &Settings| {
            (
                s.content_weight,
                s.style_weight,
                s.smoothness_weight,
                s.statistic,
                s.content_layers.clone(),
                s.style_layers.clone(),
            )
        };
        if styles_changed || weighing(&before) != weighing(&self.settings) {
            self.reweighted = true;
            // What a person does must show at once: the past counts no more than the next step.
            let weight = 1.0 - before.averaging;
            self.average = self.average.is_some().then(|| (self.shown() * weight, weight));
        }
        Ok(())
    }

    /// Paints one step: losses and gradient of the picture as it is, then the optimizer's move.
    pub fn step(&mut self) {
        let gradient = self.evaluate();
        self.step += 1;
        let Some(gradient) = gradient else { return };
        let norm = gradient.clone().square().sum();
        if self.reweighted {
            self.reweighted = false;
            if let Some(before) = self.gradient_norm.take() {
                let squares: [f32; 2] = [before, norm.clone()].map(|norm| norm.into_scalar());
                let factor = f64::from(squares[1] / squares[0]).sqrt();
                if factor.is_finite() && factor > 0.0 {
                    self.adam.rescale(factor);
                }
            }
        }
        self.gradient_norm = Some(norm);
        let moved = self.adam.step(self.variable.clone(), gradient, &self.settings);
        self.variable = self.space.confine(moved);
        let decay = self.settings.averaging;
        let now = self.variable.clone() * (1.0 - decay);
        self.average = (decay > 0.0).then(|| match self.average.take() {
            Some((sum, weight)) => (sum * decay + now, weight * decay + 1.0 - decay),
            None => (now, 1.0 - decay),
        });
    }

    /// The picture that is shown, saved and carried on: the iterates' decaying mean, which has not the optimizer's noise;
    /// the iterate itself where there is no averaging.
    fn shown(&self) -> Tensor<4> {
        match &self.average {
            Some((sum, weight)) => sum.clone() / *weight,
            None => self.variable.clone(),
        }
    }

    /// What a run at another size goes on from.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn carry(&self) -> Result<Carry, TransferError> {
        let (width, height) = self.dimensions();
        let planes = |tensor: Tensor<4>| -> Result<Planes, TransferError> {
            Ok(Planes { width, height, values: values(tensor.flatten::<1>(0, 3))? })
        };
        let moments = match self.adam.moments() {
            Some(moments) => Some((planes(moments.mean)?, planes(moments.square)?, moments.decays)),
            None => None,
        };
        let gradient_norm = match self.gradient_norm.as_ref().filter(|_| self.reweighted) {
            Some(norm) => values(norm.clone())?.first().copied(),
            None => None,
        };
        Ok(Carry { image: planes(self.shown())?, moments, gradient_norm })
    }

    /// Goes on from what another size had, in this one's shape.
    ///
    /// # Panics
    ///
    /// When it has another shape.
    pub fn take_over(&mut self, carry: &Carry) {
        assert_eq!(self.dimensions(), (carry.image.width, carry.image.height), "one shape");
        let shape = self.variable.dims();
        let tensor = |planes: &Planes| {
            let data = burn::tensor::TensorData::new(planes.values.clone(), shape);
            Tensor::<4>::from_data(data, &self.device)
        };
        self.variable = self.space.confine(tensor(&carry.image));
        if let Some((mean, square, decays)) = &carry.moments {
            self.adam.set_moments(Moments { mean: tensor(mean), square: tensor(square), decays: *decays });
        }
        self.gradient_norm = carry
            .gradient_norm
            .map(|norm| Tensor::from_data(burn::tensor::TensorData::new(vec![norm], [1]), &self.device));
        self.reweighted = carry.gradient_norm.is_some();
    }

    /// Computes the terms and the gradient `[1, 3, H, W]` with respect to the optimised variable; `None` when every
    /// weight is 0.
    fn evaluate(&mut self) -> Option<Tensor<4>> {
        let settings = &self.settings;
        let image = self.space.image(self.variable.clone());
        let (content, style, deepest) = Self::layers(settings);
        let mut terms = Vec::new();
        let mut pulls: BTreeMap<Layer, Pull> = BTreeMap::new();
        let mut look = |layer: Layer, features: &Features| {
            let mut pull = Pull::default();
            if content.contains(&layer) {
                let target = &self.targets.content[&layer];
                let factor = settings.objective.content_factor(layer, features.positions(), target.energy);
                let weight = settings.content_layers.get(layer).unwrap_or(0.0);
                terms.push((Term::Content(weight), features.distance(&target.features) * factor));
                let factor = settings.content_weight * weight * factor;
                if factor > 0.0 {
                    pull.add_toward(target.features.clone(), 2.0 * factor);
                }
            }
            if style.contains(&layer) {
                let aim = &self.targets.style[&layer].aim;
                let factor = settings.objective.style_factor(layer, features.positions(), aim.energy);
                let term = aim.term(features, factor);
                terms.push((Term::Style(layer), term.value));
                let weight = settings.style_weight * settings.style_layers.get(layer).unwrap_or(0.0);
                if weight > 0.0 {
                    pull.add_matrix(term.matrix * weight);
                    if let Some(vector) = term.vector {
                        pull.add_vector(vector * weight);
                    }
                }
            }
            if !pull.is_empty() {
                pulls.insert(layer, pull);
            }
        };
        let activations = deepest.map(|deepest| self.network.forward(image.clone(), deepest, &mut look));
        let mut gradient = activations.and_then(|activations| self.network.backward(activations, &pulls));
        if settings.smoothness_weight > 0.0 {
            let (value, pull) = smoothness_gradient(&image);
            terms.push((Term::Smoothness, value));
            let pull = pull * settings.smoothness_weight;
            gradient = Some(match gradient {
                Some(gradient) => gradient + pull,
                None => pull,
            });
        }
        self.terms = terms;
        gradient.map(|gradient| self.space.gradient(gradient))
    }

    /// Steps painted so far.
    pub fn steps(&self) -> u32 {
        self.step
    }

    /// Width and height of the picture.
    pub fn dimensions(&self) -> (u32, u32) {
        let [_, _, height, width] = self.variable.dims();
        (width as u32, height as u32)
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The gradient `[1, 3, H, W]`, planar, with respect to the optimised variable as it stands, and the losses there,
    /// without moving.
    ///
    /// # Errors
    ///
    /// When the device fails or a value is not finite.
    pub fn gradient(&mut self) -> Result<(Vec<f32>, Losses), TransferError> {
        let gradient = self.evaluate().unwrap_or_else(|| self.variable.zeros_like());
        let losses = self.losses()?.unwrap_or_default();
        Ok((values(gradient.flatten::<1>(0, 3))?, losses))
    }

    /// The optimised variable `[1, 3, H, W]`, planar: in classic the torchvision-normalised image.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn variable(&self) -> Result<Vec<f32>, TransferError> {
        values(self.variable.clone().flatten::<1>(0, 3))
    }

    /// Replaces the optimised variable, planar `[1, 3, H, W]`.
    ///
    /// # Panics
    ///
    /// When the number of values does not fit the picture.
    pub fn set_variable(&mut self, planes: Vec<f32>) {
        let shape = self.variable.dims();
        self.variable = Tensor::from_data(burn::tensor::TensorData::new(planes, shape), &self.device);
    }

    /// Losses of the last step, as they stood before its move; `None` before the first step.
    ///
    /// # Errors
    ///
    /// When the device fails or a loss is not finite.
    pub fn losses(&mut self) -> Result<Option<Losses>, TransferError> {
        if self.terms.is_empty() {
            return Ok(None);
        }
        let numbers = values(Tensor::cat(self.terms.iter().map(|(_, value)| value.clone()).collect(), 0))?;
        self.collect(&numbers).map(Some)
    }

    fn collect(&self, numbers: &[f32]) -> Result<Losses, TransferError> {
        let mut losses = Losses::default();
        for ((term, _), &number) in self.terms.iter().zip(numbers) {
            let number = f64::from(number);
            match *term {
                Term::Content(weight) => losses.content += weight * number,
                Term::Style(layer) => {
                    losses.style.insert(layer, number);
                }
                Term::Smoothness => losses.smoothness = number,
            }
        }
        losses.weigh(&self.settings);
        match losses.is_finite() {
            true => Ok(losses),
            false => Err(TransferError::NotFinite { what: "loss", step: self.step }),
        }
    }

    /// Waits for the device and reads the picture and the last step's losses in one read-back.
    ///
    /// # Errors
    ///
    /// When the device fails, or the picture or a loss is not finite.
    pub fn read(&mut self) -> Result<Reading, TransferError> {
        let (width, height) = self.dimensions();
        let image = self.space.image(self.shown()).flatten::<1>(0, 3);
        let mut parts = vec![image];
        parts.extend(self.terms.iter().map(|(_, value)| value.clone()));
        let numbers = values(Tensor::cat(parts, 0))?;
        let (planes, losses) = numbers.split_at(3 * width as usize * height as usize);
        if !planes.iter().all(|value| value.is_finite()) {
            return Err(TransferError::NotFinite { what: "picture", step: self.step });
        }
        let losses = match losses {
            [] => None,
            numbers => Some(self.collect(numbers)?),
        };
        let place = Place { levels: 1, width, height, ..Place::default() };
        let picture = download(planes, width, height);
        Ok(Reading { step: self.step, place, losses, picture, plain: None })
    }

    /// Waits until the device has done everything it was given.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn synchronize(&self) -> Result<(), TransferError> {
        self.device.sync().map_err(|error| TransferError::Device(error.to_string()))
    }

    /// Times each convolution up to the deepest in use alone.
    pub fn time_layers(&self) -> Vec<LayerTime> {
        let Some(deepest) = Self::layers(&self.settings).2 else { return Vec::new() };
        self.network.time_layers(self.space.image(self.variable.clone()), deepest)
    }

    /// Ends the run and gives the network back for the next.
    pub fn into_network(self) -> Network {
        self.network
    }
}

fn values(tensor: Tensor<1>) -> Result<Vec<f32>, TransferError> {
    let data = tensor.try_into_data().map_err(|error| TransferError::Device(error.to_string()))?;
    data.try_to_vec::<f32>().map_err(|error| TransferError::Device(format!("{error:?}")))
}
