//! The files that this user has opened: a private register from hashes to paths, so that recipes need not
//! tell where anything lies. It holds no pixels, and losing it costs nothing but a search.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{recipe::has_hash, trust::is_local};
use impasto_base::{
    files::{read_regular_text, write_cache},
    hash::Sha256Hash,
    paths,
};
use impasto_core::{
    run::{Job, RunInfo},
    transfer::Inputs,
};
use impasto_network::vgg::MAX_WEIGHTS_BYTES;

/// Its folder in the user's cache folder.
const FOLDER: &str = "opened";
/// Maximum number of entries; the oldest are removed.
const MAX_ENTRIES: usize = 2000;
/// Maximum length of a path, in bytes.
const MAX_PATH: u64 = 8 << 10;

/// The register: one small file per hash, which contains the path. Writers don't disturb each other, and a
/// damaged entry finds nothing. The default has no folder, and neither keeps nor finds anything.
#[derive(Clone, Debug, Default)]
pub struct KnownFiles {
    folder: Option<PathBuf>,
}

impl KnownFiles {
    /// The register in this cache folder.
    pub fn in_cache(cache: &Path) -> Self {
        Self { folder: Some(cache.join(FOLDER)) }
    }

    /// The user's own register, if the system has a folder for it.
    pub fn of_user() -> Self {
        let settings = paths::config_folder();
        settings.map_or_else(Self::default, |settings| Self::in_cache(&paths::cache_folder(&settings)))
    }

    /// Note that the file at this path has this hash. Failures are only logged. Pipes, devices and paths that
    /// are not Unicode are left out.
    pub fn add(&self, path: &Path, hash: &Sha256Hash) {
        let Some(folder) = &self.folder else { return };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let Some(text) = path.to_str().filter(|text| text.len() as u64 <= MAX_PATH && path.is_file()) else {
            return;
        };
        let write = || {
            create_private(folder)?;
            let entry = folder.join(hash.to_string());
            let is_new = !entry.exists();
            write_cache(&entry, text.as_bytes())?;
            if is_new { prune(folder) } else { Ok(()) }
        };
        if let Err(error) = write() {
            tracing::debug!("cannot note an opened file: {error}");
        }
    }

    /// Note the pictures of these inputs that have files.
    pub fn add_inputs(&self, inputs: &Inputs) {
        let styles = inputs.styles.iter().map(|style| &style.picture);
        let pictures =
            [&inputs.content].into_iter().chain(styles).chain(&inputs.palette).chain(&inputs.initial);
        let pictures = pictures.chain(&inputs.masks);
        for picture in pictures {
            if let Some(path) = &picture.path {
                self.add(path, &picture.sha256);
            }
        }
    }

    /// Note the pictures and the weights of a run.
    pub fn add_run(&self, job: &Job, info: &RunInfo) {
        self.add_inputs(&job.inputs);
        if let Some(path) = &job.settings.weights {
            self.add_weights(path, info);
        }
    }

    /// Note the weights file of a run.
    pub fn add_weights(&self, path: &Path, info: &RunInfo) {
        if let Ok(hash) = info.weights.sha256.parse() {
            self.add(path, &hash);
        }
    }

    /// The path noted for this hash, whatever is there now.
    pub fn path_of(&self, hash: &Sha256Hash) -> Option<PathBuf> {
        let entry = self.folder.as_ref()?.join(hash.to_string());
        let path = PathBuf::from(read_regular_text(&entry, MAX_PATH).ok()?);
        Some(path).filter(|path| path.is_absolute())
    }

    /// The file with this hash, if it still has it.
    pub fn find(&self, hash: &Sha256Hash) -> Option<PathBuf> {
        self.path_of(hash).filter(|path| is_local(path) && has_hash(path, hash, MAX_WEIGHTS_BYTES))
    }
}

/// Create a folder that only the user can list.
fn create_private(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    // Another process may be quicker.
    builder.recursive(true).create(folder)
}

