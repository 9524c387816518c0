//! Why a project cannot be read or written.

use std::{io, path::PathBuf};

use super::VERSION;

/// A project that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Another kind of file.
    #[error("this is not an Impasto project: choose a file that “Save project” wrote")]
    NotAProject,
    /// A part is missing or invalid.
    #[error("the project is damaged ({reason}): get it again, or open its pictures by themselves")]
    Damaged {
        /// What is wrong.
        reason: String,
    },
    /// Written by a newer program.
    #[error(
        "the project has version {version}, and this program supports versions up to {VERSION}: it was written by {program}; use that or a newer one"
    )]
    Newer {
        /// Version of the project.
        version: u64,
        /// The program that wrote it.
        program: String,
    },
    /// Something in it cannot be stored in the file.
    #[error("the project cannot be put into a file ({reason})")]
    Text {
        /// What is wrong.
        reason: String,
    },
    /// The operating system reports an error.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The operating system reports an error.
    #[error("cannot write {}: choose another folder", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}
