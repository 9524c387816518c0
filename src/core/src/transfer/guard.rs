//! Roll a run with non-finite values back to its last good state, and continue with a smaller step.
//!
//! This depends on the steps only and not on when the picture is read: states are checked and kept after
//! fixed numbers of steps and before every change of the run. A read-back in between that finds non-finite
//! values does what the next check would have done, so that a recipe gives the same picture at any rate of
//! read-backs.

use super::{
    Painting, TransferError,
    good_state::{GoodState, StepLosses},
    transition::Transition,
};
use crate::settings::{Modulated, StyleMix};

/// Steps between two checks. A check waits for the device once and causes a few image copies in the next
/// step.
const EVERY: u32 = 16;
/// Maximum rollbacks to the same state.
const MAX_TRIES: u32 = 6;
/// Factor of the learning rate per rollback.
const SMALLER: f64 = 0.5;
/// Maximum halvings in a saved run.
pub const MAX_HALVINGS: u32 = 1000;

/// Rollback state of a run.
#[derive(Default)]
pub struct Guard {
    good: Option<Good>,
    /// The losses of every step since the good state.
    since: Vec<StepLosses>,
    /// Rollbacks to that state so far.
    tries: u32,
    /// Number of times that the learning rate was halved in total.
    pub halvings: u32,
    notices: Vec<String>,
}

/// A finite state with its position in the run.
struct Good {
    state: GoodState,
    step: u32,
    done: f64,
    modulated: Modulated,
    mix: Vec<StyleMix>,
}

impl Guard {
    /// Factor of the requested learning rate.
    pub fn rate_factor(&self) -> f64 {
        SMALLER.powi(self.halvings.min(MAX_HALVINGS) as i32)
    }

    /// Lets go of everything that is on the device, and gives the last good state.
    pub fn release(&mut self) -> Option<GoodState> {
        self.since.clear();
        self.good.take().map(|good| good.state)
    }
}

impl Painting {
    /// Take the notices for the user since the last call.
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.guard.notices)
    }

    /// Paint one step at the current level.
    pub(super) fn advance(&mut self) -> Result<(), TransferError> {
        let counts = self.downscale.is_none();
        if counts {
            self.automate()?;
        }
        let transfer = self.transfer()?;
        transfer.step()?;
        let evaluated = transfer.evaluated.clone();
        self.guard.since.push(evaluated);
        if counts {
            self.step += 1;
            self.done += self.schedule.cost(self.level);
        }
        Ok(())
    }

    /// Check the run if it is due.
    pub(super) fn check_if_due(&mut self) -> Result<(), TransferError> {
        let counted = self.downscale.is_none() && self.step.is_multiple_of(EVERY);
        if counted || self.guard.since.len() >= EVERY as usize { self.check() } else { Ok(()) }
    }

    /// Check that the run is finite, rolling back if necessary, and keep the state.
    ///
    /// # Errors
    ///
    /// If it stays non-finite, or the device fails.
    pub(super) fn check(&mut self) -> Result<(), TransferError> {
        if !self.is_finite()? {
            self.roll_back()?;
        }
        self.keep_state()
    }

    /// Keep the present state as good: it has just been checked, or is initial.
    pub(super) fn keep_state(&mut self) -> Result<(), TransferError> {
        let state = self.transfer()?.good_state();
        let (step, done) = (self.step, self.done);
        self.guard.good =
            Some(Good { state, step, done, modulated: self.modulated.clone(), mix: self.inputs.mix() });
        self.guard.since.clear();
        self.guard.tries = 0;
        Ok(())
    }

    fn is_finite(&self) -> Result<bool, TransferError> {
        let transfer = self.transfer.as_ref().ok_or(TransferError::NoRun)?;
        if self.guard.since.is_empty() { Ok(true) } else { transfer.all_finite(&self.guard.since) }
    }

    /// Roll back to the last good state and repeat the steps with half the learning rate, until they are
    /// finite.
    ///
    /// # Errors
    ///
    /// If they stay non-finite, or the device fails.
    pub(super) fn roll_back(&mut self) -> Result<(), TransferError> {
        let (step, steps) = (self.step, self.guard.since.len());
        let failed = TransferError::NotFinite { what: "the painting", step };
        let Some(good) = self.guard.good.take().filter(|_| steps > 0) else { return Err(failed) };
        while self.guard.tries < MAX_TRIES {
            self.guard.tries += 1;
            self.guard.halvings += 1;
            self.go_back(&good)?;
            let mut finite = true;
            while finite && self.guard.since.len() < steps {
                self.advance()?;
                finite = self.is_finite()?;
            }
            if finite {
                let rate = self.level_settings().learning_rate;
                self.guard.notices.push(format!(
                    "the painting was no longer finite after step {step}: it went back to step {} and goes on from there with a learning rate of {rate}",
                    good.step
                ));
                self.guard.good = Some(good);
                return Ok(());
            }
        }
        Err(failed)
    }

    fn go_back(&mut self, good: &Good) -> Result<(), TransferError> {
        let keys = self.inputs.image_keys(&self.level_settings());
        self.inputs.set_mix(&good.mix);
        self.modulated.clone_from(&good.modulated);
        (self.step, self.done) = (good.step, good.done);
        self.guard.since.clear();
        self.apply_inputs(&keys, Transition::Gradual, false)?;
        // At whatever step of a fade this is found: the steps are repeated with the same targets.
        self.transfer()?.end_fade()?;
        self.transfer()?.restore_good_state(&good.state);
        Ok(())
    }
}
