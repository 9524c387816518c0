//! Which values a continuous parameter may have, and where they lie on a fader.

use super::super::{SettingsError, validate::error};

/// Range of a fader. Values beyond it can be typed, but not reached by moving the fader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least value; on a logarithmic range with a zero the least above it.
    pub min: f64,
    pub max: f64,
    pub logarithmic: bool,
    /// Whether the lowest position of a logarithmic range is 0.
    pub zero: bool,
}

/// The lowest part of a logarithmic range with a zero: a controller of 128 positions has 0 at its first and the least value
/// above it at the next.
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

    /// The value of the range that is nearest to this one; the least for what is no number.
    pub fn nearest(&self, value: f64) -> f64 {
        let min = if self.zero { 0.0 } else { self.min };
        if value.is_nan() { min } else { value.clamp(min, self.max) }
    }

    /// The position of a value, 0 to 1.
    pub fn place(&self, value: f64) -> f64 {
        if value.is_nan() {
            return 0.0;
        }
        if !self.logarithmic {
            return ((value - self.min) / (self.max - self.min)).clamp(0.0, 1.0);
        }
        if self.zero && value <= 0.0 {
            return 0.0;
        }
        let place = (value.max(self.min) / self.min).ln() / (self.max / self.min).ln();
        let place = place.clamp(0.0, 1.0);
        if self.zero { ZERO + (1.0 - ZERO) * place } else { place }
    }

    /// The value at a position, 0 to 1; positions beyond are those of the ends.
    pub fn value(&self, place: f64) -> f64 {
        let place = if place.is_nan() { 0.0 } else { place.clamp(0.0, 1.0) };
        if !self.logarithmic {
            return self.min + (self.max - self.min) * place;
        }
        let place = match self.zero {
            true if place < ZERO => return 0.0,
            true => (place - ZERO) / (1.0 - ZERO),
            false => place,
        };
        match place {
            1.0 => self.max,
            _ => (self.min * (self.max / self.min).powf(place)).min(self.max),
        }
    }

    /// Whether the fader can reach the value.
    pub fn holds(&self, value: f64) -> bool {
        let low = if self.zero { 0.0 } else { self.min };
        (low..=self.max).contains(&value)
    }
}

/// Three significant digits, so that a value set by a fader can be read and typed again.
pub fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// Values that a run accepts, whether or not a fader reaches them.
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

    /// The nearest value within the limits whose ends belong to them.
    pub(crate) fn clamp(self, value: f64) -> f64 {
        match self {
            Limits::Between(least, most) => value.clamp(least, most),
            Limits::Weight | Limits::Decay | Limits::Positive => value,
        }
    }

    /// Refuses a value beyond the limits in the name of its setting.
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
