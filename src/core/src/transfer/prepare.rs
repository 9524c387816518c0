//! Prepare the pictures of a run: flatten, resize, and make the initial image.

use std::sync::Arc;

use image::{GrayImage, RgbImage};

use super::{
    Dimensions, Inputs, Pictures, StyleSource, TransferError,
    noise::noise,
    transparency::{opaque, style_opacity},
};
use crate::{
    picture::{Filter, Picture, fit, luminance_like, resize, style_in_colours_of, thumbnail},
    settings::{Init, Objective, Rgb, Settings},
};
use impasto_base::hash::Sha256Hash;
use impasto_network::compute::NetworkOptions;

/// The network options of these settings.
pub fn network_options(settings: &Settings) -> NetworkOptions {
    NetworkOptions { economy: settings.low_memory, padding: settings.padding, precision: settings.precision }
}

/// Longest side of a picture of which only the mean and covariance of the colours are used, as of a palette.
const PALETTE_SIZE: u32 = 512;

/// Everything that the images of a level depend on, besides its size.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageKeys {
    pub content: Sha256Hash,
    pub styles: Vec<StyleImageKey>,
}

/// Everything that a style's image depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct StyleImageKey {
    picture: Sha256Hash,
    shape: Dimensions,
    colours: Colours,
    /// Transparent pixels do not count.
    masked: bool,
}

/// Source of a style's colours.
#[derive(Clone, Debug, PartialEq)]
enum Colours {
    Own,
    /// This share of the colours of the content with this hash.
    Content(f64, Sha256Hash),
    /// This share of the palette with this hash.
    Palette(f64, Sha256Hash),
    /// Luminance only, matched to that of the content with this hash.
    Luminance(Sha256Hash),
}

impl Inputs {
    /// Prepare the pictures for these settings, in the shapes of [`Inputs::shapes`]. `current` replaces the
    /// initial image.
    ///
    /// # Errors
    ///
    /// If there is no style or more than [`MAX_STYLES`](super::MAX_STYLES), or a required [`Inputs::initial`]
    /// or [`Inputs::palette`] is missing.
    pub fn pictures(
        &self,
        settings: &Settings,
        current: Option<&RgbImage>,
    ) -> Result<Pictures, TransferError> {
        self.check_styles()?;
        self.check_palette(settings)?;
        self.check_masks(settings)?;
        let content = self.content_image(settings);
        let style_keys = self.image_keys(settings).styles;
        let all: Vec<usize> = (0..style_keys.len()).collect();
        let made = self.style_images(&all, &style_keys, settings, &content);
        let (styles, style_masks): (Vec<RgbImage>, Vec<_>) = made.into_iter().unzip();
        let first_style = &styles[0];
        let (width, height) = content.dimensions();
        let to_shape = |picture: &RgbImage| resize(picture, width, height, filter(settings));
        let initial = match (current, &settings.init) {
            (Some(current), _) => {
                match self.matte(settings, current.dimensions()).and_then(|matte| matte.on_ground_of(current))
                {
                    // It is shown on a background, which must not reach its edges.
                    Some(matte) => to_shape(&matte.without_ground(current)),
                    None => to_shape(current),
                }
            }
            (None, Init::Content) => content.clone(),
            (None, Init::Noise) => noise(width, height, settings.seed),
            (None, Init::Blank(Rgb(colour))) => RgbImage::from_pixel(width, height, image::Rgb(*colour)),
            (None, Init::Style) => to_shape(first_style),
            (None, Init::File(_)) => {
                let picture = self.initial.as_ref().ok_or(TransferError::NoInitial)?;
                to_shape(&picture.flattened(background(settings)))
            }
        };
        Ok(Pictures { content, styles, style_masks, initial })
    }

    /// The content in its shape.
    pub fn content_image(&self, settings: &Settings) -> RgbImage {
        let shape = self.shapes(settings).content;
        self.opaque_content(settings, shape, background(settings), filter(settings))
    }

    /// The keys of the images for these settings.
    pub fn image_keys(&self, settings: &Settings) -> ImageKeys {
        let styles = self.style_keys(settings, self.shapes(settings).styles);
        ImageKeys { content: self.content.sha256, styles }
    }

    /// The keys of small images of the styles, of which only the colours are used: they are the same at every
    /// size and scale.
    pub(super) fn colour_keys(&self, settings: &Settings) -> Vec<StyleImageKey> {
        let shapes = self.styles.iter().map(|style| {
            let ((width, height), _) = style.shape_and_scale();
            fit(width, height, PALETTE_SIZE.min(width.max(height)))
        });
        self.style_keys(settings, shapes.collect())
    }

