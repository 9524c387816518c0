//! The optimisation at one size.

use std::sync::Arc;

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};
use image::RgbImage;

use super::{
    Losses, Pictures, Reading, TransferError,
    adam::Adam,
    amount::Calibration,
    average::Average,
    evaluator::{Evaluation, Evaluator},
    freeze::Freeze,
    good_state::StepLosses,
    lbfgs::Lbfgs,
    lowest::{Lowest, has_converged},
    norm_monitor::GradientNormMonitor,
    pyramid_progress::PyramidProgress,
    readback::values,
    space::{Space, upload},
    study::LayerStudy,
    target_fade::Fade,
    targets::Targets,
};
use crate::settings::{Effective, Modulated, Optimizer, Settings};
use impasto_network::{
    compute::{LayerTime, Network, read_picture},
    vgg::{Layer, Weights},
};

/// An optimisation of an image: call [`StyleTransfer::step`] repeatedly, and [`StyleTransfer::read`] for the
/// result. Settings that need no new pictures can change between steps, see [`StyleTransfer::update`].
///
/// All tensors live on the thread that created it.
pub struct StyleTransfer {
    pub(super) device: TensorDevice,
    pub(super) evaluator: Evaluator,
    pub(super) requested: Modulated,
    pub(super) settings: Effective,
    /// For the style amount, if it is used.
    pub(super) calibration: Option<Calibration>,
    /// From replaced pictures to new ones.
    pub(super) fade: Option<Fade>,
    pub(super) space: Space,
    pub(super) variable: Tensor<4>,
    /// What of the variable stays, if anything.
    pub(super) freeze: Option<Freeze>,
    pub(super) adam: Adam,
    /// Used instead of Adam if the settings say so.
    pub(super) lbfgs: Option<Lbfgs>,
    pub(super) average: Average,
    pub(super) lowest: Lowest,
    /// As of the last read-back.
    pub(super) converged: bool,
    pub(super) step: u32,
    /// The last step's losses, still on the device.
    pub(super) evaluated: StepLosses,
    /// Partial sums of ‖∂L/∂variable‖² of the last step.
    pub(super) gradient_norm: Option<Tensor<1>>,
    /// Whether weights have changed since the last step, so that the gradient's scale may jump.
    pub(super) reweighted: bool,
    pub(super) norm_monitor: GradientNormMonitor,
}

impl StyleTransfer {
    /// Upload the pictures and compute the targets.
    ///
    /// `network` may have been used by an earlier run on this device with the same weights.
    ///
    /// # Errors
    ///
    /// If a picture's shorter side is too short for the deepest layer in use.
    ///
    /// # Panics
    ///
    /// If there is no style picture, or the initial image has another shape than the content.
    pub fn new(
        device: &TensorDevice,
        weights: Arc<Weights>,
        network: Option<Network>,
        pictures: &Pictures,
        style_weights: &[f64],
        settings: impl Into<Modulated>,
    ) -> Result<Self, TransferError> {
        assert!(!pictures.styles.is_empty(), "a run has at least one style");
        assert_eq!(pictures.styles.len(), style_weights.len(), "one weight per style");
        assert_eq!(pictures.content.dimensions(), pictures.initial.dimensions(), "same shape");
        let targets = Targets::new(device, pictures, style_weights);
        Self::with_targets(weights, network, targets, upload(&pictures.initial, device), settings)
    }

    /// As [`StyleTransfer::new`], with targets that are on the device already and an initial image `[1, 3, H,
    /// W]` of the content's shape.
    ///
    /// # Errors
    ///
    /// As [`StyleTransfer::new`].
    pub fn with_targets(
        weights: Arc<Weights>,
        network: Option<Network>,
        targets: Targets,
        initial: Tensor<4>,
        settings: impl Into<Modulated>,
    ) -> Result<Self, TransferError> {
        let requested: Modulated = settings.into();
        let device = initial.device();
        let effective = requested.effective();
        let evaluator = Evaluator::new(weights, network, targets, &effective)?;
        let space = Space::new(requested.objective, &device);
        let lbfgs = (effective.optimizer == Optimizer::Lbfgs).then(Lbfgs::new);
        let mut transfer = Self {
            evaluator,
            requested,
            settings: effective,
            calibration: None,
            fade: None,
            variable: space.variable(initial),
            freeze: None,
            space,
            adam: Adam::new(),
            lbfgs,
            average: Average::default(),
            lowest: Lowest::default(),
            converged: false,
            step: 0,
            evaluated: StepLosses::default(),
            gradient_norm: None,
            reweighted: false,
            norm_monitor: GradientNormMonitor::default(),
            device,
        };
        transfer.freeze = transfer.evaluator.freeze();
        transfer.update_balance()?;
        Ok(transfer)
    }

