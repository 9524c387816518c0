//! A state of one size in which everything was finite: kept on the device, checked for, gone back to.

use burn::tensor::Tensor;

use super::{
    StyleTransfer, TransferError,
    adam::{Adam, Moments},
    average::Average,
    lbfgs::Lbfgs,
    lowest::Lowest,
    readback::values,
    term_values::Terms,
};

/// What the next steps depend on. Its images are the run's own until the run's change, so that keeping one is
/// one copy of each in the step that follows.
pub struct GoodState {
    variable: Tensor<4>,
    adam: Adam,
    average: Average,
    lowest: Lowest,
    gradient_norm: Option<Tensor<1>>,
    reweighted: bool,
    step: u32,
    evaluated: Evaluated,
}

/// The losses of a step, still on the device.
#[derive(Clone, Default)]
pub struct Evaluated {
    pub terms: Terms,
    /// `[1]`; `None` where there is no term.
    pub total: Option<Tensor<1>>,
}

impl StyleTransfer {
    /// The present state, to go back to. Of L-BFGS only its iterate.
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

    /// Goes back to an earlier state of this run at this size. L-BFGS, whose steps have led astray, begins
    /// anew there.
    pub(super) fn go_back_to(&mut self, state: &GoodState) {
        self.variable = state.variable.clone();
        self.adam = state.adam.clone();
        self.average = state.average.clone();
        self.lowest = state.lowest.clone();
        self.gradient_norm = state.gradient_norm.clone();
        self.reweighted = state.reweighted;
        self.step = state.step;
        self.evaluated = state.evaluated.clone();
        self.converged = false;
        if let Some(lbfgs) = &mut self.lbfgs {
            lbfgs.forget();
        }
    }

    /// Whether the losses of these steps, the picture and what Adam knows of the gradients are finite: one
    /// read-back.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub(super) fn all_finite(&self, steps: &[Evaluated]) -> Result<bool, TransferError> {
        let iterate = self.lbfgs.as_ref().and_then(Lbfgs::iterate).unwrap_or(&self.variable);
        let mut numbers = vec![iterate.clone().sum()];
        if let Some(Moments { mean, square, .. }) = self.adam.moments() {
            // Adapters clamp what is no number to one, so that the picture alone would not tell.
            numbers.extend([mean.sum(), square.sqrt().sum()]);
        }
        let sums = numbers.len();
        let counted: Vec<&Evaluated> = steps.iter().filter(|step| step.total.is_some()).collect();
        numbers.extend(counted.iter().filter_map(|step| step.total.clone()));
        let numbers = values(Tensor::cat(numbers, 0))?;
        let (sums, totals) = numbers.split_at(sums);
        if !sums.iter().all(|sum| sum.is_finite()) {
            return Ok(false);
        }
        for (step, _) in counted.iter().zip(totals).filter(|(_, total)| !total.is_finite()) {
            // Weights may have taken the sum alone beyond the numbers that the device has.
            let terms = values(Tensor::cat(step.terms.values().collect(), 0))?;
            if !step.terms.losses(&terms, self.settings()).is_finite() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
