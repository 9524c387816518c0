//! A text embedded in a picture file without changing its pixels: in PNG its own chunk, in JPEG, WebP and
//! TIFF an XMP packet, which other programs keep when they save the picture again.
//!
//! Files are untrusted: every length is checked against the file, and a malformed text is ignored.

mod jpeg;
mod png;
mod tiff;
mod webp;
mod xmp;

/// Maximum length of a text that is read, in bytes.
pub const MAX_TEXT: usize = 4 << 20;

/// A file format to save pictures in; all can embed a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SaveFormat {
    Png,
    Jpeg,
    WebP,
    Tiff,
}

impl SaveFormat {
    /// Maximum length of the text in bytes: a JPEG segment has 64 KiB.
    fn room(self) -> usize {
        match self {
            SaveFormat::Jpeg => 60_000,
            SaveFormat::Png | SaveFormat::WebP | SaveFormat::Tiff => MAX_TEXT,
        }
    }
}

/// Embed a text in an encoded picture. `text` is called with the maximum number of bytes, and again with
/// fewer if escaping makes it too long. Without a text, or if none fits, the picture is unchanged.
pub(super) fn put(bytes: Vec<u8>, carrier: SaveFormat, text: &dyn Fn(usize) -> Option<String>) -> Vec<u8> {
    let room = carrier.room();
    let put = match carrier {
        SaveFormat::Png => png::put,
        SaveFormat::Jpeg => jpeg::put,
        SaveFormat::WebP => webp::put,
        SaveFormat::Tiff => tiff::put,
    };
    let texts = [room, room / 2, room / 8].into_iter().filter_map(text);
    texts.filter_map(|text| put(&bytes, &text)).next().unwrap_or(bytes)
}

/// The text that this program has embedded in an encoded picture, if any.
pub fn embedded_text(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0x89, b'P', b'N', b'G', ..] => png::text(bytes),
        [0xFF, 0xD8, ..] => jpeg::text(bytes),
        [b'R', b'I', b'F', b'F', ..] => webp::text(bytes),
        [b'I', b'I', ..] | [b'M', b'M', ..] => tiff::text(bytes),
        _ => None,
    };
    text.filter(|text| text.len() <= MAX_TEXT)
}

/// `length` bytes from `at`, if the file has them.
fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{ImageFormat, RgbImage, codecs::tiff::TiffDecoder};
    use proptest::prelude::*;

    use super::*;
    use crate::picture::Picture;

    const ALL: [(SaveFormat, ImageFormat); 4] = [
        (SaveFormat::Png, ImageFormat::Png),
        (SaveFormat::Jpeg, ImageFormat::Jpeg),
        (SaveFormat::WebP, ImageFormat::WebP),
        (SaveFormat::Tiff, ImageFormat::Tiff),
    ];

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let image = RgbImage::from_fn(41, 30, |x, y| image::Rgb([(x * 6) as u8, (y * 8) as u8, 90]));
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn with_text(carrier: SaveFormat, format: ImageFormat, text: &str) -> Vec<u8> {
        put(encoded(format), carrier, &|_| Some(text.to_owned()))
    }

    #[test]
    fn every_format_carries_a_text_and_keeps_its_pixels() {
        let text = "{\"a\": \"<b> & 'c' \\\"d\\\" é 画\"}\n]]>";
        for (carrier, format) in ALL {
            let plain = encoded(format);
            assert_eq!(embedded_text(&plain), None, "{carrier:?}");
            let bytes = with_text(carrier, format, text);
            assert_eq!(embedded_text(&bytes).as_deref(), Some(text), "{carrier:?}");
            let open = |bytes: &[u8]| Picture::from_encoded("a", None, bytes).unwrap().rgb;
            assert_eq!(open(&bytes), open(&plain), "{carrier:?}");
            // A second text removes nothing.
            let again = put(bytes, carrier, &|_| Some("second".into()));
            assert_eq!(open(&again), open(&plain), "{carrier:?}");
        }
    }

    #[test]
    fn other_programs_find_the_packet() {
        use image::ImageDecoder as _;
        for (carrier, format) in ALL.into_iter().filter(|(carrier, _)| *carrier != SaveFormat::Png) {
            let bytes = Cursor::new(with_text(carrier, format, "{}"));
            let packet = match carrier {
                // With limits set, this decoder reads no tags of a small picture.
                SaveFormat::Tiff => TiffDecoder::new(bytes).unwrap().xmp_metadata(),
                _ => image::ImageReader::with_format(bytes, format).into_decoder().unwrap().xmp_metadata(),
            };
            let packet = packet.unwrap().unwrap();
            let packet = String::from_utf8(packet).unwrap();
            assert!(packet.contains("<impasto:Recipe>{}</impasto:Recipe>"), "{carrier:?}: {packet}");
        }
    }

    #[test]
    fn too_long_texts_are_requested_shorter_or_dropped() {
        let asked = std::cell::RefCell::new(Vec::new());
        let escaped = |room: usize| {
            asked.borrow_mut().push(room);
            // Each of these becomes five bytes.
            Some("&".repeat(room / 2))
        };
        let bytes = put(encoded(ImageFormat::Jpeg), SaveFormat::Jpeg, &escaped);
        assert_eq!(asked.take(), [60_000, 30_000, 7_500]);
        assert_eq!(embedded_text(&bytes), Some("&".repeat(3_750)));
        let bytes = put(encoded(ImageFormat::Jpeg), SaveFormat::Jpeg, &|_| Some("x".repeat(70_000)));
        assert_eq!(bytes, encoded(ImageFormat::Jpeg));
    }

    #[test]
    fn a_large_text_fits_where_there_is_room() {
        let text = "0123456789".repeat(MAX_TEXT / 10);
        for (carrier, format) in ALL.into_iter().filter(|(carrier, _)| *carrier != SaveFormat::Jpeg) {
            assert_eq!(embedded_text(&with_text(carrier, format, &text)).as_deref(), Some(text.as_str()));
        }
    }

    #[test]
    fn a_text_that_was_tampered_with_is_none() {
        let mut bytes = with_text(SaveFormat::Png, ImageFormat::Png, "{\"size\": 512}");
        let at = bytes.windows(3).position(|window| window == b"512").unwrap();
        bytes[at] = b'6';
        assert_eq!(embedded_text(&bytes), None, "the checksum says so");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "[^\\x00]{0,200}") {
            for (carrier, format) in ALL {
                let text = xmp::without_controls(&text);
                prop_assert_eq!(embedded_text(&with_text(carrier, format, &text)), Some(text));
            }
        }

        /// Damaged files yield some text or none, without panics or large allocations.
        #[test]
        fn damaged_files_do_no_harm(
            which in 0..4usize,
            cut in 0..6000usize,
            flips in prop::collection::vec((0..6000usize, any::<u8>()), 0..12),
        ) {
            let (carrier, format) = ALL[which];
            let mut bytes = with_text(carrier, format, "{\"version\": 1}");
            for (at, value) in flips {
                let length = bytes.len();
                bytes[at % length] = value;
            }
            bytes.truncate(cut.max(2));
            if let Some(text) = embedded_text(&bytes) {
                prop_assert!(text.len() <= bytes.len());
            }
        }

        #[test]
        fn random_bytes_do_no_harm(start in 0..5usize, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let starts: [&[u8]; 5] = [
                b"\x89PNG\r\n\x1a\n", b"\xFF\xD8\xFF\xE1", b"RIFF\x10\0\0\0WEBP", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08",
            ];
            let _ = embedded_text(&[starts[start], &bytes].concat());
        }
    }
}
