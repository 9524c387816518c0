//! What a run takes along from one size to another.

use super::{
    meter::GradientNorms,
    planes::{Kernel, Planes},
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
