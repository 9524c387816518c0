//! What single layers hold: made by the real engine, and made by the worker while nothing is painted.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::common::{adapter, cpu, data, mean_difference};
use impasto_core::{
    picture::Picture,
    settings::{DeviceChoice, Padding, Pooling, Precision, Rgb, Settings},
    transfer::{Inputs, LayerVisualization, NetworkConfig, VisualizationRun},
};
use impasto_engine::session::{
    Command, Engine as _, Event, Job, PaintEngine, RunState, Session, Start, StyleSource, VisualizationJob,
    VisualizationRequest, VisualizationState,
};
use impasto_formats::extracts::{CONTENT_LAYERS, SourcePictures, plan};
use impasto_network::{
    compute::{Device, Network, NetworkOptions},
    vgg::{Layer, Weights},
};
use impasto_test_support::fake::{Deed, Fake, Log, Shared, weights};

fn layer(name: &str) -> Layer {
    name.parse().unwrap()
}

fn pair() -> Inputs {
    Inputs::new(picture("content.png"), vec![StyleSource::new(picture("style.png"))])
}

fn picture(file: &str) -> Arc<Picture> {
    Arc::new(Picture::open(&data(file)).unwrap())
}

fn source() -> SourcePictures {
    SourcePictures {
        content: picture("content.png"),
        styles: vec![StyleSource::new(picture("style.png"))],
        background: Rgb::WHITE,
    }
}

/// The usual network with the weights of this hash.
fn seen_with(weights: String) -> NetworkConfig {
    let (padding, pooling, precision) = (Padding::Replicate, Pooling::Max, Precision::Full);
    NetworkConfig { weights, padding, pooling, precision }
}

fn eye(weights: &Weights) -> NetworkConfig {
    seen_with(weights.info.sha256.clone())
}

/// An extract at its start and as it is made, with its first error.
fn made(device: &Device, sight: LayerVisualization, side: u32) -> (f64, VisualizationState) {
    let weights = Weights::bundled().unwrap();
    let options = NetworkOptions { padding: Padding::Replicate, ..NetworkOptions::default() };
    let mut network = Network::new(&weights, Layer::ALL[0], &device.tensor, options);
    let order = plan(&source(), &[sight], side, &eye(&weights)).pop().unwrap();
    let mut extraction = VisualizationRun::new(&mut network, &weights, &device.tensor, &order).unwrap();
    extraction.step(&network).unwrap();
    let first = extraction.read().unwrap().error;
    while !extraction.is_done() {
        extraction.step(&network).unwrap();
    }
    let state = extraction.read().unwrap();
    assert!(state.is_done() && state.picture.dimensions() == order.shape);
    (first, state)
}

#[test]
fn a_textures_gram_matrix_comes_close_to_the_styles_in_every_layer() {
    for name in ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"] {
        let (first, state) = made(&cpu(), LayerVisualization::texture(layer(name)), 64);
        println!("{name}: {first:.4} to {:.6}", state.error);
        // At this size the deepest has 16 positions, which cannot have everything in common with the style's 42.
        let part = if name == "relu5_1" { 0.1 } else { 0.01 };
        assert!(state.error < part * first, "{name}: {first} to {}", state.error);
    }
}

#[test]
fn a_reconstruction_comes_close_to_the_contents_features_and_a_shallow_one_to_its_pixels() {
    let content = plan(
        &source(),
        &[LayerVisualization::reconstruction(CONTENT_LAYERS[0])],
        64,
        &eye(&Weights::bundled().unwrap()),
    )
    .pop()
    .unwrap();
    let content = &content.pictures[0].0;
    let mut apart = Vec::new();
    for layer in CONTENT_LAYERS {
        let (first, state) = made(&cpu(), LayerVisualization::reconstruction(layer), 64);
        apart.push(mean_difference(&state.picture, content));
        println!("{layer}: {first:.4} to {:.6}, {:.1} bytes apart", state.error, apart.last().unwrap());
        assert!(state.error < 0.05 * first, "{layer}: {first} to {}", state.error);
    }
    assert!(apart[0] < 12.0, "relu1_2 holds nearly every pixel: {apart:?}");
    assert!(apart.is_sorted() && apart[4] > 4.0 * apart[0], "the deeper, the fewer: {apart:?}");
}

