//! Transparency that a painting keeps.

use std::collections::BTreeMap;

use image::{GrayImage, RgbImage, RgbaImage};

use super::{Filter, Picture, fill::filled, shape};
use crate::settings::{Rgb, Settings};

/// Opacity of a painting, and the ground that it is shown on.
///
/// A painting is shown flat, on the ground; [`Matte::rgba`] takes the ground out again, which is exact up to
/// the rounding of the flat picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Matte {
    opacity: GrayImage,
    ground: Rgb,
}

impl Matte {
    /// The content's opacity for a painting of this width and height; `None` if the content is opaque or its
    /// transparency is not kept.
    pub fn of(content: &Picture, settings: &Settings, (width, height): (u32, u32)) -> Option<Self> {
        let alpha = content.alpha.as_ref().filter(|_| settings.keeps_transparency())?;
        // Without negative lobes, which would leave faint ghosts of the edges.
        let opacity = shape::resize_grey(alpha, width, height, Filter::Bilinear);
        Some(Self { opacity, ground: settings.background })
    }

    /// Show a painting of the same dimensions on the ground.
    pub fn flatten(&self, painting: &mut RgbImage) {
        shape::blend_onto(painting, &self.opacity, self.ground);
    }

    /// The colours and the opacity of a painting that is shown on the ground. Where nothing shows, its
    /// colours are those around, so that no program that resamples it draws the ground into the edges.
    pub fn rgba(&self, flat: &RgbImage) -> RgbaImage {
        let mut painting = RgbaImage::new(flat.width(), flat.height());
        for ((pixel, flat), opacity) in painting.pixels_mut().zip(flat.pixels()).zip(self.opacity.pixels()) {
            let opacity = opacity[0];
            let colour = |channel: usize| match i32::from(opacity) {
                0 => 0,
                part => {
                    let ground = i32::from(self.ground.0[channel]) * (255 - part);
                    let sum = (i32::from(flat[channel]) * 255 - ground).max(0);
                    ((sum + part / 2) / part).min(255) as u8
                }
            };
            pixel.0 = [colour(0), colour(1), colour(2), opacity];
        }
        let around = filled(&painting, self.ground);
        for (pixel, around) in painting.pixels_mut().zip(around.pixels()).filter(|(pixel, _)| pixel[3] == 0) {
            pixel.0[..3].copy_from_slice(&around.0);
        }
        painting
    }

    /// The same opacity on the ground that a picture of the same dimensions was shown on: the colour of most
    /// of what is wholly transparent. `None` if no colour is: it was painted there.
    pub fn on_ground_of(&self, flat: &RgbImage) -> Option<Self> {
        let mut counts = BTreeMap::<[u8; 3], usize>::new();
        for (colour, _) in flat.pixels().zip(self.opacity.pixels()).filter(|(_, opacity)| opacity[0] == 0) {
            *counts.entry(colour.0).or_default() += 1;
        }
        let all: usize = counts.values().sum();
        if all == 0 {
            // Nothing shows it.
            return Some(self.clone());
        }
        let (colour, _) = counts.into_iter().find(|&(_, count)| 2 * count > all)?;
        Some(Self { ground: Rgb(colour), ..self.clone() })
    }

    /// The colours of a painting that is shown on the ground, see [`Matte::rgba`].
    pub fn without_ground(&self, flat: &RgbImage) -> RgbImage {
        let painting = self.rgba(flat);
        RgbImage::from_fn(flat.width(), flat.height(), |x, y| {
            let [red, green, blue, _] = painting[(x, y)].0;
            image::Rgb([red, green, blue])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Objective, Transparency};

    /// A red disc with a soft edge on nothing, whose hidden colour is green.
    fn disc() -> Picture {
        let pixel = |x: i32, y: i32| {
            let distance = f64::from((x - 32).pow(2) + (y - 32).pow(2)).sqrt();
            let opacity = ((22.0 - distance) / 4.0).clamp(0.0, 1.0);
            if opacity > 0.0 { [200, 30, 20, (255.0 * opacity) as u8] } else { [0, 255, 0, 0] }
        };
        let pixels = (0..64).flat_map(|y| (0..64).flat_map(move |x| pixel(x, y))).collect();
        Picture::from_rgba("disc", 64, 64, pixels).unwrap()
    }

    fn settings(ground: Rgb) -> Settings {
        Settings { background: ground, ..Settings::default() }
    }

    #[test]
    fn the_ground_goes_and_the_painted_colours_come_back() {
        let ground = Rgb([250, 255, 240]);
        let matte = Matte::of(&disc(), &settings(ground), (48, 48)).unwrap();
        let painted = RgbImage::from_fn(48, 48, |x, y| image::Rgb([(5 * x) as u8, 90, (4 * y) as u8]));
        let mut flat = painted.clone();
        matte.flatten(&mut flat);
        assert_eq!((flat[(0, 0)].0, flat[(24, 24)].0), (ground.0, painted[(24, 24)].0));
        let back = matte.rgba(&flat);
        for (x, y, pixel) in back.enumerate_pixels() {
            let [red, green, blue, opacity] = pixel.0;
            let worst = (0..3).map(|i| [red, green, blue][i].abs_diff(painted[(x, y)][i])).max().unwrap();
            match u32::from(opacity) {
                0 => {
                    assert!(green.abs_diff(90) < 60 && green < 160, "the ground or green is left: {pixel:?}")
                }
                part => assert!(u32::from(worst) <= 255 / part + 1, "{worst} at opacity {part}"),
            }
        }
        // On its ground it is again what was shown.
        let mut again = matte.without_ground(&flat);
        matte.flatten(&mut again);
        assert!(again.iter().zip(flat.iter()).all(|(a, b)| a.abs_diff(*b) <= 1));
    }

    #[test]
    fn the_ground_that_a_picture_was_shown_on_is_found_in_it() {
        let matte = |ground: [u8; 3]| Matte::of(&disc(), &settings(Rgb(ground)), (48, 48)).unwrap();
        let painted = RgbImage::from_fn(48, 48, |x, y| image::Rgb([(5 * x) as u8, 90, (4 * y) as u8]));
        let mut flat = painted.clone();
        matte([250, 255, 240]).flatten(&mut flat);
        assert_eq!(matte([0, 0, 0]).on_ground_of(&flat), Some(matte([250, 255, 240])));
        assert_eq!(matte([0, 0, 0]).on_ground_of(&painted), None);
        // Where everything shows a little, nothing tells.
        let veil = Picture::from_rgba("veil", 16, 16, [9, 9, 9, 100].repeat(16 * 16)).unwrap();
        let veil = Matte::of(&veil, &settings(Rgb::WHITE), (48, 48)).unwrap();
        assert_eq!(veil.on_ground_of(&painted), Some(veil));
    }

    #[test]
    fn only_a_transparent_content_whose_transparency_is_kept_has_a_matte() {
        let (disc, white) = (disc(), settings(Rgb::WHITE));
        let opaque = Picture { alpha: None, ..disc.clone() };
        assert!(Matte::of(&disc, &white, (30, 30)).is_some());
        assert!(Matte::of(&opaque, &white, (30, 30)).is_none());
        let flatten = Settings { transparency: Transparency::Flatten, ..white };
        assert!(Matte::of(&disc, &flatten, (30, 30)).is_none());
        assert!(Matte::of(&disc, &Settings::for_objective(Objective::Classic), (30, 30)).is_none());
    }
}
