//! A detour to a smaller level while a hand is on a slider, so that what it does shows soon.
//!
//! The picture stays as sharp as it was: what the smaller level cannot show is added to what it shows, and comes back into
//! the iterate on the way back. Steps on the detour do not count.

use image::RgbImage;

use super::{
    planes::Planes,
    space::{download, planes_of},
};

/// Where a detour began, and the detail that it cannot show.
pub struct Detour {
    /// Longest side of the level that was left.
    pub(super) size: u32,
    /// The step at which that level was entered.
    pub(super) entered: u32,
    /// In 0 to 1 of the picture, in that level's shape.
    pub(super) detail: Planes,
}

impl Detour {
    /// A smaller level's picture with the detail of the level that was left, in that one's shape.
    pub(super) fn sharpened(&self, picture: &RgbImage) -> RgbImage {
        let (width, height) = (self.detail.width, self.detail.height);
        let mut planes = planes_of(picture).resized(width, height);
        planes.add(&self.detail);
        download(&planes.values, width, height)
    }
}
