//! A cache of extracts between program runs: PNG files in the user's cache folder, named by everything that
//! they depend on.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use image::{ImageFormat, RgbImage};

use impasto_base::files;

const FOLDER: &str = "layers";
const EXTENSION: &str = "png";
/// Maximum bytes of all files together.
const MAX_BYTES: u64 = 64 << 20;

/// A folder of extracts. Files are written atomically; a file that cannot be read is made again.
#[derive(Clone, Debug)]
pub struct ExtractStore {
    folder: PathBuf,
    most: u64,
}

impl ExtractStore {
    /// A store below a cache folder, of at most 64 MB.
    pub fn new(cache: &Path) -> Self {
        Self { folder: cache.join(FOLDER), most: MAX_BYTES }
    }

    /// The same store with another limit, in bytes.
    #[must_use]
    pub fn with_limit(self, most: u64) -> Self {
        Self { most, ..self }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(key).with_extension(EXTENSION)
    }

    /// Load the extract of a key ([`impasto_core::transfer::VisualizationJob::key`]) in this shape, if it
    /// exists and is intact, and mark it as recently used.
    pub fn load(&self, key: &str, shape: (u32, u32)) -> Option<RgbImage> {
        let path = self.path(key);
        let bytes = fs::read(&path).ok()?;
        let picture = image::load_from_memory_with_format(&bytes, ImageFormat::Png).ok();
        let picture = picture.map(|picture| picture.into_rgb8()).filter(|p| p.dimensions() == shape);
        if picture.is_none() {
            tracing::debug!("{} is torn and is made again", path.display());
        } else if let Ok(file) = File::options().append(true).open(&path) {
            // If this fails, the file is only removed earlier.
            let _ = file.set_modified(SystemTime::now());
        }
        picture
    }

    /// Store an extract; remove the oldest if there is no room.
    ///
    /// # Errors
    ///
    /// Any file system error.
    pub fn save(&self, key: &str, picture: &RgbImage) -> io::Result<()> {
        let mut bytes = Vec::new();
        picture.write_to(&mut io::Cursor::new(&mut bytes), ImageFormat::Png).map_err(io::Error::other)?;
        fs::create_dir_all(&self.folder)?;
        self.make_room(bytes.len() as u64);
        files::write_cache(&self.path(key), &bytes)
    }

    /// Remove the oldest files until this many bytes more are within the limit.
    fn make_room(&self, bytes: u64) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|ending| ending == EXTENSION))
            .filter_map(|entry| {
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut whole: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in files {
            if whole + bytes <= self.most {
                break;
            }
            match fs::remove_file(&path) {
                Ok(()) => whole -= size,
                Err(error) => tracing::debug!("cannot remove {}: {error}", path.display()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn picture(shade: u8) -> RgbImage {
        RgbImage::from_fn(20, 10, |x, y| image::Rgb([shade, (x * 7) as u8, (y * 9) as u8]))
    }

    fn age(store: &ExtractStore, key: &str, seconds: u64) {
        let file = File::options().append(true).open(store.path(key)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    }

    #[test]
    fn stored_extracts_are_loaded_and_nothing_else_is() {
        let cache = tempfile::tempdir().unwrap();
        let store = ExtractStore::new(cache.path());
        assert_eq!(store.load("a", (20, 10)), None);
        store.save("a", &picture(7)).unwrap();
        assert_eq!(store.load("a", (20, 10)), Some(picture(7)));
        assert_eq!(store.load("a", (10, 20)), None, "another shape");
        assert_eq!(store.load("b", (20, 10)), None);
    }

    #[test]
    fn a_truncated_file_counts_as_missing_and_is_replaced() {
        let cache = tempfile::tempdir().unwrap();
        let store = ExtractStore::new(cache.path());
        store.save("a", &picture(7)).unwrap();
        let bytes = fs::read(store.path("a")).unwrap();
        for cut in [0, 1, 8, bytes.len() / 2, bytes.len() - 14] {
            fs::write(store.path("a"), &bytes[..cut]).unwrap();
            assert_eq!(store.load("a", (20, 10)), None, "cut to {cut} bytes");
        }
        store.save("a", &picture(9)).unwrap();
        assert_eq!(store.load("a", (20, 10)), Some(picture(9)));
        assert_eq!(fs::read_dir(cache.path().join(FOLDER)).unwrap().count(), 1, "nothing else is left there");
    }

    #[test]
    fn the_least_recently_used_are_removed_first() {
        let cache = tempfile::tempdir().unwrap();
        let one = {
            let store = ExtractStore::new(cache.path());
            store.save("size", &picture(0)).unwrap();
            let size = fs::metadata(store.path("size")).unwrap().len();
            fs::remove_file(store.path("size")).unwrap();
            size
        };
        let store = ExtractStore::new(cache.path()).with_limit(3 * one + one / 2);
        for (seconds, key) in [(300, "a"), (200, "b"), (100, "c")] {
            store.save(key, &picture(0)).unwrap();
            age(&store, key, seconds);
        }
        assert!(store.load("a", (20, 10)).is_some());
        store.save("d", &picture(0)).unwrap();
        let there = ["a", "b", "c", "d"].map(|key| store.path(key).exists());
        assert_eq!(there, [true, false, true, true]);
    }
}
