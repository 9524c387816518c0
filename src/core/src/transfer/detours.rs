//! The way to a smaller level and back.

use image::RgbImage;

use super::{Painting, TransferError, detour::Detour};

impl Painting {
    /// Goes to the largest level whose step costs at most this share of a step at the present one, or to the smallest one
    /// there is, and stays there until [`Painting::end_detour`]. False where there is no smaller level.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn detour(&mut self, share: f64) -> Result<bool, TransferError> {
        if self.detour.is_some() || self.level == 0 {
            return Ok(self.detour.is_some());
        }
        let most = share * self.schedule.cost(self.level);
        let level = (0..self.level).rev().find(|&level| self.schedule.cost(level) <= most).unwrap_or(0);
        let (size, entered) = (self.size().size, self.entered);
        self.go_to(level)?;
        let gains = self.transfer()?.gains();
        let Some((_, detail)) = self.details.last() else { return Ok(false) };
        self.detour = Some(Detour { size, entered, detail: detail.clone().stretched(gains) });
        Ok(true)
    }

    /// Goes back to the level that a detour left, with the detail that was painted there.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn end_detour(&mut self) -> Result<(), TransferError> {
        let Some(detour) = self.detour.take() else { return Ok(()) };
        // A changed layer may have taken levels away or brought some; that of this size is still the one.
        let levels = self.schedule.levels();
        let back = levels.iter().position(|level| level.size == detour.size).unwrap_or(levels.len() - 1);
        self.go_to(back)?;
        self.entered = detour.entered;
        self.share_steps();
        Ok(())
    }

    /// Longest side of the iterate, in pixels; on a detour that of the level to which it goes back.
    pub fn painted_size(&self) -> u32 {
        self.detour.as_ref().map_or(self.size().size, |detour| detour.size)
    }

    /// The level's picture as it is shown, in whatever shape it has.
    pub(super) fn shown(&self, picture: RgbImage) -> RgbImage {
        match &self.detour {
            Some(detour) => detour.sharpened(&picture),
            None => picture,
        }
    }

    /// Work left to the step limit, in steps at this level: those on a detour do not count.
    pub(super) fn left_on_detour(&self) -> Option<f64> {
        let detour = self.detour.as_ref()?;
        let levels = self.schedule.levels();
        let back = levels.iter().position(|level| level.size == detour.size)?;
        let steps = f64::from(self.settings.steps.saturating_sub(self.step));
        Some(steps * self.schedule.cost(back) / self.schedule.cost(self.level))
    }
}
