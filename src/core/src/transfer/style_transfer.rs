//! One run of the optimisation.

use std::sync::Arc;

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};
use image::RgbImage;

use super::{
    Losses, Pictures, Reading, TransferError,
    adam::Adam,
    aims::Aims,
    amount::Calibration,
    average::Average,
    evaluator::{Evaluation, Evaluator},
    good_state::Evaluated,
    lbfgs::Lbfgs,
    lowest::{Lowest, has_converged},
    meter::Meter,
    place::Place,
    readback::values,
    space::{Space, upload},
    study::LayerStudy,
};
use crate::settings::{Effective, GlobalTerm, Modulated, Optimizer, Settings};
use impasto_network::{
    compute::{LayerTime, Network, read_picture},
    vgg::{Layer, Weights},
};

/// How a change of the objective comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A person's, which is to show at once.
    Sudden,
    /// A little one of many.
    Gradual,
}

/// An image being painted: call [`StyleTransfer::step`] again and again, and [`StyleTransfer::read`] when you want to
/// look. Every setting that needs no new pictures may change in between, see [`StyleTransfer::update`].
///
/// All tensors live on the thread that created it.
pub struct StyleTransfer {
    pub(super) device: TensorDevice,
    evaluator: Evaluator,
    given: Modulated,
    settings: Effective,
    /// For the style amount, once it was asked for.
    calibration: Option<Calibration>,
    pub(super) space: Space,
    pub(super) variable: Tensor<4>,
    pub(super) adam: Adam,
    /// Instead of Adam, where the settings want it.
    pub(super) lbfgs: Option<Lbfgs>,
    pub(super) average: Average,
    pub(super) lowest: Lowest,
    /// As of the last read-back.
    pub(super) converged: bool,
    pub(super) step: u32,
    /// The last step's losses, still on the device.
    pub(super) evaluated: Evaluated,
    /// Parts of ‖∂L/∂variable‖² of the last step, whose sum it is.
    pub(super) gradient_norm: Option<Tensor<1>>,
    /// Weights have changed since the last step, so the gradient's scale may jump.
    pub(super) reweighted: bool,
    pub(super) meter: Meter,
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
        settings: impl Into<Modulated>,
    ) -> Result<Self, TransferError> {
        assert!(!pictures.styles.is_empty(), "a run has at least one style");
        assert_eq!(pictures.styles.len(), style_weights.len(), "one weight per style");
        assert_eq!(pictures.content.dimensions(), pictures.initial.dimensions(), "same shape");
        let aims = Aims::new(device, pictures, style_weights);
        Self::toward(weights, network, aims, upload(&pictures.initial, device), settings)
    }

    /// The same with aims that are on the device already, from an image `[1, 3, H, W]` of the content's shape.
    ///
    /// # Errors
    ///
    /// As [`StyleTransfer::new`].
    pub fn toward(
        weights: Arc<Weights>,
        network: Option<Network>,
        aims: Aims,
        initial: Tensor<4>,
        settings: impl Into<Modulated>,
    ) -> Result<Self, TransferError> {
        let given: Modulated = settings.into();
        let device = initial.device();
        let heard = given.heard();
        let evaluator = Evaluator::new(weights, network, aims, &heard)?;
        let space = Space::new(given.objective, &device);
        let lbfgs = (heard.optimizer == Optimizer::Lbfgs).then(Lbfgs::new);
        let mut transfer = Self {
            evaluator,
            given,
            settings: heard,
            calibration: None,
            variable: space.variable(initial),
            space,
            adam: Adam::new(),
            lbfgs,
            average: Average::default(),
            lowest: Lowest::default(),
            converged: false,
            step: 0,
            evaluated: Evaluated::default(),
            gradient_norm: None,
            reweighted: false,
            meter: Meter::default(),
            device,
        };
        transfer.weigh()?;
        Ok(transfer)
    }

    /// Works the style amount out into α and β, measuring what was not measured yet.
    fn weigh(&mut self) -> Result<(), TransferError> {
        let mut balance = None;
        if let Some(amount) = self.given.style_amount {
            let calibration = match self.calibration.take().filter(|before| before.fits(&self.given)) {
                Some(calibration) => calibration,
                None => Calibration::measure(&mut self.evaluator, &self.space, &self.given)?,
            };
            balance = calibration.balance(amount, &self.given);
            self.calibration = Some(calibration);
        }
        if let Some([alpha, beta]) = balance {
            self.settings.set_balance([alpha, beta]);
            self.evaluator.prepare(&self.settings)?;
        }
        self.meter.set_balance(balance);
        Ok(())
    }

    /// Takes over changed settings between two steps: weights, layers, the pooling, optimizer constants, the weights of the
    /// styles. The image, the moments and the step count stay. Settings that [`Settings::restart_reasons`] names are
    /// ignored.
    ///
    /// # Errors
    ///
    /// When a layer that was added is too deep for the pictures; the settings before stay in force.
    pub fn update(
        &mut self,
        settings: impl Into<Modulated>,
        style_weights: &[f64],
    ) -> Result<(), TransferError> {
        self.change(&settings.into(), style_weights, Change::Sudden)
    }

    /// The same; says how the change comes.
    pub(super) fn change(
        &mut self,
        settings: &Modulated,
        style_weights: &[f64],
        change: Change,
    ) -> Result<(), TransferError> {
        let before = self.settings.clone();
        let given = settings.for_run_of(&self.given);
        self.settings = given.heard();
        self.evaluator.prepare(&self.settings).inspect_err(|_| self.settings = before.clone())?;
        let styles_changed = self.evaluator.blend(style_weights, &self.settings);
        if styles_changed {
            self.calibration = None;
        }
        let given_before = std::mem::replace(&mut self.given, given);
        if let Err(error) = self.weigh() {
            self.settings = before;
            self.given = given_before;
            return Err(error);
        }
        let weighing = |s: &Settings| {
            (
                s.content_weight,
                s.style_weight,
                GlobalTerm::ALL.iter().map(|term| term.weight(s)).collect::<Vec<_>>(),
                s.smoothness,
                s.statistic,
                s.luminance_only,
                s.pooling,
                s.content_layers.clone(),
                s.style_layers.clone(),
            )
        };
        if styles_changed || weighing(&before) != weighing(&self.settings) {
            self.turn(change);
        }
        // Last: the mean that covers Adam's first steps is to stay.
        if self.settings.optimizer != before.optimizer {
            self.change_optimizer();
        }
        if before.sight() != self.settings.sight() {
            self.meter = Meter::default();
        } else if styles_changed || before.statistic != self.settings.statistic {
            self.meter.forget_styles(styles_changed);
        }
        Ok(())
    }

    /// Takes over other images of some styles between two steps, by their index: in another size, in other colours. The
    /// painted image, the moments and the step count stay.
    ///
    /// # Errors
    ///
    /// When an image's shorter side is too short for the deepest layer in use; the images before stay in force.
    pub fn replace_styles(&mut self, replaced: &[(usize, RgbImage)]) -> Result<(), TransferError> {
        self.evaluator.replace_styles(replaced, &self.settings)?;
        self.calibration = None;
        self.weigh()?;
        self.meter.forget_styles(true);
        self.turn(Change::Sudden);
        Ok(())
    }

    /// The objective has changed: so may the gradient's scale if that was sudden, and the past of the mean counts no more; what
    /// L-BFGS knows of the curvature is that of another one.
    fn turn(&mut self, change: Change) {
        self.lowest = Lowest::default();
        self.converged = false;
        if let Some(lbfgs) = &mut self.lbfgs {
            if let Some(iterate) = lbfgs.iterate() {
                self.variable = iterate.clone();
            }
            return lbfgs.forget();
        }
        if change == Change::Sudden {
            self.reweighted = true;
            self.average.fade();
        }
    }

    /// Goes on from the picture as it is shown with an optimizer that has seen nothing.
    fn change_optimizer(&mut self) {
        let shown = self.shown();
        self.average = Average::default();
        self.adam = Adam::new();
        self.gradient_norm = None;
        self.reweighted = false;
        self.lbfgs = (self.settings.optimizer == Optimizer::Lbfgs).then(Lbfgs::new);
        self.lowest.watch_anew();
        self.converged = false;
        if self.lbfgs.is_none() && self.settings.averaging > 0.0 {
            // Adam's first steps are its roughest.
            self.average.begin(self.space.confine(shown.clone()));
        }
        self.variable = self.space.confine(shown);
    }

    /// Paints one step: losses and gradient of the picture as it is, then the optimizer's move. With L-BFGS a step is one
    /// evaluation of the objective, of which a line search may take several; until it has found the next iterate, picture
    /// and losses stay.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn step(&mut self) -> Result<(), TransferError> {
        let Evaluation { terms, gradient, .. } = self.evaluate();
        self.step += 1;
        let total = terms.total(&self.settings);
        if let Some(total) = &total {
            self.lowest.add(total, &self.variable, self.settings.keep_best);
        }
        let evaluated = Evaluated { terms, total: total.clone() };
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
                // Found and used on the device: a slider that is dragged makes no step wait.
                self.adam.rescale((gradient.clone().square().sum() / before.sum()).sqrt());
            }
        }
        // Nobody else holds the variable while it moves, so that it may stay where it is.
        let variable = std::mem::replace(&mut self.variable, gradient.clone());
        let (average, confine) = (&mut self.average, self.space.confines());
        let (moved, norm) = self.adam.step(variable, gradient, average, confine, &self.settings);
        (self.variable, self.gradient_norm) = (moved, Some(norm));
    }

    /// Asks the next step to measure one term's share of the gradient as well, in rotation, which takes at most another
    /// backward pass. [`Reading::norms`] has what was found so far.
    pub fn measure(&mut self) {
        self.meter.ask();
    }

    /// The picture that is shown, saved and carried on: Adam's iterates' decaying mean, which has not the optimizer's noise;
    /// the iterate itself where there is no averaging, and with L-BFGS; the best iterate where that is kept.
    pub(super) fn shown(&self) -> Tensor<4> {
        if let Some(best) = self.lowest.iterate().filter(|_| self.settings.keep_best) {
            return best.clone();
        }
        if let Some(iterate) = self.lbfgs.as_ref().and_then(Lbfgs::iterate) {
            return iterate.clone();
        }
        self.average.mean().unwrap_or_else(|| self.variable.clone())
    }

    /// The terms, and the gradient `[1, 3, H, W]` with respect to the optimised variable.
    fn evaluate(&mut self) -> Evaluation {
        let image = self.space.image(self.variable.clone());
        let term = self.meter.due(&self.settings);
        let Evaluation { terms, gradient, measured } = self.evaluator.evaluate(&image, &self.settings, term);
        if let (Some(term), Some(measured)) = (term, measured) {
            self.meter.take(term, &self.space.gradient(measured));
        }
        Evaluation { terms, gradient: gradient.map(|gradient| self.space.gradient(gradient)), measured: None }
    }

    /// By how much each channel of the picture changes with the optimised variable.
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
        let Evaluation { terms, gradient, .. } = self.evaluate();
        self.evaluated = Evaluated { terms, total: None };
        let gradient = gradient.unwrap_or_else(|| self.variable.zeros_like());
        let losses = self.losses()?.unwrap_or_default();
        Ok((values(gradient.flatten::<1>(0, 3))?, losses))
    }

    /// The optimised variable `[1, 3, H, W]`, planar: in classic the torchvision-normalised image; with L-BFGS where the
    /// objective is evaluated next.
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
        self.variable = Tensor::from_data(TensorData::new(planes, shape), &self.device);
        if let Some(lbfgs) = &mut self.lbfgs {
            lbfgs.forget();
        }
    }

    /// Losses of the last step, as they stood before its move; `None` before the first step.
    ///
    /// # Errors
    ///
    /// When the device fails or a loss is not finite.
    pub fn losses(&mut self) -> Result<Option<Losses>, TransferError> {
        if self.evaluated.terms.is_empty() {
            return Ok(None);
        }
        let mut parts: Vec<_> = self.evaluated.terms.values().collect();
        let count = parts.len();
        parts.extend(self.lowest.ends().into_iter().flatten());
        let numbers = values(Tensor::cat(parts, 0))?;
        let (numbers, ends) = numbers.split_at(count);
        self.look_at(ends);
        self.collect(numbers).map(Some)
    }

    /// Takes in what [`Lowest::ends`] gave, if anything.
    fn look_at(&mut self, ends: &[f32]) {
        self.converged = matches!(ends, &[before, now] if has_converged(before, now));
    }

    /// Whether the lowest total had as good as stopped falling when it was last read back: by less than 1/10 000 of itself
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

    /// Waits for the device and reads the picture and the last step's losses in one read-back.
    ///
    /// # Errors
    ///
    /// When the device fails, or the picture or a loss is not finite.
    pub fn read(&mut self) -> Result<Reading, TransferError> {
        let (width, height) = self.dimensions();
        let image = self.space.image(self.shown());
        let mut numbers: Vec<Tensor<1>> = self.evaluated.terms.values().collect();
        let count = numbers.len();
        let norm = self.meter.value();
        let measured = usize::from(norm.is_some());
        numbers.extend(norm);
        numbers.extend(self.lowest.ends().into_iter().flatten());
        let shown = read_picture(image, numbers).map_err(TransferError::Device)?;
        let (losses, rest) = shown.numbers.split_at(count);
        let (norm, ends) = rest.split_at(measured);
        if let &[norm] = norm {
            self.meter.read(f64::from(norm));
        }
        self.look_at(ends);
        if !shown.finite {
            return Err(TransferError::NotFinite { what: "picture", step: self.step });
        }
        let losses = match losses {
            [] => None,
            numbers => Some(self.collect(numbers)?),
        };
        let place = Place { levels: 1, width, height, ..Place::default() };
        let picture = RgbImage::from_raw(width, height, shown.pixels).expect("three bytes per pixel");
        let norms = self.meter.norms().clone();
        Ok(Reading { step: self.step, place, losses, norms, picture, plain: None })
    }

    /// Waits until the device has done everything it was given.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn synchronize(&self) -> Result<(), TransferError> {
        self.device.sync().map_err(|error| TransferError::Device(error.to_string()))
    }

    /// Looks into a layer at the picture as it is.
    ///
    /// # Errors
    ///
    /// When a picture is too narrow for the layer, or the device fails.
    pub fn study(&mut self, layer: Layer) -> Result<LayerStudy, TransferError> {
        let image = self.space.image(self.shown());
        self.evaluator.study(&image, layer, &self.settings)
    }

    /// Times each convolution up to the deepest in use alone.
    pub fn time_layers(&self) -> Vec<LayerTime> {
        self.evaluator.time_layers(self.space.image(self.variable.clone()), &self.settings)
    }

    /// The network, for something else between two steps.
    pub fn network_mut(&mut self) -> &mut Network {
        self.evaluator.network_mut()
    }

    /// Ends the run and gives the network back for the next.
    pub fn into_network(self) -> Network {
        self.into_parts().0
    }

    /// The same with the aims, for when this size comes again.
    pub fn into_parts(self) -> (Network, Aims) {
        self.evaluator.into_parts()
    }
}
