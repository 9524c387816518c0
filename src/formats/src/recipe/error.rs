//! Why a recipe cannot be used.

use super::VERSION;

/// A recipe that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The file carries no recipe.
    #[error(
        "{name} carries no recipe: only pictures that Impasto saved as PNG, JPEG, WebP or TIFF do, as long as no other program has saved them again"
    )]
    None {
        /// Name of the file.
        name: String,
    },
    /// Written by a newer program.
    #[error(
        "the recipe in {name} has version {version}, and this program supports versions up to {VERSION}: it was written by {program}; use that or a newer one"
    )]
    Newer {
        /// Name of the file.
        name: String,
        /// Version of the recipe.
        version: u64,
        /// The program that wrote it.
        program: String,
    },
    /// Not a valid recipe.
    #[error(
        "the recipe in {name} is damaged ({reason}): paint from its settings by hand, or get the file again"
    )]
    Damaged {
        /// Name of the file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Well-formed, but this program cannot paint it.
    #[error("the recipe in {name} cannot be used here: {reason} (it was written by {program})")]
    Unusable {
        /// Name of the file.
        name: String,
        /// What is wrong.
        reason: String,
        /// The program that wrote it.
        program: String,
    },
    /// The file cannot be read.
    #[error("cannot read {name}")]
    Read {
        /// Name of the file.
        name: String,
        /// The operating system's error.
        source: std::io::Error,
    },
}
