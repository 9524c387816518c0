//! File dialogs, behind a trait so that tests can answer them.

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use super::extensions;
use impasto_formats::project::EXTENSION;

/// What a person picked; `None` when the dialog was cancelled or could not be shown.
pub type Answer = Pin<Box<dyn Future<Output = Option<Vec<PathBuf>>> + Send>>;

/// Ways to ask for a file. Called on the window's thread; the answer is awaited on another.
pub trait Dialogs: Send + Sync {
    /// Asks for one or several pictures to open.
    fn open_pictures(&self, title: &str, several: bool) -> Answer;
    /// Asks for a weights file.
    fn open_weights(&self) -> Answer;
    /// Asks where to save a picture.
    fn save_picture(&self, name: &str, folder: Option<&Path>) -> Answer;
    /// Asks for a project to open.
    fn open_project(&self) -> Answer;
    /// Asks where to save a project.
    fn save_project(&self, name: &str, folder: Option<&Path>) -> Answer;
    /// Asks for a playlist to open.
    fn open_playlist(&self) -> Answer;
    /// Asks where to save a playlist.
    fn save_playlist(&self, name: &str, folder: Option<&Path>) -> Answer;
    /// Asks where to save a time-lapse, in the format of the extension.
    fn save_timelapse(&self, name: &str, extension: &str, folder: Option<&Path>) -> Answer;
    /// Asks for a folder.
    fn pick_folder(&self, title: &str, folder: Option<&Path>) -> Answer;
    /// Whether the save dialog itself asks before a file is replaced.
    fn confirms_replacing(&self) -> bool;
    /// The folder that a save dialog opens in first, and where files go if no dialog can be shown; `None` if there is no home.
    fn first_folder(&self) -> Option<PathBuf>;
}

/// The system's dialogs.
pub struct SystemDialogs;

const PICTURES: [&str; 12] =
    ["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif", "PNG", "JPG", "JPEG", "TIF"];

impl Dialogs for SystemDialogs {
    fn open_pictures(&self, title: &str, several: bool) -> Answer {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title(title)
            .add_filter("Pictures", &PICTURES)
            .add_filter("All files", &["*"]);
        if several {
            let picked = dialog.pick_files();
            Box::pin(async move { Some(picked.await?.iter().map(|file| file.path().to_owned()).collect()) })
        } else {
            one(dialog.pick_file())
        }
    }

    fn open_weights(&self) -> Answer {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("VGG-19 weights")
            .add_filter("Weights", &["safetensors", "pth", "pt"])
            .add_filter("All files", &["*"]);
        one(dialog.pick_file())
    }

    fn save_picture(&self, name: &str, folder: Option<&Path>) -> Answer {
        let mut dialog = rfd::AsyncFileDialog::new()
            .set_title("Save the picture")
            .add_filter("PNG", &["png"])
            .add_filter("JPEG", &["jpg", "jpeg"])
            .add_filter("WebP", &["webp"])
            .add_filter("TIFF", &["tif", "tiff"])
            .set_file_name(name);
        if let Some(folder) = folder {
            dialog = dialog.set_directory(folder);
        }
        one(dialog.save_file())
    }

    fn open_project(&self) -> Answer {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open a project")
            .add_filter("Impasto projects", &[EXTENSION])
            .add_filter("All files", &["*"]);
        one(dialog.pick_file())
    }

    fn save_project(&self, name: &str, folder: Option<&Path>) -> Answer {
        let mut dialog = rfd::AsyncFileDialog::new()
            .set_title("Save the project")
            .add_filter("Impasto projects", &[EXTENSION])
            .set_file_name(name);
        if let Some(folder) = folder {
            dialog = dialog.set_directory(folder);
        }
        one(dialog.save_file())
    }

    fn open_playlist(&self) -> Answer {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open a playlist")
            .add_filter("Playlists", &[extensions::PLAYLIST])
            .add_filter("All files", &["*"]);
        one(dialog.pick_file())
    }

    fn save_playlist(&self, name: &str, folder: Option<&Path>) -> Answer {
        let mut dialog = rfd::AsyncFileDialog::new()
            .set_title("Save the playlist")
            .add_filter("Playlists", &[extensions::PLAYLIST])
            .set_file_name(name);
        if let Some(folder) = folder {
            dialog = dialog.set_directory(folder);
        }
        one(dialog.save_file())
    }

    fn save_timelapse(&self, name: &str, extension: &str, folder: Option<&Path>) -> Answer {
        let mut dialog = rfd::AsyncFileDialog::new()
            .set_title("Save the time-lapse")
            .add_filter("Time-lapse", &[extension])
            .set_file_name(name);
        if let Some(folder) = folder {
            dialog = dialog.set_directory(folder);
        }
        one(dialog.save_file())
    }

    fn pick_folder(&self, title: &str, folder: Option<&Path>) -> Answer {
        let mut dialog = rfd::AsyncFileDialog::new().set_title(title);
        if let Some(folder) = folder {
            dialog = dialog.set_directory(folder);
        }
        one(dialog.pick_folder())
    }

    fn confirms_replacing(&self) -> bool {
        // On Linux it depends on which portal answers.
        cfg!(any(windows, target_os = "macos"))
    }

    fn first_folder(&self) -> Option<PathBuf> {
        let dirs = directories::UserDirs::new()?;
        let pictures = dirs.picture_dir().filter(|folder| folder.is_dir());
        Some(pictures.unwrap_or_else(|| dirs.home_dir()).to_owned())
    }
}

fn one(picked: impl Future<Output = Option<rfd::FileHandle>> + Send + 'static) -> Answer {
    Box::pin(async move { Some(vec![picked.await?.path().to_owned()]) })
}

/// Waits for an answer on the current thread.
pub fn wait(answer: Answer) -> Option<Vec<PathBuf>> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut answer = pin!(answer);
    loop {
        if let Poll::Ready(picked) = answer.as_mut().poll(&mut context) {
            return picked;
        }
        thread::park();
    }
}
