//! The content's transparency: flattened, or kept by the painting.

use image::{GrayImage, RgbImage};

use super::{Dimensions, Inputs};
use crate::{
    picture::{Filter, Matte, Picture, filled, resize, resize_grey, resize_rgba},
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
        let keeps = settings.keeps_transparency();
        opaque(&self.content, settings, keeps, (width, height), background, filter)
    }
}

/// As [`Inputs::opaque_content`], of any picture whose transparency is kept or not.
pub(super) fn opaque(
    picture: &Picture,
    settings: &Settings,
    keeps: bool,
    (width, height): Dimensions,
    background: Option<Rgb>,
    filter: Filter,
) -> RgbImage {
    if picture.alpha.is_none() || !keeps {
        return resize(&picture.flattened(background), width, height, filter);
    }
    // Where it is opaque it is resampled as ever; at its edges a sharp filter would overshoot, if it met
    // nothing there instead of the colours around.
    let small = resize_rgba(picture, width, height, Filter::Bilinear);
    let (columns, rows) = picture.dimensions();
    let mut whole = resize(&filled(&small, settings.background), columns, rows, Filter::Bilinear);
    picture.blend_onto(&mut whole);
    resize(&whole, width, height, filter)
}

/// What counts of a style's picture in these dimensions; `None` if all does, or nothing would.
pub(super) fn style_opacity(picture: &Picture, (width, height): Dimensions) -> Option<GrayImage> {
    let alpha = picture.alpha.as_ref()?;
    // As for the painting's own opacity.
    let opacity = resize_grey(alpha, width, height, Filter::Bilinear);
    Some(opacity).filter(|opacity| opacity.pixels().any(|pixel| pixel.0[0] > 0))
}
