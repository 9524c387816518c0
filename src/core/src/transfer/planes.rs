//! Planar f32 images on the host, for the transfer between levels.

use burn::tensor::{Device, Tensor, TensorData};
use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::F32,
};

use super::{TransferError, readback::values};

/// Three planes of H·W values.
#[derive(Clone, Debug, PartialEq)]
pub struct Planes {
    pub width: u32,
    pub height: u32,
    pub values: Vec<f32>,
}

/// Resampling filters; both widen when shrinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// Catmull–Rom cubic: sharp, may overshoot.
    Bicubic,
    /// Stays within the range of its input.
    Bilinear,
}

impl Planes {
    /// Read a tensor `[1, 3, H, W]`, waiting for the device.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn of(tensor: &Tensor<4>) -> Result<Self, TransferError> {
        let [_, _, height, width] = tensor.dims();
        let values = values(tensor.clone().flatten::<1>(0, 3))?;
        Ok(Self { width: width as u32, height: height as u32, values })
    }

    /// As a tensor `[1, 3, H, W]`.
    pub fn tensor(&self, device: &Device) -> Tensor<4> {
        let shape = [1, 3, self.height as usize, self.width as usize];
        Tensor::from_data(TensorData::new(self.values.clone(), shape), device)
    }

    /// Bicubic, see [`Planes::resized_by`].
    pub fn resized(&self, width: u32, height: u32) -> Self {
        self.resized_by(Interpolation::Bicubic, width, height)
    }

    /// Resampled to a shape.
    pub fn resized_by(&self, kernel: Interpolation, width: u32, height: u32) -> Self {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let filter = match kernel {
            Interpolation::Bicubic => FilterType::CatmullRom,
            Interpolation::Bilinear => FilterType::Bilinear,
        };
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
        let mut resizer = Resizer::new();
        let plane = self.width as usize * self.height as usize;
        let mut values = Vec::with_capacity(3 * width as usize * height as usize);
        for plane in self.values.chunks_exact(plane) {
            let pixels: Vec<F32> = plane.iter().map(|&value| F32::new(value)).collect();
            let source = TypedImageRef::new(self.width, self.height, &pixels).expect("a pixel per value");
            let mut target = TypedImage::new(width, height);
            resizer.resize_typed(&source, &mut target, &options).expect("nothing is cropped");
            values.extend(target.pixels().iter().map(|pixel| pixel.0));
        }
        Self { width, height, values }
    }

    pub fn add(&mut self, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(a, b)| *a += b);
    }

    pub fn subtract(&mut self, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(a, b)| *a -= b);
    }

    /// Multiply each plane by its factor.
    pub fn stretched(mut self, factors: [f32; 3]) -> Self {
        let plane = self.width as usize * self.height as usize;
        for (values, factor) in self.values.chunks_exact_mut(plane.max(1)).zip(factors) {
            values.iter_mut().for_each(|value| *value *= factor);
        }
        self
    }

    pub fn scaled(mut self, factor: f32) -> Self {
        self.values.iter_mut().for_each(|value| *value *= factor);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: u32, height: u32) -> Planes {
        let value = |i: u32| (i % (width * height) % width) as f32 / width as f32;
        Planes { width, height, values: (0..3 * width * height).map(value).collect() }
    }

    #[test]
    fn a_ramp_stays_a_ramp_and_the_residual_brings_the_original_back() {
        let original = ramp(40, 30);
        let small = original.resized(20, 15);
        assert_eq!(small.values.len(), 3 * 20 * 15);
        assert!((small.values[10] - 0.5).abs() < 0.03, "{}", small.values[10]);
        let mut detail = original.clone();
        let mut back = small.resized(40, 30);
        detail.subtract(&back);
        back.add(&detail);
        assert!(back.values.iter().zip(&original.values).all(|(a, b)| (a - b).abs() < 1e-6));
        let squares = Planes { values: vec![1.0; 3 * 6], width: 3, height: 2 };
        assert!(
            squares.resized_by(Interpolation::Bilinear, 7, 5).values.iter().all(|v| (v - 1.0).abs() < 1e-5)
        );
    }
}
