//! From a dragged slider to the picture: how soon a change shows, and that the picture stays sharp.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::common::{inputs, job, mean_difference};
use image::RgbImage;
use impasto_core::{
    picture,
    settings::{DeviceChoice, Settings, StyleMix},
    transfer::Inputs,
};
use impasto_engine::session::{
    Command, Engine, EngineError, Event, Job, LevelCommand, PaintEngine, Reading, RunInfo, RunState, Session,
    Start,
};

const USUAL: [StyleMix; 1] = [StyleMix { weight: 1.0, scale: 1.0, on: true, crop: None }];

fn settings() -> Settings {
    Settings { size: 256, steps: 5000, device: DeviceChoice::Cpu, ..Settings::default() }
}

/// What an engine was told, in order, and what it did.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Update(f64),
    Step,
    Read,
    Detour,
    Back(Instant),
}

/// The real engine, or with `slow` the milliseconds that a step takes instead of painting, watched.
struct Watched {
    engine: PaintEngine,
    told: Arc<Mutex<Vec<Told>>>,
    slow: Option<u64>,
    away: bool,
}

impl Watched {
    fn tell(&self, told: Told) {
        self.told.lock().unwrap().push(told);
    }
}

impl Engine for Watched {
    fn start(
        &mut self,
        job: &Job,
        current: Option<&RgbImage>,
        say: &mut dyn FnMut(&str),
    ) -> Result<RunInfo, EngineError> {
        self.engine.start(job, current, say)
    }

    fn update(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
        self.tell(Told::Update(settings.style_weight));
        self.engine.update(settings, inputs)
    }

    fn step(&mut self) -> Result<(), EngineError> {
        if let Some(slow) = self.slow {
            thread::sleep(Duration::from_millis(if self.away { 10 } else { slow }));
        } else {
            self.engine.step()?;
        }
        self.tell(Told::Step);
        Ok(())
    }

    fn begin_downscale(&mut self, share: f64) -> Result<bool, EngineError> {
        self.tell(Told::Detour);
        self.away = true;
        self.engine.begin_downscale(share)
    }

    fn end_downscale(&mut self) -> Result<(), EngineError> {
        self.tell(Told::Back(Instant::now()));
        self.away = false;
        self.engine.end_downscale()
    }

    fn level(&mut self, order: LevelCommand) -> Result<(), EngineError> {
        self.engine.level(order)
    }

    fn read(&mut self) -> Result<Reading, EngineError> {
        let reading = self.engine.read();
        self.tell(Told::Read);
        reading
    }

    fn end(&mut self) {
        self.engine.end();
    }
}

struct Window {
    session: Session,
    told: Arc<Mutex<Vec<Told>>>,
    state: RunState,
    step: u32,
    width: u32,
    seconds_per_step: f64,
}

impl Window {
    fn open(slow: Option<u64>, settings: Settings) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let theirs = Arc::clone(&told);
        let make =
            move || Watched { engine: PaintEngine::new(), told: Arc::clone(&theirs), slow, away: false };
        let session = Session::spawn(make, || ()).unwrap();
        // A picture of the final size is gone on from at that size.
        session.continue_from(Arc::new(picture::CONTENTS[0].open().rgb), None);
        session.send(Command::Run(Box::new(job(settings, Start::Current)))).unwrap();
        Self { session, told, state: RunState::Idle, step: 0, width: 0, seconds_per_step: 0.0 }
    }

    fn until(&mut self, what: &str, condition: impl Fn(&Self, &[Told]) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            while let Some(event) = self.session.next_event() {
                match event {
                    Event::State { state, .. } => self.state = state,
                    Event::Progress { progress, .. } => {
                        (self.step, self.width) = (progress.step, progress.place.width);
                        self.seconds_per_step = progress.seconds_per_step;
                    }
                    Event::Failed { message, .. } => panic!("{message}"),
                    _ => {}
                }
            }
            self.session.take_frame();
            if condition(self, &self.told.lock().unwrap()) {
                return;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}: {:?}", self.told.lock().unwrap());
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn drag(&self, weight: f64) {
        let settings = Settings { style_weight: weight, ..settings() };
        self.session.update_while_dragged(1, &settings, &inputs(&USUAL)).unwrap();
    }

    fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }
}

