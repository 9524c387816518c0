//! Undo and redo: what an action has changed of the settings, the mixes and the slots becomes an entry of the
//! history.
//!
//! It is ours because crates for it want every change as a command object; here a state is a few kilobytes
//! beside pictures that are shared, so states are kept, and one drag becomes one entry by when and what the
//! hand did.

mod snapshot;

use std::{ops::Range, sync::Arc};

use egui::{Context, RichText, ScrollArea, Ui};

use self::snapshot::{Snapshot, picture};
use super::{
    ImpastoApp,
    action::Act,
    fields,
    picture_source::Loaded,
    slot::Slot,
    theme::{Palette, space},
    widgets,
};
use impasto_core::{picture::Picture, settings::Settings};

/// Entries that are kept at most.
const MOST: usize = 200;
/// Bytes of pictures that only the history still holds, at most.
const MOST_BYTES: usize = 512 << 20;
/// Within so many seconds, changes of the same one setting are one entry: scrolling, arrow keys, repeated
/// clicks.
const TOGETHER: f64 = 1.0;

/// How the notes about it begin.
const NOTES: [&str; 3] = ["Undone:", "Redone:", "Nothing to"];

/// A state that one can go to, and how it came from the one before.
struct State {
    title: String,
    snapshot: Snapshot,
    /// The keys of the settings that changed; none where a picture did.
    keys: Vec<String>,
    /// When it changed last, on egui's clock.
    time: f64,
    /// The pointer's press that it was changed with.
    gesture: Option<u64>,
}

/// The history of a session.
#[derive(Default)]
pub struct Undo {
    states: Vec<State>,
    /// The state that is in force.
    at: usize,
    /// Counts the presses.
    gesture: u64,
    /// Whether something is dragged, and whether by the pointer: in this frame, and in the one before.
    held: [bool; 2],
    held_before: [bool; 2],
    /// What the present action is called, if it has a name of its own: its key and its title.
    called: Option<(String, String)>,
    /// The list is shown.
    pub shown: bool,
}

impl Undo {
    /// Keys of what changed, and what to call it.
    fn compare(before: &Snapshot, after: &Snapshot) -> (Vec<String>, String) {
        let changes = fields::changes(&before.settings, &after.settings);
        let mut keys: Vec<String> = changes.iter().map(|change| change.key.clone()).collect();
        let mut title = fields::title(&before.settings, &after.settings, &changes);
        if let Some((slots, picture)) = after.slots_title(before) {
            if picture {
                keys.clear();
            } else {
                keys.push(slots.split(' ').take(3).collect());
            }
            title = if title.is_empty() { slots } else { format!("{slots}; {title}") };
        }
        if title.is_empty() && before.desk != after.desk {
            "Mixes".clone_into(&mut title);
        }
        if before.painting != after.painting {
            keys.clear();
            if title.is_empty() {
                "Restart".clone_into(&mut title);
            }
        }
        (keys, title)
    }

    /// Give the present action a title of its own. Actions of the same key become one entry as changes of
    /// one setting do; those without a key never do.
    pub fn call(&mut self, key: &str, title: String) {
        self.called = Some((key.to_owned(), title));
    }

    /// Take a state in that differs from the one in force.
    fn record(&mut self, snapshot: Snapshot, time: f64, held: bool) {
        let called = self.called.take();
        let Some(current) = self.states.get(self.at) else { return };
        let (keys, title) = match called.clone() {
            Some((key, title)) => (Some(key).filter(|key| !key.is_empty()).into_iter().collect(), title),
            None => Self::compare(&current.snapshot, &snapshot),
        };
        let last = self.at + 1 == self.states.len() && self.at > 0;
        // The pointer may be on several controls within a frame, which are several changes. Hands at a
        // controller move several faders at once, which arrive one by one and are one change.
        let shared = keys.iter().any(|key| current.keys.contains(key));
        let outside = !(keys.is_empty() || self.held[1] || self.held_before[1]);
        let together = last
            && ((held && current.gesture == Some(self.gesture) && (shared || outside))
                || (time - current.time < TOGETHER && keys.len() == 1 && keys == current.keys));
        let gesture = held.then_some(self.gesture);
        if together {
            let (found, mut title) = Self::compare(&self.states[self.at - 1].snapshot, &snapshot);
            let keys = if called.is_some() { keys } else { found };
            if let Some((_, called)) = called.filter(|_| !title.is_empty()) {
                title = called;
            }
            if title.is_empty() {
                // Back where it began: nothing happened.
                self.states.pop();
                self.at -= 1;
            } else {
                self.states[self.at] = State { title, snapshot, keys, time, gesture };
            }
        } else {
            self.states.truncate(self.at + 1);
            self.states.push(State { title, snapshot, keys, time, gesture });
            self.at += 1;
        }
        while self.at > 0 && (self.states.len() > MOST || self.spare_bytes() > MOST_BYTES) {
            self.states.remove(0);
            self.at -= 1;
        }
    }

