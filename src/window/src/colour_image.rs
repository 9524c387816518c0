//! Pictures for egui.

use egui::ColorImage;
use image::RgbImage;

/// A picture as egui takes it.
pub fn color_image(picture: &RgbImage) -> ColorImage {
    ColorImage::from_rgb([picture.width() as usize, picture.height() as usize], picture.as_raw())
}
