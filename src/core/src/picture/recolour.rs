//! Colour preservation (Gatys, Bethge, Hertzmann & Shechtman, arXiv 1606.05897): take only the luminance of
//! the painting, or transfer the content's colours to the style beforehand.

use image::RgbImage;

/// Weights of red, green and blue sRGB values in YIQ's luminance.
pub const LUMINANCE: [f32; 3] = [0.299, 0.587, 0.114];

fn luminance_of(pixel: [f32; 3]) -> f32 {
    pixel.iter().zip(LUMINANCE).map(|(value, share)| value * share).sum()
}

/// Replace `amount` of a painting's chroma by the content's: 0 leaves the painting unchanged, 1 gives it the
/// content's colours. Luminance and chroma are YIQ's, computed on sRGB values.
///
/// # Panics
///
/// If the shapes differ.
pub fn with_colours_of(painting: &RgbImage, content: &RgbImage, amount: f64) -> RgbImage {
    assert_eq!(painting.dimensions(), content.dimensions(), "one shape");
    let amount = amount.clamp(0.0, 1.0) as f32;
    let mut result = painting.clone();
    for (pixel, source) in result.pixels_mut().zip(content.pixels()) {
        let (painted, source) = (pixel.0.map(f32::from), source.0.map(f32::from));
        let (light, source_light) = (luminance_of(painted), luminance_of(source));
        for (channel, value) in pixel.0.iter_mut().enumerate() {
            let (own, other) = (painted[channel] - light, source[channel] - source_light);
            *value = (light + own + amount * (other - own)).round().clamp(0.0, 255.0) as u8;
        }
    }
    result
}

/// A style picture's luminance in all three channels, with mean and deviation matched to the content's:
/// L' = σ_C/σ_S·(L − μ_S) + μ_C. For painting in luminance only. `counted` are the pixels of the style that
/// count, if not all do.
pub fn luminance_like(style: &RgbImage, counted: Option<&RgbImage>, content: &RgbImage) -> RgbImage {
    let light = |picture: &RgbImage| -> Vec<f64> {
        picture.pixels().map(|pixel| f64::from(luminance_of(pixel.0.map(f32::from)))).collect()
    };
    let moments = |light: &[f64]| {
        let count = light.len().max(1) as f64;
        let mean = light.iter().sum::<f64>() / count;
        let variance = light.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        (mean, (variance + GRAIN).sqrt())
    };
    let own = light(style);
    let (mean, deviation) = counted.map_or_else(|| moments(&own), |counted| moments(&light(counted)));
    let (target_mean, target_deviation) = moments(&light(content));
    let mut result = style.clone();
    for (pixel, value) in result.pixels_mut().zip(own) {
        let matched = target_deviation / deviation * (value - mean) + target_mean;
        pixel.0 = [matched.round().clamp(0.0, 255.0) as u8; 3];
    }
    result
}

/// Regularization of variances, in squared byte values: smaller variances are noise that must not be
/// amplified.
const GRAIN: f64 = 4.0;

type Vector = [f64; 3];
type Matrix = [[f64; 3]; 3];

/// Match `amount` of the mean and covariance of a style picture's colours to the content's: x' =
/// A·(x − μ_S) + μ_C with A = Σ_S^-½·(Σ_S^½·Σ_C·Σ_S^½)^½·Σ_S^-½, the optimal transport between the two normal
/// distributions. `counted` are the pixels of the style that count, if not all do.
pub fn style_in_colours_of(
    style: &RgbImage,
    counted: Option<&RgbImage>,
    content: &RgbImage,
    amount: f64,
) -> RgbImage {
    let amount = amount.clamp(0.0, 1.0);
    let ((style_mean, style_covariance), (mean, covariance)) =
        (moments(counted.unwrap_or(style)), moments(content));
    let root = power(&style_covariance, 0.5);
    let inverse = power(&style_covariance, -0.5);
    let inner = product(&product(&root, &covariance), &root);
    let map = product(&product(&inverse, &power(&inner, 0.5)), &inverse);
    let mut result = style.clone();
    for pixel in result.pixels_mut() {
        let x: Vector = pixel.0.map(f64::from);
        let centred: Vector = std::array::from_fn(|i| x[i] - style_mean[i]);
        for (channel, value) in pixel.0.iter_mut().enumerate() {
            let matched: f64 = (0..3).map(|j| map[channel][j] * centred[j]).sum::<f64>() + mean[channel];
            *value = (x[channel] + amount * (matched - x[channel])).round().clamp(0.0, 255.0) as u8;
        }
    }
    result
}