/// Steps from the one under way when the slider moved to the first picture with its new value.
fn steps_to_show(told: &[Told], weight: f64) -> usize {
    let at = told.iter().position(|told| *told == Told::Update(weight)).unwrap();
    let shown = at + told[at..].iter().position(|told| *told == Told::Read).unwrap();
    // The step under way when the slider moved ended before the update.
    1 + told[at..shown].iter().filter(|told| **told == Told::Step).count()
}

/// Whether it is on a detour after what it was told.
fn is_away(told: &[Told]) -> bool {
    let away = |told: &Told| match told {
        Told::Detour => Some(true),
        Told::Back(_) => Some(false),
        _ => None,
    };
    told.iter().rev().find_map(away).unwrap_or(false)
}

#[test]
fn a_slow_run_makes_a_detour_while_a_hand_drags_and_comes_back_when_it_rests() {
    let mut window = Window::open(Some(200), settings());
    window.until("painting", |_, told| told.iter().filter(|told| **told == Told::Read).count() > 4);
    let mut moved = Vec::new();
    for weight in [20.0, 21.0, 22.0] {
        moved.push(Instant::now());
        window.drag(weight);
        window.until("it shows", |_, told| {
            let at = told.iter().position(|told| *told == Told::Update(weight));
            at.is_some_and(|at| told[at..].contains(&Told::Read))
        });
    }
    window.until("it is back", |_, told| !is_away(told));
    window.session.send(Command::Pause).unwrap();
    window.until("it is paused", |window, _| window.state == RunState::Paused);
    let all = window.told();
    for weight in [20.0, 21.0, 22.0] {
        assert!(steps_to_show(&all, weight) <= 2, "{weight}: {all:?}");
    }
    // A test that is held up between two drags is a hand that rests, so it may come back in between, but not
    // too soon.
    let mut moved = moved.into_iter();
    let (mut away, mut last, mut counted) = (false, None, 0_u32);
    for told in &all {
        match told {
            Told::Detour => {
                assert!(!away, "one detour for a drag: {all:?}");
                away = true;
            }
            Told::Update(_) => {
                assert!(away, "steps are slow: {all:?}");
                last = moved.next();
            }
            Told::Back(at) => {
                let rested = at.duration_since(last.unwrap());
                assert!(away && rested > Duration::from_millis(600), "after {rested:?}: {all:?}");
                away = false;
            }
            // What was painted on the way does not count.
            Told::Step => counted += u32::from(!away),
            Told::Read => {}
        }
    }
    assert_eq!(window.step, counted);
}

#[test]
fn a_quick_run_a_setting_that_paints_nothing_new_and_who_wants_none_make_no_detour() {
    // The mean of so many steps stays quick where one of them is held up.
    let quick = Settings { preview_every: 50, steps: 1_000_000, ..settings() };
    let none = Settings { follow_drags: false, ..settings() };
    for (what, slow, usual, change) in [
        ("quick", 2, quick.clone(), Settings { style_weight: 20.0, ..quick }),
        ("none wanted", 200, none.clone(), Settings { style_weight: 20.0, ..none }),
        ("colours after the fact", 200, settings(), Settings { keep_colours: 0.5, ..settings() }),
        ("settled colours", 200, settings(), Settings { settle_colours: 0.5, ..settings() }),
    ] {
        let mut window = Window::open(Some(slow), usual);
        window.until("painting", |window, told| {
            let seconds = window.seconds_per_step;
            let measured = slow > 100 || (seconds > 0.0 && seconds < 0.05);
            measured && told.iter().filter(|told| **told == Told::Read).count() > 4
        });
        window.session.update_while_dragged(1, &change, &inputs(&USUAL)).unwrap();
        window.until("the update", |_, told| told.iter().any(|told| matches!(told, Told::Update(_))));
        window.until("more steps", |_, told| {
            let update = told.iter().position(|told| matches!(told, Told::Update(_))).unwrap();
            told[update..].windows(2).any(|pair| pair == [Told::Step, Told::Read])
        });
        assert!(!window.told().contains(&Told::Detour), "{what}");
    }
}

#[test]
fn who_pauses_on_a_detour_pauses_at_the_size_that_it_left() {
    let mut window = Window::open(Some(200), settings());
    window.until("painting", |_, told| told.iter().filter(|told| **told == Told::Read).count() > 4);
    window.drag(30.0);
    window.until("a detour", |_, told| told.contains(&Told::Detour));
    window.session.send(Command::Pause).unwrap();
    window.until("it is paused", |window, _| window.state == RunState::Paused);
    assert!(!is_away(&window.told()));
    window.until("the size", |window, _| window.width == 256);
}

