//! Fit a picture to a longest side, resample it, and flatten its transparency.

use std::borrow::Cow;

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::{GrayImage, RgbImage, RgbaImage};

use super::Picture;
use crate::settings::Rgb;

/// Resampling filters. Both widen when shrinking, to avoid aliasing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Three-lobed Lanczos: sharp.
    Lanczos,
    /// Triangle, as Pillow's `BILINEAR`, which the PyTorch tutorial uses.
    Bilinear,
}

impl Picture {
    /// Flatten onto a background, blending sRGB values as browsers do. `None` drops the opacity and keeps the
    /// file's colours.
    pub fn flattened(&self, background: Option<Rgb>) -> Cow<'_, RgbImage> {
        let (Some(alpha), Some(background)) = (&self.alpha, background) else {
            return Cow::Borrowed(&self.rgb);
        };
        let mut flat = self.rgb.clone();
        blend_onto(&mut flat, alpha, background);
        Cow::Owned(flat)
    }

    /// Blend it onto a picture of the same dimensions.
    pub fn blend_onto(&self, ground: &mut RgbImage) {
        let Some(alpha) = &self.alpha else { return ground.clone_from(&self.rgb) };
        for ((under, pixel), opacity) in ground.pixels_mut().zip(self.rgb.pixels()).zip(alpha.pixels()) {
            for (under, channel) in under.0.iter_mut().zip(pixel.0) {
                *under = blend(channel, *under, opacity[0]);
            }
        }
    }
}

/// Blend colours of this opacity with a ground under them.
pub(super) fn blend_onto(colours: &mut RgbImage, opacity: &GrayImage, Rgb(ground): Rgb) {
    for (pixel, opacity) in colours.pixels_mut().zip(opacity.pixels()) {
        for (channel, under) in pixel.0.iter_mut().zip(ground) {
            *channel = blend(*channel, under, opacity[0]);
        }
    }
}

fn blend(value: u8, under: u8, opacity: u8) -> u8 {
    let opacity = u32::from(opacity);
    let sum = u32::from(value) * opacity + u32::from(under) * (255 - opacity);
    ((sum + 127) / 255) as u8
}

/// The shape with the given longest side and the same aspect ratio, rounded, at least one pixel each way.
pub fn fit(width: u32, height: u32, longest: u32) -> (u32, u32) {
    let longest = longest.max(1);
    let side = u64::from(width.max(height)).max(1);
    let scaled = |length: u32| {
        let rounded = (u64::from(length) * u64::from(longest) + side / 2) / side;
        // At most `longest`, which is a u32.
        (rounded as u32).max(1)
    };
    (scaled(width), scaled(height))
}

/// Resample a picture to a shape.
pub fn resize(image: &RgbImage, width: u32, height: u32, filter: Filter) -> RgbImage {
    let mut pixels = RgbImage::new(width.max(1), height.max(1));
    resample(image.as_raw(), image.dimensions(), &mut pixels, (width, height), PixelType::U8x3, filter);
    pixels
}

/// As [`resize`], for an opacity.
pub(crate) fn resize_grey(image: &GrayImage, width: u32, height: u32, filter: Filter) -> GrayImage {
    let mut pixels = GrayImage::new(width.max(1), height.max(1));
    resample(image.as_raw(), image.dimensions(), &mut pixels, (width, height), PixelType::U8, filter);
    pixels
}

/// As [`resize`], with the opacity, by which colours are weighted.
pub fn resize_rgba(picture: &Picture, width: u32, height: u32, filter: Filter) -> RgbaImage {
    let opacity = |x, y| picture.alpha.as_ref().map_or(u8::MAX, |alpha| alpha[(x, y)].0[0]);
    let (columns, rows) = picture.dimensions();
    let image = RgbaImage::from_fn(columns, rows, |x, y| {
        let [red, green, blue] = picture.rgb[(x, y)].0;
        image::Rgba([red, green, blue, opacity(x, y)])
    });
    let mut pixels = RgbaImage::new(width.max(1), height.max(1));
    resample(image.as_raw(), image.dimensions(), &mut pixels, (width, height), PixelType::U8x4, filter);
    pixels
}

fn resample(
    source: &[u8],
    (columns, rows): (u32, u32),
    target: &mut [u8],
    (width, height): (u32, u32),
    pixels: PixelType,
    filter: Filter,
) {
    let filter = match filter {
        Filter::Lanczos => FilterType::Lanczos3,
        Filter::Bilinear => FilterType::Bilinear,
    };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    let source =
        ImageRef::new(columns, rows, source, pixels).expect("a picture has all bytes of every pixel");
    let mut target = Image::from_slice_u8(width.max(1), height.max(1), target, pixels)
        .expect("a picture has all bytes of every pixel");
    Resizer::new()
        .resize(&source, &mut target, &options)
        .expect("both images have the same kind of pixels and nothing is cropped");
}

