//! Other pictures for a run that goes on: the real engine, the worker, and the record of it.

use std::{
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::common::{inputs, mean_difference};
use impasto_core::{
    picture::{self, Picture},
    settings::{DeviceChoice, Optimizer, Settings, Statistic, StyleMix},
    transfer::{Inputs, TransferError},
};
use impasto_engine::{
    replay::{Replacements, ReplayPlan, Replayer},
    session::{
        self, Engine, Event, Frame, Job, LevelCommand, PaintEngine, Reading, RunInfo, RunState, Session,
        Start, StyleSource,
    },
};
use impasto_formats::recipe::{self, Recipe};

fn small() -> Settings {
    Settings { size: 64, pyramid: false, device: DeviceChoice::Cpu, ..Settings::default() }
}

fn job(settings: &Settings, inputs: &Inputs, start: Start) -> Job {
    Job { start, ..Job::new(1, inputs.clone(), settings.clone()) }
}

fn started(settings: &Settings, inputs: &Inputs, steps: u32) -> PaintEngine {
    let mut engine = PaintEngine::new();
    engine.start(&job(settings, inputs, Start::Beginning), None, &mut |_| ()).unwrap();
    (0..steps).for_each(|_| engine.step().unwrap());
    engine
}

/// The first bundled pair.
fn pair() -> Inputs {
    inputs(&[StyleMix::default()])
}

fn with_styles(indices: &[usize]) -> Inputs {
    let style = |&index: &usize| StyleSource::new(Arc::new(picture::STYLES[index].open()));
    Inputs::new(pair().content, indices.iter().map(style).collect())
}

/// A later version of the content's file: a part of it is painted over.
fn new_version(inputs: &Inputs, shade: u8) -> Inputs {
    let mut changed = (*inputs.content).clone();
    let (width, height) = changed.dimensions();
    for x in 0..width / 2 {
        (0..height / 2).for_each(|y| changed.rgb.put_pixel(x, y, image::Rgb([shade, 255 - shade, 40])));
    }
    changed.sha256 = changed.pixel_hash();
    Inputs { content: Arc::new(changed), ..inputs.clone() }
}

#[test]
fn other_pictures_keep_the_run_and_end_at_their_own_targets() {
    let plain = small();
    let two = {
        let mut two = with_styles(&[0, 2]);
        two.styles[1].mix.weight = 0.3;
        two
    };
    let palette = Inputs { palette: Some(Arc::new(picture::STYLES[3].open())), ..pair() };
    let coloured = Settings { match_colours: 0.7, ..plain.clone() };
    let cases: [(&str, Settings, Inputs); 11] = [
        ("another style", plain.clone(), with_styles(&[1])),
        ("one more style", plain.clone(), two),
        ("another content", plain.clone(), new_version(&pair(), 20)),
        ("content and colours", coloured.clone(), new_version(&pair(), 200)),
        ("a palette", coloured, palette),
        ("luminance", Settings { luminance_only: true, ..plain.clone() }, new_version(&with_styles(&[1]), 9)),
        (
            "distributions",
            Settings { statistic: Statistic::Wasserstein, sliced_weight: 2.0, ..plain.clone() },
            with_styles(&[1]),
        ),
        ("histograms", Settings { sliced_weight: 2.0, sliced_bases: 1, ..plain.clone() }, with_styles(&[1])),
        ("the nearest places", Settings { coherence_weight: 0.5, ..plain.clone() }, with_styles(&[1])),
        ("the style amount", Settings { style_amount: Some(0.6), ..plain.clone() }, with_styles(&[1])),
        ("low memory", Settings { low_memory: true, ..plain }, with_styles(&[1])),
    ];
    for (what, settings, other) in cases {
        let mut engine = started(&settings, &pair(), 4);
        let before = engine.read().unwrap();
        engine.replace_pictures(&settings, &other).unwrap();
        // Nothing is painted yet, and kept colours fade with the targets.
        let shown = |reading: Reading| (reading.picture, reading.plain);
        assert!(shown(engine.read().unwrap()) == shown(before), "{what}");
        assert_eq!(engine.checkpoint().unwrap(), None, "{what}: a state cannot tell of a fade");
        let mut as_before = started(&settings, &pair(), 4);
        for _ in 0..2 {
            engine.step().unwrap();
            as_before.step().unwrap();
        }
        let shown = engine.read().unwrap();
        assert_eq!(shown.step, 6);
        assert!(
            mean_difference(&shown.picture, &as_before.read().unwrap().picture) > 0.05,
            "{what}: it shows"
        );
        (0..8).for_each(|_| engine.step().unwrap());
        // From here on it is a run of the new pictures, in every bit.
        let state = engine.checkpoint().unwrap().unwrap();
        let picture = engine.read().unwrap().picture;
        let mut fresh = PaintEngine::new();
        fresh.start(&job(&settings, &other, Start::Moment), Some(&picture), &mut |_| ()).unwrap();
        fresh.restore(14, Some(&state)).unwrap();
        for _ in 0..3 {
            engine.step().unwrap();
            fresh.step().unwrap();
            assert_eq!(engine.losses().unwrap(), fresh.losses().unwrap(), "{what}");
        }
        assert!(engine.checkpoint().unwrap() == fresh.checkpoint().unwrap(), "{what}");
    }
}

#[test]
fn kept_colours_fade_with_the_targets() {
    let settings = Settings { keep_colours: 1.0, ..small() };
    let other = new_version(&pair(), 200);
    let mut engine = started(&settings, &pair(), 4);
    let before = engine.read().unwrap().picture;
    engine.replace_pictures(&settings, &other).unwrap();
    assert!(engine.read().unwrap().picture == before, "nothing is painted yet");
    let coloured = |plain: &image::RgbImage, inputs: &Inputs| {
        let content = inputs.content_image(&settings);
        picture::with_colours_of(plain, &content, 1.0)
    };
    (0..5).for_each(|_| engine.step().unwrap());
    let amid = engine.read().unwrap();
    let plain = amid.plain.unwrap();
    let from = |inputs: &Inputs| mean_difference(&amid.picture, &coloured(&plain, inputs));
    let between = mean_difference(&coloured(&plain, &pair()), &coloured(&plain, &other));
    for inputs in [&pair(), &other] {
        let share = from(inputs) / between;
        assert!((0.3..0.7).contains(&share), "{share}");
    }
    // Amid the fade yet another one: it begins with what is shown.
    engine.replace_pictures(&settings, &new_version(&pair(), 90)).unwrap();
    assert!(engine.read().unwrap().picture == amid.picture);
    (0..10).for_each(|_| engine.step().unwrap());
    let after = engine.read().unwrap();
    assert!(after.picture == coloured(&after.plain.unwrap(), &new_version(&pair(), 90)));
}

#[test]
fn settled_colours_fade_with_the_targets() {
    let settings = Settings { settle_colours: 1.0, ..small() };
    for other in [new_version(&pair(), 200), with_styles(&[1])] {
        let mut engine = started(&settings, &pair(), 4);
        let before = engine.read().unwrap().picture;
        engine.replace_pictures(&settings, &other).unwrap();
        assert!(engine.read().unwrap().picture == before, "nothing is painted yet");
        (0..10).for_each(|_| engine.step().unwrap());
        let after = engine.read().unwrap();
        // As a run of the new pictures shows the same painting.
        let mut fresh = PaintEngine::new();
        let begin = job(&settings, &other, Start::Moment);
        fresh.start(&begin, Some(after.plain.as_ref().unwrap()), &mut |_| ()).unwrap();
        assert!(fresh.read().unwrap().picture == after.picture);
        assert!(mean_difference(&after.picture, &before) > 3.0);
    }
}

#[test]
fn the_optimizer_goes_on() {
    // A style that is nearly the same must lead to nearly the same picture; an optimizer that begins afresh
    // would move every value by the whole learning rate in its next step.
    let settings = Settings { averaging: 0.0, ..small() };
    let mut nearly = (*pair().styles[0].picture).clone();
    nearly.rgb.put_pixel(3, 3, image::Rgb([1, 2, 3]));
    nearly.sha256 = nearly.pixel_hash();
    let nearly = Inputs { styles: vec![StyleSource::new(Arc::new(nearly))], ..pair() };
    let mut replaced = started(&settings, &pair(), 12);
    replaced.replace_pictures(&settings, &nearly).unwrap();
    replaced.step().unwrap();
    let as_before = started(&settings, &pair(), 13).read().unwrap().picture;
    let difference = mean_difference(&replaced.read().unwrap().picture, &as_before);
    assert!(difference < 0.6, "{difference}");
}

#[test]
fn lbfgs_takes_the_new_pictures_at_once() {
    let settings = Settings { optimizer: Optimizer::Lbfgs, ..small() };
    let mut engine = started(&settings, &pair(), 6);
    let before = engine.read().unwrap().picture;
    engine.replace_pictures(&settings, &with_styles(&[1])).unwrap();
    assert!(engine.checkpoint().unwrap().is_some(), "nothing fades");
    (0..2).for_each(|_| engine.step().unwrap());
    assert_ne!(engine.read().unwrap().picture, before, "it shows");
    let first = engine.losses().unwrap().unwrap().total;
    (0..12).for_each(|_| engine.step().unwrap());
    let last = engine.losses().unwrap().unwrap().total;
    assert!(last < first, "{first} to {last}");
}

#[test]
fn another_level_begins_with_the_new_pictures() {
    let settings = Settings { size: 181, steps: 40, device: DeviceChoice::Cpu, ..Settings::default() };
    let mut engine = started(&settings, &pair(), 3);
    let place = engine.read().unwrap().place;
    engine.replace_pictures(&settings, &with_styles(&[1])).unwrap();
    engine.step().unwrap();
    let after = engine.read().unwrap().place;
    assert_eq!((after.level, after.levels), (place.level, place.levels), "the level stays");
    assert!(place.levels > 1);
    for order in [LevelCommand::Climb, LevelCommand::Drop] {
        engine.level(order).unwrap();
        assert!(engine.checkpoint().unwrap().is_some(), "nothing fades any more");
    }
    // Also where the level's former targets were kept.
    let state = engine.checkpoint().unwrap().unwrap();
    let picture = engine.read().unwrap().picture;
    let mut fresh = PaintEngine::new();
    fresh.start(&job(&settings, &with_styles(&[1]), Start::Moment), Some(&picture), &mut |_| ()).unwrap();
    fresh.restore(4, Some(&state)).unwrap();
    engine.step().unwrap();
    fresh.step().unwrap();
    assert_eq!(engine.losses().unwrap(), fresh.losses().unwrap());
}

#[test]
fn pictures_that_cannot_be_used_leave_the_run_as_it_is() {
    let settings = small();
    let mut engine = started(&settings, &pair(), 3);
    let narrow = Inputs { content: Arc::new(picture::STYLES[0].open()), ..pair() };
    let error = engine.replace_pictures(&settings, &narrow).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(TransferError::OtherShape { .. })), "{error}");
    let none = Inputs { styles: Vec::new(), ..pair() };
    assert!(engine.replace_pictures(&settings, &none).is_err());
    let mut as_before = started(&settings, &pair(), 3);
    for _ in 0..2 {
        engine.step().unwrap();
        as_before.step().unwrap();
    }
    assert!(engine.checkpoint().unwrap() == as_before.checkpoint().unwrap());
}

