//! The window's side of the worker: starts runs and sends changed settings.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use egui::{Context, ViewportId};

use super::{
    ImpastoApp,
    messages::{Banner, Trouble},
    slot::{self, Slot},
    state::{Given, Run},
};
use impasto_core::{
    settings::{Init, StyleMix},
    transfer::Inputs,
};
use impasto_engine::session::{Command, Job, LevelCommand, RunState, SendError, Start, StyleSource};

/// Time to the frame that shows an awaited picture; zero would ask egui for two frames.
const AT_ONCE: Duration = Duration::from_millis(1);

impl ImpastoApp {
    /// The pictures of a run, if there are enough of them.
    pub(super) fn inputs(&self) -> Option<Inputs> {
        let content = Arc::clone(&self.pictures.content.picture.as_ref()?.picture);
        let styles: Vec<StyleSource> = self
            .pictures
            .styles
            .iter()
            .filter_map(|slot| {
                let picture = Arc::clone(&slot.picture.as_ref()?.picture);
                // The weight of a single style has nothing to be weighed against, and is not shown.
                let weight = if self.pictures.styles.len() > 1 { slot.mix.weight } else { 1.0 };
                Some(StyleSource { picture, mix: StyleMix { weight, ..slot.mix } })
            })
            .collect();
        let wanted = |slot: &Slot| Some(Arc::clone(&slot.picture.as_ref()?.picture));
        let inputs = Inputs {
            palette: self.settings.palette.as_ref().and_then(|_| wanted(&self.pictures.palette)),
            initial: matches!(self.settings.init, Init::File(_))
                .then(|| wanted(&self.pictures.initial))
                .flatten(),
            masks: self.mask_pictures()?,
            ..Inputs::new(content, styles)
        };
        (!inputs.styles.is_empty()).then_some(inputs)
    }

    pub(super) fn still_opening(&self) -> bool {
        let others = [&self.pictures.content, &self.pictures.palette, &self.pictures.initial];
        others.into_iter().chain(&self.pictures.styles).any(|slot| slot.loading.is_some())
            || self.pictures.masks.is_loading()
    }

    /// Start the worker if there is none.
    pub(super) fn start_engine(&mut self, ctx: &Context) {
        let ctx = ctx.clone();
        let (after, awaited) = (self.worker.repaint_after, self.panels.frames.awaited());
        let wake = move || {
            // After a change its picture is awaited.
            let after = if awaited.load(Ordering::Relaxed) { after.min(AT_ONCE) } else { after };
            ctx.request_repaint_after_for(after, ViewportId::ROOT);
        };
        match (self.worker.spawn)(Box::new(wake)) {
            Ok(session) => {
                if let Some(picture) = self.view.canvas.picture() {
                    let record = self.record_of(&picture).cloned();
                    session.continue_from(picture, record);
                }
                self.worker.session = Some(session);
            }
            Err(error) => self.messages.banners.push(Banner {
                trouble: Trouble::Engine,
                text: format!("The engine cannot be started: {error}"),
            }),
        }
    }

    /// Start a new run of the pictures and settings as they are.
    pub(super) fn start_run(&mut self, start: Start, paused: bool) {
        let Some(inputs) = self.inputs() else { return };
        if self.settings.validate().is_err() {
            return;
        }
        let pictures = self.pictures.held();
        let id = self.run.id + 1;
        let job = Job {
            run: id,
            inputs: inputs.clone(),
            settings: self.pictures.masks.flags.with_solo(&self.settings),
            start,
            paused,
            endless: self.endless(),
            choose_size: self.next.choose_size,
        };
        let Some(session) = &self.worker.session else { return };
        match session.send(Command::Run(Box::new(job))) {
            Ok(()) => {
                self.run = Run {
                    id,
                    state: RunState::Preparing,
                    playing: !paused,
                    choosing_size: self.next.choose_size,
                    endless: self.endless(),
                    // What the last run knew stays in view until the new one says better.
                    info: self.run.info.take(),
                    given: Some(Given {
                        inputs: inputs.clone(),
                        settings: self.settings.clone(),
                        solo: self.soloed_regions(),
                        pictures,
                    }),
                    begun: start,
                    ..Run::default()
                };
                self.view.film.begin(id, start);
                // A recipe's pictures that are still being opened begin it again.
                self.next.begin_afresh &= self.still_opening();
                self.messages.notice = None;
                self.panels.frames.forget_changes();
                match std::mem::take(&mut self.next.resume) {
                    true => self.history.go_on(),
                    false => self.history.clear(),
                }
                self.messages.banners.retain(|banner| !matches!(banner.trouble, Trouble::Run));
            }
            Err(error) => self.send_failed(error),
        }
    }

    fn send_failed(&mut self, error: SendError) {
        match error {
            // Its last words come as an event.
            SendError::Dead => {}
            SendError::Busy => self.messages.toasts.add(error.to_string()),
        }
    }

