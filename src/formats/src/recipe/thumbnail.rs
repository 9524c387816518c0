//! Thumbnails of the pictures that a recipe names, for when these cannot be found.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{ImageFormat, RgbImage, codecs::jpeg::JpegEncoder};
use serde::{Deserialize, Serialize};

use impasto_base::hash::Sha256Hash;
use impasto_core::{
    picture::{self, Filter, MIN_SIDE, Picture, decode_bounded},
    run::SourceRecord,
    settings::Rgb,
};

/// Longest side in pixels, and JPEG quality.
const LONGEST_SIDE: u32 = 128;
const QUALITY: u8 = 80;
/// Maximum encoded length that is decoded, in bytes.
const MAX_BYTES: usize = 64 << 10;
/// Maximum side that is decoded: the thumbnail of a narrow picture has a side longer than [`LONGEST_SIDE`].
const MAX_SIDE: u32 = 1024;
/// Maximum bytes for decoding one.
const MAX_MEMORY: u64 = 32 << 20;

/// A thumbnail of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// Hash of the original, see [`Picture::sha256`].
    pub sha256: Sha256Hash,
    /// JPEG in base64.
    pub jpeg: String,
}

impl Thumbnail {
    /// Thumbnails of these pictures, one for each distinct picture.
    pub fn of<'a>(pictures: impl IntoIterator<Item = &'a Picture>, background: Rgb) -> Vec<Self> {
        let mut thumbnails: Vec<Self> = Vec::new();
        for picture in pictures {
            if thumbnails.iter().all(|thumbnail| thumbnail.sha256 != picture.sha256) {
                let small = shrink(&picture.flattened(Some(background)), LONGEST_SIDE);
                thumbnails.extend(encode(&small).map(|jpeg| Self { sha256: picture.sha256, jpeg }));
            }
        }
        thumbnails
    }

    /// The thumbnail with this longest side in pixels; `None` if it cannot be decoded.
    pub(super) fn smaller(&self, longest: u32) -> Option<Self> {
        Some(Self { sha256: self.sha256, jpeg: encode(&shrink(&self.decode()?, longest))? })
    }

    /// The pixels, if this is a small JPEG.
    pub fn decode(&self) -> Option<RgbImage> {
        if self.jpeg.len() > MAX_BYTES {
            return None;
        }
        let bytes = STANDARD.decode(&self.jpeg).ok()?;
        let image = decode_bounded(&bytes, ImageFormat::Jpeg, MAX_SIDE, MAX_MEMORY).ok()?.into_rgb8();
        (image.width().min(image.height()) >= MIN_SIDE).then_some(image)
    }

    /// The thumbnail as a picture that stands in for the original.
    pub fn stand_in(&self, source: &SourceRecord) -> Option<Picture> {
        let note = format!(
            "{} was not found; its thumbnail stands in and has little detail: open the picture itself",
            source.name
        );
        Some(Picture {
            name: format!("{} (thumbnail)", source.name),
            path: None,
            sha256: self.sha256,
            rgb: self.decode()?,
            alpha: None,
            notes: vec![note],
            drawing: None,
        })
    }
}

/// Shrink to at most `longest` pixels, but never too narrow to paint from.
fn shrink(image: &RgbImage, longest: u32) -> RgbImage {
    let (width, height) = image.dimensions();
    let (long, short) = (width.max(height), width.min(height).max(1));
    let needed = (u64::from(MIN_SIDE) * u64::from(long)).div_ceil(u64::from(short));
    let longest = longest.max(u32::try_from(needed).unwrap_or(u32::MAX)).min(MAX_SIDE);
    if long <= longest {
        return image.clone();
    }
    let (width, height) = picture::fit(width, height, longest);
    picture::resize(image, width.max(MIN_SIDE), height.max(MIN_SIDE), Filter::Lanczos)
}

fn encode(image: &RgbImage) -> Option<String> {
    let mut bytes = Vec::new();
    image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY)).ok()?;
    Some(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbnail_is_small_and_looks_like_its_picture() {
        let picture = picture::CONTENTS[1].open();
        let thumbnails = Thumbnail::of([&picture, &picture], Rgb::WHITE);
        let [thumbnail] = thumbnails.as_slice() else { panic!("one for each picture") };
        assert!(thumbnail.jpeg.len() < 12_000, "{}", thumbnail.jpeg.len());
        let stand_in = thumbnail.stand_in(&SourceRecord::from(&picture)).unwrap();
        assert_eq!(stand_in.rgb.width().max(stand_in.rgb.height()), 128);
        assert!(stand_in.name.contains("(thumbnail)") && stand_in.notes[0].contains("was not found"));
        let expected = picture::thumbnail(&picture.rgb, 128);
        let sum: u64 = expected.iter().zip(stand_in.rgb.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(sum < 6 * expected.as_raw().len() as u64, "{sum}");
        assert_eq!(thumbnail.smaller(64).unwrap().decode().unwrap().dimensions().0.max(64), 64);
    }

    #[test]
    fn a_narrow_picture_keeps_a_side_to_paint_from() {
        for (width, height) in [(3000, 40), (16, 5000), (20, 20)] {
            let picture = Picture { rgb: RgbImage::new(width, height), ..picture::STYLES[0].open() };
            let thumbnail = &Thumbnail::of([&picture], Rgb::WHITE)[0];
            let (w, h) = thumbnail.decode().unwrap().dimensions();
            assert!(w.min(h) >= MIN_SIDE && w.max(h) <= MAX_SIDE, "{w}×{h}");
        }
    }

    #[test]
    fn only_small_jpegs_are_thumbnails() {
        let large = encode(&RgbImage::new(1030, 20)).unwrap();
        for jpeg in ["", "???", "aGVsbG8=", &large, &"A".repeat(MAX_BYTES + 4)] {
            let thumbnail = Thumbnail { sha256: Sha256Hash::of(b""), jpeg: jpeg.to_owned() };
            assert!(thumbnail.decode().is_none(), "{}", jpeg.len());
        }
    }
}
