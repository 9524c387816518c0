//! Cut a part out of a picture.

use std::sync::Arc;

use image::imageops::crop_imm;

use super::{MIN_SIDE, Picture};
use crate::settings::{Crop, SettingsError};
use impasto_base::hash::Sha256Hash;

impl Crop {
    /// Column, row, width and height in a picture of this width and height. At least [`MIN_SIDE`] pixels each
    /// way if the picture has them, and always within it, whatever the numbers are.
    pub fn pixels(self, (width, height): (u32, u32)) -> [u32; 4] {
        let axis = |start: f64, length: f64, side: u32| {
            // NaN becomes 0.
            let pixel = |part: f64| (part * f64::from(side)).round().clamp(0.0, f64::from(side)) as u32;
            let least = MIN_SIDE.min(side);
            let first = pixel(start).min(side - least);
            (first, pixel(start + length).max(first + least) - first)
        };
        let (left, columns) = axis(self.left, self.width, width);
        let (top, rows) = axis(self.top, self.height, height);
        [left, top, columns, rows]
    }

    /// The part of a picture of this width and height that column, row, width and height name: as fractions
    /// if none of them is above 1, otherwise in pixels. `None` is the whole picture.
    ///
    /// # Errors
    ///
    /// If it does not lie within the picture.
    pub fn of_numbers(numbers: [f64; 4], (width, height): (u32, u32)) -> Result<Option<Self>, SettingsError> {
        let [left, top, columns, rows] = numbers;
        let crop = if numbers.iter().any(|&number| number > 1.0) {
            let (width, height) = (f64::from(width), f64::from(height));
            Self { left: left / width, top: top / height, width: columns / width, height: rows / height }
        } else {
            numbers.into()
        };
        crop.validate()?;
        Ok(Some(crop).filter(|crop| *crop != Self::WHOLE))
    }
}

impl Picture {
    /// The hash that identifies a part: of the whole picture's hash and the rectangle.
    pub fn part_hash(&self, crop: Crop) -> Sha256Hash {
        let (width, height) = self.dimensions();
        match crop.pixels((width, height)) {
            rectangle if rectangle == [0, 0, width, height] => self.sha256,
            rectangle => {
                let place = rectangle.map(u32::to_le_bytes).concat();
                Sha256Hash::of_pieces([self.sha256.to_string().as_bytes(), &place])
            }
        }
    }

    /// A part of the picture as a picture of its own, with the hash of [`Picture::part_hash`].
    pub fn part(self: &Arc<Self>, crop: Crop) -> Arc<Self> {
        let (width, height) = self.dimensions();
        let rectangle = crop.pixels((width, height));
        let [left, top, columns, rows] = rectangle;
        if rectangle == [0, 0, width, height] {
            return Arc::clone(self);
        }
        Arc::new(Self {
            name: self.name.clone(),
            path: self.path.clone(),
            sha256: self.part_hash(crop),
            rgb: crop_imm(&self.rgb, left, top, columns, rows).to_image(),
            alpha: self.alpha.as_ref().map(|alpha| crop_imm(alpha, left, top, columns, rows).to_image()),
            notes: self.notes.clone(),
            drawing: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Arc<Picture> {
        let pixels = (0..40u8).flat_map(|y| (0..60u8).flat_map(move |x| [x, y, 7, 255 - x]));
        Arc::new(Picture::from_rgba("ramp", 60, 40, pixels.collect()).unwrap())
    }

    #[test]
    fn pixels_come_back_from_fractions_and_stay_within_the_picture() {
        for shape in [(640, 480), (333, 1001), (17, 16)] {
            for rectangle in [[0, 0, 16, 16], [1, 0, 16, 16], [0, 0, shape.0, shape.1]] {
                let [left, top, width, height] = rectangle.map(f64::from);
                let (w, h) = (f64::from(shape.0), f64::from(shape.1));
                let crop = Crop { left: left / w, top: top / h, width: width / w, height: height / h };
                assert_eq!(crop.pixels(shape), rectangle, "{shape:?}");
            }
        }
        let all = [f64::NAN, f64::INFINITY, -1.0, 0.0, 0.5, 1.0, 1e300];
        for (left, width) in all.iter().flat_map(|left| all.map(|width| (*left, width))) {
            for side in [1, 15, 16, 100] {
                let [first, _, count, _] = Crop { left, width, ..Crop::WHOLE }.pixels((side, 50));
                assert!(first + count <= side && count >= side.min(MIN_SIDE), "{left} {width} {side}");
            }
        }
    }

    #[test]
    fn numbers_are_fractions_or_pixels() {
        let of = |numbers| Crop::of_numbers(numbers, (640, 480));
        assert_eq!(of([0.25, 0.0, 0.5, 1.0]).unwrap(), Some([0.25, 0.0, 0.5, 1.0].into()));
        assert_eq!(of([160.0, 0.0, 320.0, 480.0]).unwrap(), Some([0.25, 0.0, 0.5, 1.0].into()));
        assert_eq!(of([0.0, 0.0, 1.0, 1.0]).unwrap(), None);
        assert_eq!(of([0.0, 0.0, 640.0, 480.0]).unwrap(), None);
        for outside in [[600.0, 0.0, 100.0, 100.0], [-1.0, 0.0, 50.0, 50.0], [0.5, 0.0, 0.6, 1.0]] {
            assert!(of(outside).unwrap_err().to_string().contains("within the picture"));
        }
    }

    #[test]
    fn a_part_has_its_own_pixels_opacity_and_hash() {
        let whole = picture();
        let part = whole.part([0.5, 0.25, 0.5, 0.5].into());
        assert_eq!((part.dimensions(), part.rgb[(0, 0)].0), ((30, 20), [30, 10, 7]));
        assert_eq!(part.alpha.as_ref().unwrap()[(0, 0)].0, [225]);
        assert_ne!(part.sha256, whole.sha256);
        assert_eq!(part.sha256, picture().part([0.5, 0.25, 0.5, 0.5].into()).sha256);
        assert_ne!(part.sha256, whole.part([0.5, 0.25, 0.5, 0.55].into()).sha256);
        assert!(Arc::ptr_eq(&whole, &whole.part(Crop::WHOLE)));
    }
}