#[test]
fn with_the_real_engine_a_dragged_slider_shows_after_two_steps_at_most() {
    let mut window = Window::open(None, Settings { size: 384, ..settings() });
    window.until("painting", |_, told| told.iter().filter(|told| **told == Told::Step).count() > 4);
    let before = window.told().len();
    for weight in [40.0, 60.0] {
        let settings = Settings { style_weight: weight, size: 384, ..settings() };
        let moved = Instant::now();
        window.session.update_while_dragged(1, &settings, &inputs(&USUAL)).unwrap();
        window.until("it shows", |_, told| {
            let at = told.iter().position(|told| *told == Told::Update(weight));
            at.is_some_and(|at| told[at..].contains(&Told::Read))
        });
        let steps = steps_to_show(&window.told()[before..], weight);
        println!(
            "style weight {weight} shows after {steps} steps, {:.0} ms",
            moved.elapsed().as_secs_f64() * 1000.0
        );
        assert!(steps <= 2, "{:?}", window.told());
    }
}

/// Mean of the absolute Laplacian: how much fine detail there is, in byte values.
fn detail(picture: &RgbImage) -> f64 {
    let at = |x: u32, y: u32| f64::from(picture.get_pixel(x, y).0[1]);
    let (width, height) = picture.dimensions();
    let mut sum = 0.0;
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            sum += (4.0 * at(x, y) - at(x - 1, y) - at(x + 1, y) - at(x, y - 1) - at(x, y + 1)).abs();
        }
    }
    sum / f64::from((width - 2) * (height - 2))
}

/// Pictures of a drag, left in `target/drags/` for a person to look at as well.
#[test]
fn a_picture_stays_sharp_on_a_detour_and_on_the_way_back() {
    let longest = std::env::var("IMPASTO_DRAG_SIZE").ok().and_then(|text| text.parse().ok()).unwrap_or(256);
    let settings = Settings { size: longest, steps: 80, ..settings() };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("drags");
    std::fs::create_dir_all(&folder).unwrap();
    let mut engine = PaintEngine::new();
    engine.start(&job(settings.clone(), Start::Beginning), None, &mut |_| ()).unwrap();
    (0..50).for_each(|_| engine.step().unwrap());
    while engine.read().unwrap().place.width < longest {
        engine.level(LevelCommand::Climb).unwrap();
        (0..4).for_each(|_| engine.step().unwrap());
    }
    let look = |engine: &mut PaintEngine, name: &str| {
        let reading = engine.read().unwrap();
        reading.picture.save(folder.join(format!("{name}.png"))).unwrap();
        assert_eq!(reading.picture.width(), longest);
        reading
    };
    let before = look(&mut engine, "1-before");
    assert_eq!(before.place.width, longest);
    assert!(engine.begin_downscale(0.3).unwrap());
    let left = look(&mut engine, "2-detour");
    assert!(left.place.width < longest, "{:?}", left.place);
    let moved = mean_difference(&left.picture, &before.picture);
    assert!(moved < 0.7, "leaving is not seen: {moved}");
    let changed = Settings { style_weight: 60.0, ..settings.clone() };
    engine.update(&changed, &inputs(&USUAL)).unwrap();
    (0..12).for_each(|_| engine.step().unwrap());
    let dragged = look(&mut engine, "3-dragged");
    assert_eq!(dragged.step, before.step, "steps on a detour do not count");
    assert!(mean_difference(&dragged.picture, &before.picture) > 2.0, "the change is seen");
    assert!(detail(&dragged.picture) > 0.85 * detail(&before.picture), "and no blur");
    engine.end_downscale().unwrap();
    let back = look(&mut engine, "4-back");
    let moved = mean_difference(&back.picture, &dragged.picture);
    assert!(moved < 0.7, "coming back is not seen: {moved}");
    assert_eq!((back.place.width, back.place.level), (longest, before.place.level));
    engine.step().unwrap();
    let first = look(&mut engine, "5-first-step").losses.unwrap();
    (0..9).for_each(|_| engine.step().unwrap());
    let later = look(&mut engine, "6-later");
    assert!(detail(&later.picture) > 0.85 * detail(&before.picture));
    assert!(later.losses.unwrap().total < first.total, "it paints on");
    // The schedule goes on as if nothing had been.
    assert_eq!(later.step, before.step + 10);
}
