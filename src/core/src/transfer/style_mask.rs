//! What counts of a style's picture: nothing does where it is transparent.

use std::collections::BTreeMap;

use burn::tensor::Device as TensorDevice;
use image::GrayImage;

use super::masks::{through_layers, weights};
use crate::settings::Edge;
use impasto_network::{compute::PositionWeights, vgg::Layer};

/// Sum of the weights below which a layer sees nothing of a mask.
const NOTHING: f64 = 1e-3;

/// A style's opacity at the size of its image, and what the layers see of it, as of
/// [`LevelMasks`](super::LevelMasks).
#[derive(Clone, Debug)]
pub struct StyleMask {
    /// `[H, W]`, 0 to 1.
    plane: Vec<f32>,
    shape: (usize, usize),
    /// Of the layers in use; `None` if all positions count alike.
    layers: BTreeMap<Layer, Option<PositionWeights>>,
}

impl StyleMask {
    pub fn new(opacity: &GrayImage) -> Self {
        let (width, height) = opacity.dimensions();
        let plane = opacity.pixels().map(|pixel| f32::from(pixel.0[0]) / 255.0).collect();
        Self { plane, shape: (height as usize, width as usize), layers: BTreeMap::new() }
    }

    /// Compute what these layers see of it, if the network's pictures wrap around or not, and upload it.
    pub fn ensure(&mut self, layers: &[Layer], wraps: bool, device: &TensorDevice) {
        let missing: Vec<Layer> =
            layers.iter().copied().filter(|layer| !self.layers.contains_key(layer)).collect();
        let Some(&deepest) = missing.iter().max() else { return };
        let seen = through_layers(self.plane.clone(), self.shape, Edge::Soft, wraps, deepest, &missing);
        for (layer, (values, shape)) in seen {
            // What is too small for a layer would have no statistics there.
            let weights = weights(values, shape, device).filter(|weights| weights.sum() > NOTHING);
            self.layers.insert(layer, weights);
        }
    }

    /// The weights of a layer's positions; `None` if all count alike.
    pub fn at(&self, layer: Layer) -> Option<&PositionWeights> {
        self.layers.get(&layer)?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(opacity: fn(u32, u32) -> u8) -> StyleMask {
        let mut mask = StyleMask::new(&GrayImage::from_fn(64, 48, |x, y| image::Luma([opacity(x, y)])));
        mask.ensure(&Layer::ALL, false, &TensorDevice::flex());
        mask
    }

    #[test]
    fn layers_see_what_is_there_and_ignore_what_is_too_small_for_them() {
        let (left, nothing) = (mask(|x, _| if x < 32 { 255 } else { 0 }), mask(|_, _| 0));
        let dot = mask(|x, y| if (x, y) == (63, 47) { 1 } else { 0 });
        let opaque = mask(|_, _| 255);
        for layer in Layer::ALL {
            let weights = left.at(layer).unwrap();
            let columns = 64 / layer.stride();
            assert_eq!(weights.values().len(), columns * (48 / layer.stride()));
            assert!((weights.sum() / weights.values().len() as f64 - 0.5).abs() < 0.01, "{layer}");
            assert!(nothing.at(layer).is_none() && opaque.at(layer).is_none());
        }
        assert!(dot.at(Layer::ALL[0]).is_some() && dot.at(Layer::ALL[15]).is_none());
    }
}
