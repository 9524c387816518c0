//! Playlists as files: paintings in an order, each for a while.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::origin::{Origin, RememberedStyle};
use impasto_base::{files, hash::Sha256Hash, random::SplitMix64};
use impasto_core::{settings::Settings, transfer::MAX_STYLES};

/// Version of the form that this program writes; it reads this one and those before.
const VERSION: u64 = 1;
/// Largest file that is read, in bytes, and most entries.
const MOST_BYTES: u64 = 8 << 20;
const MOST_ENTRIES: usize = 1000;
/// Seconds that an entry may last, and that a picture may take to fade.
pub const SECONDS: std::ops::RangeInclusive<f64> = 5.0..=86_400.0;
pub const FADE: std::ops::RangeInclusive<f64> = 0.0..=30.0;

/// A playlist that cannot be used, or written.
#[derive(Debug, thiserror::Error)]
pub enum PlaylistError {
    #[error("cannot read the playlist {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the playlist {} is larger than a playlist can be", path.display())]
    TooLarge { path: PathBuf },
    #[error("the playlist {} cannot be used", path.display())]
    Parse { path: PathBuf, source: Box<toml::de::Error> },
    #[error("the playlist {} was written by a later version of this program", path.display())]
    Newer { path: PathBuf },
    #[error("the playlist {} cannot be used: entry {entry}: {reason}", path.display())]
    Entry { path: PathBuf, entry: usize, reason: String },
    #[error("the playlist {} cannot be used: {reason}", path.display())]
    Invalid { path: PathBuf, reason: String },
    #[error("cannot write the playlist {}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// Paintings in an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Playlist {
    version: u64,
    /// Begins again after the last.
    #[serde(rename = "loop")]
    pub repeat: bool,
    /// In an order that this number decides, another one in each round; without it in the order of the
    /// entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shuffle: Option<u64>,
    /// Seconds in which one painting fades into the next.
    pub fade: f64,
    pub entries: Vec<Entry>,
}

/// A painting of a playlist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// How long it is painted; without it until it is finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// A bundled preset or one of the person's own, by its name; the settings in force otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    pub content: Origin,
    pub styles: Vec<RememberedStyle>,
    /// Whole settings, instead of a preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Box<Settings>>,
}

impl Default for Playlist {
    fn default() -> Self {
        Self { version: VERSION, repeat: true, shuffle: None, fade: 2.0, entries: Vec::new() }
    }
}

fn origin_name(origin: &Origin) -> String {
    match origin {
        Origin::Example(title) => title.clone(),
        Origin::File(path) => path
            .file_stem()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()),
    }
}

impl Entry {
    /// What is painted in what.
    pub fn title(&self) -> String {
        let styles: Vec<String> = self.styles.iter().map(|style| origin_name(&style.picture)).collect();
        format!("{} in {}", origin_name(&self.content), styles.join(", "))
    }

    /// The pictures that it is painted from.
    fn origins(&mut self) -> impl Iterator<Item = &mut Origin> {
        std::iter::once(&mut self.content).chain(self.styles.iter_mut().map(|style| &mut style.picture))
    }

    /// The files of its pictures.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let styles = self.styles.iter().map(|style| &style.picture);
        std::iter::once(&self.content).chain(styles).filter_map(|origin| match origin {
            Origin::File(path) => Some(path.as_path()),
            Origin::Example(_) => None,
        })
    }

    fn check(&self) -> Result<(), String> {
        if self.styles.is_empty() || self.styles.len() > MAX_STYLES {
            return Err(format!("it has {} styles, but needs 1 to {MAX_STYLES}", self.styles.len()));
        }
        if let Some(seconds) = self.seconds
            && !SECONDS.contains(&seconds)
        {
            return Err(format!(
                "it lasts {seconds} seconds, but must last {} to {}",
                SECONDS.start(),
                SECONDS.end()
            ));
        }
        if self.preset.is_some() && self.settings.is_some() {
            return Err("it has a preset and settings, of which it can have one".to_owned());
        }
        for style in &self.styles {
            style.mix.validate().map_err(|error| error.to_string())?;
        }
        self.settings
            .as_ref()
            .map_or(Ok(()), |settings| settings.validate().map_err(|error| error.to_string()))
    }
}

impl Playlist {
    /// Read a playlist's file, and return the file's hash; pictures may be named from the folder that it is
    /// in.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is no playlist, or names something that cannot be.
    pub fn read(path: &Path) -> Result<(Self, Sha256Hash), PlaylistError> {
        let text = files::read_regular_text(path, MOST_BYTES).map_err(|source| match source.kind() {
            io::ErrorKind::FileTooLarge => PlaylistError::TooLarge { path: path.to_owned() },
            _ => PlaylistError::Read { path: path.to_owned(), source },
        })?;
        let parse = |source| PlaylistError::Parse { path: path.to_owned(), source: Box::new(source) };
        let table: toml::Table = toml::from_str(&text).map_err(parse)?;
        let newer =
            |version: &toml::Value| version.as_integer().is_some_and(|version| version > VERSION as i64);
        if table.get("version").is_some_and(newer) {
            return Err(PlaylistError::Newer { path: path.to_owned() });
        }
        let mut list: Self = toml::from_str(&text).map_err(parse)?;
        let invalid = |reason: String| PlaylistError::Invalid { path: path.to_owned(), reason };
        if list.entries.len() > MOST_ENTRIES {
            return Err(invalid(format!("it has {} entries, more than {MOST_ENTRIES}", list.entries.len())));
        }
        if !FADE.contains(&list.fade) {
            return Err(invalid(format!("fade is {}, but must be 0 to {} seconds", list.fade, FADE.end())));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        for (index, entry) in list.entries.iter_mut().enumerate() {
            entry.check().map_err(|reason| PlaylistError::Entry {
                path: path.to_owned(),
                entry: index + 1,
                reason,
            })?;
            for origin in entry.origins() {
                if let Origin::File(file) = origin
                    && file.is_relative()
                {
                    *file = folder.join(&*file);
                }
            }
        }
        Ok((list, Sha256Hash::of(text.as_bytes())))
    }

    /// Write it, and return the file's hash; the file appears whole or not at all.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<Sha256Hash, PlaylistError> {
        let write = || {
            let text = toml::to_string(self).map_err(std::io::Error::other)?;
            fs::create_dir_all(files::folder_of(path))?;
            files::write_atomic_shared(path, text.as_bytes())?;
            Ok(Sha256Hash::of(text.as_bytes()))
        };
        write().map_err(|source| PlaylistError::Write { path: path.to_owned(), source })
    }

