//! The extensions of files that the window reads and writes.

use std::path::Path;

use impasto_formats::project;

/// The extension of playlist files.
pub const PLAYLIST: &str = "toml";

/// Extensions of pictures that a dialog lists to open.
pub const OPENED: [&str; 10] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "tif", "tiff", "bmp", "gif"];

/// Whether a file's name is that of a project.
pub fn is_project(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(project::EXTENSION))
}
