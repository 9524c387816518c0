//! Automation on the real engine: the same file paints the same picture to the last bit, whatever drives it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::common::inputs;
use image::RgbImage;
use impasto_core::{
    picture,
    settings::{Automation, DeviceChoice, GlobalTerm, ParamId, Settings, StyleMix},
    transfer::Inputs,
};
use impasto_engine::{
    replay::{Replacements, ReplayPlan, Replayer},
    session::{self, Engine, Event, Frame, Job, PaintEngine, RunState, Session, Start, StyleSource},
};
use impasto_formats::{
    known::KnownFiles,
    recipe::{self, Recipe},
    trust::Trust,
};

const COURSE: &str = "[beta]\nlfo = { shape = \"triangle\", period = 0.5, depth = 0.3 }\n\
                      [\"style/relu3_1\"]\nkeys = [{ at = 0, value = 0.1 }, { at = 0.5, value = 2.0, ease = \"hold\" }, { at = 0.75, value = 0.0 }]\n\
                      [\"picture/1/weight\"]\nlfo = { shape = \"random\", period = 0.25, depth = 0.1, seed = 5 }\n\
                      [style-scale]\nkeys = [{ at = 0, value = 0.5 }, { at = 1, value = 1.0 }]\n\
                      [keep-colours]\nkeys = [{ at = 0, value = 0.0 }, { at = 1, value = 0.5 }]\n";

fn render(arguments: &[&str]) -> Output {
    crate::environment::impasto().arg("render").args(arguments).output().unwrap()
}

