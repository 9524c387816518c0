//! A window in front of a fake engine: every test sees what the engine was told.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod drawing;
pub mod hands;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use egui::{Event, Key, Role};
use egui_kittest::{Harness, HarnessBuilder, kittest::Queryable as _};
use image::{GrayImage, Luma, Rgb, RgbImage};
use impasto_core::{
    settings::{GlobalTerm, Settings, StyleMix},
    transfer::{FeatureMap, GradientNorms, Heat, Inputs, Losses, Term},
};
use impasto_engine::{
    queue::Painter,
    session::{
        Engine, EngineError, Extract, ExtractState, Job, LayerStudy, LevelOrder, Place, Reading, RunInfo,
        Session,
    },
};
use impasto_network::{
    compute::{DeviceInfo, DeviceKind},
    vgg::{Layer, WeightsInfo},
};
use impasto_window::{
    AppStart, ImpastoApp, KeepAwake, Options, SpawnSession,
    dialogs::{Answer, Ask, Dialogs, Mode, Pending},
};

/// What the engine was told, and how it should behave.
#[derive(Default)]
pub struct Log {
    pub jobs: Vec<Job>,
    /// Whether the start of the job at the same index got a picture to go on from.
    pub from_current: Vec<bool>,
    pub updates: Vec<(Settings, Vec<StyleMix>)>,
    /// Names and first pixels of the updates' palettes.
    pub palettes: Vec<Option<(String, [u8; 3])>>,
    pub levels: Vec<LevelOrder>,
    /// Layers that were looked into.
    pub studied: Vec<Layer>,
    /// Steps that were gone back to, and whether with the engine's state.
    pub restored: Vec<(u32, bool)>,
    pub steps: u32,
    pub measurements: u32,
    pub fail_start: Option<String>,
    pub fail_step: Option<String>,
    pub die_at_birth: bool,
    pub slow: Duration,
    pub preparing: Duration,
    pub paint: Option<RgbImage>,
    pub converged: bool,
    /// Slices that an extract takes; without them the engine makes none.
    pub extract_slices: u32,
    /// Keys of the extracts of which slices were made, and at which step of the painting.
    pub extracted: Vec<(String, u32)>,
    pub fail_extract: Option<String>,
    pub extract_picture: Option<fn(&Extract) -> RgbImage>,
}

pub type Shared = Arc<Mutex<Log>>;

/// How long a window may keep a test waiting, whatever the machine does beside it.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Fake {
    log: Shared,
    step: u32,
    level: usize,
    held: bool,
    settings: Settings,
    norms: GradientNorms,
    slices: u32,
}

impl Fake {
    fn new(log: &Shared) -> Self {
        Self {
            log: Arc::clone(log),
            step: 0,
            level: 0,
            held: false,
            settings: Settings::default(),
            norms: GradientNorms::default(),
            slices: 0,
        }
    }
}

/// The colour that the fake engine paints in a step.
pub fn colour(step: u32) -> Rgb<u8> {
    Rgb([200, 60 + (step % 100) as u8, 40])
}

pub fn losses(step: u32, settings: &Settings) -> Losses {
    let t = f64::from(step.max(1));
    let mut losses = Losses { content: 0.004 + 0.03 * (1.0 - (-t / 40.0).exp()), ..Losses::default() };
    for (layer, _) in settings.style_layers.iter() {
        let depth = layer.index() as f64;
        losses.style.insert(layer, (0.9 / (1.0 + 0.2 * depth)) * t.powf(-0.55 - 0.03 * depth) + 2e-3);
    }
    for (layer, _) in settings.content_layers.iter() {
        losses.content_layers.insert(layer, losses.content);
    }
    losses.weigh(settings);
    losses
}

/// ‖∂L/∂x‖ of every term, as the fake engine measures them.
pub fn norms(settings: &Settings) -> GradientNorms {
    let mut norms = GradientNorms::default();
    for (layer, _) in settings.style_layers.iter() {
        norms.set(Term::Style(layer), 0.02 / (1.0 + 0.15 * layer.index() as f64));
    }
    for (layer, _) in settings.content_layers.iter() {
        norms.set(Term::Content(layer), 0.06);
    }
    norms.set(Term::Global(GlobalTerm::Smoothness), 0.01);
    norms
}

