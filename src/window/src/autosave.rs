//! Autosave: the current painting is written every few seconds, and offered again after a crash; projects
//! (`projects`) are the same kind of file, written where the user chooses.

mod health;
mod projects;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use egui::{Context, TextureHandle, TextureOptions, vec2};
use image::RgbImage;

pub use self::projects::ProjectFile;
use self::{
    health::{Health, Readiness},
    projects::GoingOn,
};
use super::{
    ImpastoApp,
    action::Act,
    masks::KeptMask,
    messages::{Banner, Trouble},
    pins::PinDraft,
    recipes::Draft,
    slot::Slot,
    theme::space,
    widgets,
};
use impasto_base::error::chain;
use impasto_core::{
    picture::{self, Picture},
    settings::{Settings, Slots},
};
use impasto_engine::session::{self, RunState, StyleRecord};
use impasto_formats::{
    project::{self, Manifest, Project, ProjectError, SourceStorage, sessions, sessions::SessionFolder},
    recipe::Recipe,
    trust::Trust,
};

/// Shortest time between two writings of the painting in hand. A slow disk or a large picture gets more:
/// writing takes a fifth of the time at most.
const EVERY: f64 = 4.0;
const SHARE: f64 = 5.0;
const LONGEST: f64 = 30.0;

/// What keeps the painting in hand.
pub struct Autosave {
    /// Where windows keep their paintings; nothing is kept without it.
    sessions: Option<PathBuf>,
    held: Option<SessionFolder>,
    writing: bool,
    /// What was written last.
    written: Option<Written>,
    /// The last moment with the engine's state.
    pub exact: Option<session::Snapshot>,
    /// What a painting that was brought back goes on from.
    going_on: Option<GoingOn>,
    /// The file of the painting, if it is a project already.
    pub project: Option<ProjectFile>,
    /// On egui's clock.
    not_before: f64,
    health: Health,
    /// The search for what a crash has left is not over yet.
    pub looking: bool,
    pub comeback: Option<Comeback>,
}

/// What was written, to know whether there is something new.
struct Written {
    /// With the engine's state.
    exactly: bool,
    picture: Arc<RgbImage>,
    settings: Settings,
    mixes: Slots,
    pins: u64,
}

/// What a crash has left.
pub struct Comeback {
    held: SessionFolder,
    project: Arc<Project>,
    texture: Option<TextureHandle>,
    /// Restore it without asking.
    unasked: bool,
}

/// A painting with all that belongs to it, on its way to the disk.
pub struct Snapshot {
    manifest: Manifest,
    picture: Option<Arc<RgbImage>>,
    /// With the engine's state, of the same step as the picture.
    exact: Option<session::Snapshot>,
    draft: Option<Arc<Draft>>,
    content: Option<Arc<Picture>>,
    styles: Vec<(Arc<Picture>, StyleRecord)>,
    palette: Option<Arc<Picture>>,
    masks: Vec<KeptMask>,
    pins: Vec<PinDraft>,
}

impl Snapshot {
    fn write(self, path: &Path, keep: SourceStorage<'_>) -> Result<(), ProjectError> {
        let mut draft = project::Draft::new(self.manifest, keep);
        let state = self.exact.as_ref().and_then(|exact| exact.state.clone());
        if let Some(picture) = &self.picture {
            draft.picture(picture)?;
            draft.manifest.recipe = self.draft.map(|draft| draft.bare(picture));
        }
        if let Some(content) = &self.content {
            draft.content(content)?;
        }
        self.styles.into_iter().try_for_each(|(picture, style)| draft.style(&picture, style))?;
        if let Some(palette) = &self.palette {
            draft.palette(palette)?;
        }
        let masks: Vec<_> = self.masks.into_iter().filter_map(KeptMask::picture).collect();
        draft.masks(&masks)?;
        self.pins.into_iter().try_for_each(|pin| pin.put(&mut draft))?;
        if let Some((session::Snapshot { step, place, .. }, state)) = self.exact.zip(state) {
            draft.state(step, (place.width, place.height), state.to_vec());
        }
        draft.write(path)
    }
}

