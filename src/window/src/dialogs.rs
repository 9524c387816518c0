//! File dialogs, behind a trait so that tests can answer them.

#[cfg(target_os = "linux")]
mod linux;
mod parent;

use std::{
    future::Future,
    path::PathBuf,
    pin::Pin,
    time::{Duration, Instant},
};

use self::parent::Parent;
use raw_window_handle::{HasDisplayHandle, HasWindowHandle};

use super::{extensions::PLAYLIST, folders::FileKind};
use impasto_core::picture;
use impasto_formats::project;

/// The outcome of a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// At least one path. A save dialog has asked already before it answers with a file that exists.
    Picked(Vec<PathBuf>),
    Cancelled,
    /// No dialog could be shown.
    Unavailable,
}

/// An answer that is awaited.
pub type Pending = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What a dialog picks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Open,
    OpenSeveral,
    Folder,
    Save,
}

/// A kind of files that a dialog lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub name: &'static str,
    /// In lower case; without any, all files are listed.
    pub extensions: Vec<&'static str>,
}

/// What to ask in a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub title: String,
    pub mode: Mode,
    /// The name that a save dialog proposes.
    pub name: String,
    pub filters: Vec<Filter>,
    /// The folder that the dialog starts in.
    pub folder: Option<PathBuf>,
    /// The kind of the files, each of which has a folder that was used last.
    pub kind: FileKind,
}

impl Ask {
    fn new(kind: FileKind, title: &str, mode: Mode, filters: &[(&'static str, &[&'static str])]) -> Self {
        let filters =
            filters.iter().map(|&(name, extensions)| Filter { name, extensions: extensions.to_vec() });
        Self {
            title: title.to_owned(),
            mode,
            name: String::new(),
            filters: filters.collect(),
            folder: None,
            kind,
        }
    }

    fn open(kind: FileKind, title: &str, filter: (&'static str, &[&'static str])) -> Self {
        Self::new(kind, title, Mode::Open, &[filter, ("All files", &[])])
    }

    fn save(kind: FileKind, title: &str, name: &str, filters: &[(&'static str, &[&'static str])]) -> Self {
        Self { name: name.to_owned(), ..Self::new(kind, title, Mode::Save, filters) }
    }

    /// One or several pictures to open.
    pub fn open_pictures(title: &str, several: bool) -> Self {
        let mode = if several { Mode::OpenSeveral } else { Mode::Open };
        Self { mode, ..Self::open(FileKind::Pictures, title, ("Pictures", &picture::EXTENSIONS)) }
    }

    pub fn open_weights() -> Self {
        Self::open(FileKind::Weights, "VGG-19 weights", ("Weights", &["safetensors", "pth", "pt"]))
    }

    pub fn open_project() -> Self {
        Self::open(FileKind::Projects, "Open a project", ("Impasto projects", &[project::EXTENSION]))
    }

    pub fn open_playlist() -> Self {
        Self::open(FileKind::Playlists, "Open a playlist", ("Playlists", &[PLAYLIST]))
    }

    pub fn save_picture(name: &str) -> Self {
        let filters: [(_, &[_]); 4] =
            [("PNG", &["png"]), ("JPEG", &["jpg", "jpeg"]), ("WebP", &["webp"]), ("TIFF", &["tif", "tiff"])];
        Self::save(FileKind::Exports, "Save the picture", name, &filters)
    }

    pub fn save_project(name: &str) -> Self {
        Self::save(
            FileKind::Projects,
            "Save the project",
            name,
            &[("Impasto projects", &[project::EXTENSION])],
        )
    }

    pub fn save_playlist(name: &str) -> Self {
        Self::save(FileKind::Playlists, "Save the playlist", name, &[("Playlists", &[PLAYLIST])])
    }

    /// Where to save a time-lapse, in the format of the extension.
    pub fn save_timelapse(name: &str, extension: &'static str) -> Self {
        Self::save(FileKind::Exports, "Save the time-lapse", name, &[("Time-lapse", &[extension])])
    }

    /// A folder with files of this kind, or for them.
    pub fn folder(kind: FileKind, title: &str) -> Self {
        Self::new(kind, title, Mode::Folder, &[])
    }

    /// The filter's file name patterns without the `*.` before them. Windows and macOS see no difference
    /// between `png` and `PNG`; elsewhere a picture to open may be written in any case, while a save dialog
    /// may take what it appends from here.
    fn endings(&self, filter: &Filter) -> Vec<String> {
        let plain = cfg!(any(windows, target_os = "macos"));
        let any_case = |extension: &str| {
            let case = |c: char| match c.is_ascii_alphabetic() {
                true => format!("[{}{}]", c, c.to_ascii_uppercase()),
                false => c.to_string(),
            };
            extension.chars().map(case).collect::<String>()
        };
        let of = |extension: &str| match (plain, self.mode) {
            (true, _) => vec![extension.to_owned()],
            (false, Mode::Save) => vec![extension.to_owned(), extension.to_ascii_uppercase()],
            (false, _) => vec![any_case(extension)],
        };
        filter.extensions.iter().flat_map(|extension| of(extension)).collect()
    }
}

