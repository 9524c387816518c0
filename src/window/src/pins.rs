//! Pinned moments of the time machine: kept for good with picture and settings, in projects too, to compare
//! with and to go back to.

mod shelf;

use std::sync::{Arc, OnceLock};

use egui::{Context, vec2};
use image::RgbImage;

use super::{
    ImpastoApp,
    action::Act,
    canvas::Canvas,
    compare::{Against, Sheet, Shown},
    naming::Naming,
    recipes::{Draft, PaintedPicture},
};
use impasto_base::{hash::Sha256Hash, text};
use impasto_core::{
    picture::{self, pixel_budget},
    transfer::PyramidProgress,
};
use impasto_engine::{
    session::{RunId, Snapshot},
    timeline::{MomentId, THUMBNAIL, Timeline},
};
use impasto_formats::{
    project::{self, MAX_PINS, Pixels, ProjectError, SavedPin},
    recipe::Recipe,
};

pub use self::shelf::{PinSet, Shelf};

/// The run of moments that came with a project: no run of this window, so that none goes on from it.
const OPENED: RunId = 0;
/// Longest time that a project may claim for a moment, in seconds.
const MOST_TIME: f64 = 1e9;
/// How the notes about pins begin.
const NOTES: [&str; 2] = ["Pinned ", "Unpinned "];

/// What is known of a pinned moment beside what the timeline knows.
#[derive(Clone)]
pub struct Pin {
    pub moment: MomentId,
    /// The picture with what its recipe is made of.
    pub painting: PaintedPicture,
    step: u32,
    /// Its number for the person, from 1.
    number: u32,
    /// The name that the person gave it.
    named: Option<String>,
    /// The hash of its pixels, worked out where a project first needs it.
    hash: Arc<OnceLock<Sha256Hash>>,
}

impl Pin {
    /// The name of its own, or what it is called without one.
    pub fn name(&self) -> String {
        self.named.clone().unwrap_or_else(|| self.default_name())
    }

    fn default_name(&self) -> String {
        format!("Pin {}, step {}", self.number, self.step)
    }

    /// The same in few words, within a sentence.
    pub fn short(&self) -> String {
        self.named.clone().unwrap_or_else(|| format!("pin {}", self.number))
    }
}

/// A pinned moment on its way into a project.
pub struct PinDraft {
    saved: SavedPin,
    painting: PaintedPicture,
    hash: Arc<OnceLock<Sha256Hash>>,
}

impl PinDraft {
    /// Put the moment into a project.
    ///
    /// # Errors
    ///
    /// When its picture cannot be encoded or written.
    pub fn put(self, draft: &mut project::Draft<'_>) -> Result<(), ProjectError> {
        let Self { saved, painting: PaintedPicture { picture, draft: recipe, .. }, hash } = self;
        let hash = hash.get_or_init(|| Sha256Hash::of(picture.as_raw()));
        let recipe = recipe.map(|recipe| recipe.bare(&picture));
        draft.pin(SavedPin { recipe, ..saved }, &picture, *hash)
    }
}

/// All pinned moments, in the timeline's order.
#[derive(Default)]
pub struct Pins {
    all: Vec<Pin>,
    pinned: u32,
    /// The filmstrip shows these moments alone.
    pub only: bool,
    /// Changes with everything that a project keeps of them.
    pub generation: u64,
    /// The moment that is compared with, in full size.
    large: Option<(MomentId, Sheet)>,
    /// The moment that is about to get another name.
    pub renaming: Option<(MomentId, Naming)>,
}

/// What can be done with a pinned moment, beside comparing with it.
pub enum PinAction {
    /// Goes back to the settings of then.
    TakeSettings(MomentId),
    Save(MomentId),
    AskForName(MomentId),
    /// Gives it a name; without a letter it has none of its own.
    Rename(MomentId, String),
    Unpin(MomentId),
}

impl Pins {
    pub fn all(&self) -> &[Pin] {
        &self.all
    }

    pub fn get(&self, id: MomentId) -> Option<&Pin> {
        self.all.iter().find(|pin| pin.moment == id)
    }

    /// All pinned moments for a project.
    pub fn drafts(&self, timeline: &Timeline) -> Vec<PinDraft> {
        let draft = |pin: &Pin| {
            let moment = timeline.get(pin.moment)?;
            let saved = SavedPin {
                number: pin.number,
                name: pin.named.clone(),
                step: pin.step,
                elapsed: moment.elapsed,
                settings: moment.settings.clone(),
                recipe: None,
                pixels: Pixels::default(),
            };
            Some(PinDraft { saved, painting: pin.painting.clone(), hash: Arc::clone(&pin.hash) })
        };
        self.all.iter().filter_map(draft).collect()
    }

