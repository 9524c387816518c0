//! How masks look in the list, and what is told of them there.

use std::collections::BTreeMap;

use egui::{Color32, ColorImage, Context, TextureHandle, TextureOptions};

use super::MaskDesk;
use impasto_base::hash::Sha256Hash;
use impasto_core::{
    picture::Picture,
    settings::{Masks, Region, RegionRole, Settings},
};
use impasto_network::vgg::Layer;

/// Longest side of the small copy, in pixels.
const SMALL: usize = 192;
/// Pixels that are looked at, about.
const SAMPLES: usize = 2 << 20;
/// What is less is black.
const BLACK: f32 = 0.02;
/// A mask of more than this share has no edge that a layer could see past.
const WHOLE: f64 = 0.99;
/// Positions of a layer that a region needs to count there in full.
const FEW: f64 = 64.0;

/// A mask as it is shown.
pub struct Look {
    pub texture: TextureHandle,
    pub extent: Extent,
}

/// How much of the picture a mask takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// It is black everywhere.
    pub empty: bool,
    /// Mean of the mask, 0 to 1.
    pub share: f64,
    /// Side of the largest square inside, as a fraction of the picture's longer side.
    pub square: f64,
}

impl Extent {
    /// The style layers in use in a region that see farther than the mask is wide, or have too few positions
    /// in it, at this size.
    pub fn narrow_at(self, region: &Region, settings: &Settings, (width, height): (u32, u32)) -> Vec<Layer> {
        let (width, height) = (f64::from(width), f64::from(height));
        if self.share > WHOLE || region.role != RegionRole::Paint {
            return Vec::new();
        }
        let any_solo = settings.any_solo();
        let is_narrow = |layer: &Layer| {
            let stride = layer.stride() as f64;
            let positions = self.share * (width / stride).floor() * (height / stride).floor();
            positions < FEW || self.square * width.max(height) < layer.receptive_field() as f64
        };
        let used = settings.style_layers.strips().filter(|(_, strip)| strip.effective(any_solo) > 0.0);
        let used = used.map(|(layer, _)| layer).filter(|layer| region.layer_factor(*layer) > 0.0);
        used.filter(is_narrow).collect()
    }
}

/// A mask in small: means of the pixels in each cell, with the width of a row.
struct Cells {
    values: Vec<f32>,
    width: usize,
    brightest: f32,
}

impl Cells {
    fn of(picture: &Picture) -> Self {
        let (wide, high) = (picture.rgb.width() as usize, picture.rgb.height() as usize);
        let cell = wide.max(high).div_ceil(SMALL).max(1);
        let (width, height) = (wide.div_ceil(cell), high.div_ceil(cell));
        let every = (wide * high / SAMPLES).isqrt().clamp(1, cell);
        let (mut sums, mut counts) = (vec![0.0_f32; width * height], vec![0.0_f32; width * height]);
        let mut brightest = 0.0_f32;
        let (rgb, alpha) = (picture.rgb.as_raw(), picture.alpha.as_ref().map(|alpha| alpha.as_raw()));
        // A row of a cell at a time, as this is done after each stroke.
        for (y, column) in (0..high).step_by(every).flat_map(|y| (0..width).map(move |column| (y, column))) {
            let place = y / cell * width + column;
            for x in (column * cell..((column + 1) * cell).min(wide)).step_by(every) {
                let at = y * wide + x;
                let [red, green, blue] = [0, 1, 2].map(|channel| f32::from(rgb[3 * at + channel]));
                let opacity = alpha.map_or(1.0, |alpha| f32::from(alpha[at]) / 255.0);
                let value = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255.0 * opacity;
                sums[place] += value;
                counts[place] += 1.0;
                brightest = brightest.max(value);
            }
        }
        let values = sums.iter().zip(&counts).map(|(sum, count)| sum / count.max(1.0)).collect();
        Self { values, width, brightest }
    }

    fn extent(&self) -> Extent {
        let (width, height) = (self.width, self.values.len() / self.width);
        let mean = self.values.iter().map(|&value| f64::from(value)).sum::<f64>() / self.values.len() as f64;
        Extent {
            empty: self.brightest < BLACK,
            share: mean,
            square: self.largest_square() as f64 / width.max(height) as f64,
        }
    }

