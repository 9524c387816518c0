//! A colour profile in pictures of all kinds of pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageEncoder as _, ImageReader, codecs::png::PngEncoder};
use impasto_core::picture::Picture;

use super::{MEMORY, files};
use crate::memory::within;

pub fn seeds() -> Vec<Vec<u8>> {
    let profile = |bytes: Vec<u8>| {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
        reader.into_decoder().ok()?.icc_profile().ok().flatten()
    };
    files("pictures", &["jpg", "png", "tif", "webp"]).into_iter().filter_map(profile).collect()
}

/// A picture with this profile.
fn with_profile(picture: &DynamicImage, profile: &[u8]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(profile.to_vec()).unwrap();
    let (width, height, colour) = (picture.width(), picture.height(), picture.color().into());
    encoder.write_image(picture.as_bytes(), width, height, colour).unwrap();
    bytes.into_inner()
}

pub fn run(data: &[u8]) {
    let ramp = image::RgbImage::from_fn(16, 16, |x, y| image::Rgb([16 * x as u8, 16 * y as u8, 99]));
    let ramp = DynamicImage::ImageRgb8(ramp);
    for picture in [
        DynamicImage::ImageLuma8(ramp.to_luma8()),
        DynamicImage::ImageRgba16(ramp.to_rgba16()),
        DynamicImage::ImageLuma16(ramp.to_luma16()),
        ramp,
    ] {
        let bytes = with_profile(&picture, data);
        let opened = within(MEMORY, || Picture::from_encoded("theirs", None, &bytes)).unwrap();
        assert_eq!(opened.dimensions(), (16, 16), "a profile is no reason to refuse good pixels");
        opened.notes.iter().for_each(|note| super::is_harmless(note));
    }
}