/// Remove the oldest entries beyond [`MAX_ENTRIES`].
fn prune(folder: &Path) -> io::Result<()> {
    let entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.flatten().collect();
    let Some(excess) = entries.len().checked_sub(MAX_ENTRIES).filter(|&excess| excess > 0) else {
        return Ok(());
    };
    let modified = |entry: &fs::DirEntry| {
        entry.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let mut by_age: Vec<(SystemTime, PathBuf)> =
        entries.iter().map(|entry| (modified(entry), entry.path())).collect();
    by_age.sort();
    for (_, path) in by_age.into_iter().take(excess) {
        // Another process may have removed it.
        let _ = fs::remove_file(path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn register() -> (tempfile::TempDir, KnownFiles) {
        let home = tempfile::tempdir().unwrap();
        let known = KnownFiles::in_cache(&home.path().join("cache"));
        (home, known)
    }

    #[test]
    fn a_file_is_found_by_its_hash_as_long_as_it_has_it() {
        let (home, known) = register();
        let path = home.path().join("me.png");
        fs::write(&path, "pixels").unwrap();
        let hash = Sha256Hash::of(b"pixels");
        assert_eq!(known.find(&hash), None);
        known.add(&path, &hash);
        assert_eq!(known.find(&hash), Some(path.clone()));
        // Moved and opened again: the new place counts.
        let moved = home.path().join("moved.png");
        fs::rename(&path, &moved).unwrap();
        assert_eq!(known.find(&hash), None);
        known.add(&moved, &hash);
        assert_eq!(known.find(&hash), Some(moved.clone()));
        fs::write(&moved, "other pixels").unwrap();
        assert_eq!((known.find(&hash), known.path_of(&hash)), (None, Some(moved)));
        // What is no file is not kept, and without a folder nothing is.
        known.add(home.path(), &Sha256Hash::of(b"folder"));
        assert_eq!(known.path_of(&Sha256Hash::of(b"folder")), None);
        KnownFiles::default().add(&home.path().join("moved.png"), &hash);
        assert_eq!(KnownFiles::default().path_of(&hash), None);
        // It holds a path and nothing of the contents, for the user alone.
        let entry = home.path().join("cache").join(FOLDER).join(hash.to_string());
        assert_eq!(fs::read_to_string(&entry).unwrap(), home.path().join("moved.png").to_str().unwrap());
        #[cfg(unix)]
        for path in [entry.parent().unwrap(), &entry] {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0);
        }
    }

    #[test]
    fn damaged_entries_find_nothing_and_are_replaced() {
        let (home, known) = register();
        let path = home.path().join("me.png");
        fs::write(&path, "pixels").unwrap();
        let hash = Sha256Hash::of(b"pixels");
        known.add(&path, &hash);
        let entry = home.path().join("cache").join(FOLDER).join(hash.to_string());
        for damage in [b"".as_slice(), b"me.png", &[0xff, 0xfe], b"/dev/zero", &[b'/'; 100_000]] {
            fs::write(&entry, damage).unwrap();
            assert_eq!(known.find(&hash), None, "{damage:?}");
        }
        known.add(&path, &hash);
        assert_eq!(known.find(&hash), Some(path));
    }

    #[test]
    fn the_oldest_entries_go() {
        let (home, known) = register();
        let folder = home.path().join("cache").join(FOLDER);
        fs::create_dir_all(&folder).unwrap();
        let hash = |index: usize| Sha256Hash::of(&index.to_le_bytes());
        let now = SystemTime::now();
        for index in 0..MAX_ENTRIES + 3 {
            let entry = fs::File::create(folder.join(hash(index).to_string())).unwrap();
            entry.set_modified(now - Duration::from_secs(90_000 - index as u64)).unwrap();
        }
        let path = home.path().join("me.png");
        fs::write(&path, "pixels").unwrap();
        known.add(&path, &Sha256Hash::of(b"pixels"));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), MAX_ENTRIES);
        let is_there = |index| folder.join(hash(index).to_string()).exists();
        assert_eq!([0, 3, 4, MAX_ENTRIES + 2].map(is_there), [false, false, true, true]);
        assert!(known.find(&Sha256Hash::of(b"pixels")).is_some());
    }
}
