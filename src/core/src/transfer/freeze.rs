//! What stays as it is: frozen pixels of the iterate, frozen pixels of the shown picture, and the photograph
//! instead of the painting.
//!
//! A frozen pixel of the iterate does not move, whatever the optimizer does. The shown picture has the pixels
//! that were shown when they were frozen, in the final size, where the mask is white: they are the same to
//! the last bit at every level until they are released.

use burn::tensor::{Bool, Device as TensorDevice, Tensor, TensorData};
use image::RgbImage;

use super::{
    LevelMasks, Painting, StyleTransfer, TransferError,
    average::{Average, AverageStep},
    planes::Planes,
    space::{download, planes_of, upload},
    transition::Transition,
};
use crate::{
    picture::{Filter, resize},
    settings::{RegionRole, Settings},
};

/// How much of each pixel of an iterate stays.
pub struct Freeze {
    /// `[1, 1, H, W]`, 0 to 1.
    amount: Tensor<4>,
    /// Where it is 1, `[1, 3, H, W]`.
    whole: Tensor<4, Bool>,
}

impl Freeze {
    /// Of amounts `[H, W]`.
    pub fn new(amounts: &[f32], (height, width): (usize, usize), device: &TensorDevice) -> Self {
        let data = TensorData::new(amounts.to_vec(), [1, 1, height, width]);
        let amount = Tensor::<4>::from_data(data, device);
        let whole = amount.clone().expand([1, 3, height, width]).greater_equal_elem(1.0);
        Self { amount, whole }
    }

    /// The iterate `after` a change, with what it was `before` where it stays.
    pub fn hold(&self, before: Tensor<4>, after: Tensor<4>) -> Tensor<4> {
        let between = before.clone() * self.amount.clone() + after * (self.amount.clone() * -1.0 + 1.0);
        between.mask_where(self.whole.clone(), before)
    }

    /// The gradient of what does not stay.
    pub fn gradient(&self, gradient: Tensor<4>) -> Tensor<4> {
        gradient * (self.amount.clone() * -1.0 + 1.0)
    }

    /// A mean of iterates, with the iterate itself where it stays whole: the mean of equal numbers may be
    /// rounded.
    pub fn mean(&self, mean: Tensor<4>, iterate: &Tensor<4>) -> Tensor<4> {
        mean.mask_where(self.whole.clone(), iterate.clone())
    }
}

impl StyleTransfer {
    /// Set the masks between two steps, or none, and return the former ones. No target is computed anew. They
    /// take effect with the next [`StyleTransfer::update`], whose settings have their regions. What is frozen
    /// stays as it is shown.
    pub fn set_masks(&mut self, masks: Option<LevelMasks>) -> Option<LevelMasks> {
        let shown = self.space.confine(self.shown());
        let frozen = |masks: Option<&LevelMasks>| masks.and_then(LevelMasks::freeze).map(<[f32]>::to_vec);
        let same = frozen(self.evaluator.masks()) == frozen(masks.as_ref());
        let before = self.evaluator.set_masks(masks);
        self.calibration = None;
        self.on_objective_changed(Transition::Sudden);
        self.freeze = self.evaluator.freeze();
        // A grey part moves towards what is shown at each change, so only at those of its own.
        if let Some(freeze) = self.freeze.as_ref().filter(|_| !same) {
            self.variable = freeze.hold(shown, self.variable.clone());
        }
        before
    }

    /// A step of Adam that does not move what is frozen, in the mean of the iterates neither.
    pub(super) fn frozen_adam_step(&mut self, gradient: Tensor<4>, freeze: &Freeze) {
        let (before, confine) = (self.variable.clone(), self.space.confines());
        let unaveraged = Settings { averaging: 0.0, ..Settings::clone(&self.settings) };
        let (updated, norm) =
            self.adam.step(before.clone(), gradient, &mut Average::default(), confine, &unaveraged);
        self.variable = freeze.hold(before, updated);
        self.gradient_norm = Some(norm);
        let AverageStep { sum, decay, weight } =
            self.average.begin_step(&self.variable, self.settings.averaging);
        let sum = sum.map(|sum| sum * decay + self.variable.clone() * (1.0 - decay));
        self.average.end_step(sum, weight);
    }

