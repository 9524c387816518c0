//! Value types of settings, with their text form for the command line, files and recipes.

use std::{fmt, path::PathBuf, str::FromStr};

use impasto_base::{named, serde_as_text};
pub use impasto_network::compute::{DeviceChoice, Padding, Pooling, Precision};

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

/// Initial image of the optimisation.
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

/// Formulas of the objective, see [`crate::objective`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Objective {
    /// Relative errors: α and β mean about the same at every size, for every pair of pictures and every
    /// weights file.
    #[default]
    Balanced,
    /// Gatys, Ecker & Bethge, CVPR 2016.
    Paper,
    /// Exactly the PyTorch tutorial's formulas and hyper-parameters.
    Classic,
}

impl Objective {
    /// Default β of these formulas.
    pub const fn default_style_weight(self) -> f64 {
        match self {
            Self::Balanced => 1.0,
            // The paper states α/β of 1e-3 to 1e-4. With its formulas as printed, whose content term is a sum
            // over all features, that leaves the style faint.
            Self::Paper | Self::Classic => 1e6,
        }
    }
}

/// Optimizer of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Optimizer {
    /// Kingma & Ba, ICLR 2015.
    #[default]
    Adam,
    /// Limited-memory BFGS, Liu & Nocedal 1989.
    Lbfgs,
}

/// Neighbours that the smoothness term compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Smoothness {
    /// Horizontal and vertical neighbours.
    #[default]
    Four,
    /// Diagonal neighbours as well; the gradient is the nine-point Laplacian.
    Nine,
}

/// Step length rule of L-BFGS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LineSearch {
    /// Line search for the strong Wolfe conditions: the objective never rises, and a step may take several
    /// evaluations.
    #[default]
    Wolfe,
    /// The quasi-Newton step, at most as long as the learning rate.
    Fixed,
}

named!(Objective, "objective", Balanced => "balanced", Paper => "paper", Classic => "classic");

/// What becomes of the transparency of the content and of styles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Transparency {
    /// The painting is as transparent as the content. Under its transparent parts are the colours around
    /// them, so that the background does not reach its edges. What is transparent of a style does not count.
    #[default]
    Keep,
    /// Pictures are flattened on the background.
    Flatten,
}

/// Style statistics of a layer in the balanced objective, see [`crate::objective::StyleTarget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Statistic {
    /// The Gram matrix of the features.
    Gram,
    /// The Gram matrix, and each channel's mean and standard deviation.
    #[default]
    Moments,
    /// Mean and covariance, by the Wasserstein distance.
    Wasserstein,
}

named!(Statistic, "statistic", Gram => "gram", Moments => "moments", Wasserstein => "wasserstein");
named!(Optimizer, "optimizer", Adam => "adam", Lbfgs => "lbfgs");
named!(Smoothness, "smoothness", Four => "four", Nine => "nine");
named!(Transparency, "transparency", Keep => "keep", Flatten => "flatten");
named!(LineSearch, "line search", Wolfe => "wolfe", Fixed => "fixed");

serde_as_text!(Rgb, Init, Objective, Optimizer, LineSearch, Smoothness, Statistic, Transparency);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_round_trip() {
        for text in ["content", "noise", "blank:#102030", "style", "file:some/start.png"] {
            assert_eq!(text.parse::<Init>().unwrap().to_string(), text);
        }
        assert_eq!("start.png".parse(), Ok(Init::File("start.png".into())));
        assert_eq!("blank".parse(), Ok(Init::Blank(Rgb::GREY)));
    }

    #[test]
    fn invalid_texts_list_the_choices() {
        assert!("#12345".parse::<Rgb>().unwrap_err().contains("#rrggbb"));
        assert!("#12345é".parse::<Rgb>().is_err());
        assert!("blank:red".parse::<Init>().unwrap_err().contains("#rrggbb"));
        assert!("modern".parse::<Objective>().unwrap_err().contains("balanced, paper, classic"));
    }
}
