//! The project file: a plain zip, so that any unzip program shows its content.
//!
//! | entry | content |
//! |---|---|
//! | `manifest.json` | everything but pixels; it names the other entries |
//! | `painting.png` | the painted picture |
//! | `state.safetensors` | the engine's state |
//! | `content.jpg` | the content's file as it was opened, or a PNG of what was pasted |
//! | `styles/1.png` | the same of the first style |
//! | `masks/1.png` | the same of the first mask that is a file, or has more strokes than fit |
//! | `pins/1.png` | the first pin's picture |
//!
//! Entries are stored without compression (pictures are compressed already) and without times, the manifest
//! first. Zips repacked by other programs are read too: in any order, deflated, with additional entries.
//!
//! The file is untrusted. Local and central headers must agree, no byte may belong to two entries, and every
//! entry must have its CRC-32, so that every cut and every changed byte of the content is detected.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read as _, Seek, SeekFrom, Write},
    iter,
};

use zip::{
    CompressionMethod, DateTime, System, ZipArchive, ZipWriter,
    read::{ArchiveOffset, Config},
    write::SimpleFileOptions,
};

use super::{MAX_BYTES, ProjectError};
use impasto_base::text;

/// The entry that names the others.
pub(super) const MANIFEST: &str = "manifest.json";
/// Signature of a local header.
const LOCAL_MAGIC: &[u8] = b"PK\x03\x04";
/// Bytes of a local header before the name.
const LOCAL_HEADER: usize = 30;
/// Signature of the end record.
const END_MAGIC: &[u8] = b"PK\x05\x06";
/// Bytes of the end record, without a comment.
const END: usize = 22;
/// Maximum number of entries; the largest project has a quarter of them.
const MAX_ENTRIES: u16 = 512;
/// Maximum length of an entry's name, in bytes.
const MAX_NAME: usize = 100;
/// Maximum length of the manifest, in bytes.
pub(super) const MAX_MANIFEST: u64 = 32 << 20;
/// Maximum unpacked size in bytes: this much, and this multiple of the file's length. Deflated pictures and
/// states of real projects stay far below; a small untrusted file must not fill the memory.
const MAX_UNPACKED: u64 = 64 << 20;
const MAX_RATIO: u64 = 64;

/// Number of bytes that identify a project, see [`is_project`].
pub(super) const START: usize = LOCAL_HEADER + MANIFEST.len();

/// The entries by name, without the manifest.
pub(super) type Entries = BTreeMap<String, Vec<u8>>;

/// Whether a file begins like those of [`write`].
pub(super) fn is_project(start: &[u8]) -> bool {
    start.starts_with(LOCAL_MAGIC)
        && start.get(LOCAL_HEADER..).is_some_and(|name| name.starts_with(MANIFEST.as_bytes()))
}

/// Write the file; the same content gives the same bytes.
///
/// # Errors
///
/// Any of the file's, or an entry of more than 4 GiB.
pub(super) fn write(
    file: impl Write + Seek,
    manifest: &[u8],
    entries: &[(String, Vec<u8>)],
) -> io::Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .system(System::Unix);
    let mut zip = ZipWriter::new(file);
    let entries = entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    for (name, bytes) in iter::once((MANIFEST, manifest)).chain(entries) {
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    zip.finish()?;
    Ok(())
}

/// Read and check the manifest and the other entries.
///
/// # Errors
///
/// [`ProjectError::NotAProject`] if it is no zip or has no manifest, [`ProjectError::Damaged`] if a part is
/// missing, changed or over a limit.
pub(super) fn read(file: &[u8]) -> Result<(String, Entries), ProjectError> {
    let mut zip = open(Cursor::new(file))?;
    zip.validate_header_consistency().map_err(changed)?;
    let most = MAX_BYTES.min(MAX_UNPACKED + MAX_RATIO * file.len() as u64);
    let directory = zip.metadata();
    let mut entries = Entries::new();
    let mut total = 0_u64;
    for index in 0..directory.len() {
        let entry = directory.entry(index).map_err(changed)?;
        let name =
            plain(entry.name_raw()).ok_or_else(|| damaged("an entry has a name that cannot be used"))?;
        if entry.is_dir() {
            continue;
        }
        if entry.encrypted() {
            return Err(damaged(format!("its entry {name} is encrypted")));
        }
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(damaged(format!(
                "its entry {name} is compressed in an unknown way: zip it again without compression"
            )));
        }
        total = total.saturating_add(entry.size());
        if total > most || name == MANIFEST && entry.size() > MAX_MANIFEST {
            return Err(damaged(format!("its entry {name} is too large")));
        }
        // The claimed size may be false, so the buffer grows while unpacking.
        let mut bytes = Vec::with_capacity(usize::try_from(entry.compressed_size()).unwrap_or(0));
        zip.by_index(index).map_err(changed)?.read_to_end(&mut bytes).map_err(changed)?;
        if bytes.len() as u64 != entry.size() {
            return Err(changed(()));
        }
        entries.insert(name.to_owned(), bytes);
    }
    let manifest = entries.remove(MANIFEST).ok_or(ProjectError::NotAProject)?;
    let manifest = String::from_utf8(manifest).map_err(|_| damaged("its manifest is not text"))?;
    Ok((manifest, entries))
}

