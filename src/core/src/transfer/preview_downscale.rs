//! A temporary switch to a smaller level while a slider is dragged, so that its effect shows soon.
//!
//! The picture stays as sharp as it was: the detail that the smaller level cannot hold is added to its
//! picture when that is shown, and to the iterate on the way back. Steps at the smaller level do not count.

use image::RgbImage;

use super::{
    Painting, TransferError,
    planes::Planes,
    space::{download, planes_of},
};

/// The level that was left, and the detail that the smaller one cannot hold.
pub struct PreviewDownscale {
    /// Longest side of the level that was left.
    pub(super) size: u32,
    /// Step at which that level was entered.
    pub(super) entered: u32,
    /// In units of the picture's 0 to 1, in the shape of the level that was left.
    pub(super) detail: Planes,
}

impl PreviewDownscale {
    /// Add the detail to the smaller level's picture, in the shape of the level that was left.
    pub(super) fn sharpened(&self, picture: &RgbImage) -> RgbImage {
        let (width, height) = (self.detail.width, self.detail.height);
        let mut planes = planes_of(picture).resized(width, height);
        planes.add(&self.detail);
        download(&planes.values, width, height)
    }
}

impl Painting {
    /// Switch to the largest level whose step costs at most this share of a step at the present one, or else
    /// to the smallest level, until [`Painting::end_downscale`]. Returns false if there is no smaller level.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn begin_downscale(&mut self, share: f64) -> Result<bool, TransferError> {
        if self.downscale.is_some() || self.level == 0 {
            return Ok(self.downscale.is_some());
        }
        let most = share * self.schedule.cost(self.level);
        let level = (0..self.level).rev().find(|&level| self.schedule.cost(level) <= most).unwrap_or(0);
        let (size, entered) = (self.size().size, self.entered);
        self.switch_level(level)?;
        let gains = self.transfer()?.gains();
        let Some((_, detail)) = self.details.last() else { return Ok(false) };
        self.downscale = Some(PreviewDownscale { size, entered, detail: detail.clone().stretched(gains) });
        Ok(true)
    }

    /// Return to the level that was left, with its detail and the changes made at the smaller level.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn end_downscale(&mut self) -> Result<(), TransferError> {
        let Some(downscale) = self.downscale.take() else { return Ok(()) };
        // A changed layer may have added or removed levels, so find the level by its size.
        let levels = self.schedule.levels();
        let back = levels.iter().position(|level| level.size == downscale.size).unwrap_or(levels.len() - 1);
        self.switch_level(back)?;
        self.entered = downscale.entered;
        self.share_steps();
        Ok(())
    }

    /// Longest side of the iterate in pixels; during a downscale, of the level to return to.
    pub fn painted_size(&self) -> u32 {
        self.downscale.as_ref().map_or(self.size().size, |downscale| downscale.size)
    }

    /// The level's picture for display, in whatever shape it has.
    pub(super) fn shown(&self, picture: RgbImage) -> RgbImage {
        match &self.downscale {
            Some(downscale) => downscale.sharpened(&picture),
            None => picture,
        }
    }

    /// Work left to the step limit, in steps at this level: steps of a downscale do not count.
    pub(super) fn left_on_downscale(&self) -> Option<f64> {
        let downscale = self.downscale.as_ref()?;
        let levels = self.schedule.levels();
        let back = levels.iter().position(|level| level.size == downscale.size)?;
        let steps = f64::from(self.settings.steps.saturating_sub(self.step));
        Some(steps * self.schedule.cost(back) / self.schedule.cost(self.level))
    }
}
