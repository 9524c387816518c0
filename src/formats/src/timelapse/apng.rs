//! Animated PNG: lossless.

use std::io::Write;

use image::RgbImage;

use super::{TimelapseError, encoder::Encoder};

pub struct Apng<W: Write>(png::Writer<W>);

impl<W: Write> Apng<W> {
    pub fn new(out: W, width: u32, height: u32, frames: u32) -> Result<Self, TimelapseError> {
        let mut encoder = png::Encoder::new(out, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Balanced);
        encoder.set_animated(frames, 0)?;
        Ok(Self(encoder.write_header()?))
    }
}

impl<W: Write> Encoder for Apng<W> {
    fn add(&mut self, picture: &RgbImage, milliseconds: u32) -> Result<(), TimelapseError> {
        self.0.set_frame_delay(u16::try_from(milliseconds).unwrap_or(u16::MAX), 1000)?;
        Ok(self.0.write_image_data(picture.as_raw())?)
    }

    fn finish(self: Box<Self>) -> Result<(), TimelapseError> {
        Ok(self.0.finish()?)
    }
}
