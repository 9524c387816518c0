//! Options of the network: device, padding, pooling and precision.

use std::{fmt, str::FromStr};

use impasto_base::{named, serde_as_text};

/// Choice of the compute device.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A hardware GPU that passes its self-check, otherwise the CPU.
    #[default]
    Auto,
    Cpu,
    /// The most capable hardware GPU; an error if there is none.
    Gpu,
    /// A software Vulkan driver (slow; for tests).
    Software,
    /// The device whose listed name contains this text, ignoring case.
    Named(String),
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DeviceChoice::Auto => "auto",
            DeviceChoice::Cpu => "cpu",
            DeviceChoice::Gpu => "gpu",
            DeviceChoice::Software => "software",
            DeviceChoice::Named(name) => name,
        })
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text.trim().to_ascii_lowercase().as_str() {
            "" => {
                return Err(
                    "a device is needed: auto, cpu, gpu, software or a part of a listed device's name".into(),
                );
            }
            "auto" => DeviceChoice::Auto,
            "cpu" => DeviceChoice::Cpu,
            "gpu" => DeviceChoice::Gpu,
            "software" => DeviceChoice::Software,
            _ => DeviceChoice::Named(text.trim().to_owned()),
        })
    }
}

/// The padding outside of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Padding {
    /// Replicate the edge for the first convolution; 0 for the others.
    #[default]
    Replicate,
    /// 0, the mean colour of the network's training pictures.
    Zero,
    /// Wrap around for every convolution, so that the picture tiles.
    Circular,
}

/// Precision of stored features and weights on a graphics adapter. Sums and gradients between layers always
/// have 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// In 32 bits.
    #[default]
    Full,
    /// In 16 bits.
    Fast,
}

named!(Precision, "precision", Full => "full", Fast => "fast");

named!(Padding, "padding", Replicate => "replicate", Zero => "zero", Circular => "circular");

/// Pooling of 2×2 windows between the network's blocks. Each is scaled so that deeper layers get values of
/// the expected magnitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Pooling {
    /// The largest of the four, as VGG was trained.
    #[default]
    Max,
    /// Twice their mean (gives smoother pictures according to Gatys, Ecker & Bethge).
    Average,
    /// 0.78 times the root of the sum of their squares.
    L2,
}

named!(Pooling, "pooling", Max => "max", Average => "average", L2 => "l2");

serde_as_text!(DeviceChoice, Padding, Precision, Pooling);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_texts_round_trip() {
        for text in ["auto", "cpu", "gpu", "software", "GeForce"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert!("".parse::<DeviceChoice>().is_err());
    }
}
