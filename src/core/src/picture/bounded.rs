//! Decoding pictures that are embedded in untrusted files.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, ImageResult, Limits};

/// Decode a picture of this format, with sides of at most `side` pixels, in at most `memory` bytes.
///
/// # Errors
///
/// If the bytes are no such picture, or it is larger.
pub fn decode_bounded(
    bytes: &[u8],
    format: ImageFormat,
    side: u32,
    memory: u64,
) -> ImageResult<DynamicImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(side), Some(side));
    limits.max_alloc = Some(memory);
    reader.limits(limits);
    reader.decode()
}
