//! Starting runs and restoring snapshots.

use std::{sync::Arc, time::Instant};

use super::{
    CurrentPicture, Engine, Event, Job, Pace, Pass, Record, RestorePoint, Run, RunState, SnapshotSchedule,
    Start, Worker,
};
use impasto_core::transfer::{GradientNorms, PyramidProgress};

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    pub(super) fn start(&mut self, job: &Job) {
        let id = job.run;
        if matches!(job.start, Start::Beginning | Start::Moment) {
            self.leave_run();
        }
        if job.start != Start::Beginning {
            // Continue from the latest picture, not the latest preview.
            self.read_back(true);
            if let Some(lent) = self.shared.current_picture.take() {
                self.current_picture = Some(lent);
            }
        }
        let restore_point = match job.start {
            Start::Moment => self.shared.restore_point.take_if(|(run, _)| *run <= id).map(|(_, point)| point),
            _ => None,
        };
        if let Some(RestorePoint { picture, record, .. }) = &restore_point {
            self.current_picture =
                Some(CurrentPicture { picture: Arc::clone(picture), record: record.clone() });
        }
        let current_picture = self.current_picture.clone().filter(|_| job.start != Start::Beginning);
        let record = self.start_record(job, current_picture.as_ref());
        self.run = Some(Run {
            id,
            settings: job.settings.clone(),
            inputs: job.inputs.clone(),
            record,
            state: RunState::Preparing,
            endless: job.endless,
            settling: Default::default(),
            step: 0,
            shown: None,
            place: PyramidProgress::default(),
            update: 0,
            painted_update: 0,
            converged: false,
            norms: GradientNorms::default(),
            measured: None,
            pace: Pace::new(Instant::now()),
            downscale: None,
            uncounted_steps: 0,
            full_size_seconds: 0.0,
            changed: false,
            refused_scales: None,
            refused_pictures: None,
            snapshots: SnapshotSchedule::default(),
            last_progress: Instant::now(),
            painted: 0.0,
            since: None,
        });
        self.set_state(RunState::Preparing);
        self.extracting.broken = false;
        let current = current_picture.as_ref().map(|current_picture| &*current_picture.picture);
        let started = self.guard(|engine, outbox| {
            engine.start(job, current, &mut |what| {
                outbox.send(Event::Preparing { run: id, what: what.to_owned() });
            })
        });
        let info = match started {
            Ok(info) => info,
            Err(message) => return self.fail(message),
        };
        if let Some(run) = &mut self.run {
            // A run that has no memory for the requested size keeps it in its settings, as the window does.
            if job.choose_size {
                run.settings.size = info.size;
            }
            run.record.set_size(info.size);
        }
        self.outbox.send(Event::Started { run: id, info: Box::new(info) });
        if let Some(restore_point) = restore_point {
            self.restore_snapshot(restore_point);
        }
        self.read_back(true);
        self.take_update();
        if self.run.as_ref().is_some_and(|run| run.state == RunState::Preparing) {
            if job.paused {
                self.set_state(RunState::Paused);
            } else if self.run.as_ref().is_some_and(Run::is_over) {
                self.set_state(RunState::Finished);
            } else {
                if let Some(run) = &mut self.run {
                    run.start_clock();
                }
                self.set_state(RunState::Running);
            }
        }
    }

    /// Keep a snapshot of the run that ends, to which the user may want to return.
    fn leave_run(&mut self) {
        self.take_update();
        self.end_downscale();
        self.keep_snapshot_now();
    }

    /// The record that a job begins with.
    pub(super) fn start_record(&self, job: &Job, current_picture: Option<&CurrentPicture>) -> Record {
        let Some(current_picture) = current_picture else {
            return Record::new(Pass::new(job, Start::Beginning)).begun_with(&job.inputs);
        };
        // A recipe cannot express going back: it continues from a picture, and is incomplete.
        let start = if job.start == Start::Moment { Start::Current } else { job.start };
        let pass = Pass { new_engine: self.engine.is_none(), ..Pass::new(job, start) };
        let record = match &current_picture.record {
            // After a failure the engine's state is unknown.
            Some(record)
                if job.start != Start::Moment
                    && self.run.as_ref().is_none_or(|run| run.state != RunState::Failed) =>
            {
                record.then(pass)
            }
            Some(record) => record.then(pass).incomplete(),
            None => Record::new(pass).incomplete(),
        };
        record.begun_with(&job.inputs)
    }

    /// Restore an earlier snapshot in the run that was just started.
    pub(super) fn restore_snapshot(&mut self, RestorePoint { step, state, record, .. }: RestorePoint) {
        let exactly = state.as_ref().map(|state| state.as_slice());
        let mut known = record.filter(|_| exactly.is_some());
        let restored = match self.guard(|engine, _| engine.restore(step, exactly)) {
            Err(text) if exactly.is_some() && self.engine.is_some() => {
                known = None;
                let Some(run) = &self.run else { return };
                let text = format!("went on from the picture alone: {text}");
                self.outbox.send(Event::Notice { run: run.id, text });
                self.guard(|engine, _| engine.restore(step, None))
            }
            other => other,
        };
        match restored {
            Err(message) => self.fail(message),
            Ok(()) => {
                if let Some(run) = &mut self.run {
                    run.step = step;
                    run.snapshots = SnapshotSchedule::from_step(step);
                    if let Some(record) = known {
                        // It is still the same run, unless an older program flattened its styles.
                        let other = run.record.has_opaque_parts() && !record.has_opaque_parts();
                        run.record = if other { record.incomplete() } else { record };
                    }
                }
            }
        }
    }
}
