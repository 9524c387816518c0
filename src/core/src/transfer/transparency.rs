//! The content's transparency: flattened, or kept by the painting.

use image::RgbImage;

use super::{Dimensions, Inputs};
use crate::{
    picture::{Filter, Matte, filled, resize, resize_rgba},
    settings::{Rgb, Settings},
};

impl Inputs {
    /// The opacity of the painting in these dimensions, if it keeps the content's transparency.
    pub fn matte(&self, settings: &Settings, shape: Dimensions) -> Option<Matte> {
        Matte::of(&self.content, settings, shape)
    }

    /// The content in these dimensions without its transparency: on the background, or filled from what
    /// shows if the painting keeps it.
    pub(super) fn opaque_content(
        &self,
        settings: &Settings,
        (width, height): Dimensions,
        background: Option<Rgb>,
        filter: Filter,
    ) -> RgbImage {
        if self.content.alpha.is_none() || !settings.keeps_transparency() {
            return resize(&self.content.flattened(background), width, height, filter);
        }
        // Where it is opaque it is resampled as ever; at its edges a sharp filter would overshoot, if it met
        // nothing there instead of the colours around.
        let small = resize_rgba(&self.content, width, height, Filter::Bilinear);
        let (columns, rows) = self.content.dimensions();
        let mut whole = resize(&filled(&small, settings.background), columns, rows, Filter::Bilinear);
        self.content.blend_onto(&mut whole);
        resize(&whole, width, height, filter)
    }
}
