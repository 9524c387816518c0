//! State that passes from one level to another.

use burn::tensor::{Tensor, TensorData};

use super::{
    StyleTransfer, TransferError,
    adam::AdamMoments,
    norm_monitor::GradientNorms,
    planes::{Interpolation, Planes},
    readback::values,
};

/// State that passes from one level to another.
#[derive(Clone, Debug)]
pub struct LevelTransfer {
    /// The displayed iterate as the optimised variable.
    pub image: Planes,
    /// Adam's moments and its decays so far.
    pub moments: Option<(Planes, Planes, [f64; 2])>,
    /// ‖∂L/∂variable‖² of the last step, if weights have changed since.
    pub gradient_norm: Option<f32>,
    /// Measured norms of the terms' gradients.
    pub norms: GradientNorms,
}

impl LevelTransfer {
    /// Resize to another shape: image and first moment bicubic, the second moment, which must not become
    /// negative, bilinear. With r times the pixels, each has 1/r of the gradient.
    pub fn resized(&self, width: u32, height: u32) -> Self {
        let pixels = |width: u32, height: u32| f64::from(width) * f64::from(height);
        let factor = pixels(self.image.width, self.image.height) / pixels(width, height);
        let moments = self.moments.as_ref().map(|(mean, square, decays)| {
            let mean = mean.resized(width, height).scaled(factor as f32);
            let square =
                square.resized_by(Interpolation::Bilinear, width, height).scaled((factor * factor) as f32);
            (mean, square, *decays)
        });
        let gradient_norm = self.gradient_norm.map(|norm| norm * factor as f32);
        let norms = self.norms.scaled(factor.sqrt());
        Self { image: self.image.resized(width, height), moments, gradient_norm, norms }
    }
}

impl StyleTransfer {
    /// The state for a run at another level.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn level_transfer(&self) -> Result<LevelTransfer, TransferError> {
        let moments = match self.adam.moments() {
            Some(AdamMoments { mean, square, decays }) => {
                Some((Planes::of(&mean)?, Planes::of(&square)?, decays))
            }
            None => None,
        };
        let gradient_norm = match self.gradient_norm.as_ref().filter(|_| self.reweighted) {
            Some(parts) => values(parts.clone().sum())?.first().copied(),
            None => None,
        };
        let norms = self.norm_monitor.norms().clone();
        Ok(LevelTransfer { image: Planes::of(&self.shown())?, moments, gradient_norm, norms })
    }

    /// Continue from another level's state, resized to this one's shape.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub fn apply_level_transfer(&mut self, transfer: &LevelTransfer) {
        assert_eq!(self.dimensions(), (transfer.image.width, transfer.image.height), "one shape");
        self.variable = self.space.confine(transfer.image.tensor(&self.device));
        self.norm_monitor.set_norms(&transfer.norms);
        if let Some(lbfgs) = &mut self.lbfgs {
            return lbfgs.forget();
        }
        if let Some((mean, square, decays)) = &transfer.moments {
            let (mean, square) = (mean.tensor(&self.device), square.tensor(&self.device));
            self.adam.set_moments(AdamMoments { mean, square, decays: *decays });
        }
        self.gradient_norm = transfer
            .gradient_norm
            .map(|norm| Tensor::from_data(TensorData::new(vec![norm], [1]), &self.device));
        self.reweighted = transfer.gradient_norm.is_some();
    }
}
