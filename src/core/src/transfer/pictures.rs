//! Prepared pictures of a run.

use image::RgbImage;

/// Pictures of a run, resized and flattened, 8-bit sRGB.
#[derive(Clone, Debug)]
pub struct Pictures {
    pub content: RgbImage,
    pub styles: Vec<RgbImage>,
    /// Initial image in the content's shape.
    pub initial: RgbImage,
}