    /// Paint one step: evaluate losses and gradient, then update the image. With L-BFGS a step is one
    /// evaluation of the objective, of which a line search may take several; picture and losses stay until it
    /// accepts the next iterate.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn step(&mut self) -> Result<(), TransferError> {
        self.advance_fade()?;
        self.advance_aims();
        let Evaluation { terms, gradient, .. } = self.evaluate();
        self.step += 1;
        let total = terms.total(&self.settings);
        if let Some(total) = &total {
            let keep = self.settings.keep_best;
            if self.evaluator.targets().are_comparable() {
                self.lowest.add(total, &self.variable, keep);
            } else if !keep {
                self.lowest.keep_no_iterate();
            }
        }
        let evaluated = StepLosses { terms, total: total.clone() };
        match (gradient, &mut self.lbfgs) {
            (None, _) => self.evaluated = evaluated,
            (Some(gradient), None) => {
                self.evaluated = evaluated;
                self.adam_step(gradient);
            }
            (Some(gradient), Some(lbfgs)) => {
                let value = total.unwrap_or_else(|| gradient.clone().sum());
                let step = lbfgs.step(self.variable.clone(), gradient, value, &self.settings)?;
                self.variable = step.next;
                if step.accepted || self.evaluated.terms.is_empty() {
                    self.evaluated = evaluated;
                }
            }
        }
        Ok(())
    }

    fn adam_step(&mut self, gradient: Tensor<4>) {
        if self.reweighted {
            self.reweighted = false;
            if let Some(before) = self.gradient_norm.take() {
                // Computed on the device, so that dragging a slider causes no read-backs.
                self.adam.rescale((gradient.clone().square().sum() / before.sum()).sqrt());
            }
        }
        if let Some(freeze) = self.freeze.take() {
            self.frozen_adam_step(gradient, &freeze);
            self.freeze = Some(freeze);
            return;
        }
        // Release the variable, so that it can be updated in place.
        let variable = std::mem::replace(&mut self.variable, gradient.clone());
        let (average, confine) = (&mut self.average, self.space.confines());
        let (updated, norm) = self.adam.step(variable, gradient, average, confine, &self.settings);
        (self.variable, self.gradient_norm) = (updated, Some(norm));
    }

    /// Measure one term's share of the gradient in the next step, in rotation, at the cost of at most another
    /// backward pass. The results are in [`Reading::norms`].
    pub fn measure(&mut self) {
        self.norm_monitor.request();
    }

    /// The picture to display, save and continue from: the best iterate if kept, else the decaying average of
    /// Adam's iterates, which removes the optimizer's noise, else (without averaging, and with L-BFGS) the
    /// iterate.
    pub(super) fn shown(&self) -> Tensor<4> {
        if let Some(best) = self.lowest.iterate().filter(|_| self.settings.keep_best) {
            return best.clone();
        }
        if let Some(iterate) = self.lbfgs.as_ref().and_then(Lbfgs::iterate) {
            return iterate.clone();
        }
        match (self.average.mean(), &self.freeze) {
            (None, _) => self.variable.clone(),
            (Some(mean), None) => mean,
            (Some(mean), Some(freeze)) => freeze.mean(mean, &self.variable),
        }
    }

    /// The terms, and the gradient `[1, 3, H, W]` with respect to the optimised variable.
    fn evaluate(&mut self) -> Evaluation {
        let image = self.space.image(self.variable.clone());
        let term = self.norm_monitor.next_term(&self.settings);
        let Evaluation { terms, gradient, measured } = self.evaluator.evaluate(&image, &self.settings, term);
        if let (Some(term), Some(measured)) = (term, measured) {
            self.norm_monitor.record(term, &self.space.gradient(measured));
        }
        // L-BFGS must not count on what stays. Adam steps in each pixel by itself, and its moments are
        // rescaled by the norm of the whole gradient.
        let freeze = self.freeze.as_ref().filter(|_| self.lbfgs.is_some());
        let gradient = gradient.map(|gradient| match (self.space.gradient(gradient), freeze) {
            (gradient, None) => gradient,
            (gradient, Some(freeze)) => freeze.gradient(gradient),
        });
        Evaluation { terms, gradient, measured: None }
    }

    /// Derivative of each channel of the picture with respect to the optimised variable.
    pub fn gains(&self) -> [f32; 3] {
        self.space.gains()
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

    /// The effective settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The gradient `[1, 3, H, W]`, planar, with respect to the optimised variable, and the losses there,
    /// without a step.
    ///
    /// # Errors
    ///
    /// If the device fails or a value is not finite.
    pub fn gradient(&mut self) -> Result<(Vec<f32>, Losses), TransferError> {
        let Evaluation { terms, gradient, .. } = self.evaluate();
        self.evaluated = StepLosses { terms, total: None };
        let gradient = gradient.unwrap_or_else(|| self.variable.zeros_like());
        let losses = self.losses()?.unwrap_or_default();
        Ok((values(gradient.flatten::<1>(0, 3))?, losses))
    }

    /// The optimised variable `[1, 3, H, W]`, planar: in classic the torchvision-normalised image; with
    /// L-BFGS the next point to evaluate.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn variable(&self) -> Result<Vec<f32>, TransferError> {
        values(self.variable.clone().flatten::<1>(0, 3))
    }

    /// Replace the optimised variable, planar `[1, 3, H, W]`.
    ///
    /// # Panics
    ///
    /// If the number of values does not match the picture.
    pub fn set_variable(&mut self, planes: Vec<f32>) {
        let shape = self.variable.dims();
        self.variable = Tensor::from_data(TensorData::new(planes, shape), &self.device);
        if let Some(lbfgs) = &mut self.lbfgs {
            lbfgs.forget();
        }
    }

    /// Losses of the last step before its update; `None` before the first step.
    ///
    /// # Errors
    ///
    /// If the device fails or a loss is not finite.
    pub fn losses(&mut self) -> Result<Option<Losses>, TransferError> {
        if self.evaluated.terms.is_empty() {
            return Ok(None);
        }
        let mut parts: Vec<_> = self.evaluated.terms.values().collect();
        let count = parts.len();
        parts.extend(self.lowest.ends().into_iter().flatten());
        let numbers = values(Tensor::cat(parts, 0))?;
        let (numbers, ends) = numbers.split_at(count);
        self.update_convergence(ends);
        self.collect(numbers).map(Some)
    }

    /// Update the convergence from the values of [`Lowest::ends`], if any.
    fn update_convergence(&mut self, ends: &[f32]) {
        self.converged = matches!(ends, &[before, now] if has_converged(before, now));
    }

    /// Whether the objective had converged at the last read-back: the lowest total fell by less than 1/10 000
    /// in 50 steps.
    pub fn converged(&self) -> bool {
        self.converged
    }

    fn collect(&self, numbers: &[f32]) -> Result<Losses, TransferError> {
        let losses = self.evaluated.terms.losses(numbers, &self.settings);
        match losses.is_finite() {
            true => Ok(losses),
            false => Err(TransferError::NotFinite { what: "loss", step: self.step }),
        }
    }

    /// Wait for the device and read the picture and the last step's losses in one read-back.
    ///
    /// # Errors
    ///
    /// If the device fails, or the picture or a loss is not finite.
    pub fn read(&mut self) -> Result<Reading, TransferError> {
        let (width, height) = self.dimensions();
        let image = self.space.image(self.shown());
        let mut numbers: Vec<Tensor<1>> = self.evaluated.terms.values().collect();
        let count = numbers.len();
        let norm = self.norm_monitor.value();
        let measured = usize::from(norm.is_some());
        numbers.extend(norm);
        numbers.extend(self.lowest.ends().into_iter().flatten());
        let shown = read_picture(image, numbers).map_err(TransferError::Device)?;
        let (losses, rest) = shown.numbers.split_at(count);
        let (norm, ends) = rest.split_at(measured);
        if let &[norm] = norm {
            self.norm_monitor.read(f64::from(norm));
        }
        self.update_convergence(ends);
        if !shown.finite {
            return Err(TransferError::NotFinite { what: "picture", step: self.step });
        }
        let losses = match losses {
            [] => None,
            numbers => Some(self.collect(numbers)?),
        };
        let place = PyramidProgress { levels: 1, width, height, ..PyramidProgress::default() };
        let picture = RgbImage::from_raw(width, height, shown.pixels).expect("three bytes per pixel");
        let norms = self.norm_monitor.norms().clone();
        Ok(Reading { step: self.step, place, losses, norms, picture, plain: None })
    }

    /// Wait until the device is idle.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn synchronize(&self) -> Result<(), TransferError> {
        self.device.sync().map_err(|error| TransferError::Device(error.to_string()))
    }

    /// Analyse a layer at the current picture.
    ///
    /// # Errors
    ///
    /// If a picture is too narrow for the layer, or the device fails.
    pub fn study(&mut self, layer: Layer) -> Result<LayerStudy, TransferError> {
        let image = self.space.image(self.shown());
        self.evaluator.study(&image, layer, &self.settings)
    }

    /// Time each convolution alone, up to the deepest in use.
    pub fn time_layers(&self) -> Vec<LayerTime> {
        self.evaluator.time_layers(self.space.image(self.variable.clone()), &self.settings)
    }

    /// The network, for other work between two steps.
    pub fn network_mut(&mut self) -> &mut Network {
        self.evaluator.network_mut()
    }

    /// End the run and return the network for the next.
    pub fn into_network(self) -> Network {
        self.into_parts().0
    }

    /// End the run and return the network and the targets for reuse.
    pub fn into_parts(self) -> (Network, Targets) {
        self.evaluator.into_parts()
    }
}
