//! What single layers hold, made by the worker while nothing is painted.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use impasto_core::{
    picture,
    settings::{Padding, Pooling, Precision, Rgb, Settings},
    transfer::{Inputs, LayerVisualization, NetworkConfig},
};
use impasto_engine::session::{
    Command, Event, Job, RunState, Session, Start, StyleSource, VisualizationJob, VisualizationRequest,
};
use impasto_formats::extracts::{SourcePictures, plan};
use impasto_test_support::fake::{Deed, Fake, Log, Shared, weights};

fn pair() -> Inputs {
    let style = StyleSource::new(Arc::new(picture::STYLES[0].open()));
    Inputs::new(Arc::new(picture::CONTENTS[0].open()), vec![style])
}

struct Window {
    session: Session,
    log: Shared,
    events: Vec<Event>,
}

impl Window {
    /// In front of an engine whose extracts take five slices.
    fn open(log: Log) -> Self {
        let log = Log { extract_slices: 5, slow: Duration::from_millis(1), ..log };
        let log = Arc::new(Mutex::new(log));
        let theirs = Arc::clone(&log);
        let make = move || Fake::new(&theirs);
        Self { session: Session::spawn(make, || ()).unwrap(), log, events: Vec::new() }
    }

    fn run(&self, paused: bool) {
        let job = Job {
            run: 1,
            inputs: pair(),
            settings: Settings { steps: 1_000_000, ..Settings::default() },
            start: Start::Beginning,
            paused,
            endless: false,
            choose_size: false,
        };
        self.session.send(Command::Run(Box::new(job))).unwrap();
    }

    #[track_caller]
    fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            self.events.extend(std::iter::from_fn(|| self.session.next_event()));
            if condition(self) {
                return;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}; {:?}", self.events.last());
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn is(&self, wanted: RunState) -> bool {
        let state = self.events.iter().rev().find_map(|event| match event {
            Event::State { state, .. } => Some(*state),
            _ => None,
        });
        state == Some(wanted)
    }

    fn deeds(&self) -> Vec<Deed> {
        self.log.lock().unwrap().deeds.clone()
    }

    fn slices(&self) -> usize {
        self.log.lock().unwrap().slices()
    }

    /// Lets so many slices be made, or all of them.
    fn allow(&self, slices: Option<usize>) {
        self.log.lock().unwrap().extract_gate = slices;
    }

    fn steps(&self) -> usize {
        self.deeds().iter().filter(|deed| **deed == Deed::Step).count()
    }

    /// Keys of what was made, and why others were not.
    fn results(&self) -> Vec<Result<String, String>> {
        let result = |event: &Event| match event {
            Event::Extract { key, result: Ok(state) } if state.is_done() => Some(Ok(key.clone())),
            Event::Extract { result: Err(text), .. } => Some(Err(text.clone())),
            _ => None,
        };
        self.events.iter().filter_map(result).collect()
    }
}

fn orders(names: &[&str]) -> Vec<VisualizationJob> {
    let texture = |name: &&str| LayerVisualization::texture(name.parse().unwrap());
    let sights: Vec<LayerVisualization> = names.iter().map(texture).collect();
    let (padding, pooling, precision) = (Padding::Replicate, Pooling::Max, Precision::Full);
    let eye = NetworkConfig { weights: weights(), padding, pooling, precision };
    let Inputs { content, styles, .. } = pair();
    plan(&SourcePictures { content, styles, background: Rgb::WHITE }, &sights, 32, &eye)
}

#[test]
fn at_rest_what_is_wished_for_is_made_in_its_order_and_nothing_more() {
    let mut window = Window::open(Log::default());
    window.run(true);
    window.until("the pause", |w| w.is(RunState::Paused));
    let orders = orders(&["relu3_1", "relu1_1"]);
    window
        .session
        .request_visualizations(VisualizationRequest { orders: orders.clone(), at_once: false })
        .unwrap();
    window.until("both", |w| w.results().len() == 2);
    let keys: Vec<Result<String, String>> = orders.iter().map(|order| Ok(order.key.clone())).collect();
    assert_eq!(window.results(), keys);
    assert_eq!(window.slices(), 10);
    thread::sleep(Duration::from_millis(450));
    assert_eq!((window.slices(), window.steps()), (10, 0));
}

