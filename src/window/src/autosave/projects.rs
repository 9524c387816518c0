//! Projects in the window: opened, gone on with, saved where a person wants it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::Context;

use crate::{
    ImpastoApp,
    dialogs::Ask,
    messages::{Banner, Trouble},
    picture_source::{Kept, Recalled, Source},
    saving::{Extension, Saving},
    slot::{Slot, Target},
    state::Run,
    worker::NextRun,
};
use impasto_base::{error::chain, hash::Sha256Hash};
use impasto_core::settings::Settings;
use impasto_engine::session::{self, Record, RestorePoint, Start, StyleRecord};
use impasto_formats::{
    project::{self, EXTENSION, Project, ProjectStyle, SourceStorage, sessions},
    recipe::Recipe,
    trust::Trust,
};

/// A painting that was brought back with the engine's state, which is good for these pictures and settings
/// only.
pub(super) struct GoingOn {
    engine: project::EngineState,
    record: Option<Record>,
    settings: Settings,
    sources: Vec<StyleRecord>,
    content: Sha256Hash,
    masks: Vec<Option<Sha256Hash>>,
}

/// The file that a painting was opened from, or saved to, as a project.
#[derive(Clone, Debug)]
pub struct ProjectFile {
    path: PathBuf,
    /// The hash of the painting's content.
    content: Option<Sha256Hash>,
}

impl ImpastoApp {
    /// Show a project as it was, ready to go on.
    /// Gives the number of the painting that it takes the place of, see [`ImpastoApp::leave_painting`].
    pub(crate) fn open_project(&mut self, ctx: &Context, project: &Arc<Project>) -> Option<u64> {
        let manifest = &project.manifest;
        // It is left as it is: painting, if it paints.
        let left = self.leave_painting();
        self.stop();
        self.undo.call("", "Project opened".to_owned());
        self.autosave.project = None;
        self.settings = manifest.settings.clone();
        self.pictures.masks.take_project(project);
        self.next = NextRun { init_at_start: Some(self.settings.init.clone()), ..NextRun::default() };
        let kept = |source: &session::SourceRecord, pixels: &project::Pixels| {
            Source::Kept(Box::new(Kept {
                project: Arc::clone(project),
                pixels: pixels.clone(),
                recalled: Recalled {
                    record: source.clone(),
                    thumbnail: None,
                    folders: vec![project.folder().to_owned()],
                    trust: project.trust().clone(),
                },
            }))
        };
        if let Some(content) = &manifest.content {
            self.open(Target::Content, kept(&content.source, &content.pixels));
        }
        if !manifest.styles.is_empty() {
            self.pictures.styles = vec![Slot::new(self.next_number())];
        }
        for (index, ProjectStyle { style, pixels }) in manifest.styles.iter().enumerate() {
            self.open(if index == 0 { Target::Style } else { Target::NewStyle }, kept(&style.source, pixels));
            self.pictures.styles[index].mix = style.mix;
        }
        if let Some(palette) = &manifest.palette {
            // It gives itself its name, which is another one where its file is gone.
            self.load(Target::Palette, kept(&palette.source, &palette.pixels));
            self.pictures.palette_shown.clone_from(&self.settings.palette);
        }
        // What the worker still says of the run before is of no interest.
        let info = self.run.info.take();
        self.run = Run { id: self.run.id + 1, info, ..Run::default() };
        self.history.restore(&manifest.losses);
        self.take_pins(ctx, &project.pins);
        if !manifest.mixes.is_empty() {
            self.mixes.desk.slots = manifest.mixes.clone();
        }
        if let Some(picture) = &project.picture {
            let picture = Arc::new(picture.clone());
            let record = manifest.recipe.as_ref().and_then(Recipe::record);
            self.record = record.clone().map(|record| (Arc::clone(&picture), record));
            self.view.canvas.take(ctx, Arc::clone(&picture), manifest.step);
            if let Some(session) = &self.worker.session {
                session.continue_from(picture, record.clone());
            }
            self.next.resume = true;
            self.autosave.going_on =
                manifest.content.as_ref().zip(project.engine.clone()).map(|(content, engine)| GoingOn {
                    engine,
                    record,
                    settings: self.settings.clone(),
                    sources: manifest.styles.iter().map(|style| style.style.clone()).collect(),
                    content: content.source.sha256,
                    masks: project.mask_hashes(),
                });
        }
        for remark in &project.remarks {
            self.messages.toasts.add(remark.clone());
        }
        left
    }

