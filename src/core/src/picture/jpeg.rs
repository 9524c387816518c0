//! Whether a JPEG file is complete. The decoder is lenient: it fills what a broken download lacks with grey.

const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// Whether the stream runs on to its end-of-image marker. Segments are skipped by their length, so that the marker
/// of a thumbnail embedded in the metadata does not count; whatever follows the image is ignored.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    let mut at = 2; // after the start-of-image marker
    loop {
        let Some(marker) = next_marker(bytes, &mut at) else { return false };
        match marker {
            EOI => return true,
            0x01 | 0xD0..=0xD8 => {} // stand-alone markers have no length
            _ => {
                let Some(length) = bytes.get(at..at + 2) else { return false };
                at += usize::from(u16::from_be_bytes([length[0], length[1]]));
                if marker == SOS {
                    skip_entropy_coded(bytes, &mut at);
                }
            }
        }
    }
}

/// The next marker's code; `at` moves behind it. Fill bytes and stray bytes before a marker are skipped, as decoders
/// do.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    let mut previous = 0;
    while let Some(&byte) = bytes.get(*at) {
        *at += 1;
        if previous == 0xFF && byte != 0xFF && byte != 0 {
            return Some(byte);
        }
        previous = byte;
    }
    None
}

/// Moves `at` to the marker that ends the scan: not a stuffed zero, not a restart marker.
fn skip_entropy_coded(bytes: &[u8], at: &mut usize) {
    while let Some(pair) = bytes.get(*at..*at + 2) {
        if pair[0] == 0xFF && !matches!(pair[1], 0 | 0xD0..=0xD7 | 0xFF) {
            return;
        }
        *at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SOI, an APP1 segment that contains a whole tiny JPEG, SOS with one byte of header, data.
    const START: &[u8] = &[
        0xFF, 0xD8, 0xFF, 0xE1, 0, 6, 0xFF, 0xD8, 0xFF, 0xD9, 0xFF, 0xDA, 0, 3, 1, 7, 0xFF, 0, 9, 0xFF, 0xD0,
        5,
    ];

    #[test]
    fn the_end_marker_must_follow_the_scan() {
        assert!(!is_complete(START));
        assert!(is_complete(&[START, &[0xFF, 0xD9]].concat()));
        assert!(
            is_complete(&[START, &[0xFF, 0xFF, 0xD9, 1, 2, 3]].concat()),
            "fill bytes and trailing bytes"
        );
        let second_scan = [0xFF, 0xC4, 0, 4, 0xFF, 0xD9, 0xFF, 0xDA, 0, 2, 4];
        assert!(!is_complete(&[START, &second_scan].concat()), "FFD9 inside a table is no end");
        assert!(is_complete(&[START, &second_scan, &[0xFF, 0xD9]].concat()));
    }

    #[test]
    fn no_prefix_panics() {
        for length in 0..START.len() {
            assert!(!is_complete(&START[..length]));
        }
    }
}