    /// Put what is frozen in place, from a picture of this size.
    pub(super) fn paste(&mut self, frozen: &RgbImage) {
        if let Some(freeze) = &self.freeze {
            let frozen = self.space.variable(upload(frozen, &self.device));
            self.variable = freeze.hold(frozen, self.variable.clone());
        }
    }
}

/// Frozen pixels, in the shape of the final picture.
#[derive(Clone)]
pub struct Frozen {
    /// As they were shown.
    pub shown: RgbImage,
    /// As they were painted, before colours were kept or settled.
    pub plain: RgbImage,
}

impl Frozen {
    /// As planes, to save.
    pub fn planes(&self) -> [Planes; 2] {
        [planes_of(&self.shown), planes_of(&self.plain)]
    }

    /// Of saved planes.
    pub fn of(planes: &[Planes; 2]) -> Self {
        let picture = |planes: &Planes| download(&planes.values, planes.width, planes.height);
        let [shown, plain] = planes;
        Self { shown: picture(shown), plain: picture(plain) }
    }
}

/// Masks of the final picture: what is frozen, and where the photograph is kept.
#[derive(Default)]
pub struct FinalMasks {
    frozen: Option<Vec<f32>>,
    kept: Option<Vec<f32>>,
}

impl FinalMasks {
    /// Of the settings and pictures.
    pub fn of(inputs: &super::Inputs, settings: &Settings, shape: (u32, u32)) -> Self {
        let united = |role| inputs.united_masks(role, settings, shape);
        Self { frozen: united(RegionRole::Freeze), kept: united(RegionRole::Keep) }
    }

    /// Put frozen pixels into a picture where their mask is white.
    pub fn paste(&self, picture: &mut RgbImage, frozen: &RgbImage) {
        let Some(mask) = &self.frozen else { return };
        for ((pixel, frozen), amount) in picture.pixels_mut().zip(frozen.pixels()).zip(mask) {
            if *amount >= 1.0 {
                *pixel = *frozen;
            }
        }
    }

    /// Blend the content in where it is kept; false if it is nowhere.
    pub fn keep(&self, picture: &mut RgbImage, content: &RgbImage) -> bool {
        let Some(mask) = &self.kept else { return false };
        for ((pixel, content), amount) in picture.pixels_mut().zip(content.pixels()).zip(mask) {
            for (channel, content) in pixel.0.iter_mut().zip(content.0) {
                let blend = f32::from(*channel) * (1.0 - amount) + f32::from(content) * amount;
                *channel = blend.round() as u8;
            }
        }
        true
    }

    /// Whether anything is frozen.
    pub fn freeze(&self) -> bool {
        self.frozen.is_some()
    }

    /// Whether the same is frozen.
    pub fn freeze_same(&self, other: &Self) -> bool {
        self.frozen == other.frozen
    }
}

impl Painting {
    /// What is frozen from now on, if anything: as it is shown now.
    pub(super) fn frozen_now(&mut self, masks: &FinalMasks) -> Result<Option<Frozen>, TransferError> {
        if !masks.freeze() {
            return Ok(None);
        }
        let reading = self.read_painted()?;
        let plain = reading.plain.unwrap_or_else(|| reading.picture.clone());
        Ok(Some(Frozen { shown: reading.picture, plain }))
    }

    /// Put what is frozen into the level's iterate.
    pub(super) fn paste_frozen(&mut self) {
        if let (Some(frozen), Some(transfer)) = (&self.frozen, &mut self.transfer) {
            let (width, height) = transfer.dimensions();
            transfer.paste(&resize(&frozen.plain, width, height, Filter::Lanczos));
        }
    }
}
