//! Seeded noise, the same on every device and in every version.

use image::RgbImage;

use impasto_base::random::SplitMix64;

/// Standard deviation of the noise around mid grey, for a range of 1.
const DEVIATION: f64 = 0.2;

/// Gaussian noise around mid grey: SplitMix64 through the Box–Muller transform.
pub fn noise(width: u32, height: u32, seed: u64) -> RgbImage {
    let mut random = SplitMix64::new(seed);
    // In (0, 1], so that its logarithm is finite.
    let mut uniform = move || ((random.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    let mut gaussian = move || (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
    let mut byte = move || ((0.5 + DEVIATION * gaussian()).clamp(0.0, 1.0) * 255.0).round() as u8;
    RgbImage::from_fn(width, height, |_, _| image::Rgb([byte(), byte(), byte()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_depends_on_its_seed_alone_and_has_the_stated_spread() {
        let one = noise(64, 48, 7);
        assert_eq!(one, noise(64, 48, 7));
        assert_ne!(one, noise(64, 48, 8));
        let values: Vec<f64> = one.as_raw().iter().map(|&v| f64::from(v) / 255.0).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!((mean - 0.5).abs() < 0.01 && (variance.sqrt() - 0.2).abs() < 0.01, "{mean} {variance}");
    }
}
