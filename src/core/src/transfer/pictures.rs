//! Pictures that a run is ready to take.

use image::RgbImage;

/// Pictures of a run, resized and flattened, 8-bit sRGB.
#[derive(Clone, Debug)]
pub struct Pictures {
    pub content: RgbImage,
    pub styles: Vec<RgbImage>,
    /// What painting starts from, in the content's shape.
    pub initial: RgbImage,
}
