//! What every format can do.

use std::io::Write;

use image::RgbImage;

use super::TimelapseError;

/// Takes pictures of one size, each with the time for which it is shown.
pub trait Encoder {
    /// `milliseconds` is how long the picture stays.
    fn add(&mut self, picture: &RgbImage, milliseconds: u32) -> Result<(), TimelapseError>;
    fn finish(self: Box<Self>) -> Result<(), TimelapseError>;
}

pub fn flush(mut out: impl Write) -> Result<(), TimelapseError> {
    Ok(out.flush()?)
}
