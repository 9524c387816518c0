//! Saving: never overwrites unasked, keeps the picture until it is safe.

use std::path::{Path, PathBuf};

use egui::Context;

use super::{
    ImpastoApp,
    dialogs::Ask,
    extensions::PLAYLIST,
    folders::FileKind,
    notes::{Banner, Trouble},
    recipes::Painting,
    tasks::{Done, Purpose, Saving},
    theme::space,
};
use impasto_base::error::chain;
use impasto_core::picture::{self, SaveError};
use impasto_formats::project;

/// Most pictures that are being saved when a moment is: each has its picture in memory, and a controller
/// may ask for many.
const MOST_MOMENTS: usize = 8;

/// A file that is there already, and what should take its name.
pub struct Replacing {
    path: PathBuf,
    free: PathBuf,
    saving: Saving,
}

/// What to do if a file is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clash {
    /// The person has said so.
    Replace,
    Ask,
    /// Take the next free name.
    Number,
}

impl Saving {
    /// The path with the extension that the file needs.
    fn with_extension(&self, mut path: PathBuf) -> PathBuf {
        let append = |path: &mut PathBuf, extension: &str| {
            if path.extension().is_none_or(|old| old != extension) {
                path.as_mut_os_string().push(format!(".{extension}"));
            }
        };
        match self {
            Self::Project => append(&mut path, project::EXTENSION),
            Self::Playlist => append(&mut path, PLAYLIST),
            _ if path.extension().is_some() => {}
            Self::Timelapse(plan) => append(&mut path, plan.extension()),
            Self::Picture(_) | Self::Grid | Self::Figure => append(&mut path, "png"),
        }
        path
    }
}

impl Replacing {
    /// The picture that is not saved yet, and its file.
    pub fn picture(self) -> Option<(PathBuf, Painting)> {
        match self.saving {
            Saving::Picture(painting) => Some((self.path, painting)),
            _ => None,
        }
    }
}

impl ImpastoApp {
    /// Asks where to save the picture as it is now.
    pub(super) fn ask_to_save(&mut self) {
        if let Some(painting) = self.painting_to_save() {
            self.ask_to_save_painting(painting);
        }
    }

    fn painting_to_save(&mut self) -> Option<Painting> {
        let painting = self.painting();
        if painting.is_none() {
            self.toasts.add("There is no painted picture to save yet.");
        }
        painting
    }

    /// Asks where to save a picture.
    pub(super) fn ask_to_save_painting(&mut self, painting: Painting) {
        let ask = Ask::save_picture(&self.save_name());
        self.ask_for_file(ask, Purpose::Save(Saving::Picture(painting)));
    }

    /// Saves the picture as it is now under the next free name in the folder used last, without a question.
    pub(super) fn save_moment(&mut self) {
        let Some(painting) = self.painting_to_save() else { return };
        if self.tasks.saving().len() >= MOST_MOMENTS {
            self.toasts.add("The moments before are still being saved.");
            return;
        }
        match self.folder_for(FileKind::Exports) {
            Some(folder) => {
                self.start_saving(folder.join(self.save_name()), painting, Clash::Number);
            }
            None => self.toasts.add("There is no home folder to save to: save the picture once by a dialog."),
        }
    }

    /// A name for the picture.
    pub(super) fn save_name(&self) -> String {
        let stem = |slot: &super::pictures::Slot| {
            let name = slot.picture.as_ref().map_or("picture", |loaded| loaded.picture.name.as_str());
            let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            stem.replace(['/', '\\', ':'], "-")
        };
        format!("{} in {}.png", stem(&self.content), stem(&self.styles[0]))
    }

    /// Saves to a path that a person picked, which the dialog has asked about if there is a file.
    pub(super) fn save_to(&mut self, picked: PathBuf, saving: Saving) {
        let path = saving.with_extension(picked.clone());
        if path == picked {
            return self.write_to(path, Clash::Replace, saving);
        }
        // The dialog asked about another name than the one that this makes.
        let free = picture::free_name(&path);
        if free == path {
            self.write_to(path, Clash::Ask, saving);
        } else {
            self.replacing = Some(Replacing { path, free, saving });
        }
    }

