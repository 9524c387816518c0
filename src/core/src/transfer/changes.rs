//! Changes of a run between two steps: its settings and its pictures.

use std::{borrow::Cow, sync::Arc};

use image::RgbImage;

use super::{
    Inputs, Painting, StyleTransfer, TransferError,
    freeze::FinalMasks,
    prepare::ImageKeys,
    targets::{Replacement, StyleImage},
    transition::Transition,
};
use crate::{picture::Filter, settings::Settings};

impl Painting {
    /// Apply changed settings, and the mix, palette and masks of `inputs`, see [`StyleTransfer::update`]. The
    /// statistics of styles whose scale or colours have changed are recomputed. The content and the style
    /// pictures stay the same.
    ///
    /// # Errors
    ///
    /// If an added layer is too deep for the pictures, or the palette or a mask is missing; then nothing
    /// changes.
    pub fn update(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), TransferError> {
        self.apply(settings, inputs, false)
    }

    /// Apply changed settings and other pictures: other styles, another palette, or a content of the same
    /// dimensions. Picture, optimizer, step count and level stay; at the present level the targets fade, see
    /// [`StyleTransfer::replace`], and other levels begin with the new ones.
    ///
    /// # Errors
    ///
    /// If there is no style or more than [`super::MAX_STYLES`], the content has other dimensions, the palette
    /// is missing, or a picture is too narrow for the deepest layer in use; then nothing changes.
    pub fn replace_pictures(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), TransferError> {
        let (width, height) = inputs.content.dimensions();
        if (width, height) != self.inputs.content.dimensions() {
            return Err(TransferError::OtherShape { width, height });
        }
        inputs.check_styles()?;
        let other_content = inputs.content.sha256 != self.inputs.content.sha256;
        let fades = other_content || (self.content_before.is_some() && self.is_fading());
        let before = fades.then(|| self.content_shown().into_owned());
        let colours = self.colours_to_fade_from();
        self.apply(settings, inputs, true)?;
        self.content_before = before.filter(|_| self.is_fading());
        self.colours.before = colours.filter(|_| self.is_fading());
        if other_content {
            self.content = content_in(self.shape, &self.inputs, &self.settings);
            self.matte = self.inputs.matte(&self.settings, self.shape);
        }
        Ok(())
    }

