//! Runs that begin, go back, and take changed settings over.

use std::{sync::Arc, time::Instant};

use super::{
    Canvas, Engine, Event, Job, Pace, Pass, Record, RestorePoint, Run, RunState, SnapshotSchedule, Start,
    Update, Worker,
};
use impasto_core::transfer::{GradientNorms, PyramidProgress};

impl<E: Engine, M: Fn() -> E, W: Fn()> Worker<'_, E, M, W> {
    pub(super) fn start(&mut self, job: &Job) {
        let id = job.run;
        if job.start != Start::Beginning {
            // The latest picture, not the latest preview.
            self.show(true);
            if let Some(lent) = self.shared.canvas.take() {
                self.canvas = Some(lent);
            }
        }
        let back = match job.start {
            Start::Moment => self.shared.back.take(),
            _ => None,
        };
        if let Some(RestorePoint { picture, record, .. }) = &back {
            self.canvas = Some(Canvas { picture: Arc::clone(picture), record: record.clone() });
        }
        let canvas = self.canvas.clone().filter(|_| job.start != Start::Beginning);
        let record = self.record_of(job, canvas.as_ref());
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
            detour: None,
            aside: 0,
            slow: 0.0,
            changed: false,
            refused_scales: None,
            snapshots: SnapshotSchedule::default(),
            told: Instant::now(),
            painted: 0.0,
            since: None,
        });
        self.enter(RunState::Preparing);
        self.extracting.broken = false;
        let current = canvas.as_ref().map(|canvas| &*canvas.picture);
        let started = self.guard(|engine, outbox| {
            engine.start(job, current, &mut |what| {
                outbox.tell(Event::Preparing { run: id, what: what.to_owned() });
            })
        });
        let info = match started {
            Ok(info) => info,
            Err(message) => return self.fail(message),
        };
        if let Some(run) = &mut self.run {
            run.settings.size = info.size;
            run.record.set_size(info.size);
        }
        self.outbox.tell(Event::Started { run: id, info: Box::new(info) });
        if let Some(back) = back {
            self.go_back(back);
        }
        self.show(true);
        self.take_update();
        if self.run.as_ref().is_some_and(|run| run.state == RunState::Preparing) {
            if job.paused {
                self.enter(RunState::Paused);
            } else if self.run.as_ref().is_some_and(Run::is_over) {
                self.enter(RunState::Finished);
            } else {
                if let Some(run) = &mut self.run {
                    run.start_clock();
                }
                self.enter(RunState::Running);
            }
        }
    }

    /// How a job's first picture comes about.
    pub(super) fn record_of(&self, job: &Job, canvas: Option<&Canvas>) -> Record {
        let Some(canvas) = canvas else { return Record::new(Pass::new(job, Start::Beginning)) };
        // A recipe knows no earlier moments: it goes on from a picture, and is incomplete.
        let start = if job.start == Start::Moment { Start::Current } else { job.start };
        let pass = Pass { new_engine: self.engine.is_none(), ..Pass::new(job, start) };
        match &canvas.record {
            // What a failure left behind in the engine is not known.
            Some(record)
                if job.start != Start::Moment
                    && self.run.as_ref().is_none_or(|run| run.state != RunState::Failed) =>
            {
                record.then(pass)
            }
            Some(record) => record.then(pass).incomplete(),
            None => Record::new(pass).incomplete(),
        }
    }

    /// Brings the run that was just started to an earlier moment.
    pub(super) fn go_back(&mut self, RestorePoint { step, state, record, .. }: RestorePoint) {
        let exactly = state.as_ref().map(|state| state.as_slice());
        let mut known = record.filter(|_| exactly.is_some());
        let restored = match self.guard(|engine, _| engine.restore(step, exactly)) {
            Err(text) if exactly.is_some() && self.engine.is_some() => {
                known = None;
                let Some(run) = &self.run else { return };
                let text = format!("went on from the picture alone: {text}");
                self.outbox.tell(Event::Notice { run: run.id, text });
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
                        // It is the same run still.
                        run.record = record;
                    }
                }
            }
        }
    }

    pub(super) fn take_update(&mut self) {
        let Some(run) = &self.run else { return };
        let (id, state, step) = (run.id, run.state, run.step);
        // What is meant for a run that waits in the inbox stays for it.
        let Some(update) = self.shared.update.take_if(|update| update.run <= id) else { return };
        let Update { number, run: meant, mut settings, mut inputs, dragged } = update;
        if meant != id || state == RunState::Failed {
            return;
        }
        let recoloured =
            self.run.as_ref().is_some_and(|run| run.settings.kept_colours() != settings.kept_colours());
        self.before_change();
        let otherwise = self.run.as_ref().is_some_and(|run| {
            !run.inputs.same_mix_and_palette(&inputs) || run.settings.changes_painting(&settings)
        });
        if dragged && otherwise && settings.follow_drags {
            self.start_detour();
        }
        match self.update_engine(&mut settings, &mut inputs) {
            Err(text) if self.engine.is_none() => return self.fail(text),
            Err(text) => return self.outbox.tell(Event::Notice { run: id, text }),
            Ok(()) => {}
        }
        let converged = self.engine.as_ref().is_some_and(E::converged);
        if let Some(run) = &mut self.run {
            run.record_aside();
            run.record.change(step, (&run.settings, &settings), (&run.inputs, &inputs));
            (run.settings, run.inputs) = (settings, inputs);
            run.update = number;
            run.changed |= otherwise;
            run.converged = converged;
            if otherwise {
                run.settling.disturb();
            }
        }
        let over = self.run.as_ref().is_some_and(Run::is_over);
        match state {
            RunState::Finished if !over => {
                if let Some(run) = &mut self.run {
                    run.start_clock();
                }
                self.enter(RunState::Running);
            }
            RunState::Running if over => self.rest(RunState::Finished),
            RunState::Running | RunState::Preparing => {}
            // What is done to the picture after the fact shows without a step.
            _ if recoloured => {
                if let Some(run) = &mut self.run {
                    run.shown = None;
                    run.painted_update = run.update;
                }
                self.show(true);
            }
            _ => {}
        }
    }
}