/// Ways to ask for a file. Called on the window's thread; the answer is awaited on another.
pub trait Dialogs: Send + Sync {
    /// Show a dialog. A save dialog asks before a file is replaced.
    fn ask(&self, ask: Ask) -> Pending;
    /// The folder for what was saved nowhere yet; `None` if there is no home.
    fn first_folder(&self) -> Option<PathBuf>;
}

/// The system's dialogs.
pub struct SystemDialogs {
    parent: Option<Parent>,
}

impl SystemDialogs {
    /// Dialogs that belong to this window.
    pub fn of(window: &(impl HasWindowHandle + HasDisplayHandle)) -> Self {
        Self { parent: Parent::of(window) }
    }
}

impl Dialogs for SystemDialogs {
    #[cfg(target_os = "linux")]
    fn ask(&self, ask: Ask) -> Pending {
        Box::pin(linux::show(ask, self.parent))
    }

    #[cfg(not(target_os = "linux"))]
    fn ask(&self, ask: Ask) -> Pending {
        Box::pin(tell_apart(shown(&ask, self.parent), Duration::from_millis(150)))
    }

    fn first_folder(&self) -> Option<PathBuf> {
        let dirs = directories::UserDirs::new()?;
        let pictures = dirs.picture_dir().filter(|folder| folder.is_dir());
        Some(pictures.unwrap_or_else(|| dirs.home_dir()).to_owned())
    }
}

/// The paths that were picked, none if the dialog was cancelled or could not be shown.
type Paths = Pin<Box<dyn Future<Output = Option<Vec<PathBuf>>> + Send>>;

/// Show a dialog by rfd. macOS wants this on the window's thread.
fn shown(ask: &Ask, parent: Option<Parent>) -> Paths {
    let mut dialog = rfd::AsyncFileDialog::new().set_title(&ask.title);
    if let Some(parent) = &parent {
        dialog = dialog.set_parent(parent);
    }
    for filter in &ask.filters {
        let endings = if filter.extensions.is_empty() { vec!["*".to_owned()] } else { ask.endings(filter) };
        dialog = dialog.add_filter(filter.name, &endings);
    }
    if let Some(folder) = &ask.folder {
        dialog = dialog.set_directory(folder);
    }
    match ask.mode {
        Mode::Open => one(dialog.pick_file()),
        Mode::Folder => one(dialog.pick_folder()),
        Mode::Save => one(dialog.set_file_name(&ask.name).save_file()),
        Mode::OpenSeveral => {
            let picked = dialog.pick_files();
            Box::pin(async move { Some(picked.await?.iter().map(|file| file.path().to_owned()).collect()) })
        }
    }
}

fn one(picked: impl Future<Output = Option<rfd::FileHandle>> + Send + 'static) -> Paths {
    Box::pin(async move { Some(vec![picked.await?.path().to_owned()]) })
}

/// Tell a dialog that could not be shown, which ends sooner than a person could end it, from one that was
/// cancelled.
async fn tell_apart(picked: Paths, sooner: Duration) -> Answer {
    let asked = Instant::now();
    match picked.await {
        Some(paths) if !paths.is_empty() => Answer::Picked(paths),
        _ if asked.elapsed() < sooner => Answer::Unavailable,
        _ => Answer::Cancelled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(any(windows, target_os = "macos")))]
    fn pictures_are_listed_in_any_case_and_saved_in_two() {
        let open = Ask::open_pictures("Open", false);
        let endings = open.endings(&open.filters[0]);
        for wanted in ["[pP][nN][gG]", "[jJ][fF][iI][fF]", "[jJ][pP][eE]"] {
            assert!(endings.iter().any(|ending| ending == wanted), "{wanted}: {endings:?}");
        }
        let save = Ask::save_picture("a.png");
        assert_eq!(save.endings(&save.filters[0]), ["png", "PNG"]);
    }
}
