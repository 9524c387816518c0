//! Recipes from end to end: a painted picture is painted again from its own file, on the CPU with the real
//! network.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::{common::mean_difference, program::asset};
use image::RgbImage;
use impasto_core::{
    picture,
    settings::{DeviceChoice, Rgb, Settings, Statistic, StyleMix},
    transfer::Inputs,
};
use impasto_engine::session::{
    self, Change, DownscalePart, Event, Frame, Job, LevelCommand, PaintEngine, RunInfo, RunState, Session,
    Start, StyleSource,
};
use impasto_formats::recipe::{self, Recipe, Thumbnail};

fn render(arguments: &[&str]) -> Output {
    crate::environment::impasto().arg("render").args(arguments).output().unwrap()
}

#[track_caller]
fn good(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn pixels(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

fn recipe_of(path: &Path) -> Recipe {
    let (recipe, remarks) = recipe::read_file(path).unwrap();
    assert!(remarks.is_empty(), "{remarks:?}");
    recipe
}

/// A painting of two files in a folder of their own.
struct Painted {
    folder: tempfile::TempDir,
}

impl Painted {
    fn new(output: &str, more: &[&str]) -> Self {
        let painted = Self { folder: tempfile::tempdir().unwrap() };
        for (from, to) in [("astronaut.jpg", "me.jpg"), ("mosaic.jpg", "tiles.jpg")] {
            // Other bytes than the bundled picture's, which would be found anywhere.
            let bytes = [fs::read(asset(from)).unwrap(), b"mine".to_vec()].concat();
            fs::write(painted.path(to), bytes).unwrap();
        }
        let (content, style) =
            (painted.path("me.jpg"), format!("{}:0.5", painted.path("tiles.jpg").display()));
        let file = painted.path(output);
        let usual = ["--size=64", "--steps=4", "--device=cpu", "--quiet", "--output", text(&file)];
        let pictures = ["--content", text(&content), "--style", &style, "--style", "example:swirl"];
        good(&painted.render(&[&pictures, usual.as_slice(), more].concat()));
        painted
    }

    /// Renders with a home of its own: what other tests have opened is not known there.
    fn render(&self, arguments: &[&str]) -> Output {
        crate::environment::impasto_in(&self.path("home")).arg("render").args(arguments).output().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn again(&self, from: &str, to: &str, more: &[&str]) -> Output {
        let (from, to) = (self.path(from), self.path(to));
        self.render(&[&["--recipe", text(&from), "--output", text(&to)], more].concat())
    }
}

#[test]
fn a_picture_is_painted_again_from_its_own_file() {
    let painted = Painted::new(
        "a.png",
        &["--layer=relu3_1=0.7", "--init=noise", "--seed=5", "--lr=0.0312345678901234567"],
    );
    let recipe = recipe_of(&painted.path("a.png"));
    assert_eq!((recipe.settings.size, recipe.settings.seed, recipe.steps()), (64, 5, 4));
    assert_eq!((recipe.content().name.as_str(), recipe.content().path.as_ref()), ("me.jpg", None));
    let styles: Vec<_> =
        recipe.styles().iter().map(|style| (style.source.name.clone(), style.mix.weight)).collect();
    assert_eq!(styles, [("tiles.jpg".into(), 0.5), ("Swirl".into(), 1.0)]);
    assert!(recipe.is_plain() && recipe.thumbnails.len() == 3 && recipe.network.sha256.len() == 64);

    good(&painted.again("a.png", "b.png", &[]));
    assert_eq!(pixels(&painted.path("a.png")), pixels(&painted.path("b.png")), "the same to the last bit");
    // The second carries the same recipe: it can be passed on.
    assert_eq!(recipe_of(&painted.path("b.png")), recipe);
    // What is written beside it wins.
    good(&painted.again("a.png", "c.png", &["--seed=6", "--steps=3"]));
    let changed = recipe_of(&painted.path("c.png"));
    assert_eq!((changed.settings.seed, changed.settings.size, changed.steps()), (6, 64, 3));
    assert_ne!(pixels(&painted.path("a.png")), pixels(&painted.path("c.png")));
    good(&painted.again("a.png", "d.png", &["--content=example:coffee", "--style=example:embers"]));
    let other = recipe_of(&painted.path("d.png"));
    assert_eq!((other.content().name.as_str(), other.styles().len()), ("Coffee", 1));
}

#[test]
fn jpeg_webp_and_tiff_carry_recipes_and_a_picture_may_go_without() {
    let painted = Painted::new("a.png", &[]);
    for name in ["a.jpg", "a.webp", "a.tif"] {
        good(&painted.again("a.png", name, &[]));
        assert_eq!(recipe_of(&painted.path(name)), recipe_of(&painted.path("a.png")), "{name}");
    }
    good(&painted.again("a.webp", "b.png", &["--no-recipe"]));
    assert_eq!(pixels(&painted.path("a.png")), pixels(&painted.path("b.png")));
    let output = painted.again("b.png", "c.png", &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("b.png carries no recipe"), "{said}");
    let output = painted.again("a.png", "a.png", &["--force"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("a.png is one of the files to paint from"), "{said}");
}

#[test]
fn moved_pictures_are_found_and_missing_ones_named() {
    let painted = Painted::new("a.png", &[]);
    // Moved beside the picture and renamed; only the contents tell.
    fs::create_dir(painted.path("elsewhere")).unwrap();
    for (from, to) in [
        ("a.png", "elsewhere/a.png"),
        ("me.jpg", "elsewhere/holiday.jpg"),
        ("tiles.jpg", "elsewhere/tiles.jpg"),
    ] {
        fs::rename(painted.path(from), painted.path(to)).unwrap();
    }
    good(&painted.again("elsewhere/a.png", "b.png", &[]));
    assert_eq!(pixels(&painted.path("elsewhere/a.png")), pixels(&painted.path("b.png")));
    // Changed: painted all the same, and said.
    fs::copy(asset("coffee.jpg"), painted.path("me.jpg")).unwrap();
    fs::remove_file(painted.path("elsewhere/holiday.jpg")).unwrap();
    fs::copy(painted.path("elsewhere/a.png"), painted.path("a.png")).unwrap();
    fs::copy(painted.path("elsewhere/tiles.jpg"), painted.path("tiles.jpg")).unwrap();
    let said = good(&painted.again("a.png", "c.png", &["--steps=1"]));
    assert!(said.contains("me.jpg has changed"), "{said}");
    // Gone, as what has its path but not its hash is not beside the recipe: named, with the way out.
    let output = painted.again("elsewhere/a.png", "d.png", &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    for word in ["me.jpg", "is not found", "--content"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    good(&painted.again("elsewhere/a.png", "d.png", &["--steps=1", "--content=example:rocket"]));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_detour_of_days_and_keeps_the_picture() {
    use std::{
        io::{BufRead, BufReader, Read},
        process::Stdio,
    };

    let painted = Painted::new("a.png", &[]);
    let mut slow = recipe_of(&painted.path("a.png"));
    let detour = |part| Change { step: 0, downscale: Some(part), ..Change::default() };
    slow.passes[0].changes = vec![detour(DownscalePart::Begin(0.5))];
    slow.passes[0].changes.extend(vec![detour(DownscalePart::Steps(100_000)); 200]);
    let [file, again] = ["slow.png", "b.png"].map(|name| painted.path(name));
    picture::save_with_text(&pixels(&painted.path("a.png")), &file, false, &|room| slow.text(room)).unwrap();

    let mut child = crate::environment::impasto()
        .args(["render", "--recipe", text(&file), "--output", text(&again)])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("painting 6") {
        assert!(said.read_line(&mut line).unwrap() > 0, "{line}");
    }
    assert!(line.contains("asks for 19900000 steps"), "{line}");
    thread::sleep(Duration::from_secs(1));
    // SAFETY: a signal to a child that has not been waited for, so the number is still its own.
    assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) }, 0);
    said.read_to_string(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{line}");
    assert!(line.contains("interrupted: saved"), "{line}");
    // The picture tells as far as it was painted.
    let parts: Vec<_> =
        recipe_of(&again).last().changes.iter().filter_map(|change| change.downscale).collect();
    let [DownscalePart::Begin(_), DownscalePart::Steps(1..100_000), DownscalePart::End] = parts[..] else {
        panic!("{parts:?}")
    };
}

#[test]
fn texts_of_a_strangers_recipe_do_nothing_to_the_terminal() {
    let painted = Painted::new("a.png", &[]);
    let recipe = recipe_of(&painted.path("a.png"));
    let mut value: serde_json::Value = serde_json::from_str(&recipe.text(1 << 20).unwrap()).unwrap();
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}";
    for place in ["/program", "/device", "/passes/0/content/name"] {
        *value.pointer_mut(place).unwrap() = hostile.repeat(20).into();
    }
    value["passes"][0]["content"]["sha256"] = "0".repeat(64).into();
    for index in 0..5000 {
        value["settings"][format!("k{index:05}{hostile}")] = 1.into();
    }
    let file = painted.path("hostile.png");
    let json = value.to_string();
    picture::save_with_text(&pixels(&painted.path("a.png")), &file, false, &|_| Some(json.clone())).unwrap();
    for (name, more) in [("b.png", &["--content=example:rocket", "--steps=1"][..]), ("c.png", &[])] {
        let output = painted.again("hostile.png", name, more);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), !more.is_empty(), "{said}");
        assert!(said.len() < 4000 && said.contains(r"\u{1b}]0;owned"), "{said:?}");
        let acts = |letter: char| letter != '\n' && letter.is_control() || letter == '\u{202e}';
        assert!(!said.contains(acts), "{said:?}");
        assert!(more.is_empty() || said.contains("… and 4995 more"), "{said}");
    }
}

/// Recipes of an earlier build, see tests/data/README.md.
#[test]
fn recipes_of_earlier_builds_paint_the_same_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recipes");
    let mut count = 0;
    for entry in fs::read_dir(kept).unwrap() {
        let (before, again) = (entry.unwrap().path(), folder.path().join("again.png"));
        good(&render(&["--quiet", "--force", "--recipe", text(&before), "--output", text(&again)]));
        let [expected, found] = [pixels(&before), pixels(&again)];
        if same_processor() {
            assert!(expected == found, "{} differs", before.display());
        } else {
            let difference = mean_difference(&expected, &found);
            assert!(difference < 8.0, "{}: mean difference {difference}", before.display());
        }
        count += 1;
    }
    assert!(count >= 14, "{count}");
}

/// Whether the processor has the vector instructions that the kept pictures were painted with. Other
/// instructions round otherwise, and an optimiser makes much of a last bit.
fn same_processor() -> bool {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    return is_x86_feature_detected!("avx512f");
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    return false;
}

fn mix(weight: f64) -> StyleMix {
    StyleMix { weight, ..StyleMix::default() }
}

/// A worker with the real engine, as the window has it.
struct Worker {
    session: Session,
    state: RunState,
    info: Option<RunInfo>,
    frame: Option<Frame>,
}

impl Worker {
    fn new() -> Self {
        let session = Session::spawn(PaintEngine::new, || ()).unwrap();
        Self { session, state: RunState::Idle, info: None, frame: None }
    }

    #[track_caller]
    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !done(self) {
            assert!(Instant::now() < deadline, "waited in vain until {what}");
            while let Some(event) = self.session.next_event() {
                match event {
                    Event::State { state, .. } => self.state = state,
                    Event::Started { info, .. } => self.info = Some(*info),
                    Event::Failed { message, .. } | Event::Died { message } => panic!("{message}"),
                    _ => {}
                }
            }
            self.frame = self.session.take_frame().or(self.frame.take());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn step(&self) -> u32 {
        self.frame.as_ref().map_or(0, |frame| frame.step)
    }

    /// Paints so many single steps.
    #[track_caller]
    fn steps(&mut self, count: u32) {
        for _ in 0..count {
            let next = self.step() + 1;
            self.session.send(session::Command::Step).unwrap();
            self.until("a step is painted", |worker| worker.step() == next);
        }
    }

    fn run(&mut self, job: Job) {
        self.state = RunState::Idle;
        self.frame = None;
        self.session.send(session::Command::Run(Box::new(job))).unwrap();
    }
}

#[test]
fn what_a_person_changed_on_the_way_is_painted_again_at_the_same_steps() {
    let content = Arc::new(picture::CONTENTS[1].open());
    let style = |index: usize, weight| StyleSource {
        picture: Arc::new(picture::STYLES[index].open()),
        mix: mix(weight),
    };
    let settings = Settings {
        size: 192,
        steps: 14,
        device: DeviceChoice::Cpu,
        preview_every: 1,
        statistic: Statistic::Gram,
        ..Settings::default()
    };
    let job = Job {
        run: 1,
        inputs: Inputs::new(Arc::clone(&content), vec![style(0, 1.0), style(1, 1.0)]),
        settings: settings.clone(),
        start: Start::Beginning,
        paused: true,
        endless: false,
        choose_size: false,
    };
    let mut worker = Worker::new();
    worker.run(job.clone());
    worker.until("the first run waits", |worker| worker.state == RunState::Paused);
    worker.steps(3);
    let mut hot = settings.clone();
    hot.style_weight = 3.3;
    hot.style_layers.set("relu2_2".parse().unwrap(), 0.123_456_789_012_345_6);
    let mut mixed = job.inputs.clone();
    mixed.set_mix(&[mix(0.25), StyleMix { scale: 0.6, ..mix(1.0) }]);
    worker.session.update(1, &hot, &mixed).unwrap();
    worker.steps(2);
    worker.session.send(session::Command::Level(LevelCommand::Climb)).unwrap();
    worker.session.send(session::Command::Resume).unwrap();
    worker.until("the first run is finished", |worker| worker.state == RunState::Finished);

    // Another style and size from the picture as it is, with its colours changed at the end.
    let second = Settings { size: 160, steps: 6, ..hot.clone() };
    let woodcut = Inputs { styles: vec![style(2, 1.0)], ..job.inputs.clone() };
    worker.run(Job {
        run: 2,
        inputs: woodcut.clone(),
        settings: second.clone(),
        start: Start::Current,
        paused: false,
        ..job
    });
    worker.until("the second run is finished", |worker| {
        worker.state == RunState::Finished && worker.step() == 6
    });
    let mut frame = worker.frame.take().unwrap();
    // Each shows without a step.
    let settled = Settings { settle_colours: 0.4, ..second };
    let matched = Settings { match_colours: 0.5, ..settled.clone() };
    let kept = Settings { keep_colours: 0.6, ..matched.clone() };
    for (what, settings) in [
        ("the colours are settled", settled),
        ("they are settled in others", matched),
        ("the content's are kept", kept),
    ] {
        worker.session.update(2, &settings, &woodcut).unwrap();
        worker.until(what, |worker| worker.frame.as_ref().is_some_and(|now| now.picture != frame.picture));
        frame = worker.frame.take().unwrap();
    }

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.png");
    let mut recipe = Recipe::new(&frame.record, frame.picture.dimensions(), worker.info.as_ref().unwrap());
    recipe.thumbnails = Thumbnail::of([&*content], Rgb::WHITE);
    assert!(recipe.complete && !recipe.is_plain() && recipe.passes.len() == 2);
    assert_eq!((recipe.settings.keep_colours, recipe.settings.settle_colours), (0.6, 0.4));
    let changes = &recipe.passes[0].changes;
    assert!(changes.iter().any(|change| change.level == Some(LevelCommand::Climb)), "{changes:?}");
    assert!(changes.iter().any(|change| change.styles.is_some()), "{changes:?}");
    picture::save_with_text(&*frame.picture, &file, false, &|room| recipe.text(room)).unwrap();

    let again = folder.path().join("again.png");
    good(&render(&["--recipe", text(&file), "--output", text(&again)]));
    assert_eq!(pixels(&again), *frame.picture, "the same to the last bit");
    assert_eq!(recipe_of(&again).passes, recipe.passes);
    // Without what happened on the way it is another picture.
    let mut plain = recipe.clone();
    plain.passes.iter_mut().for_each(|pass| pass.changes.clear());
    let bare = folder.path().join("bare.png");
    picture::save_with_text(&*frame.picture, &bare, false, &|room| plain.text(room)).unwrap();
    good(&render(&["--recipe", text(&bare), "--output", text(&again), "--force"]));
    assert_ne!(pixels(&again), *frame.picture);
}

#[test]
fn settled_colours_are_painted_again_and_older_programs_refuse_them() {
    let painted = Painted::new("a.png", &["--settle-colours=0.7"]);
    let recipe = recipe_of(&painted.path("a.png"));
    assert_eq!((recipe.version, recipe.settings.settle_colours), (recipe::VERSION, 0.7));
    good(&painted.again("a.png", "b.png", &[]));
    assert_eq!(pixels(&painted.path("a.png")), pixels(&painted.path("b.png")), "the same to the last bit");
    // By no amount it is what it is without.
    good(&painted.again("a.png", "c.png", &["--settle-colours=0"]));
    let without = Painted::new("a.png", &[]);
    let usual = without.path("a.png");
    assert_eq!((recipe_of(&painted.path("c.png")).version, recipe_of(&usual).version), (1, 1));
    assert_eq!(pixels(&painted.path("c.png")), pixels(&usual));
    let difference = mean_difference(&pixels(&painted.path("a.png")), &pixels(&usual));
    assert!(difference > 2.0, "{difference}");
    let wrong = painted.again("a.png", "d.png", &["--settle-colours=1.5"]);
    assert!(!wrong.status.success());
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(said.contains("settle-colours"), "{said}");
}

#[test]
fn a_drag_with_its_detour_is_painted_again_to_the_last_bit() {
    let settings = Settings {
        size: 512,
        steps: 1000,
        device: DeviceChoice::Cpu,
        preview_every: 1,
        statistic: Statistic::Gram,
        ..Settings::default()
    };
    let job = Job {
        run: 1,
        inputs: Inputs::new(
            Arc::new(picture::CONTENTS[1].open()),
            vec![StyleSource { picture: Arc::new(picture::STYLES[0].open()), mix: mix(1.0) }],
        ),
        settings: settings.clone(),
        start: Start::Beginning,
        paused: true,
        endless: false,
        choose_size: false,
    };
    let mut worker = Worker::new();
    let inputs = job.inputs.clone();
    worker.run(job);
    worker.until("the run waits", |worker| worker.state == RunState::Paused);
    for _ in 0..4 {
        worker.session.send(session::Command::Level(LevelCommand::Climb)).unwrap();
    }
    worker.session.send(session::Command::Resume).unwrap();
    worker.until("steps at the final size are measured", |worker| worker.step() >= 4);
    for weight in [20.0, 30.0, 40.0] {
        let dragged = Settings { style_weight: weight, ..settings.clone() };
        let number = worker.session.update_while_dragged(1, &dragged, &inputs).unwrap();
        worker.until("it shows", |worker| worker.frame.as_ref().is_some_and(|now| now.update >= number));
    }
    // Steps of a detour do not count, so it is back.
    let left = worker.step();
    worker.until("more steps are painted", |worker| worker.step() >= left + 4);
    worker.session.send(session::Command::Pause).unwrap();
    worker.until("the run is paused", |worker| worker.state == RunState::Paused);
    let frame = worker.frame.take().unwrap();
    let recipe = Recipe::new(&frame.record, frame.picture.dimensions(), worker.info.as_ref().unwrap());
    let parts: Vec<_> = recipe.passes[0].changes.iter().filter_map(|change| change.downscale).collect();
    assert!(recipe.complete && parts.len() >= 3 && parts.last() == Some(&DownscalePart::End), "{parts:?}");
    let folder = tempfile::tempdir().unwrap();
    let [file, again] = ["a.png", "again.png"].map(|name| folder.path().join(name));
    picture::save_with_text(&*frame.picture, &file, false, &|room| recipe.text(room)).unwrap();
    good(&render(&["--recipe", text(&file), "--output", text(&again)]));
    assert_eq!(pixels(&again), *frame.picture, "the same to the last bit");
    assert_eq!(recipe_of(&again).passes, recipe.passes);
}
