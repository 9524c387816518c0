//! Shared ranges.

/// Range of a style's scale, and of the scale of all styles.
pub const STYLE_SCALES: std::ops::RangeInclusive<f64> = 0.05..=20.0;