impl Engine for Fake {
    fn start(
        &mut self,
        job: &Job,
        current: Option<&RgbImage>,
        say: &mut dyn FnMut(&str),
    ) -> Result<RunInfo, EngineError> {
        let wait = {
            let mut log = self.log.lock().unwrap();
            log.jobs.push(job.clone());
            log.from_current.push(current.is_some());
            if let Some(message) = log.fail_start.clone() {
                return Err(message.into());
            }
            log.preparing
        };
        say("Loading the network's weights…");
        std::thread::sleep(wait);
        self.step = 0;
        self.settings = job.settings.clone();
        Ok(RunInfo {
            device: device(),
            weights: WeightsInfo {
                source: "bundled".into(),
                sha256: "3f1c9a52".repeat(8),
                format: "8-bit codebook".into(),
                input: String::new(),
                provenance: String::new(),
                licence: String::new(),
                convolutions: 16,
            },
            width: 96,
            height: 64,
            size: if job.choose_size { 192 } else { job.settings.size },
            memory_bytes: 412_000_000,
            remarks: Vec::new(),
        })
    }

    fn update(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
        self.settings = settings.clone();
        let mut log = self.log.lock().unwrap();
        log.updates.push((settings.clone(), inputs.mix()));
        let palette = inputs.palette.as_ref();
        log.palettes.push(palette.map(|palette| (palette.name.clone(), palette.rgb.get_pixel(0, 0).0)));
        Ok(())
    }

    fn step(&mut self) -> Result<(), EngineError> {
        let slow = {
            let mut log = self.log.lock().unwrap();
            if let Some(message) = log.fail_step.take() {
                return Err(message.into());
            }
            log.steps += 1;
            log.slow
        };
        std::thread::sleep(slow.max(Duration::from_micros(200)));
        self.step += 1;
        Ok(())
    }

    fn read(&mut self) -> Result<Reading, EngineError> {
        let picture = self.log.lock().unwrap().paint.clone();
        let mut norms = self.norms.clone();
        norms.balance = self.settings.style_amount.map(|amount| [1.0, 20.0 * amount]);
        Ok(Reading {
            step: self.step,
            place: Place {
                level: self.level,
                levels: 3,
                width: 48,
                height: 32,
                held: self.held,
                done: f64::from(self.step),
                left: 900.0,
                ends: vec![200.0, 500.0, 900.0],
            },
            norms,
            losses: (self.step > 0).then(|| losses(self.step, &self.settings)),
            picture: picture.unwrap_or_else(|| RgbImage::from_pixel(96, 64, colour(self.step))),
            plain: None,
        })
    }

    fn level(&mut self, order: LevelOrder) -> Result<(), EngineError> {
        match order {
            LevelOrder::Climb => self.level += 1,
            LevelOrder::Drop => self.level -= 1,
            LevelOrder::Hold => self.held = true,
            LevelOrder::Release => self.held = false,
        }
        self.log.lock().unwrap().levels.push(order);
        Ok(())
    }

    fn study(&mut self, layer: Layer) -> Result<Option<LayerStudy>, EngineError> {
        self.log.lock().unwrap().studied.push(layer);
        Ok(Some(study(layer)))
    }

    fn extract(&mut self, order: &Extract) -> Result<Option<ExtractState>, EngineError> {
        let mut log = self.log.lock().unwrap();
        if log.extract_slices == 0 {
            return Ok(None);
        }
        if log.extracted.last().is_none_or(|(key, _)| *key != order.key) {
            self.slices = 0;
        }
        self.slices += 1;
        log.extracted.push((order.key.clone(), self.step));
        if let Some(message) = log.fail_extract.clone() {
            return Err(message.into());
        }
        let picture = log.extract_picture.map_or_else(|| extract(order), |make| make(order));
        Ok(Some(ExtractState { picture, steps: self.slices, of: log.extract_slices, error: 0.1 }))
    }

