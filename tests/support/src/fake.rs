//! An engine that paints nothing: it notes what it is told, and behaves as a test wants it to.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use image::{GrayImage, Luma, Rgb, RgbImage};
use impasto_core::{
    picture::Picture,
    settings::{GlobalTerm, Settings, StyleMix},
    transfer::{FeatureMap, GradientNorms, Heat, Inputs, Losses, Term},
};
use impasto_engine::session::{
    Engine, EngineError, Job, LayerStudy, LevelCommand, PyramidProgress, Reading, RunInfo, SimilarityMap,
    VisualizationJob, VisualizationState,
};
use impasto_network::{
    compute::{DeviceInfo, DeviceKind},
    vgg::{Layer, WeightsInfo},
};

/// What the engine did, in its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    Start,
    Step,
    Update,
    /// Other pictures, and settings.
    Replace,
    Level,
    /// Back from a smaller size.
    Back,
    /// A slice of the extract with this key.
    Slice(String),
    Aside,
}

/// What comes of a run's step with these settings: what the run has to do without from then on, an error, or
/// a panic.
pub type AtStep = Arc<dyn Fn(&Settings, u32) -> Result<Vec<String>, EngineError> + Send + Sync>;

/// Inputs of an update, and what is wrong with them.
pub type Refuse = fn(&Inputs) -> Result<(), EngineError>;

/// What the engine was told, and how it should behave.
#[derive(Default)]
pub struct Log {
    pub jobs: Vec<Job>,
    /// Dimensions of the picture that the start of the job at the same index got to go on from.
    pub from_current: Vec<Option<(u32, u32)>>,
    pub deeds: Vec<Deed>,
    pub updates: Vec<(Settings, Vec<StyleMix>)>,
    /// The masks' pictures of the last update.
    pub masks: Vec<Arc<Picture>>,
    /// What replaced other pictures of a run that went on.
    pub replaced: Vec<Inputs>,
    /// Names and first pixels of the updates' palettes.
    pub palettes: Vec<Option<(String, [u8; 3])>>,
    pub levels: Vec<LevelCommand>,
    /// Layers that were looked into.
    pub studied: Vec<Layer>,
    /// Layers and points that were compared with the rest of the content.
    pub compared: Vec<(Layer, [f32; 2])>,
    /// Steps that were gone back to, and whether with the engine's state.
    pub restored: Vec<(u32, bool)>,
    /// Steps of all jobs.
    pub steps: u32,
    /// Pictures that were read.
    pub reads: u32,
    /// The steps after which a measurement was asked for.
    pub measured: Vec<u32>,
    /// Engines that were made, and runs that were ended.
    pub made: u32,
    pub ended: u32,
    /// After this many steps the next one does not begin; it waits until there may be more.
    pub gate: Option<u32>,
    pub waits: bool,
    pub fail_start: Option<String>,
    pub fail_step: Option<String>,
    pub at_step: Option<AtStep>,
    /// The step of a run from which on its loss is not finite.
    pub not_finite_at: Option<u32>,
    /// Inputs that an update is refused with.
    pub refuse: Option<Refuse>,
    /// What the run has to do without from the next step on.
    pub limits: Vec<String>,
    /// Longest side for which the device has memory, told at the start.
    pub largest: Option<u32>,
    /// Longest side that it chooses where it is to choose one; else the content's own.
    pub chosen: Option<u32>,
    pub die_at_birth: bool,
    /// The next step ends the engine, so that the one after it has to be made.
    pub panic_at_step: bool,
    pub slow: Duration,
    pub preparing: Duration,
    pub paint: Option<RgbImage>,
    /// The picture after a step, unless it is always the same.
    pub picture: Option<fn(u32) -> RgbImage>,
    /// The step of a run from which on its loss has stopped falling.
    pub converged_at: Option<u32>,
    /// Slices that an extract takes; without them the engine makes none.
    pub extract_slices: u32,
    /// Slices of all extracts that may be made; the next one waits.
    pub extract_gate: Option<usize>,
    /// Keys of the extracts of which slices were made, and at which step of the painting.
    pub extracted: Vec<(String, u32)>,
    pub fail_extract: Option<String>,
    pub panic_in_extract: bool,
    pub extract_picture: Option<fn(&VisualizationJob) -> RgbImage>,
    /// The pictures that are painted from, however they came.
    pub inputs: Option<Inputs>,
}

impl Log {
    /// Names of the styles that are painted from.
    pub fn styles(&self) -> Vec<&str> {
        let styles = self.inputs.iter().flat_map(|inputs| &inputs.styles);
        styles.map(|style| style.picture.name.as_str()).collect()
    }

    /// Slices of all extracts.
    pub fn slices(&self) -> usize {
        self.extracted.len()
    }

