//! The part of a style picture that counts.

use serde::{Deserialize, Serialize};

use super::{SettingsError, validate::error};

/// Rounding that a rectangle may reach beyond its picture.
const TOLERANCE: f64 = 1e-9;

/// A rectangle within a picture, in fractions of its width and height, so that it also fits a smaller copy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 4]", into = "[f64; 4]")]
pub struct Crop {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl From<[f64; 4]> for Crop {
    fn from([left, top, width, height]: [f64; 4]) -> Self {
        Self { left, top, width, height }
    }
}

impl From<Crop> for [f64; 4] {
    fn from(crop: Crop) -> Self {
        [crop.left, crop.top, crop.width, crop.height]
    }
}

impl Crop {
    /// The whole picture.
    pub const WHOLE: Crop = Crop { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };

    /// Check that it lies within the picture.
    ///
    /// # Errors
    ///
    /// If it does not, has no area, or a number is not finite.
    pub fn validate(self) -> Result<(), SettingsError> {
        let within =
            |start: f64, length: f64| start >= 0.0 && length > 0.0 && start + length <= 1.0 + TOLERANCE;
        if within(self.left, self.width) && within(self.top, self.height) {
            return Ok(());
        }
        let numbers = <[f64; 4]>::from(self).map(|number| number.to_string()).join(",");
        Err(error("style", format!("its part {numbers} does not lie within the picture")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_an_area_and_lies_within_the_picture() {
        for good in
            [[0.0, 0.0, 1.0, 1.0], [0.25, 0.5, 0.75, 0.5], [0.1, 0.2, 0.9, 0.3], [0.7, 0.0, 0.1 + 0.2, 1e-3]]
        {
            Crop::from(good).validate().unwrap();
        }
        for bad in [
            [-0.1, 0.0, 0.5, 0.5],
            [0.0, 0.0, 0.0, 0.5],
            [0.6, 0.0, 0.5, 0.5],
            [0.0, 0.9, 0.5, 0.2],
            [f64::NAN, 0.0, 0.5, 0.5],
            [0.0, 0.0, f64::INFINITY, 0.5],
        ] {
            let text = Crop::from(bad).validate().unwrap_err().to_string();
            assert!(text.contains("within the picture"), "{text}");
        }
    }
}