    /// Give an order; true when it was taken.
    pub(super) fn order(&mut self, command: Command) -> bool {
        match self.worker.session.as_ref().map(|session| session.send(command)) {
            Some(Err(error)) => {
                self.send_failed(error);
                false
            }
            sent => sent.is_some(),
        }
    }

    /// Whether a run continues after its steps. A tour and a playlist count them.
    pub(super) fn endless(&self) -> bool {
        !self.view.layout.stop_after_steps && self.panels.tour.is_none() && !self.playlist.plays()
    }

    /// Send the worker whether the run is endless, if that has changed.
    fn follow_endless(&mut self) {
        let endless = self.endless();
        if self.run.alive() && self.run.endless != endless && self.order(Command::Endless(endless)) {
            self.run.endless = endless;
        }
    }

    /// Whether painting could go on: false at the step limit.
    pub(super) fn steps_left(&self) -> bool {
        self.run.endless || self.run.state != RunState::Finished || self.run.step() < self.settings.steps
    }

    pub(super) fn play_or_pause(&mut self) {
        match self.run.state {
            _ if self.worker.session.is_none() => {}
            RunState::Running | RunState::Preparing | RunState::Paused => {
                let playing = !self.run.playing;
                if self.order(if playing { Command::Resume } else { Command::Pause }) {
                    self.run.playing = playing;
                }
            }
            RunState::Finished if self.steps_left() => {
                self.run.playing = self.order(Command::Resume);
            }
            RunState::Finished => {
                self.messages.toasts.add(self.finished_note());
            }
            RunState::Stopped if self.goes_on() => {
                self.run.playing = self.order(Command::Resume);
            }
            RunState::Idle | RunState::Stopped | RunState::Failed => self.start_anew(false),
        }
    }

    /// Start a run where none goes on: from the current picture, unless that is another content's.
    pub(super) fn start_anew(&mut self, paused: bool) {
        let inputs = self.inputs();
        let given = self.run.given.as_ref();
        let other =
            given.zip(inputs.as_ref()).is_some_and(|(given, now)| given.inputs.has_other_content(now));
        // What has failed to begin begins again.
        let unbegun = self.run.state == RunState::Failed && self.run.begun == Start::Beginning;
        let unbegun = unbegun && self.run.progress.is_none() && self.run.id > 1;
        let replaced = self.next.begin_afresh;
        let left = if other || replaced { self.leave_painting() } else { None };
        let start = if other || replaced || unbegun { Start::Beginning } else { Start::Current };
        if start == Start::Beginning {
            self.next.init_at_start = Some(self.settings.init.clone());
        }
        self.start_run(start, paused);
        if let Some(left) = left {
            self.record_what_has_begun(other);
            self.note_what_has_begun(left, replaced);
        }
    }

    /// Say what has taken the place of the painting that was left: all that was taken over, or another
    /// content.
    fn note_what_has_begun(&mut self, left: u64, replaced: bool) {
        if replaced {
            let [taken, begun] = self.next.notes;
            self.messages.toasts.take_back(&[taken]);
            self.note_begun(begun, Some(left));
        } else {
            self.note_new_content(left);
        }
    }

    /// Record in the history that a painting begins.
    fn record_what_has_begun(&mut self, other_content: bool) {
        let painting = self.paintings.current();
        match other_content {
            true => self.undo.content_begun(painting),
            false => self.undo.painting_begun(painting),
        }
    }

    /// Whether the stopped run could take the pictures and settings of the window.
    fn goes_on(&self) -> bool {
        self.run.given.as_ref().zip(self.inputs()).is_some_and(|(given, inputs)| {
            !self.next.begin_afresh
                && given.inputs.can_become(&inputs)
                && given.settings.restart_reasons(&self.settings).is_empty()
        })
    }

    pub(super) fn single_step(&mut self) {
        match self.run.state {
            _ if self.worker.session.is_none() => {}
            RunState::Finished if !self.steps_left() => self.play_or_pause(),
            RunState::Idle | RunState::Failed => {
                self.start_anew(true);
                self.order(Command::Step);
            }
            RunState::Stopped if !self.goes_on() => {
                self.start_anew(true);
                self.order(Command::Step);
            }
            _ => {
                self.run.playing = false;
                self.order(Command::Step);
            }
        }
    }

    pub(super) fn order_level(&mut self, order: LevelCommand) {
        if self.run.alive() && self.run.place().levels > 1 {
            self.order(Command::Level(order));
        }
    }

    pub(super) fn stop(&mut self) {
        if self.run.alive() {
            self.run.playing = false;
            self.order(Command::Stop);
        }
    }

    fn soloed_regions(&self) -> Vec<String> {
        let soloed = self.pictures.masks.flags.soloed(&self.settings.masks);
        soloed.into_iter().map(str::to_owned).collect()
    }

