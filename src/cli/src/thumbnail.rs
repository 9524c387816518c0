//! `impasto thumbnail`: a small picture of a project, for file managers.

use std::{io::Cursor, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use image::ImageFormat;

use impasto_base::files;
use impasto_core::picture;
use impasto_formats::project;

#[derive(Debug, Args)]
pub(super) struct ThumbnailArgs {
    /// Longest side in pixels
    #[arg(long, short, value_name = "PIXELS", default_value_t = 256, value_parser = clap::value_parser!(u32).range(16..=2048))]
    pub size: u32,
    /// The project
    pub input: PathBuf,
    /// Output file; a file of this name is replaced
    pub output: PathBuf,
}

/// Write it, whatever the extension of the output is.
pub(super) fn run(arguments: &ThumbnailArgs) -> anyhow::Result<ExitCode> {
    let preview = project::preview(&arguments.input)?
        .with_context(|| format!("nothing is painted yet in {}", arguments.input.display()))?;
    let small = picture::thumbnail(&preview, arguments.size);
    let mut png = Cursor::new(Vec::new());
    small.write_to(&mut png, ImageFormat::Png)?;
    files::write_atomic_shared(&arguments.output, png.get_ref())
        .with_context(|| format!("cannot write {}", arguments.output.display()))?;
    Ok(ExitCode::SUCCESS)
}
