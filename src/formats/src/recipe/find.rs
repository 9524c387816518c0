//! Finding the pictures that a recipe names: at their paths, where the user opened them before, beside the
//! picture, or in recently used folders.

use std::{
    fs,
    io::{BufReader, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    known::KnownFiles,
    trust::{Trust, is_local},
};
use impasto_base::{files::open_regular, hash::Sha256Hash};
use impasto_core::{
    picture::{self, Example, MAX_FILE_BYTES, Picture},
    run::SourceRecord,
};

/// Maximum number of files of a folder that are examined, and of those that are hashed because their shape
/// fits.
const MAX_FILES: usize = 2000;
const MAX_HASHED: usize = 40;

/// A picture found for a recipe.
#[derive(Debug)]
pub enum Found {
    /// Exactly the recipe's picture.
    Same(Picture),
    /// At the same path or of the same title, but with other content.
    Changed(Picture),
}

impl Found {
    pub fn picture(self) -> Picture {
        match self {
            Found::Same(picture) | Found::Changed(picture) => picture,
        }
    }
}

/// Find a picture: at its path, among the files that the user opened before, then in these folders by name
/// and by content. Without a path it may be a bundled one. A changed one is accepted only if `trust` allows
/// to open it.
pub fn find(source: &SourceRecord, folders: &[PathBuf], known: &KnownFiles, trust: &Trust) -> Option<Found> {
    let path = source.path.as_deref().filter(|path| is_local(path));
    let bundled = |example: Option<&Example>| example.filter(|_| source.path.is_none()).map(Example::open);
    let by_title = bundled(picture::example(&source.name));
    if let Some(example) = by_title.as_ref().filter(|example| example.sha256 == source.sha256) {
        return Some(Found::Same(example.clone()));
    }
    let same = path.filter(|path| is_file_of(path, &source.sha256)).map(Path::to_owned);
    let same = same.or_else(|| known.find(&source.sha256));
    let same = same.or_else(|| folders.iter().find_map(|folder| find_in(source, folder)));
    let same = same.and_then(|path| Picture::open(&path).ok());
    // Another copy of a bundled picture, or one that had another title.
    if let Some(picture) = same.or_else(|| bundled(picture::example_of(&source.sha256))) {
        return Some(Found::Same(picture));
    }
    let open = |path: &Path| Some(path).filter(|path| trust.allows(path)).and_then(|p| Picture::open(p).ok());
    let changed = match (path, &source.path) {
        (Some(path), _) => open(path),
        (None, Some(_)) => None,
        // An untrusted name must not lead out of the folder.
        (None, None) => Path::new(&source.name)
            .file_name()
            .and_then(|name| folders.iter().find_map(|folder| open(&folder.join(name)))),
    };
    changed.or(by_title).map(Found::Changed)
}

/// Find the picture's file in a folder, by name or else by shape. Only the hash proves it.
fn find_in(source: &SourceRecord, folder: &Path) -> Option<PathBuf> {
    // An untrusted name must not lead out of the folder.
    let name = Path::new(&source.name).file_name();
    let named = name.map(|name| folder.join(name));
    if let Some(path) = named.filter(|path| has_hash(path, &source.sha256, MAX_FILE_BYTES)) {
        return Some(path);
    }
    let mut read = 0;
    let entries = fs::read_dir(folder).ok()?.flatten().take(MAX_FILES);
    entries.map(|entry| entry.path()).find(|path| {
        let shape = || {
            let file = BufReader::new(open_regular(path, MAX_FILE_BYTES).ok()?);
            image::ImageReader::new(file).with_guessed_format().ok()?.into_dimensions().ok()
        };
        // A camera's picture may be stored rotated.
        let fits =
            |(width, height)| [(width, height), (height, width)].contains(&(source.width, source.height));
        let candidate = picture::has_picture_name(path) && read < MAX_HASHED && shape().is_some_and(fits);
        read += usize::from(candidate);
        candidate && has_hash(path, &source.sha256, MAX_FILE_BYTES)
    })
}

/// Whether a path, possibly untrusted, is on this machine and its file has this hash.
pub(crate) fn is_file_of(path: &Path, hash: &Sha256Hash) -> bool {
    is_local(path) && has_hash(path, hash, MAX_FILE_BYTES)
}

/// Whether a regular file of at most `limit` bytes has this hash.
pub(crate) fn has_hash(path: &Path, hash: &Sha256Hash, limit: u64) -> bool {
    let found = || Sha256Hash::of_reader(open_regular(path, limit)?.take(limit));
    found().is_ok_and(|found| found == *hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::Settings;

    fn saved(folder: &Path, name: &str, shade: u8) -> (PathBuf, SourceRecord) {
        let path = folder.join(name);
        image::RgbImage::from_pixel(30, 20, image::Rgb([shade; 3])).save(&path).unwrap();
        let record = SourceRecord::from(&Picture::open(&path).unwrap());
        (path, record)
    }

    #[test]
    fn pictures_are_found_by_path_by_name_and_by_contents() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = [old.path().join("gone"), new.path().to_owned()];
        let none = KnownFiles::default();
        let find = |record: &SourceRecord, folders: &[PathBuf]| find(record, folders, &none, &Trust::All);
        let (path, record) = saved(old.path(), "wave.png", 7);
        assert!(
            matches!(find(&record, &folders), Some(Found::Same(picture)) if picture.path == Some(path.clone()))
        );
        // Moved, with another picture of the same name and shape left behind.
        let moved = new.path().join("wave.png");
        fs::rename(&path, &moved).unwrap();
        saved(old.path(), "wave.png", 8);
        assert!(
            matches!(find(&record, &folders), Some(Found::Same(picture)) if picture.path == Some(moved.clone()))
        );
        // Renamed as well.
        let renamed = new.path().join("Hokusai.PNG");
        fs::rename(&moved, &renamed).unwrap();
        saved(new.path(), "aaa.png", 9);
        assert!(
            matches!(find(&record, &folders), Some(Found::Same(picture)) if picture.path == Some(renamed.clone()))
        );
        // Lost: another picture has its name now, and is reported as changed.
        fs::remove_file(&renamed).unwrap();
        assert!(
            matches!(find(&record, &folders), Some(Found::Changed(picture)) if picture.rgb[(0, 0)].0 == [8; 3])
        );
        // An untrusted recipe opens nothing that it cannot prove to know.
        let untrusted = Trust::beside(&new.path().join("recipe.png"), &Settings::default());
        assert!(super::find(&record, &folders, &none, &untrusted).is_none());
        let beside = Trust::beside(&old.path().join("recipe.png"), &Settings::default());
        assert!(matches!(super::find(&record, &folders, &none, &beside), Some(Found::Changed(_))));
        fs::remove_file(&path).unwrap();
        assert!(find(&record, &folders).is_none());
    }

    #[test]
    fn examples_are_found_without_a_file_and_names_lead_nowhere_else() {
        let record = SourceRecord::from(&picture::STYLES[2].open());
        let none = KnownFiles::default();
        let find = |record: &SourceRecord, folders: &[PathBuf]| find(record, folders, &none, &Trust::All);
        assert!(matches!(find(&record, &[]), Some(Found::Same(picture)) if picture.name == "Woodcut"));
        let other = SourceRecord { sha256: Sha256Hash::of(b""), ..record.clone() };
        assert!(matches!(find(&other, &[]), Some(Found::Changed(picture)) if picture.name == "Woodcut"));
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let (_, record) = saved(folder.path(), "secret.png", 3);
        let outside = SourceRecord { name: "../secret.png".into(), path: None, ..record.clone() };
        assert!(find(&outside, std::slice::from_ref(&inner)).is_none());
        // A record without a path: its file is found by where it was opened before, and a changed one only in
        // a folder that is trusted.
        let bare = SourceRecord { path: None, ..record.clone() };
        assert!(find(&bare, &[]).is_none());
        let known = KnownFiles::in_cache(&folder.path().join("cache"));
        known.add(&folder.path().join("secret.png"), &bare.sha256);
        let untrusted = Trust::beside(&inner.join("recipe.png"), &Settings::default());
        let found = super::find(&bare, &[], &known, &untrusted);
        assert!(matches!(found, Some(Found::Same(picture)) if picture.name == "secret.png"));
        saved(folder.path(), "secret.png", 4);
        let folders = [folder.path().to_owned()];
        assert!(super::find(&bare, &folders, &known, &untrusted).is_none());
        assert!(matches!(find(&bare, &folders), Some(Found::Changed(_))));
    }
}