impl Autosave {
    pub fn new(sessions: Option<PathBuf>) -> Self {
        let looking = sessions.is_some();
        Self {
            sessions,
            held: None,
            writing: false,
            written: None,
            exact: None,
            going_on: None,
            project: None,
            not_before: 0.0,
            health: Health::default(),
            looking,
            comeback: None,
        }
    }

    /// Why the painting is not kept at present, if so; `now` is on egui's clock.
    pub fn trouble(&self, now: f64) -> Option<String> {
        match &self.sessions {
            None => Some("This system has no folder for it.".to_owned()),
            Some(_) => self.health.trouble(now),
        }
    }

    /// End in order: nothing is offered at the next start.
    pub fn end(&mut self) {
        if let Some(held) = self.held.take() {
            held.close();
        }
    }
}

/// Restore what a crash has left, or discard it.
struct EndComeback(bool);

impl Act for EndComeback {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        app.end_comeback(ctx, self.0);
    }
}

impl ImpastoApp {
    /// The last moment with the engine's state, if nothing was changed since.
    fn exact(&self) -> Option<&session::Snapshot> {
        let exact = self.autosave.exact.as_ref().filter(|snapshot| snapshot.run == self.run.id)?;
        let inputs = self.inputs()?;
        let record = self.record_of(&self.view.canvas.picture()?)?;
        let same = exact.pictures == inputs.hashes()
            && exact.settings == self.settings
            && exact.styles == inputs.mix()
            && !record.has_changed_since(exact.step);
        same.then_some(exact)
    }

    /// The same if the painting rests at that moment.
    fn exact_at_rest(&self) -> Option<&session::Snapshot> {
        let rests = matches!(self.run.state, RunState::Paused | RunState::Finished | RunState::Stopped);
        self.exact().filter(|exact| rests && exact.step == self.view.canvas.step())
    }

    /// What is written: at this moment, or a little earlier, from which the engine can go on.
    fn snapshot(&self, exact: Option<&session::Snapshot>) -> Snapshot {
        let mut manifest = Manifest::new(self.settings.clone());
        manifest.step = self.run.step();
        manifest.losses = self.history.to_losses();
        manifest.mixes = self.mixes.desk.slots.clone();
        let loaded = |slot: &Slot| slot.picture.as_ref().map(|loaded| Arc::clone(&loaded.picture));
        let styles = self.pictures.styles.iter().filter_map(|slot| {
            let picture = loaded(slot)?;
            let record = StyleRecord { source: picture.as_ref().into(), mix: slot.mix };
            Some((picture, record))
        });
        Snapshot {
            manifest,
            picture: exact
                .map_or_else(|| self.view.canvas.picture(), |exact| Some(Arc::clone(&exact.picture))),
            draft: self.draft().map(|draft| match exact {
                Some(exact) => Arc::new(draft.at(exact.step)),
                None => draft,
            }),
            exact: exact.cloned(),
            content: loaded(&self.pictures.content),
            styles: styles.collect(),
            palette: self.settings.palette.as_ref().and_then(|_| loaded(&self.pictures.palette)),
            masks: self.kept_masks(),
            pins: self.view.pins.drafts(&self.view.film.timeline),
        }
    }

    /// Look for what a crash has left.
    pub(super) fn look_for_comeback(&mut self) {
        let Some(sessions) = self.autosave.sessions.clone() else { return };
        let work = move || {
            let held = sessions::recover(&sessions)?;
            let project = Project::read_with(&held.painting(), Trust::All).map_err(|error| chain(&error));
            Some((held, project))
        };
        self.tasks.attempt("sessions", work, |app: &mut Self, _, left| {
            app.autosave.looking = false;
            match left {
                Ok(left) => app.left(left),
                Err(text) => app.task_failed(text),
            }
        });
    }

    fn left(&mut self, left: Option<(SessionFolder, Result<Project, String>)>) {
        match left {
            None => {}
            // Before its first step a painting is nothing but its photograph.
            Some((held, Ok(project))) if !is_begun(&project) => held.remove(),
            Some((held, Ok(project))) => {
                let unasked = held.take_restore();
                let comeback = Comeback { held, project: Arc::new(project), texture: None, unasked };
                self.autosave.comeback = Some(comeback);
            }
            Some((held, Err(text))) => {
                held.remove();
                let text = format!("The painting of the last time cannot be brought back: {text}.");
                self.messages.banners.push(Banner { trouble: Trouble::Other, text });
            }
        }
    }

