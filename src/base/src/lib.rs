//! Helpers without dependencies on other crates: files, folders, random numbers, errors as text.

pub mod error;
pub mod files;
pub mod paths;
pub mod random;
mod texts;