    /// Side of the largest square of cells that are at least half white.
    fn largest_square(&self) -> usize {
        let mut above = vec![0; self.width];
        let mut largest = 0;
        for row in self.values.chunks_exact(self.width) {
            let mut sides = Vec::with_capacity(self.width);
            for (x, &value) in row.iter().enumerate() {
                // Each corner ends a square one larger than those that end beside and above it.
                let side = match (x, value >= 0.5) {
                    (_, false) => 0,
                    (0, true) => 1,
                    (x, true) => 1 + above[x].min(above[x - 1]).min(sides[x - 1]),
                };
                sides.push(side);
                largest = largest.max(side);
            }
            above = sides;
        }
        largest
    }

    fn image(&self) -> ColorImage {
        let grey = |&value: &f32| Color32::from_gray((255.0 * value).round() as u8);
        let pixels = self.values.iter().map(grey).collect();
        ColorImage::new([self.width, self.values.len() / self.width], pixels)
    }
}

/// How the masks of the list look.
#[derive(Default)]
pub struct Looks(BTreeMap<Sha256Hash, Look>);

impl Looks {
    pub fn get(&self, picture: &Picture) -> Option<&Look> {
        self.0.get(&picture.sha256)
    }
}

impl MaskDesk {
    /// Bring the small copies up to the masks of the settings.
    pub(super) fn follow_looks(&mut self, ctx: &Context, masks: &Masks) {
        let shown: Vec<_> = masks.files().filter_map(|name| self.picture(name).cloned()).collect();
        self.looks.0.retain(|hash, _| shown.iter().any(|picture| picture.sha256 == *hash));
        for picture in shown {
            self.looks.0.entry(picture.sha256).or_insert_with(|| {
                let cells = Cells::of(&picture);
                let texture = ctx.load_texture("mask", cells.image(), TextureOptions::LINEAR);
                Look { texture, extent: cells.extent() }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    fn extent(white: impl Fn(u32, u32) -> bool) -> Extent {
        let image =
            RgbImage::from_fn(400, 200, |x, y| image::Rgb(if white(x, y) { [255; 3] } else { [0; 3] }));
        let rgba = image.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
        let picture = Picture::from_rgba("mask", 400, 200, rgba).unwrap();
        Cells::of(&picture).extent()
    }

    #[test]
    fn a_mask_is_measured_by_the_largest_square_in_it() {
        let whole = extent(|_, _| true);
        assert!(!whole.empty && (whole.share - 1.0).abs() < 1e-5, "{whole:?}");
        assert!((whole.square - 0.5).abs() < 0.02, "{whole:?}");
        assert_eq!(extent(|_, _| false), Extent { empty: true, share: 0.0, square: 0.0 });
        // A diagonal is long and narrow.
        let diagonal = extent(|x, y| x.abs_diff(2 * y) < 12);
        assert!(diagonal.square < 0.05 && diagonal.share > 0.04, "{diagonal:?}");
        let dot = extent(|x, y| (x, y) == (7, 9));
        assert!(!dot.empty && dot.square == 0.0);
    }

    #[test]
    fn deep_layers_see_past_what_is_narrow() {
        let mut settings = Settings::default();
        for layer in Layer::PAPER_STYLE {
            settings.style_layers.set(layer, 1.0);
        }
        let narrow = |square: f64| {
            let extent = Extent { empty: false, share: square * square, square };
            let all = extent.narrow_at(&Region::default(), &settings, (512, 512));
            all.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(narrow(0.5).is_empty(), "{:?}", narrow(0.5));
        assert_eq!(narrow(0.25), ["relu5_1"]);
        assert_eq!(narrow(0.125), ["relu4_1", "relu5_1"]);
        let mut without = settings.clone();
        without.style_layers.remove("relu5_1".parse().unwrap());
        let quarter = Extent { empty: false, share: 0.0625, square: 0.25 };
        let region = Region::default();
        assert!(quarter.narrow_at(&region, &without, (512, 512)).is_empty());
        // Nothing is painted there, or not by these layers.
        let shallow = Some([("relu1_1".parse().unwrap(), 1.0)].into_iter().collect());
        let shallow = Region { layers: shallow, ..region.clone() };
        assert!(quarter.narrow_at(&shallow, &settings, (512, 512)).is_empty());
        for role in [RegionRole::Freeze, RegionRole::Keep] {
            let region = Region { role, ..region.clone() };
            assert!(quarter.narrow_at(&region, &settings, (512, 512)).is_empty());
        }
        assert!(!quarter.narrow_at(&region, &settings, (512, 512)).is_empty());
    }
}