    /// Write the present painting, if it has changed and was not written a moment ago.
    pub(super) fn keep(&mut self, ctx: &Context) {
        let Some(sessions) = self.autosave.sessions.clone() else { return };
        let Some(picture) = self.view.canvas.picture() else { return };
        let exact = self.exact_at_rest();
        let same = self.autosave.written.as_ref().is_some_and(|written| {
            Arc::ptr_eq(&written.picture, &picture)
                && written.settings == self.settings
                && written.mixes == self.mixes.desk.slots
                && written.pins == self.view.pins.generation
                && written.exactly == exact.is_some()
        });
        if self.autosave.writing {
            return;
        }
        if same || self.files.closing.is_wanted() {
            self.autosave.health.rest();
            return;
        }
        let now = ctx.input(|input| input.time);
        match Readiness::of(self.problems.is_empty(), self.draft().is_some(), self.still_opening()) {
            Readiness::Ready => {}
            Readiness::Nothing => return,
            Readiness::Waits(what) => {
                self.autosave.health.wait_for(now, what);
                ctx.request_repaint_after(Duration::from_secs_f64(health::PATIENCE));
                return;
            }
        }
        if now < self.autosave.not_before {
            ctx.request_repaint_after(Duration::from_secs_f64(self.autosave.not_before - now));
            return;
        }
        if self.autosave.held.is_none() {
            match SessionFolder::new(&sessions) {
                Ok(held) => self.autosave.held = Some(held),
                Err(error) => {
                    let text = format!("The painting cannot be kept in {}: {error}", sessions.display());
                    self.autosave.not_before = now + self.autosave.health.fail(text.clone());
                    self.messages.notice = Some(text);
                    return;
                }
            }
        }
        let Some(held) = &self.autosave.held else { return };
        let (folder, path) = (held.folder().to_owned(), held.painting());
        self.autosave.writing = true;
        self.autosave.health.begin(now);
        let exact = self.exact_at_rest();
        let snapshot = self.snapshot(exact);
        self.autosave.written = Some(Written {
            exactly: exact.is_some(),
            picture,
            settings: self.settings.clone(),
            mixes: self.mixes.desk.slots.clone(),
            pins: self.view.pins.generation,
        });
        let work = move || {
            let began = Instant::now();
            let result = snapshot.write(&path, SourceStorage::Beside(&folder)).map_err(|error| chain(&error));
            (result, began.elapsed())
        };
        self.tasks.attempt_save(Path::new("the painting"), "keep", work, |app: &mut Self, ctx, kept| {
            let (result, took) = kept.unwrap_or_else(|text| (Err(text), Duration::ZERO));
            app.kept(ctx, result, took);
        });
    }

    fn kept(&mut self, ctx: &Context, result: Result<(), String>, took: Duration) {
        self.autosave.writing = false;
        let mut wait = (took.as_secs_f64() * SHARE).clamp(EVERY, LONGEST);
        match result {
            Ok(()) => self.autosave.health.succeed(),
            Err(text) => {
                // It is tried again, even if nothing changes any more.
                self.autosave.written = None;
                let text = format!("The painting cannot be kept: {text}");
                wait = wait.max(self.autosave.health.fail(text.clone()));
                self.messages.notice = Some(text);
                // A folder that was removed is made again.
                self.autosave.held.take_if(|held| !held.folder().is_dir());
            }
        }
        self.autosave.not_before = ctx.input(|input| input.time) + wait;
    }

