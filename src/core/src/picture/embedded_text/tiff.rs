//! TIFF: an XMP packet as tag 700 of the first directory, which is rewritten at the end of the file.

use super::{slice, xmp};

const XMP_TAG: u16 = 700;
const BYTE: u16 = 1;
const ENTRY: usize = 12;

/// The file's byte order.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes.get(..4)? {
            b"II*\0" => Some(Order::Little),
            b"MM\0*" => Some(Order::Big),
            _ => None,
        }
    }

    fn short(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *slice(bytes, at, 2)?.as_array()?;
        Some(match self {
            Order::Little => u16::from_le_bytes(bytes),
            Order::Big => u16::from_be_bytes(bytes),
        })
    }

    fn long(self, bytes: &[u8], at: usize) -> Option<usize> {
        let bytes = *slice(bytes, at, 4)?.as_array()?;
        let value = match self {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        };
        usize::try_from(value).ok()
    }

    fn short_bytes(self, value: u16) -> [u8; 2] {
        match self {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        }
    }

    fn long_bytes(self, value: usize) -> Option<[u8; 4]> {
        let value = u32::try_from(value).ok()?;
        Some(match self {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        })
    }

    /// The entries of the first directory, and the bytes after them.
    fn directory(self, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
        let at = self.long(bytes, 4)?;
        let count = usize::from(self.short(bytes, at)?);
        let entries = slice(bytes, at.checked_add(2)?, count * ENTRY)?;
        Some((entries, slice(bytes, at + 2 + count * ENTRY, 4)?))
    }
}

pub(super) fn put(bytes: &[u8], text: &str) -> Option<Vec<u8>> {
    let order = Order::of(bytes)?;
    let (entries, next) = order.directory(bytes)?;
    let packet = xmp::packet(text);
    let mut file = bytes.to_vec();
    file.resize(file.len().next_multiple_of(2), 0);
    let packet_at = file.len();
    file.extend_from_slice(packet.as_bytes());
    file.resize(file.len().next_multiple_of(2), 0);

    // Entries are sorted by their tags.
    let tag = |entry: &[u8]| order.short(entry, 0);
    let others: Vec<&[u8]> =
        entries.chunks_exact(ENTRY).filter(|entry| tag(entry) != Some(XMP_TAG)).collect();
    let ours = [
        order.short_bytes(XMP_TAG).as_slice(),
        &order.short_bytes(BYTE),
        &order.long_bytes(packet.len())?,
        &order.long_bytes(packet_at)?,
    ]
    .concat();
    let place = others.iter().filter(|entry| tag(entry) < Some(XMP_TAG)).count();
    let at = file.len();
    file.extend_from_slice(&order.short_bytes(u16::try_from(others.len() + 1).ok()?));
    for entry in &others[..place] {
        file.extend_from_slice(entry);
    }
    file.extend_from_slice(&ours);
    for entry in &others[place..] {
        file.extend_from_slice(entry);
    }
    file.extend_from_slice(next);
    file[4..8].copy_from_slice(&order.long_bytes(at)?);
    Some(file)
}

pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let order = Order::of(bytes)?;
    let (entries, _) = order.directory(bytes)?;
    let entry = entries.chunks_exact(ENTRY).find(|entry| order.short(entry, 0) == Some(XMP_TAG))?;
    xmp::text(slice(bytes, order.long(entry, 8)?, order.long(entry, 4)?)?)
}
