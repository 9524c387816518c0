//! The pictures that settings name: the palette, whose colours the styles get, and the initial image. Each
//! has a slot that follows its setting.

use std::path::Path;

use super::{ImpastoApp, picture_source::Source, slot::Target};
use impasto_core::{
    picture::{Example, is_pasted, pasted_hash},
    settings::Init,
};
use impasto_engine::session::Start;

impl ImpastoApp {
    /// Make a picture the palette.
    pub(super) fn choose_palette(&mut self, source: Source) {
        match source {
            Source::File(path) => self.settings.palette = Some(std::path::absolute(&path).unwrap_or(path)),
            Source::Example(example) => self.settings.palette = Some(example.open().reference()),
            // Its name is known when it is there.
            source => self.load(Target::Palette, source),
        }
        // A chosen palette is to be seen at once.
        if self.settings.match_colours == 0.0 {
            self.settings.match_colours = 1.0;
        }
    }

    /// The palette's slot has a picture: one without a file gives the setting its name.
    pub(super) fn palette_arrived(&mut self) {
        let Some(loaded) = &self.pictures.palette.picture else { return };
        // A palette that a project keeps is named by its hash until it is here.
        let unnamed = self.settings.palette.as_deref().is_some_and(is_pasted);
        if loaded.picture.is_pathless() || unnamed {
            let name = loaded.picture.reference();
            if !self.pictures.pasted_palettes.iter().any(|known| known.sha256 == loaded.picture.sha256) {
                self.pictures.pasted_palettes.push(loaded.picture.clone());
            }
            self.settings.palette = Some(name.clone());
            self.pictures.palette_shown = Some(name);
        }
    }

    /// Update the slots from the settings, wherever those were changed.
    pub(super) fn follow_named_pictures(&mut self) {
        if self.settings.palette != self.pictures.palette_shown {
            self.pictures.palette_shown.clone_from(&self.settings.palette);
            match self.pictures.palette_shown.clone() {
                None => self.pictures.palette.clear(),
                Some(name) => match self.named(&name) {
                    Some(source) => self.load(Target::Palette, source),
                    None => {
                        self.pictures.palette.clear();
                        self.pictures.palette.error = Some(
                            "This picture was pasted and is not at hand any more: paste it again.".into(),
                        );
                    }
                },
            }
        }
        let initial = match &self.settings.init {
            Init::File(path) => Some(path),
            _ => None,
        };
        if initial != self.pictures.initial_shown.as_ref() {
            self.pictures.initial_shown = initial.cloned();
            match self.pictures.initial_shown.clone() {
                None => self.pictures.initial.clear(),
                Some(path) => self.load(Target::Initial, Source::File(path)),
            }
        }
        if self.next.restart_waits && self.pictures.initial.loading.is_none() {
            self.next.restart_waits = false;
            let left = self.leave_painting();
            self.next.init_at_start = Some(self.settings.init.clone());
            self.start_run(Start::Beginning, false);
            if left.is_some() {
                self.note_begun("Restarted.", left);
            }
        }
    }

    /// Begin with the initial image again, read anew if it is a file.
    pub(super) fn restart(&mut self) {
        self.pictures.initial_shown = None;
        self.next.restart_waits = true;
    }

    fn named(&self, name: &Path) -> Option<Source> {
        match (is_pasted(name), Example::named(name)) {
            (true, _) => {
                let hash = pasted_hash(name)?;
                let known = self.pictures.pasted_palettes.iter().find(|known| known.sha256 == hash)?;
                Some(Source::Open(known.clone()))
            }
            (false, Some(example)) => Some(Source::Example(example)),
            (false, None) => Some(Source::File(name.to_owned())),
        }
    }
}

/// Whether a remembered palette is still there.
pub fn is_there(path: &Path) -> bool {
    path.is_file() || Example::named(path).is_some()
}