fn pixels(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

/// Renders the bundled pair into a file, with these arguments besides.
#[track_caller]
fn painted(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let text = path.to_str().unwrap();
    let output = render(&[&["--device=cpu", "--quiet", "--output", text], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

const PAIR: [&str; 8] = [
    "--content=example:chelsea",
    "--style=example:swirl",
    "--style=example:mosaic:0.5",
    "--size=64",
    "--steps=12",
    "--pyramid=false",
    "--layer=relu1_1=1",
    "--layer=relu3_1=0.5",
];

#[test]
fn a_file_of_tracks_is_painted_again_to_the_last_bit_and_carried_by_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = folder.join("course.toml");
    fs::write(&file, COURSE).unwrap();
    let automation = format!("--automation={}", file.display());
    let with = |more: &[&'static str]| -> Vec<String> {
        let all = PAIR.iter().chain(more).map(|word| (*word).to_owned());
        all.chain([automation.clone()]).collect()
    };
    let first = with(&[]);
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let a = painted(folder, "a.png", &first);
    let b = painted(folder, "b.png", &first);
    assert_eq!(pixels(&a), pixels(&b));
    let plain = painted(folder, "plain.png", &PAIR);
    assert_ne!(pixels(&a), pixels(&plain), "it does something");

    // The picture carries it, and paints itself again without the file; also in another size and number of
    // steps.
    fs::remove_file(&file).unwrap();
    let (recipe, remarks) = recipe::read_file(&a).unwrap();
    assert!(remarks.is_empty() && recipe.is_plain(), "{remarks:?}");
    assert_eq!(recipe.settings.automation, toml::from_str::<Automation>(COURSE).unwrap());
    let again = painted(folder, "again.png", &["--recipe", a.to_str().unwrap()]);
    assert_eq!(pixels(&a), pixels(&again));
    let larger = painted(folder, "larger.png", &["--recipe", a.to_str().unwrap(), "--size=96", "--steps=6"]);
    assert_eq!(pixels(&larger).width(), 96);
    let none = painted(folder, "none.png", &["--recipe", a.to_str().unwrap(), "--automate=none"]);
    assert_eq!(pixels(&none), pixels(&plain));

    // As flags, as “Copy as command line” writes them.
    let flags = recipe.settings.to_flags().unwrap();
    let flags: Vec<&str> =
        flags.iter().map(String::as_str).filter(|flag| flag.starts_with("--automate")).collect();
    assert_eq!(flags.len(), 5);
    let by_flags = painted(folder, "flags.png", &[&PAIR, flags.as_slice()].concat());
    assert_eq!(pixels(&by_flags), pixels(&a));
}

#[test]
fn a_loop_is_painted_again_to_the_last_bit_and_ends_with_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let keys = "keys = [{ at = 0, value = 0.2 }, { at = 0.25, value = 9 }]";
    let track = |end: &str| format!("--automate=beta={{ {keys}{end} }}");
    let (holds, loops) = (track(""), track(", end = \"loop\""));
    let held = painted(folder, "held.png", &[&PAIR, [holds.as_str()].as_slice()].concat());
    let looped = painted(folder, "looped.png", &[&PAIR, [loops.as_str()].as_slice()].concat());
    assert_ne!(pixels(&held), pixels(&looped), "it goes on after the last keyframe");
    let read = |path: &Path| {
        let (recipe, remarks) = recipe::read_file(path).unwrap();
        assert!(remarks.is_empty() && recipe.is_plain(), "{remarks:?}");
        recipe
    };
    assert!(read(&held).version < recipe::VERSION, "older programs read it");
    assert_eq!(read(&looped).version, recipe::VERSION);
    assert_eq!(read(&looped).last().steps, 12);
    let again = painted(folder, "again.png", &["--recipe", looped.to_str().unwrap()]);
    assert_eq!(pixels(&looped), pixels(&again));
}

#[test]
fn wrong_tracks_are_named_before_anything_is_painted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("course.toml");
    let said = |text: &str| {
        fs::write(&file, text).unwrap();
        let automation = format!("--automation={}", file.display());
        let output = render(&[&PAIR, ["--output=x.png", automation.as_str()].as_slice()].concat());
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let text = said("[gamma]\nlfo = {}\n");
    assert!(
        text.contains("course.toml") && text.contains("gamma") && text.contains("style-amount"),
        "{text}"
    );
    let text = said("[beta]\nlfo = { period = 0 }\n");
    assert!(text.contains("of beta") && text.contains("period"), "{text}");
}

fn job(settings: Settings, start: Start) -> Job {
    let style = |index: usize, weight| StyleSource {
        picture: Arc::new(picture::STYLES[index].open()),
        mix: StyleMix { weight, ..StyleMix::default() },
    };
    Job {
        run: 1,
        inputs: Inputs::new(Arc::new(picture::CONTENTS[0].open()), vec![style(0, 1.0), style(1, 0.5)]),
        settings,
        start,
        paused: true,
        endless: false,
        choose_size: false,
    }
}

fn settings(course: &str) -> Settings {
    let mut settings = Settings { size: 160, steps: 12, device: DeviceChoice::Cpu, ..Settings::default() };
    settings.automation = toml::from_str(course).unwrap();
    settings.validate().unwrap();
    settings
}

/// A running painting that is given automation is told by its record in one change, and painted again by it.
#[test]
fn automation_that_a_running_painting_gets_is_in_its_record_once_and_replays() {
    let session = Session::spawn(PaintEngine::new, || ()).unwrap();
    let mut frame: Option<Frame> = None;
    let mut info = None;
    let mut until = |step: u32| {
        let deadline = Instant::now() + Duration::from_secs(120);
        let mut state = RunState::Idle;
        while frame.as_ref().is_none_or(|frame| frame.step < step) || state == RunState::Running {
            assert!(Instant::now() < deadline, "waited in vain for step {step}");
            while let Some(event) = session.next_event() {
                match event {
                    Event::State { state: now, .. } => state = now,
                    Event::Started { info: told, .. } => info = Some(*told),
                    Event::Failed { message, .. } | Event::Died { message } => panic!("{message}"),
                    _ => {}
                }
            }
            frame = session.take_frame().or(frame.take());
            thread::sleep(Duration::from_millis(5));
        }
        frame.clone().unwrap()
    };
    let plain = settings("");
    session.send(session::Command::Run(Box::new(job(plain.clone(), Start::Beginning)))).unwrap();
    until(0);
    for step in 1..=3 {
        session.send(session::Command::Step).unwrap();
        until(step);
    }
    let mix = [1.0, 0.5].map(|weight| StyleMix { weight, ..StyleMix::default() });
    session.update(1, &settings(COURSE), &inputs(&mix)).unwrap();
    session.send(session::Command::Resume).unwrap();
    let last = until(12);
    let passes = last.record.passes();
    assert_eq!(passes[0].changes.len(), 1, "one change, however many steps: {:?}", passes[0].changes);
    assert_eq!(passes[0].changes[0].settings.keys().collect::<Vec<_>>(), ["automation"]);

    let recipe = Recipe::new(&last.record, last.picture.dimensions(), &info.unwrap());
    assert!(recipe.complete && recipe.settings.automation.is_on());
    let mut open = |source: &session::SourceRecord| {
        let found =
            recipe::find(source, &[], &KnownFiles::default(), &Trust::All).map(recipe::Found::picture);
        found.map(Arc::new).ok_or_else(|| anyhow::anyhow!("{} is gone", source.name))
    };
    let plans = ReplayPlan::of(&recipe, &Replacements::default(), &mut open, &Ok).unwrap();
    let mut replayer = Replayer::new(PaintEngine::new);
    replayer.begin(&plans[0], &mut |_| ()).unwrap();
    (0..12).for_each(|_| replayer.step().unwrap());
    assert_eq!(replayer.read().unwrap().picture, *last.picture);
}

/// Going back to a moment finds every parameter where it was then.
#[test]
fn a_run_goes_on_from_an_earlier_moment_with_its_parameters_as_they_were() {
    // A swing within the averaging, a jump, and a climb to the next size.
    let course = "[beta]\nlfo = { shape = \"sine\", period = 0.7, depth = 0.2 }\n[content/relu4_2]\nlfo = { shape = \"square\", period = 0.4, depth = 0.3 }\n"
        .replace("[content/relu4_2]", "[\"content/relu4_2\"]");
    let settings = settings(&course);
    let mut engine = PaintEngine::new();
    engine.start(&job(settings.clone(), Start::Beginning), None, &mut |_| ()).unwrap();
    (0..4).for_each(|_| engine.step().unwrap());
    let early = engine.checkpoint().unwrap().unwrap();
    let picture = engine.read().unwrap().picture;
    (0..6).for_each(|_| engine.step().unwrap());
    let late = engine.checkpoint().unwrap().unwrap();
    let mut other = PaintEngine::new();
    other.start(&job(settings, Start::Moment), Some(&picture), &mut |_| ()).unwrap();
    other.restore(4, Some(&early)).unwrap();
    assert_eq!(other.checkpoint().unwrap().unwrap(), early, "what went in comes out");
    (0..6).for_each(|_| other.step().unwrap());
    assert!(other.checkpoint().unwrap().unwrap() == late, "6 steps later they differ");
}

/// The losses that are told are weighed as the parameters stand.
#[test]
fn the_objective_follows_the_parameters() {
    let settings =
        settings("[beta]\nkeys = [{ at = 0, value = 1, ease = \"hold\" }, { at = 0.5, value = 100 }]\n");
    let mut engine = PaintEngine::new();
    engine
        .start(
            &job(Settings { pyramid: false, size: 64, ..settings.clone() }, Start::Beginning),
            None,
            &mut |_| (),
        )
        .unwrap();
    let mut weight = |steps: u32| {
        (0..steps).for_each(|_| engine.step().unwrap());
        let losses = engine.losses().unwrap().unwrap();
        let style: f64 =
            losses.style.iter().map(|(&layer, loss)| loss * settings.style_layers.get(layer).unwrap()).sum();
        let rest = losses.total
            - losses.content * settings.content_weight
            - losses.global[&GlobalTerm::Smoothness] * settings.smoothness_weight;
        rest / style
    };
    let (before, after) = (weight(6), weight(1));
    assert!((before - 1.0).abs() < 0.02 && (after / 100.0 - 1.0).abs() < 0.02, "{before} {after}");
    assert_eq!(settings.automated(&[], 6).0.style_weight, 100.0);
    assert_eq!(ParamId::Beta.get(&settings, &[]), Some(1.0), "what is set stays");
}