    fn style_keys(&self, settings: &Settings, shapes: Vec<Dimensions>) -> Vec<StyleImageKey> {
        let content = self.content.sha256;
        let colours = match (settings.match_colours, &self.palette) {
            _ if settings.luminance_only => Colours::Luminance(content),
            (0.0, _) => Colours::Own,
            (amount, None) => Colours::Content(amount, content),
            (amount, Some(palette)) => Colours::Palette(amount, palette.sha256),
        };
        let key = |(style, shape): (&StyleSource, Dimensions)| StyleImageKey {
            picture: style.part_hash(),
            shape,
            colours: colours.clone(),
            masked: self.masks_style(&style.picture, settings),
        };
        self.styles.iter().zip(shapes).map(key).collect()
    }

    /// Make the images of these styles, given the content's image, with their opacities if not all counts.
    pub fn style_images(
        &self,
        indices: &[usize],
        style_keys: &[StyleImageKey],
        settings: &Settings,
        content: &RgbImage,
    ) -> Vec<(RgbImage, Option<GrayImage>)> {
        let small =
            |palette: &Arc<Picture>| thumbnail(&palette.flattened(Some(settings.background)), PALETTE_SIZE);
        let palette = self.palette.as_ref().filter(|_| settings.match_colours > 0.0).map(small);
        let image = |&index: &usize| {
            let StyleImageKey { shape, masked, ref colours, .. } = style_keys[index];
            let part = self.styles[index].part();
            let style = opaque(&part, settings, masked, shape, background(settings), filter(settings));
            let opacity = if masked { style_opacity(&part, shape) } else { None };
            let shown = opacity.as_ref().and_then(|opacity| shown(&style, opacity));
            let counted = shown.as_ref();
            let style = match colours {
                Colours::Luminance(_) => luminance_like(&style, counted, content),
                Colours::Palette(amount, _) => {
                    style_in_colours_of(&style, counted, palette.as_ref().unwrap_or(content), *amount)
                }
                Colours::Content(amount, _) => style_in_colours_of(&style, counted, content, *amount),
                Colours::Own => style,
            };
            (style, opacity)
        };
        indices.iter().map(image).collect()
    }
}

/// The pixels of a style that are more opaque than not, in one row; `None` if there is none.
pub(super) fn shown(style: &RgbImage, opacity: &GrayImage) -> Option<RgbImage> {
    let pixels = style.pixels().zip(opacity.pixels()).filter(|(_, opacity)| opacity.0[0] > 127);
    let bytes: Vec<u8> = pixels.flat_map(|(pixel, _)| pixel.0).collect();
    RgbImage::from_raw(bytes.len() as u32 / 3, 1, bytes).filter(|shown| shown.width() > 0)
}

/// The objective's resampling filter.
fn filter(settings: &Settings) -> Filter {
    if settings.objective == Objective::Classic { Filter::Bilinear } else { Filter::Lanczos }
}

