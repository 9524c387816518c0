//! From opened pictures to those of a run: flattened, resized, with the initial image.

use std::sync::Arc;

use image::RgbImage;

use super::{Pictures, TransferError, noise::noise, schedule::Schedule};
use crate::{
    compute::NetworkOptions,
    picture::{Filter, Picture, fit, resize, style_in_colours_of},
    settings::{Init, MIN_SIZE, Objective, Padding, Rgb, Settings},
};

/// Width and height in pixels.
pub type Dimensions = (u32, u32);

/// Shapes in which a run works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shapes {
    pub content: Dimensions,
    pub styles: Vec<Dimensions>,
}

impl Shapes {
    /// Shapes for source pictures of these dimensions: the content is brought to [`Settings::longest_side`] (classic never
    /// enlarges it), each style to that times [`Settings::style_scale`] but not beyond its own size (classic: to the
    /// content's shape).
    pub fn new(content: Dimensions, styles: &[Dimensions], settings: &Settings) -> Self {
        let classic = settings.objective == Objective::Classic;
        let longest = match classic {
            true => settings.longest_side().min(content.0.max(content.1)),
            false => settings.longest_side(),
        };
        let content = fit(content.0, content.1, longest);
        let wanted = (f64::from(longest) * settings.style_scale).round() as u32;
        let style = |&(width, height): &Dimensions| match classic {
            true => content,
            false => fit(width, height, wanted.clamp(MIN_SIZE, width.max(height).max(MIN_SIZE))),
        };
        Self { content, styles: styles.iter().map(style).collect() }
    }
}

/// How these settings want the network to compute.
pub fn network_options(settings: &Settings) -> NetworkOptions {
    NetworkOptions { economy: settings.low_memory, replicate: settings.padding == Padding::Replicate }
}

/// What a run is painted from.
#[derive(Clone, Debug)]
pub struct Sources {
    pub content: Arc<Picture>,
    pub styles: Vec<Arc<Picture>>,
}

impl Sources {
    fn style_dimensions(&self) -> Vec<Dimensions> {
        self.styles.iter().map(|style| style.dimensions()).collect()
    }

    /// See [`Shapes::new`].
    pub fn shapes(&self, settings: &Settings) -> Shapes {
        Shapes::new(self.content.dimensions(), &self.style_dimensions(), settings)
    }

    /// See [`Schedule::new`].
    pub fn schedule(&self, settings: &Settings) -> Schedule {
        Schedule::new(settings, self.content.dimensions(), &self.style_dimensions())
    }

    /// See [`pictures`].
    ///
    /// # Errors
    ///
    /// As [`pictures`].
    pub fn pictures(
        &self,
        settings: &Settings,
        current: Option<&RgbImage>,
    ) -> Result<Pictures, TransferError> {
        let styles: Vec<&Picture> = self.styles.iter().map(|style| &**style).collect();
        pictures(&self.content, &styles, settings, current)
    }
}

/// The pictures of a run as the settings want them, in the shapes of [`Shapes::new`]. `current` replaces the initial image.
///
/// # Errors
///
/// When there is no style, or the initial image's file cannot be opened.
pub fn pictures(
    content: &Picture,
    styles: &[&Picture],
    settings: &Settings,
    current: Option<&RgbImage>,
) -> Result<Pictures, TransferError> {
    let classic = settings.objective == Objective::Classic;
    let filter = if classic { Filter::Bilinear } else { Filter::Lanczos };
    let background = (!classic).then_some(settings.background);
    let dimensions: Vec<Dimensions> = styles.iter().map(|style| style.dimensions()).collect();
    let shapes = Shapes::new(content.dimensions(), &dimensions, settings);
    let (width, height) = shapes.content;
    let to_shape = |picture: &RgbImage| resize(picture, width, height, filter);
    let content_image = to_shape(&content.flattened(background));
    let styles: Vec<RgbImage> = styles
        .iter()
        .zip(shapes.styles)
        .map(|(style, (width, height))| {
            let style = resize(&style.flattened(background), width, height, filter);
            match settings.match_colours > 0.0 {
                true => style_in_colours_of(&style, &content_image, settings.match_colours),
                false => style,
            }
        })
        .collect();
    let first_style = styles.first().ok_or(TransferError::NoStyle)?;
    let initial = match (current, &settings.init) {
        (Some(current), _) => to_shape(current),
        (None, Init::Content) => content_image.clone(),
        (None, Init::Noise) => noise(width, height, settings.seed),
        (None, Init::Blank(Rgb(colour))) => RgbImage::from_pixel(width, height, image::Rgb(*colour)),
        (None, Init::Style) => to_shape(first_style),
        (None, Init::File(path)) => {
            to_shape(&Picture::open(path).map_err(TransferError::Initial)?.flattened(background))
        }
    };
    Ok(Pictures { content: content_image, styles, initial })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> Picture {
        Picture::from_rgba("test", width, height, [90, 20, 200, 255].repeat((width * height) as usize))
            .unwrap()
    }

    #[test]
    fn sizes_follow_the_objective() {
        let (content, style) = (picture(300, 150), picture(90, 120));
        let mut settings = Settings { size: 600, ..Settings::default() };
        let made = pictures(&content, &[&style], &settings, None).unwrap();
        assert_eq!(made.content.dimensions(), (600, 300));
        // A style is not enlarged.
        assert_eq!(made.styles[0].dimensions(), (90, 120));
        settings.style_scale = 0.1;
        let made = pictures(&content, &[&style], &settings, None).unwrap();
        assert_eq!(made.styles[0].dimensions(), (45, 60));
        settings.set_objective(Objective::Classic);
        let made = pictures(&content, &[&style], &settings, None).unwrap();
        assert_eq!(made.content.dimensions(), (300, 150));
        assert_eq!(made.styles[0].dimensions(), (300, 150));
    }

    #[test]
    fn the_initial_image_is_what_was_asked_for() {
        let (content, style) = (picture(64, 32), picture(40, 40));
        let mut settings = Settings { size: 64, init: Init::Blank(Rgb([1, 2, 3])), ..Settings::default() };
        let made = pictures(&content, &[&style], &settings, None).unwrap();
        assert_eq!(made.initial.get_pixel(5, 5).0, [1, 2, 3]);
        settings.init = Init::File("no-such-picture.png".into());
        let text = pictures(&content, &[&style], &settings, None).unwrap_err().to_string();
        assert!(text.contains("initial image"), "{text}");
        // A current picture wins over everything.
        let current = RgbImage::from_pixel(10, 5, image::Rgb([9, 9, 9]));
        let made = pictures(&content, &[&style], &settings, Some(&current)).unwrap();
        assert_eq!(made.initial.dimensions(), (64, 32));
        assert_eq!(made.initial.get_pixel(60, 30).0, [9, 9, 9]);
    }

    #[test]
    fn a_run_needs_a_style() {
        let error = pictures(&picture(32, 32), &[], &Settings::default(), None).unwrap_err();
        assert!(matches!(error, TransferError::NoStyle));
    }
}
