//! Replay of a recipe: paints its runs again, with the same events at the same steps.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use image::RgbImage;

use crate::session::{Engine, EngineError, Reading, StyleSource};
use impasto_core::{
    picture::{Picture, pasted_hash},
    run::{DownscalePart, Job, Pass, Record, RunInfo, SourceRecord, Start},
    settings::Settings,
    transfer::{Inputs, LevelCommand, Losses},
};
use impasto_formats::{
    inputs::{open_initial, open_palette},
    recipe::{EventKind, Recipe, ReplayEvent, events},
};

/// A run to paint, and the events to apply to it.
#[derive(Clone, Debug)]
pub struct ReplayPlan {
    pub job: Job,
    pub events: Vec<ReplayEvent>,
    /// Steps to paint; the settings may ask for more.
    pub steps: u32,
    /// Start with a new engine.
    pub new_engine: bool,
    /// The palettes that the events change to, by their names in the settings.
    pub palettes: Palettes,
}

/// Opened palettes by their names in settings.
pub type Palettes = BTreeMap<PathBuf, Arc<Picture>>;

/// Pictures to use instead of a recipe's.
#[derive(Clone, Debug, Default)]
pub struct Replacements {
    pub content: Option<Arc<Picture>>,
    pub styles: Option<Vec<StyleSource>>,
}

impl ReplayPlan {
    /// A run without events.
    pub fn plain(job: Job, steps: u32) -> Self {
        Self { job, events: Vec::new(), steps, new_engine: false, palettes: Palettes::new() }
    }

