//! An image as scaled coefficients of its cosine transform, with the spectrum of natural images: optimising
//! coefficients instead of pixels finds large forms as fast as fine ones, and avoids high-frequency noise
//! (Olah, Mordvintsev & Schubert, "Feature Visualization", Distill 2017, who use the Fourier transform).

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};

/// Decorrelated colour axes, as columns: lightness, red–blue, green–magenta. Pictures vary mostly in
/// lightness, and so does noise along these axes.
const AXES: [[f32; 3]; 3] = [[0.577, 0.577, 0.577], [0.354, 0.0, -0.354], [0.102, -0.204, 0.102]];

/// Maps between images `[1, 3, H, W]` and coefficients of the same shape. All factors are symmetric or
/// orthogonal, so that the adjoint is as simple.
pub struct Spectrum {
    /// Orthonormal cosine transforms `[1, 1, H, H]` and `[1, 1, W, W]`.
    rows: Tensor<4>,
    columns: Tensor<4>,
    /// Amplitude of each frequency `[1, 1, H, W]`, with a root mean square of 1.
    strength: Tensor<4>,
    /// The colour axes `[3, 3]` as columns.
    colours: Tensor<2>,
}

/// The orthonormal cosine transform of this length: row k has k half waves.
fn cosines(length: usize, device: &TensorDevice) -> Tensor<4> {
    let n = length as f64;
    let value = |k: usize, i: usize| {
        let scale = if k == 0 { 1.0 / n } else { 2.0 / n };
        (scale.sqrt() * (std::f64::consts::PI * (i as f64 + 0.5) * k as f64 / n).cos()) as f32
    };
    let values: Vec<f32> = (0..length * length).map(|at| value(at / length, at % length)).collect();
    Tensor::from_data(TensorData::new(values, [1, 1, length, length]), device)
}

impl Spectrum {
    /// For images of this shape. The amplitude falls with the frequency to the power `slope`: 0 is white, 1
    /// that of natural images.
    pub fn new((width, height): (u32, u32), slope: f64, device: &TensorDevice) -> Self {
        let (width, height) = (width as usize, height as usize);
        let longest = width.max(height) as f64;
        let strength = |at: usize| {
            let (u, v) = ((at / width) as f64 / height as f64, (at % width) as f64 / width as f64);
            // In half waves along the longer side; wavelengths longer than the picture are clamped.
            (u.hypot(v) * longest).max(1.0).powf(-slope)
        };
        let strengths: Vec<f64> = (0..width * height).map(strength).collect();
        let mean = (strengths.iter().map(|s| s * s).sum::<f64>() / strengths.len() as f64).sqrt();
        let strengths: Vec<f32> = strengths.iter().map(|s| (s / mean) as f32).collect();
        let axes: Vec<f32> = (0..9).map(|at| AXES[at % 3][at / 3]).collect();
        Self {
            rows: cosines(height, device),
            columns: cosines(width, device),
            strength: Tensor::from_data(TensorData::new(strengths, [1, 1, height, width]), device),
            colours: Tensor::from_data(TensorData::new(axes, [3, 3]), device),
        }
    }

    /// The image of the coefficients, around 0.
    pub fn image(&self, coefficients: Tensor<4>) -> Tensor<4> {
        let scaled = coefficients * self.strength.clone();
        let image = self.rows.clone().transpose().matmul(scaled).matmul(self.columns.clone());
        mixed(image, self.colours.clone())
    }

    /// The gradient with respect to the coefficients, given the one with respect to the image.
    pub fn gradient(&self, gradient: Tensor<4>) -> Tensor<4> {
        let gradient = mixed(gradient, self.colours.clone().transpose());
        let transformed = self.rows.clone().matmul(gradient).matmul(self.columns.clone().transpose());
        transformed * self.strength.clone()
    }
}

/// Multiply every pixel's colour by a matrix `[3, 3]`.
fn mixed(image: Tensor<4>, matrix: Tensor<2>) -> Tensor<4> {
    let [_, _, height, width] = image.dims();
    matrix.matmul(image.reshape([3, height * width])).reshape([1, 3, height, width])
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn noise(salt: u32, device: &TensorDevice) -> Tensor<4> {
        let number = |i: u32| ((i + salt).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5;
        Tensor::from_data(TensorData::new((0..3 * 6 * 10).map(number).collect(), [1, 3, 6, 10]), device)
    }

    #[test]
    fn the_gradient_is_the_adjoint_of_the_image() {
        // ⟨g, A·c⟩ = ⟨Aᵀ·g, c⟩ for a linear map A.
        let device = Device::flex();
        let spectrum = Spectrum::new((10, 6), 1.0, &device);
        let (c, g) = (noise(1, &device), noise(77, &device));
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let one = dot(&values(g.clone()), &values(spectrum.image(c.clone())));
        let other = dot(&values(spectrum.gradient(g)), &values(c));
        assert!(((one - other) / one).abs() < 1e-4, "{one} {other}");
    }

    #[test]
    fn a_first_coefficient_is_a_plane_and_a_second_half_a_wave() {
        let device = Device::flex();
        let spectrum = Spectrum::new((10, 6), 1.0, &device);
        let of = |at: usize| {
            let mut c = vec![0.0; 180];
            c[at] = 1.0;
            values(spectrum.image(Tensor::from_data(TensorData::new(c, [1, 3, 6, 10]), &device)))
        };
        let plane = of(0);
        assert!(plane.iter().all(|value| (value - plane[0]).abs() < 1e-5 && *value > 0.0), "{plane:?}");
        let wave = of(1);
        assert!(wave[..10].is_sorted_by(|a, b| a > b) && (wave[0] + wave[9]).abs() < 1e-5, "{wave:?}");
    }
}
