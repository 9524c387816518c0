use proptest::{prelude::*, sample::Index};
use zip::ZipArchive;

use super::*;

const DEFLATED: u16 = 8;

/// The bytes of a file as [`write`] writes it.
pub(in crate::project) fn written(manifest: &[u8], entries: &[(&str, &[u8])]) -> Vec<u8> {
    let entries: Vec<_> = entries.iter().map(|(name, bytes)| (name.to_string(), bytes.to_vec())).collect();
    let mut file = Cursor::new(Vec::new());
    write(&mut file, manifest, &entries).unwrap();
    file.into_inner()
}

fn example() -> Vec<u8> {
    written(
        b"{\"a\": 1}",
        &[("painting.png", &[7; 40]), ("styles/1.jpg", &[]), ("state.safetensors", b"state")],
    )
}

/// A file as another program writes it.
fn rezipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for &(name, bytes) in entries {
        if name.ends_with('/') {
            zip.add_directory(name, options).unwrap();
        } else {
            zip.start_file(name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

fn reason(file: &[u8]) -> String {
    match read(file) {
        Err(ProjectError::Damaged { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn written_projects_are_read_and_any_unzip_program_lists_them() {
    let file = example();
    assert_eq!(file, example(), "the same content gives the same bytes");
    let (manifest, entries) = read(&file).unwrap();
    assert_eq!(manifest, "{\"a\": 1}");
    let entries: Vec<_> = entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let (painting, state) = ([7; 40], b"state");
    assert_eq!(
        entries,
        [("painting.png", painting.as_slice()), ("state.safetensors", state), ("styles/1.jpg", &[])]
    );
    let mut zip = ZipArchive::new(Cursor::new(&file)).unwrap();
    let mut names = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index(index).unwrap();
        assert_eq!(entry.compression(), CompressionMethod::Stored);
        assert_eq!(entry.last_modified(), Some(DateTime::default()));
        names.push(entry.name().unwrap().into_owned());
    }
    assert_eq!(names, [MANIFEST, "painting.png", "styles/1.jpg", "state.safetensors"]);
}

#[test]
fn the_beginning_tells_a_project_from_another_zip() {
    assert!(is_project(&example()[..START]));
    assert!(!is_project(&example()[..START - 1]));
    let other = rezipped(&[("word/document.xml", b"<xml/>")]);
    assert!(!is_project(&other));
    for bytes in
        [other.as_slice(), b"", b"IMPASTO1", &rezipped(&[]), &rezipped(&[("mine/manifest.json", b"{}")])]
    {
        assert!(matches!(read(bytes), Err(ProjectError::NotAProject)), "{bytes:?}");
    }
}

#[test]
fn every_cut_and_every_flip_is_noticed() {
    let file = example();
    let content = read(&file).unwrap();
    for at in 0..file.len() {
        assert!(read(&file[..at]).is_err(), "cut to {at}");
        for bit in 0..8 {
            let mut flipped = file.clone();
            flipped[at] ^= 1 << bit;
            // Some bytes of headers tell nothing of the content, such as a version.
            if let Ok(read) = read(&flipped) {
                assert_eq!(read, content, "bit {bit} flipped at {at}");
            }
        }
    }
    assert!(reason(&[file.as_slice(), b"\0"].concat()).contains("more follows"));
    assert!(read(&[LOCAL_MAGIC, &file].concat()).is_err());
    // Cut at the end of an entry that is itself a zip, which must not be taken for the project.
    let outer = written(b"{}", &[("content.bin", &file)]);
    let end = outer.windows(file.len()).position(|window| window == file).unwrap() + file.len();
    reason(&outer[..end]);
}

#[test]
fn projects_repacked_by_other_programs_are_read() {
    let painting = vec![9; 100_000];
    let file = rezipped(&[
        ("painting.png", &painting),
        ("styles/", &[]),
        ("styles/1.png", b"style"),
        (".DS_Store", b"more"),
        (MANIFEST, b"{}"),
    ]);
    assert!(file.len() < painting.len());
    let (manifest, entries) = read(&file).unwrap();
    assert_eq!((manifest.as_str(), entries.len()), ("{}", 3));
    assert_eq!(
        (&entries["painting.png"], entries["styles/1.png"].as_slice()),
        (&painting, b"style".as_slice())
    );
}

/// An entry that no correct program writes.
struct Raw {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    data: Vec<u8>,
    /// Claimed size after unpacking.
    size: u32,
    /// Claimed offset; nothing is written for it.
    at: Option<usize>,
}

fn raw(name: impl AsRef<[u8]>, data: &[u8]) -> Raw {
    let size = data.len() as u32;
    Raw { name: name.as_ref().to_vec(), flags: 0, method: 0, data: data.to_vec(), size, at: None }
}

fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !data.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

/// What local and central header have in common: version, flags, method, 1980-01-01, CRC, sizes and lengths.
fn header(Raw { name, flags, method, data, size, .. }: &Raw) -> Vec<u8> {
    let mut header: Vec<u8> = [20, *flags, *method, 0, 0x21].into_iter().flat_map(u16::to_le_bytes).collect();
    header.extend([crc32(data), data.len() as u32, *size].into_iter().flat_map(u32::to_le_bytes));
    header.extend([name.len() as u16, 0].into_iter().flat_map(u16::to_le_bytes));
    header
}

fn local(entry: &Raw) -> Vec<u8> {
    [LOCAL_MAGIC, &header(entry), &entry.name, &entry.data].concat()
}

fn hostile(entries: &[Raw]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let at = entry.at.unwrap_or(file.len()) as u32;
        directory
            .extend([b"PK\x01\x02\x14\0".as_slice(), &header(entry), &[0; 10], &at.to_le_bytes()].concat());
        directory.extend(&entry.name);
        if entry.at.is_none() {
            file.extend(local(entry));
        }
    }
    let count = (entries.len() as u16).to_le_bytes();
    let [size, start] = [&directory, &file].map(|part| (part.len() as u32).to_le_bytes());
    let end = [END_MAGIC, &[0; 4], &count, &count, &size, &start, &[0; 2]].concat();
    [file, directory, end].concat()
}

#[test]
fn hostile_entries_are_refused() {
    let manifest = || raw(MANIFEST, b"{}");
    assert!(
        read(&hostile(&[manifest(), raw("styles/1.png", b"a")])).is_ok(),
        "what is hostile is not how it is made"
    );
    let inner = raw("inside", b"both");
    let outer = raw("outside", &local(&inner));
    let at = local(&manifest()).len() + local(&raw("outside", b"")).len();
    let changed = "missing or was changed";
    for (entries, expected) in [
        (vec![manifest(), manifest()], changed),
        (vec![manifest(), outer, Raw { at: Some(at), ..inner }], changed),
        (vec![manifest(), Raw { at: Some(0), ..raw("again", b"{}") }], changed),
        (vec![manifest(), Raw { at: Some(1 << 30), ..raw("beyond", b"{}") }], changed),
        (vec![manifest(), Raw { flags: 1, ..raw("a", b"a") }], "a is encrypted"),
        (vec![manifest(), Raw { method: 12, ..raw("a", b"a") }], "zip it again without compression"),
        (vec![manifest(), Raw { size: 2, ..raw("a", b"a") }], changed),
        (vec![manifest(), Raw { size: 0, ..raw("a", b"a") }], changed),
        (vec![manifest(), Raw { size: 3 << 30, method: DEFLATED, ..raw("a", b"a") }], "a is too large"),
        (vec![manifest(), Raw { size: 65 << 20, method: DEFLATED, ..raw("a", b"a") }], "a is too large"),
        (vec![Raw { size: 33 << 20, method: DEFLATED, ..manifest() }], "manifest.json is too large"),
        (vec![raw(MANIFEST, &[0xff])], "not text"),
    ] {
        assert!(reason(&hostile(&entries)).contains(expected), "{expected}");
    }
    let long = "a".repeat(MAX_NAME + 1);
    for name in [
        "",
        "/",
        "/etc/passwd",
        "../a",
        "a/..",
        "a/../b",
        "./a",
        "a//b",
        "a\\b",
        "C:a",
        "a\0",
        "ä",
        "\u{202e}",
        &long,
    ] {
        assert!(reason(&hostile(&[manifest(), raw(name, b"a")])).contains("name"), "{name:?}");
    }
    assert!(reason(&hostile(&[manifest(), raw(b"\xff", b"a")])).contains("name"));
}

#[test]
fn more_than_is_claimed_is_not_unpacked() {
    let bomb = rezipped(&[(MANIFEST, &vec![b' '; 1 << 20])]);
    assert!(read(&bomb).is_ok());
    let directory = bomb.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let mut forged = bomb;
    for size in [22, directory + 24] {
        forged[size..size + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    assert!(reason(&forged).contains("changed"));
}

#[test]
fn a_record_cannot_claim_more_than_there_is() {
    let names: Vec<String> = (0..70_000).map(|number| format!("{number}")).collect();
    for count in [usize::from(MAX_ENTRIES), names.len()] {
        let entries: Vec<_> = names[..count].iter().map(|name| (name.as_str(), b"".as_slice())).collect();
        assert!(reason(&written(b"{}", &entries)).contains("too many"), "{count}");
    }
    let file = example();
    let end = file.len() - END;
    for (at, bytes) in [
        (4, [1, 0].as_slice()),
        (8, &[3, 0]),
        (8, &[3, 0, 3, 0]),
        (8, &[5, 0, 5, 0]),
        (8, &[0xff; 4]),
        (12, &[0xff; 4]),
        (12, &[0xff; 8]),
        (16, &[0; 4]),
        (20, &[1, 0]),
    ] {
        let mut forged = file.clone();
        forged[end + at..][..bytes.len()].copy_from_slice(bytes);
        reason(&forged);
    }
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..200), ours in any::<bool>()) {
        if ours {
            bytes.splice(0..0, LOCAL_MAGIC.iter().copied());
            let (size, start) = (bytes.len() as u32 / 2, bytes.len().div_ceil(2) as u32);
            let (size, start) = (size.to_le_bytes(), start.to_le_bytes());
            bytes.extend([END_MAGIC, &[0, 0, 0, 0, 1, 0, 1, 0], &size, &start, &[0, 0]].concat());
        }
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn random_changes_do_no_harm(changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6)) {
        let mut file = example();
        for (index, byte) in changes {
            let at = index.index(file.len());
            file[at] = byte;
        }
        if let Ok(read) = read(&file) {
            prop_assert_eq!(read, super::read(&example()).unwrap());
        }
    }
}
