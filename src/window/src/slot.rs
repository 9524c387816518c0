//! A picture slot: what is in it or on its way, and what can be done with it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use egui::Context;

use super::{
    ImpastoApp,
    action::Act,
    dialogs::Ask,
    gallery::Use,
    picture_source::{Loaded, Opened, Source, bytes_of},
};
use impasto_base::text;
use impasto_core::{picture, settings::StyleMix, transfer::Inputs};
use impasto_engine::session::StyleSource;

/// A place for a picture.
#[derive(Clone)]
pub struct Slot {
    pub id: u64,
    pub picture: Option<Loaded>,
    pub loading: Option<Loading>,
    /// Why the last picture could not be opened; stays until dismissed or replaced.
    pub error: Option<String>,
    /// How it counts among the styles.
    pub mix: StyleMix,
}

/// A picture that is being opened.
#[derive(Clone)]
pub struct Loading {
    pub ticket: u64,
    pub name: String,
    /// The file that is there already is read again.
    pub again: bool,
    /// False while it waits for its turn.
    begun: Arc<AtomicBool>,
}

impl Loading {
    /// What is done about the picture now.
    pub fn stage(&self) -> &'static str {
        if self.begun.load(Ordering::Relaxed) { "Opening…" } else { "Waiting…" }
    }
}

/// Where a picture should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Content,
    /// The first style.
    Style,
    /// A style by its slot's number.
    Slot(u64),
    NewStyle,
    Palette,
    Initial,
}

/// What can be done with a slot.
pub enum SlotAction {
    /// Ask for a file.
    Ask(Target),
    /// Open the first picture there, and the others as further styles.
    Open(Target, Vec<Source>),
    /// Read the file again.
    Reload(u64),
    Remove(u64),
    /// Remove the message.
    Dismiss(u64),
}

/// What the window says if a run continues with other pictures.
pub fn fade_note(before: &Inputs, now: &Inputs) -> Option<&'static str> {
    let styles = |inputs: &Inputs| inputs.hashes().split_off(1);
    let (was, is) = (styles(before), styles(now));
    let file = |style: &StyleSource| style.picture.path.clone();
    let saved = |style: &StyleSource| {
        let same_file = |old: &StyleSource| file(old).is_some() && file(old) == file(style);
        !was.contains(&style.picture.sha256) && before.styles.iter().any(same_file)
    };
    if before.content.sha256 != now.content.sha256 {
        Some("The content has changed: it fades in.")
    } else if now.styles.iter().any(saved) {
        Some("A style has changed: it fades in.")
    } else if is.iter().any(|style| !was.contains(style)) {
        Some("New style: it fades in.")
    } else if is.len() < was.len() {
        Some("One style less: it fades out.")
    } else if was != is {
        Some("The styles are exchanged: they fade in.")
    } else if before.same_sources(now) {
        None
    } else {
        Some("Other colours for the styles: they fade in.")
    }
}

impl Slot {
    pub fn new(id: u64) -> Self {
        Self { id, picture: None, loading: None, error: None, mix: StyleMix::default() }
    }

    /// The same without what is on its way or failed.
    pub fn bare(&self) -> Self {
        Self { loading: None, error: None, ..self.clone() }
    }

    /// Remove what is there, loading or failed; the mix stays, except for the part of the picture.
    pub fn clear(&mut self) {
        (self.picture, self.loading, self.error) = (None, None, None);
        self.mix.crop = None;
    }

    pub fn is_empty(&self) -> bool {
        self.picture.is_none() && self.loading.is_none() && self.error.is_none()
    }

    /// Apply a picture from the background; an answer to an older request is dropped. A file that was read
    /// again and has not changed leaves everything as it is: then true is returned.
    pub fn take(&mut self, ctx: &Context, ticket: u64, result: Result<Box<Opened>, String>) -> bool {
        if self.loading.as_ref().is_none_or(|loading| loading.ticket != ticket) {
            return false;
        }
        let reloading = self.loading.take().is_some_and(|loading| loading.again);
        match result {
            Ok(opened) => {
                let known = self.picture.as_ref().map(|loaded| loaded.picture.sha256);
                if reloading && known == Some(opened.picture.sha256) {
                    return true;
                }
                if !reloading && known.is_some_and(|known| known != opened.picture.sha256) {
                    // A part is one of the picture that it was chosen on.
                    self.mix.crop = None;
                }
                self.error.clone_from(&opened.missing);
                self.picture = Some(opened.into_loaded(ctx));
            }
            Err(error) => self.error = Some(error),
        }
        false
    }
}

impl Act for SlotAction {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.apply_to_slot(self);
    }
}

impl ImpastoApp {
    pub(super) fn apply_to_slot(&mut self, action: SlotAction) {
        match action {
            SlotAction::Ask(target) => self.ask_for_picture(target),
            SlotAction::Open(target, sources) => self.open_all(target, sources),
            SlotAction::Reload(id) => self.reload(id),
            SlotAction::Remove(id) => self.remove_picture(id),
            SlotAction::Dismiss(id) => {
                if let Some(slot) = self.slot_mut(id) {
                    slot.error = None;
                }
            }
        }
    }

    pub(super) fn slot_mut(&mut self, id: u64) -> Option<&mut Slot> {
        let others = [&mut self.pictures.content, &mut self.pictures.palette, &mut self.pictures.initial];
        others.into_iter().chain(&mut self.pictures.styles).find(|slot| slot.id == id)
    }

