//! The terms' targets at one size: the pictures on the device, and the targets computed from their features.

use burn::tensor::{Device as TensorDevice, Tensor};
use image::{GrayImage, RgbImage};

use super::{
    Pictures, TransferError,
    checkpoint::{Aims, Cycle},
    feature_targets::{FeatureTargets, NetworkImages, StyleWeights, shares},
    freeze::Freeze,
    luminance::Luminance,
    masks::LevelMasks,
    planes::Planes,
    readback::values,
    space::upload,
    style_mask::StyleMask,
    terms::{self, GlobalTargets, LayerTerm, global_targets},
};
use crate::settings::{Effective, Masks, Objective, Padding, Pooling, Settings};
use impasto_network::{compute::Network, vgg::Layer};

/// Images to continue with, at the same size.
pub struct Replacement {
    /// The content's, if it is another.
    pub content: Option<RgbImage>,
    pub styles: Vec<StyleImage>,
    pub style_weights: Vec<f64>,
}

/// A style's image after a replacement.
pub enum StyleImage {
    /// The one that had this index.
    Kept(usize),
    /// A new one; with an opacity of the same shape, nothing counts where that is 0.
    New(RgbImage, Option<GrayImage>),
}

/// The pictures of one size, and the targets of the layers requested so far.
pub struct Targets {
    content: Tensor<4>,
    styles: Vec<Tensor<4>>,
    /// What counts of each style; `None` if all does.
    style_masks: Vec<Option<StyleMask>>,
    style_weights: StyleWeights,
    /// `None` if the whole picture is painted alike.
    masks: Option<LevelMasks>,
    features: FeatureTargets,
    global: GlobalTargets,
    /// The settings that the targets were computed with, see `Settings::feature_settings`; `None` before
    /// the first.
    feature_settings: Option<(bool, Pooling)>,
}

impl Targets {
    /// Upload the pictures.
    pub fn new(device: &TensorDevice, pictures: &Pictures, style_weights: &[f64]) -> Self {
        Self {
            content: upload(&pictures.content, device),
            styles: pictures.styles.iter().map(|style| upload(style, device)).collect(),
            style_masks: (0..pictures.styles.len())
                .map(|index| pictures.style_masks.get(index)?.as_ref().map(StyleMask::new))
                .collect(),
            style_weights: StyleWeights::new(style_weights, &Masks::default()),
            masks: None,
            features: FeatureTargets::default(),
            global: global_targets(),
            feature_settings: None,
        }
    }

    /// The content image, `[1, 3, H, W]`.
    pub fn content(&self) -> &Tensor<4> {
        &self.content
    }

    /// The style images, each `[1, 3, H, W]` in its own size.
    pub fn styles(&self) -> &[Tensor<4>] {
        &self.styles
    }

    pub fn style_weights(&self) -> &[f64] {
        &self.style_weights.whole
    }

    /// Set the masks, or none, and return the former ones. No target is computed anew.
    pub fn set_masks(&mut self, masks: Option<LevelMasks>) -> Option<LevelMasks> {
        let before = std::mem::replace(&mut self.masks, masks);
        if before.is_some() || self.masks.is_some() {
            // What a term keeps for some steps is of the former masks.
            self.global.iter_mut().for_each(|(_, targets)| targets.blend(&self.style_weights));
            self.forget_aims();
        }
        before
    }

    /// See [`LayerTargets::advance`](terms::LayerTargets::advance).
    pub fn advance(&mut self, every: u32) -> bool {
        self.global.iter_mut().fold(false, |due, (_, targets)| targets.advance(every) || due)
    }

    /// Let what the picture aims at be chosen anew in the next evaluation.
    pub fn expire_aims(&mut self) {
        self.global.iter_mut().for_each(|(_, targets)| targets.expire());
    }

    /// Forget what the picture aims at: it goes on from another one.
    pub fn forget_aims(&mut self) {
        self.global.iter_mut().for_each(|(_, targets)| targets.forget_aims());
    }

    /// What the picture aims at, for a saved state.
    pub fn aims(&self) -> Option<Aims> {
        self.global.iter().find_map(|(_, targets)| targets.aims())
    }

    /// Go on with a saved state's aims, or without any.
    pub fn set_aims(&mut self, aims: Option<&Aims>) {
        self.forget_aims();
        if let Some(aims) = aims {
            self.global.iter_mut().for_each(|(_, targets)| targets.set_aims(aims));
        }
    }

