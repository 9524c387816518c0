//! The input pictures of a run, and what of them a run can take over from another.

use std::sync::Arc;

use super::{Dimensions, Shapes, TransferError, schedule::Schedule};
use crate::{
    picture::Picture,
    settings::{Settings, StyleMix},
};
use impasto_base::hash::Sha256Hash;

/// A style picture with its mix.
#[derive(Clone, Debug)]
pub struct StyleSource {
    pub picture: Arc<Picture>,
    pub mix: StyleMix,
}

impl StyleSource {
    /// A style with default weight and scale.
    pub fn new(picture: Arc<Picture>) -> Self {
        Self { picture, mix: StyleMix::default() }
    }

    /// The part of the picture that counts.
    pub fn part(&self) -> Arc<Picture> {
        self.mix.crop.map_or_else(|| Arc::clone(&self.picture), |crop| self.picture.part(crop))
    }

    /// The hash that identifies the part.
    pub(super) fn part_hash(&self) -> Sha256Hash {
        self.mix.crop.map_or(self.picture.sha256, |crop| self.picture.part_hash(crop))
    }

    /// The part's dimensions, and the scale at which its strokes are as large as those of the whole picture.
    pub(super) fn shape_and_scale(&self) -> (Dimensions, f64) {
        let whole = self.picture.dimensions();
        let Some(crop) = self.mix.crop else { return (whole, self.mix.scale) };
        let [_, _, width, height] = crop.pixels(whole);
        let share = f64::from(width.max(height)) / f64::from(whole.0.max(whole.1));
        ((width, height), self.mix.scale * share)
    }
}

/// The input pictures of a run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Inputs {
    pub content: Arc<Picture>,
    pub styles: Vec<StyleSource>,
    /// The picture of [`Settings::palette`], whose colours the styles get instead of the content's.
    pub palette: Option<Arc<Picture>>,
    /// The picture of [`Init::File`](crate::settings::Init::File), required only at the start of a run.
    pub initial: Option<Arc<Picture>>,
    /// The pictures of [`Masks::files`](crate::settings::Masks::files), in that order.
    pub masks: Vec<Arc<Picture>>,
    /// Flatten transparent styles where the content's transparency is kept, as recipes before version 4 did.
    pub flat_styles: bool,
}

/// Maximum number of styles of a run: as many as files of runs may name.
pub const MAX_STYLES: usize = 64;

impl Inputs {
    /// Inputs without a palette, an initial image or masks.
    pub fn new(content: Arc<Picture>, styles: Vec<StyleSource>) -> Self {
        Self { content, styles, palette: None, initial: None, masks: Vec::new(), flat_styles: false }
    }

    /// Whether a style is transparent where that is kept, so that only what is opaque of it counts.
    pub fn counts_opaque_parts(&self, settings: &Settings) -> bool {
        self.styles.iter().any(|style| self.masks_style(&style.picture, settings))
    }

    pub(super) fn masks_style(&self, picture: &Picture, settings: &Settings) -> bool {
        picture.alpha.is_some() && settings.keeps_transparency() && !self.flat_styles
    }

    /// Hashes of the content and of the style pictures, in this order.
    pub fn hashes(&self) -> Vec<Sha256Hash> {
        let styles = self.styles.iter().map(|style| style.picture.sha256);
        std::iter::once(self.content.sha256).chain(styles).collect()
    }

    /// Whether the content and style pictures are the same, and were opened only once.
    pub fn same_pictures(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.content, &other.content)
            && self.styles.len() == other.styles.len()
            && self.styles.iter().zip(&other.styles).all(|(a, b)| Arc::ptr_eq(&a.picture, &b.picture))
    }

    /// Whether a run can continue with other inputs, which then fade in: their content is the same, or a new
    /// version of the same file with the same dimensions. The initial image is no longer used.
    pub fn can_become(&self, other: &Self) -> bool {
        let (old, new) = (&self.content, &other.content);
        let same_file = old.path.is_some() && old.path == new.path && old.dimensions() == new.dimensions();
        !other.styles.is_empty() && (old.sha256 == new.sha256 || same_file)
    }

    /// Whether the content is another one: neither the same picture nor a new version of its file.
    pub fn has_other_content(&self, other: &Self) -> bool {
        let (old, new) = (&self.content, &other.content);
        old.sha256 != new.sha256 && (old.path.is_none() || old.path != new.path)
    }

    /// Whether content, styles and palette have the same hashes.
    pub fn same_sources(&self, other: &Self) -> bool {
        let palette = |inputs: &Self| inputs.palette.as_ref().map(|palette| palette.sha256);
        self.hashes() == other.hashes() && palette(self) == palette(other)
    }

    /// Whether the styles' mix, the palette and the masks are the same.
    pub fn same_mix_and_palette(&self, other: &Self) -> bool {
        let hash = |inputs: &Self| inputs.palette.as_ref().map(|palette| palette.sha256);
        let masks = self.masks.iter().map(|mask| mask.sha256);
        self.mix() == other.mix()
            && hash(self) == hash(other)
            && masks.eq(other.masks.iter().map(|mask| mask.sha256))
    }

    /// Check that the palette of the settings is present.
    ///
    /// # Errors
    ///
    /// If it is missing.
    pub fn check_palette(&self, settings: &Settings) -> Result<(), TransferError> {
        let wanted = settings.palette.is_some() && settings.match_colours > 0.0 && !settings.luminance_only;
        if wanted && self.palette.is_none() { Err(TransferError::NoPalette) } else { Ok(()) }
    }

    /// The styles' effective weights, see [`StyleMix::share`].
    pub fn shares(&self) -> Vec<f64> {
        self.styles.iter().map(|style| style.mix.share()).collect()
    }

    /// The styles' mix.
    pub fn mix(&self) -> Vec<StyleMix> {
        self.styles.iter().map(|style| style.mix).collect()
    }

    /// Set the styles' mix; ignored for another number of styles.
    pub fn set_mix(&mut self, mix: &[StyleMix]) {
        if mix.len() == self.styles.len() {
            self.styles.iter_mut().zip(mix).for_each(|(style, mix)| style.mix = *mix);
        }
    }

    /// See [`Shapes::new`].
    pub fn shapes(&self, settings: &Settings) -> Shapes {
        let styles: Vec<(Dimensions, f64)> = self.styles.iter().map(StyleSource::shape_and_scale).collect();
        Shapes::new(self.content.dimensions(), &styles, settings)
    }

    /// See [`Schedule::new`].
    pub fn schedule(&self, settings: &Settings) -> Schedule {
        Schedule::new(settings, self.content.dimensions())
    }

    pub(super) fn check_styles(&self) -> Result<(), TransferError> {
        match self.styles.len() {
            0 => Err(TransferError::NoStyle),
            1..=MAX_STYLES => Ok(()),
            count => Err(TransferError::TooManyStyles { count }),
        }
    }
}
