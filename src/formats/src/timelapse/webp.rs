//! Animated WebP (RFC 9649): a RIFF file of chunks, whose frames are lossless still bitstreams.

use std::io::{Cursor, Seek, SeekFrom, Write};

use image::{RgbImage, codecs::webp::WebPEncoder};

use super::{
    TimelapseError,
    encoder::{Encoder, flush},
};

pub struct WebP<W: Write + Seek> {
    out: W,
    width: u32,
    height: u32,
}

/// A 24-bit number.
fn u24(value: u32) -> [u8; 3] {
    let [a, b, c, _] = value.to_le_bytes();
    [a, b, c]
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = name.to_vec();
    bytes.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(content);
    // Chunks have an even length.
    bytes.resize(bytes.len() + content.len() % 2, 0);
    bytes
}

impl<W: Write + Seek> WebP<W> {
    pub fn new(mut out: W, width: u32, height: u32) -> Result<Self, TimelapseError> {
        const ANIMATION: u8 = 0x02;
        const LARGEST: u32 = 1 << 14;
        if width.max(height) > LARGEST {
            return Err(TimelapseError::Encode(format!("WebP supports at most {LARGEST} px")));
        }
        let mut extended = vec![ANIMATION, 0, 0, 0];
        extended.extend(u24(width - 1));
        extended.extend(u24(height - 1));
        // No background colour, loop forever.
        let animation = [0; 6];
        out.write_all(b"RIFF\0\0\0\0WEBP")?;
        out.write_all(&chunk(b"VP8X", &extended))?;
        out.write_all(&chunk(b"ANIM", &animation))?;
        Ok(Self { out, width, height })
    }
}

impl<W: Write + Seek> Encoder for WebP<W> {
    fn add(&mut self, picture: &RgbImage, milliseconds: u32) -> Result<(), TimelapseError> {
        /// The frame replaces the one before.
        const NO_BLENDING: u8 = 0x02;
        let mut still = Cursor::new(Vec::new());
        picture.write_with_encoder(WebPEncoder::new_lossless(&mut still))?;
        let still = still.into_inner();
        // Skip the RIFF header: "RIFF", its size, "WEBP".
        let bitstream = still.get(12..).filter(|rest| rest.starts_with(b"VP8L"));
        let bitstream = bitstream.ok_or_else(|| TimelapseError::Encode("no WebP bitstream".to_owned()))?;
        let mut frame = Vec::with_capacity(bitstream.len() + 16);
        frame.extend([0; 6]);
        frame.extend(u24(self.width - 1));
        frame.extend(u24(self.height - 1));
        frame.extend(u24(milliseconds.min((1 << 24) - 1)));
        frame.push(NO_BLENDING);
        frame.extend(bitstream);
        Ok(self.out.write_all(&chunk(b"ANMF", &frame))?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), TimelapseError> {
        let end = self.out.stream_position()?;
        let size = u32::try_from(end - 8)
            .map_err(|_| TimelapseError::Encode("WebP supports at most 4 GB".to_owned()))?;
        self.out.seek(SeekFrom::Start(4))?;
        self.out.write_all(&size.to_le_bytes())?;
        self.out.seek(SeekFrom::Start(end))?;
        flush(self.out)
    }
}