    fn converged(&self) -> bool {
        self.log.lock().unwrap().converged
    }

    fn measure(&mut self) -> Result<(), EngineError> {
        self.log.lock().unwrap().measurements += 1;
        self.norms = norms(&self.settings);
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(Some(self.step.to_le_bytes().to_vec()))
    }

    fn restore(&mut self, step: u32, state: Option<&[u8]>) -> Result<(), EngineError> {
        if let Some(state) = state {
            assert_eq!(state, step.to_le_bytes(), "the state is that of the step");
        }
        self.step = step;
        self.log.lock().unwrap().restored.push((step, state.is_some()));
        Ok(())
    }

    fn end(&mut self) {}
}

/// What the fake engine makes of a layer: its picture, cut into squares that grow with the depth and put in disorder.
pub fn extract(order: &Extract) -> RgbImage {
    let (picture, _) = &order.pictures[0];
    let (width, height) = picture.dimensions();
    let side = 2 << order.sight.layer.block();
    RgbImage::from_fn(order.shape.0, order.shape.1, |x, y| {
        let (column, row) = (x / side, y / side);
        let shift = |salt: u32| (column * 7 + row * 13 + salt).wrapping_mul(2_654_435_761) >> 20;
        *picture.get_pixel((x + shift(1)) % width, (y + shift(2)) % height)
    })
}

/// What the fake engine sees in a layer: channels that get stronger with their number, a bump in every map.
pub fn study(layer: Layer) -> LayerStudy {
    let channels = layer.channels();
    let strength = |channel: usize| (channel + 1) as f32 / channels as f32;
    let matrix = |share: f32| {
        let pair = |i: usize| {
            let (a, b) = (i / channels, i % channels);
            share * strength(a) * strength(b) * if a == b { 1.0 } else { ((a * b) % 7) as f32 / 9.0 }
        };
        (0..channels * channels).map(pair).collect::<Vec<f32>>()
    };
    let bump = |x0: f32, y0: f32| {
        GrayImage::from_fn(48, 32, |x, y| {
            let away = (x as f32 - x0).powi(2) + (y as f32 - y0).powi(2);
            Luma([(255.0 * (-away / 90.0).exp()) as u8])
        })
    };
    let map = |i: usize| {
        let x = 6.0 * i as f32;
        FeatureMap {
            channel: channels - 1 - i,
            content: bump(x, 8.0),
            style: bump(x, 16.0),
            picture: bump(x, 24.0),
        }
    };
    let maps = (0..8).map(map).collect();
    let heat = Heat { map: bump(30.0, 12.0), low: 0.4, high: 5.2 };
    LayerStudy { layer, channels, gram: matrix(1.1), target: matrix(1.0), maps, heat }
}

pub fn device() -> DeviceInfo {
    DeviceInfo {
        name: "AMD Ryzen 7 5800X".into(),
        kind: DeviceKind::Cpu,
        backend: "flex".into(),
        driver: String::new(),
        reason: "chosen: there is no hardware GPU".into(),
    }
}

/// Dialogs that answer at once with what a test put in; without that they cannot be shown.
pub struct FakeDialogs {
    /// Instead of the home of whoever runs the tests.
    pub home: tempfile::TempDir,
    pub answer: Mutex<Option<Vec<PathBuf>>>,
    /// The next dialog is cancelled.
    pub cancels: AtomicBool,
    /// A dialog stays open for as long.
    pub open: Arc<AtomicBool>,
    /// Proposed names and titles.
    pub asked: Mutex<Vec<String>>,
    /// The folder of the last dialog.
    pub folder: Mutex<Option<PathBuf>>,
}

impl FakeDialogs {
    pub fn will_pick(&self, path: &Path) {
        *self.answer.lock().unwrap() = Some(vec![path.to_owned()]);
    }

    pub fn will_be_cancelled(&self) {
        self.cancels.store(true, Ordering::SeqCst);
    }
}

