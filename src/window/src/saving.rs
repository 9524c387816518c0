//! Saving the picture: asks where, never overwrites unasked, keeps the picture until it is safe.

use std::path::{Path, PathBuf};

use egui::Context;

use super::{
    ImpastoApp,
    notes::{Banner, Trouble},
    recipes::Painting,
    tasks::{Done, Purpose},
    theme::space,
};
use impasto_base::error::chain;
use impasto_core::picture::{self, SaveError};

/// A file that is there already, and the picture that should take its name.
pub struct Replacing {
    path: PathBuf,
    free: PathBuf,
    painting: Painting,
}

impl Replacing {
    pub fn into_parts(self) -> (PathBuf, Painting) {
        (self.path, self.painting)
    }
}

impl ImpastoApp {
    /// Asks where to save the picture as it is now.
    pub(super) fn ask_to_save(&mut self) {
        let Some(painting) = self.painting() else {
            self.toasts.add("There is no painted picture to save yet.");
            return;
        };
        self.ask_to_save_painting(painting);
    }

    /// Asks where to save a picture.
    pub(super) fn ask_to_save_painting(&mut self, painting: Painting) {
        let folder = self.save_folder.clone().or_else(|| self.dialogs.first_folder());
        let answer = self.dialogs.save_picture(&self.save_name(), folder.as_deref());
        self.await_answer(answer, Purpose::Save(painting));
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

    /// Saves to a path that a person picked.
    pub(super) fn save_to(&mut self, mut path: PathBuf, painting: Painting) {
        let mut overwrite = self.dialogs.confirms_replacing();
        if path.extension().is_none() {
            // The dialog asked about another name than the one that this makes.
            path.set_extension("png");
            overwrite = false;
        }
        self.save_folder = path.parent().map(Path::to_owned);
        self.start_saving(path, painting, overwrite);
    }

    /// Where no dialog can be shown, a picture can still be saved: under a free name, where pictures belong.
    pub(super) fn save_without_dialog(&mut self, painting: Painting) {
        let Some(folder) = self.save_folder.clone().or_else(|| self.dialogs.first_folder()) else {
            self.toasts.add("No file dialog could be shown, and there is no home folder to save to.");
            return;
        };
        let wanted = folder.join(self.save_name());
        let path = if wanted.exists() { picture::free_name(&wanted) } else { wanted };
        self.toasts.add("No file dialog could be shown, so the name was chosen.");
        self.start_saving(path, painting, false);
    }

    pub(super) fn start_saving(&mut self, path: PathBuf, painting: Painting, overwrite: bool) {
        self.tasks.save(&path.clone(), "save", move || {
            let recipe = painting.draft.as_ref().map(|draft| draft.compose(&painting.picture));
            let text = |room| recipe.as_ref()?.text(room);
            let result = picture::save_with_text(&painting.picture, &path, overwrite, &text);
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
                self.replacing = Some(Replacing { path, free, painting });
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
                    decision = Some(Some((replacing.path.clone(), true)));
                }
                let keep = ui.button(format!("Save as {free}")).on_hover_text("Keeps both files");
                if keep.clicked() {
                    decision = Some(Some((replacing.free.clone(), false)));
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
            && let Some(Replacing { painting, .. }) = self.replacing.take()
            && let Some((path, overwrite)) = decision
        {
            self.start_saving(path, painting, overwrite);
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
