//! Masks that a recipe or a project names: drawn again from their strokes, or found by their hashes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{MaskDesk, flags::Flags};
use crate::ImpastoApp;
use impasto_base::text;
use impasto_core::{
    picture::{Picture, pasted_name},
    run::{Drawings, SourceRecord, drawings},
};
use impasto_formats::{
    project::Project,
    recipe::{Found, Recipe, find},
    trust::Trust,
};

impl MaskDesk {
    fn remember_drawings(&mut self, drawings: &Drawings) {
        drawings.values().for_each(|drawing| self.remember_drawing(Arc::clone(drawing)));
    }

    /// Take in the masks of a project.
    pub fn take_project(&mut self, project: &Project) {
        self.flags = Flags::default();
        self.remember_drawings(&project.drawings);
        for picture in &project.masks {
            // Its file may be named, or its hash, where the file is not here.
            self.put(pasted_name(&picture.sha256), Arc::clone(picture));
        }
    }
}

impl ImpastoApp {
    /// Take in the masks of a recipe that the settings name now. Those that were not drawn are looked for.
    pub(crate) fn recall_masks(&mut self, recipe: &Recipe, folders: &[PathBuf], trust: &Trust) {
        self.pictures.masks.flags = Flags::default();
        let records = &recipe.last().masks;
        self.pictures.masks.remember_drawings(&drawings(records).unwrap_or_default());
        for record in records.iter().filter(|record| record.drawing.is_none()) {
            let name = pasted_name(&record.sha256);
            let there = self.pictures.masks.picture(&name).is_some();
            if !there && self.settings.masks.files().any(|file| file == name) {
                self.find_mask(name, record.clone(), folders.to_vec(), trust.clone());
            }
        }
    }

    fn find_mask(&mut self, name: PathBuf, record: SourceRecord, folders: Vec<PathBuf>, trust: Trust) {
        let ticket = self.next_number();
        self.pictures.masks.loading.insert(name.clone(), ticket);
        let known = self.files.known.clone();
        let title = text::display_name(&record.name);
        let work = move || find(&record, &folders, &known, &trust);
        self.tasks.decode("the decoder", work, move |app: &mut Self, _, found| {
            // Another request for the mask counts.
            if app.pictures.masks.loading.get(&name) != Some(&ticket) {
                return;
            }
            app.pictures.masks.loading.remove(&name);
            match found {
                Ok(Some(found)) => {
                    if matches!(found, Found::Changed(_)) {
                        app.messages.toasts.add(format!("{title} has changed since the recipe was written."));
                    }
                    app.mask_found(&name, found.picture());
                }
                Ok(None) => app.mask_failed(&name, &format!("{title} is not found"), None),
                Err(text) => app.mask_failed(&name, &text, None),
            }
        });
    }

    /// Name a mask that was found by its file, which is there at the next start too.
    fn mask_found(&mut self, name: &Path, picture: Picture) {
        let file = self.pictures.masks.remember(Arc::new(picture));
        self.settings
            .masks
            .files_mut()
            .filter(|known| **known == name)
            .for_each(|known| known.clone_from(&file));
    }
}