impl Dialogs for FakeDialogs {
    fn ask(&self, ask: Ask) -> Pending {
        let question = match ask.mode {
            Mode::Save => format!("save {}", ask.name),
            _ => ask.title,
        };
        self.asked.lock().unwrap().push(question);
        *self.folder.lock().unwrap() = ask.folder;
        let answer = match self.answer.lock().unwrap().take() {
            _ if self.cancels.swap(false, Ordering::SeqCst) => Answer::Cancelled,
            Some(paths) => Answer::Picked(paths),
            None => Answer::Unavailable,
        };
        let open = Arc::clone(&self.open);
        Box::pin(async move {
            while open.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(2));
            }
            answer
        })
    }

    fn first_folder(&self) -> Option<PathBuf> {
        Some(self.home.path().to_owned())
    }
}

/// Remembers what was asked of the screen.
#[derive(Default)]
pub struct FakeAwake(pub Mutex<Vec<bool>>);

impl KeepAwake for FakeAwake {
    fn set(&self, on: bool) {
        self.0.lock().unwrap().push(on);
    }
}

/// A window, what its engine was told, its dialogs and its folder.
pub struct Window {
    pub harness: Harness<'static, ImpastoApp>,
    pub log: Shared,
    /// What the engine behind the window was told.
    pub behind: Shared,
    pub dialogs: Arc<FakeDialogs>,
    pub awake: Arc<FakeAwake>,
    pub folder: tempfile::TempDir,
}

/// How a window begins.
pub struct Setup {
    pub options: Options,
    pub log: Log,
    /// Of the engine behind the window.
    pub behind: Log,
    pub size: [f32; 2],
    pub scale: f32,
    pub render: bool,
    pub remembered: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        let settings = Settings { steps: 1_000_000, size: 256, ..Settings::default() };
        Self {
            options: Options { settings: Some(settings), ..Options::default() },
            log: Log::default(),
            behind: Log::default(),
            size: [1280.0, 836.0],
            scale: 1.0,
            render: false,
            remembered: None,
        }
    }
}

impl Setup {
    pub fn open(self) -> Window {
        let folder = tempfile::tempdir().unwrap();
        // A painting that ends where it is told to is the easier one to test with.
        let text = self.remembered.as_deref().unwrap_or("[layout]\nstop_after_steps = true\n");
        std::fs::write(folder.path().join("impasto.toml"), text).unwrap();
        self.open_in(folder)
    }

    pub fn open_in(self, folder: tempfile::TempDir) -> Window {
        let log: Shared = Arc::new(Mutex::new(self.log));
        let behind: Shared = Arc::new(Mutex::new(self.behind));
        // Not within the folder: a path that begins with the other's would pass for it.
        let home = tempfile::tempdir().unwrap();
        let dialogs = Arc::new(FakeDialogs {
            home,
            answer: Mutex::default(),
            cancels: AtomicBool::default(),
            open: Arc::default(),
            asked: Mutex::default(),
            folder: Mutex::default(),
        });
        let awake = Arc::new(FakeAwake::default());
        let theirs = Arc::clone(&log);
        let spawn: SpawnSession = Box::new(move |wake| {
            let log = Arc::clone(&theirs);
            Session::spawn(
                move || {
                    let die = std::mem::take(&mut log.lock().unwrap().die_at_birth);
                    assert!(!die, "the driver is gone");
                    Fake::new(&log)
                },
                wake,
            )
        });
        let start = AppStart {
            options: self.options,
            folder: Some(folder.path().to_owned()),
            sessions: Some(folder.path().join("sessions")),
            dialogs: Arc::clone(&dialogs) as Arc<dyn Dialogs>,
            painter: {
                let behind = Arc::clone(&behind);
                Box::new(move |desk, wake| {
                    let log = Arc::clone(&behind);
                    Painter::spawn(desk, move || Fake::new(&log), wake)
                })
            },
            awake: Arc::clone(&awake) as Arc<dyn KeepAwake>,
            devices: || vec![device()],
            repaint_after: std::time::Duration::from_millis(1),
        };
        let mut builder: HarnessBuilder<ImpastoApp> = Harness::builder()
            .with_size(self.size)
            .with_pixels_per_point(self.scale)
            .with_max_steps(4)
            .with_step_dt(1.0 / 60.0);
        if self.render {
            builder = builder.wgpu();
        }
        let harness = builder.build_eframe(move |creation| ImpastoApp::new(&creation.egui_ctx, start, spawn));
        Window { harness, log, behind, dialogs, awake, folder }
    }
}

