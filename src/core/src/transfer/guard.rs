//! A run that turns non-finite goes back to its last good state, and from there on with a smaller step.
//!
//! Everything here depends on the steps alone and not on when someone looks: states are checked, and kept,
//! after fixed numbers of steps and before everything that changes the run. A reading that finds something
//! else than numbers in between does what the next check would have done, so that a recipe paints the same
//! picture at every pace of read-backs.

use super::{
    Painting, TransferError,
    good_state::{Evaluated, GoodState},
    style_transfer::Change,
};
use crate::settings::{Modulated, StyleMix};

/// Steps from one check to the next. A check waits for the device once and copies few images in the step
/// behind it.
const EVERY: u32 = 16;
/// Times that a run may go back to one state.
const MOST_TRIES: u32 = 6;
/// Of the learning rate each time.
const SMALLER: f64 = 0.5;
/// Most halvings that a saved run may have had.
pub const MOST_HALVINGS: u32 = 1000;

/// What a run knows of its own soundness.
#[derive(Default)]
pub struct Guard {
    good: Option<Good>,
    /// The losses of every step since then.
    since: Vec<Evaluated>,
    /// Times that the run went back to that state.
    tries: u32,
    /// Times that the learning rate was halved, all in all.
    pub halvings: u32,
    notices: Vec<String>,
}

/// A state in which everything was finite, and where in the run that was.
struct Good {
    state: GoodState,
    step: u32,
    done: f64,
    moved: Modulated,
    mix: Vec<StyleMix>,
}

impl Guard {
    /// Of the learning rate that was asked for, the part that is taken.
    pub fn share_of_rate(&self) -> f64 {
        SMALLER.powi(self.halvings.min(MOST_HALVINGS) as i32)
    }
}

impl Painting {
    /// What has happened by itself since the last call, in words for the user.
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.guard.notices)
    }

    /// Paints one step at the level that is set.
    pub(super) fn advance(&mut self) -> Result<(), TransferError> {
        let counts = self.detour.is_none();
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

    /// Checks the run if it is time to.
    pub(super) fn check_if_due(&mut self) -> Result<(), TransferError> {
        let counted = self.detour.is_none() && self.step.is_multiple_of(EVERY);
        if counted || self.guard.since.len() >= EVERY as usize { self.check() } else { Ok(()) }
    }

    /// Makes sure that the run is finite, going back if need be, and keeps the state.
    ///
    /// # Errors
    ///
    /// When it stays non-finite, or the device fails.
    pub(super) fn check(&mut self) -> Result<(), TransferError> {
        if !self.is_finite()? {
            self.retreat()?;
        }
        self.keep_state()
    }

    /// Takes the present state for a good one: it has just been checked, or is a beginning.
    pub(super) fn keep_state(&mut self) -> Result<(), TransferError> {
        let state = self.transfer()?.good_state();
        let (step, done) = (self.step, self.done);
        self.guard.good = Some(Good { state, step, done, moved: self.moved.clone(), mix: self.inputs.mix() });
        self.guard.since.clear();
        self.guard.tries = 0;
        Ok(())
    }

    fn is_finite(&self) -> Result<bool, TransferError> {
        let transfer = self.transfer.as_ref().ok_or(TransferError::NoRun)?;
        if self.guard.since.is_empty() { Ok(true) } else { transfer.all_finite(&self.guard.since) }
    }

    /// Goes back to the last good state and paints the same steps again with half the learning rate, until
    /// they are finite.
    ///
    /// # Errors
    ///
    /// When they stay non-finite, or the device fails.
    pub(super) fn retreat(&mut self) -> Result<(), TransferError> {
        let (step, steps) = (self.step, self.guard.since.len());
        let failed = TransferError::NotFinite { what: "the painting", step };
        let Some(good) = self.guard.good.take().filter(|_| steps > 0) else { return Err(failed) };
        while self.guard.tries < MOST_TRIES {
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
        let looks = self.inputs.looks(&self.level_settings());
        self.inputs.set_mix(&good.mix);
        self.moved.clone_from(&good.moved);
        (self.step, self.done) = (good.step, good.done);
        self.guard.since.clear();
        self.follow(&looks, Change::Gradual)?;
        self.transfer()?.go_back_to(&good.state);
        Ok(())
    }
}
