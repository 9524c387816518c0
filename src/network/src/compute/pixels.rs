//! Conversion for display: planes of floats to 8-bit RGB.

use burn::tensor::Tensor;
use rayon::prelude::*;

/// A picture and other numbers read back together.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureReadback {
    /// Three bytes per pixel, row by row.
    pub pixels: Vec<u8>,
    /// Whether every value of the picture was a finite number.
    pub finite: bool,
    pub numbers: Vec<f32>,
}

/// Pixels per task.
const CHUNK: usize = 1 << 12;

/// Read an image `[1, 3, H, W]`, clamped to 0 to 1, and some numbers in one read-back.
///
/// # Errors
///
/// The device's error.
pub fn read_picture(image: Tensor<4>, numbers: Vec<Tensor<1>>) -> Result<PictureReadback, String> {
    let count: usize = image.dims().iter().product();
    let parts = std::iter::once(image.flatten::<1>(0, 3)).chain(numbers).collect();
    let data = Tensor::cat(parts, 0).try_into_data().map_err(|error| error.to_string())?;
    let values = data.as_slice::<f32>().map_err(|error| format!("{error:?}"))?;
    let (planes, numbers) = values.split_at(count);
    let finite = planes.par_chunks(CHUNK).all(|chunk| chunk.iter().all(|value| value.is_finite()));
    Ok(PictureReadback { pixels: pixels(planes), finite, numbers: numbers.to_vec() })
}

/// Convert three planes, clamped to 0 to 1, to three bytes per pixel.
pub fn pixels(planes: &[f32]) -> Vec<u8> {
    let count = planes.len() / 3;
    let (red, rest) = planes.split_at(count);
    let (green, blue) = rest.split_at(count);
    // Rounds as `round` does, and vectorises.
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let mut pixels = vec![0; 3 * count];
    pixels.par_chunks_mut(3 * CHUNK).enumerate().for_each(|(index, out)| {
        let from = index * CHUNK;
        let planes = red[from..].iter().zip(&green[from..]).zip(&blue[from..]);
        for (out, ((red, green), blue)) in out.as_chunks_mut::<3>().0.iter_mut().zip(planes) {
            *out = [byte(*red), byte(*green), byte(*blue)];
        }
    });
    pixels
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device as TensorDevice, TensorData};

    use super::*;

    fn shown(planes: &[f32], numbers: &[f32]) -> PictureReadback {
        let device = TensorDevice::flex();
        let (image, pixels) = (planes.to_vec(), planes.len() / 3);
        let image = Tensor::<4>::from_data(TensorData::new(image, [1, 3, 1, pixels]), &device);
        let number = |&number| Tensor::<1>::from_data(TensorData::new(vec![number], [1]), &device);
        read_picture(image, numbers.iter().map(number).collect()).unwrap()
    }

    #[test]
    fn pixels_are_rounded_clamped_and_interleaved_and_nan_is_reported() {
        let planes = [0.0, 1.0, 0.5, 1.7, 100.4 / 255.0, 100.6 / 255.0, -3.0, 0.2, 1.0];
        let found = shown(&planes, &[4.0]);
        assert_eq!(found.pixels, [0, 255, 0, 255, 100, 51, 128, 101, 255]);
        assert!(found.finite && found.numbers == [4.0]);
        assert!(!shown(&[0.0, f32::NAN, 1.0], &[]).finite);
        assert!(!shown(&[f32::INFINITY, 0.5, 1.0], &[]).finite);
    }

    #[test]
    fn bytes_round_trip() {
        let values: Vec<f32> = (0..3 * 256).map(|i| (i % 256) as f32 / 255.0).collect();
        let expected: Vec<u8> = (0..=255).flat_map(|byte| [byte; 3]).collect();
        assert_eq!(pixels(&values), expected);
    }
}
