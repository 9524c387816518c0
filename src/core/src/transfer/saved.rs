//! Save a run's state to the host, and restore it.

use burn::tensor::{Tensor, TensorData};

use super::{
    StyleTransfer, TransferError,
    adam::{Adam, AdamMoments},
    checkpoint::{AdamState, Cycle, LowestState, OptimizerState, State},
    good_state::StepLosses,
    lbfgs::Lbfgs,
    lowest::Lowest,
    planes::Planes,
    readback::values,
    term_values::Terms,
};

/// Read scalars `[1]` in one read-back.
fn numbers(tensors: Vec<Tensor<1>>) -> Result<Vec<f32>, TransferError> {
    if tensors.is_empty() { Ok(Vec::new()) } else { values(Tensor::cat(tensors, 0)) }
}

impl StyleTransfer {
    /// The complete state of the next steps, bit for bit.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn state(&self) -> Result<State, TransferError> {
        let optimizer = match (&self.lbfgs, self.adam.moments()) {
            (Some(lbfgs), _) => OptimizerState::Lbfgs(lbfgs.state()?),
            (None, None) => OptimizerState::Adam(None),
            (None, Some(AdamMoments { mean, square, decays })) => OptimizerState::Adam(Some(AdamState {
                mean: Planes::of(&mean)?,
                square: Planes::of(&square)?,
                decays,
            })),
        };
        let average = match self.average.sum() {
            None => None,
            Some((sum, weight, steps)) => Some((Planes::of(&sum)?, weight, steps)),
        };
        let gradient_norm = match &self.gradient_norm {
            None => None,
            Some(parts) => values(parts.clone().sum())?.first().copied(),
        };
        let cycle = match self.evaluator.targets().cycle() {
            None => None,
            Some(Cycle { turn, age, picture }) => {
                Some(Cycle { turn, age, picture: picture.as_ref().map(Planes::of).transpose()? })
            }
        };
        let kept = match self.lowest.kept() {
            None => None,
            Some((total, best)) => Some((values(total.clone())?[0], Planes::of(best)?)),
        };
        Ok(State {
            variable: Planes::of(&self.variable)?,
            optimizer,
            average,
            gradient_norm,
            reweighted: self.reweighted,
            lowest: LowestState { past: numbers(self.lowest.past().collect())?, kept },
            terms: self
                .evaluated
                .terms
                .names()
                .zip(numbers(self.evaluated.terms.values().collect())?)
                .collect(),
            aims: self.evaluator.targets().aims(),
            cycle,
        })
    }

    /// Approximate size of [`StyleTransfer::state`] in bytes.
    pub fn state_bytes(&self) -> u64 {
        let (width, height) = self.dimensions();
        let optimizer = self.lbfgs.as_ref().map_or(2, Lbfgs::images);
        let average = usize::from(self.average.sum().is_some());
        let kept = usize::from(self.lowest.kept().is_some());
        let sorted =
            usize::from(self.evaluator.targets().cycle().is_some_and(|cycle| cycle.picture.is_some()));
        let aims = self.evaluator.targets().aims();
        let aims: usize = aims.iter().flat_map(|aims| aims.parts.values()).map(Vec::len).sum();
        12 * u64::from(width) * u64::from(height) * (1 + optimizer + average + kept + sorted) as u64
            + 4 * aims as u64
    }

    /// Continue from a state of a run with the same pictures at the same size.
    ///
    /// # Errors
    ///
    /// If it has another shape or optimizer; then nothing changes.
    pub fn set_state(&mut self, state: &State) -> Result<(), TransferError> {
        let shape = self.dimensions();
        if state.all_planes().any(|planes| (planes.width, planes.height) != shape) {
            return Err(TransferError::Checkpoint);
        }
        let device = self.device.clone();
        let number = |number: f32| Tensor::<1>::from_data(TensorData::new(vec![number], [1]), &device);
        match (&state.optimizer, &mut self.lbfgs) {
            (OptimizerState::Lbfgs(state), Some(lbfgs)) => *lbfgs = Lbfgs::of(state, &device),
            (OptimizerState::Adam(state), None) => {
                self.adam = Adam::new();
                if let Some(AdamState { mean, square, decays }) = state {
                    let (mean, square) = (mean.tensor(&device), square.tensor(&device));
                    self.adam.set_moments(AdamMoments { mean, square, decays: *decays });
                }
            }
            _ => return Err(TransferError::Checkpoint),
        }
        let average = state.average.as_ref();
        self.average.set_sum(average.map(|(sum, weight, steps)| (sum.tensor(&device), *weight, *steps)));
        self.gradient_norm = state.gradient_norm.map(number);
        self.reweighted = state.reweighted;
        self.variable = state.variable.tensor(&device);
        self.evaluated = StepLosses { terms: Terms::of(&state.terms, &device), total: None };
        let kept = state.lowest.kept.as_ref().map(|(total, best)| (number(*total), best.tensor(&device)));
        self.lowest = Lowest::of(state.lowest.past.iter().copied().map(number).collect(), kept);
        self.converged = false;
        self.evaluator.targets_mut().set_aims(state.aims.as_ref());
        self.evaluator.set_cycle(state.cycle.as_ref(), &self.settings);
        Ok(())
    }
}
