//! What the terms aim at in one size: the pictures on the device, and what the network sees in them.

use burn::tensor::{Device as TensorDevice, Tensor};
use image::RgbImage;

use super::{
    Pictures, TransferError,
    luminance::Luminance,
    planes::Planes,
    readback::values,
    space::upload,
    targets::{Seen, Targets, shares},
    terms::{self, GlobalTargets, LayerTerm, global_targets},
};
use crate::settings::{Effective, Objective, Pooling};
use impasto_network::{compute::Network, vgg::Layer};

/// The pictures of one size, and of each layer that was asked for so far what it aims at.
pub struct Aims {
    content: Tensor<4>,
    styles: Vec<Tensor<4>>,
    style_weights: Vec<f64>,
    targets: Targets,
    global: GlobalTargets,
    /// How the network was to see the pictures: their luminance alone, and with which pooling. `None` before it did.
    seen: Option<(bool, Pooling)>,
}

impl Aims {
    /// Uploads the pictures.
    pub fn new(device: &TensorDevice, pictures: &Pictures, style_weights: &[f64]) -> Self {
        Self {
            content: upload(&pictures.content, device),
            styles: pictures.styles.iter().map(|style| upload(style, device)).collect(),
            style_weights: style_weights.to_vec(),
            targets: Targets::default(),
            global: global_targets(),
            seen: None,
        }
    }

    /// The content image, `[1, 3, H, W]`.
    pub fn content(&self) -> &Tensor<4> {
        &self.content
    }

    /// The style images, each `[1, 3, H, W]` in a size of its own.
    pub fn styles(&self) -> &[Tensor<4>] {
        &self.styles
    }

    pub fn style_weights(&self) -> &[f64] {
        &self.style_weights
    }

    /// Computes the targets that are missing, with a network that has the settings' pooling.
    pub fn need(&mut self, network: &Network, content: &[Layer], style: &[Layer], settings: &Effective) {
        let seeing = Some(settings.sight());
        if std::mem::replace(&mut self.seen, seeing) != seeing {
            self.targets = Targets::default();
            self.global = global_targets();
        }
        let seen = |image: &Tensor<4>| match settings.luminance_only {
            true => Luminance::new(&image.device()).of(image),
            false => image.clone(),
        };
        let styles: Vec<Tensor<4>> = self.styles.iter().map(seen).collect();
        let pictures = Seen {
            content: seen(&self.content),
            styles: &styles,
            weights: &self.style_weights,
            relative: settings.objective == Objective::Balanced,
            statistic: settings.style_statistic(),
        };
        self.targets.need(network, &pictures, content, style);
        for (term, targets) in &mut self.global {
            targets.ensure(network, &styles, &self.style_weights, term.layers(settings));
        }
    }

    /// See [`terms::at`].
    pub fn terms_at<'a>(&'a mut self, layer: Layer, settings: &Effective) -> Vec<Box<dyn LayerTerm + 'a>> {
        terms::at(layer, &self.targets, &mut self.global, settings)
    }

    /// The picture half-way between the content and the styles' blend, stretched to the content's shape, `[1, 3, H, W]`.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn halfway(&self) -> Result<Tensor<4>, TransferError> {
        let [_, _, height, width] = self.content.dims();
        let mut image = self.content.clone() * 0.5;
        for (style, share) in self.styles.iter().zip(shares(&self.style_weights)) {
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

    /// Whether every picture is wide enough for a layer.
    pub fn check(&self, deepest: Layer) -> Result<(), TransferError> {
        for (what, image) in std::iter::once(("content", &self.content))
            .chain(self.styles.iter().map(|style| ("style", style)))
        {
            let [_, _, height, width] = image.dims();
            if height.min(width) < deepest.stride().max(2) {
                return Err(TransferError::TooNarrow { what, width, height, layer: deepest });
            }
        }
        Ok(())
    }

    /// Takes other images of some styles, by their index, and forgets what was known of those.
    ///
    /// # Errors
    ///
    /// When an image's shorter side is too short for the deepest layer in use; nothing has changed then.
    pub fn replace_styles(
        &mut self,
        replaced: &[(usize, RgbImage)],
        deepest: Option<Layer>,
    ) -> Result<(), TransferError> {
        let before = self.styles.clone();
        for (index, image) in replaced {
            self.styles[*index] = upload(image, &self.content.device());
        }
        if let Some(deepest) = deepest {
            self.check(deepest).inspect_err(|_| self.styles = before)?;
        }
        replaced.iter().for_each(|(index, _)| self.targets.forget_style(*index));
        self.global = global_targets();
        Ok(())
    }

    /// Blends the styles anew if their weights have changed, and says whether they have. Weights of another number of
    /// styles are ignored.
    pub fn blend(&mut self, style_weights: &[f64], settings: &Effective) -> bool {
        let changed = style_weights.len() == self.style_weights.len() && style_weights != self.style_weights;
        if changed {
            self.style_weights = style_weights.to_vec();
            self.targets.blend(style_weights, settings.style_statistic());
            self.global.iter_mut().for_each(|(_, targets)| targets.blend(style_weights));
        }
        changed
    }

    /// Floats that are kept on the device.
    pub fn floats(&self) -> usize {
        let image = |image: &Tensor<4>| image.dims().into_iter().product::<usize>();
        image(&self.content) + self.styles.iter().map(image).sum::<usize>() + self.targets.floats()
    }
}
