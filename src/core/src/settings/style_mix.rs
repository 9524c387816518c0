//! Weight, scale and part of a style picture.

use serde::{Deserialize, Serialize};

use super::{Crop, STYLE_SCALES, SettingsError, validate::error};

/// Settings of a style picture, which can change at any time during a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StyleMix {
    /// Share among the styles that are on; the shares are normalised to a sum of 1.
    pub weight: f64,
    /// Stroke size: the picture's size relative to the painting, times [`super::Settings::style_scale`]. A
    /// picture is never enlarged beyond its own pixels.
    pub scale: f64,
    /// Whether the style is enabled.
    pub on: bool,
    /// The part of the picture that counts; `None` is all of it. Strokes keep their size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
}

impl Default for StyleMix {
    fn default() -> Self {
        Self { weight: 1.0, scale: 1.0, on: true, crop: None }
    }
}

impl StyleMix {
    /// The effective weight.
    pub fn share(self) -> f64 {
        if self.on { self.weight } else { 0.0 }
    }

    /// Validate the numbers.
    ///
    /// # Errors
    ///
    /// A weight that is negative or not finite, a scale outside of [`STYLE_SCALES`], a part
    /// that does not lie within the picture.
    pub fn validate(self) -> Result<(), SettingsError> {
        if !(self.weight.is_finite() && self.weight >= 0.0) {
            let message = format!("its weight is {}, but must be 0 or a positive number", self.weight);
            return Err(error("style", message));
        }
        if !STYLE_SCALES.contains(&self.scale) {
            let message = format!(
                "its scale is {}, but must be between {} and {}",
                self.scale,
                STYLE_SCALES.start(),
                STYLE_SCALES.end()
            );
            return Err(error("style", message));
        }
        self.crop.map_or(Ok(()), Crop::validate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_that_is_off_has_no_share_and_bad_numbers_are_named() {
        let mix = StyleMix { weight: 0.5, ..StyleMix::default() };
        assert_eq!((mix.share(), StyleMix { on: false, ..mix }.share()), (0.5, 0.0));
        mix.validate().unwrap();
        let message = |mix: StyleMix| mix.validate().unwrap_err().to_string();
        assert!(message(StyleMix { weight: -1.0, ..mix }).contains("weight is -1"));
        assert!(message(StyleMix { scale: f64::NAN, ..mix }).contains("scale is NaN"));
        assert!(message(StyleMix { scale: 0.01, ..mix }).contains("between 0.05 and 20"));
        let beyond = Crop { left: 0.5, ..Crop::WHOLE };
        assert!(message(StyleMix { crop: Some(beyond), ..mix }).contains("within the picture"));
    }

    #[test]
    fn only_a_style_with_a_part_mentions_it_in_files() {
        let text = serde_json::to_string(&StyleMix::default()).unwrap();
        assert_eq!(text, r#"{"weight":1.0,"scale":1.0,"on":true}"#);
        let crop = Some(Crop { left: 0.1 + 0.2, top: 0.0, width: 1.0 / 3.0, height: 1.0 });
        let mix = StyleMix { crop, ..StyleMix::default() };
        let text = serde_json::to_string(&mix).unwrap();
        assert_eq!(serde_json::from_str::<StyleMix>(&text).unwrap(), mix, "{text}");
    }
}
