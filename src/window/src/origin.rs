//! Where pictures can be found again.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use impasto_core::settings::StyleMix;

/// Where a picture can be found again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    File(PathBuf),
    /// Title of a bundled picture.
    Example(String),
}

/// A style picture and how it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RememberedStyle {
    #[serde(flatten)]
    pub mix: StyleMix,
    pub picture: Origin,
}
