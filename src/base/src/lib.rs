//! Helpers that depend on no other crate: files, hashes, folders, random numbers, error and untrusted texts.

pub mod error;
pub mod files;
pub mod hash;
pub mod notices;
pub mod paths;
pub mod random;
mod regular;
pub mod text;
mod texts;

/// The program's name among those of the desktop, in reverse-DNS notation: of its windows, its desktop file and its
/// icon. `assets/desktop` is installed under the same name.
pub const APP_ID: &str = include_str!("../../../assets/desktop/app-id").trim_ascii();
