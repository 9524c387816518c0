//! Saving: never overwrites unasked, keeps the picture until it is safe.

use std::path::{Path, PathBuf};

use egui::Context;

use super::{
    ImpastoApp,
    dialogs::{Answer, Ask},
    folders::FileKind,
    messages::{Banner, Trouble},
    recipes::PaintedPicture,
    theme::space,
};
use impasto_base::error::chain;
use impasto_core::picture::{self, Export, SaveError};

/// Most pictures that are being saved when a moment is: each has its picture in memory, and a controller
/// may ask for many.
const MOST_MOMENTS: usize = 8;

/// What is to be written, once its file is known.
pub struct Saving {
    extension: Extension,
    /// The picture that is lost if it is not written.
    picture: Option<PaintedPicture>,
    write: Write,
}

/// Begins to write a file.
type Write = Box<dyn FnOnce(&mut ImpastoApp, PathBuf, Clash) + Send>;

/// The extension that a file gets.
pub enum Extension {
    /// If it has none.
    Default(&'static str),
    /// Behind any other one.
    Always(&'static str),
}

/// A file that is there already, and what should take its name.
pub struct Replacing {
    path: PathBuf,
    free: PathBuf,
    saving: Saving,
}

/// What to do if a file is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clash {
    /// The person has said so.
    Replace,
    Ask,
    /// Take the next free name.
    Number,
}

impl Saving {
    /// A file that `write` begins to write at a path; true says that one that is there is to be replaced.
    pub fn new(
        extension: Extension,
        write: impl FnOnce(&mut ImpastoApp, PathBuf, bool) + Send + 'static,
    ) -> Self {
        let write = |app: &mut ImpastoApp, path: PathBuf, clash: Clash| {
            let path = if clash == Clash::Number { picture::free_name(&path) } else { path };
            write(app, path, clash == Clash::Replace);
        };
        Self { extension, picture: None, write: Box::new(write) }
    }

    fn of_picture(painting: PaintedPicture) -> Self {
        Self {
            extension: Extension::Default("png"),
            picture: Some(painting.clone()),
            write: Box::new(|app, path, clash| app.start_saving(path, painting, clash)),
        }
    }

    /// The path with the extension that the file needs.
    fn with_extension(&self, mut path: PathBuf) -> PathBuf {
        let (extension, needed) = match self.extension {
            Extension::Default(extension) => (extension, path.extension().is_none()),
            Extension::Always(extension) => (extension, path.extension().is_none_or(|old| old != extension)),
        };
        if needed {
            path.as_mut_os_string().push(format!(".{extension}"));
        }
        path
    }
}

impl Replacing {
    /// Name of the file that is there.
    pub fn name(&self) -> String {
        name_of(&self.path)
    }

