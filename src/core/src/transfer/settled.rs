//! The shown picture with its colours settled in the content's shapes: whose statistics that takes, kept as
//! long as their pictures stay.

use std::{borrow::Cow, mem};

use image::RgbImage;

use super::{
    Painting,
    prepare::{StyleImageKey, shown},
    style_transfer::StyleTransfer,
};
use crate::picture::{ColourStatistics, with_settled_colours};
use impasto_base::hash::Sha256Hash;

/// Statistics of the pictures in use.
#[derive(Default)]
pub struct ColourCache {
    /// Of the content with this hash, in the shape of the final picture.
    content: Option<(Sha256Hash, ColourStatistics)>,
    styles: Vec<(StyleImageKey, ColourStatistics)>,
    /// Of the styles before they were replaced, while the targets fade.
    pub before: Option<ColourStatistics>,
}

impl ColourCache {
    fn of_content(&mut self, painting: &Painting) -> Option<ColourStatistics> {
        let hash = painting.inputs.content.sha256;
        if self.content.as_ref().is_none_or(|(known, _)| *known != hash) {
            self.content = ColourStatistics::of(&painting.content).map(|statistics| (hash, statistics));
        }
        self.content.as_ref().map(|(_, statistics)| statistics.clone())
    }

    /// Of the styles with their weights, in the colours in which they are painted with: the palette's, for
    /// example. `None` if no style counts.
    fn of_styles(&mut self, painting: &Painting) -> Option<ColourStatistics> {
        let Painting { inputs, modulated, content, transfer, .. } = painting;
        let keys = inputs.colour_keys(modulated);
        self.styles.retain(|(known, _)| keys.contains(known));
        for (index, key) in keys.iter().enumerate() {
            if self.styles.iter().all(|(known, _)| known != key) {
                let images = inputs.style_images(&[index], &keys, modulated, content);
                let statistics = images.iter().find_map(|(image, opacity)| {
                    // Of what counts.
                    let counted = opacity.as_ref().and_then(|opacity| shown(image, opacity));
                    ColourStatistics::of(counted.as_ref().unwrap_or(image))
                });
                self.styles.extend(statistics.map(|statistics| (key.clone(), statistics)));
            }
        }
        let of_key = |key| self.styles.iter().find(|(known, _)| known == key);
        let parts = keys.iter().zip(inputs.shares());
        let parts = parts.filter_map(|(key, share)| of_key(key).map(|(_, statistics)| (statistics, share)));
        let now = ColourStatistics::mixed(parts)?;
        match (&self.before, transfer.as_ref().and_then(StyleTransfer::fade_share)) {
            (Some(before), Some(share)) => ColourStatistics::mixed([(before, 1.0 - share), (&now, share)]),
            _ => Some(now),
        }
    }
}

impl Painting {
    /// The picture with its colours settled by `amount`; `None` if no style counts.
    pub(super) fn settled(&mut self, picture: &RgbImage, amount: f64) -> Option<RgbImage> {
        self.with_colour_cache(|cache, painting| {
            let style = cache.of_styles(painting)?;
            let shown = painting.content_shown();
            let content = match &shown {
                Cow::Borrowed(_) => cache.of_content(painting)?,
                // Amid a fade it is another at each step.
                Cow::Owned(between) => ColourStatistics::of(between)?,
            };
            Some(with_settled_colours(picture, &shown, (&content, &style), amount))
        })
    }

    /// The styles' colours now, to fade from, if colours are settled.
    pub(super) fn colours_to_fade_from(&mut self) -> Option<ColourStatistics> {
        let settles = self.modulated.settled_colours() > 0.0;
        settles.then(|| self.with_colour_cache(|cache, painting| cache.of_styles(painting))).flatten()
    }

    fn with_colour_cache<T>(&mut self, work: impl FnOnce(&mut ColourCache, &Self) -> T) -> T {
        let mut cache = mem::take(&mut self.colours);
        let done = work(&mut cache, self);
        self.colours = cache;
        done
    }
}
