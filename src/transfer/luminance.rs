//! Painting in luminance alone (Gatys, Bethge, Hertzmann & Shechtman, arXiv 1606.05897): the network sees the luminance of
//! the picture in all three channels.

use burn::tensor::{Tensor, TensorData};

use crate::picture::LUMINANCE;

/// The weights of the channels, `[1, 3, 1, 1]`.
fn weights(like: &Tensor<4>) -> Tensor<4> {
    Tensor::from_data(TensorData::new(LUMINANCE.to_vec(), [1, 3, 1, 1]), &like.device())
}

/// The luminance of an image `[1, 3, H, W]`, in all three channels.
pub fn luminance(image: &Tensor<4>) -> Tensor<4> {
    (image.clone() * weights(image)).sum_dim(1).repeat_dim(1, 3)
}

/// The gradient with respect to the image, given the one with respect to [`luminance`] of it, both `[1, 3, H, W]`.
pub fn luminance_gradient(gradient: &Tensor<4>) -> Tensor<4> {
    gradient.clone().sum_dim(1).repeat_dim(1, 3) * weights(gradient)
}