/// Shrink a picture for lists and buttons; smaller pictures are not enlarged.
pub fn thumbnail(image: &RgbImage, longest: u32) -> RgbImage {
    let (width, height) = image.dimensions();
    if width.max(height) <= longest {
        return image.clone();
    }
    let (width, height) = fit(width, height, longest);
    resize(image, width, height, Filter::Lanczos)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn fixture(name: &str) -> RgbImage {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/pictures");
        image::open(folder.join(name)).unwrap().into_rgb8()
    }

    #[track_caller]
    fn assert_close(left: &RgbImage, right: &RgbImage, tolerance: u8) {
        assert_eq!(left.dimensions(), right.dimensions());
        let worst = left.iter().zip(right.iter()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(tolerance), "off by {worst:?}");
    }

    #[test]
    fn fitting_keeps_the_aspect_ratio() {
        assert_eq!(fit(1024, 768, 512), (512, 384));
        assert_eq!(fit(768, 1024, 512), (384, 512));
        assert_eq!(fit(300, 200, 600), (600, 400));
        assert_eq!(fit(1000, 333, 100), (100, 33));
        assert_eq!(fit(1000, 335, 100), (100, 34), "rounds to the nearest");
        assert_eq!(fit(5000, 16, 100), (100, 1), "never zero");
        assert_eq!(fit(u32::MAX, u32::MAX, u32::MAX), (u32::MAX, u32::MAX));
    }

    #[test]
    fn bilinear_agrees_with_pillow() {
        let source = fixture("resize_source.png");
        let resized = |width, height| resize(&source, width, height, Filter::Bilinear);
        assert_close(&resized(11, 7), &fixture("resize_bilinear_11x7.png"), 1);
        assert_close(&resized(30, 20), &fixture("resize_bilinear_30x20.png"), 1);
    }

    #[test]
    fn flat_pictures_stay_flat_and_equal_sizes_stay_equal() {
        let source = fixture("resize_source.png");
        let flat = RgbImage::from_pixel(40, 30, image::Rgb([7, 130, 250]));
        for filter in [Filter::Lanczos, Filter::Bilinear] {
            assert_eq!(resize(&source, source.width(), source.height(), filter), source);
            for (width, height) in [(13, 11), (90, 20)] {
                assert!(
                    resize(&flat, width, height, filter).pixels().all(|p| p.0 == [7, 130, 250]),
                    "{filter:?}"
                );
            }
        }
    }

    #[test]
    fn shrinking_averages_what_it_covers() {
        let stripes = RgbImage::from_fn(64, 64, |x, _| image::Rgb([if x % 2 == 0 { 255 } else { 0 }; 3]));
        for filter in [Filter::Lanczos, Filter::Bilinear] {
            let small = resize(&stripes, 8, 8, filter);
            assert!(small.iter().all(|v| v.abs_diff(128) <= 6), "{filter:?}: {small:?}");
        }
    }

    #[test]
    fn thumbnails_only_shrink() {
        let picture = RgbImage::new(300, 200);
        assert_eq!(thumbnail(&picture, 96).dimensions(), (96, 64));
        assert_eq!(thumbnail(&picture, 400).dimensions(), (300, 200));
    }

    #[test]
    fn transparency_is_blended_or_discarded() {
        let mut pixels = [200, 100, 0, 255].repeat(16 * 16);
        pixels[..8].copy_from_slice(&[200, 100, 0, 0, 200, 100, 0, 128]);
        let picture = Picture::from_rgba("pasted picture", 16, 16, pixels).unwrap();
        let flat = picture.flattened(Some(Rgb::WHITE));
        assert_eq!(
            [flat[(0, 0)].0, flat[(1, 0)].0, flat[(2, 0)].0],
            [[255; 3], [227, 177, 127], [200, 100, 0]]
        );
        let Cow::Borrowed(raw) = picture.flattened(None) else { panic!("discarding must not copy") };
        assert_eq!(raw[(0, 0)].0, [200, 100, 0]);
        let opaque = Picture { alpha: None, ..picture.clone() };
        assert!(matches!(opaque.flattened(Some(Rgb::WHITE)), Cow::Borrowed(_)));
        let clear = Picture { alpha: Some(GrayImage::new(16, 16)), ..picture };
        assert!(clear.flattened(Some(Rgb([1, 2, 3]))).pixels().all(|p| p.0 == [1, 2, 3]));
    }
}
