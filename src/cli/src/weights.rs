//! `impasto weights`: describes and checks weights files.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Subcommand;

use impasto_base::text;
use impasto_network::vgg::{Weights, WeightsInfo};

#[derive(Debug, Subcommand)]
pub(super) enum WeightsCommand {
    /// Describe a weights file
    Info {
        /// The file; by default the bundled weights
        file: Option<PathBuf>,
    },
    /// Check that a weights file can be used
    Check {
        /// The file
        file: PathBuf,
    },
}

/// Print the facts about a file, or about the bundled weights.
pub(super) fn info(file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let weights = match file {
        Some(file) => Weights::load(file)?,
        None => Weights::bundled().context("the bundled weights cannot be used")?,
    };
    super::print(&facts(&weights.info))?;
    Ok(ExitCode::SUCCESS)
}

/// Load a file and report whether it can be used.
pub(super) fn check(file: &Path) -> anyhow::Result<ExitCode> {
    let info = Weights::load(file)?.info;
    super::print(&format!(
        "{}: good, {} convolutions, {}\n",
        file.display(),
        info.convolutions,
        info.format
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn facts(info: &WeightsInfo) -> String {
    let known = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text::reason(text) };
    [
        ("source", info.source.clone()),
        ("sha256", info.sha256.clone()),
        ("format", info.format.clone()),
        ("input", known(&info.input)),
        ("provenance", known(&info.provenance)),
        ("licence", known(&info.licence)),
        ("convolutions", info.convolutions.to_string()),
    ]
    .iter()
    .map(|(name, value)| format!("{name:13} {value}\n"))
    .collect()
}
