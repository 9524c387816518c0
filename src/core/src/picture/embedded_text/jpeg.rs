//! JPEG: an XMP packet in an application segment (XMP specification, part 3).

use super::{slice, xmp};

const SIGNATURE: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Insert the packet after the start of the image and the JFIF segment, if there is one, which must come
/// first.
pub(super) fn put(bytes: &[u8], text: &str) -> Option<Vec<u8>> {
    let at = match bytes.get(2..6)? {
        &[0xFF, 0xE0, high, low] => 4 + usize::from(u16::from_be_bytes([high, low])),
        _ => 2,
    };
    let (before, after) = bytes.split_at_checked(at)?;
    let packet = xmp::packet(text);
    let length = u16::try_from(2 + SIGNATURE.len() + packet.len()).ok()?;
    Some([before, &[0xFF, 0xE1], &length.to_be_bytes(), SIGNATURE, packet.as_bytes(), after].concat())
}

pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let mut at = 2;
    loop {
        let &[0xFF, marker, high, low] = slice(bytes, at, 4)? else { return None };
        // No packets follow the start of the scan.
        if matches!(marker, 0xDA | 0xD9) {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let data = slice(bytes, at + 4, length.checked_sub(2)?)?;
        if marker == 0xE1
            && let Some(packet) = data.strip_prefix(SIGNATURE)
            && let Some(text) = xmp::text(packet)
        {
            return Some(text);
        }
        at += 2 + length;
    }
}
