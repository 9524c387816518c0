//! The last finite state at one size, kept on the device for a rollback.

use burn::tensor::Tensor;

use super::{
    StyleTransfer, TransferError,
    adam::{Adam, AdamMoments},
    average::Average,
    lbfgs::Lbfgs,
    level_transfer::LevelTransfer,
    lowest::Lowest,
    norm_monitor::GradientNorms,
    planes::Planes,
    readback::values,
    term_values::Terms,
};

/// State that the next steps depend on. It shares the run's images until they change, so that keeping it
/// costs one copy of each in the next step.
pub struct GoodState {
    variable: Tensor<4>,
    adam: Adam,
    average: Average,
    lowest: Lowest,
    gradient_norm: Option<Tensor<1>>,
    reweighted: bool,
    step: u32,
    evaluated: StepLosses,
}

impl GoodState {
    /// What a run at another size goes on from, of the best iterate if it is kept.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub(super) fn level_transfer(&self, keep_best: bool) -> Result<LevelTransfer, TransferError> {
        let moments = match self.adam.moments() {
            Some(AdamMoments { mean, square, decays }) => {
                Some((Planes::of(&mean)?, Planes::of(&square)?, decays))
            }
            None => None,
        };
        let best = self.lowest.iterate().filter(|_| keep_best).cloned();
        let shown = best.or_else(|| self.average.mean()).unwrap_or_else(|| self.variable.clone());
        let norms = GradientNorms::default();
        Ok(LevelTransfer { image: Planes::of(&shown)?, moments, gradient_norm: None, norms })
    }
}

/// The losses of a step, still on the device.
#[derive(Clone, Default)]
pub struct StepLosses {
    pub terms: Terms,
    /// `[1]`; `None` where there is no term.
    pub total: Option<Tensor<1>>,
}

impl StyleTransfer {
    /// The present state for a rollback. For L-BFGS only the iterate.
    pub(super) fn good_state(&self) -> GoodState {
        GoodState {
            variable: self.lbfgs.as_ref().and_then(Lbfgs::iterate).unwrap_or(&self.variable).clone(),
            adam: self.adam.clone(),
            average: self.average.clone(),
            lowest: self.lowest.clone(),
            gradient_norm: self.gradient_norm.clone(),
            reweighted: self.reweighted,
            step: self.step,
            evaluated: self.evaluated.clone(),
        }
    }

    /// Roll back to an earlier state of this run at this size. L-BFGS restarts without its history.
    pub(super) fn restore_good_state(&mut self, state: &GoodState) {
        self.variable = state.variable.clone();
        self.adam = state.adam.clone();
        self.average = state.average.clone();
        self.lowest = state.lowest.clone();
        self.gradient_norm = state.gradient_norm.clone();
        self.reweighted = state.reweighted;
        self.step = state.step;
        self.evaluated = state.evaluated.clone();
        self.converged = false;
        self.evaluator.targets_mut().forget_aims();
        if let Some(lbfgs) = &mut self.lbfgs {
            lbfgs.forget();
        }
    }

    /// Whether the losses of these steps, the picture and Adam's moments are finite, by one read-back.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub(super) fn all_finite(&self, steps: &[StepLosses]) -> Result<bool, TransferError> {
        let iterate = self.lbfgs.as_ref().and_then(Lbfgs::iterate).unwrap_or(&self.variable);
        let mut numbers = vec![iterate.clone().sum()];
        if let Some(AdamMoments { mean, square, .. }) = self.adam.moments() {
            // Adapters clamp NaN to a number, so the picture alone is not enough.
            numbers.extend([mean.sum(), square.sqrt().sum()]);
        }
        let sums = numbers.len();
        let counted: Vec<&StepLosses> = steps.iter().filter(|step| step.total.is_some()).collect();
        numbers.extend(counted.iter().filter_map(|step| step.total.clone()));
        let numbers = values(Tensor::cat(numbers, 0))?;
        let (sums, totals) = numbers.split_at(sums);
        if !sums.iter().all(|sum| sum.is_finite()) {
            return Ok(false);
        }
        for (step, _) in counted.iter().zip(totals).filter(|(_, total)| !total.is_finite()) {
            // With large weights the sum alone may overflow.
            let terms = values(Tensor::cat(step.terms.values().collect(), 0))?;
            if !step.terms.losses(&terms, self.settings()).is_finite() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
