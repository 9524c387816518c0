//! When the terms whose targets depend on the picture aim anew.

use super::StyleTransfer;

/// Evaluations after which they do.
const EVERY: u32 = 8;
/// The same with L-BFGS, whose line search then begins again.
const LBFGS_EVERY: u32 = 32;

impl StyleTransfer {
    /// Count the evaluation of a step, and let terms aim anew in it if it is time. Then L-BFGS goes on from
    /// its iterate: the values there are others, and so is the gradient, but the curvature is the same.
    pub(super) fn advance_aims(&mut self) {
        let every = if self.lbfgs.is_some() { LBFGS_EVERY } else { EVERY };
        let due = self.evaluator.targets_mut().advance(every);
        if let Some(lbfgs) = self.lbfgs.as_mut().filter(|_| due) {
            if let Some(iterate) = lbfgs.iterate() {
                self.variable = iterate.clone();
            }
            lbfgs.begin_again();
        }
    }
}
