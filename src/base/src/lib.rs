//! Helpers without dependencies on other crates: files, hashes, folders, random numbers, errors as text, texts of strangers.

pub mod error;
pub mod files;
pub mod hash;
pub mod notices;
pub mod paths;
pub mod random;
mod regular;
pub mod text;
mod texts;
