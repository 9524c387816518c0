//! Fill transparent parts of a picture from their surroundings.

use image::{RgbImage, RgbaImage};

use crate::settings::Rgb;

/// Colours with weights from 0, unknown, to 1, known.
struct Level {
    width: u32,
    height: u32,
    pixels: Vec<([f32; 3], f32)>,
}

impl Level {
    fn at(&self, x: u32, y: u32) -> &([f32; 3], f32) {
        let (x, y) = (x.min(self.width - 1), y.min(self.height - 1));
        &self.pixels[(y as usize) * (self.width as usize) + x as usize]
    }

    /// Half as large: each pixel has the weighted mean of four.
    fn half(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let (mut colour, mut weight) = ([0.0; 3], 0.0_f32);
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let (there, share) = self.at(2 * x + dx, 2 * y + dy);
                weight += share;
                for (sum, value) in colour.iter_mut().zip(there) {
                    *sum += share * value;
                }
            }
            if weight > 0.0 {
                colour = colour.map(|sum| sum / weight);
            }
            pixels.push((colour, weight.min(1.0)));
        }
        Self { width, height, pixels }
    }

    /// Make everything known, from a level of half the size that is.
    fn complete(&mut self, half: &Self) {
        for y in 0..self.height {
            for x in 0..self.width {
                let index = (y as usize) * (self.width as usize) + x as usize;
                let (colour, weight) = &mut self.pixels[index];
                if *weight < 1.0 {
                    let around = half.between(x, y);
                    for (value, around) in colour.iter_mut().zip(around) {
                        *value = *weight * *value + (1.0 - *weight) * around;
                    }
                    *weight = 1.0;
                }
            }
        }
    }

    /// The colour at a pixel of a level twice as large, interpolated.
    fn between(&self, x: u32, y: u32) -> [f32; 3] {
        // The nearer of two neighbours counts three times.
        let near = |at: u32| {
            [(at / 2, 0.75), (if at % 2 == 1 { at / 2 + 1 } else { (at / 2).saturating_sub(1) }, 0.25)]
        };
        let mut colour = [0.0; 3];
        for (y, down) in near(y) {
            for (x, across) in near(x) {
                for (sum, value) in colour.iter_mut().zip(self.at(x, y).0) {
                    *sum += down * across * value;
                }
            }
        }
        colour
    }
}

/// Replace transparency by colours of the opaque parts around: through a pyramid of weighted means, down to
/// where something is known and back up (Gortler et al., The Lumigraph, 1996). Partly transparent pixels keep
/// their share. `empty` is for a picture in which nothing shows.
pub(crate) fn filled(picture: &RgbaImage, empty: Rgb) -> RgbImage {
    let (width, height) = picture.dimensions();
    let pixel = |pixel: &image::Rgba<u8>| {
        let [red, green, blue, opacity] = pixel.0.map(f32::from);
        ([red, green, blue], opacity / 255.0)
    };
    let mut levels = vec![Level { width, height, pixels: picture.pixels().map(pixel).collect() }];
    while let Some(level) = levels.last().filter(|level| level.width.max(level.height) > 1) {
        let half = level.half();
        levels.push(half);
    }
    let mut known = levels.pop();
    for top in known.iter_mut().flat_map(|level| &mut level.pixels) {
        if top.1 == 0.0 {
            top.0 = empty.0.map(f32::from);
        }
        top.1 = 1.0;
    }
    while let (Some(mut level), Some(half)) = (levels.pop(), &known) {
        level.complete(half);
        known = Some(level);
    }
    let bytes = known.iter().flat_map(|level| &level.pixels).flat_map(|(colour, _)| colour);
    let bytes = bytes.map(|value| (value + 0.5) as u8).collect();
    RgbImage::from_raw(width, height, bytes).unwrap_or_else(|| RgbImage::new(width, height))
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    #[test]
    fn what_is_opaque_stays_and_the_rest_takes_the_colours_around() {
        // Red on the left, blue on the right, nothing in the middle, where the file says green.
        let picture = RgbaImage::from_fn(67, 33, |x, _| match x {
            0..=19 => Rgba([250, 10, 10, 255]),
            47.. => Rgba([10, 10, 250, 255]),
            _ => Rgba([0, 255, 0, 0]),
        });
        let full = filled(&picture, Rgb::WHITE);
        for (x, y, pixel) in full.enumerate_pixels() {
            let (red, blue) = (pixel[0], pixel[2]);
            assert!(pixel[1].abs_diff(10) <= 1, "no green at {x}, {y}: {pixel:?}");
            match x {
                0..=19 => assert_eq!(pixel.0, [250, 10, 10]),
                47.. => assert_eq!(pixel.0, [10, 10, 250]),
                20..=23 => assert!(red > 200, "{pixel:?} at {x}"),
                43..=46 => assert!(blue > 200, "{pixel:?} at {x}"),
                _ => assert!(u32::from(red) + u32::from(blue) < 270),
            }
        }
    }

    #[test]
    fn pictures_in_which_nothing_or_one_pixel_shows_are_flat() {
        let none = RgbaImage::from_pixel(9, 5, Rgba([1, 2, 3, 0]));
        assert!(filled(&none, Rgb([7, 8, 9])).pixels().all(|pixel| pixel.0 == [7, 8, 9]));
        let mut one = none;
        one[(4, 2)] = Rgba([100, 50, 25, 1]);
        assert!(filled(&one, Rgb([7, 8, 9])).pixels().all(|pixel| pixel.0 == [100, 50, 25]));
        let single = RgbaImage::from_pixel(1, 1, Rgba([5, 6, 7, 255]));
        assert_eq!(filled(&single, Rgb::WHITE)[(0, 0)].0, [5, 6, 7]);
    }
}