    /// How a painting that was brought back begins, and at which step: exactly as it was where the engine's
    /// state is there and nothing is different, else from its picture.
    pub(crate) fn begin_going_on(&mut self) -> (Start, u32) {
        let from_picture = (Start::Current, 0);
        let Some(GoingOn { engine, record, settings, sources, content, masks }) =
            self.autosave.going_on.take()
        else {
            return from_picture;
        };
        let Some(now) = self.inputs() else { return from_picture };
        let same = settings == self.settings
            && (self.endless() || engine.step < self.settings.steps)
            && now.content.sha256 == content
            && now.masks.iter().map(|mask| Some(mask.sha256)).eq(masks)
            && now.styles.len() == sources.len()
            && now.styles.iter().zip(&sources).all(|(now, then)| {
                // The weight of a single style is not heard.
                let same_mix = now.mix == then.mix || sources.len() == 1;
                now.picture.sha256 == then.source.sha256 && same_mix
            });
        let Some(session) = self.worker.session.as_ref().filter(|_| same) else { return from_picture };
        let project::EngineState { step, picture, state } = engine;
        let point = RestorePoint { step, picture, state: Some(state), record };
        session.set_restore_point(self.run.id + 1, point);
        (Start::Moment, step)
    }

    /// Read a project in the background: only what is beside it, or in the settings already, is opened by its
    /// settings.
    pub(crate) fn read_project(&mut self, path: PathBuf) {
        let trust = Trust::beside(&path, &self.settings);
        self.read_trusted(path, trust);
    }

    fn read_trusted(&mut self, path: PathBuf, trust: Trust) {
        let file = path.clone();
        let work = move || Project::read_with(&file, trust).map_err(|error| chain(&error));
        self.tasks.spawn("project", work, move |app: &mut Self, ctx, result| {
            app.project_read(ctx, &path, result);
        });
    }

    fn project_read(&mut self, ctx: &Context, path: &Path, result: Result<Project, String>) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match result {
            Ok(project) => {
                let project = Arc::new(project);
                let left = self.open_project(ctx, &project);
                // What the program keeps for itself is no file to save to, and one of which
                // something is missing here would lose it.
                let kept = self.autosave.sessions.as_deref().is_some_and(|folder| path.starts_with(folder));
                let own = !kept && project.remarks.is_empty();
                let content = project.manifest.content.as_ref().map(|content| content.source.sha256);
                self.autosave.project = own.then(|| ProjectFile { path: path.to_owned(), content });
                let exactly = self.autosave.going_on.is_some();
                let how = if exactly { "exactly where it was" } else { "from its picture" };
                self.note_begun(&format!("Opened {name}: play goes on {how}."), left);
            }
            Err(text) => {
                self.messages
                    .banners
                    .push(Banner { trouble: Trouble::Other, text: format!("{name}: {text}.") });
            }
        }
    }

    pub(crate) fn ask_for_project(&mut self) {
        self.ask_for_file(Ask::open_project(), Self::read_project);
    }

    /// Open the painting of the window that was closed last.
    pub(crate) fn open_last(&mut self) {
        match self.autosave.sessions.as_deref().and_then(sessions::last_closed) {
            Some(path) => self.read_trusted(path, Trust::All),
            None => self.messages.toasts.add("There is no last painting yet."),
        }
    }

    /// Save the painting to its own file, if it has one; else ask for one.
    pub(crate) fn save_project(&mut self) {
        match self.own_project() {
            Some(file) => self.write_project(file.path.clone()),
            None => self.ask_to_save_project(),
        }
    }

    /// The file of this painting. One of another content is a new painting, which overwrites no file unasked.
    fn own_project(&self) -> Option<&ProjectFile> {
        let own = |file: &&ProjectFile| file.content.is_some() && file.content == self.content_hash();
        self.autosave.project.as_ref().filter(own)
    }

    fn content_hash(&self) -> Option<Sha256Hash> {
        self.pictures.content.picture.as_ref().map(|content| content.picture.sha256)
    }

    /// Ask where to save the painting as a project.
    pub(crate) fn ask_to_save_project(&mut self) {
        if self.inputs().is_none() {
            self.messages
                .toasts
                .add("There is nothing to put into a project yet: open a content and a style.");
            return;
        }
        let own = self.own_project().map(|file| file.path.clone());
        let path = own.unwrap_or_else(|| Path::new(&self.save_name()).with_extension(EXTENSION));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().filter(|folder| folder.is_dir()).map(Path::to_owned);
        let saving = Saving::new(Extension::Always(EXTENSION), |app, path, _| app.write_project(path));
        self.ask_to_save_as(Ask { folder, ..Ask::save_project(&name) }, saving);
    }

    /// Write the painting as a project.
    fn write_project(&mut self, path: PathBuf) {
        let file = ProjectFile { path, content: self.content_hash() };
        let snapshot = self.snapshot(self.exact());
        let path = file.path.clone();
        let work = move || snapshot.write(&path, SourceStorage::Embedded).map_err(|error| chain(&error));
        self.tasks.save(&file.path.clone(), "save", work, |app: &mut Self, _, result| match result {
            Ok(()) => {
                app.file_saved(&file.path);
                app.autosave.project = Some(file);
            }
            Err(text) => app.file_not_saved(format!("The project is not saved: {text}.")),
        });
    }
}
