//! The iterates' decaying mean, which has not the optimizer's noise.
//!
//! How far back it reaches grows with the steps since it began: a mean that reaches as far from the start would trail behind
//! what is painted, and in a short run still show the beginning at the end (Shamir & Zhang, ICML 2013, on averaging a
//! share of the iterates).

use burn::tensor::Tensor;

/// A mean of so much of the steps since it began, until that is as far back as the settings' decay reaches.
const SHARE: f64 = 0.1;
/// Steps since it began of a mean that counts as a long past.
const LONG: u32 = 100;

/// Decaying sum of the iterates and of the weights that they have in it; empty before the first step, and where there is
/// no averaging.
#[derive(Clone, Default)]
pub struct Average {
    sum: Option<(Tensor<4>, f64)>,
    /// Steps since it began, or faded.
    steps: u32,
}

/// What a step adds to.
pub struct AverageStep {
    pub sum: Option<Tensor<4>>,
    /// Of the sum in this step.
    pub decay: f64,
    /// Of the sum behind it.
    pub weight: f64,
}

impl Average {
    /// Gives its sum away, to be updated with a next iterate of the shape of `x`, and tells the decay and the weight that it
    /// has then. `longest`, the decay of a long past; 0 remembers nothing.
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

    /// Takes the updated sum back.
    pub fn end_step(&mut self, sum: Option<Tensor<4>>, weight: f64) {
        self.sum = sum.map(|sum| (sum, weight));
    }

    /// Begins with an image that counts as much as a long past.
    pub fn begin(&mut self, image: Tensor<4>) {
        *self = Self { sum: Some((image, 1.0)), steps: LONG };
    }

    /// Lets the past count no more, so that what a person does shows at once.
    pub fn fade(&mut self) {
        self.steps = 0;
    }

    /// The mean; `None` where there is none.
    pub fn mean(&self) -> Option<Tensor<4>> {
        self.sum.as_ref().map(|(sum, weight)| sum.clone() / *weight)
    }

    /// The decaying sum, the weights in it and the steps since it began.
    pub fn sum(&self) -> Option<(Tensor<4>, f64, u32)> {
        self.sum.clone().map(|(sum, weight)| (sum, weight, self.steps))
    }

    /// Goes on from a sum that another one had.
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

    /// Takes iterates in as a step does, and gives the mean.
    fn take(average: &mut Average, value: f32, longest: f64) -> f32 {
        let AverageStep { sum, decay, weight } = average.begin_step(&image(value), longest);
        average.end_step(sum.map(|sum| sum * decay + image(value) * (1.0 - decay)), weight);
        average.mean().map_or(f32::NAN, |mean| mean.to_data().try_to_vec::<f32>().unwrap()[0])
    }

    #[test]
    fn the_mean_reaches_back_over_a_share_of_the_steps_and_no_further_than_it_may() {
        // How far back: of iterates that count up, the mean is that far behind.
        let behind = |steps: u32, longest| {
            let mut average = Average::default();
            (0..steps).map(|step| step as f32 - take(&mut average, step as f32, longest)).last().unwrap()
        };
        assert_eq!(behind(1, 0.99), 0.0);
        for (steps, least, most) in [(20, 0.5, 2.0), (100, 5.0, 10.0), (400, 25.0, 40.0)] {
            let found = behind(steps, 0.99);
            assert!(found > least && found < most, "{found} steps behind after {steps}");
        }
        // 0.9 reaches back nine steps.
        assert!((behind(300, 0.9) - 9.0).abs() < 0.1);
    }

    #[test]
    fn after_a_change_the_past_counts_no_more() {
        let mut average = Average::default();
        (0..50).for_each(|_| _ = take(&mut average, 1.0, 0.99));
        average.fade();
        // It is still shown until there is something new.
        assert_eq!(average.mean().unwrap().to_data().try_to_vec::<f32>().unwrap(), [1.0; 3]);
        assert_eq!(take(&mut average, 3.0, 0.99), 3.0);
        average.begin(image(5.0));
        assert!((take(&mut average, 0.0, 0.99) - 5.0).abs() < 0.5);
        assert!(take(&mut average, 2.0, 0.0).is_nan() && average.sum().is_none());
    }
}
