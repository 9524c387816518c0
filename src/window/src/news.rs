//! The worker's events: the state of its run, losses, and the picture.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use egui::Context;

use super::{
    ImpastoApp,
    messages::{Banner, Trouble},
    widgets,
};
use impasto_engine::session::{Event, RunState};

/// Longest time that one frame of the window spends on the worker's news.
const NEWS_TIME: Duration = Duration::from_millis(8);

impl ImpastoApp {
    /// Take the worker's events and its latest picture.
    pub(super) fn take_news(&mut self, ctx: &Context) {
        let begun = Instant::now();
        while let Some(event) = self.worker.session.as_ref().and_then(|session| session.next_event()) {
            self.take_event(event);
            if begun.elapsed() > NEWS_TIME {
                ctx.request_repaint();
                break;
            }
        }
        let now = ctx.input(|input| input.time);
        while let Some(snapshot) = self.worker.session.as_ref().and_then(|session| session.next_snapshot()) {
            self.paintings.take(&snapshot);
            if snapshot.state.is_some() {
                self.autosave.exact = Some(snapshot.clone());
            }
            self.view.film.keep(snapshot, now);
        }
        if let Some(frame) = self.worker.session.as_ref().and_then(|session| session.take_frame())
            && frame.run == self.run.id
        {
            let live = self.view.film.is_live(&frame.picture, frame.step);
            self.record = Some((Arc::clone(&frame.picture), frame.record));
            if live {
                self.panels.frames.arrived(frame.update, frame.step);
                self.view.canvas.take(ctx, frame.picture, frame.step);
            }
        }
    }

    fn take_event(&mut self, event: Event) {
        let current = self.run.id;
        match event {
            Event::State { run, state } if run == current => {
                self.run.state = state;
                match state {
                    RunState::Running => self.run.playing = true,
                    RunState::Paused | RunState::Finished | RunState::Stopped | RunState::Failed => {
                        self.run.playing = false;
                    }
                    RunState::Idle | RunState::Preparing => {}
                }
                if state != RunState::Preparing {
                    self.run.preparing = None;
                }
                if matches!(state, RunState::Finished | RunState::Stopped) {
                    // What is to be done now matters more than what was.
                    self.messages.notice = None;
                }
            }
            Event::Preparing { run, what } if run == current => self.run.preparing = Some(what),
            Event::Started { run, info } if run == current => {
                if self.run.choosing_size {
                    self.next.choose_size = false;
                }
                let given = self.run.given.as_mut().filter(|_| self.run.choosing_size);
                let chosen = given.filter(|given| self.settings.size == given.settings.size).map(|given| {
                    given.settings.size = info.size;
                    (info.size, info.step_seconds)
                });
                if let Some(path) = self.settings.weights.clone() {
                    let (known, info) = (self.files.known.clone(), info.clone());
                    let work = move || known.add_weights(&path, &info);
                    self.tasks.spawn("register", work, |_: &mut Self, _, ()| ());
                }
                if !info.remarks.is_empty() {
                    let remarks: Vec<String> =
                        info.remarks.iter().map(|remark| widgets::sentence(remark)).collect();
                    self.messages.notice = Some(remarks.join(" "));
                }
                self.run.info = Some(*info);
                if let Some((size, step)) = chosen {
                    self.size_was_chosen(size, step);
                }
            }
            Event::Progress { run, progress } if run == current => {
                if let Some(losses) = &progress.losses {
                    let side = progress.place.width.max(progress.place.height);
                    self.history.add(progress.step, side, losses);
                }
                self.run.advance(*progress);
            }
            Event::Notice { run, text } if run == current => {
                self.messages.toasts.add(text.clone());
                self.messages.notice = Some(text);
            }
            Event::Limited { run, text } if run == current => self.note_limit(text),
            Event::Failed { run, message } if run == current => {
                self.run.state = RunState::Failed;
                self.run.playing = false;
                self.run.preparing = None;
                self.messages.banners.retain(|banner| !matches!(banner.trouble, Trouble::Run));
                self.messages.banners.push(Banner { trouble: Trouble::Run, text: message });
            }
            Event::Extract { key, result } => self.take_extract(&key, result),
            Event::Similarity { number, result } => self.take_similarity(number, result.map(|map| *map)),
            Event::Died { message } => {
                self.worker.session = None;
                self.view.masking.wand = Default::default();
                self.run.state = RunState::Failed;
                self.run.playing = false;
                self.run.preparing = None;
                self.messages.banners.push(Banner {
                    trouble: Trouble::Engine,
                    text: format!("The engine has died: {message}. The last picture is kept."),
                });
            }
            // Of a run that is over.
            Event::State { .. }
            | Event::Preparing { .. }
            | Event::Started { .. }
            | Event::Progress { .. }
            | Event::Notice { .. }
            | Event::Limited { .. }
            | Event::Failed { .. } => {}
        }
    }
}
