//! `impasto thumbnail`: a small picture of a project, for file managers.

use std::{io::Cursor, process::ExitCode};

use anyhow::Context as _;
use image::ImageFormat;

use super::args::ThumbnailArgs;
use impasto_base::files;
use impasto_core::picture;
use impasto_formats::project;

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