    /// See [`LayerTargets::evaluated`](terms::LayerTargets::evaluated).
    pub fn evaluated(&mut self, picture: &Tensor<4>) {
        self.global.iter_mut().for_each(|(_, targets)| targets.evaluated(picture));
    }

    /// Whether the last evaluation may be compared with others: a term with several bases is another one in
    /// each.
    pub fn are_comparable(&self) -> bool {
        self.global.iter().all(|(_, targets)| targets.is_comparable())
    }

    /// Where a term is among its bases, for a saved state.
    pub fn cycle(&self) -> Option<Cycle<Tensor<4>>> {
        self.global.iter().find_map(|(_, targets)| targets.cycle())
    }

    /// See [`LayerTargets::set_cycle`](terms::LayerTargets::set_cycle).
    pub fn set_cycle(&mut self, turn: u32, age: u32) {
        self.global.iter_mut().for_each(|(_, targets)| targets.set_cycle(turn, age));
    }

    /// The masks; `None` if the whole picture is painted alike.
    pub fn masks(&self) -> Option<&LevelMasks> {
        self.masks.as_ref()
    }

    /// What the masks freeze, if anything.
    pub fn freeze(&self) -> Option<Freeze> {
        let [_, _, height, width] = self.content.dims();
        let amounts = self.masks.as_ref()?.freeze()?;
        Some(Freeze::new(amounts, (height, width), &self.content.device()))
    }

    /// Compute missing targets with a network that has the settings' pooling.
    pub fn ensure(&mut self, network: &Network, content: &[Layer], style: &[Layer], settings: &Effective) {
        let required = Some(settings.feature_settings());
        if std::mem::replace(&mut self.feature_settings, required) != required {
            self.features = FeatureTargets::default();
            self.global = global_targets();
        }
        let seen = |image: &Tensor<4>| match settings.luminance_only {
            true => Luminance::new(&image.device()).of(image),
            false => image.clone(),
        };
        self.set_style_weights(&self.style_weights.whole.clone(), settings);
        let styles: Vec<Tensor<4>> = self.styles.iter().map(seen).collect();
        let wraps = settings.padding == Padding::Circular;
        let device = self.content.device();
        let terms = self.global.iter().flat_map(|(term, _)| term.layers(settings));
        let masked: Vec<Layer> = content.iter().chain(style).chain(terms).copied().collect();
        self.style_masks.iter_mut().flatten().for_each(|mask| mask.ensure(&masked, wraps, &device));
        let pictures = NetworkImages {
            content: seen(&self.content),
            styles: &styles,
            masks: &self.style_masks,
            weights: &self.style_weights,
            relative: settings.objective == Objective::Balanced,
            statistic: settings.style_statistic(),
        };
        self.features.ensure(network, &pictures, content, style);
        for (term, targets) in &mut self.global {
            let layers = term.layers(settings);
            targets.ensure(network, &styles, &self.style_masks, &self.style_weights, (layers, settings));
        }
        if let Some(masks) = &mut self.masks {
            let [_, _, height, width] = self.content.dims();
            masks.ensure(&masked, (height, width), wraps, &device);
        }
    }

    /// See [`terms::at`].
    pub fn terms_at<'a>(&'a mut self, layer: Layer, settings: &'a Effective) -> Vec<Box<dyn LayerTerm + 'a>> {
        let masks = self.masks.as_ref().and_then(|masks| masks.at(layer));
        terms::at(layer, &self.features, &mut self.global, masks, settings)
    }

