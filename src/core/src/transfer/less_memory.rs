//! A run for which its device has no memory left goes on with less.

use super::{Painting, StyleTransfer, TransferError, target_cache::TargetCache};

/// What a run does without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Less {
    /// Features that can be computed again are not kept, as with
    /// [`Settings::low_memory`](crate::settings::Settings::low_memory).
    Features,
    /// It is painted with this longest side at most, and enlarged.
    Size(u32),
}

impl Painting {
    /// Goes on with less after an allocation on the device has failed: without the features that can be
    /// computed again, and if that is not enough at the next smaller size, where it stays until it is told
    /// otherwise. It goes on from the last state that is known to be good; the steps since are not painted
    /// again. `None` if there is nothing left to do without.
    ///
    /// # Errors
    ///
    /// If the device fails. If it has no room for that either, this may be called again.
    pub fn go_on_with_less(&mut self) -> Result<Option<Less>, TransferError> {
        let good = self.guard.release();
        if self.pending_transfer.is_none() {
            let state = good.ok_or(TransferError::NoRun)?.level_transfer(self.modulated.keep_best)?;
            self.pending_transfer = Some(state);
        }
        self.release();
        let less = if !self.saves_memory {
            self.saves_memory = true;
            Less::Features
        } else if self.step_down() {
            Less::Size(self.size().size)
        } else {
            return Ok(None);
        };
        self.entered = self.step;
        let transfer = self.begin_level(None)?;
        self.take_up(transfer)?;
        self.share_steps();
        Ok(Some(less))
    }

    /// Whether features that can be computed again are not kept.
    pub fn saves_memory(&self) -> bool {
        self.saves_memory
    }

    /// Takes a level up that was entered anew, with the picture of another one in its shape.
    fn take_up(&mut self, mut transfer: StyleTransfer) -> Result<(), TransferError> {
        let state = self.pending_transfer.as_ref().ok_or(TransferError::NoRun)?;
        let (width, height) = transfer.dimensions();
        transfer.apply_level_transfer(&state.resized(width, height));
        transfer.all_finite(&[])?;
        self.pending_transfer = None;
        self.transfer = Some(transfer);
        self.keep_state()
    }

    /// Frees everything that the run has on the device.
    fn release(&mut self) {
        self.transfer = None;
        self.target_cache = TargetCache::default();
        // What failed before was told already.
        let _ = self.device.sync();
        self.device.memory_cleanup();
    }

    /// Sets the next smaller level, making one if there is none, and stays there. False if the pictures cannot
    /// be smaller.
    fn step_down(&mut self) -> bool {
        if self.level == 0 {
            match self.schedule.from_below(&self.settings, self.inputs.content.dimensions()) {
                Some(schedule) => self.schedule = schedule,
                None => return false,
            }
        } else {
            self.level -= 1;
        }
        self.held = true;
        true
    }
}
