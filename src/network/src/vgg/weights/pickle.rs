//! Check the memory needs of a PyTorch file before it is unpickled: an object of one byte may take a hundred
//! in memory, and zip compression may multiply that by a thousand.

use std::io::Cursor;

use zip::{CompressionMethod, ZipArchive};

/// Maximum bytes of a pickle; that of a VGG-19 with its classifier has 4 kB.
const MAX: usize = 1 << 20;
/// Pickles of a legacy file: magic number, version, system, tensors, keys.
const LEGACY_PICKLES: usize = 5;

/// Check that a PyTorch file (zip or legacy) can be read with little memory.
///
/// # Errors
///
/// Why not.
pub(super) fn check(file: &[u8]) -> Result<(), &'static str> {
    if file.starts_with(b"PK") { zip(file) } else { legacy(file) }
}

/// Check that every pickle is small, and no part is compressed: PyTorch compresses none, and stored parts
/// have their declared size.
fn zip(file: &[u8]) -> Result<(), &'static str> {
    const LOST: &str = "its table of contents cannot be read";
    // Use the reader's own library, so that both see the same parts.
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|_| LOST)?;
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|_| LOST)?;
        if part.compression() != CompressionMethod::Stored || part.compressed_size() != part.size() {
            return Err("it is a compressed zip file, which PyTorch's are not");
        }
        if part.name_raw().ends_with(b".pkl") && part.size() > MAX as u64 {
            return Err("its pickle is far larger than that of a network");
        }
    }
    Ok(())
}

/// Read a little-endian number of `length` bytes.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

/// Check that all pickles end near the file's beginning; the numbers follow.
fn legacy(file: &[u8]) -> Result<(), &'static str> {
    let mut rest = &file[..file.len().min(MAX)];
    for _ in 0..LEGACY_PICKLES {
        rest = after_pickle(rest).ok_or("its pickles are damaged, or far larger than those of a network")?;
        // A file with a single pickle has no numbers: the reader reports that.
        if rest.is_empty() && file.len() <= MAX {
            break;
        }
    }
    Ok(())
}

/// Skip a pickle by the lengths of its instructions; returns the rest, or `None` if it does not end.
/// Source: the table of instructions in Python's `pickletools`.
fn after_pickle(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (&code, rest) = bytes.split_first()?;
        let line = |rest: &[u8]| Some(rest.iter().position(|&byte| byte == b'\n')? + 1);
        let counted = |length: usize| {
            let count = usize::try_from(number(rest, 0, length)?).ok()?;
            count.checked_add(length)
        };
        let length = match code {
            b'.' => return Some(rest),
            b'I' | b'L' | b'F' | b'S' | b'V' | b'g' | b'p' | b'P' => line(rest)?,
            b'c' | b'i' => {
                let first = line(rest)?;
                first + line(&rest[first..])?
            }
            b'K' | b'h' | b'q' | 0x80 | 0x82 => 1,
            b'M' | 0x83 => 2,
            b'J' | b'j' | b'r' | 0x84 => 4,
            b'G' | 0x95 => 8,
            b'U' | b'C' | 0x8a | 0x8c => counted(1)?,
            b'T' | b'X' | b'B' | 0x8b => counted(4)?,
            0x8d | 0x8e | 0x96 => counted(8)?,
            _ => 0,
        };
        bytes = rest.get(length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vgg::{Weights, WeightsError};

    /// A zip file with one part: its stored `data`, and its declared method and size.
    fn zipped(name: &str, data: &[u8], method: u16, size: u32) -> Vec<u8> {
        let packed = data.len() as u32;
        let facts = |bytes: &mut Vec<u8>| {
            bytes.extend([0; 8]);
            let at = bytes.len() - 6;
            bytes[at..at + 2].copy_from_slice(&method.to_le_bytes());
            bytes.extend([0; 4]);
            bytes.extend(packed.to_le_bytes());
            bytes.extend(size.to_le_bytes());
            bytes.extend((name.len() as u16).to_le_bytes());
            bytes.extend([0; 2]);
        };
        let mut file = b"PK\x03\x04\x14\0".to_vec();
        facts(&mut file);
        file.extend(name.as_bytes());
        file.extend(data);
        let directory = file.len() as u32;
        file.extend(b"PK\x01\x02\x14\0\x14\0");
        facts(&mut file);
        file.extend([0; 14]);
        file.extend(name.as_bytes());
        let length = file.len() as u32 - directory;
        file.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        file.extend(length.to_le_bytes());
        file.extend(directory.to_le_bytes());
        file.extend([0; 2]);
        file
    }

    #[test]
    fn zip_files_are_checked_by_their_directory() {
        let pickle = b"\x80\x02}.";
        assert_eq!(check(&zipped("a/data.pkl", pickle, 0, 4)), Ok(()));
        assert!(check(&zipped("a/data.pkl", pickle, 8, 25 << 20)).unwrap_err().contains("compressed"));
        assert!(check(&zipped("a/data.pkl", pickle, 0, 25 << 20)).unwrap_err().contains("compressed"));
        let large = vec![b'N'; MAX + 1];
        assert!(
            check(&zipped("a/data.pkl", &large, 0, large.len() as u32)).unwrap_err().contains("far larger")
        );
        assert_eq!(check(&zipped("a/data/0", &large, 0, large.len() as u32)), Ok(()));
        let whole = zipped("a/data.pkl", pickle, 0, 4);
        for length in 2..whole.len() {
            assert!(check(&whole[..length]).is_err());
        }
    }

    #[test]
    fn pickles_end_near_the_beginning() {
        let five: &[u8] = b"\x80\x02\x8a\x0a0123456789.\x80\x02M\xe9\x03.\x80\x02}q\x00.\x80\x02ccollections\nOrderedDict\n)R.\x80\x02]X\x02\x00\x00\x00..a.";
        assert_eq!(after_pickle(five).map(<[u8]>::len), Some(five.len() - 15));
        assert_eq!(check(&[five, &vec![7; 3 << 20]].concat()), Ok(()));
        assert!(check(&[&five[..five.len() - 1], &vec![b'N'; 3 << 20]].concat()).is_err());
        assert_eq!(check(b"\x80\x02}."), Ok(()));
        for bad in
            [&b"\x80"[..], b"\x80\x02B\xff\xff\xff\xff.", b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff."]
        {
            assert!(check(bad).is_err());
        }
    }

    #[test]
    fn a_bare_pickle_of_millions_of_objects_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.pth");
        std::fs::write(&path, [&b"\x80\x02"[..], &vec![b'N'; 25 << 20], b"."].concat()).unwrap();
        let error = Weights::load(&path).unwrap_err();
        assert!(
            matches!(&error, WeightsError::Damaged { reason, .. } if reason.contains("far larger")),
            "{error}"
        );
    }
}
