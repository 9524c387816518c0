//! The queue's file, in a folder that one window at a time locks.

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::{Item, ItemSource, ItemState, StoredPixels};
use impasto_base::{files, hash::Sha256Hash};
use impasto_core::picture::{self, MAX_TEXT, Picture, SaveError};
use impasto_formats::recipe::Recipe;

const LOCK: &str = "lock";
const FILE: &str = "queue.toml";

/// Why the queue cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("another window of Impasto has the queue: close that one, then try again here")]
    Busy,
    #[error("the queue's folder {} cannot be used", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
}

/// The queue's folder, locked while this lives.
#[derive(Debug)]
pub struct QueueStore {
    folder: PathBuf,
    _lock: File,
}

#[derive(Default, Serialize, Deserialize)]
struct Written {
    #[serde(default)]
    items: Vec<Item>,
}

impl QueueStore {
    /// Lock the queue's folder.
    ///
    /// # Errors
    ///
    /// If another window holds the lock, or the folder cannot be created.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let wrong = |source| StoreError::Folder { folder: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(wrong)?;
        let lock = File::create(folder.join(LOCK)).map_err(wrong)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
            Err(TryLockError::Error(source)) => Err(wrong(source)),
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Read the items. An item that was being painted waits again, and stored pictures that no item uses are
    /// removed.
    ///
    /// # Errors
    ///
    /// A description of what is wrong with the file. It is kept under another name.
    pub fn load(&self) -> Result<Vec<Item>, String> {
        let path = self.folder.join(FILE);
        let written = match fs::read_to_string(&path) {
            // An empty file is never written: a power cut left it.
            Ok(text) if text.trim().is_empty() => Err("the file is empty".to_owned()),
            Ok(text) => toml::from_str::<Written>(&text).map_err(|error| error.message().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Written::default()),
            Err(error) => Err(error.to_string()),
        };
        let mut items = match written {
            Ok(written) => written.items,
            Err(reason) => {
                let backup = path.with_extension("toml.broken");
                let outcome = match fs::rename(&path, &backup) {
                    Ok(()) => format!("it was kept as {}", backup.display()),
                    Err(_) => "it will be overwritten".to_owned(),
                };
                let reason = reason.lines().next().unwrap_or_default();
                return Err(format!("the queue in {} cannot be used ({reason}); {outcome}", path.display()));
            }
        };
        for item in items.iter_mut().filter(|item| item.state == ItemState::Painting) {
            item.state = ItemState::Waiting;
        }
        self.tidy(&Self::needed(&items));
        Ok(items)
    }

    /// The files that items need in the queue's folder.
    pub(super) fn needed(items: &[Item]) -> BTreeSet<String> {
        items.iter().flat_map(Item::stored).map(StoredPixels::file).collect()
    }

    /// Remove all stored pictures but these.
    pub(super) fn tidy(&self, needed: &BTreeSet<String>) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("kept-") && !needed.contains(&name) {
                // Best effort: a leftover only costs disk space.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Write the items atomically.
    ///
    /// # Errors
    ///
    /// Any file system error, and paths that are not Unicode.
    pub fn write(&self, items: Vec<Item>) -> io::Result<()> {
        let mut written = Written { items };
        let mut left_out = None;
        let text = match toml::to_string(&written) {
            Ok(text) => text,
            Err(error) => {
                // Leave out only the items that cannot be written.
                let one = |item: &Item| toml::to_string(item).is_ok();
                left_out = written
                    .items
                    .iter()
                    .find(|item| !one(item))
                    .map(|item| format!("{}: {error}", item.title()));
                written.items.retain(one);
                toml::to_string(&written).map_err(io::Error::other)?
            }
        };
        files::write_atomic(&self.folder.join(FILE), text.as_bytes())?;
        left_out.map_or(Ok(()), |reason| Err(io::Error::other(reason)))
    }

    /// Store the pixels of a picture without a file; returns the picture's source.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn keep(folder: &Path, picture: &Picture) -> Result<ItemSource, SaveError> {
        let source = ItemSource::of(picture);
        if let ItemSource::StoredPixels(stored) = &source {
            let path = folder.join(stored.file());
            if !path.is_file() {
                write_pixels(picture, &path)?;
            }
        }
        Ok(source)
    }

    /// Store a painted picture with its recipe, as a later painting begins with it.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn keep_painting(
        folder: &Path,
        picture: &RgbImage,
        recipe: &Recipe,
    ) -> Result<StoredPixels, SaveError> {
        let text = recipe.text(MAX_TEXT).unwrap_or_default();
        let sha256 = Sha256Hash::of_pieces([picture.as_raw().as_slice(), text.as_bytes()]);
        let stored = StoredPixels { name: "the picture that it begins with".to_owned(), sha256 };
        picture::save_with_text(picture, &folder.join(stored.file()), true, &|room| recipe.text(room))?;
        Ok(stored)
    }
}

