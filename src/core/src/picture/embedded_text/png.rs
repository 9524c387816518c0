//! PNG: an international text chunk (iTXt) right after the header.

use super::slice;

const KEYWORD: &[u8] = b"impasto-recipe";
/// Not compressed (two bytes), no language, no translated keyword, after the keyword's own end.
const PLAIN: &[u8] = &[0, 0, 0, 0, 0];
/// Signature and header chunk.
const HEADER: usize = 8 + 12 + 13;

pub(super) fn put(bytes: &[u8], text: &str) -> Option<Vec<u8>> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let data = [b"iTXt", KEYWORD, PLAIN, text.as_bytes()].concat();
    let length = u32::try_from(data.len() - 4).ok()?;
    let checksum = crc(&data).to_be_bytes();
    Some([header, &length.to_be_bytes(), &data, &checksum, rest].concat())
}

pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(*slice(bytes, at, 4)?.as_array()?) as usize;
        let chunk = slice(bytes, at + 4, length.checked_add(4)?)?;
        let checksum = slice(bytes, at + 8 + length, 4)?;
        let found = chunk
            .strip_prefix(b"iTXt")
            .and_then(|data| data.strip_prefix(KEYWORD))
            .and_then(|data| data.strip_prefix(PLAIN));
        if let Some(text) = found {
            let whole = crc(chunk).to_be_bytes() == checksum;
            return whole.then(|| String::from_utf8(text.to_vec()).ok()).flatten();
        }
        at = at.checked_add(length)?.checked_add(12)?;
    }
}

/// The checksum of a chunk's type and data (PNG specification, annex D).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 },
        )
    })
}
