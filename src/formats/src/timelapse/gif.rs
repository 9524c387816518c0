//! Animated GIF: 256 colours for each picture.

use std::io::Write;

use image::{
    Delay, DynamicImage, RgbImage,
    codecs::gif::{GifEncoder, Repeat},
};

use super::{TimelapseError, encoder::Encoder};

/// 1 gives the best colours and is slow, 30 is the fastest.
const SPEED: i32 = 10;

pub struct Gif<W: Write>(GifEncoder<W>);

impl<W: Write> Gif<W> {
    pub fn new(out: W) -> Result<Self, TimelapseError> {
        let mut encoder = GifEncoder::new_with_speed(out, SPEED);
        encoder.set_repeat(Repeat::Infinite)?;
        Ok(Self(encoder))
    }
}

impl<W: Write> Encoder for Gif<W> {
    fn add(&mut self, picture: &RgbImage, milliseconds: u32) -> Result<(), TimelapseError> {
        let rgba = DynamicImage::ImageRgb8(picture.clone()).into_rgba8();
        let delay = Delay::from_numer_denom_ms(milliseconds, 1);
        Ok(self.0.encode_frame(image::Frame::from_parts(rgba, 0, 0, delay))?)
    }

    fn finish(self: Box<Self>) -> Result<(), TimelapseError> {
        // Dropping the encoder writes the trailer.
        drop(self);
        Ok(())
    }
}
