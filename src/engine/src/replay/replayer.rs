//! Replay of a recipe: paints its runs again, with the same events at the same steps.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use image::RgbImage;

use super::{
    drawn::DrawnMasks,
    plan::{NamedPictures, PicturesByHash, ReplayPlan, masks_of, replaced},
};
use crate::session::{Engine, EngineError, Reading};
use impasto_core::{
    run::{DownscalePart, Drawings, Job, Pass, Record, RunInfo, Start},
    settings::Settings,
    transfer::{Inputs, LevelCommand, Losses},
};
use impasto_formats::recipe::{EventKind, ReplayEvent};

/// Steps at a downscaled size between two waits for the device.
const DOWNSCALE_BATCH: u32 = 16;

/// The record of the last picture read, shared with code that has no access to the replayer.
#[derive(Clone, Default)]
pub struct RecordHandle(Arc<Mutex<Option<Record>>>);

impl RecordHandle {
    fn put(&self, record: Record) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
    }

    /// The latest record, if a picture was read.
    pub fn latest(&self) -> Option<Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A replay was interrupted between two counted steps.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// An engine that replays plans: it applies recorded events at their steps, and records them again.
pub struct Replayer<E> {
    make: Box<dyn Fn() -> E>,
    engine: E,
    events: VecDeque<ReplayEvent>,
    step: u32,
    settings: Settings,
    inputs: Option<Inputs>,
    named: NamedPictures,
    drawings: Drawings,
    drawn: DrawnMasks,
    pictures: PicturesByHash,
    /// The last picture read, from which the next run continues, and its record.
    current_picture: Option<(RgbImage, Record)>,
    record: Option<Record>,
    record_handle: RecordHandle,
    /// Interrupts the replay of events between two steps.
    interrupted: Arc<AtomicBool>,
    /// Whether the engine paints at a downscaled size.
    downscaled: bool,
    /// What the engine's runs had to do without since the last call of [`Engine::take_limits`].
    limits: Vec<String>,
}

impl<E: Engine> Replayer<E> {
    /// A replayer whose engines `make` creates.
    pub fn new(make: impl Fn() -> E + 'static) -> Self {
        Self {
            engine: make(),
            make: Box::new(make),
            events: VecDeque::new(),
            step: 0,
            settings: Settings::default(),
            inputs: None,
            named: NamedPictures::new(),
            drawings: Drawings::new(),
            drawn: DrawnMasks::default(),
            pictures: PicturesByHash::new(),
            current_picture: None,
            record: None,
            record_handle: RecordHandle::default(),
            interrupted: Arc::default(),
            downscaled: false,
            limits: Vec::new(),
        }
    }

    /// Check this flag while replaying events between two steps, which may take hours. Once it is set,
    /// [`Engine::step`] fails with [`Interrupted`], and the picture can still be read.
    pub fn stop_at(&mut self, interrupted: Arc<AtomicBool>) {
        self.interrupted = interrupted;
    }

    /// Let the next run continue from this picture instead of the last one.
    pub fn continue_from(&mut self, picture: RgbImage, record: Record) {
        self.current_picture = Some((picture, record));
    }

    /// Prepare the next run, which continues from the last picture unless its job says otherwise.
    ///
    /// # Errors
    ///
    /// As [`Engine::start`].
    pub fn begin(&mut self, plan: &ReplayPlan, report: &mut dyn FnMut(&str)) -> Result<RunInfo, EngineError> {
        if plan.new_engine {
            self.engine = (self.make)();
        }
        let current_picture = self.current_picture.take().filter(|_| plan.job.start != Start::Beginning);
        let start = if current_picture.is_some() { plan.job.start } else { Start::Beginning };
        let pass = Pass { new_engine: plan.new_engine, ..Pass::new(&plan.job, start) };
        let mut record = match &current_picture {
            Some((_, record)) => record.then(pass),
            None => Record::new(pass),
        }
        .begun_with(&plan.job.inputs);
        let job = Job { start, ..plan.job.clone() };
        let info = self.engine.start(&job, current_picture.as_ref().map(|(picture, _)| picture), report)?;
        record.set_size(info.size);
        self.record = Some(record);
        self.events = plan.events.clone().into();
        self.settings = job.settings;
        self.drawn = DrawnMasks::of(&job.inputs.masks);
        self.inputs = Some(job.inputs);
        self.named.clone_from(&plan.named);
        self.drawings.clone_from(&plan.drawings);
        self.pictures.clone_from(&plan.pictures);
        self.step = 0;
        self.downscaled = false;
        Ok(info)
    }

    /// The engine.
    pub fn engine(&mut self) -> &mut E {
        &mut self.engine
    }

    /// The handle to the record, updated at every read-back.
    pub fn record_handle(&self) -> RecordHandle {
        self.record_handle.clone()
    }