/// Mean and covariance of a picture's colours, regularized so that a grey picture's covariance is invertible.
fn moments(picture: &RgbImage) -> (Vector, Matrix) {
    let count = picture.pixels().len().max(1) as f64;
    let (mut mean, mut square) = ([0.0; 3], [[0.0; 3]; 3]);
    for pixel in picture.pixels() {
        let x = pixel.0.map(f64::from);
        for i in 0..3 {
            mean[i] += x[i] / count;
            for j in 0..3 {
                square[i][j] += x[i] * x[j] / count;
            }
        }
    }
    let covariance = std::array::from_fn(|i| {
        std::array::from_fn(|j| square[i][j] - mean[i] * mean[j] + if i == j { GRAIN } else { 0.0 })
    });
    (mean, covariance)
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// Raise a symmetric positive definite matrix to a power by its eigenvalues (cyclic Jacobi rotations).
fn power(matrix: &Matrix, exponent: f64) -> Matrix {
    let mut a = *matrix;
    let mut vectors: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for _ in 0..24 {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if a[p][q] == 0.0 {
                continue;
            }
            let angle = 0.5 * (2.0 * a[p][q]).atan2(a[q][q] - a[p][p]);
            let (sin, cos) = angle.sin_cos();
            let mut turn: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
            (turn[p][p], turn[p][q], turn[q][p], turn[q][q]) = (cos, sin, -sin, cos);
            let transposed: Matrix = std::array::from_fn(|i| std::array::from_fn(|j| turn[j][i]));
            a = product(&product(&transposed, &a), &turn);
            vectors = product(&vectors, &turn);
        }
    }
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            (0..3).map(|k| vectors[i][k] * a[k][k].max(1e-12).powf(exponent) * vectors[j][k]).sum()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(salt: u32, gain: [f64; 3], offset: [f64; 3]) -> RgbImage {
        RgbImage::from_fn(40, 30, |x, y| {
            let noise = |c: u32| {
                let hash = ((x + 40 * y) * 3 + c + 7919 * salt).wrapping_mul(2_654_435_761);
                f64::from(hash >> 16 & 0xff) / 255.0
            };
            let shared = noise(0);
            image::Rgb(
                [0, 1, 2]
                    .map(|c: usize| (offset[c] + gain[c] * (0.6 * shared + 0.4 * noise(c as u32))) as u8),
            )
        })
    }

    #[test]
    fn the_style_gets_the_contents_mean_and_covariance() {
        let style = picture(1, [80.0, 40.0, 60.0], [60.0, 90.0, 80.0]);
        let content = picture(2, [30.0, 50.0, 70.0], [110.0, 80.0, 60.0]);
        let matched = style_in_colours_of(&style, None, &content, 1.0);
        let ((mean, covariance), (wanted, wanted_covariance)) = (moments(&matched), moments(&content));
        for i in 0..3 {
            assert!((mean[i] - wanted[i]).abs() < 0.5, "{mean:?} {wanted:?}");
            for j in 0..3 {
                assert!((covariance[i][j] - wanted_covariance[i][j]).abs() < 6.0);
            }
        }
        assert_eq!(style_in_colours_of(&style, None, &content, 0.0), style);
        let grey = RgbImage::from_pixel(5, 5, image::Rgb([90; 3]));
        assert_eq!(style_in_colours_of(&grey, None, &grey, 1.0).get_pixel(2, 2).0, [90; 3]);
    }

    #[test]
    fn a_styles_luminance_gets_mean_and_deviation_of_the_contents() {
        let style = picture(1, [80.0, 40.0, 60.0], [60.0, 90.0, 80.0]);
        let content = picture(2, [30.0, 50.0, 70.0], [110.0, 80.0, 60.0]);
        let matched = luminance_like(&style, None, &content);
        assert!(matched.pixels().all(|p| p.0[0] == p.0[1] && p.0[1] == p.0[2]));
        let light = |picture: &RgbImage| {
            let values: Vec<f64> = picture
                .pixels()
                .map(|p| 0.299 * f64::from(p.0[0]) + 0.587 * f64::from(p.0[1]) + 0.114 * f64::from(p.0[2]))
                .collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt())
        };
        let ((mean, deviation), (target_mean, target_deviation)) = (light(&matched), light(&content));
        assert!(
            (mean - target_mean).abs() < 0.5 && (deviation / target_deviation - 1.0).abs() < 0.03,
            "{mean} {deviation} {target_deviation}"
        );
        // Flat pictures have no deviation to divide by.
        let grey = RgbImage::from_pixel(5, 5, image::Rgb([90; 3]));
        assert!(
            luminance_like(&grey, None, &content)
                .pixels()
                .all(|p| p.0[0].abs_diff(target_mean.round() as u8) <= 1)
        );
    }

    #[test]
    fn a_painting_keeps_its_light_and_gets_the_contents_chroma() {
        let painting = RgbImage::from_pixel(2, 2, image::Rgb([100, 120, 140]));
        let content = RgbImage::from_pixel(2, 2, image::Rgb([120, 100, 90]));
        assert_eq!(with_colours_of(&painting, &content, 0.0), painting);
        let kept = with_colours_of(&painting, &content, 1.0).get_pixel(0, 0).0.map(f64::from);
        let light = |p: [f64; 3]| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
        assert!((light(kept) - light([100.0, 120.0, 140.0])).abs() < 1.0);
        assert!((kept[0] - kept[1] - 20.0).abs() < 1.5 && (kept[1] - kept[2] - 10.0).abs() < 1.5, "{kept:?}");
    }
}