    /// Bytes of the pictures that only the history holds.
    fn spare_bytes(&self) -> usize {
        let mut known: Vec<*const Picture> =
            self.states[self.at].snapshot.slots().filter_map(picture).map(Arc::as_ptr).collect();
        let mut bytes = 0;
        for picture in self.states.iter().flat_map(|state| state.snapshot.slots()).filter_map(picture) {
            if !known.contains(&Arc::as_ptr(picture)) {
                known.push(Arc::as_ptr(picture));
                bytes += picture.bytes();
            }
        }
        bytes
    }

    /// Take in what is dragged now. Each press is a gesture, also where a hand outside is on
    /// another fader all the time.
    fn follow_drags(&mut self, held: [bool; 2]) {
        let begins = (0..2).any(|hand| held[hand] && !self.held[hand] && !self.held_before[hand]);
        self.gesture += u64::from(begins);
        (0..2).for_each(|hand| self.held[hand] |= held[hand]);
    }

    /// Called at the beginning of each frame, also where nothing is drawn.
    pub fn begin_frame(&mut self) {
        self.held_before = std::mem::take(&mut self.held);
    }

    /// The engine has chosen a size for a painting by itself, which is no action of the person's.
    pub fn size_was_chosen(&mut self, painting: u64, old: u32, new: u32) {
        for snapshot in self.states.iter_mut().map(|state| &mut state.snapshot) {
            if snapshot.painting == painting && snapshot.settings.size == old {
                snapshot.settings.size = new;
            }
        }
    }

    /// The style amount that was switched on has been measured, which is no action of the person's either.
    pub fn amount_was_measured(&mut self, old: f64, new: f64) {
        for index in self.around(|snapshot, _| snapshot.settings.style_amount == Some(old)) {
            self.states[index].snapshot.settings.style_amount = Some(new);
            let Some(before) = index.checked_sub(1) else { continue };
            let (keys, title) = Self::compare(&self.states[before].snapshot, &self.states[index].snapshot);
            let state = &mut self.states[index];
            // One with a name of its own keeps it.
            if state.keys == keys && !keys.is_empty() {
                state.title = title;
            }
        }
    }

    /// The state in force belongs to a painting that has begun with it.
    pub fn painting_begun(&mut self, painting: u64) {
        if let Some(state) = self.states.get_mut(self.at) {
            state.snapshot.painting = painting;
        }
    }

    /// A painting of another content has begun: what was changed since that was set belongs to it as well.
    pub fn content_begun(&mut self, painting: u64) {
        let same = |a: &Snapshot, b: &Snapshot| a.painting == b.painting && a.has_same_content(b);
        for index in self.around(same) {
            self.states[index].snapshot.painting = painting;
        }
    }

    /// The state in force, and those next to it in one row for which `fits` is true beside it; none if it is
    /// not true for that one itself.
    fn around(&self, fits: impl Fn(&Snapshot, &Snapshot) -> bool) -> Range<usize> {
        let Some(State { snapshot: current, .. }) = self.states.get(self.at) else { return 0..0 };
        let fits = |state: &&State| fits(&state.snapshot, current);
        let before = self.states[..=self.at].iter().rev().take_while(fits).count();
        let after = self.states[self.at..].iter().take_while(fits).count();
        self.at + 1 - before..self.at + after
    }

    /// Another program has saved a picture's file, which is no action of the person's here: the new version
    /// is in the old one's place at any time.
    pub fn file_was_saved(&mut self, before: &Loaded, now: &Loaded) {
        for Snapshot { content, styles, .. } in self.states.iter_mut().map(|state| &mut state.snapshot) {
            for loaded in std::iter::once(content).chain(styles).filter_map(|slot| slot.picture.as_mut()) {
                if Arc::ptr_eq(&loaded.picture, &before.picture) {
                    loaded.clone_from(now);
                }
            }
        }
    }

    /// The settings that undo and redo can go to.
    pub fn settings(&self) -> impl Iterator<Item = &Settings> {
        self.states.iter().map(|state| &state.snapshot.settings)
    }

    /// What is said when undo takes the last change back: the value that is in force again, if it changed
    /// one.
    fn undone(&self) -> String {
        let [before, state] = [&self.states[self.at - 1], &self.states[self.at]];
        let [from, to] = [&before.snapshot, &state.snapshot];
        let changes = fields::changes(&from.settings, &to.settings);
        // A change with a name of its own is more than its settings.
        let has_own_name = state.title != Self::compare(from, to).1;
        match changes.as_slice() {
            _ if has_own_name => None,
            [] => to.slots_back(from),
            [change] if to.slots_title(from).is_none() => fields::back(change),
            _ => None,
        }
        .unwrap_or_else(|| state.title.clone())
    }

    /// What undo would take back.
    pub fn undoes(&self) -> Option<&str> {
        (self.at > 0).then(|| self.states[self.at].title.as_str())
    }

