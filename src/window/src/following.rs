//! Pictures follow their files: what another program saves fades into the painting.
//!
//! A new version takes the place of the old one in the history as well, so it is no entry: undo never goes
//! back behind a save, which only the program that saved can undo.

pub mod watcher;

use std::path::PathBuf;

use egui::{Context, ViewportId};

use self::watcher::{News, Stamp};
use super::{
    ImpastoApp,
    origin::Origin,
    picture_source::{Kept, Loaded, Opened, Source},
    slot::Slot,
};
use impasto_core::picture::Picture;
use impasto_engine::session::RunState;
use impasto_formats::known::KnownFiles;

impl Slot {
    /// The file that it follows, and which version of it is here.
    fn followed(&self) -> Option<(&PathBuf, Stamp)> {
        let loaded = self.picture.as_ref().filter(|_| self.loading.is_none())?;
        match (&loaded.origin, loaded.stamp) {
            (Some(Origin::File(path)), Some(stamp)) => Some((path, stamp)),
            _ => None,
        }
    }
}

impl Kept {
    /// Whether a picture may follow its file, which a stranger's project may have chosen.
    pub fn may_follow(&self, picture: &Picture, known: &KnownFiles) -> bool {
        let opened_before = |path| known.path_of(&picture.sha256).as_deref() == Some(path);
        picture.path.as_deref().is_some_and(|path| self.recalled.trust.allows(path) || opened_before(path))
    }
}

impl ImpastoApp {
    /// The slots whose pictures may follow their files. What a painting began with is of no account later.
    fn following_slots(&mut self) -> impl Iterator<Item = &mut Slot> {
        let pictures = &mut self.pictures;
        [&mut pictures.content, &mut pictures.palette].into_iter().chain(&mut pictures.styles)
    }

    /// Keep up with the files that other programs save.
    pub(super) fn follow_files(&mut self, ctx: &Context) {
        let mut files: Vec<(PathBuf, Option<Stamp>)> = Vec::new();
        let mut add = |path: &PathBuf, stamp| {
            if files.iter().all(|(other, _)| other != path) {
                files.push((path.clone(), stamp));
            }
        };
        if self.view.layout.follow_files {
            let slots = self.following_slots().filter_map(|slot| slot.followed());
            slots.for_each(|(path, stamp)| add(path, Some(stamp)));
            self.pictures.masks.followed().for_each(|(path, stamp)| add(path, Some(stamp)));
        }
        // A mask that is missing has no former version that could stay.
        self.pictures.masks.awaited().for_each(|(path, stamp)| add(path, stamp));
        let (background, known) = (self.settings.background, self.files.known.clone());
        let open = || -> watcher::Open<Box<Opened>> {
            Box::new(move |path| Source::File(path.to_owned()).open(background, &known))
        };
        let theirs = ctx.clone();
        self.pictures.watcher.watch(files, open, move || theirs.request_repaint_of(ViewportId::ROOT));
        // A run that has not begun to paint would begin again.
        if self.run.state == RunState::Preparing {
            return;
        }
        while let Some(news) = self.pictures.watcher.next() {
            self.take_version(ctx, news);
        }
    }

    /// Put a new version of a file into the slots and masks that follow it.
    fn take_version(&mut self, ctx: &Context, News { path, stamp, opened }: News<Box<Opened>>) {
        let follows = |slot: &Slot| slot.followed().is_some_and(|(file, _)| *file == path);
        let first = self.following_slots().find(|slot| follows(slot)).map(|slot| slot.id);
        let is_mask = self.pictures.masks.followed().any(|(file, _)| *file == path);
        let was_missing = self.pictures.masks.awaited().any(|(file, _)| *file == path);
        if first.is_none() && !is_mask && !was_missing {
            return;
        }
        let opened = opened.and_then(|opened| match first {
            Some(first) => self.room_for(first, Ok(opened)),
            None => Ok(opened),
        });
        let opened = match opened {
            Ok(opened) => opened,
            Err(reason) if first.is_none() && was_missing => {
                return self.pictures.masks.miss(&path, reason, Some(stamp));
            }
            Err(reason) => {
                return self.messages.toasts.add(format!("{reason}; the former version stays."));
            }
        };
        let loaded = Loaded { stamp: Some(stamp), ..opened.into_loaded(ctx) };
        let in_use = self.settings.masks.files().any(|file| file == path);
        if self.pictures.masks.take_version(&path, stamp, &loaded.picture) && in_use {
            let text = if was_missing { "A mask that was missing is there." } else { "A mask has changed." };
            self.messages.toasts.add(text);
        }
        let mut replaced = Vec::new();
        for slot in self.following_slots().filter(|slot| follows(slot)) {
            let Some(before) = &mut slot.picture else { continue };
            // Saved again, and nothing is new.
            if before.picture.sha256 == loaded.picture.sha256 {
                before.stamp = Some(stamp);
                continue;
            }
            replaced.push(std::mem::replace(before, loaded.clone()));
        }
        self.pictures.gallery.changed(path);
        replaced.iter().for_each(|before| self.undo.file_was_saved(before, &loaded));
    }

    pub(super) fn toggle_following(&mut self) {
        self.view.layout.follow_files = !self.view.layout.follow_files;
        self.messages.toasts.add(match self.view.layout.follow_files {
            true => "Pictures follow their files: what another program saves fades in.",
            false => "Pictures stay as they were opened until they are opened again.",
        });
    }
}
