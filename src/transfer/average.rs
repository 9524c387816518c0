//! The iterates' decaying mean, which has not the optimizer's noise.

use burn::tensor::Tensor;

/// Decaying sum of the iterates and of the weights that they have in it; empty before the first step, and where there is
/// no averaging.
#[derive(Default)]
pub struct Average(Option<(Tensor<4>, f64)>);

impl Average {
    /// Takes an iterate `[1, 3, H, W]` in; a decay of 0 remembers nothing.
    pub fn add(&mut self, iterate: &Tensor<4>, decay: f64) {
        self.0 = (decay > 0.0).then(|| {
            let now = iterate.clone() * (1.0 - decay);
            match self.0.take() {
                Some((sum, weight)) => (sum * decay + now, weight * decay + 1.0 - decay),
                None => (now, 1.0 - decay),
            }
        });
    }

    /// Begins with an image that counts as much as a long past.
    pub fn begin(&mut self, image: Tensor<4>) {
        self.0 = Some((image, 1.0));
    }

    /// Lets the past count no more than the next step, so that what a person does shows at once.
    pub fn fade(&mut self, decay: f64) {
        let weight = 1.0 - decay;
        self.0 = self.mean().map(|mean| (mean * weight, weight));
    }

    /// The mean; `None` where there is none.
    pub fn mean(&self) -> Option<Tensor<4>> {
        self.0.as_ref().map(|(sum, weight)| sum.clone() / *weight)
    }
}
