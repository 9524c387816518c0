//! The interface of all formats.

use std::io::Write;

use image::RgbImage;

use super::TimelapseError;

/// Encodes pictures of one size, each with its duration.
pub trait Encoder {
    /// Add a picture that is shown for `milliseconds`.
    fn add(&mut self, picture: &RgbImage, milliseconds: u32) -> Result<(), TimelapseError>;
    fn finish(self: Box<Self>) -> Result<(), TimelapseError>;
}

pub fn flush(mut out: impl Write) -> Result<(), TimelapseError> {
    Ok(out.flush()?)
}