/// Read the directory alone.
///
/// # Errors
///
/// [`ProjectError::NotAProject`] if it is no zip, [`ProjectError::Damaged`] if its directory cannot be used
/// or the file cannot be read.
pub(super) fn open<R: io::Read + Seek>(mut file: R) -> Result<ZipArchive<R>, ProjectError> {
    let mut magic = [0; LOCAL_MAGIC.len()];
    if file.read_exact(&mut magic).is_err() || magic != LOCAL_MAGIC {
        return Err(ProjectError::NotAProject);
    }
    let length = file.seek(SeekFrom::End(0)).map_err(changed)?;
    let position = length.checked_sub(END as u64).ok_or_else(|| damaged("it ends early"))?;
    let mut end = [0; END];
    file.seek(SeekFrom::Start(position)).and_then(|_| file.read_exact(&mut end)).map_err(changed)?;
    check_end(&end, position)?;
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    ZipArchive::with_config(config, file).map_err(changed)
}

/// Unpack one entry; `None` if there is none of this name.
///
/// # Errors
///
/// [`ProjectError::Damaged`] if it has more than `most` bytes or was changed.
pub(super) fn entry<R: io::Read + Seek>(
    zip: &mut ZipArchive<R>,
    name: &str,
    most: u64,
) -> Result<Option<Vec<u8>>, ProjectError> {
    let Some(index) = zip.index_for_name(name) else { return Ok(None) };
    let entry = zip.by_index(index).map_err(changed)?;
    let mut bytes = Vec::new();
    // Not the claimed size, which may be false. The checksum is compared at the entry's end.
    entry.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(changed)?;
    if bytes.len() as u64 > most {
        return Err(damaged(format!("its entry {} is too large", text::display_name(name))));
    }
    Ok(Some(bytes))
}

/// Check the record at the end, at this position: the directory lies directly before it and is small enough
/// to be read. Without this, the zip crate would look for other records, and make room for as many entries as
/// a record claims.
fn check_end(end: &[u8; END], position: u64) -> Result<(), ProjectError> {
    let two = |at: usize| u16::from_le_bytes([end[at], end[at + 1]]);
    let four = |at: usize| u64::from(two(at)) | u64::from(two(at + 2)) << 16;
    let (disks, comment) = (four(4), two(20));
    if !end.starts_with(END_MAGIC) || disks != 0 || comment != 0 {
        return Err(damaged("its end is missing, or more follows it"));
    }
    let (here, all, size, start) = (two(8), two(10), four(12), four(16));
    if all > MAX_ENTRIES {
        return Err(damaged("it has too many entries"));
    }
    if here != all || start + size != position {
        return Err(changed(()));
    }
    Ok(())
}

/// A name without special components and characters, so that it cannot lead outside; folders end in `/`.
fn plain(name: &[u8]) -> Option<&str> {
    let name = str::from_utf8(name).ok().filter(|name| name.len() <= MAX_NAME)?;
    let usable = |byte: u8| byte.is_ascii_alphanumeric() || b"._- ".contains(&byte);
    let fits = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(usable);
    name.strip_suffix('/').unwrap_or(name).split('/').all(fits).then_some(name)
}

fn damaged(reason: impl Into<String>) -> ProjectError {
    ProjectError::Damaged { reason: reason.into() }
}

/// The zip crate's reasons are left out: they may contain untrusted text.
fn changed<E>(_: E) -> ProjectError {
    damaged("a part is missing or was changed")
}

#[cfg(test)]
pub(super) mod tests;
