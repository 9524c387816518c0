//! Playlists: paintings that follow each other by themselves, on the full screen or in the second window.

mod history;
mod list;
mod page;
mod player;

use std::path::{Path, PathBuf};

pub use list::Playlist;
pub use page::PlaylistAction;

use super::{
    ImpastoApp,
    dialogs::Ask,
    extensions::PLAYLIST,
    tasks::{Done, Purpose, Saving},
};
use history::{History, Kept};
use impasto_base::error::chain;
use player::Player;

/// The playlist in hand.
#[derive(Default)]
pub struct Lists {
    list: Playlist,
    /// What stands in the file.
    saved: Playlist,
    name: Option<String>,
    /// That file itself.
    file: Option<PathBuf>,
    /// The page is shown.
    pub open: bool,
    player: Option<Player>,
    history: History,
}

impl Lists {
    /// Whether a playlist is being painted.
    pub fn plays(&self) -> bool {
        self.player.is_some()
    }
}

impl Lists {
    /// Takes a list that was there before, with the file that is its own.
    fn go_to(&mut self, kept: Kept) {
        if kept.file != self.file {
            self.name = kept.file.as_deref().and_then(file_name);
            (self.file, self.saved) = (kept.file, kept.saved);
        }
        self.list = kept.list;
    }
}

impl ImpastoApp {
    pub(super) fn ask_for_playlist(&mut self) {
        self.ask_for_file(Ask::open_playlist(), Purpose::OpenPlaylist);
    }

    pub(super) fn ask_to_save_playlist(&mut self) {
        let name = self.playlist.name.clone().unwrap_or_else(|| format!("playlist.{PLAYLIST}"));
        self.ask_for_file(Ask::save_playlist(&name), Purpose::Save(Saving::Playlist));
    }

    pub(super) fn read_playlist(&mut self, path: PathBuf) {
        self.tasks.start("playlist", move || {
            let result = Playlist::read(&path).map(Box::new).map_err(|error| chain(&error));
            Done::PlaylistRead { path, result }
        });
    }

    pub(super) fn playlist_read(&mut self, path: &Path, result: Result<Box<Playlist>, String>) {
        match result {
            Ok(list) => {
                self.stop_list();
                self.playlist.name = file_name(path);
                self.playlist.file = Some(path.to_owned());
                self.playlist.saved = Playlist::clone(&list);
                self.playlist.list = *list;
                self.playlist.open = true;
            }
            Err(text) => self.toasts.add(super::widgets::sentence(&text)),
        }
    }

    /// Writes the playlist.
    pub(super) fn write_playlist(&self, path: PathBuf) {
        let list = self.playlist.list.clone();
        self.tasks.save(&path.clone(), "save", move || {
            let result = list.write(&path).map_err(|error| chain(&error));
            Done::PlaylistSaved { path, list: Box::new(list), result }
        });
    }

    pub(super) fn playlist_saved(&mut self, path: &Path, list: Playlist, result: Result<(), String>) {
        match result {
            Ok(()) => {
                self.playlist.name = file_name(path);
                self.playlist.file = Some(path.to_owned());
                self.playlist.saved = list;
                self.toasts.add(format!("Saved {}", path.display()));
            }
            Err(text) => {
                self.toasts.add(super::widgets::sentence(&format!("The playlist is not saved: {text}")))
            }
        }
    }
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}