impl Window {
    /// Steps until `done`, for 1000 frames and a minute at most: some things take frames, others a thread's time.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&Harness<'static, ImpastoApp>, &Log) -> bool) {
        let began = Instant::now();
        let mut frames = 0;
        while frames < 1000 || began.elapsed() < PATIENCE {
            self.harness.step();
            if done(&self.harness, &self.log.lock().unwrap()) {
                return;
            }
            frames += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("waited in vain until {what}; the window: {:#?}", self.harness);
    }

    /// Steps until `done`, but ever more rarely: frames are time to the window, and little of it passes however late a
    /// thread is.
    #[track_caller]
    pub fn until_in_few_frames(
        &mut self,
        what: &str,
        mut done: impl FnMut(&Harness<'static, ImpastoApp>, &Log) -> bool,
    ) {
        let began = Instant::now();
        let mut pause = Duration::from_millis(2);
        while began.elapsed() < PATIENCE {
            self.harness.step();
            if done(&self.harness, &self.log.lock().unwrap()) {
                return;
            }
            std::thread::sleep(pause);
            pause = pause.mul_f64(1.5);
        }
        panic!("waited in vain until {what}; the window: {:#?}", self.harness);
    }

    pub fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.harness.step();
            std::thread::sleep(Duration::from_millis(4));
        }
    }

    /// Closes the window as a person does, and gives its folder back.
    pub fn close(mut self) -> tempfile::TempDir {
        eframe::App::on_exit(self.harness.state_mut());
        let Window { harness, folder, .. } = self;
        drop(harness);
        folder
    }

    /// Steps until the painting runs.
    #[track_caller]
    pub fn until_painting(&mut self) {
        self.until("it paints", |_, log| log.steps > 2);
        self.steps(3);
    }

    pub fn jobs(&self) -> usize {
        self.log.lock().unwrap().jobs.len()
    }

    pub fn job(&self, index: usize) -> Job {
        self.log.lock().unwrap().jobs[index].clone()
    }
}

/// Every style layer of the default settings.
pub fn style_layers() -> [Layer; 5] {
    Layer::PAPER_STYLE
}

/// A picture of one colour in the window's folder.
pub fn picture_file(window: &Window, name: &str, (width, height): (u32, u32), green: u8) -> PathBuf {
    let path = window.folder.path().join(name);
    RgbImage::from_pixel(width, height, image::Rgb([10, green, 30])).save(&path).unwrap();
    path
}

/// A file as the windowing system drops it.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// Drops files where the pointer was last seen.
pub fn drop_files(window: &mut Window, paths: &[PathBuf]) {
    window.harness.input_mut().hovered_files.clear();
    window.harness.input_mut().dropped_files =
        paths.iter().map(|path| Arc::new(Dropped(path.clone())) as egui::DroppedFileHandle).collect();
    window.harness.step();
}

/// Whether something on the window says this.
pub fn has(window: &Window, label: &str) -> bool {
    window.harness.query_all_by_label_contains(label).next().is_some()
}

/// Types a number into the entry of this name.
pub fn enter(window: &mut Window, name: &str, text: &str) {
    window
        .harness
        .get_by(|node| node.label().as_deref() == Some(name) && node.role() == Role::SpinButton)
        .click();
    window.steps(3);
    window.harness.event(Event::Text(text.to_owned()));
    window.harness.step();
    window.harness.key_press(Key::Enter);
    window.steps(3);
}