    /// Where no dialog can be shown, a file can still be saved: under a free name in the folder used last.
    pub(super) fn save_without_dialog(&mut self, name: &str, saving: Saving) {
        let Some(folder) = self.folder_for(saving.kind()) else {
            self.toasts.add("No file dialog could be shown, and there is no home folder to save to.");
            return;
        };
        self.toasts.add("No file dialog could be shown, so the name was chosen.");
        self.write_to(folder.join(name), Clash::Number, saving);
    }

    fn write_to(&mut self, mut path: PathBuf, clash: Clash, saving: Saving) {
        if let Saving::Picture(painting) = saving {
            return self.start_saving(path, painting, clash);
        }
        if clash == Clash::Number {
            path = picture::free_name(&path);
        }
        let overwrite = clash == Clash::Replace;
        match saving {
            Saving::Picture(_) => {}
            Saving::Project => self.write_project(path),
            Saving::Playlist => self.write_playlist(path),
            Saving::Timelapse(plan) => self.write_timelapse(path, overwrite, plan),
            Saving::Grid => self.write_grid(path, overwrite),
            Saving::Figure => self.write_figure(path, overwrite),
        }
    }

    pub(super) fn start_saving(&mut self, wanted: PathBuf, painting: Painting, clash: Clash) {
        self.tasks.save(&wanted.clone(), "save", move || {
            let recipe = painting.draft.as_ref().map(|draft| draft.compose(&painting.picture));
            let text = |room| recipe.as_ref()?.text(room);
            let mut path = wanted.clone();
            let result = loop {
                if clash == Clash::Number {
                    path = picture::free_name(&wanted);
                }
                match picture::save_with_text(&painting.picture, &path, clash == Clash::Replace, &text) {
                    // Somebody was quicker.
                    Err(SaveError::Exists { .. }) if clash == Clash::Number => {}
                    result => break result,
                }
            };
            Done::Saved { path, painting, result }
        });
    }

    pub(super) fn saved(&mut self, path: PathBuf, painting: Painting, result: Result<(), SaveError>) {
        match result {
            Ok(()) => {
                let note = format!("Saved {}", path.display());
                self.notice = Some(note.clone());
                self.toasts.add(note);
            }
            Err(SaveError::Exists { .. }) => {
                let free = picture::free_name(&path);
                self.replacing = Some(Replacing { path, free, saving: Saving::Picture(painting) });
            }
            Err(error) => {
                let text = format!("The picture is not saved: {}.", chain(&error));
                self.banners.push(Banner { trouble: Trouble::Save { path, painting }, text });
            }
        }
    }

    /// The question what to do about a file that is there already.
    pub(super) fn replacing_window(&mut self, ctx: &Context) {
        let Some(replacing) = &self.replacing else { return };
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (old, free) = (name(&replacing.path), name(&replacing.free));
        let mut decision = None;
        let modal = super::theme::modal(ctx, "replace a file").show(ctx, |ui| {
            ui.set_width(380.0);
            ui.heading("Replace the file?");
            ui.add_space(space::S);
            ui.label(format!("{old} exists already."));
            ui.label(super::widgets::weak(ui, replacing.path.display().to_string()));
            ui.add_space(space::L);
            ui.horizontal_wrapped(|ui| {
                if ui.button("Replace").on_hover_text("The old file is lost").clicked() {
                    decision = Some(Some((replacing.path.clone(), Clash::Replace)));
                }
                let keep = ui.button(format!("Save as {free}")).on_hover_text("Keeps both files");
                if keep.clicked() {
                    decision = Some(Some((replacing.free.clone(), Clash::Ask)));
                }
                if ui.button("Cancel").on_hover_text("Saves nothing").clicked() {
                    decision = Some(None);
                }
            });
        });
        if modal.should_close() {
            decision = decision.or(Some(None));
        }
        if let Some(decision) = decision
            && let Some(Replacing { saving, .. }) = self.replacing.take()
            && let Some((path, clash)) = decision
        {
            self.write_to(path, clash, saving);
        }
    }

    pub(super) fn copy_picture(&mut self, ctx: &Context) {
        let Some(picture) = self.canvas.picture() else {
            self.toasts.add("There is no painted picture to copy yet.");
            return;
        };
        ctx.copy_image(super::colour_image::color_image(&picture));
        self.toasts.add("Copied the picture.");
    }
}