    /// Apply the events that are due; false if interrupted.
    fn apply_due_events(&mut self) -> Result<bool, EngineError> {
        while self.events.front().is_some_and(|event| event.step <= self.step) {
            if self.interrupted.load(Ordering::Relaxed) {
                return self.abandon_events().map(|()| false);
            }
            let Some(event) = self.events.pop_front() else { break };
            match event.kind {
                EventKind::Level(order) => {
                    self.engine.level(order)?;
                    if let Some(record) = &mut self.record {
                        record.add_level_command(self.step, order);
                    }
                }
                EventKind::Downscale(part) => self.downscale(part)?,
                EventKind::Update(settings, mix) => {
                    let Some(mut inputs) = self.inputs.clone() else { continue };
                    inputs.set_mix(&mix);
                    if settings.palette != self.settings.palette {
                        inputs.palette =
                            settings.palette.as_ref().and_then(|name| self.named.get(name)).cloned();
                    }
                    inputs.masks = masks_of(&settings, &mut self.drawn, &self.named, &self.drawings)?;
                    self.update(&settings, &inputs)?;
                }
                EventKind::Replace(settings, mix, records) => {
                    let Some(now) = &self.inputs else { continue };
                    let Some(mut inputs) = replaced(now, &records, &mix, &self.pictures) else { continue };
                    inputs.masks = masks_of(&settings, &mut self.drawn, &self.named, &self.drawings)?;
                    self.replace_pictures(&settings, &inputs)?;
                }
            }
        }
        Ok(true)
    }

    /// Replay a part at a downscaled size; if interrupted, only the steps painted until then.
    fn downscale(&mut self, part: DownscalePart) -> Result<(), EngineError> {
        let part = match part {
            DownscalePart::Begin(share) => {
                self.engine.begin_downscale(share)?;
                self.downscaled = true;
                part
            }
            DownscalePart::Steps(count) => {
                let mut painted = 0;
                while painted < count && !self.interrupted.load(Ordering::Relaxed) {
                    self.engine.step()?;
                    painted += 1;
                    // Steps are queued faster than they are painted: without this wait an interruption would
                    // be late.
                    if painted.is_multiple_of(DOWNSCALE_BATCH) {
                        self.engine.settle()?;
                    }
                }
                DownscalePart::Steps(painted)
            }
            DownscalePart::End => {
                self.engine.end_downscale()?;
                self.downscaled = false;
                part
            }
        };
        if let Some(record) = &mut self.record {
            record.add_downscale(self.step, part);
        }
        Ok(())
    }

    /// What a run had to do without is not repeated where it is painted again.
    fn note_limits(&mut self) {
        let limits = self.engine.take_limits();
        if !limits.is_empty() {
            self.record = self.record.take().map(Record::incomplete);
            self.limits.extend(limits);
        }
    }

    /// After an interruption: drop the remaining events and return to the full size.
    fn abandon_events(&mut self) -> Result<(), EngineError> {
        self.events.clear();
        if self.downscaled { self.downscale(DownscalePart::End) } else { Ok(()) }
    }
}

impl<E: Engine> Engine for Replayer<E> {
    fn start(
        &mut self,
        job: &Job,
        _: Option<&RgbImage>,
        report: &mut dyn FnMut(&str),
    ) -> Result<RunInfo, EngineError> {
        self.begin(&ReplayPlan::plain(job.clone(), job.settings.steps), report)
    }

    fn update(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
        self.engine.update(settings, inputs)?;
        if let Some((record, before)) = self.record.as_mut().zip(self.inputs.as_ref()) {
            record.change(self.step, (&self.settings, settings), (before, inputs));
        }
        self.settings = settings.clone();
        self.inputs = Some(inputs.clone());
        Ok(())
    }

    fn replace_pictures(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
        self.engine.replace_pictures(settings, inputs)?;
        if let Some((record, before)) = self.record.as_mut().zip(self.inputs.as_ref()) {
            record.replace_pictures(self.step, (&self.settings, settings), (before, inputs));
        }
        self.settings = settings.clone();
        self.inputs = Some(inputs.clone());
        Ok(())
    }

    fn step(&mut self) -> Result<(), EngineError> {
        if !self.apply_due_events()? {
            return Err(Interrupted.into());
        }
        self.engine.step()?;
        self.step += 1;
        Ok(())
    }

    fn level(&mut self, order: LevelCommand) -> Result<(), EngineError> {
        self.engine.level(order)
    }

    fn settle(&mut self) -> Result<(), EngineError> {
        self.engine.settle()
    }

    fn converged(&self) -> bool {
        self.engine.converged()
    }

    fn losses(&mut self) -> Result<Option<Losses>, EngineError> {
        self.engine.losses()
    }

    fn read(&mut self) -> Result<Reading, EngineError> {
        // Events after the last step show in its picture.
        self.apply_due_events()?;
        let reading = self.engine.read()?;
        self.note_limits();
        if let Some(record) = self.record.as_ref().map(|record| record.at(self.step)) {
            self.record_handle.put(record.clone());
            let plain = reading.plain.as_ref().unwrap_or(&reading.picture).clone();
            self.current_picture = Some((plain, record));
        }
        Ok(reading)
    }

    fn take_notices(&mut self) -> Vec<String> {
        self.engine.take_notices()
    }

    fn take_limits(&mut self) -> Vec<String> {
        self.note_limits();
        std::mem::take(&mut self.limits)
    }

    fn end(&mut self) {
        self.engine.end();
    }
}
