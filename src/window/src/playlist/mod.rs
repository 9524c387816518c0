//! Playlists: paintings that follow each other by themselves, on the full screen or in the second window.

mod history;
mod list;
mod outside;
mod page;
mod player;

use std::path::{Path, PathBuf};

use list::Playlist;

use super::{
    ImpastoApp,
    dialogs::Ask,
    extensions::PLAYLIST,
    saving::{Extension, Saving},
};
use history::{History, Kept};
use impasto_base::{error::chain, hash::Sha256Hash};
use outside::Outside;
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
    outside: Outside,
    history: History,
}

/// A playlist that was read.
struct Read {
    list: Playlist,
    hash: Sha256Hash,
    /// The files that it names outside of its folder; `None` if it was saved here, or agreed to before.
    outside: Option<Vec<PathBuf>>,
}

impl Lists {
    /// Whether a playlist is being painted.
    pub fn plays(&self) -> bool {
        self.player.is_some()
    }
}

impl Lists {
    /// Take a list that was there before, with the file that is its own.
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
        self.ask_for_file(Ask::open_playlist(), Self::read_playlist);
    }

    pub(super) fn ask_to_save_playlist(&mut self) {
        let name = self.playlist.name.clone().unwrap_or_else(|| format!("playlist.{PLAYLIST}"));
        let saving = Saving::new(Extension::Always(PLAYLIST), |app, path, _| app.write_playlist(path));
        self.ask_to_save_as(Ask::save_playlist(&name), saving);
    }

    /// What becomes of the playlist if the window closes now, where that matters.
    pub(super) fn playlist_left_by_closing(&self) -> Option<String> {
        let unsaved = self.playlist.list != self.playlist.saved && !self.playlist.list.entries.is_empty();
        let unsaved = unsaved.then_some(match self.playlist.file {
            Some(_) => "What was changed of the playlist is not saved.",
            None => "The playlist is not saved.",
        });
        let plays =
            self.playlist.plays().then_some("A playlist is in play; the next start begins without it.");
        let text: Vec<&str> = plays.into_iter().chain(unsaved).collect();
        (!text.is_empty()).then(|| text.join(" "))
    }

    fn read_playlist(&mut self, path: PathBuf) {
        let path = std::path::absolute(&path).unwrap_or(path);
        let (file, known) = (path.clone(), self.files.known.clone());
        let work = move || {
            let (list, hash) = Playlist::read(&file).map_err(|error| chain(&error))?;
            // Saved here, or agreed to before.
            let own = known.path_of(&hash).as_ref() == Some(&file);
            let outside = (!own).then(|| outside::outside(&list, &file));
            Ok(Read { list, hash, outside })
        };
        self.tasks.spawn("playlist", work, move |app: &mut Self, _, result| app.playlist_read(&path, result));
    }

    fn playlist_read(&mut self, path: &Path, result: Result<Read, String>) {
        match result {
            Ok(Read { list, hash, outside }) => {
                self.stop_list();
                match outside {
                    Some(outside) => self.playlist.outside.ask(path, hash, outside),
                    None => list.entries.iter().for_each(|entry| self.playlist.outside.allow(entry)),
                }
                self.playlist.name = file_name(path);
                self.playlist.file = Some(path.to_owned());
                self.playlist.saved = list.clone();
                self.playlist.list = list;
                self.playlist.open = true;
            }
            Err(text) => self.messages.toasts.add(super::widgets::sentence(&text)),
        }
    }

    /// Write the playlist.
    fn write_playlist(&self, path: PathBuf) {
        let list = self.playlist.list.clone();
        let file = path.clone();
        let known = self.files.known.clone();
        let agreed = self.playlist.outside.allows_all(&list);
        let work = move || {
            let written = list.write(&file).map_err(|error| chain(&error));
            let result = written.map(|hash| {
                if agreed {
                    known.add(&file, &hash);
                }
            });
            (list, result)
        };
        self.tasks.save(&path.clone(), "save", work, move |app: &mut Self, _, (list, result)| {
            app.playlist_saved(&path, list, result);
        });
    }

    fn playlist_saved(&mut self, path: &Path, list: Playlist, result: Result<(), String>) {
        match result {
            Ok(()) => {
                self.playlist.name = file_name(path);
                self.playlist.file = Some(path.to_owned());
                self.playlist.saved = list;
                self.messages.toasts.add(format!("Saved {}", path.display()));
            }
            Err(text) => {
                self.files.closing.save_failed();
                self.messages
                    .toasts
                    .add(super::widgets::sentence(&format!("The playlist is not saved: {text}")));
            }
        }
    }
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}
