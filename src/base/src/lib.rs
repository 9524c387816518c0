//! What every other part may use and what uses none of them: files, folders, random numbers, errors as text.

pub mod error;
pub mod files;
pub mod paths;
pub mod random;
mod texts;