    /// The entries of a round, counted from 0, in the order in which they are painted.
    pub fn order(&self, round: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        if let Some(seed) = self.shuffle {
            let mut random = SplitMix64::new(seed.wrapping_add(round.wrapping_mul(0xd1b5_4a32_d192_ed03)));
            // Fisher and Yates.
            for last in (1..order.len()).rev() {
                order.swap(last, (random.next_u64() % (last as u64 + 1)) as usize);
            }
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::StyleMix;

    fn entry(content: Origin) -> Entry {
        let style = RememberedStyle {
            mix: StyleMix { weight: 0.3, ..StyleMix::default() },
            picture: Origin::Example("Swirl".into()),
        };
        Entry { seconds: Some(40.0), preset: None, content, styles: vec![style], settings: None }
    }

    fn list() -> Playlist {
        let settings = Settings { style_weight: 0.1 + 0.2, size: 77, ..Settings::default() };
        let mut whole = entry(Origin::Example("Chelsea".into()));
        (whole.settings, whole.seconds) = (Some(Box::new(settings)), None);
        let mut preset = entry(Origin::File("/pictures/meadow.png".into()));
        preset.preset = Some("Bold strokes".into());
        Playlist { shuffle: Some(7), fade: 1.5, entries: vec![whole, preset], ..Playlist::default() }
    }

    #[test]
    fn a_playlist_comes_back_and_finds_the_pictures_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evening.toml");
        let hash = list().write(&path).unwrap();
        assert_eq!(Playlist::read(&path).unwrap(), (list(), hash));
        let text = "[[entries]]\ncontent = { file = \"lake.png\" }\nstyles = [{ picture = { example = \"Swirl\" } }]\n";
        fs::write(&path, text).unwrap();
        let (read, _) = Playlist::read(&path).unwrap();
        assert_eq!(read.entries[0].content, Origin::File(folder.path().join("lake.png")));
        assert_eq!((read.entries[0].seconds, read.repeat, read.fade), (None, true, 2.0));
        assert_eq!(read.entries[0].styles[0].mix, StyleMix::default());
    }

    #[test]
    fn what_is_no_playlist_is_told_with_the_file_and_the_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("strange.toml");
        let style = "styles = [{ picture = { example = \"Swirl\" } }]\n";
        let content = "content = { example = \"Chelsea\" }\n";
        let entry = |rest: &str| format!("[[entries]]\n{rest}");
        for (text, said) in [
            ("version = 2\n".to_owned(), "later version"),
            ("fade = -1.0\n".to_owned(), "fade is -1"),
            ("fade = nan\n".to_owned(), "fade is NaN"),
            ("tempo = 3\n".to_owned(), "unknown field"),
            (entry(content), "missing field `styles`"),
            (entry(&format!("{content}styles = []\n")), "entry 1: it has 0 styles"),
            (entry(&format!("{content}{style}seconds = 0.0\n")), "entry 1: it lasts 0 seconds"),
            (
                entry(&format!("preset = \"x\"\n{content}{style}[entries.settings]\n")),
                "a preset and settings",
            ),
            (
                entry(&format!("{content}{style}[entries.settings]\nsteps = 0\n")),
                "entry 1: steps: must be at least 1",
            ),
            (
                entry(&format!(
                    "{content}styles = [{{ weight = -1.0, picture = {{ example = \"Swirl\" }} }}]\n"
                )),
                "entry 1",
            ),
            ("entries = 3".to_owned(), "cannot be used"),
        ] {
            fs::write(&path, &text).unwrap();
            let error = Playlist::read(&path).unwrap_err();
            let error = impasto_base::error::chain(&error);
            assert!(error.contains(said) && error.contains("strange.toml"), "{text}: {error}");
        }
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(Playlist::read(&path).is_err());
        fs::write(&path, " ".repeat(MOST_BYTES as usize + 1)).unwrap();
        assert!(matches!(Playlist::read(&path), Err(PlaylistError::TooLarge { .. })));
        assert!(matches!(Playlist::read(folder.path()), Err(PlaylistError::Read { .. })));
    }

    #[test]
    fn a_seed_decides_the_order_and_each_round_has_another() {
        let mut list = list();
        list.entries = (0..12).map(|i| entry(Origin::Example(i.to_string()))).collect();
        let (first, second) = (list.order(0), list.order(1));
        assert_eq!(first, list.order(0), "the same seed gives the same order");
        assert_ne!(first, second);
        list.shuffle = Some(8);
        assert_ne!(first, list.order(0));
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..12).collect::<Vec<_>>(), "every entry once");
        list.shuffle = None;
        assert_eq!(list.order(5), sorted);
        list.entries.clear();
        assert!(list.order(0).is_empty());
    }
}
