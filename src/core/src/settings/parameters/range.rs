//! Ranges and limits of continuous parameters, and their positions on a fader.

use super::super::{SettingsError, validate::error};

/// Range of a fader. Values outside can be typed, but not reached by moving the fader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Minimum; on a logarithmic range with a zero the minimum above 0.
    pub min: f64,
    pub max: f64,
    pub logarithmic: bool,
    /// Whether the lowest position of a logarithmic range is 0.
    pub zero: bool,
}

/// Fader section reserved for 0 on a logarithmic range: of a controller's 128 positions, the first is 0 and
/// the second the minimum.
pub(super) const ZERO: f64 = 1.0 / 128.0;

impl Range {
    pub(super) const fn linear(min: f64, max: f64) -> Self {
        Self { min, max, logarithmic: false, zero: false }
    }

    pub(super) const fn logarithmic(min: f64, max: f64) -> Self {
        Self { min, max, logarithmic: true, zero: false }
    }

    pub(super) const fn from_zero(min: f64, max: f64) -> Self {
        Self { min, max, logarithmic: true, zero: true }
    }

    /// Clamp a value to the range; NaN gives the minimum.
    pub fn nearest(&self, value: f64) -> f64 {
        let min = if self.zero { 0.0 } else { self.min };
        if value.is_nan() { min } else { value.clamp(min, self.max) }
    }

    /// The position of a value, 0 to 1.
    pub fn position(&self, value: f64) -> f64 {
        if value.is_nan() {
            return 0.0;
        }
        if !self.logarithmic {
            return ((value - self.min) / (self.max - self.min)).clamp(0.0, 1.0);
        }
        if self.zero && value <= 0.0 {
            return 0.0;
        }
        let position = (value.max(self.min) / self.min).ln() / (self.max / self.min).ln();
        let position = position.clamp(0.0, 1.0);
        if self.zero { ZERO + (1.0 - ZERO) * position } else { position }
    }

    /// The value at a position, clamped to 0 to 1.
    pub fn value(&self, position: f64) -> f64 {
        let position = if position.is_nan() { 0.0 } else { position.clamp(0.0, 1.0) };
        if !self.logarithmic {
            return self.min + (self.max - self.min) * position;
        }
        let position = match self.zero {
            true if position < ZERO => return 0.0,
            true => (position - ZERO) / (1.0 - ZERO),
            false => position,
        };
        match position {
            1.0 => self.max,
            _ => (self.min * (self.max / self.min).powf(position)).min(self.max),
        }
    }

    /// Whether the fader can reach the value.
    pub fn contains(&self, value: f64) -> bool {
        let low = if self.zero { 0.0 } else { self.min };
        (low..=self.max).contains(&value)
    }
}

/// Round to three significant digits, so that a value set by a fader can be read and typed.
pub fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// Values that a run accepts, even outside of the fader's range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limits {
    /// 0 or any positive number.
    Weight,
    /// Both ends included.
    Between(f64, f64),
    /// At least 0 and below 1.
    Decay,
    /// Above 0.
    Positive,
}

impl Limits {
    pub fn allow(self, value: f64) -> bool {
        match self {
            Limits::Weight => value.is_finite() && value >= 0.0,
            Limits::Between(least, most) => (least..=most).contains(&value),
            Limits::Decay => (0.0..1.0).contains(&value),
            Limits::Positive => value.is_finite() && value > 0.0,
        }
    }

    /// Clamp to the limits whose ends are allowed.
    pub(crate) fn clamp(self, value: f64) -> f64 {
        match self {
            Limits::Between(least, most) => value.clamp(least, most),
            Limits::Weight | Limits::Decay | Limits::Positive => value,
        }
    }

    /// Return an error that names the setting if the value is outside of the limits.
    pub(crate) fn check(self, setting: impl Into<String>, value: f64) -> Result<(), SettingsError> {
        if self.allow(value) {
            return Ok(());
        }
        let wanted = match self {
            Limits::Weight => "a weight must be 0 or a positive number".to_owned(),
            Limits::Between(least, most) => format!("must be between {least} and {most}"),
            Limits::Decay => "must be at least 0 and below 1".to_owned(),
            Limits::Positive => "must be above 0".to_owned(),
        };
        Err(error(setting, format!("is {value}, but {wanted}")))
    }
}