    /// The plans of a recipe's runs. `open` finds the pictures; `replacements` replace them in every run;
    /// `change` is applied last to all settings.
    ///
    /// # Errors
    ///
    /// Those of `open` and `change`, and an event in the recipe that does not fit the settings.
    pub fn of(
        recipe: &Recipe,
        replacements: &Replacements,
        open: &mut dyn FnMut(&SourceRecord) -> anyhow::Result<Arc<Picture>>,
        change: &dyn Fn(Settings) -> anyhow::Result<Settings>,
    ) -> anyhow::Result<Vec<Self>> {
        let mut plans = Vec::new();
        for (index, pass) in recipe.passes.iter().enumerate() {
            let content = match &replacements.content {
                Some(content) => Arc::clone(content),
                None => open(&pass.content)?,
            };
            let styles = match &replacements.styles {
                Some(styles) => styles.clone(),
                None => pass
                    .styles
                    .iter()
                    .map(|style| Ok(style.with_picture(open(&style.source)?)))
                    .collect::<anyhow::Result<_>>()?,
            };
            let own = replacements.styles.as_ref().map(|_| styles.iter().map(|style| style.mix).collect());
            let mut events = events(pass).map_err(anyhow::Error::msg)?;
            for event in &mut events {
                if let EventKind::Update(settings, mix) = &mut event.kind {
                    **settings = change((**settings).clone())?;
                    if let Some(own) = &own {
                        Vec::clone_from(mix, own);
                    }
                }
            }
            let settings = change(pass.settings.clone())?;
            let mut palettes = Palettes::new();
            let later = events.iter().filter_map(|event| match &event.kind {
                EventKind::Update(settings, _) => Some(settings.as_ref()),
                EventKind::Level(_) | EventKind::Downscale(_) => None,
            });
            for settings in [&settings].into_iter().chain(later) {
                let Some(name) = settings.palette.as_ref().filter(|name| !palettes.contains_key(*name))
                else {
                    continue;
                };
                let pasted = pass.palettes.iter().find(|palette| Some(palette.sha256) == pasted_hash(name));
                let palette = match pasted {
                    Some(source) => open(source)?,
                    None => open_palette(name)?,
                };
                palettes.insert(name.clone(), palette);
            }
            let inputs = Inputs {
                palette: settings.palette.as_ref().and_then(|name| palettes.get(name)).cloned(),
                // Only the first run starts from it.
                initial: if index == 0 { open_initial(&settings)? } else { None },
                ..Inputs::new(content, styles)
            };
            let job = Job {
                run: index as u64 + 1,
                inputs,
                settings,
                start: if index == 0 { Start::Beginning } else { pass.start },
                paused: false,
                endless: false,
                choose_size: false,
            };
            plans.push(Self { job, events, steps: pass.steps, new_engine: pass.new_engine, palettes });
        }
        Ok(plans)
    }
}

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
    palettes: Palettes,
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
            palettes: Palettes::new(),
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
        };
        let job = Job { start, ..plan.job.clone() };
        let info = self.engine.start(&job, current_picture.as_ref().map(|(picture, _)| picture), report)?;
        record.set_size(info.size);
        self.record = Some(record);
        self.events = plan.events.clone().into();
        self.settings = job.settings;
        self.inputs = Some(job.inputs);
        self.palettes.clone_from(&plan.palettes);
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
                    inputs.palette =
                        settings.palette.as_ref().and_then(|name| self.palettes.get(name)).cloned();
                    self.update(&settings, &inputs)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Change, SourceRecord};
    use impasto_formats::{known::KnownFiles, recipe, trust::Trust};
    use impasto_test_support as tests;

    /// Records its calls; the picture's height is the number of steps.
    #[derive(Default)]
    struct Fake {
        calls: Vec<String>,
        steps: u32,
        /// Sets the flag at this step.
        interrupts: Option<(u32, Arc<AtomicBool>)>,
    }

    impl Engine for Fake {
        fn start(
            &mut self,
            job: &Job,
            current: Option<&RgbImage>,
            _: &mut dyn FnMut(&str),
        ) -> Result<RunInfo, EngineError> {
            let from = current.map_or(0, RgbImage::height);
            self.calls.push(format!("start {:?} from {from} β {}", job.start, job.settings.style_weight));
            self.steps = 0;
            Ok(RunInfo { size: job.settings.size, ..tests::info() })
        }
        fn update(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
            let weight = inputs.styles[0].mix.weight;
            let call = format!("after {}: β {} × {weight}", self.steps, settings.style_weight);
            self.calls.push(call);
            Ok(())
        }
        fn step(&mut self) -> Result<(), EngineError> {
            self.steps += 1;
            if let Some((at, flag)) = &self.interrupts {
                flag.store(self.steps >= *at, Ordering::Relaxed);
            }
            Ok(())
        }
        fn end_downscale(&mut self) -> Result<(), EngineError> {
            self.calls.push(format!("after {}: back", self.steps));
            Ok(())
        }
        fn level(&mut self, order: LevelCommand) -> Result<(), EngineError> {
            self.calls.push(format!("after {}: {order:?}", self.steps));
            Ok(())
        }
        fn read(&mut self) -> Result<Reading, EngineError> {
            let picture = RgbImage::new(1, self.steps);
            Ok(Reading {
                step: self.steps,
                place: Default::default(),
                losses: None,
                norms: Default::default(),
                picture,
                plain: None,
            })
        }
        fn end(&mut self) {}
    }

    /// Execute every plan; returns the engine's calls and the last record.
    fn replay(plans: &[ReplayPlan]) -> (Vec<String>, Record) {
        let mut replayer = Replayer::new(Fake::default);
        for plan in plans {
            replayer.begin(plan, &mut |_| ()).unwrap();
            (0..plan.steps).for_each(|_| replayer.step().unwrap());
            replayer.read().unwrap();
        }
        (replayer.engine().calls.clone(), replayer.record_handle().latest().unwrap())
    }

    #[test]
    fn an_interruption_ends_a_detour_and_leaves_the_picture() {
        let job = tests::job();
        let mut pass = Pass::new(&job, Start::Beginning);
        pass.steps = 3;
        let downscale = |part| Change { step: 1, downscale: Some(part), ..Change::default() };
        pass.changes = vec![downscale(DownscalePart::Begin(0.5))];
        pass.changes.extend(vec![downscale(DownscalePart::Steps(100_000)); 200]);
        let mut open = |_: &SourceRecord| Ok(Arc::clone(&job.inputs.content));
        let recipe = Recipe::new(&Record::of(vec![pass], true).unwrap(), (60, 40), &tests::info());
        let plans =
            ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &|settings| Ok(settings)).unwrap();

        let flag = Arc::new(AtomicBool::new(false));
        let engine_flag = Arc::clone(&flag);
        let mut replayer = Replayer::new(move || Fake {
            interrupts: Some((40, Arc::clone(&engine_flag))),
            ..Fake::default()
        });
        replayer.stop_at(flag);
        replayer.begin(&plans[0], &mut |_| ()).unwrap();
        replayer.step().unwrap();
        assert!(replayer.step().unwrap_err().is::<Interrupted>());
        // The steps painted until then are recorded, and the full size is back.
        let height = replayer.read().unwrap().picture.height();
        assert_eq!(height, 40);
        let record = replayer.record_handle().latest().unwrap();
        let parts: Vec<_> = record.passes()[0].changes.iter().filter_map(|change| change.downscale).collect();
        assert_eq!(parts, [DownscalePart::Begin(0.5), DownscalePart::Steps(39), DownscalePart::End]);
        assert_eq!(replayer.engine().calls.last().unwrap(), "after 40: back");
    }

    #[test]
    fn a_pasted_palette_is_found_by_its_hash_also_in_a_later_event() {
        let pasted = |shade: u8| {
            let pixels = [shade, 90, 30, 255].repeat(20 * 20);
            Arc::new(Picture::from_rgba("pasted picture", 20, 20, pixels).unwrap())
        };
        let (first, later) = (pasted(1), pasted(2));
        let mut job = tests::job();
        let named = |palette: &Picture| Settings {
            palette: Some(palette.reference()),
            match_colours: 1.0,
            ..tests::job().settings
        };
        (job.settings, job.inputs.palette) = (named(&first), Some(Arc::clone(&first)));
        let after = Inputs { palette: Some(Arc::clone(&later)), ..job.inputs.clone() };
        let mut record = Record::new(Pass::new(&job, Start::Beginning));
        record.change(3, (&job.settings, &named(&later)), (&job.inputs, &after));
        let recipe = Recipe::new(&record.at(5), (60, 40), &tests::info());
        let known =
            [first, later, Arc::clone(&job.inputs.content), Arc::clone(&job.inputs.styles[0].picture)];
        let mut open = |source: &SourceRecord| {
            let found = known.iter().find(|picture| picture.sha256 == source.sha256);
            found.cloned().ok_or_else(|| anyhow::anyhow!("{} is gone", source.name))
        };
        let plans =
            ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &|settings| Ok(settings)).unwrap();
        let hash = |palette: Option<&Arc<Picture>>| palette.map(|palette| palette.sha256);
        assert_eq!(hash(plans[0].job.inputs.palette.as_ref()), hash(Some(&known[0])));
        assert_eq!(hash(plans[0].palettes.get(&known[1].reference())), hash(Some(&known[1])));
        assert_eq!(replay(&plans).1.passes(), recipe.passes);
        let mut gone = |_: &SourceRecord| Err(anyhow::anyhow!("gone"));
        assert!(
            ReplayPlan::of(&recipe, &Replacements::default(), &mut gone, &|settings| Ok(settings)).is_err()
        );
    }

    #[test]
    fn events_are_replayed_at_their_steps_and_recorded_again() {
        let job = tests::job();
        let heavier = Settings { style_weight: 3.5, ..job.settings.clone() };
        let mut lighter = job.inputs.clone();
        lighter.styles[0].mix.weight = 0.25;
        let mut first = Record::new(Pass::new(&job, Start::Beginning));
        first.change(4, (&job.settings, &heavier), (&job.inputs, &job.inputs));
        first.add_level_command(4, LevelCommand::Climb);
        first.change(9, (&heavier, &job.settings), (&job.inputs, &lighter));
        let mut second = first.at(9).then(Pass::new(&job, Start::Repaint));
        second.add_level_command(2, LevelCommand::Hold);
        let recipe = Recipe::new(&second.at(3), (60, 40), &tests::info());

        let mut open = |source: &SourceRecord| {
            let found =
                recipe::find(source, &[], &KnownFiles::default(), &Trust::All).map(recipe::Found::picture);
            found.map(Arc::new).ok_or_else(|| anyhow::anyhow!("{} is gone", source.name))
        };
        let plans =
            ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &|settings| Ok(settings)).unwrap();
        let (calls, record) = replay(&plans);
        let default_weight = job.settings.style_weight;
        let expected = [
            format!("start Beginning from 0 β {default_weight}"),
            "after 4: β 3.5 × 0.7".to_owned(),
            "after 4: Climb".to_owned(),
            format!("after 9: β {default_weight} × 0.25"),
            format!("start Repaint from 9 β {default_weight}"),
            "after 2: Hold".to_owned(),
        ];
        assert_eq!(calls, expected);
        assert_eq!(record.passes(), recipe.passes);
        assert!(record.is_complete());

        // Settings from outside apply after every event.
        let change = |settings| Ok(Settings { style_weight: 1.25, ..settings });
        let plans = ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &change).unwrap();
        let (calls, _) = replay(&plans);
        assert_eq!(calls.iter().filter(|line| line.contains("β 1.25")).count(), 4, "{calls:?}");
    }
}