    /// The mean of the content and the styles' blend, stretched to the content's shape, `[1, 3, H, W]`.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn halfway(&self) -> Result<Tensor<4>, TransferError> {
        let [_, _, height, width] = self.content.dims();
        let mut image = self.content.clone() * 0.5;
        for (style, share) in self.styles.iter().zip(shares(&self.style_weights.whole)) {
            let [_, _, rows, columns] = style.dims();
            let planes = Planes {
                width: columns as u32,
                height: rows as u32,
                values: values(style.clone().flatten::<1>(0, 3))?,
            };
            let planes = planes.resized(width as u32, height as u32);
            image = image + planes.tensor(&self.content.device()) * (0.5 * share);
        }
        Ok(image.clamp(0.0, 1.0))
    }

    /// Check that every picture is wide enough for a layer.
    pub fn check(&self, deepest: Layer) -> Result<(), TransferError> {
        for (what, image) in std::iter::once(("content", &self.content))
            .chain(self.styles.iter().map(|style| ("style", style)))
        {
            let [_, _, height, width] = image.dims();
            check_shape(what, (width, height), deepest)?;
        }
        Ok(())
    }

    /// Replace images and drop their targets; if it `fades`, the present targets are where the fade begins.
    pub fn replace(&mut self, replacement: &Replacement, fades: bool) {
        let device = self.content.device();
        if let Some(content) = &replacement.content {
            self.content = upload(content, &device);
        }
        let image = |style: &StyleImage| match style {
            StyleImage::Kept(index) => self.styles[*index].clone(),
            StyleImage::New(image, _) => upload(image, &device),
        };
        let mask = |style: &StyleImage| match style {
            StyleImage::Kept(index) => self.style_masks[*index].clone(),
            StyleImage::New(_, opacity) => opacity.as_ref().map(StyleMask::new),
        };
        self.style_masks = replacement.styles.iter().map(mask).collect();
        self.styles = replacement.styles.iter().map(image).collect();
        // Those of the parts follow when the targets are ensured.
        self.style_weights = StyleWeights::new(&replacement.style_weights, &Masks::default());
        let former = |style: &StyleImage| match style {
            StyleImage::Kept(index) => Some(*index),
            StyleImage::New(..) => None,
        };
        let former: Vec<Option<usize>> = replacement.styles.iter().map(former).collect();
        self.features.renew(replacement.content.is_some(), &former, fades);
        self.global.iter_mut().for_each(|(_, targets)| targets.renew(fades));
    }

    /// Set the share of the new targets, 0 to 1, during a fade.
    pub fn set_fade(&mut self, share: f64, settings: &Effective) {
        self.features.set_fade(share, &self.style_weights, settings.style_statistic());
        self.global.iter_mut().for_each(|(_, targets)| targets.set_fade(share, &self.style_weights));
    }

    /// End a fade: only the new targets remain, those of styles to be ensured again.
    pub fn end_fade(&mut self) {
        self.features.end_fade(&self.style_weights.whole);
        self.global.iter_mut().for_each(|(_, targets)| targets.end_fade(&self.style_weights));
    }

    /// Blend the styles again if their weights have changed; returns whether they have. Weights for another
    /// number of styles are ignored.
    pub fn blend(&mut self, style_weights: &[f64], settings: &Effective) -> bool {
        let fits = style_weights.len() == self.style_weights.whole.len();
        fits && self.set_style_weights(style_weights, settings)
    }

    /// Set the styles' weights, of the whole and of the parts in the settings, and blend the styles if they
    /// have changed; returns whether they have.
    fn set_style_weights(&mut self, whole: &[f64], settings: &Settings) -> bool {
        let style_weights = StyleWeights::new(whole, &settings.masks);
        let changed = style_weights != self.style_weights;
        if changed {
            self.style_weights = style_weights;
            let style_weights = &self.style_weights;
            self.features.blend(style_weights, settings.style_statistic());
            self.global.iter_mut().for_each(|(_, targets)| targets.blend(style_weights));
        }
        changed
    }

    /// Number of floats on the device, and of those on the host that terms keep of the styles.
    pub fn floats(&self) -> usize {
        let image = |image: &Tensor<4>| image.dims().into_iter().product::<usize>();
        let global: usize = self.global.iter().map(|(_, targets)| targets.floats()).sum();
        image(&self.content) + self.styles.iter().map(image).sum::<usize>() + self.features.floats() + global
    }
}

impl Replacement {
    /// Check that every new image is wide enough for a layer.
    ///
    /// # Errors
    ///
    /// If one is not.
    pub fn check(&self, deepest: Layer) -> Result<(), TransferError> {
        let styles = self.styles.iter().filter_map(|style| match style {
            StyleImage::New(image, _) => Some(("style", image)),
            StyleImage::Kept(_) => None,
        });
        let mut images = self.content.iter().map(|content| ("content", content)).chain(styles);
        images.try_for_each(|(what, image)| {
            check_shape(what, (image.width() as usize, image.height() as usize), deepest)
        })
    }
}

/// Check that an image of this width and height is wide enough for a layer.
fn check_shape(
    what: &'static str,
    (width, height): (usize, usize),
    deepest: Layer,
) -> Result<(), TransferError> {
    match height.min(width) < deepest.stride().max(2) {
        true => Err(TransferError::TooNarrow { what, width, height, layer: deepest }),
        false => Ok(()),
    }
}
