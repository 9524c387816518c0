//! The files that a playlist names outside of its folder: it may come from a stranger, so they are opened
//! only after the person has agreed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use egui::Context;

use super::{
    list::{Entry, Playlist},
    page::PlaylistAction,
};
use crate::{
    ImpastoApp,
    theme::{self, space},
    widgets,
};
use impasto_base::{files::folder_of, hash::Sha256Hash, text};
use impasto_core::settings::Settings;
use impasto_formats::trust::{NamedFile, Trust};

/// Most files that the question names.
const MOST_NAMED: usize = 5;

/// A playlist whose files the person is asked about.
pub struct Question {
    path: PathBuf,
    hash: Sha256Hash,
    outside: Vec<PathBuf>,
}

/// Files that playlists name and that may not be opened.
#[derive(Default)]
pub struct Outside {
    refused: BTreeSet<PathBuf>,
    question: Option<Question>,
}

impl Outside {
    /// Whether a question waits for its answer.
    pub fn asks(&self) -> bool {
        self.question.is_some()
    }

    /// Refuse what a list names outside of its folder until the person has agreed.
    pub fn ask(&mut self, path: &Path, hash: Sha256Hash, outside: Vec<PathBuf>) {
        self.refused.extend(outside.iter().cloned());
        self.question = (!outside.is_empty()).then(|| Question { path: path.to_owned(), hash, outside });
    }

    /// Allow the files of an entry.
    pub fn allow(&mut self, entry: &Entry) {
        for path in files_of(entry) {
            self.refused.remove(path);
        }
    }

    /// Whether none of the files that the list names is refused.
    pub fn allows_all(&self, list: &Playlist) -> bool {
        list.entries.iter().flat_map(files_of).all(|path| !self.refused.contains(path))
    }

    /// The first picture of an entry that may not be opened.
    pub fn refused_picture<'a>(&self, entry: &'a Entry) -> Option<&'a Path> {
        entry.files().find(|path| self.refused.contains(*path))
    }

    /// Remove from an entry's settings the files that may not be opened.
    pub fn restrict(&self, settings: &mut Settings) {
        for named in NamedFile::ALL {
            named.leave_out(settings, |path| self.refused.contains(path));
        }
    }
}

/// The files that are opened when an entry is played. Its weights are not: those in use stay.
fn files_of(entry: &Entry) -> impl Iterator<Item = &Path> {
    let named = entry.settings.as_deref().into_iter().flat_map(|settings| {
        let opened = [NamedFile::Palette, NamedFile::Initial, NamedFile::Mask];
        opened.into_iter().flat_map(|named| named.all_of(settings))
    });
    entry.files().chain(named)
}

/// The files that a list names outside of the folder that its own file is in, each once.
pub fn outside(list: &Playlist, file: &Path) -> Vec<PathBuf> {
    let folder = folder_of(file);
    let trust = Trust::Folder { folder: folder.to_owned(), chosen: Vec::new() };
    // A file that is missing in the folder leads nowhere.
    let missing = |path: &Path| {
        let within = path.strip_prefix(folder);
        within.is_ok_and(|rest| rest.components().all(|part| matches!(part, Component::Normal(_))))
            && fs::symlink_metadata(path).is_err()
    };
    let named: BTreeSet<&Path> = list.entries.iter().flat_map(files_of).collect();
    let outside = named.into_iter().filter(|path| !trust.allows(path) && !missing(path));
    outside.map(Path::to_owned).collect()
}

impl ImpastoApp {
    /// Ask whether the files outside of a playlist's folder may be opened.
    pub(super) fn outside_window(&self, ctx: &Context) {
        let Some(Question { path, outside, .. }) = &self.playlist.outside.question else { return };
        let actions = &self.actions;
        let modal = theme::modal(ctx, "files outside").show(ctx, |ui| {
            ui.set_width(430.0);
            ui.heading("Open files outside of the playlist's folder?");
            ui.add_space(space::S);
            let name = text::display_name(&path.file_name().unwrap_or_default().to_string_lossy());
            let files = if outside.len() == 1 { "file" } else { "files" };
            ui.label(format!(
                "{name} names {} {files} outside of its folder. Open them only if you know where the playlist comes from.",
                outside.len()
            ));
            ui.add_space(space::S);
            for path in outside.iter().take(MOST_NAMED) {
                ui.label(widgets::weak(ui, text::path(path)));
            }
            if let Some(more) = outside.len().checked_sub(MOST_NAMED).filter(|&more| more > 0) {
                ui.label(widgets::weak(ui, format!("… and {more} more")));
            }
            ui.add_space(space::L);
            ui.horizontal_wrapped(|ui| {
                let tooltip = "They are opened when their paintings are played, without a question the next time";
                if ui.button("Open them").on_hover_text(tooltip).clicked() {
                    actions.push(PlaylistAction::Outside(true));
                }
                let tooltip = "Paintings of these pictures are skipped; palettes, initial images and masks are left out";
                if ui.button("Leave them out").on_hover_text(tooltip).clicked() {
                    actions.push(PlaylistAction::Outside(false));
                }
            });
        });
        if modal.should_close() {
            actions.push(PlaylistAction::Outside(false));
        }
    }