/// The objective's background for transparency; classic discards the opacity.
fn background(settings: &Settings) -> Option<Rgb> {
    (settings.objective != Objective::Classic).then_some(settings.background)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        picture::MIN_SIDE,
        settings::{Padding, StyleMix, Transparency},
        transfer::{MAX_STYLES, Shapes, TILE_SIDE},
    };
    use impasto_network::vgg::Layer;

    fn picture(width: u32, height: u32) -> Arc<Picture> {
        let pixels = [90, 20, 200, 255].repeat((width * height) as usize);
        Arc::new(Picture::from_rgba("test", width, height, pixels).unwrap())
    }

    fn inputs_of(content: Dimensions, styles: &[Dimensions]) -> Inputs {
        let styles = styles.iter().map(|&(width, height)| StyleSource::new(picture(width, height)));
        Inputs::new(picture(content.0, content.1), styles.collect())
    }

    #[test]
    fn sizes_follow_the_objective() {
        let mut inputs = inputs_of((300, 150), &[(90, 120)]);
        let mut settings = Settings { size: 600, ..Settings::default() };
        let made = inputs.pictures(&settings, None).unwrap();
        assert_eq!(made.content.dimensions(), (600, 300));
        // Styles are not enlarged.
        assert_eq!(made.styles[0].dimensions(), (90, 120));
        settings.style_scale = 0.1;
        let made = inputs.pictures(&settings, None).unwrap();
        assert_eq!(made.styles[0].dimensions(), (45, 60));
        // Its own scale multiplies that of all styles.
        inputs.set_mix(&[StyleMix { scale: 0.5, ..StyleMix::default() }]);
        assert_eq!(inputs.shapes(&settings).styles, [(23, 30)]);
        inputs.set_mix(&[StyleMix { scale: 20.0, ..StyleMix::default() }]);
        assert_eq!(inputs.shapes(&settings).styles, [(90, 120)]);
        settings.set_objective(Objective::Classic);
        let made = inputs.pictures(&settings, None).unwrap();
        assert_eq!(made.content.dimensions(), (300, 150));
        assert_eq!(made.styles[0].dimensions(), (300, 150));
    }

    #[test]
    fn however_small_its_scale_a_style_stays_wide_enough_for_every_layer() {
        for style in [(2000, 100), (64, 1000), (16, 16), (17, 400)] {
            let mut inputs = inputs_of((300, 150), &[style]);
            for (scale, size) in [(0.05, 128), (0.3, 181), (20.0, 4000)] {
                inputs.set_mix(&[StyleMix { scale, ..StyleMix::default() }]);
                let (width, height) = inputs.shapes(&Settings { size, ..Settings::default() }).styles[0];
                assert!(width.min(height) >= MIN_SIDE, "{style:?} times {scale}: {width}×{height}");
                assert!(width <= style.0 && height <= style.1);
            }
        }
    }

    #[test]
    fn what_is_hidden_of_a_style_has_no_effect() {
        let style = |hidden: [u8; 3]| {
            let pixel = |x: u8, y: u8| match x {
                ..24 => [hidden[0], hidden[1], hidden[2], 0],
                _ => [200, 3 * x, 5 * y, if x < 30 { 128 } else { 255 }],
            };
            let pixels = (0..40).flat_map(|y| (0..60).flat_map(move |x| pixel(x, y))).collect();
            StyleSource::new(Arc::new(Picture::from_rgba("part", 60, 40, pixels).unwrap()))
        };
        let made = |hidden: [u8; 3], settings: &Settings| {
            let inputs = Inputs::new(picture(60, 40), vec![style(hidden)]);
            inputs.pictures(settings, None).unwrap()
        };
        let (red, blue) = ([255, 0, 0], [0, 0, 255]);
        let usual = Settings { size: 60, ..Settings::default() };
        for settings in [
            usual.clone(),
            Settings { match_colours: 0.7, ..usual.clone() },
            Settings { luminance_only: true, ..usual.clone() },
        ] {
            let [one, other] = [red, blue].map(|hidden| made(hidden, &settings));
            assert_eq!((&one.styles, &one.style_masks), (&other.styles, &other.style_masks));
            let mask = one.style_masks[0].as_ref().unwrap();
            assert_eq!([0, 15, 59].map(|x| mask.get_pixel(x, 20)[0]), [0, 0, 255]);
        }
        // A flattened one is on the background, and counts whole, as does one of which nothing is to be seen.
        let flat = Settings { transparency: Transparency::Flatten, ..usual.clone() };
        let made = made(red, &flat);
        assert_eq!((made.style_masks, made.styles[0].get_pixel(3, 3).0), (vec![None], [255; 3]));
        let nothing = StyleSource::new(Arc::new(
            Picture::from_rgba("nothing", 40, 40, [9, 9, 9, 0].repeat(1600)).unwrap(),
        ));
        let inputs = Inputs::new(picture(60, 40), vec![nothing]);
        assert_eq!(inputs.pictures(&usual, None).unwrap().style_masks, [None]);
        // Another transparency gives another image.
        let inputs = Inputs::new(picture(60, 40), vec![style(red)]);
        assert_ne!(inputs.image_keys(&usual), inputs.image_keys(&flat));
        // Older programs flattened styles also where the content's transparency is kept.
        let older = Inputs { flat_styles: true, ..inputs.clone() };
        let [old, flattened] = [(&older, &usual), (&inputs, &flat)]
            .map(|(inputs, settings)| inputs.pictures(settings, None).unwrap());
        assert_eq!((old.styles, old.style_masks), (flattened.styles, vec![None]));
        assert_eq!(older.image_keys(&usual), inputs.image_keys(&flat));
    }

    #[test]
    fn a_transparency_that_is_kept_lets_no_background_in() {
        // Red, with a soft left edge to nothing.
        let pixel = |x: u8| [200, 30, 20, if x < 20 { 0 } else { x.saturating_sub(20).saturating_mul(40) }];
        let pixels = (0..40).flat_map(|_| (0..60u8).flat_map(pixel)).collect();
        let style = StyleSource::new(picture(40, 40));
        let mut inputs =
            Inputs::new(Arc::new(Picture::from_rgba("cut", 60, 40, pixels).unwrap()), vec![style]);
        let kept = Settings { size: 60, background: Rgb([0, 255, 0]), ..Settings::default() };
        let green = |image: &RgbImage| image.pixels().map(|pixel| pixel[1]).max().unwrap();
        for size in [60, 31] {
            let made = inputs.pictures(&Settings { size, ..kept.clone() }, None).unwrap();
            assert!(green(&made.content) <= 33, "{}", green(&made.content));
        }
        // A sharp filter does not overshoot at its edges.
        let made = inputs.pictures(&Settings { size: 31, ..kept.clone() }, None).unwrap();
        assert!(made.content.pixels().all(|pixel| pixel[0].abs_diff(200) <= 3));
        // Nor from a picture that is shown on it.
        let mut shown = RgbImage::from_pixel(60, 40, image::Rgb([180, 40, 90]));
        inputs.matte(&kept, (60, 40)).unwrap().flatten(&mut shown);
        let initial = inputs.pictures(&kept, Some(&shown)).unwrap().initial;
        assert!(green(&shown) == 255 && green(&initial) <= 44, "{}", green(&initial));
        // Whatever the background is now; and if the painting was not shown on one, it is taken as it is.
        let white = Settings { background: Rgb::WHITE, ..kept.clone() };
        assert_eq!(inputs.pictures(&white, Some(&shown)).unwrap().initial, initial);
        let painted = RgbImage::from_fn(60, 40, |x, y| image::Rgb([(4 * x) as u8, 90, (5 * y) as u8]));
        assert_eq!(inputs.pictures(&kept, Some(&painted)).unwrap().initial, painted);
        let flat = Settings { transparency: Transparency::Flatten, ..kept.clone() };
        let made = inputs.pictures(&flat, Some(&shown)).unwrap();
        assert_eq!((green(&made.content), made.initial), (255, shown));
        // What is opaque is as it was.
        inputs.content = picture(60, 40);
        assert_eq!(inputs.content_image(&kept), inputs.content_image(&flat));
    }

    #[test]
    fn a_part_of_a_style_is_that_part_in_strokes_of_the_same_size() {
        let pixels = (0..100u8).flat_map(|y| (0..160u8).flat_map(move |x| [x, y, 200, 255])).collect();
        let style = StyleSource::new(Arc::new(Picture::from_rgba("ramp", 160, 100, pixels).unwrap()));
        let mut inputs = Inputs::new(picture(300, 150), vec![style]);
        let settings = Settings { size: 300, ..Settings::default() };
        let whole = inputs.image_keys(&settings);
        // At its own pixels nothing is resampled.
        inputs.styles[0].mix.crop = Some([0.25, 0.5, 0.5, 0.5].into());
        let made = inputs.pictures(&settings, None).unwrap();
        assert_eq!(made.styles[0].dimensions(), (80, 50));
        assert_eq!((made.styles[0][(0, 0)].0, made.styles[0][(79, 49)].0), ([40, 50, 200], [119, 99, 200]));
        assert_ne!(inputs.image_keys(&settings), whole);
        // A quarter as large as the painting: the whole would be 75 pixels wide.
        inputs.styles[0].mix.scale = 0.25;
        assert_eq!(inputs.shapes(&settings).styles, [(38, 24)]);
        let tiny = Settings { style_scale: 0.05, ..settings.clone() };
        let (width, height) = inputs.shapes(&tiny).styles[0];
        assert!(width.min(height) >= MIN_SIDE, "{width}×{height}");
        // Any numbers are safe.
        inputs.styles[0].mix.crop = Some([f64::NAN, 3.0, -1.0, f64::INFINITY].into());
        assert!(inputs.pictures(&settings, None).is_ok());
        let classic = Settings { size: 300, ..Settings::for_objective(Objective::Classic) };
        assert_eq!(inputs.shapes(&classic).styles, [(300, 150)]);
    }

    #[test]
    fn a_palette_gives_the_styles_its_colours() {
        let palette = |green: u8| {
            let pixels = [20, green, 30, 255].repeat(30 * 30);
            Some(Arc::new(Picture::from_rgba("leaves", 30, 30, pixels).unwrap()))
        };
        let mut inputs = inputs_of((64, 32), &[(40, 40)]);
        let settings = Settings { size: 64, match_colours: 1.0, ..Settings::default() };
        let colour = |inputs: &Inputs, settings: &Settings| {
            inputs.pictures(settings, None).unwrap().styles[0].get_pixel(20, 20).0
        };
        assert_eq!(colour(&inputs, &settings), [90, 20, 200], "the content has the style's own colour here");
        inputs.palette = palette(180);
        assert_eq!(colour(&inputs, &settings), [20, 180, 30]);
        let half = colour(&inputs, &Settings { match_colours: 0.5, ..settings.clone() });
        assert_eq!(half, [55, 100, 115], "half way from its own colour");
        let before = inputs.image_keys(&settings);
        inputs.palette = palette(180);
        assert_eq!(inputs.image_keys(&settings), before);
        inputs.palette = palette(90);
        assert_ne!(inputs.image_keys(&settings), before);
        assert_eq!(colour(&inputs, &settings), [20, 90, 30]);
        // There is no fallback for a missing palette.
        inputs.palette = None;
        let named = Settings { palette: Some("leaves.jpg".into()), ..settings.clone() };
        let error = inputs.pictures(&named, None).unwrap_err();
        assert!(matches!(error, TransferError::NoPalette));
        assert!(inputs.pictures(&Settings { match_colours: 0.0, ..named }, None).is_ok());
        // In luminance only, the style is grey.
        let grey = colour(&inputs, &Settings { luminance_only: true, ..settings });
        assert!(grey[0] == grey[1] && grey[1] == grey[2], "{grey:?}");
    }

    #[test]
    fn a_tile_has_sides_that_every_layer_sees_whole() {
        let settings = Settings { size: 500, padding: Padding::Circular, ..Settings::default() };
        assert_eq!(Shapes::new((300, 200), &[], &settings).content, (496, 336));
        assert_eq!(Shapes::new((3000, 10), &[], &settings).content, (496, 16));
        assert!(Layer::ALL.iter().all(|layer| (TILE_SIDE as usize).is_multiple_of(layer.stride())));
        let settings = Settings { padding: Padding::Zero, ..settings };
        assert_eq!(Shapes::new((300, 200), &[], &settings).content, (500, 333));
    }

    #[test]
    fn the_initial_image_follows_the_settings() {
        let mut inputs = inputs_of((64, 32), &[(40, 40)]);
        let mut settings = Settings { size: 64, init: Init::Blank(Rgb([1, 2, 3])), ..Settings::default() };
        let made = inputs.pictures(&settings, None).unwrap();
        assert_eq!(made.initial.get_pixel(5, 5).0, [1, 2, 3]);
        settings.init = Init::File("start.png".into());
        let text = inputs.pictures(&settings, None).unwrap_err().to_string();
        assert!(text.contains("initial image"), "{text}");
        let start = Picture::from_rgba("start.png", 20, 20, [7, 8, 9, 255].repeat(400)).unwrap();
        inputs.initial = Some(Arc::new(start));
        let made = inputs.pictures(&settings, None).unwrap();
        assert_eq!((made.initial.dimensions(), made.initial.get_pixel(60, 30).0), ((64, 32), [7, 8, 9]));
        // A current picture takes precedence.
        let current = RgbImage::from_pixel(10, 5, image::Rgb([9, 9, 9]));
        let made = inputs.pictures(&settings, Some(&current)).unwrap();
        assert_eq!(made.initial.dimensions(), (64, 32));
        assert_eq!(made.initial.get_pixel(60, 30).0, [9, 9, 9]);
    }

    #[test]
    fn a_run_needs_a_style_and_not_too_many() {
        let made = |styles: &[_]| inputs_of((32, 32), styles).pictures(&Settings::default(), None);
        assert!(matches!(made(&[]).unwrap_err(), TransferError::NoStyle));
        assert_eq!(made(&[(20, 20); MAX_STYLES]).unwrap().styles.len(), MAX_STYLES);
        let error = made(&[(20, 20); MAX_STYLES + 1]).unwrap_err().to_string();
        assert_eq!(error, "there are 65 styles, but at most 64 can be mixed");
    }
}
