//! The small value types that settings are made of, each with the text that the command line, files and
//! recipes use for it.

use std::{fmt, path::PathBuf, str::FromStr};

/// An sRGB colour, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    pub const WHITE: Rgb = Rgb([255; 3]);
    pub const GREY: Rgb = Rgb([128; 3]);
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl FromStr for Rgb {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("{text:?} is not a colour; write it as #rrggbb, for example #ffffff");
        let digits = text.trim().trim_start_matches('#');
        if digits.len() != 6 || !digits.is_ascii() {
            return Err(error());
        }
        let channel = |i: usize| u8::from_str_radix(&digits[i..i + 2], 16).map_err(|_| error());
        Ok(Rgb([channel(0)?, channel(2)?, channel(4)?]))
    }
}

/// What the optimisation starts from.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Init {
    /// The content picture.
    #[default]
    Content,
    /// Seeded Gaussian noise around mid grey.
    Noise,
    /// One colour.
    Blank(Rgb),
    /// The first style picture, resized to the working shape.
    Style,
    /// A picture file, resized to the working shape.
    File(PathBuf),
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Init::Content => f.write_str("content"),
            Init::Noise => f.write_str("noise"),
            Init::Blank(colour) => write!(f, "blank:{colour}"),
            Init::Style => f.write_str("style"),
            Init::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl FromStr for Init {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "content" => Init::Content,
            "noise" => Init::Noise,
            "blank" => Init::Blank(Rgb::GREY),
            "style" => Init::Style,
            "" => return Err(
                "an initial image is needed: content, noise, blank, blank:#rrggbb, style or a picture file"
                    .into(),
            ),
            _ => match (text.strip_prefix("blank:"), text.strip_prefix("file:")) {
                (Some(colour), _) => Init::Blank(colour.parse()?),
                (_, Some(path)) => Init::File(path.into()),
                _ => Init::File(text.into()),
            },
        })
    }
}

/// Which device computes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A hardware GPU that passes its self-check, otherwise the CPU.
    #[default]
    Auto,
    Cpu,
    /// The most capable hardware GPU; an error where there is none.
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

/// The formulas that are minimised. See [`crate::objective`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Objective {
    /// Relative errors: α and β mean about the same at every size, for every pair and with every weights file.
    #[default]
    Balanced,
    /// Gatys, Ecker & Bethge, CVPR 2016.
    Paper,
    /// The well-known PyTorch tutorial's formulas and hyper-parameters, exactly.
    Classic,
}

impl Objective {
    /// β as it is usual with these formulas.
    pub const fn usual_style_weight(self) -> f64 {
        match self {
            Self::Balanced => 1.0,
            // The paper states α/β of 1e-3 to 1e-4. With its formulas as printed, whose content term is a sum over all
            // features, that leaves the style faint; this paints.
            Self::Paper | Self::Classic => 1e6,
        }
    }
}

/// How the image is moved along its gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Optimizer {
    /// Kingma & Ba, ICLR 2015.
    #[default]
    Adam,
    /// Limited-memory BFGS, Liu & Nocedal 1989.
    Lbfgs,
}

/// Which neighbours the smoothness term compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Smoothness {
    /// Those beside a pixel.
    #[default]
    Four,
    /// Those at its corners as well, whose gradient is the nine-point Laplacian.
    Nine,
}

/// How L-BFGS finds the length of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LineSearch {
    /// A search for the strong Wolfe conditions: the objective never rises, and a step may take several evaluations.
    #[default]
    Wolfe,
    /// The quasi-Newton step, not longer than the learning rate.
    Fixed,
}

macro_rules! named {
    ($type:ident, $what:literal, $($variant:ident => $name:literal),+ $(,)?) => {
        impl $type {
            /// Every choice, in the order in which a person sees them.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $($type::$variant => $name),+ })
            }
        }
        impl std::str::FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text.trim().to_ascii_lowercase().as_str() {
                    $($name => Ok($type::$variant),)+
                    _ => Err(format!(concat!("no ", $what, " is called {:?}; there are: {}"), text, [$($name),+].join(", "))),
                }
            }
        }
    };
}

named!(Objective, "objective", Balanced => "balanced", Paper => "paper", Classic => "classic");
/// What the network sees outside of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Padding {
    /// For the first convolution the edge goes on; for the others there is 0.
    #[default]
    Replicate,
    /// 0, the mean colour of the network's training pictures.
    Zero,
    /// For every convolution the other side: the picture is painted as a tile.
    Circular,
}

/// How features and weights are stored on a graphics adapter. Sums are in 32 bits either way, and so are
/// gradients between two layers.
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

/// How the network pools 2×2 windows between its blocks. Each is scaled so that what comes out is about as large as deeper
/// layers expect it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Pooling {
    /// The largest of the four, as VGG was trained.
    #[default]
    Max,
    /// Twice their mean (Gatys, Ecker & Bethge saw smoother pictures).
    Average,
    /// 0.78 times the root of the sum of their squares.
    L2,
}

named!(Pooling, "pooling", Max => "max", Average => "average", L2 => "l2");

/// What the style of a layer is, in the balanced objective. See [`crate::objective::StyleAim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Statistic {
    /// The Gram matrix of the features.
    Gram,
    /// The Gram matrix, and each channel's mean and deviation.
    #[default]
    Moments,
    /// Mean and covariance, by the Wasserstein distance.
    Wasserstein,
}

named!(Statistic, "statistic", Gram => "gram", Moments => "moments", Wasserstein => "wasserstein");
named!(Optimizer, "optimizer", Adam => "adam", Lbfgs => "lbfgs");
named!(Smoothness, "smoothness", Four => "four", Nine => "nine");
named!(LineSearch, "line search", Wolfe => "wolfe", Fixed => "fixed");

macro_rules! serde_as_text {
    ($($type:ident),+) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

pub(super) use {named, serde_as_text};

serde_as_text!(
    Rgb,
    Init,
    DeviceChoice,
    Objective,
    Optimizer,
    LineSearch,
    Padding,
    Precision,
    Pooling,
    Smoothness,
    Statistic
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_round_trip() {
        for text in ["content", "noise", "blank:#102030", "style", "file:some/start.png"] {
            assert_eq!(text.parse::<Init>().unwrap().to_string(), text);
        }
        for text in ["auto", "cpu", "gpu", "software", "GeForce"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("start.png".parse(), Ok(Init::File("start.png".into())));
        assert_eq!("blank".parse(), Ok(Init::Blank(Rgb::GREY)));
    }

    #[test]
    fn bad_texts_say_what_is_possible() {
        assert!("#12345".parse::<Rgb>().unwrap_err().contains("#rrggbb"));
        assert!("#12345é".parse::<Rgb>().is_err());
        assert!("blank:red".parse::<Init>().unwrap_err().contains("#rrggbb"));
        assert!("modern".parse::<Objective>().unwrap_err().contains("balanced, paper, classic"));
        assert!("".parse::<DeviceChoice>().is_err());
    }
}