    /// The content whose colours are kept: amid a fade, between the former and the new one.
    pub(super) fn content_shown(&self) -> Cow<'_, RgbImage> {
        let fade = self.transfer.as_ref().and_then(StyleTransfer::fade_share);
        let Some((before, share)) = self.content_before.as_ref().zip(fade) else {
            return Cow::Borrowed(&self.content);
        };
        let mut shown = before.clone();
        for (shown, new) in shown.iter_mut().zip(self.content.iter()) {
            *shown = (f64::from(*shown) * (1.0 - share) + f64::from(*new) * share).round() as u8;
        }
        Cow::Owned(shown)
    }

    fn apply(&mut self, settings: &Settings, inputs: &Inputs, replaces: bool) -> Result<(), TransferError> {
        inputs.check_palette(settings)?;
        inputs.check_masks(settings)?;
        let size = self.size().size;
        let mut as_set = self.inputs.clone();
        as_set.set_mix(&self.mix);
        let acts = replaces || !as_set.same_mix_and_palette(inputs) || !paints_same(&self.settings, settings);
        if acts {
            self.check()?;
        }
        let halvings = self.guard.halvings;
        if settings.learning_rate != self.settings.learning_rate {
            // A change by the user resets the learning rate.
            self.guard.halvings = 0;
        }
        let (former, masked) = (self.inputs.mask_keys(&self.settings), inputs.mask_keys(settings));
        let masks = (former != masked).then(|| FinalMasks::of(inputs, settings, self.shape));
        let masked = former.of_steps() != masked.of_steps();
        let frozen = match masks.as_ref().filter(|masks| !masks.freeze_same(&self.masks)) {
            Some(masks) => Some(self.frozen_now(masks)?),
            None => None,
        };
        let before = (self.inputs.clone(), self.settings.clone(), self.mix.clone(), self.modulated.clone());
        let keys = self.inputs.image_keys(&self.level_settings());
        self.inputs.palette.clone_from(&inputs.palette);
        self.inputs.masks.clone_from(&inputs.masks);
        if replaces {
            self.inputs.content = Arc::clone(&inputs.content);
            self.inputs.styles.clone_from(&inputs.styles);
        }
        if inputs.styles.len() == self.inputs.styles.len() {
            self.mix = inputs.mix();
        }
        self.settings =
            Settings { size: self.settings.size, pyramid: self.settings.pyramid, ..settings.clone() };
        self.set_modulated(self.step);
        if let Err(error) = self.apply_masked(&keys, Transition::Sudden, replaces, masked) {
            (self.inputs, self.settings, self.mix, self.modulated) = before;
            self.guard.halvings = halvings;
            return Err(error);
        }
        if let Some(masks) = masks {
            self.masks = masks;
        }
        if let Some(frozen) = frozen {
            self.frozen = frozen;
        }
        // A deeper layer may rule out the smallest sizes; the current size stays.
        let schedule = self.inputs.schedule(&self.settings);
        if let Some(level) = schedule.levels().iter().position(|level| level.size == size) {
            self.level = level;
            self.schedule = schedule;
        }
        self.share_steps();
        if acts { self.keep_state() } else { Ok(()) }
    }

    /// Apply the current settings and pictures to the level; `before` has the keys of its images. If
    /// pictures were replaced (`fades`), the targets fade.
    pub(super) fn apply_inputs(
        &mut self,
        before: &ImageKeys,
        transition: Transition,
        fades: bool,
    ) -> Result<(), TransferError> {
        self.apply_masked(before, transition, fades, false)
    }

    /// As [`Painting::apply_inputs`], with other masks if they have changed (`masked`).
    fn apply_masked(
        &mut self,
        before: &ImageKeys,
        transition: Transition,
        fades: bool,
        masked: bool,
    ) -> Result<(), TransferError> {
        let (settings, shares) = (self.level_settings(), self.inputs.shares());
        let keys = self.inputs.image_keys(&settings);
        let replacement = (keys != *before).then(|| self.replacement(before, &keys, &settings));
        // The run's own: settings whose change it ignores give others.
        let shape = self.transfer()?.dimensions();
        let masks = masked.then(|| self.inputs.level_masks(&settings, shape));
        let transfer = self.transfer()?;
        // First, as new masks act on the iterate.
        transfer.check(replacement.as_ref(), &settings)?;
        if let Some(masks) = masks {
            transfer.set_masks(masks);
        }
        let Some(replacement) = replacement else { return transfer.change(&settings, &shares, transition) };
        // A fade begins with the former blend of the styles.
        transfer.change(&settings, if fades { &[] } else { &shares }, transition)?;
        transfer.replace(&replacement, fades)
    }

    /// The images that replace those of `before` at this level.
    fn replacement(&self, before: &ImageKeys, keys: &ImageKeys, settings: &Settings) -> Replacement {
        let kept = |index: usize| {
            let same = |former: &usize| before.styles.get(*former) == Some(&keys.styles[index]);
            Some(index).filter(same).or_else(|| (0..before.styles.len()).find(same))
        };
        let new: Vec<usize> = (0..keys.styles.len()).filter(|&index| kept(index).is_none()).collect();
        let content = self.inputs.content_image(settings);
        let mut images = self.inputs.style_images(&new, &keys.styles, settings, &content).into_iter();
        let image = |index| match kept(index) {
            Some(former) => Some(StyleImage::Kept(former)),
            None => images.next().map(|(image, opacity)| StyleImage::New(image, opacity)),
        };
        Replacement {
            styles: (0..keys.styles.len()).filter_map(image).collect(),
            content: (keys.content != before.content).then_some(content),
            style_weights: self.inputs.shares(),
        }
    }

    /// Whether the targets are moving to those of new pictures, see [`Painting::replace_pictures`].
    pub fn is_fading(&self) -> bool {
        self.transfer.as_ref().is_some_and(StyleTransfer::is_fading)
    }
}

/// The content in the shape of the final picture.
pub(super) fn content_in(shape: (u32, u32), inputs: &Inputs, settings: &Settings) -> RgbImage {
    inputs.opaque_content(settings, shape, Some(settings.background), Filter::Lanczos)
}

/// Whether two settings paint the same: the preview rate, for example, doesn't matter.
fn paints_same(a: &Settings, b: &Settings) -> bool {
    let Settings { preview_every, follow_drags, size, pyramid, .. } = *b;
    Settings { preview_every, follow_drags, size, pyramid, ..a.clone() } == *b
}