    fn may_step(&self) -> bool {
        self.gate.is_none_or(|gate| self.steps < gate)
    }
}

pub type Shared = Arc<Mutex<Log>>;

/// How long a window or a worker may keep a test waiting, whatever the machine does beside it.
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
    pub fn new(log: &Shared) -> Self {
        log.lock().unwrap().made += 1;
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

    fn take(&mut self, settings: &Settings, inputs: &Inputs, deed: Deed) -> Result<(), EngineError> {
        settings.validate()?;
        let mut log = self.log.lock().unwrap();
        if let Some(refuse) = log.refuse {
            refuse(inputs)?;
        }
        self.settings = settings.clone();
        log.deeds.push(deed);
        log.updates.push((settings.clone(), inputs.mix()));
        log.masks.clone_from(&inputs.masks);
        let palette = inputs.palette.as_ref();
        log.palettes.push(palette.map(|palette| (palette.name.clone(), palette.rgb.get_pixel(0, 0).0)));
        Ok(())
    }
}

/// The log, once it allows what comes next.
fn wait(log: &Shared, allowed: impl Fn(&Log) -> bool) -> MutexGuard<'_, Log> {
    loop {
        let mut now = log.lock().unwrap();
        if allowed(&now) {
            return now;
        }
        now.waits = true;
        drop(now);
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The hash of the fake engine's weights.
pub fn weights() -> String {
    "3f1c9a52".repeat(8)
}

/// The colour that the fake engine paints in a step.
pub fn colour(step: u32) -> Rgb<u8> {
    Rgb([200, 60 + (step % 100) as u8, 40])
}

pub fn losses(step: u32, settings: &Settings) -> Losses {
    let t = f64::from(step.max(1));
    let content = 0.004 + 0.03 * (1.0 - (-t / 40.0).exp());
    // Nothing is computed deeper than the deepest layer that counts.
    let effective = settings.effective();
    let counting = effective.style_layers.iter().chain(effective.content_layers.iter());
    let deepest = counting.filter(|&(_, weight)| weight > 0.0).map(|(layer, _)| layer.index()).max();
    let measured = |layer: Layer| deepest.is_some_and(|deepest| layer.index() <= deepest);
    let mut losses = Losses::default();
    for (layer, _) in settings.style_layers.iter().filter(|&(layer, _)| measured(layer)) {
        let depth = layer.index() as f64;
        losses.style.insert(layer, (0.9 / (1.0 + 0.2 * depth)) * t.powf(-0.55 - 0.03 * depth) + 2e-3);
    }
    for (layer, _) in settings.content_layers.iter().filter(|&(layer, _)| measured(layer)) {
        losses.content = content;
        losses.content_layers.insert(layer, content);
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
        let (wait, largest, chosen) = {
            let mut log = self.log.lock().unwrap();
            log.deeds.push(Deed::Start);
            log.jobs.push(job.clone());
            log.inputs = Some(job.inputs.clone());
            log.from_current.push(current.map(RgbImage::dimensions));
            if let Some(message) = log.fail_start.clone() {
                return Err(message.into());
            }
            let (width, height) = job.inputs.content.dimensions();
            let chosen = log.chosen.unwrap_or(width.max(height));
            (log.preparing, log.largest.unwrap_or(u32::MAX), chosen)
        };
        say("Loading the network's weights…");
        std::thread::sleep(wait);
        self.step = 0;
        self.settings = job.settings.clone();
        Ok(RunInfo {
            device: device(),
            weights: WeightsInfo {
                source: "bundled".into(),
                sha256: weights(),
                format: "8-bit codebook".into(),
                input: String::new(),
                provenance: String::new(),
                licence: String::new(),
                convolutions: 16,
            },
            width: 96,
            height: 64,
            size: if job.choose_size { chosen } else { job.settings.size }.min(largest),
            step_seconds: job.choose_size.then_some(0.4),
            memory_bytes: 412_000_000,
            remarks: Vec::new(),
        })
    }

    fn update(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
        self.take(settings, inputs, Deed::Update)
    }

    fn replace_pictures(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
        {
            let mut log = self.log.lock().unwrap();
            log.inputs = Some(inputs.clone());
            log.replaced.push(inputs.clone());
        }
        self.take(settings, inputs, Deed::Replace)
    }

    fn step(&mut self) -> Result<(), EngineError> {
        let (slow, at_step) = {
            let mut log = wait(&self.log, Log::may_step);
            if let Some(message) = log.fail_step.take() {
                return Err(message.into());
            }
            (log.slow, log.at_step.clone())
        };
        // Not while the log is locked, which would be of no use afterwards.
        let panics = std::mem::take(&mut self.log.lock().unwrap().panic_at_step);
        assert!(!panics, "the device is gone");
        std::thread::sleep(slow.max(Duration::from_micros(200)));
        let limits = at_step.map_or(Ok(Vec::new()), |at_step| at_step(&self.settings, self.step + 1))?;
        self.step += 1;
        let mut log = self.log.lock().unwrap();
        log.steps += 1;
        log.deeds.push(Deed::Step);
        log.limits.extend(limits);
        Ok(())
    }

    fn read(&mut self) -> Result<Reading, EngineError> {
        let picture = {
            let mut log = self.log.lock().unwrap();
            log.reads += 1;
            if log.not_finite_at.is_some_and(|at| self.step >= at) {
                return Err("loss is no longer finite".into());
            }
            log.picture.map(|picture| picture(self.step)).or_else(|| log.paint.clone())
        };
        let mut norms = self.norms.clone();
        // Half of it is style where β is α.
        norms.balance = self.settings.style_amount.map(|amount| [1.0, amount / (1.0 - amount)]);
        Ok(Reading {
            step: self.step,
            place: PyramidProgress {
                level: self.level,
                levels: 3,
                width: 48 << self.level,
                height: 32 << self.level,
                held: self.held,
                left: 900.0,
                ends: vec![200, 500, 900],
            },
            norms,
            losses: (self.step > 0).then(|| losses(self.step, &self.settings)),
            picture: picture.unwrap_or_else(|| RgbImage::from_pixel(96, 64, colour(self.step))),
            plain: None,
        })
    }

    fn level(&mut self, order: LevelCommand) -> Result<(), EngineError> {
        match order {
            LevelCommand::Climb => self.level += 1,
            LevelCommand::Drop => self.level -= 1,
            LevelCommand::Hold => self.held = true,
            LevelCommand::Release => self.held = false,
        }
        let mut log = self.log.lock().unwrap();
        log.levels.push(order);
        log.deeds.push(Deed::Level);
        Ok(())
    }

    fn end_downscale(&mut self) -> Result<(), EngineError> {
        self.log.lock().unwrap().deeds.push(Deed::Back);
        Ok(())
    }

    fn study(&mut self, layer: Layer) -> Result<Option<LayerStudy>, EngineError> {
        self.log.lock().unwrap().studied.push(layer);
        Ok(Some(study(layer)))
    }

    /// Alike is what is on the same side of the middle.
    fn similarity(&mut self, layer: Layer, point: [f32; 2]) -> Result<Option<SimilarityMap>, EngineError> {
        self.log.lock().unwrap().compared.push((layer, point));
        let side = |x: f32| if (x < 0.5) == (point[0] < 0.5) { 0.9 } else { -0.4 };
        let values = (0..12 * 8).map(|at| side(((at % 12) as f32 + 0.5) / 12.0)).collect();
        Ok(Some(SimilarityMap { width: 12, height: 8, span: [12.0, 8.0], values }))
    }

    fn extract(&mut self, order: &VisualizationJob) -> Result<Option<VisualizationState>, EngineError> {
        let (of, make, panics) = {
            let mut log = wait(&self.log, |log| log.extract_gate.is_none_or(|gate| log.slices() < gate));
            if log.extract_slices == 0 {
                return Ok(None);
            }
            if log.extracted.last().is_none_or(|(key, _)| *key != order.key) {
                self.slices = 0;
            }
            self.slices += 1;
            log.extracted.push((order.key.clone(), self.step));
            log.deeds.push(Deed::Slice(order.key.clone()));
            if let Some(message) = log.fail_extract.clone() {
                return Err(message.into());
            }
            (log.extract_slices, log.extract_picture, log.panic_in_extract)
        };
        assert!(!panics, "the kernel is out of luck");
        let picture = make.map_or_else(|| extract(order), |make| make(order));
        Ok(Some(VisualizationState { picture, steps: self.slices, of, error: 0.1 }))
    }

    fn put_extract_aside(&mut self) {
        self.log.lock().unwrap().deeds.push(Deed::Aside);
    }

    fn converged(&self) -> bool {
        self.log.lock().unwrap().converged_at.is_some_and(|at| self.step >= at)
    }

    fn take_limits(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap().limits)
    }

    fn measure(&mut self) -> Result<(), EngineError> {
        self.log.lock().unwrap().measured.push(self.step);
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

    fn end(&mut self) {
        self.log.lock().unwrap().ended += 1;
    }
}

/// What the fake engine makes of a layer: its picture, cut into squares that grow with the depth and put in
/// disorder.
pub fn extract(order: &VisualizationJob) -> RgbImage {
    let (picture, _) = &order.pictures[0];
    let (width, height) = picture.dimensions();
    let side = 2 << order.visualization.layer.block();
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
