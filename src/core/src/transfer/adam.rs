//! Adam (Kingma & Ba, ICLR 2015), in PyTorch's form: x ← x − lr·m̂/(√v̂ + ε).

use burn::tensor::Tensor;

use super::average::Average;
use crate::settings::Settings;
use impasto_network::compute::{Iterate, Update};

/// The optimizer's moments and step count.
#[derive(Clone)]
pub struct Adam {
    /// Decaying means of the gradient and of its square; `None` before the first step.
    moments: Option<(Tensor<4>, Tensor<4>)>,
    /// Powers of β₁ and β₂ so far. Kept as products, so that the bias correction stays right when a β
    /// changes.
    decay1: f64,
    decay2: f64,
}

/// The optimizer's state: decaying means of the gradient and of its square, and the powers of β₁ and β₂ so
/// far.
pub struct AdamMoments {
    pub mean: Tensor<4>,
    pub square: Tensor<4>,
    pub decays: [f64; 2],
}

impl Adam {
    /// An optimizer in its initial state.
    pub fn new() -> Self {
        Self { moments: None, decay1: 1.0, decay2: 1.0 }
    }

    /// Update `x` by `gradient`, both `[1, 3, H, W]`, with the constants of the settings, and add the new
    /// iterate to the `average`. With `confine` it stays in 0 to 1. Returns it and parts of ‖gradient‖², see
    /// [`Update::apply`].
    pub fn step(
        &mut self,
        x: Tensor<4>,
        gradient: Tensor<4>,
        average: &mut Average,
        confine: bool,
        settings: &Settings,
    ) -> (Tensor<4>, Tensor<1>) {
        let (beta1, beta2) = (settings.beta1, settings.beta2);
        self.decay1 *= beta1;
        self.decay2 *= beta2;
        let average_step = average.begin_step(&x, settings.averaging);
        let update = Update {
            beta1,
            beta2,
            rate: settings.learning_rate / (1.0 - self.decay1),
            correction: 1.0 - self.decay2,
            epsilon: settings.epsilon,
            confine,
            averaging: average_step.decay,
        };
        let (mean, square) = self.moments.take().unwrap_or_else(|| (x.zeros_like(), x.zeros_like()));
        let before = Iterate { variable: x, mean, square, sum: average_step.sum };
        let (Iterate { variable, mean, square, sum }, norm) = update.apply(before, gradient);
        self.moments = Some((mean, square));
        average.end_step(sum, average_step.weight);
        (variable, norm)
    }

    /// The optimizer's state; `None` before the first step.
    pub fn moments(&self) -> Option<AdamMoments> {
        let (mean, square) = self.moments.clone()?;
        Some(AdamMoments { mean, square, decays: [self.decay1, self.decay2] })
    }

    /// Continue from another optimizer's state.
    pub fn set_moments(&mut self, moments: AdamMoments) {
        self.moments = Some((moments.mean, moments.square));
        [self.decay1, self.decay2] = moments.decays;
    }

    /// Rescale the moments for gradients that are `factor` times as large from now on, for example after a
    /// change of a weight, so that the step length neither jumps nor decays. The factor `[1]` stays on the
    /// device; if it is not positive and finite, nothing changes.
    pub fn rescale(&mut self, factor: Tensor<1>) {
        if let Some((mean, square)) = self.moments.take() {
            let sound = factor.clone().greater_elem(0.0).bool_and(factor.clone().lower_elem(f32::MAX));
            let one = factor.ones_like();
            let factor = one.mask_where(sound, factor).reshape([1, 1, 1, 1]);
            self.moments = Some((mean * factor.clone(), square * factor.square()));
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn tensor(values: [f32; 4]) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values.to_vec(), [1, 1, 2, 2]), &Device::flex())
    }

    fn values(tensor: &Tensor<4>) -> Vec<f32> {
        tensor.to_data().try_to_vec().unwrap()
    }

    /// A step without averaging or bounds.
    fn step(adam: &mut Adam, x: Tensor<4>, gradient: Tensor<4>, settings: &Settings) -> Tensor<4> {
        let settings = Settings { averaging: 0.0, ..settings.clone() };
        adam.step(x, gradient, &mut Average::default(), false, &settings).0
    }

    #[test]
    fn the_first_step_moves_every_value_by_the_learning_rate_against_the_gradients_sign() {
        let settings = Settings { learning_rate: 0.1, ..Settings::default() };
        let moved = step(&mut Adam::new(), tensor([0.0; 4]), tensor([3.0, -2.0, 1e-3, -1e-3]), &settings);
        for (value, expected) in values(&moved).iter().zip([-0.1, 0.1, -0.1, 0.1]) {
            assert!((value - expected).abs() < 1e-5, "{value} is not {expected}");
        }
    }

    #[test]
    fn two_steps_agree_with_the_formula() {
        let settings = Settings { learning_rate: 0.01, beta1: 0.8, beta2: 0.95, ..Settings::default() };
        let mut adam = Adam::new();
        let (g1, g2) = (0.5_f64, -0.25_f64);
        let x = step(&mut adam, tensor([1.0; 4]), tensor([g1 as f32; 4]), &settings);
        let x = step(&mut adam, x, tensor([g2 as f32; 4]), &settings);
        let m = 0.8 * 0.2 * g1 + 0.2 * g2;
        let v = 0.95 * 0.05 * g1 * g1 + 0.05 * g2 * g2;
        let first = 0.01 * g1 / (g1.abs() + 1e-8);
        let second = 0.01 * (m / (1.0 - 0.64)) / ((v / (1.0 - 0.95 * 0.95)).sqrt() + 1e-8);
        let expected = 1.0 - first - second;
        assert!((f64::from(values(&x)[0]) - expected).abs() < 1e-6);
    }

    #[test]
    fn a_rescaled_optimizer_steps_as_if_gradients_had_always_been_that_large() {
        let settings = Settings::default();
        let gradients = [[0.3, -0.1, 0.02, 0.5], [0.2, -0.3, 0.1, 0.4]];
        let (mut changed, mut constant) = (Adam::new(), Adam::new());
        let start = tensor([0.5; 4]);
        let one = |value: f32| Tensor::from_data(TensorData::new(vec![value], [1]), &Device::flex());
        let a = step(&mut changed, start.clone(), tensor(gradients[0]), &settings);
        let b = step(&mut constant, start, tensor(gradients[0].map(|g| 100.0 * g)), &settings);
        changed.rescale(one(100.0));
        // Invalid factors change nothing.
        [0.0, -1.0, f32::INFINITY, f32::NAN].into_iter().for_each(|factor| changed.rescale(one(factor)));
        let a = step(&mut changed, a, tensor(gradients[1].map(|g| 100.0 * g)), &settings);
        let b = step(&mut constant, b, tensor(gradients[1].map(|g| 100.0 * g)), &settings);
        for (a, b) in values(&a).iter().zip(values(&b)) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}
