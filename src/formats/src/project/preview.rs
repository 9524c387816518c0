//! The painted picture of a project alone. File managers ask for it, unasked themselves, for every file of a
//! folder that is shown: so no other entry is read, nothing that a project names is opened, and the limits
//! are tighter than those for a project that a person opens.

use std::{
    io::{BufReader, Read, Seek},
    path::Path,
};

use image::{ImageFormat, RgbImage};
use serde::Deserialize;

use super::{MAX_BYTES, ProjectError, container};
use impasto_base::{files::open_regular, text};
use impasto_core::{picture::decode_bounded, settings::MAX_SIZE};

/// Maximum size of the picture in bytes, encoded and decoded: the largest painting, and some for the decoder.
const MAX_PICTURE: u64 = (3 * MAX_SIZE as u64 * MAX_SIZE as u64) + (8 << 20);

/// What is read of the manifest.
#[derive(Deserialize)]
struct Named {
    /// The picture's entry.
    picture: Option<String>,
}

/// Read the painted picture of an untrusted project; `None` if nothing was painted yet.
///
/// # Errors
///
/// If the file cannot be read, is no project, or its picture is damaged or larger than a painting can be.
pub fn preview(path: &Path) -> Result<Option<RgbImage>, ProjectError> {
    let file = open_regular(path, MAX_BYTES)
        .map_err(|source| ProjectError::Read { path: path.to_owned(), source })?;
    picture_of(BufReader::new(file))
}

fn picture_of(file: impl Read + Seek) -> Result<Option<RgbImage>, ProjectError> {
    let damaged = |reason: &str| ProjectError::Damaged { reason: text::reason(reason) };
    let mut zip = container::open(file)?;
    let manifest = container::entry(&mut zip, container::MANIFEST, container::MAX_MANIFEST)?
        .ok_or(ProjectError::NotAProject)?;
    let named: Named = serde_json::from_slice(&manifest).map_err(|error| damaged(&error.to_string()))?;
    drop(manifest);
    let Some(name) = named.picture else { return Ok(None) };
    let encoded =
        container::entry(&mut zip, &name, MAX_PICTURE)?.ok_or_else(|| damaged("its picture is missing"))?;
    let picture = decode_bounded(&encoded, ImageFormat::Png, MAX_SIZE, MAX_PICTURE)
        .map_err(|error| damaged(&error.to_string()))?;
    Ok(Some(picture.into_rgb8()))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::Rgb;

    use super::{super::container::tests::written, *};

    const MANIFEST: &[u8] = b"{\"version\": 1, \"picture\": \"painting.png\", \"settings\": 3}";

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(width, height, Rgb([1, 2, 3])).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn reason(manifest: &[u8], entries: &[(&str, &[u8])]) -> String {
        picture_of(Cursor::new(written(manifest, entries))).unwrap_err().to_string()
    }

    #[test]
    fn a_preview_is_the_painting_and_needs_nothing_else() {
        let file = written(MANIFEST, &[("painting.png", &png(30, 20)), ("state.safetensors", b"no state")]);
        let picture = picture_of(Cursor::new(file)).unwrap().unwrap();
        assert_eq!((picture.dimensions(), picture.get_pixel(3, 3).0), ((30, 20), [1, 2, 3]));
        assert!(picture_of(Cursor::new(written(b"{\"version\": 1}", &[]))).unwrap().is_none());
    }

    #[test]
    fn a_preview_refuses_what_no_painting_is() {
        assert!(reason(MANIFEST, &[]).contains("its picture is missing"));
        assert!(reason(b"[", &[("painting.png", &png(30, 20))]).contains("damaged"));
        for hostile in [b"GIF89a".to_vec(), png(MAX_SIZE + 1, 1), png(30, 20)[..60].to_vec()] {
            assert!(reason(MANIFEST, &[("painting.png", &hostile)]).contains("damaged"), "{}", hostile.len());
        }
        // Header, checksum and all, of a picture that would fill the memory.
        let mut bomb = png(1, 1);
        bomb[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        bomb[29..33].copy_from_slice(&[0x9b, 0xab, 0x9c, 0x31]);
        assert!(reason(MANIFEST, &[("painting.png", &bomb)]).contains("damaged"));
    }

    #[test]
    fn every_cut_and_every_changed_byte_of_the_picture_is_found() {
        let whole = written(MANIFEST, &[("painting.png", &png(30, 20))]);
        for length in 0..whole.len() {
            assert!(picture_of(Cursor::new(&whole[..length])).is_err(), "{length}");
        }
        let at = whole.windows(4).position(|bytes| bytes == b"IDAT").unwrap();
        let mut changed = whole.clone();
        changed[at + 6] ^= 1;
        assert!(picture_of(Cursor::new(changed)).unwrap_err().to_string().contains("changed"));
    }

    #[test]
    fn an_entry_is_unpacked_up_to_its_limit() {
        let file = written(MANIFEST, &[("painting.png", &[7; 40])]);
        let mut zip = container::open(Cursor::new(file)).unwrap();
        assert_eq!(container::entry(&mut zip, "painting.png", 40).unwrap().unwrap(), [7; 40]);
        let error = container::entry(&mut zip, "painting.png", 39).unwrap_err().to_string();
        assert!(error.contains("too large"), "{error}");
        assert!(container::entry(&mut zip, "nowhere", 40).unwrap().is_none());
    }
}
