//! Relative error of a result.

/// ‖found − expected‖ / ‖expected‖.
pub fn relative_error(found: &[f32], expected: &[f32]) -> f64 {
    let (mut difference, mut norm) = (0.0, 0.0);
    for (found, expected) in found.iter().zip(expected) {
        difference += f64::from(found - expected).powi(2);
        norm += f64::from(*expected).powi(2);
    }
    (difference / norm).sqrt()
}
