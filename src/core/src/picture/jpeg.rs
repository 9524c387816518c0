//! Check whether a JPEG file is complete. The lenient decoder fills missing parts with grey.

const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// How a JPEG stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With its end-of-image marker.
    Whole,
    /// Within the scan with the last coefficients: only the marker may be missing, or pixels as well.
    NoMarker,
    /// Before that scan.
    Cut,
}

/// The components of a frame with the coefficients of complete scans, a bit each.
struct Frame(Vec<(u8, u64)>);

impl Frame {
    /// Read a frame's header.
    fn of(segment: &[u8]) -> Self {
        let components = segment.get(6..).unwrap_or_default().chunks_exact(3);
        Self(components.map(|component| (component[0], 0)).collect())
    }

    /// Read a scan's header.
    fn scan(&mut self, segment: &[u8]) {
        let Some((&count, rest)) = segment.split_first() else { return };
        let Some((components, &[first, last, bits])) = rest
            .split_at_checked(2 * usize::from(count))
            .and_then(|(of, rest)| Some((of, rest.first_chunk::<3>()?)))
        else {
            return;
        };
        // A scan whose low bits follow later completes no coefficient.
        if bits & 15 != 0 || first > last || last > 63 {
            return;
        }
        let brought = (u64::MAX >> (63 - (last - first))) << first;
        for component in components.chunks_exact(2) {
            for (id, known) in &mut self.0 {
                if *id == component[0] {
                    *known |= brought;
                }
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.0.iter().all(|(_, known)| *known == u64::MAX)
    }
}

/// Determine how the stream ends. Segments are skipped by their length, so that the marker of a thumbnail in
/// the metadata does not count; data after the image is ignored.
pub(super) fn ending(bytes: &[u8]) -> Ending {
    let mut at = 2; // after the start-of-image marker
    let mut frame = Frame(Vec::new());
    let mut scanning = false;
    loop {
        let Some(marker) = next_marker(bytes, &mut at) else {
            return if scanning && frame.is_whole() { Ending::NoMarker } else { Ending::Cut };
        };
        scanning = false;
        match marker {
            EOI => return Ending::Whole,
            0x01 | 0xD0..=0xD8 => {} // stand-alone markers have no length
            _ => {
                let Some(length) = bytes.get(at..at + 2) else { return Ending::Cut };
                let end = at + usize::from(u16::from_be_bytes([length[0], length[1]]));
                let segment = bytes.get(at + 2..end).unwrap_or_default();
                at = end;
                match marker {
                    SOS => {
                        frame.scan(segment);
                        skip_entropy_coded(bytes, &mut at);
                        scanning = at <= bytes.len();
                    }
                    // The markers of Huffman and arithmetic coding tables lie in the range of frame markers.
                    0xC0..=0xCF if ![0xC4, 0xC8, 0xCC].contains(&marker) => frame = Frame::of(segment),
                    _ => {}
                }
            }
        }
    }
}

/// Complete a truncated stream: append bytes of this value, enough that a decoder that lacks pixels reads
/// some of them, and the end-of-image marker.
pub(super) fn completed(bytes: &[u8], filler: u8) -> Vec<u8> {
    // The first half of the marker may be present.
    let end = bytes.iter().rposition(|&byte| byte != 0xFF).map_or(0, |last| last + 1);
    [&bytes[..end], &[filler; 64], &[0xFF, EOI]].concat()
}

/// Read the next marker's code and advance `at` past it. Fill bytes and stray bytes before a marker are
/// skipped, as decoders do.
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

/// Advance `at` to the marker that ends the scan, past stuffed zeros and restart markers.
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
        let is_complete = |bytes: &[u8]| ending(bytes) == Ending::Whole;
        assert_eq!(ending(START), Ending::NoMarker);
        assert_eq!(ending(&[START, &[0xFF]].concat()), Ending::NoMarker);
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
    fn scans_that_are_to_follow_are_missed() {
        let frame = [0xFF, 0xC2, 0, 14, 8, 0, 8, 0, 8, 2, 1, 17, 0, 2, 17, 0];
        let scan = |ids: &[u8], first, last, bits| {
            let mut bytes = vec![0xFF, SOS, 0, 6 + 2 * ids.len() as u8, ids.len() as u8];
            ids.iter().for_each(|&id| bytes.extend([id, 0]));
            bytes.extend([first, last, bits, 5, 5]);
            bytes
        };
        let mut bytes = [&[0xFF, 0xD8][..], &frame].concat();
        for part in [scan(&[1, 2], 0, 0, 0), scan(&[1], 1, 63, 1), scan(&[2], 1, 63, 0)] {
            bytes.extend(part);
            assert_eq!(ending(&bytes), Ending::Cut);
        }
        bytes.extend(scan(&[1], 1, 63, 0x10));
        assert_eq!(ending(&bytes), Ending::NoMarker);
        assert_eq!(completed(&bytes, 7)[bytes.len()..], [&[7; 64][..], &[0xFF, EOI]].concat());
    }

    #[test]
    fn no_prefix_panics() {
        for length in 0..START.len() {
            assert_ne!(ending(&START[..length]), Ending::Whole);
        }
        for length in 0..14 {
            assert_eq!(ending(&START[..length]), Ending::Cut, "{length}");
        }
    }
}
