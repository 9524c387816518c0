//! Ranges that several parts check against.

/// Range of a style's scale, and of all styles' together.
pub const STYLE_SCALES: std::ops::RangeInclusive<f64> = 0.05..=20.0;
