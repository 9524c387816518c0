//! Continuing a run with less memory when its device has none left.

use super::{Painting, StyleTransfer, TransferError, target_cache::TargetCache};

/// What a run gives up for want of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Less {
    /// Keeping features that can be computed again, as with
    /// [`Settings::low_memory`](crate::settings::Settings::low_memory).
    Features,
    /// Painting larger than this longest side.
    Size(u32),
}

impl Painting {
    /// Continue with less memory after an allocation on the device has failed: first without keeping features
    /// that can be computed again, then at the next smaller size, which is held. Continues from the last good
    /// state; the steps since are not painted again. `None` if nothing is left to give up.
    ///
    /// # Errors
    ///
    /// If the device fails. If it has no memory for this either, call again.
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

    /// Whether the run computes features again instead of keeping them.
    pub fn saves_memory(&self) -> bool {
        self.saves_memory
    }

    /// Continue at a new level from the pending picture, resampled to its shape.
    fn take_up(&mut self, mut transfer: StyleTransfer) -> Result<(), TransferError> {
        let state = self.pending_transfer.as_ref().ok_or(TransferError::NoRun)?;
        let (width, height) = transfer.dimensions();
        transfer.apply_level_transfer(&state.resized(width, height));
        transfer.all_finite(&[])?;
        self.pending_transfer = None;
        self.transfer = Some(transfer);
        self.paste_frozen();
        self.keep_state()
    }

    /// Free everything that the run holds on the device.
    fn release(&mut self) {
        self.transfer = None;
        self.target_cache = TargetCache::default();
        // Earlier failures have been reported.
        let _ = self.device.sync();
        self.device.memory_cleanup();
    }

    /// Set and hold the next smaller level, adding one if there is none. False if the picture cannot be
    /// smaller.
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
