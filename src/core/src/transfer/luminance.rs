//! Painting in luminance only (Gatys, Bethge, Hertzmann & Shechtman, arXiv 1606.05897): the network's input
//! is the luminance of the picture in all three channels.

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};

use crate::picture::LUMINANCE;

/// The channel weights `[1, 3, 1, 1]` on a device, uploaded once so that steps upload nothing.
pub struct Luminance(Tensor<4>);

impl Luminance {
    pub fn new(device: &TensorDevice) -> Self {
        Self(Tensor::from_data(TensorData::new(LUMINANCE.to_vec(), [1, 3, 1, 1]), device))
    }

    /// The luminance of an image `[1, 3, H, W]`, in all three channels.
    pub fn of(&self, image: &Tensor<4>) -> Tensor<4> {
        (image.clone() * self.0.clone()).sum_dim(1).repeat_dim(1, 3)
    }

    /// The gradient with respect to the image, given the one with respect to its luminance, both `[1, 3, H,
    /// W]`.
    pub fn gradient(&self, gradient: &Tensor<4>) -> Tensor<4> {
        gradient.clone().sum_dim(1).repeat_dim(1, 3) * self.0.clone()
    }
}
