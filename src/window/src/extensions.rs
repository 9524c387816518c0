//! The extensions of files that the window reads and writes.

use std::path::Path;

use impasto_formats::project;

/// The extension of playlist files.
pub const PLAYLIST: &str = "toml";

/// Whether a file's name is that of a project.
pub fn is_project(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(project::EXTENSION))
}
