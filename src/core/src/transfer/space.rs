//! Parametrization of the image.

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};
use image::RgbImage;

use super::planes::Planes;
use crate::settings::Objective;
use impasto_network::compute::pixels;

/// Maps between images in 0 to 1 and the optimised variable.
pub struct Space {
    /// `[1, 3, 1, 1]`: image = variable · std + mean. `None`: the variable is the image, clamped to 0 to 1.
    normalised: Option<(Tensor<4>, Tensor<4>)>,
}

impl Space {
    /// Classic optimises a torchvision-normalised image without clamping; the others the image itself.
    pub fn new(objective: Objective, device: &TensorDevice) -> Self {
        let constant =
            |values: [f32; 3]| Tensor::from_data(TensorData::new(values.to_vec(), [1, 3, 1, 1]), device);
        let normalisation = impasto_network::vgg::weights::InputNormalisation::TORCHVISION;
        Self {
            normalised: (objective == Objective::Classic)
                .then(|| (constant(normalisation.std), constant(normalisation.mean))),
        }
    }

    /// The image of a variable, `[1, 3, H, W]`; in classic not clamped to 0 to 1.
    pub fn image(&self, variable: Tensor<4>) -> Tensor<4> {
        match &self.normalised {
            None => variable,
            Some((std, mean)) => variable * std.clone() + mean.clone(),
        }
    }

    /// Derivative of each channel of the image with respect to the variable.
    pub fn gains(&self) -> [f32; 3] {
        match &self.normalised {
            None => [1.0; 3],
            Some(_) => impasto_network::vgg::weights::InputNormalisation::TORCHVISION.std,
        }
    }

    /// The variable of an image.
    pub fn variable(&self, image: Tensor<4>) -> Tensor<4> {
        match &self.normalised {
            None => image,
            Some((std, mean)) => (image - mean.clone()) / std.clone(),
        }
    }

    /// Gradient with respect to the variable, given the one with respect to the image.
    pub fn gradient(&self, gradient: Tensor<4>) -> Tensor<4> {
        match &self.normalised {
            None => gradient,
            Some((std, _)) => gradient * std.clone(),
        }
    }

    /// Whether the variable is clamped to 0 to 1.
    pub fn confines(&self) -> bool {
        self.normalised.is_none()
    }

    /// Clamp the variable if its range is limited.
    pub fn confine(&self, variable: Tensor<4>) -> Tensor<4> {
        match &self.normalised {
            None => variable.clamp(0.0, 1.0),
            Some(_) => variable,
        }
    }
}

/// Upload a picture as `[1, 3, H, W]` in 0 to 1.
pub fn upload(picture: &RgbImage, device: &TensorDevice) -> Tensor<4> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Tensor::from_data(TensorData::new(planes_of(picture).values, [1, 3, height, width]), device)
}

/// The planes of a picture, in 0 to 1.
pub fn planes_of(picture: &RgbImage) -> Planes {
    let (width, height) = picture.dimensions();
    let pixels = picture.as_raw();
    let values = (0..3)
        .flat_map(|channel| pixels[channel..].iter().step_by(3).map(|&value| f32::from(value) / 255.0))
        .collect();
    Planes { width, height, values }
}

/// Convert planar RGB values, clamped to 0 to 1, to a picture.
///
/// # Panics
///
/// If the number of values is not 3·width·height.
pub fn download(planes: &[f32], width: u32, height: u32) -> RgbImage {
    assert_eq!(planes.len(), 3 * width as usize * height as usize, "three planes");
    RgbImage::from_raw(width, height, pixels(planes)).expect("three bytes per pixel")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_round_trips_through_the_device() {
        let picture = RgbImage::from_fn(5, 3, |x, y| image::Rgb([(50 * x) as u8, (80 * y) as u8, 7]));
        let device = TensorDevice::flex();
        for &objective in Objective::ALL {
            let space = Space::new(objective, &device);
            let variable = space.variable(upload(&picture, &device));
            let shown = impasto_network::compute::read_picture(space.image(variable), Vec::new()).unwrap();
            assert_eq!(shown.pixels, *picture.as_raw());
        }
    }
}
