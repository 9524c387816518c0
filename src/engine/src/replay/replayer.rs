//! Replay of a recipe: paints its runs again, with the same events at the same steps.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use image::RgbImage;

use super::plan::{NamedPictures, PicturesByHash, ReplayPlan, masks_of, replaced};
use crate::session::{Engine, EngineError, Reading};
use impasto_core::{
    run::{DownscalePart, Job, Pass, Record, RunInfo, Start},
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
        };
        let job = Job { start, ..plan.job.clone() };
        let info = self.engine.start(&job, current_picture.as_ref().map(|(picture, _)| picture), report)?;
        record.set_size(info.size);
        self.record = Some(record);
        self.events = plan.events.clone().into();
        self.settings = job.settings;
        self.inputs = Some(job.inputs);
        self.named.clone_from(&plan.named);
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
                    inputs.masks = masks_of(&settings, &self.named);
                    self.update(&settings, &inputs)?;
                }
                EventKind::Replace(settings, mix, records) => {
                    let Some(now) = &self.inputs else { continue };
                    let Some(mut inputs) = replaced(now, &records, &mix, &self.pictures) else { continue };
                    inputs.masks = masks_of(&settings, &self.named);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        replay::Replacements,
        session::{Change, SourceRecord, StyleSource},
    };
    use impasto_core::picture::{self, Picture};
    use impasto_formats::{
        known::KnownFiles,
        recipe::{self, Recipe},
        trust::Trust,
    };
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
        fn replace_pictures(&mut self, _: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
            let styles: Vec<&str> = inputs.styles.iter().map(|style| style.picture.name.as_str()).collect();
            let palette = inputs.palette.as_ref().map_or("none", |palette| &palette.name);
            self.calls.push(format!("after {}: {styles:?} in the colours of {palette}", self.steps));
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
        assert_eq!(hash(plans[0].named.get(&known[1].reference())), hash(Some(&known[1])));
        assert_eq!(replay(&plans).1.passes(), recipe.passes);
        let mut gone = |_: &SourceRecord| Err(anyhow::anyhow!("gone"));
        assert!(
            ReplayPlan::of(&recipe, &Replacements::default(), &mut gone, &|settings| Ok(settings)).is_err()
        );
    }

    #[test]
    fn replaced_pictures_are_found_by_their_hashes_whatever_their_files_hold_now() {
        let job = tests::job();
        let versions = [1, 2].map(|shade| {
            let palette = Picture::from_rgba("leaves.png", 20, 20, [shade, 90, 30, 255].repeat(400)).unwrap();
            Arc::new(Picture { path: Some("/nowhere/leaves.png".into()), ..palette })
        });
        let coloured = Settings { palette: versions[0].path.clone(), ..job.settings.clone() };
        let with = |palette: Option<&Arc<Picture>>, styles: &[usize]| Inputs {
            palette: palette.cloned(),
            styles: styles
                .iter()
                .map(|&index| StyleSource::new(Arc::new(picture::STYLES[index].open())))
                .collect(),
            ..job.inputs.clone()
        };
        let states = [
            (&job.settings, with(None, &[0])),
            (&job.settings, with(None, &[2, 1])),
            (&coloured, with(Some(&versions[0]), &[2, 1])),
            (&coloured, with(Some(&versions[1]), &[2])),
        ];
        let mut record =
            Record::new(Pass::new(&Job { inputs: states[0].1.clone(), ..job.clone() }, Start::Beginning));
        for (step, [before, after]) in (1..).zip(states.array_windows()) {
            record.replace_pictures(step, (before.0, after.0), (&before.1, &after.1));
        }
        let heavier = Settings { style_weight: 7.0, ..coloured.clone() };
        record.change(5, (&coloured, &heavier), (&states[3].1, &states[3].1));
        let recipe = Recipe::new(&record.at(6), (60, 40), &tests::info());
        assert_eq!(recipe.version, recipe::VERSION);
        let mut known = versions.to_vec();
        known.push(Arc::clone(&job.inputs.content));
        known.extend((0..3).map(|index| Arc::new(picture::STYLES[index].open())));
        let mut open = |source: &SourceRecord| {
            let found = known.iter().find(|picture| picture.sha256 == source.sha256);
            found.cloned().ok_or_else(|| anyhow::anyhow!("{} is gone", source.name))
        };
        let plans =
            ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &|settings| Ok(settings)).unwrap();
        let (calls, record) = replay(&plans);
        let names = |indices: &[usize]| {
            format!("{:?}", indices.iter().map(|&index| picture::STYLES[index].title).collect::<Vec<_>>())
        };
        assert_eq!(
            calls[1..],
            [
                format!("after 1: {} in the colours of none", names(&[2, 1])),
                format!("after 2: {} in the colours of leaves.png", names(&[2, 1])),
                format!("after 3: {} in the colours of leaves.png", names(&[2])),
                "after 5: β 7 × 1".to_owned(),
            ]
        );
        assert_eq!(record.passes(), recipe.passes);

        // A style from outside replaces them all.
        let own = with(None, &[1]).styles;
        let replacements = Replacements { content: None, styles: Some(own) };
        let plans = ReplayPlan::of(&recipe, &replacements, &mut open, &|settings| Ok(settings)).unwrap();
        let (calls, _) = replay(&plans);
        assert!(calls[1..4].iter().all(|call| call.contains(&names(&[1]))), "{calls:?}");
        let mut gone = |source: &SourceRecord| match source.sha256 == versions[1].sha256 {
            true => Err(anyhow::anyhow!("gone")),
            false => open(source),
        };
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