/// The worker with the real engine, and what it told last.
struct Worker {
    session: Session,
    state: RunState,
    frame: Option<Frame>,
    info: Option<RunInfo>,
    notices: Vec<String>,
}

impl Worker {
    fn paused(settings: &Settings, inputs: &Inputs) -> Self {
        let session = Session::spawn(PaintEngine::new, || ()).unwrap();
        let mut worker =
            Self { session, state: RunState::Idle, frame: None, info: None, notices: Vec::new() };
        let job = Job { paused: true, ..job(settings, inputs, Start::Beginning) };
        worker.send(session::Command::Run(Box::new(job)));
        worker.until("it is prepared", |worker| worker.state == RunState::Paused);
        worker
    }

    fn send(&self, command: session::Command) {
        self.session.send(command).unwrap();
    }

    fn steps(&mut self, count: u32) {
        for _ in 0..count {
            let next = self.step() + 1;
            self.send(session::Command::Step);
            self.until("a step is painted", |worker| worker.step() == next);
        }
    }

    fn step(&self) -> u32 {
        self.frame.as_ref().map_or(0, |frame| frame.step)
    }

    #[track_caller]
    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(240);
        while !done(self) {
            assert!(Instant::now() < deadline, "not yet: {what}");
            while let Some(event) = self.session.next_event() {
                match event {
                    Event::State { state, .. } => self.state = state,
                    Event::Started { info, .. } => self.info = Some(*info),
                    Event::Notice { text, .. } => self.notices.push(text),
                    Event::Failed { message, .. } | Event::Died { message } => panic!("{message}"),
                    _ => {}
                }
            }
            self.frame = self.session.take_frame().or(self.frame.take());
            thread::sleep(Duration::from_millis(3));
        }
    }
}