/// Write a PNG, with the picture's transparency if it has any.
fn write_pixels(picture: &Picture, path: &Path) -> Result<(), SaveError> {
    let Some(alpha) = &picture.alpha else { return picture::save(&picture.rgb, path, true) };
    let pixels = image::RgbaImage::from_fn(picture.rgb.width(), picture.rgb.height(), |x, y| {
        let [r, g, b] = picture.rgb[(x, y)].0;
        image::Rgba([r, g, b, alpha[(x, y)].0[0]])
    });
    picture::write_with(path, true, |file| {
        let encoder = image::codecs::png::PngEncoder::new(file);
        pixels
            .write_with_encoder(encoder)
            .map_err(|source| SaveError::Encode { path: path.to_owned(), source })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{ItemStart, ItemStyle};
    use impasto_core::settings::{Settings, StyleMix};

    fn hash(byte: &str) -> impasto_base::hash::Sha256Hash {
        byte.repeat(32).parse().unwrap()
    }

    fn item(state: ItemState) -> Item {
        let style = |source| ItemStyle { source, mix: StyleMix { weight: 1.0 / 3.0, ..StyleMix::default() } };
        let stored = |byte: &str| StoredPixels { name: "pasted".into(), sha256: hash(byte) };
        let settings =
            Settings { learning_rate: 0.1 + 0.2, palette: Some("p.png".into()), ..Settings::default() };
        let content = ItemSource::File { path: "/a b/ü.jpg".into(), sha256: None };
        let styles = ["Swirl".into()]
            .map(ItemSource::Example)
            .into_iter()
            .chain([ItemSource::StoredPixels(stored("77"))]);
        Item {
            id: 3,
            palette: Some(ItemSource::StoredPixels(stored("78"))),
            masks: vec![ItemSource::StoredPixels(stored("80"))],
            start: ItemStart::Course { picture: stored("79"), steps: 70 },
            without_recipe: true,
            state,
            ..Item::new(content, styles.map(style).collect(), "/out/ü in Swirl.png".into(), settings)
        }
    }

    #[test]
    fn items_are_read_back_and_an_unfinished_one_waits_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = QueueStore::open(folder.path()).unwrap();
        assert_eq!(store.load(), Ok(Vec::new()));
        let failed = ItemState::Failed { message: "no memory".into() };
        let items = [
            ItemState::Painting,
            failed,
            ItemState::Done { seconds: 0.1 + 0.2 },
            ItemState::Cancelled,
            ItemState::AlreadyPainted,
        ]
        .map(item);
        for needed in ["77", "79", "80"] {
            fs::write(folder.path().join(format!("kept-{}.png", needed.repeat(12))), "x").unwrap();
        }
        fs::write(folder.path().join("kept-0.png"), "x").unwrap();
        store.write(items.to_vec()).unwrap();
        // The names in the file stay, whatever the types are called.
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        let file: toml::Table = toml::from_str(&text).unwrap();
        assert!(file["items"][0]["styles"][1]["source"].get("kept").is_some(), "{text}");
        assert_eq!(file["items"][4]["state"].as_str(), Some("there"), "{text}");
        let back = store.load().unwrap();
        assert_eq!(back[0], item(ItemState::Waiting));
        assert_eq!(back[1..], items[1..]);
        for needed in ["77", "79", "80"] {
            assert!(folder.path().join(format!("kept-{}.png", needed.repeat(12))).exists());
        }
        assert!(!folder.path().join("kept-0.png").exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_path_that_is_not_unicode_drops_its_own_item_alone() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        let store = QueueStore::open(folder.path()).unwrap();
        let mut odd = item(ItemState::Waiting);
        odd.output = Path::new(std::ffi::OsStr::from_bytes(b"/caf\xe9.png")).to_owned();
        let error = store.write(vec![item(ItemState::Waiting), odd, item(ItemState::Cancelled)]).unwrap_err();
        assert!(error.to_string().contains("ü.jpg in"), "{error}");
        assert_eq!(store.load(), Ok(vec![item(ItemState::Waiting), item(ItemState::Cancelled)]));
    }

    #[test]
    fn one_window_at_a_time_has_the_queue() {
        let folder = tempfile::tempdir().unwrap();
        let store = QueueStore::open(folder.path()).unwrap();
        assert!(matches!(QueueStore::open(folder.path()), Err(StoreError::Busy)));
        drop(store);
        QueueStore::open(folder.path()).unwrap();
    }

    #[test]
    fn a_broken_file_is_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        let store = QueueStore::open(folder.path()).unwrap();
        for torn in ["items = 3", "", "\0\0\0"] {
            fs::write(folder.path().join(FILE), torn).unwrap();
            let text = store.load().unwrap_err();
            assert!(text.contains("queue.toml") && text.contains("kept as"), "{text}");
            assert_eq!(fs::read_to_string(folder.path().join("queue.toml.broken")).unwrap(), torn);
            assert_eq!(store.load(), Ok(Vec::new()));
        }
        // An empty queue is not an empty file.
        store.write(Vec::new()).unwrap();
        assert_eq!(store.load(), Ok(Vec::new()));
    }
}