    /// What redo would do again.
    pub fn redoes(&self) -> Option<&str> {
        self.states.get(self.at + 1).map(|state| state.title.as_str())
    }
}

/// Goes to an entry of the history.
struct GoTo(usize);

impl Act for GoTo {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.go_to_state(self.0);
    }
}

impl ImpastoApp {
    /// Make an entry of what the present action has changed, if it has. Values that cannot be used make none
    /// before they are put right.
    pub(super) fn note_change(&mut self, ctx: &Context) {
        self.follow_style_order();
        self.follow_drags(ctx);
        // What is being opened belongs to the same deed.
        if self.next.is_replaced() && self.still_opening() {
            return;
        }
        if !self.is_playing_list()
            && let Some(state) = self.undo.states.get(self.undo.at)
            && !state.snapshot.is_of(self)
            && self.settings_problems().is_empty()
        {
            if state.snapshot.settings.size != self.settings.size {
                // It was chosen.
                self.next.measured_size = None;
            }
            let now = Snapshot::of(self);
            // A drag's last change comes with its release.
            let held = self.undo.held[0] || self.undo.held_before[0];
            self.undo.record(now, ctx.input(|input| input.time), held);
        }
        self.undo.called = None;
    }

    /// Begin the history with what the program opens with, once it is there, and keep up with the hands at
    /// a frame's end.
    pub(super) fn follow_history(&mut self, ctx: &Context) {
        if self.undo.states.is_empty() && !self.still_opening() {
            self.undo.states.push(State {
                title: "As opened".to_owned(),
                snapshot: Snapshot::of(self),
                keys: Vec::new(),
                time: 0.0,
                gesture: None,
            });
        }
        self.follow_drags(ctx);
    }

    fn follow_drags(&mut self, ctx: &Context) {
        self.undo.follow_drags([self.is_dragging(ctx), ctx.egui_is_using_pointer()]);
    }

    /// Take the last change back.
    pub(super) fn undo(&mut self) {
        let note = match self.undo.undoes() {
            _ if !self.problems.is_empty() => {
                self.go_to_state(self.undo.at);
                "Undone: what cannot be used".to_owned()
            }
            None => "Nothing to undo".to_owned(),
            Some(_) => {
                let note = format!("Undone: {}", self.undo.undone());
                self.go_to_state(self.undo.at - 1);
                note
            }
        };
        self.messages.toasts.add_instead(&NOTES, note);
    }

    /// Redo the last undone change.
    pub(super) fn redo(&mut self) {
        let note = match self.undo.redoes() {
            None => "Nothing to redo".to_owned(),
            Some(title) => {
                let note = format!("Redone: {title}");
                self.go_to_state(self.undo.at + 1);
                note
            }
        };
        self.messages.toasts.add_instead(&NOTES, note);
    }

    pub(super) fn go_to_state(&mut self, index: usize) {
        let Some(state) = self.undo.states.get(index) else { return };
        let Snapshot { settings, desk, content, styles, painting } = state.snapshot.clone();
        let states = &self.undo.states[self.undo.at.min(index)..=self.undo.at.max(index)];
        for pair in states.windows(2) {
            let [earlier, later] = [&pair[0], &pair[1]].map(|state| &state.snapshot.settings.masks);
            let (from, to) = if index < self.undo.at { (later, earlier) } else { (earlier, later) };
            self.pictures.masks.flags.follow(from, to);
        }
        self.undo.at = index;
        // What was taken of a recipe and has not begun is undone with it.
        self.next.begin_afresh = false;
        if painting != self.paintings.current() && self.return_to(painting).is_none() {
            // It is not kept: what is painted goes on with what was set, or begins afresh.
            self.undo.painting_begun(self.paintings.current());
        }
        self.settings = settings;
        self.mixes.desk = desk;
        self.pictures.content = content;
        self.pictures.styles = styles;
        self.pictures.masks.styles.begin_anew();
        if self.pictures.styles.is_empty() {
            let id = self.next_number();
            self.pictures.styles.push(Slot::new(id));
        }
    }

    /// The list of what was done, oldest first; a click goes there.
    pub(super) fn history_list(&self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        ui.set_width(280.0);
        ui.label(widgets::weak(ui, "Click to go back or forth"));
        ui.add_space(space::XS);
        ScrollArea::vertical().max_height(320.0).stick_to_bottom(true).show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            for (index, state) in self.undo.states.iter().enumerate() {
                let color = if index > self.undo.at { palette.weak } else { palette.text };
                let text = RichText::new(&state.title).size(13.0).color(color);
                let row = egui::Button::selectable(index == self.undo.at, text)
                    .truncate()
                    .min_size(egui::vec2(ui.available_width(), 22.0));
                if ui.add(row).on_hover_text(&state.title).clicked() {
                    self.actions.push(GoTo(index));
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
