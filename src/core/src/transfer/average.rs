//! Decaying average of the iterates, which removes the optimizer's noise.
//!
//! Its window grows with the steps since it began: a full window from the start would lag behind the
//! iterates, and in a short run still contain the beginning at the end (Shamir & Zhang, ICML 2013, on
//! averaging a share of the iterates).

use burn::tensor::Tensor;

/// Window as a share of the steps since it began, up to the window of the settings' decay.
const SHARE: f64 = 0.1;
/// Steps since it began of an average with a full window.
const LONG: u32 = 100;

/// Decaying sums of the iterates and of their weights; empty before the first step and without averaging.
#[derive(Clone, Default)]
pub struct Average {
    sum: Option<(Tensor<4>, f64)>,
    /// Steps since it began or was faded.
    steps: u32,
}

/// The sum that a step adds to.
pub struct AverageStep {
    pub sum: Option<Tensor<4>>,
    /// Decay of the sum in this step.
    pub decay: f64,
    /// Total weight after the step.
    pub weight: f64,
}

impl Average {
    /// Take the sum to add the next iterate, in the shape of `x`, with the decay to use and the resulting
    /// weight. `longest` is the decay of a full window; 0 disables averaging.
    pub fn begin_step(&mut self, x: &Tensor<4>, longest: f64) -> AverageStep {
        let decay = longest.min(1.0 - 1.0 / (1.0 + SHARE * f64::from(self.steps)));
        self.steps = self.steps.saturating_add(1);
        match (longest > 0.0, self.sum.take()) {
            (false, _) => {
                self.steps = 0;
                AverageStep { sum: None, decay: 0.0, weight: 0.0 }
            }
            (true, Some((sum, weight))) => {
                AverageStep { sum: Some(sum), decay, weight: weight * decay + 1.0 - decay }
            }
            (true, None) => AverageStep { sum: Some(x.zeros_like()), decay, weight: 1.0 - decay },
        }
    }

    /// Store the updated sum.
    pub fn end_step(&mut self, sum: Option<Tensor<4>>, weight: f64) {
        self.sum = sum.map(|sum| (sum, weight));
    }

    /// Begin with an image that counts as a full window.
    pub fn begin(&mut self, image: Tensor<4>) {
        *self = Self { sum: Some((image, 1.0)), steps: LONG };
    }

    /// Restart the window, so that a user's change shows at once.
    pub fn fade(&mut self) {
        self.steps = 0;
    }

    /// The average; `None` if there is none.
    pub fn mean(&self) -> Option<Tensor<4>> {
        self.sum.as_ref().map(|(sum, weight)| sum.clone() / *weight)
    }

    /// The decaying sum, the weights in it and the steps since it began.
    pub fn sum(&self) -> Option<(Tensor<4>, f64, u32)> {
        self.sum.clone().map(|(sum, weight)| (sum, weight, self.steps))
    }

    /// Continue from another average's sum.
    pub fn set_sum(&mut self, sum: Option<(Tensor<4>, f64, u32)>) {
        self.steps = sum.as_ref().map_or(0, |(.., steps)| *steps);
        self.sum = sum.map(|(sum, weight, _)| (sum, weight));
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn image(value: f32) -> Tensor<4> {
        Tensor::from_data(TensorData::new(vec![value; 3], [1, 3, 1, 1]), &Device::flex())
    }

    /// Add an iterate as a step does; returns the mean.
    fn take(average: &mut Average, value: f32, longest: f64) -> f32 {
        let AverageStep { sum, decay, weight } = average.begin_step(&image(value), longest);
        average.end_step(sum.map(|sum| sum * decay + image(value) * (1.0 - decay)), weight);
        average.mean().map_or(f32::NAN, |mean| mean.to_data().try_to_vec::<f32>().unwrap()[0])
    }

    #[test]
    fn the_mean_reaches_back_over_a_share_of_the_steps_and_no_further_than_it_may() {
        // For iterates that count up, the mean lags by the window's mean age.
        let behind = |steps: u32, longest| {
            let mut average = Average::default();
            (0..steps).map(|step| step as f32 - take(&mut average, step as f32, longest)).last().unwrap()
        };
        assert_eq!(behind(1, 0.99), 0.0);
        for (steps, least, most) in [(20, 0.5, 2.0), (100, 5.0, 10.0), (400, 25.0, 40.0)] {
            let found = behind(steps, 0.99);
            assert!(found > least && found < most, "{found} steps behind after {steps}");
        }
        // A decay of 0.9 has a mean age of nine steps.
        assert!((behind(300, 0.9) - 9.0).abs() < 0.1);
    }

    #[test]
    fn after_a_change_the_past_counts_no_more() {
        let mut average = Average::default();
        (0..50).for_each(|_| _ = take(&mut average, 1.0, 0.99));
        average.fade();
        // The old mean stays until the next iterate.
        assert_eq!(average.mean().unwrap().to_data().try_to_vec::<f32>().unwrap(), [1.0; 3]);
        assert_eq!(take(&mut average, 3.0, 0.99), 3.0);
        average.begin(image(5.0));
        assert!((take(&mut average, 0.0, 0.99) - 5.0).abs() < 0.5);
        assert!(take(&mut average, 2.0, 0.0).is_nan() && average.sum().is_none());
    }
}
