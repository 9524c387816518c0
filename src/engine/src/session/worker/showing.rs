//! Read-backs and their events: pictures, moments, progress.

use std::{sync::Arc, time::Instant};

use image::RgbImage;

use super::{Canvas, Engine, Event, Frame, Pace, Progress, RunState, Snapshot, Study, Worker};
use impasto_core::transfer::Losses;

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    /// Read the picture and the losses back and send them, unless done for this step. Important events are
    /// sent even if the window is behind.
    pub(super) fn show(&mut self, important: bool) {
        let Some(run) = &self.run else { return };
        if run.shown == Some(run.step) || run.state == RunState::Failed {
            return;
        }
        let reading = match self.guard(|engine, _| engine.read()) {
            Ok(reading) => reading,
            Err(message) => return self.fail(message),
        };
        let Some(run) = &mut self.run else { return };
        if reading.place.level == run.place.level {
            run.pace.read(Instant::now());
        } else {
            // Steps of another size take another time.
            run.pace = Pace::new(Instant::now());
        }
        run.shown = Some(run.step);
        run.place = reading.place;
        run.converged = self.engine.as_ref().is_some_and(E::converged);
        run.norms = reading.norms;
        let picture = Arc::new(reading.picture);
        run.record_aside();
        let record = run.record.at(run.step);
        // What still moves by itself does not settle.
        if run.detour.is_none() && run.step >= run.settings.steps && !run.settings.automation.has_active_lfo()
        {
            run.settling.look(run.step, &picture, run.converged);
        }
        let plain = reading.plain.map_or_else(|| Arc::clone(&picture), Arc::new);
        self.canvas = Some(Canvas { picture: plain, record: Some(record.clone()) });
        let update = run.painted_update;
        let (shown, due) = (Arc::clone(&picture), run.snapshots.due(Instant::now(), run.step));
        self.shared.frame.put(Frame { run: run.id, step: run.step, picture, record, update });
        self.tell_progress(reading.losses.clone(), important);
        if due {
            // The user returns to points where painting pauses or begins.
            self.keep(shown, reading.losses, important);
        }
        self.look_into_layer();
    }

    /// Looks into the layer that the window has open, if it is time.
    pub(super) fn look_into_layer(&mut self) {
        let Some(run) = &self.run else { return };
        if matches!(run.state, RunState::Failed | RunState::Preparing | RunState::Idle) {
            return;
        }
        let (id, step, resting, start) = (run.id, run.step, run.state != RunState::Running, Instant::now());
        let Some(layer) = self.studying.due(id, step, resting, start) else { return };
        let found = self.guard(|engine, _| engine.study(layer));
        self.studying.done(id, step, start.elapsed(), Instant::now());
        if let Some(run) = &mut self.run {
            // Its time doesn't count as a step's.
            run.pace.resume(Instant::now());
        }
        match found {
            Ok(Some(study)) => {
                self.shared.study.put(Study { run: id, step, study });
                (self.outbox.wake)();
            }
            Ok(None) => {}
            Err(text) if self.engine.is_none() => self.fail(text),
            Err(text) => {
                self.studying.set(None);
                self.outbox.tell(Event::Notice { run: id, text });
            }
        }
    }

    /// Keep the state before the user's change.
    pub(super) fn before_change(&mut self) {
        let Some(run) = &mut self.run else { return };
        if run.snapshots.change(Instant::now(), run.step) && run.state == RunState::Running {
            self.keep_now();
        }
    }

    /// Keeps the moment as it is, with the engine's state, unless it is kept already.
    pub(super) fn keep_now(&mut self) {
        let Some(run) = &self.run else { return };
        let kept = run.step == 0 || run.snapshots.exact_step() == Some(run.step);
        if run.state == RunState::Failed || run.detour.is_some() || kept || self.shared.snapshots.is_full() {
            return;
        }
        match self.guard(|engine, _| engine.read()) {
            Err(message) => self.fail(message),
            Ok(reading) => self.keep(Arc::new(reading.picture), reading.losses, true),
        }
    }

    /// Send a moment to the window, unless it is behind.
    pub(super) fn keep(&mut self, picture: Arc<RgbImage>, losses: Option<Losses>, exactly: bool) {
        let now = Instant::now();
        let Some(run) = &mut self.run else { return };
        // Steps of a detour are not counted, and its picture is but a sketch.
        if run.detour.is_some() || self.shared.snapshots.is_full() {
            return;
        }
        let exactly = exactly || run.snapshots.state_due(now);
        run.snapshots.kept(now, run.step, exactly);
        let mut snapshot = Snapshot {
            run: run.id,
            step: run.step,
            place: run.place.clone(),
            elapsed: run.elapsed(),
            settings: run.settings.clone(),
            styles: run.inputs.mix(),
            losses,
            picture,
            state: None,
        };
        if exactly {
            match self.guard(|engine, _| engine.checkpoint()) {
                Ok(state) => snapshot.state = state.map(Arc::new),
                Err(message) => return self.fail(message),
            }
            if let Some(run) = &mut self.run {
                run.snapshots.state_took(now.elapsed());
            }
        }
        // It is full only if it has filled up since, and then there are enough.
        let _ = self.shared.snapshots.try_send(snapshot);
        (self.outbox.wake)();
    }

    pub(super) fn tell_progress(&mut self, losses: Option<Losses>, important: bool) {
        let Some(run) = &mut self.run else { return };
        run.told = Instant::now();
        let progress = Box::new(Progress {
            step: run.step,
            place: run.place.clone(),
            losses,
            converged: run.converged,
            norms: run.norms.clone(),
            seconds_per_step: run.pace.seconds_per_step(),
            elapsed: run.elapsed(),
        });
        let event = Event::Progress { run: run.id, progress };
        match important {
            true => self.outbox.tell(event),
            false => self.outbox.tell_if_free(event),
        }
    }
}
