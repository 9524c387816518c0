//! The file: `IMPASTO1`, the manifest's length, the manifest, blobs end to end, and a SHA-256 over all of it, by which a
//! torn file is known.

use sha2::{Digest as _, Sha256};

use super::ProjectError;

const MAGIC: &[u8; 8] = b"IMPASTO1";
/// Magic and length.
const HEADER: usize = 16;
const HASH: usize = 32;
/// Longest manifest, in bytes.
const MOST_MANIFEST: usize = 32 << 20;

/// Whether a file begins as one of ours.
pub(super) fn is_project(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The file's bytes.
pub(super) fn write(manifest: &[u8], blobs: &[Vec<u8>]) -> Vec<u8> {
    let length = manifest.len() as u64;
    let blobs_length: usize = blobs.iter().map(Vec::len).sum();
    let mut file = Vec::with_capacity(HEADER + manifest.len() + blobs_length + HASH);
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(manifest);
    blobs.iter().for_each(|blob| file.extend_from_slice(blob));
    let hash = Sha256::digest(&file);
    file.extend_from_slice(&hash);
    file
}

/// The manifest and all blobs.
pub(super) fn read(bytes: &[u8]) -> Result<(&str, &[u8]), ProjectError> {
    let torn = |reason: &str| ProjectError::Torn { reason: reason.to_owned() };
    if !is_project(bytes) {
        return Err(ProjectError::Other);
    }
    let (content, hash) = bytes
        .len()
        .checked_sub(HASH)
        .filter(|&length| length >= HEADER)
        .map(|length| bytes.split_at(length))
        .ok_or_else(|| torn("it ends early"))?;
    if Sha256::digest(content).as_slice() != hash {
        return Err(torn("its checksum does not fit: a part is missing or was changed"));
    }
    let length = content[8..HEADER].as_array().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let length = usize::try_from(length).ok().filter(|&length| length <= MOST_MANIFEST);
    let (manifest, blobs) = length
        .and_then(|length| content[HEADER..].split_at_checked(length))
        .ok_or_else(|| torn("its manifest does not fit in it"))?;
    let manifest = std::str::from_utf8(manifest).map_err(|_| torn("its manifest is no text"))?;
    Ok((manifest, blobs))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let file = write(b"{}", &[vec![1, 2], vec![], vec![3]]);
        assert_eq!(read(&file).unwrap(), ("{}", [1, 2, 3].as_slice()));
    }

    #[test]
    fn every_cut_and_every_flip_is_noticed() {
        let file = write(b"{\"a\": 1}", &[vec![7; 40]]);
        for length in 0..file.len() {
            assert!(read(&file[..length]).is_err(), "cut to {length}");
            let mut flipped = file.clone();
            flipped[length] ^= 0x10;
            assert!(read(&flipped).is_err(), "flipped at {length}");
        }
        // A whole file of another make.
        let mut lie = [MAGIC.as_slice(), &u64::MAX.to_le_bytes(), b"{}"].concat();
        lie.extend_from_slice(&Sha256::digest(&lie));
        assert!(matches!(read(&lie), Err(ProjectError::Torn { .. })));
    }

    proptest! {
        #[test]
        fn random_bytes_do_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..200), ours in any::<bool>()) {
            if ours {
                bytes.splice(0..0, *MAGIC);
            }
            prop_assert!(read(&bytes).is_err());
        }
    }
}
