//! Helpers that depend on no other crate: files, hashes, folders, random numbers, error and untrusted texts.

pub mod error;
pub mod files;
pub mod hash;
pub mod paths;
pub mod random;
mod regular;
pub mod text;
mod texts;
