//! How a picture is scaled to the screen: without shimmer when it is made small, smoothly when it is made
//! large, and with its pixels as squares when it is zoomed far in.

use egui::{Color32, ColorImage, TextureFilter, TextureOptions};
use image::RgbImage;

use super::colour_image::color_image;

/// From this many screen pixels per picture pixel on, pixels are squares in a zoomed view.
const SQUARES_FROM: f32 = 4.0;

/// How a picture's texture is made for the scale at which it is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sampling {
    /// Pixels are squares.
    squares: bool,
    /// Powers of two of picture pixels on each side that become one of the texture. egui's textures have no
    /// mipmaps, and linear interpolation between a texture's pixels skips some of them below half its size.
    halvings: u32,
}

impl Sampling {
    /// For a picture drawn with `scale` screen pixels per picture pixel, 0 if that is not known yet.
    /// `chosen`: the view was zoomed; a small picture that only fills its place stays smooth.
    pub fn new(scale: f32, chosen: bool) -> Self {
        // A picture at half its size is averaged in pairs, whatever rounding has made of the half.
        let halvings = if scale > 0.0 { (1.001 / scale).log2().floor().clamp(0.0, 12.0) as u32 } else { 0 };
        Self { squares: chosen && scale >= SQUARES_FROM, halvings }
    }

    pub fn options(self) -> TextureOptions {
        let magnification = if self.squares { TextureFilter::Nearest } else { TextureFilter::Linear };
        TextureOptions { magnification, ..TextureOptions::LINEAR }
    }

    /// The texture's image, with sides of at most `most` pixels.
    pub fn image(self, picture: &RgbImage, most: u32) -> ColorImage {
        let fitting = picture.width().max(picture.height()).div_ceil(most.max(1));
        reduced(picture, (1 << self.halvings).max(fitting))
    }
}

/// A picture as egui takes it, with the mean of about `by` times `by` pixels for each.
fn reduced(picture: &RgbImage, by: u32) -> ColorImage {
    if by <= 1 {
        return color_image(picture);
    }
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (columns, rows) = (width.div_ceil(by as usize), height.div_ceil(by as usize));
    let mut pixels = Vec::with_capacity(columns * rows);
    let mut sums = vec![0_u32; 3 * width];
    for row in 0..rows {
        // Cells are alike but for a pixel, so that nothing moves where a side is no multiple.
        let (top, bottom) = (row * height / rows, (row + 1) * height / rows);
        sums.fill(0);
        for line in picture.as_raw()[3 * width * top..3 * width * bottom].chunks_exact(3 * width) {
            sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += u32::from(*value));
        }
        for column in 0..columns {
            let (left, right) = (column * width / columns, (column + 1) * width / columns);
            let count = ((right - left) * (bottom - top)) as u32;
            let mut total = [count / 2; 3];
            for pixel in sums[3 * left..3 * right].chunks_exact(3) {
                total.iter_mut().zip(pixel).for_each(|(total, value)| *total += value);
            }
            let [red, green, blue] = total.map(|total| (total / count) as u8);
            pixels.push(Color32::from_rgb(red, green, blue));
        }
    }
    ColorImage::new([columns, rows], pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_averaged_until_its_texture_is_drawn_at_half_its_size_or_more() {
        for (scale, by) in [
            (0.0, 1),
            (64.0, 1),
            (1.0, 1),
            (0.51, 1),
            (0.5001, 2),
            (0.5, 2),
            (0.26, 2),
            (0.25, 4),
            (0.05, 16),
        ] {
            assert_eq!(1 << Sampling::new(scale, false).halvings, by, "{scale}");
            assert!(scale == 0.0 || scale * by as f32 > 0.49);
        }
        let picture = RgbImage::new(300, 200);
        assert_eq!(Sampling::new(0.4, true).image(&picture, 4096).size, [150, 100]);
        assert_eq!(
            Sampling::new(2.0, true).image(&picture, 100).size,
            [100, 67],
            "no larger than the device takes"
        );
    }

    #[test]
    fn pixels_are_squares_where_somebody_looks_at_pixels() {
        let squares =
            |scale, chosen| Sampling::new(scale, chosen).options().magnification == TextureFilter::Nearest;
        assert!([1.0, 2.0, 3.9].map(|scale| squares(scale, true)).iter().all(|squares| !squares));
        assert!([4.0, 8.0, 64.0].map(|scale| squares(scale, true)).iter().all(|squares| *squares));
        assert!(!squares(6.0, false), "a small picture that fills a large window");
    }

    #[test]
    fn fine_lines_become_grey_and_no_pixel_is_left_out() {
        let lines = RgbImage::from_fn(64, 32, |x, y| image::Rgb([if (x + y) % 2 == 0 { 255 } else { 1 }; 3]));
        let small = reduced(&lines, 2);
        assert_eq!(small.size, [32, 16]);
        assert!(small.pixels.iter().all(|pixel| *pixel == Color32::from_gray(128)), "{:?}", small.pixels[0]);
        // Sides that are no multiples: the ramp stays where it is, from edge to edge.
        let ramp = RgbImage::from_fn(101, 7, |x, _| image::Rgb([2 * x as u8; 3]));
        let small = reduced(&ramp, 4);
        assert_eq!(small.size, [26, 2]);
        for (column, pixel) in small.pixels[..26].iter().enumerate() {
            let middle = (column as f32 + 0.5) / 26.0 * 101.0 - 0.5;
            assert!((f32::from(pixel.r()) - 2.0 * middle).abs() < 2.1, "{column}: {pixel:?}");
        }
        assert_eq!(reduced(&RgbImage::new(1, 1), 8).size, [1, 1]);
        assert_eq!(reduced(&ramp, 1), color_image(&ramp));
    }
}