    /// The slot that a target means, made if there is none.
    fn slot_for(&mut self, target: Target) -> &mut Slot {
        let next = self.next_number();
        match target {
            Target::Content => &mut self.pictures.content,
            Target::Palette => &mut self.pictures.palette,
            Target::Initial => &mut self.pictures.initial,
            Target::Slot(id) if self.pictures.content.id == id => &mut self.pictures.content,
            Target::Slot(id) if self.pictures.palette.id == id => &mut self.pictures.palette,
            Target::Slot(id) => {
                let index = self.pictures.styles.iter().position(|slot| slot.id == id).unwrap_or(0);
                &mut self.pictures.styles[index]
            }
            Target::Style => &mut self.pictures.styles[0],
            Target::NewStyle => {
                let index = self.pictures.styles.iter().position(Slot::is_empty).unwrap_or_else(|| {
                    self.pictures.styles.push(Slot::new(next));
                    self.pictures.styles.len() - 1
                });
                &mut self.pictures.styles[index]
            }
        }
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Open a picture into a slot, in the background. A palette becomes a setting first, see
    /// [`ImpastoApp::follow_named_pictures`].
    pub(super) fn open(&mut self, target: Target, source: Source) {
        if target == Target::Palette || target == Target::Slot(self.pictures.palette.id) {
            self.choose_palette(source);
        } else {
            self.load(target, source);
        }
    }

    pub(super) fn load(&mut self, target: Target, source: Source) {
        let ticket = self.next_number();
        let (background, known) = (self.settings.background, self.files.known.clone());
        let name = source.name();
        let slot = self.slot_for(target).id;
        let shown = name.clone();
        let work = move || source.open(background, &known);
        let begun = self.tasks.decode("the decoder", work, move |app: &mut Self, ctx, opened| {
            let opened = opened.unwrap_or_else(|text| Err(format!("{shown}: {text}")));
            app.picture_opened(ctx, slot, ticket, opened);
        });
        if let Some(slot) = self.slot_mut(slot) {
            slot.loading = Some(Loading { ticket, name, again: false, begun });
            slot.error = None;
        }
    }

    /// Put a picture into the slot that it was opened for.
    fn picture_opened(&mut self, ctx: &Context, slot: u64, ticket: u64, opened: Result<Box<Opened>, String>) {
        let opened = self.room_for(slot, opened);
        let file = opened.as_ref().ok().and_then(|opened| opened.file());
        if let Some(path) = file {
            let content = [self.pictures.content.id, self.pictures.initial.id].contains(&slot);
            self.pictures.gallery.opened(if content { Use::Content } else { Use::Style }, path);
        }
        if self.slot_mut(slot).is_some_and(|slot| slot.take(ctx, ticket, opened)) {
            self.messages.toasts.add("The file has not changed.");
        }
        if slot == self.pictures.palette.id {
            self.palette_arrived();
        }
    }

    /// Refuse a picture for which there is no memory beside those that the other slots hold.
    pub(super) fn room_for(
        &self,
        slot: u64,
        opened: Result<Box<Opened>, String>,
    ) -> Result<Box<Opened>, String> {
        let opened = opened?;
        let slots = [&self.pictures.content, &self.pictures.palette, &self.pictures.initial]
            .into_iter()
            .chain(&self.pictures.styles);
        let others = slots.filter(|other| other.id != slot).filter_map(|other| other.picture.as_ref());
        let held: u64 = others.map(|loaded| bytes_of(&loaded.picture)).sum();
        if held.saturating_add(opened.bytes()) > picture::pixel_budget() {
            let name = text::display_name(&opened.picture.name);
            return Err(format!(
                "{name} finds no room in memory beside the other pictures: remove some, or make them smaller"
            ));
        }
        Ok(opened)
    }

    /// Read a slot's file again.
    pub(super) fn reload(&mut self, id: u64) {
        let origin = self.slot_mut(id).and_then(|slot| slot.picture.as_ref()?.origin.clone());
        let Some(source) = origin.as_ref().and_then(Source::of) else { return };
        self.load(Target::Slot(id), source);
        if let Some(loading) = self.slot_mut(id).and_then(|slot| slot.loading.as_mut()) {
            loading.again = true;
        }
    }

    /// Open several pictures: the first for the target, the rest as further styles.
    pub(super) fn open_all(&mut self, target: Target, sources: impl IntoIterator<Item = Source>) {
        for (index, source) in sources.into_iter().enumerate() {
            self.open(if index == 0 { target } else { Target::NewStyle }, source);
        }
    }

    /// Ask for a picture file.
    pub(super) fn ask_for_picture(&mut self, target: Target) {
        let content = target == Target::Content || target == Target::Slot(self.pictures.content.id);
        let palette = target == Target::Palette || target == Target::Slot(self.pictures.palette.id);
        let title = match (content, palette) {
            (true, _) => "Open the content picture",
            (_, true) => "Open a picture with the colours",
            _ => "Open a style picture",
        };
        self.ask_for_files(Ask::open_pictures(title, !content && !palette), move |app, paths| {
            app.take_in(Some(target), paths.into_iter().map(Source::File).collect());
        });
    }

    pub(super) fn swap(&mut self) {
        let style = &mut self.pictures.styles[0];
        std::mem::swap(&mut self.pictures.content.picture, &mut style.picture);
        std::mem::swap(&mut self.pictures.content.error, &mut style.error);
        style.mix.crop = None;
        // What is still opening would land in the wrong slot.
        (self.pictures.content.loading, style.loading) = (None, None);
    }

    /// Empty a slot; a style slot beside others is removed.
    pub(super) fn remove_picture(&mut self, id: u64) {
        if id == self.pictures.palette.id {
            self.settings.palette = None;
        } else if id != self.pictures.content.id && self.pictures.styles.len() > 1 {
            self.pictures.styles.retain(|slot| slot.id != id);
        } else if let Some(slot) = self.slot_mut(id) {
            slot.clear();
        }
    }
}