    /// Ask whether to restore the painting that a crash has left.
    pub(super) fn comeback_window(&mut self, ctx: &Context) {
        let Some(comeback) = &mut self.autosave.comeback else { return };
        if comeback.unasked {
            self.messages
                .toasts
                .add("The window's graphics failed. The painting is back, and play goes on from it.");
            return self.actions.push(EndComeback(true));
        }
        if comeback.texture.is_none()
            && let Some(picture) = &comeback.project.picture
        {
            let small = super::colour_image::color_image(&picture::thumbnail(picture, 640));
            comeback.texture = Some(ctx.load_texture("comeback", small, TextureOptions::LINEAR));
        }
        let manifest = &comeback.project.manifest;
        let actions = &self.actions;
        let modal = super::theme::modal(ctx, "comeback").show(ctx, |ui| {
            ui.set_width(380.0);
            ui.heading(format!("Restore the painting of {}?", clock(manifest.saved)));
            ui.add_space(space::S);
            ui.label("Impasto did not shut down properly. Your last painting was saved, with its settings and losses.");
            ui.add_space(space::M);
            if let Some(texture) = &comeback.texture {
                let size = texture.size_vec2();
                let scale = (vec2(380.0, 240.0) / size).min_elem().min(1.0);
                ui.vertical_centered(|ui| ui.image((texture.id(), size * scale)));
            }
            ui.add_space(space::XS);
            if let Some(recipe) = &manifest.recipe {
                ui.add(egui::Label::new(widgets::weak(ui, recipe.summary())).truncate());
            }
            ui.add_space(space::L);
            ui.horizontal(|ui| {
                let tooltip = "Opens its pictures and shows it as it was; play goes on from it";
                let button =
                    widgets::accent_button(ui, super::icons::Icon::Restart, "Restore", 150.0, tooltip, true);
                if ui.memory(|memory| memory.focused().is_none()) {
                    button.request_focus();
                }
                if button.clicked() {
                    actions.push(EndComeback(true));
                }
                let tooltip = "Begins with something else; it can still be brought back by the menu beside Save";
                if ui.button("Not now").on_hover_text(tooltip).clicked() {
                    actions.push(EndComeback(false));
                }
            });
        });
        if modal.should_close() {
            actions.push(EndComeback(false));
        }
    }

    /// Restore what a crash has left if `wanted`, and discard it otherwise.
    pub(super) fn end_comeback(&mut self, ctx: &Context, wanted: bool) {
        let Some(Comeback { held, project, .. }) = self.autosave.comeback.take() else { return };
        if wanted {
            self.open_project(ctx, &project);
            // It is this window's from now on, which goes on keeping it there.
            self.autosave.end();
            self.autosave.held = Some(held);
        } else {
            held.close();
        }
    }

    /// Write the painting now, for the next start of the program to restore it without asking.
    pub(super) fn leave_for_restart(&mut self) {
        let painted =
            self.view.canvas.picture().is_some() && self.draft().is_some() && self.problems.is_empty();
        if painted && self.autosave.held.is_none() {
            self.autosave.held =
                self.autosave.sessions.as_deref().and_then(|sessions| SessionFolder::new(sessions).ok());
        }
        // A folder that no process holds is restored.
        let Some(held) = self.autosave.held.take() else { return };
        if painted {
            let snapshot = self.snapshot(self.exact_at_rest());
            if let Err(error) = snapshot.write(&held.painting(), SourceStorage::Beside(held.folder())) {
                // The last autosave is still there.
                tracing::warn!("the painting cannot be kept: {}", chain(&error));
            }
        }
        if let Err(error) = held.leave_for_restart() {
            tracing::warn!("the next start will ask whether the painting is wanted: {error}");
        }
    }
}

/// Whether something was painted, or pinned.
fn is_begun(project: &Project) -> bool {
    let manifest = &project.manifest;
    let record = manifest.recipe.as_ref().and_then(Recipe::record);
    manifest.step > 0
        || !manifest.losses.is_empty()
        || !project.pins.is_empty()
        || record.is_some_and(|record| record.is_begun())
}

/// The local time of day, or how long ago it was if that is not known.
fn clock(seconds: u64) -> String {
    #[cfg(unix)]
    if let Some(time) = libc::time_t::try_from(seconds).ok().and_then(local_time) {
        return time;
    }
    let since = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
    let minutes = since.elapsed().map_or(0, |ago| ago.as_secs() / 60);
    match minutes {
        0 => "just now".to_owned(),
        1..=119 => format!("{minutes} minutes ago"),
        _ => format!("{} hours ago", minutes / 60),
    }
}

#[cfg(unix)]
fn local_time(seconds: libc::time_t) -> Option<String> {
    // SAFETY: all zeros are a valid `tm`: numbers and a null pointer.
    let mut time: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for the call, which writes to the second only.
    let known = unsafe { !libc::localtime_r(&raw const seconds, &raw mut time).is_null() };
    known.then(|| format!("{:02}:{:02}", time.tm_hour, time.tm_min))
}
