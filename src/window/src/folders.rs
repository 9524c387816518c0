//! The folders in which dialogs start: for each kind of file the one used last.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ImpastoApp;

/// Kinds of files that lie in folders of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Pictures to paint from.
    Pictures,
    Projects,
    Playlists,
    Weights,
    /// Paintings, and whatever else the window makes.
    Exports,
}

/// The folder used last for each kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Folders {
    pictures: Option<PathBuf>,
    projects: Option<PathBuf>,
    playlists: Option<PathBuf>,
    weights: Option<PathBuf>,
    exports: Option<PathBuf>,
}

impl Folders {
    fn of(&mut self, kind: FileKind) -> &mut Option<PathBuf> {
        match kind {
            FileKind::Pictures => &mut self.pictures,
            FileKind::Projects => &mut self.projects,
            FileKind::Playlists => &mut self.playlists,
            FileKind::Weights => &mut self.weights,
            FileKind::Exports => &mut self.exports,
        }
    }

    fn get(&self, kind: FileKind) -> Option<&Path> {
        match kind {
            FileKind::Pictures => self.pictures.as_deref(),
            FileKind::Projects => self.projects.as_deref(),
            FileKind::Playlists => self.playlists.as_deref(),
            FileKind::Weights => self.weights.as_deref(),
            FileKind::Exports => self.exports.as_deref(),
        }
    }

    /// Notes the folder of a path that was picked, or the path itself if it is a folder.
    pub fn used(&mut self, kind: FileKind, path: &Path) {
        let folder = if path.is_dir() { Some(path) } else { path.parent() };
        *self.of(kind) = folder.map(Path::to_owned);
    }

    /// All that are known.
    pub fn all(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let Self { pictures, projects, playlists, weights, exports } = self;
        [exports, pictures, projects, playlists, weights].into_iter().flatten()
    }
}

impl ImpastoApp {
    /// The folder for files of this kind: the one used last if it is still there, else that of what was
    /// saved last or the system's own. `None` if there is no home.
    pub(super) fn folder_for(&self, kind: FileKind) -> Option<PathBuf> {
        let saved_to = matches!(kind, FileKind::Projects | FileKind::Playlists).then_some(FileKind::Exports);
        let mut known =
            [Some(kind), saved_to].into_iter().flatten().filter_map(|kind| self.files.folders.get(kind));
        known
            .find(|folder| folder.is_dir())
            .map(Path::to_owned)
            .or_else(|| self.desktop.dialogs.first_folder())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_folder_of_its_own() {
        let there = tempfile::tempdir().unwrap();
        let mut folders = Folders::default();
        folders.used(FileKind::Exports, there.path());
        folders.used(FileKind::Weights, Path::new("/somewhere/a.pth"));
        assert_eq!(folders.get(FileKind::Exports), Some(there.path()));
        assert_eq!(folders.get(FileKind::Weights), Some(Path::new("/somewhere")));
        assert_eq!(folders.get(FileKind::Pictures), None);
        let text = toml::to_string(&folders).unwrap();
        assert_eq!(toml::from_str::<Folders>(&text).unwrap(), folders);
    }
}
