//! Prepared pictures of a run.

use image::{GrayImage, RgbImage};

/// Pictures of a run, resized and flattened, 8-bit sRGB.
#[derive(Clone, Debug)]
pub struct Pictures {
    pub content: RgbImage,
    pub styles: Vec<RgbImage>,
    /// The styles' opacities in their shapes: nothing counts where it is 0. A style without one counts whole.
    pub style_masks: Vec<Option<GrayImage>>,
    /// Initial image in the content's shape.
    pub initial: RgbImage,
}
