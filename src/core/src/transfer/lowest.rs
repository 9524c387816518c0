//! The lowest total so far: whether it still falls, and its iterate. Kept on the device, and read back with
//! the picture.

use std::collections::VecDeque;

use burn::tensor::Tensor;

/// Steps within which the lowest total must fall; of a term with several bases, those in the first one.
pub const WINDOW: usize = 50;
/// Minimum relative decrease.
const IMPROVEMENT: f64 = 1e-4;

/// The lowest total of an unchanged objective.
#[derive(Clone, Default)]
pub struct Lowest {
    /// The lowest total `[1]` after each of the last steps, oldest first.
    past: VecDeque<Tensor<1>>,
    /// The lowest total since iterates are kept, and its iterate.
    kept: Option<(Tensor<1>, Tensor<4>)>,
}

impl Lowest {
    /// Record the total `[1]` at an iterate `[1, 3, H, W]`. With `keep`, keep the iterate if it is the best.
    pub fn add(&mut self, total: &Tensor<1>, iterate: &Tensor<4>, keep: bool) {
        let least = match self.past.back() {
            Some(before) => before.clone().min_pair(total.clone()),
            None => total.clone(),
        };
        self.past.push_back(least);
        if self.past.len() > WINDOW + 1 {
            self.past.pop_front();
        }
        self.kept = keep.then(|| match self.kept.take() {
            None => (total.clone(), iterate.clone()),
            Some((least, best)) => {
                let better = total.clone().lower(least.clone()).reshape([1, 1, 1, 1]).expand(iterate.dims());
                (least.min_pair(total.clone()), best.mask_where(better, iterate.clone()))
            }
        });
    }

    /// Keep no iterate any longer.
    pub fn keep_no_iterate(&mut self) {
        self.kept = None;
    }

    /// The lowest totals of the last steps, each `[1]`, oldest first.
    pub fn past(&self) -> impl Iterator<Item = Tensor<1>> + '_ {
        self.past.iter().cloned()
    }

    /// The lowest total `[1]` since iterates are kept, and its iterate.
    pub fn kept(&self) -> Option<&(Tensor<1>, Tensor<4>)> {
        self.kept.as_ref()
    }

    /// Restore from [`Lowest::past`] and [`Lowest::kept`].
    pub fn of(past: VecDeque<Tensor<1>>, kept: Option<(Tensor<1>, Tensor<4>)>) -> Self {
        Self { past, kept }
    }

    /// The iterate with the lowest total, if iterates are kept.
    pub fn iterate(&self) -> Option<&Tensor<4>> {
        self.kept.as_ref().map(|(_, iterate)| iterate)
    }

    /// The lowest total a window ago and now, for [`has_converged`]; `None` if there are fewer steps.
    pub fn ends(&self) -> Option<[Tensor<1>; 2]> {
        let [first, last] = [self.past.front()?, self.past.back()?].map(Clone::clone);
        (self.past.len() > WINDOW).then_some([first, last])
    }

    /// Restart the convergence window after a change of something other than the objective.
    pub fn restart_window(&mut self) {
        let keep = self.past.len().min(1);
        self.past.drain(..self.past.len() - keep);
    }
}

/// Whether the lowest total has converged, given its values a window ago and now.
pub fn has_converged(before: f32, now: f32) -> bool {
    let (before, now) = (f64::from(before), f64::from(now));
    now.is_finite() && before - now <= IMPROVEMENT * before.abs()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn tensor<const D: usize>(value: f32, shape: [usize; D]) -> Tensor<D> {
        let count = shape.iter().product();
        Tensor::from_data(TensorData::new(vec![value; count], shape), &Device::flex())
    }

    fn host<const D: usize>(tensor: &Tensor<D>) -> f32 {
        tensor.to_data().try_to_vec::<f32>().unwrap()[0]
    }

    #[test]
    fn the_best_iterate_is_kept_once_requested() {
        let mut lowest = Lowest::default();
        let totals = [5.0, 1.0, 3.0, 2.0, 4.0];
        for (index, total) in totals.into_iter().enumerate() {
            lowest.add(&tensor(total, [1]), &tensor(index as f32, [1, 3, 2, 2]), index >= 2);
        }
        assert_eq!(lowest.iterate().map(host), Some(3.0));
        lowest.add(&tensor(1.5, [1]), &tensor(9.0, [1, 3, 2, 2]), true);
        assert_eq!(lowest.iterate().map(host), Some(9.0));
        lowest.add(&tensor(0.5, [1]), &tensor(7.0, [1, 3, 2, 2]), false);
        assert!(lowest.iterate().is_none());
    }

    #[test]
    fn it_has_converged_when_the_lowest_total_of_a_whole_window_has_stopped_falling() {
        let converged = |total: &dyn Fn(usize) -> f64, steps: usize| {
            let mut lowest = Lowest::default();
            for step in 0..steps {
                lowest.add(&tensor(total(step) as f32, [1]), &tensor(0.0, [1, 3, 1, 1]), false);
            }
            lowest.ends().is_some_and(|[before, now]| has_converged(host(&before), host(&now)))
        };
        let decay = |step: usize| 1.0 + (-(step as f64) / 10.0).exp();
        assert!(!converged(&decay, 50) && !converged(&decay, 120) && converged(&decay, 200));
        // Noise above the lowest total is no progress, but a slow and steady decrease is.
        assert!(converged(&|step| 1.0 + 0.1 * (step % 7) as f64, 100));
        assert!(!converged(&|step| 1.0 - 1e-5 * step as f64, 100));
        assert!(!converged(&|_| f64::NAN, 100));
        let mut lowest = Lowest::default();
        (0..80).for_each(|_| lowest.add(&tensor(1.0, [1]), &tensor(0.0, [1, 3, 1, 1]), false));
        lowest.restart_window();
        assert!(lowest.ends().is_none());
    }
}