    /// The picture that is not saved yet, and its file.
    pub fn picture(self) -> Option<(PathBuf, PaintedPicture)> {
        Some((self.path, self.saving.picture?))
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl ImpastoApp {
    /// Ask where to save the picture as it is now.
    pub(super) fn ask_to_save(&mut self) {
        if let Some(painting) = self.painting_to_save() {
            self.ask_to_save_painting(painting);
        }
    }

    fn painting_to_save(&mut self) -> Option<PaintedPicture> {
        let painting = self.painting();
        if painting.is_none() {
            self.messages.toasts.add("There is no painted picture to save yet.");
        }
        painting
    }

    /// Ask where to save a picture.
    pub(super) fn ask_to_save_painting(&mut self, painting: PaintedPicture) {
        self.ask_to_save_as(Ask::save_picture(&self.save_name()), Saving::of_picture(painting));
    }

    /// Save the picture as it is now under the next free name in the folder used last, without a question.
    pub(super) fn save_moment(&mut self) {
        let Some(painting) = self.painting_to_save() else { return };
        if self.tasks.saving().len() >= MOST_MOMENTS {
            self.messages.toasts.add("The moments before are still being saved.");
            return;
        }
        match self.folder_for(FileKind::Exports) {
            Some(folder) => {
                self.start_saving(folder.join(self.save_name()), painting, Clash::Number);
            }
            None => self
                .messages
                .toasts
                .add("There is no home folder to save to: save the picture once by a dialog."),
        }
    }

    /// A name for the picture.
    pub(super) fn save_name(&self) -> String {
        let stem = |slot: &super::slot::Slot| {
            let name = slot.picture.as_ref().map_or("picture", |loaded| loaded.picture.name.as_str());
            let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            stem.replace(['/', '\\', ':'], "-")
        };
        format!("{} in {}.png", stem(&self.pictures.content), stem(&self.pictures.styles[0]))
    }

    /// Ask for the file to write to, and write it.
    pub(super) fn ask_to_save_as(&mut self, ask: Ask, saving: Saving) {
        let (kind, name) = (ask.kind, ask.name.clone());
        self.ask(ask, move |app, answer| match answer {
            Answer::Picked(paths) => {
                if let Some(path) = paths.into_iter().next() {
                    app.save_to(path, saving);
                }
            }
            Answer::Cancelled => {}
            Answer::Unavailable => app.save_without_dialog(kind, &name, saving),
        });
    }

    /// Save to a path that a person picked, which the dialog has asked about if there is a file.
    fn save_to(&mut self, picked: PathBuf, saving: Saving) {
        let path = saving.with_extension(picked.clone());
        if path == picked {
            return (saving.write)(self, path, Clash::Replace);
        }
        // The dialog asked about another name than the one that this makes.
        let free = picture::free_name(&path);
        if free == path {
            (saving.write)(self, path, Clash::Ask);
        } else {
            self.files.closing.save_failed();
            self.files.replacing = Some(Replacing { path, free, saving });
        }
    }

    /// Where no dialog can be shown, a file can still be saved: under a free name in the folder used last.
    fn save_without_dialog(&mut self, kind: FileKind, name: &str, saving: Saving) {
        let Some(folder) = self.folder_for(kind) else {
            self.messages
                .toasts
                .add("No file dialog could be shown, and there is no home folder to save to.");
            return;
        };
        self.messages.toasts.add("No file dialog could be shown, so the name was chosen.");
        (saving.write)(self, folder.join(name), Clash::Number);
    }

    /// Save a picture that could not be saved before.
    pub(super) fn save_again(&mut self, path: PathBuf, painting: PaintedPicture) {
        self.start_saving(path, painting, Clash::Ask);
    }

    fn start_saving(&mut self, wanted: PathBuf, painting: PaintedPicture, clash: Clash) {
        let thumbnails = !self.files.without_thumbnails;
        let file = wanted.clone();
        let work = move || {
            let recipe = painting.draft.as_ref().map(|draft| draft.compose(&painting.picture, thumbnails));
            let text = |room| recipe.as_ref()?.text(room);
            let matte = painting.matte();
            let export = Export { picture: &painting.picture, matte: matte.as_ref() };
            let mut path = wanted.clone();
            let result = loop {
                if clash == Clash::Number {
                    path = picture::free_name(&wanted);
                }
                match picture::save_with_text(export, &path, clash == Clash::Replace, &text) {
                    // It was created meanwhile.
                    Err(SaveError::Exists { .. }) if clash == Clash::Number => {}
                    result => break result,
                }
            };
            (path, painting, result)
        };
        self.tasks.save(&file, "save", work, |app: &mut Self, _, (path, painting, result)| {
            app.picture_saved(path, painting, result);
        });
    }

    fn picture_saved(&mut self, path: PathBuf, painting: PaintedPicture, result: Result<(), SaveError>) {
        match result {
            Ok(()) => self.file_saved(&path),
            Err(SaveError::Exists { .. }) => {
                self.files.closing.save_failed();
                let free = picture::free_name(&path);
                self.files.replacing = Some(Replacing { path, free, saving: Saving::of_picture(painting) });
            }
            Err(error) => {
                self.files.closing.save_failed();
                let text = format!("The picture is not saved: {}.", chain(&error));
                self.messages.banners.push(Banner { trouble: Trouble::Save { path, painting }, text });
            }
        }
    }

    /// Say that a file that was asked for is written.
    pub(super) fn file_saved(&mut self, path: &Path) {
        self.messages.toasts.add(format!("Saved {}", path.display()));
    }

    /// Say why a file that was asked for is not written; the window does not close before that is seen.
    pub(super) fn file_not_saved(&mut self, text: String) {
        self.files.closing.save_failed();
        self.messages.banners.push(Banner { trouble: Trouble::Other, text });
    }

    /// The question what to do about a file that is there already.
    pub(super) fn replacing_window(&mut self, ctx: &Context) {
        let Some(replacing) = &self.files.replacing else { return };
        let (old, free) = (replacing.name(), name_of(&replacing.free));
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
            && let Some(Replacing { saving, .. }) = self.files.replacing.take()
            && let Some((path, clash)) = decision
        {
            (saving.write)(self, path, clash);
        }
    }

    pub(super) fn copy_picture(&mut self, ctx: &Context) {
        let Some(picture) = self.view.canvas.picture() else {
            self.messages.toasts.add("There is no painted picture to copy yet.");
            return;
        };
        ctx.copy_image(super::colour_image::color_image(&picture));
        self.messages.toasts.add("Copied the picture.");
    }
}