    /// Why another picture cannot be pinned, if it cannot.
    fn refusal(&self, picture: &RgbImage) -> Option<String> {
        if self.all.len() >= MAX_PINS {
            return Some(format!("{MAX_PINS} moments are pinned: unpin one first."));
        }
        let bytes = |picture: &RgbImage| picture.as_raw().len() as u64;
        let held: u64 = self.all.iter().map(|pin| bytes(&pin.painting.picture)).sum();
        (held + bytes(picture) > pixel_budget())
            .then(|| "There is no memory for another pinned moment: unpin one first.".to_owned())
    }

    /// A pinned moment as the canvas draws it.
    pub fn shown(&mut self, ctx: &Context, id: MomentId, canvas: &Canvas) -> Option<Shown> {
        let pin = self.all.iter().find(|pin| pin.moment == id)?;
        if self.large.as_ref().is_none_or(|(of, _)| *of != id) {
            self.large = Some((id, Sheet::new(Arc::clone(&pin.painting.picture))));
        }
        let (_, sheet) = self.large.as_mut()?;
        let (width, height) = pin.painting.picture.dimensions();
        Some(Shown {
            name: pin.name(),
            texture: sheet.texture(ctx, canvas.sampling_of((width, height))),
            size: vec2(width as f32, height as f32),
        })
    }
}

impl Act for PinAction {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.apply_to_pin(self);
    }
}

impl ImpastoApp {
    /// The moment that is shown, if it is one: it is looked at, pinned, or the worker has just marked it.
    fn shown_moment(&self) -> Option<MomentId> {
        let film = &self.view.film;
        if let Some(moment) = film.view() {
            return Some(moment.id);
        }
        let picture = self.view.canvas.picture()?;
        let pinned = self.view.pins.all.iter().find(|pin| Arc::ptr_eq(&pin.painting.picture, &picture));
        pinned.map(|pin| pin.moment).or_else(|| film.moment_of(&picture))
    }

    /// Whether the moment that is shown is pinned.
    pub(super) fn is_pinned(&self) -> bool {
        self.shown_moment().is_some_and(|id| self.view.pins.get(id).is_some())
    }

    /// Pin the moment that is shown, or no longer.
    pub(super) fn pin(&mut self, ctx: &Context) {
        let Some(painting) = self.painting() else {
            self.messages.toasts.add("There is no painted picture to pin yet.");
            return;
        };
        let shown = self.shown_moment();
        if let Some(id) = shown.filter(|id| self.view.pins.get(*id).is_some()) {
            return self.apply_to_pin(PinAction::Unpin(id));
        }
        if let Some(id) = shown.filter(|id| self.view.film.is_being_read(*id)) {
            return self.view.film.pin_when_shown(id);
        }
        if let Some(text) = self.view.pins.refusal(&painting.picture) {
            return self.messages.toasts.add(text);
        }
        let moment = shown.unwrap_or_else(|| self.mark_now(ctx, &painting.picture));
        let (step, number) = (self.view.canvas.step(), self.view.pins.pinned + 1);
        let pin = Pin { moment, painting, step, number, named: None, hash: Arc::default() };
        let note = format!("Pinned in the filmstrip: {}", pin.name());
        self.add_pin(pin);
        self.messages.toasts.add_instead(&NOTES, note);
    }

    /// Make a moment of the picture as it is now, which the worker has not marked.
    fn mark_now(&mut self, ctx: &Context, picture: &Arc<RgbImage>) -> MomentId {
        let (given, progress) = (self.run.given.as_ref(), self.run.progress.as_ref());
        let snapshot = Snapshot {
            run: self.run.id,
            step: self.view.canvas.step(),
            place: progress.map_or_else(|| whole(picture), |progress| progress.place.clone()),
            elapsed: progress.map_or(0.0, |progress| progress.elapsed),
            settings: given.map_or(&self.settings, |given| &given.settings).clone(),
            styles: given.map_or_else(Vec::new, |given| given.inputs.mix()),
            pictures: given.map_or_else(Vec::new, |given| given.inputs.hashes()),
            losses: progress.and_then(|progress| progress.losses.clone()),
            picture: Arc::clone(picture),
            state: None,
            record: None,
        };
        self.view.film.add(&snapshot, ctx.input(|input| input.time))
    }

