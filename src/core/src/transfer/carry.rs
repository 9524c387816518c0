//! What a run takes along from one size to another.

use burn::tensor::{Tensor, TensorData};

use super::{
    StyleTransfer, TransferError,
    adam::Moments,
    meter::GradientNorms,
    planes::{Kernel, Planes},
    readback::values,
};

/// What passes from one size to another.
#[derive(Clone, Debug)]
pub struct Carry {
    /// The variable as it is shown.
    pub image: Planes,
    /// Adam's moments and its decays so far.
    pub moments: Option<(Planes, Planes, [f64; 2])>,
    /// ‖∂L/∂variable‖² of the last step, if weights have changed since.
    pub gradient_norm: Option<f32>,
    /// What the terms' gradients were when they were measured.
    pub norms: GradientNorms,
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
        let norms = self.norms.scaled(factor.sqrt());
        Self { image: self.image.resized(width, height), moments, gradient_norm, norms }
    }
}

impl StyleTransfer {
    /// What a run at another size goes on from.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn carry(&self) -> Result<Carry, TransferError> {
        let moments = match self.adam.moments() {
            Some(Moments { mean, square, decays }) => {
                Some((Planes::of(&mean)?, Planes::of(&square)?, decays))
            }
            None => None,
        };
        let gradient_norm = match self.gradient_norm.as_ref().filter(|_| self.reweighted) {
            Some(parts) => values(parts.clone().sum())?.first().copied(),
            None => None,
        };
        let norms = self.meter.norms().clone();
        Ok(Carry { image: Planes::of(&self.shown())?, moments, gradient_norm, norms })
    }

    /// Goes on from what another size had, in this one's shape.
    ///
    /// # Panics
    ///
    /// When it has another shape.
    pub fn take_over(&mut self, carry: &Carry) {
        assert_eq!(self.dimensions(), (carry.image.width, carry.image.height), "one shape");
        self.variable = self.space.confine(carry.image.tensor(&self.device));
        self.meter.take_over(&carry.norms);
        if let Some(lbfgs) = &mut self.lbfgs {
            return lbfgs.forget();
        }
        if let Some((mean, square, decays)) = &carry.moments {
            let (mean, square) = (mean.tensor(&self.device), square.tensor(&self.device));
            self.adam.set_moments(Moments { mean, square, decays: *decays });
        }
        self.gradient_norm =
            carry.gradient_norm.map(|norm| Tensor::from_data(TensorData::new(vec![norm], [1]), &self.device));
        self.reweighted = carry.gradient_norm.is_some();
    }
}