/// Paints the recipe of a picture again, from pictures that are found by their hashes.
fn painted_again(frame: &Frame, info: &RunInfo, known: &[Arc<Picture>]) -> (Recipe, image::RgbImage) {
    let recipe = Recipe::new(&frame.record, frame.picture.dimensions(), info);
    assert!(recipe.complete);
    let (recipe, remarks) = recipe::parse("a.png", &recipe.text(1 << 20).unwrap()).unwrap();
    assert!(remarks.is_empty(), "{remarks:?}");
    let mut open = |source: &session::SourceRecord| {
        let found = known.iter().find(|picture| picture.sha256 == source.sha256);
        found.cloned().ok_or_else(|| anyhow::anyhow!("{} is gone", source.name))
    };
    let plans = ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &Ok).unwrap();
    let mut replayer = Replayer::new(PaintEngine::new);
    replayer.begin(&plans[0], &mut |_| ()).unwrap();
    (0..plans[0].steps).for_each(|_| replayer.step().unwrap());
    let picture = replayer.read().unwrap().picture;
    assert_eq!(replayer.record_handle().latest().unwrap().passes(), recipe.passes);
    (recipe, picture)
}

#[test]
fn replaced_pictures_are_painted_again_to_the_last_bit() {
    let settings = Settings { steps: 30, match_colours: 0.5, ..small() };
    let mut worker = Worker::paused(&settings, &pair());
    worker.steps(2);
    // Twice between two steps, and again amid the fade, with a weight moved on the way.
    let first = with_styles(&[1]);
    worker.session.update(1, &settings, &first).unwrap();
    worker.steps(3);
    let mut second = new_version(&with_styles(&[1, 2]), 60);
    second.styles[0].mix.weight = 0.4;
    worker.session.update(1, &settings, &second).unwrap();
    worker.steps(2);
    let heavier = Settings { style_weight: 2.5, ..settings.clone() };
    worker.session.update(1, &heavier, &second).unwrap();
    worker.steps(2);
    // Of a palette, only the hash tells which version of its file it was.
    let versions = [5, 200].map(|shade| {
        let pixels = [shade, 90, 30, 255].repeat(30 * 30);
        let mut palette = Picture::from_rgba("colours.png", 30, 30, pixels).unwrap();
        palette.path = Some(PathBuf::from("/nowhere/colours.png"));
        Arc::new(palette)
    });
    let mut coloured = Settings { palette: versions[0].path.clone(), ..heavier };
    let third = Inputs { palette: Some(Arc::clone(&versions[0])), ..second.clone() };
    worker.session.update(1, &coloured, &third).unwrap();
    worker.steps(2);
    let fourth = Inputs { palette: Some(Arc::clone(&versions[1])), ..third.clone() };
    worker.session.update(1, &coloured, &fourth).unwrap();
    worker.steps(2);
    coloured.content_weight = 2.0;
    worker.session.update(1, &coloured, &fourth).unwrap();
    worker.steps(2);
    let frame = worker.frame.take().unwrap();
    assert_eq!(frame.step, 15);

    let mut known: Vec<Arc<Picture>> = versions.to_vec();
    for inputs in [&pair(), &first, &second] {
        known.push(Arc::clone(&inputs.content));
        known.extend(inputs.styles.iter().map(|style| Arc::clone(&style.picture)));
    }
    let (recipe, again) = painted_again(&frame, worker.info.as_ref().unwrap(), &known);
    assert_eq!(again, *frame.picture, "the same to the last bit");
    assert_eq!(recipe.version, 2, "older programs refuse it");
    assert_eq!(recipe.content().sha256, second.content.sha256);
    let styles = recipe.styles();
    let names: Vec<_> = styles.iter().map(|style| (style.source.sha256, style.mix)).collect();
    let wanted: Vec<_> = second.styles.iter().map(|style| (style.picture.sha256, style.mix)).collect();
    assert_eq!(names, wanted);
    assert!(worker.notices.is_empty(), "{:?}", worker.notices);
}

#[test]
fn a_refused_picture_is_told_once_and_sliders_go_on() {
    let settings = small();
    let mut worker = Worker::paused(&settings, &pair());
    worker.steps(2);
    let bad = Inputs { content: Arc::new(picture::STYLES[0].open()), ..with_styles(&[1]) };
    for weight in [2.0, 3.0] {
        let heavier = Settings { style_weight: weight, ..settings.clone() };
        worker.session.update(1, &heavier, &bad).unwrap();
        worker.steps(1);
    }
    let frame = worker.frame.take().unwrap();
    let [notice] = worker.notices.as_slice() else { panic!("{:?}", worker.notices) };
    assert!(notice.contains("goes on with the pictures as they were"), "{notice}");
    let known: Vec<_> = [pair().content, Arc::clone(&pair().styles[0].picture)].to_vec();
    let (recipe, again) = painted_again(&frame, worker.info.as_ref().unwrap(), &known);
    assert_eq!(again, *frame.picture);
    assert_eq!((recipe.version, recipe.settings.style_weight), (1, 3.0));
}