    /// Put the pinned moments of a project in the place of those that are there, which come back with the
    /// paintings that they belong to.
    pub(super) fn take_pins(&mut self, ctx: &Context, saved: &[(SavedPin, Arc<RgbImage>)]) {
        self.shelve_pins();
        self.paintings.shelf.begin_next();
        for (pin, picture) in saved {
            if self.view.pins.refusal(picture).is_some() {
                break;
            }
            let SavedPin { number, name, step, elapsed, settings, recipe, .. } = pin.clone();
            let styles = recipe.as_ref().map_or_else(Vec::new, Recipe::styles);
            let snapshot = Snapshot {
                run: OPENED,
                step,
                place: whole(picture),
                elapsed: elapsed.clamp(0.0, MOST_TIME),
                settings,
                styles: styles.into_iter().map(|style| style.mix).collect(),
                pictures: Vec::new(),
                losses: None,
                picture: Arc::clone(picture),
                state: None,
                record: None,
            };
            let moment = self.view.film.add(&snapshot, ctx.input(|input| input.time));
            let draft = recipe.map(|recipe| Arc::new(Draft::Made(recipe)));
            let painting = PaintedPicture { picture: Arc::clone(picture), draft, given: None };
            let named = name.map(|name| text::display_name(&name));
            self.add_pin(Pin { moment, painting, step, number, named, hash: Arc::default() });
        }
    }

    fn add_pin(&mut self, pin: Pin) {
        let (id, picture) = (pin.moment, Arc::clone(&pin.painting.picture));
        self.view.film.pin(id, &picture);
        let work = move || picture::thumbnail(&picture, THUMBNAIL);
        self.tasks
            .spawn("pin", work, move |app: &mut Self, _, small| app.view.film.take_thumbnail(id, small));
        let pins = &mut self.view.pins;
        pins.pinned = pins.pinned.max(pin.number);
        pins.generation += 1;
        let place = pins.all.partition_point(|other| other.moment < id);
        pins.all.insert(place, pin);
    }

    /// The moment is one like any other from now on.
    fn unpin(&mut self, id: MomentId) {
        self.view.film.unpin(id);
        self.view.pins.all.retain(|pin| pin.moment != id);
        self.view.pins.generation += 1;
        if self.view.pins.large.as_ref().is_some_and(|(of, _)| *of == id) {
            self.view.pins.large = None;
        }
        if self.view.compare.against == Against::Pin(id) {
            self.view.compare.against = Against::Content;
        }
    }

    fn apply_to_pin(&mut self, action: PinAction) {
        let (PinAction::TakeSettings(id)
        | PinAction::Save(id)
        | PinAction::AskForName(id)
        | PinAction::Rename(id, _)
        | PinAction::Unpin(id)) = action;
        let Some(pin) = self.view.pins.get(id) else { return };
        match action {
            PinAction::TakeSettings(_) => {
                let Some(moment) = self.view.film.timeline.get(id) else { return };
                self.settings = self.for_present_styles(moment.settings.clone(), &moment.pictures);
                self.undo.call("", format!("Settings of {}", pin.short()));
                let note = format!("The settings of {} are back; ctrl-Z undoes it.", pin.short());
                self.messages.toasts.add(note);
            }
            PinAction::Save(_) => self.ask_to_save_painting(pin.painting.clone()),
            PinAction::AskForName(_) => {
                let (name, default) = (pin.named.clone().unwrap_or_default(), pin.default_name());
                self.view.pins.renaming = Some((id, Naming::new(name, default)));
            }
            PinAction::Rename(_, name) => {
                let name = text::display_name(name.trim());
                if let Some(pin) = self.view.pins.all.iter_mut().find(|pin| pin.moment == id) {
                    pin.named = (!name.is_empty()).then_some(name);
                    self.view.pins.generation += 1;
                }
            }
            PinAction::Unpin(_) => {
                let note = format!("Unpinned {}", pin.short());
                self.unpin(id);
                self.messages.toasts.add_instead(&NOTES, note);
            }
        }
    }
}

/// The place of a moment of which no more is known than its picture.
fn whole(picture: &RgbImage) -> PyramidProgress {
    let (width, height) = picture.dimensions();
    PyramidProgress { levels: 1, width, height, ..PyramidProgress::default() }
}
