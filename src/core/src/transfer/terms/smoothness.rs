//! Smoothness: squared differences of neighbouring pixels.

use burn::tensor::Tensor;

use crate::{
    objective::smoothness_gradient,
    settings::{Padding, Settings},
};

/// Its value `[1]` at an image `[1, 3, H, W]`, and its gradient.
pub fn evaluate(image: &Tensor<4>, settings: &Settings) -> (Tensor<1>, Tensor<4>) {
    // The picture wraps around.
    let tile = settings.padding == Padding::Circular;
    smoothness_gradient(image, settings.smoothness, tile)
}
