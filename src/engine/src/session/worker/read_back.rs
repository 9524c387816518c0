//! Read-backs and their events: pictures, snapshots, progress.

use std::{sync::Arc, time::Instant};

use image::RgbImage;

use super::{CurrentPicture, Engine, Event, Frame, Pace, Progress, RunState, Snapshot, Study, Worker};
use impasto_core::transfer::Losses;

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    /// Read the picture and the losses back and send them, unless done for this step. Important events are
    /// sent even if the window is behind.
    pub(super) fn read_back(&mut self, important: bool) {
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
            // The time per step depends on the size.
            run.pace = Pace::new(Instant::now());
        }
        run.shown = Some(run.step);
        run.place = reading.place;
        run.converged = self.engine.as_ref().is_some_and(E::converged);
        run.norms = reading.norms;
        let picture = Arc::new(reading.picture);
        run.record_uncounted_steps();
        let record = run.record.at(run.step);
        // A picture that automation keeps changing does not settle.
        if run.downscale.is_none() && run.step >= run.settings.steps && !run.settings.automation.never_rests()
        {
            run.settling.observe(run.step, &picture, run.converged);
        }
        let plain = reading.plain.map_or_else(|| Arc::clone(&picture), Arc::new);
        self.current_picture = Some(CurrentPicture { picture: plain, record: Some(record.clone()) });
        let update = run.painted_update;
        let (shown, due) = (Arc::clone(&picture), run.snapshots.due(Instant::now(), run.step));
        self.shared.frame.put(Frame { run: run.id, step: run.step, picture, record, update });
        self.send_progress(reading.losses.clone(), important);
        if due {
            // The user returns to points where painting pauses or begins.
            self.keep_snapshot(shown, reading.losses, important);
        }
        self.study_layer();
    }

    /// Study the layer that the window has open, if it is time.
    pub(super) fn study_layer(&mut self) {
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
                self.outbox.send(Event::Notice { run: id, text });
            }
        }
    }

    /// Keep a snapshot of the state before a change by the user.
    pub(super) fn before_change(&mut self) {
        let Some(run) = &mut self.run else { return };
        if run.snapshots.change(Instant::now(), run.step) && run.state == RunState::Running {
            self.keep_snapshot_now();
        }
    }

    /// Keep a snapshot of this step with the engine's state, unless there is one.
    pub(super) fn keep_snapshot_now(&mut self) {
        let Some(run) = &self.run else { return };
        let kept = run.step == 0 || run.snapshots.exact_step() == Some(run.step);
        if run.state == RunState::Failed || run.downscale.is_some() || kept || self.shared.snapshots.is_full()
        {
            return;
        }
        match self.guard(|engine, _| engine.read()) {
            Err(message) => self.fail(message),
            Ok(reading) => self.keep_snapshot(Arc::new(reading.picture), reading.losses, true),
        }
    }

    /// Send a snapshot to the window, unless it is behind.
    pub(super) fn keep_snapshot(&mut self, picture: Arc<RgbImage>, losses: Option<Losses>, exactly: bool) {
        let now = Instant::now();
        let Some(run) = &mut self.run else { return };
        // Steps at a downscaled size do not count, and their picture is a draft.
        if run.downscale.is_some() || self.shared.snapshots.is_full() {
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
            pictures: run.inputs.hashes(),
            losses,
            picture,
            state: None,
            record: Some(run.record.at(run.step)),
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
        // If the channel has filled up since, there are enough snapshots.
        let _ = self.shared.snapshots.try_send(snapshot);
        (self.outbox.wake)();
    }

    pub(super) fn send_progress(&mut self, losses: Option<Losses>, important: bool) {
        let Some(run) = &mut self.run else { return };
        run.last_progress = Instant::now();
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
            true => self.outbox.send(event),
            false => self.outbox.send_or_drop(event),
        }
    }
}
