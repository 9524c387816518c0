//! The iterates' decaying mean, which has not the optimizer's noise.

use burn::tensor::Tensor;

/// Decaying sum of the iterates and of the weights that they have in it; empty before the first step, and where there is
/// no averaging.
#[derive(Default)]
pub struct Average(Option<(Tensor<4>, f64)>);

impl Average {
    /// Gives its sum away, to be updated with a next iterate of the shape of `x`, and tells the weight that it has then. A
    /// decay of 0 remembers nothing.
    pub fn begin_step(&mut self, x: &Tensor<4>, decay: f64) -> (Option<Tensor<4>>, f64) {
        match (decay > 0.0, self.0.take()) {
            (false, _) => (None, 0.0),
            (true, Some((sum, weight))) => (Some(sum), weight * decay + 1.0 - decay),
            (true, None) => (Some(x.zeros_like()), 1.0 - decay),
        }
    }

    /// Takes the updated sum back.
    pub fn end_step(&mut self, sum: Option<Tensor<4>>, weight: f64) {
        self.0 = sum.map(|sum| (sum, weight));
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

    /// The decaying sum and the weights in it.
    pub fn sum(&self) -> Option<(Tensor<4>, f64)> {
        self.0.clone()
    }

    /// Goes on from a sum that another one had.
    pub fn set_sum(&mut self, sum: Option<(Tensor<4>, f64)>) {
        self.0 = sum;
    }
}