    pub(super) fn answer_outside(&mut self, opens: bool) {
        if let Some(Question { path, hash, outside }) = self.playlist.outside.question.take()
            && opens
        {
            for path in &outside {
                self.playlist.outside.refused.remove(path);
            }
            let known = self.files.known.clone();
            self.tasks.spawn("register", move || known.add(&path, &hash), |_: &mut Self, _, ()| ());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::{Origin, RememberedStyle};
    use impasto_core::{
        picture::pasted_name,
        settings::{Init, Masks, Region, StyleMix},
    };

    fn entry(content: &Path, settings: Option<Settings>) -> Entry {
        let style = RememberedStyle { mix: StyleMix::default(), picture: Origin::Example("Swirl".into()) };
        Entry {
            seconds: None,
            preset: None,
            content: Origin::File(content.to_owned()),
            styles: vec![style],
            settings: settings.map(Box::new),
        }
    }

    #[test]
    fn what_lies_beside_a_list_is_inside_and_all_else_outside() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir_all(path("got/more")).unwrap();
        for name in ["private.png", "got/a.png", "got/more/b.png"] {
            fs::write(path(name), "x").unwrap();
        }
        let settings = Settings {
            weights: Some(path("vgg.pth")),
            palette: Some(path("private.png")),
            init: Init::File(path("got/a.png")),
            ..Settings::default()
        };
        let inside = ["got/a.png", "got/more/b.png", "got/gone.png"].map(path);
        let mut beyond =
            ["private.png", "got/../private.png", "gone.png", "got/../gone.png", "got2/a.png"].map(path);
        let mut list = Playlist::default();
        list.entries.extend(inside.iter().chain(&beyond).map(|path| entry(path, None)));
        list.entries.push(entry(&path("got/a.png"), Some(settings.clone())));
        let file = path("got/list.toml");
        beyond.sort();
        assert_eq!(outside(&list, &file), beyond);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(path("private.png"), path("got/link.png")).unwrap();
            std::os::unix::fs::symlink(path("gone.png"), path("got/dangling.png")).unwrap();
            list.entries = ["got/link.png", "got/dangling.png"].map(|name| entry(&path(name), None)).into();
            assert_eq!(outside(&list, &file).len(), 2);
        }
        // Refused until agreed to, the settings' files as well.
        let mut refused = Outside::default();
        refused.ask(&file, Sha256Hash::of(b""), beyond.to_vec());
        list.entries = vec![entry(&beyond[0], None), entry(&inside[0], Some(settings.clone()))];
        assert_eq!(refused.refused_picture(&list.entries[0]), Some(beyond[0].as_path()));
        assert_eq!(refused.refused_picture(&list.entries[1]), None);
        let mut restricted = settings.clone();
        refused.restrict(&mut restricted);
        assert_eq!(restricted, Settings { palette: None, ..settings });
        assert!(refused.asks() && !refused.allows_all(&list));
        list.entries.iter().for_each(|entry| refused.allow(entry));
        assert!(refused.allows_all(&list));
    }

    #[test]
    fn of_the_masks_only_those_outside_are_left_out() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir(path("got")).unwrap();
        for name in ["private.png", "map.png", "got/a.png", "got/sky.png"] {
            fs::write(path(name), "x").unwrap();
        }
        let strokes = pasted_name(&Sha256Hash::of(b"strokes"));
        let region = |mask: &Path| Region { mask: mask.to_owned(), ..Region::default() };
        let regions = vec![region(&path("private.png")), region(&strokes), region(&path("got/sky.png"))];
        let masks = Masks { regions, style_map: Some(path("map.png")), content_map: Some(strokes.clone()) };
        let mut settings = Settings { masks, ..Settings::default() };
        let mut list = Playlist::default();
        list.entries.push(entry(&path("got/a.png"), Some(settings.clone())));
        let file = path("got/list.toml");
        let named = outside(&list, &file);
        assert_eq!(named, ["map.png", "private.png"].map(path), "the question names them");
        let mut refused = Outside::default();
        refused.ask(&file, Sha256Hash::of(b""), named);
        assert_eq!(refused.refused_picture(&list.entries[0]), None, "its painting is not skipped");
        refused.restrict(&mut settings);
        let left: Vec<&Path> = settings.masks.files().collect();
        assert_eq!(left, [strokes.as_path(), &path("got/sky.png"), &strokes]);
        refused.allow(&list.entries[0]);
        assert!(refused.allows_all(&list));
    }
}