#[test]
fn a_command_is_obeyed_before_the_next_slice_and_nothing_is_made_while_it_paints() {
    let mut window = Window::open(Log::default());
    window.run(true);
    window.until("the pause", |w| w.is(RunState::Paused));
    window.allow(Some(2));
    window
        .session
        .request_visualizations(VisualizationRequest {
            orders: orders(&["relu1_1", "relu2_1"]),
            at_once: false,
        })
        .unwrap();
    window.until("two slices", |w| w.slices() == 2);
    window.session.send(Command::Resume).unwrap();
    window.allow(None);
    window.until("painting", |w| w.steps() > 0);
    let slices = window.slices();
    assert!(slices <= 3, "the slice in hand is the last: {slices}");
    window.until("more of it", |w| w.steps() > 300);
    assert_eq!(window.slices(), slices, "nothing is made while it paints");
    let deeds = window.deeds();
    let first = deeds.iter().position(|deed| *deed == Deed::Step).unwrap();
    assert_eq!(deeds[first - 1], Deed::Aside, "the engine lets go of it first");
    assert_eq!(deeds.iter().filter(|deed| **deed == Deed::Aside).count(), 1);
    // In the next pause it goes on with what was half made.
    window.session.send(Command::Pause).unwrap();
    window.until("both", |w| w.results().len() == 2);
    assert_eq!(window.slices(), 10);
}

#[test]
fn a_step_and_changed_settings_go_first_as_well() {
    let mut window = Window::open(Log::default());
    window.run(true);
    window.until("the pause", |w| w.is(RunState::Paused));
    window.allow(Some(1));
    window
        .session
        .request_visualizations(VisualizationRequest {
            orders: orders(&["relu1_1", "relu2_1", "relu3_1"]),
            at_once: false,
        })
        .unwrap();
    window.until("a slice", |w| w.slices() == 1);
    let changed = Settings { style_weight: 3.0, steps: 1_000_000, ..Settings::default() };
    window.session.update(1, &changed, &pair()).unwrap();
    window.session.send(Command::Step).unwrap();
    window.allow(None);
    window.until("the step", |w| w.steps() == 1);
    let deeds = window.deeds();
    let before = deeds.iter().position(|deed| *deed == Deed::Step).unwrap();
    let slices = deeds[..before].iter().filter(|deed| matches!(deed, Deed::Slice(_))).count();
    assert!(deeds[..before].contains(&Deed::Update) && slices <= 2, "the slice in hand at most: {deeds:?}");
}

#[test]
fn who_does_not_want_to_wait_has_painting_take_turns() {
    let mut window = Window::open(Log::default());
    window.run(false);
    window.until("painting", |w| w.steps() > 5);
    window
        .session
        .request_visualizations(VisualizationRequest { orders: orders(&["relu1_1"]), at_once: true })
        .unwrap();
    window.until("it is made", |w| w.results().len() == 1);
    let deeds = window.deeds();
    let slices: Vec<usize> = (0..deeds.len()).filter(|&at| matches!(deeds[at], Deed::Slice(_))).collect();
    assert_eq!(slices.len(), 5);
    assert!(slices.windows(2).all(|pair| deeds[pair[0]..pair[1]].contains(&Deed::Step)), "{deeds:?}");
    let steps = window.steps();
    window.until("it paints on", |w| w.steps() > steps + 50);
    assert_eq!(window.slices(), 5);
}

#[test]
fn another_wish_takes_the_place_of_the_first() {
    let mut window = Window::open(Log::default());
    window.run(true);
    window.until("the pause", |w| w.is(RunState::Paused));
    let (first, second) = (orders(&["relu1_1"; 8]), orders(&["relu5_1"]));
    window.allow(Some(1));
    window.session.request_visualizations(VisualizationRequest { orders: first, at_once: false }).unwrap();
    window.until("a slice", |w| w.slices() == 1);
    window
        .session
        .request_visualizations(VisualizationRequest { orders: second.clone(), at_once: false })
        .unwrap();
    window.allow(None);
    window.until("the second", |w| w.results().contains(&Ok(second[0].key.clone())));
    assert!(window.slices() <= 2 + 5, "the slice in hand is the last of the first: {}", window.slices());
    window.session.request_visualizations(VisualizationRequest::default()).unwrap();
}

#[test]
fn what_fails_is_told_and_the_painting_goes_on() {
    let error = Log { fail_extract: Some("a number is no longer finite".into()), ..Log::default() };
    let panic = Log { panic_in_extract: true, ..Log::default() };
    // A panic is not asked for twice.
    for (log, reason, tries) in [(error, "no longer finite", 2), (panic, "out of luck", 1)] {
        let mut window = Window::open(log);
        window.run(false);
        window.until("painting", |w| w.steps() > 20);
        window.session.send(Command::Pause).unwrap();
        window
            .session
            .request_visualizations(VisualizationRequest {
                orders: orders(&["relu1_1", "relu2_1"]),
                at_once: false,
            })
            .unwrap();
        window.until("the failure", |w| !w.results().is_empty());
        let text = window.results()[0].clone().unwrap_err();
        assert!(text.contains(reason), "{text}");
        window.until("all tries", |w| w.slices() == tries);
        thread::sleep(Duration::from_millis(150));
        assert_eq!(window.slices(), tries);
        let steps = window.steps();
        window.session.send(Command::Resume).unwrap();
        window.until("it paints on", |w| w.steps() > steps + 20);
        assert!(
            !window.events.iter().any(|event| matches!(event, Event::Failed { .. } | Event::Died { .. }))
        );
    }
}