#[test]
fn an_adapter_makes_them_as_well() {
    if let Some(device) = adapter() {
        let (first, state) = made(&device, LayerVisualization::texture(layer("relu2_1")), 32);
        assert!(state.error < 0.05 * first, "{first} to {}", state.error);
    }
}

/// The worker with the real engine: what it makes leaves the painting as it was, to the last bit.
#[test]
fn a_painting_goes_on_as_if_nothing_had_been_made_in_its_pause() {
    let paint = |with_extracts: bool| {
        let mut engine = PaintEngine::new();
        let settings = Settings { size: 64, steps: 9, device: DeviceChoice::Cpu, ..Settings::default() };
        let job = Job::new(
            1,
            Inputs::new(picture("content.png"), vec![StyleSource::new(picture("style.png"))]),
            settings,
        );
        let info = engine.start(&job, None, &mut |_| ()).unwrap();
        let eye = seen_with(info.weights.sha256);
        for step in 0..6 {
            engine.step().unwrap();
            if with_extracts && step == 3 {
                let sights = [
                    LayerVisualization::texture(layer("relu5_1")),
                    LayerVisualization::reconstruction(layer("relu1_2")),
                ];
                for order in plan(&source(), &sights, 48, &eye) {
                    let state = engine.extract(&order).unwrap().unwrap();
                    assert!(state.steps >= 1 && !state.is_done());
                    let again = engine.extract(&order).unwrap().unwrap();
                    assert!(again.steps > state.steps, "it goes on where it was");
                }
                engine.put_extract_aside();
                // Of another network nothing is made.
                let other = NetworkConfig { pooling: Pooling::Average, ..eye.clone() };
                let order = plan(&source(), &sights, 48, &other).pop().unwrap();
                assert!(engine.extract(&order).unwrap().is_none());
            }
        }
        engine.read().unwrap().picture
    };
    assert_eq!(paint(true), paint(false));
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
    let sights: Vec<LayerVisualization> =
        names.iter().map(|name| LayerVisualization::texture(layer(name))).collect();
    let eye = seen_with(weights());
    plan(&source(), &sights, 32, &eye)
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

/// `impasto layers` with these arguments, as a process with a cache folder of its own.
fn impasto(folder: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = crate::environment::impasto()
        .arg("layers")
        .args(arguments)
        .current_dir(folder)
        .env("IMPASTO_CONFIG_DIR", folder)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn senseless_arguments_of_the_command_are_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("there.png"), "mine").unwrap();
    let pair = |style: &'static str, output: &'static str| {
        ["--content", "example:coffee", "--style", style, "--output", output]
    };
    for (arguments, code, text) in [
        (pair("example:embers", "there.png"), 1, "add --force"),
        (pair("example:embers@0.5", "new.png"), 2, "a scale has no meaning here"),
        (pair("example:embers:0", "new.png"), 2, "all pictures have weight 0"),
        (pair("example:nobody", "new.png"), 1, "no bundled picture is called nobody"),
    ] {
        let (found, said) = impasto(folder.path(), &arguments);
        assert!(found == Some(code) && said.contains(text), "{arguments:?}: {found:?} {said}");
    }
    assert_eq!(std::fs::read(folder.path().join("there.png")).unwrap(), b"mine");
}

#[test]
fn the_commands_figure_is_made_once_and_comes_from_the_cache_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let (content, style) = (data("content.png"), data("style.png"));
    let (content, style) = (content.to_str().unwrap(), style.to_str().unwrap());
    let make = |output: &str| {
        let arguments = ["-c", content, "-s", style, "-o", output, "--size", "64", "--device", "cpu"];
        let (code, said) = impasto(folder.path(), &arguments);
        assert_eq!(code, Some(0), "{said}");
        (said, std::fs::read(folder.path().join(output)).unwrap())
    };
    let (said, first) = make("first.png");
    assert!(said.contains("with 10 of 10 pictures") && !said.contains("made before"), "{said}");
    let (said, second) = make("second.png");
    assert_eq!(said.matches("made before").count(), 10, "{said}");
    assert_eq!(first, second);
    let figure = image::load_from_memory(&first).unwrap();
    assert!(figure.width() > 6 * 64 && figure.height() > 2 * 64);
}
