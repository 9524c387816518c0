//! A picture file is opened in little memory, and so is the text that it carries.

use std::io::Cursor;

use impasto_core::picture::{Picture, embedded_text};

use super::{MEMORY, data, files, is_harmless};
use crate::memory::within;

/// Pixels that may take [`MEMORY`]; more are allowed, and take more.
const PIXELS: u64 = 12 << 20;

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = files("pictures", &["bmp", "gif", "jpg", "png", "tif", "webp"]);
    seeds.extend(files("recipes", &["png"]).into_iter().filter(|recipe| recipe.len() < 30_000));
    // A frame that is a million times as large as its picture.
    let mut frame = data("pictures/plain.gif");
    let at = frame.windows(5).position(|window| window == b",\0\0\0\0").unwrap();
    frame[at + 5..at + 9].fill(0x7f);
    seeds.push(frame);
    seeds
}

pub fn run(data: &[u8]) {
    let shape = image::ImageReader::new(Cursor::new(data)).with_guessed_format().unwrap().into_dimensions();
    if shape.is_ok_and(|(width, height)| u64::from(width) * u64::from(height) > PIXELS) {
        return;
    }
    within(MEMORY, || {
        match Picture::from_encoded("theirs", None, data) {
            Ok(picture) => {
                let alpha = picture.alpha.as_ref();
                assert!(alpha.is_none_or(|alpha| alpha.dimensions() == picture.dimensions()));
                picture.notes.iter().for_each(|note| is_harmless(note));
            }
            Err(error) => is_harmless(&impasto_base::error::chain(&error)),
        }
        drop(embedded_text(data));
    });
}