    /// Bring the worker up to the pictures and settings of the window: hot where that is possible, with a new
    /// run from the current picture where it is not.
    pub(super) fn follow_settings(&mut self, ctx: &Context) {
        self.follow_endless();
        self.problems = self.settings_problems();
        if !self.problems.is_empty() || self.worker.session.is_none() || self.list_changes() {
            return;
        }
        let Some(inputs) = self.inputs() else { return };
        let Some(given) = &self.run.given else {
            let waiting = self.autosave.looking || self.autosave.comeback.is_some();
            if self.run.state == RunState::Idle && !self.still_opening() && !waiting {
                // What was brought back waits to be looked at.
                if self.next.resume {
                    let (start, step) = self.begin_going_on();
                    self.start_run(start, true);
                    self.history.go_on_at(step);
                } else {
                    self.start_run(Start::Beginning, false);
                }
            }
            return;
        };
        let mut reasons = given.settings.restart_reasons(&self.settings);
        // Only a run that has painted something can take other pictures over.
        let takes = !self.next.begin_afresh
            && matches!(
                self.run.state,
                RunState::Running | RunState::Paused | RunState::Finished | RunState::Stopped
            );
        let same = given.inputs.same_pictures(&inputs);
        let other_content = given.inputs.has_other_content(&inputs);
        if !(same || takes && given.inputs.can_become(&inputs)) {
            reasons.push("picture");
        }
        match self.run.state {
            // After a stop the next run waits for play.
            RunState::Stopped if !reasons.is_empty() => return,
            // A change may mend what failed.
            RunState::Failed if reasons.is_empty() => return,
            _ => {}
        }
        if given.settings.size != self.settings.size {
            self.next.choose_size = false;
        }
        // A moment that is being brought back is there before anything follows it, or it would be lost.
        let brought_back = self.run.state == RunState::Preparing && self.run.begun == Start::Moment;
        if !reasons.is_empty() && brought_back && !(self.next.begin_afresh || other_content) {
            return;
        }
        if !reasons.is_empty() {
            // Don't restart while a value is still being edited.
            let editing = ctx.text_edit_focused() || ctx.egui_is_using_pointer() || self.still_opening();
            if !editing {
                if !(self.next.begin_afresh || other_content) {
                    self.messages.toasts.add(restart_note(ctx, &reasons));
                }
                // What was asked for counts, not what the worker has confirmed.
                let under_way =
                    matches!(self.run.state, RunState::Preparing | RunState::Running | RunState::Paused);
                let paused = under_way && !self.run.playing;
                // What changes the whole look begins with large strokes again.
                let repaint = ["picture", "pyramid"];
                let again = reasons.iter().any(|reason| repaint.contains(reason));
                let mut start = if again { Start::Repaint } else { Start::Current };
                let replaced = std::mem::take(&mut self.next.begin_afresh);
                if !(replaced || other_content) {
                    return self.start_run(start, paused);
                }
                start = Start::Beginning;
                let left = self.leave_painting();
                self.next.init_at_start = Some(self.settings.init.clone());
                self.record_what_has_begun(other_content);
                self.start_run(start, paused);
                if let Some(left) = left {
                    self.note_what_has_begun(left, replaced);
                }
            }
            return;
        }
        // What is still opening is sent when it is there.
        if self.pictures.palette.loading.is_some() {
            return;
        }
        let solo = self.soloed_regions();
        let same_settings = given.settings == self.settings && given.solo == solo;
        if !same_settings || !same || !given.inputs.same_mix_and_palette(&inputs) {
            let note = slot::fade_note(&given.inputs, &inputs);
            // A drag is to be seen at once.
            let held = self.is_dragging(ctx);
            let settings = self.pictures.masks.flags.with_solo(&self.settings);
            let sent = self.worker.session.as_ref().map(|session| match held {
                true => session.update_while_dragged(self.run.id, &settings, &inputs),
                false => session.update(self.run.id, &settings, &inputs),
            });
            match sent {
                Some(Ok(update)) => {
                    self.panels.frames.sent(update, self.run.step());
                    note.into_iter().for_each(|note| self.messages.toasts.add(note));
                }
                Some(Err(error)) => self.send_failed(error),
                None => {}
            }
            let pictures = self.pictures.held();
            self.run.given = Some(Given { inputs, settings: self.settings.clone(), solo, pictures });
        }
    }
}

fn restart_note(ctx: &Context, reasons: &[&str]) -> String {
    let mut what = reasons.join(", ");
    if let Some(first) = what.get(..1) {
        what = first.to_uppercase() + &what[1..];
    }
    let key = super::command::Command::Restart.key(ctx).unwrap_or_default();
    format!("{what} changed. Painting continues from the current picture. Restart ({key}) to start over.")
}
