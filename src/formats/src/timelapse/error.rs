//! Why a time-lapse could not be written.

use std::{io, path::PathBuf};

use super::Format;
use impasto_core::picture::SaveError;

/// A time-lapse that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TimelapseError {
    #[error(
        "{} names no format for a time-lapse: use .gif, .webp, .png (animated), .mp4 or .webm",
        path.display()
    )]
    Format { path: PathBuf },
    #[error(
        "{} needs the program ffmpeg, and none is on the PATH: install it, or use .gif, .webp or .png, which need nothing",
        format.extension()
    )]
    NoFfmpeg { format: Format },
    #[error("ffmpeg failed: {0}")]
    Ffmpeg(String),
    #[error("there are no pictures to make a time-lapse of")]
    Empty,
    #[error("the time-lapse was cancelled")]
    Cancelled,
    #[error("the pictures cannot be encoded: {0}")]
    Encode(String),
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error("the time-lapse cannot be written")]
    Io(#[from] io::Error),
}

impl From<image::ImageError> for TimelapseError {
    fn from(error: image::ImageError) -> Self {
        match error {
            image::ImageError::IoError(error) => Self::Io(error),
            other => Self::Encode(other.to_string()),
        }
    }
}

impl From<png::EncodingError> for TimelapseError {
    fn from(error: png::EncodingError) -> Self {
        match error {
            png::EncodingError::IoError(error) => Self::Io(error),
            other => Self::Encode(other.to_string()),
        }
    }
}
