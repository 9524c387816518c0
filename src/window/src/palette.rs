//! The picture whose colours the styles get: a setting, with a slot that shows it.

use std::path::{Path, PathBuf};

use super::{
    ImpastoApp,
    pictures::{Source, Target},
};
use impasto_core::picture::{EXAMPLE, Example};

impl ImpastoApp {
    /// Makes a picture the palette.
    pub(super) fn choose_palette(&mut self, source: Source) {
        let path = match source {
            Source::File(path) => std::path::absolute(&path).unwrap_or(path),
            Source::Example(example) => PathBuf::from(format!("{EXAMPLE}{}", example.title)),
            Source::Pasted(_) | Source::Recalled(_) | Source::Kept(_) => {
                self.toasts
                    .add("A palette is remembered by its file: save the picture first, then open it here.");
                return;
            }
        };
        self.settings.palette = Some(path);
        // Who chooses colours wants to see them.
        if self.settings.match_colours == 0.0 {
            self.settings.match_colours = 1.0;
        }
    }

    /// Brings the palette's slot up to the setting, wherever that was changed.
    pub(super) fn follow_palette(&mut self) {
        if self.settings.palette == self.palette_shown {
            return;
        }
        self.palette_shown.clone_from(&self.settings.palette);
        match &self.palette_shown {
            None => (self.palette.picture, self.palette.loading, self.palette.error) = (None, None, None),
            Some(path) => {
                let source = palette_source(path);
                self.load(Target::Palette, source);
            }
        }
    }
}

fn palette_source(path: &Path) -> Source {
    match Example::named(path) {
        Some(example) => Source::Example(example),
        None => Source::File(path.to_owned()),
    }
}

/// Whether a remembered palette is still there.
pub fn is_there(path: &Path) -> bool {
    path.is_file() || Example::named(path).is_some()
}
