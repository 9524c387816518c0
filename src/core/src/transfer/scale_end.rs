//! The maximum useful scale of a style: pictures are not enlarged beyond their own pixels.

use super::{Dimensions, Inputs};
use crate::settings::{MIN_SIZE, Objective, Settings};

/// The largest scale with an effect for a style picture of these dimensions in pixels; `None` if `scale`
/// doesn't exceed it. Classic stretches its styles, which have no scale there.
pub fn scale_end((width, height): Dimensions, scale: f64, settings: &Settings) -> Option<f64> {
    let own = f64::from(width.max(height).max(MIN_SIZE));
    let usual = f64::from(settings.longest_side()) * settings.style_scale;
    let beyond = settings.objective != Objective::Classic && (usual * scale).round() > own;
    beyond.then_some(own / usual)
}

/// The message for [`scale_end`], without the picture's name.
pub fn scale_end_text((width, height): Dimensions, end: f64) -> String {
    let (side, which) = if width >= height { (width, "wide") } else { (height, "high") };
    format!("{side} px {which}: its scale ends at {end:.2}")
}

impl Inputs {
    /// Remarks about enabled styles whose scale needs more pixels than they have.
    pub fn scale_remarks(&self, settings: &Settings) -> Vec<String> {
        let remark = |style: &super::StyleSource| {
            let shape = style.picture.dimensions();
            let end = scale_end(shape, style.mix.scale, settings)?;
            Some(format!("{} is {}", style.picture.name, scale_end_text(shape, end)))
        };
        self.styles.iter().filter(|style| style.mix.share() > 0.0).filter_map(remark).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{picture::Picture, settings::StyleMix, transfer::StyleSource};

    #[test]
    fn a_remark_names_the_style_its_pixels_and_where_its_scale_ends() {
        let picture = |name: &str, width: u32, height: u32| {
            let pixels = [90, 20, 200, 255].repeat((width * height) as usize);
            Arc::new(Picture::from_rgba(name, width, height, pixels).unwrap())
        };
        let mut inputs = Inputs::new(
            picture("me", 60, 40),
            vec![StyleSource::new(picture("Swirl", 200, 150)), StyleSource::new(picture("Tall", 30, 1000))],
        );
        let settings = Settings { size: 384, ..Settings::default() };
        assert_eq!(inputs.scale_remarks(&settings), ["Swirl is 200 px wide: its scale ends at 0.52"]);
        // No remark at the limit itself; beyond, the result stays the same.
        let at = |scale: f64| {
            let mut inputs = inputs.clone();
            inputs.set_mix(&[StyleMix { scale, ..StyleMix::default() }, StyleMix::default()]);
            (inputs.scale_remarks(&settings).len(), inputs.shapes(&settings).styles[0])
        };
        assert_eq!((at(0.52), at(0.53)), ((0, (200, 150)), (1, (200, 150))));
        assert_eq!(at(0.4).1, (154, 116));
        let finer = Settings { style_scale: 4.0, ..settings.clone() };
        let texts = inputs.scale_remarks(&finer);
        assert_eq!(texts[1], "Tall is 1000 px high: its scale ends at 0.65");
        assert!(texts[0].ends_with("ends at 0.13"), "{texts:?}");
        let classic = Settings { size: 384, ..Settings::for_objective(Objective::Classic) };
        assert!(inputs.scale_remarks(&classic).is_empty());
        inputs.set_mix(&[StyleMix { on: false, ..StyleMix::default() }, StyleMix::default()]);
        assert!(inputs.scale_remarks(&settings).is_empty(), "it does not count");
    }
}
