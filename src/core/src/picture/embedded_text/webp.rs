//! WebP: an XMP chunk after the picture, announced in an extended header (RFC 9649, section 2.7).

use super::{slice, xmp};

/// The extended header's flag for an XMP chunk.
const HAS_XMP: u8 = 0b100;
/// Its flag for transparency, without which programs may draw an opaque picture.
const HAS_ALPHA: u8 = 0b1_0000;

pub(super) fn put(bytes: &[u8], text: &str) -> Option<Vec<u8>> {
    let chunks = bytes.get(12..)?;
    let packet = xmp::packet(text);
    let mut body = b"WEBP".to_vec();
    if chunks.starts_with(b"VP8X") {
        body.extend_from_slice(chunks);
        *body.get_mut(4 + 8)? |= HAS_XMP;
    } else {
        let (width, height, alpha) = lossless_header(chunks)?;
        let flags = if alpha { HAS_XMP | HAS_ALPHA } else { HAS_XMP };
        let mut header = [flags, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header[4..7].copy_from_slice(&(width - 1).to_le_bytes()[..3]);
        header[7..10].copy_from_slice(&(height - 1).to_le_bytes()[..3]);
        push(&mut body, b"VP8X", &header)?;
        body.extend_from_slice(chunks);
    }
    push(&mut body, b"XMP ", packet.as_bytes())?;
    let length = u32::try_from(body.len()).ok()?;
    Some([b"RIFF".as_slice(), &length.to_le_bytes(), &body].concat())
}

/// Width and height of a lossless picture, 14 bits each after the signature byte, both minus one, and whether
/// it is transparent.
fn lossless_header(chunks: &[u8]) -> Option<(u32, u32, bool)> {
    let header = chunks.strip_prefix(b"VP8L")?.get(4..9)?.strip_prefix(&[0x2F])?;
    let bits = u32::from_le_bytes(*header.as_array()?);
    Some(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1, (bits >> 28) & 1 == 1))
}

fn push(body: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) -> Option<()> {
    body.extend_from_slice(name);
    body.extend_from_slice(&u32::try_from(data.len()).ok()?.to_le_bytes());
    body.extend_from_slice(data);
    // Chunks begin at even offsets.
    body.resize(body.len().next_multiple_of(2), 0);
    Some(())
}

pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let mut at = 12;
    loop {
        let name = slice(bytes, at, 4)?;
        let length = u32::from_le_bytes(*slice(bytes, at + 4, 4)?.as_array()?) as usize;
        let data = slice(bytes, at + 8, length)?;
        if name == b"XMP "
            && let Some(text) = xmp::text(data)
        {
            return Some(text);
        }
        at = at.checked_add(8)?.checked_add(length.checked_next_multiple_of(2)?)?;
    }
}
