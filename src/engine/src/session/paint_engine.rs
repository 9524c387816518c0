//! The real engine of the window and the command line: keeps the device, the weights and the network between
//! runs.

mod extracting;
mod less;
mod measuring;

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use image::RgbImage;

use self::less::with_less;
use super::{
    Engine, EngineError, Job, Reading, RunInfo, Start,
    scale_check::check_scales,
    size::{BACKGROUND_BYTES, check_memory, least_size, needs_more},
};
use impasto_core::{
    settings::{DeviceChoice, Padding, Precision, Settings},
    transfer::{
        Begin, Inputs, LayerStudy, LevelCommand, Losses, Painting, Shapes, SimilarityMap, TILE_SIDE,
        TransferError, VisualizationJob, VisualizationRun, VisualizationState, bytes_text, network_options,
        similarity,
    },
};
use impasto_network::{
    compute::{self, Device, DeviceKind, LayerTime, Network, NetworkOptions},
    vgg::{Layer, Weights},
};

/// Opens devices, loads weights, and paints one run at a time.
#[derive(Default)]
pub struct PaintEngine {
    device: Option<(DeviceChoice, Device)>,
    weights: Option<(Option<PathBuf>, Arc<Weights>)>,
    /// The network for the device and weights above, while no run holds it.
    network: Option<Network>,
    /// The options of that network.
    options: NetworkOptions,
    run: Option<Painting>,
    /// The current extract, by its key.
    extraction: Option<(String, VisualizationRun)>,
    /// Longest side of the last run's iterate, from which its pictures were enlarged.
    painted: Option<u32>,
    /// Set while the device is working; if set on drop, its code has panicked.
    at_work: bool,
    /// Another engine of this process paints in the foreground.
    background: bool,
    /// This engine's part of [`BACKGROUND_BYTES`].
    reported_bytes: u64,
    /// Allocations that the device had refused, to any engine, when the run was last known to be whole.
    refused: u64,
    /// What runs had to do without since the last call of [`Engine::take_limits`].
    limits: Vec<String>,
}

/// Maximum bytes of a checkpoint; if it is larger, going back restores the picture alone.
const MAX_STATE: u64 = 160 << 20;
/// Longest side at which points of the content are compared.
const COMPARED_SIZE: u32 = 512;
/// Bytes above which the user is told a run's GPU memory need; free GPU memory cannot be queried.
const LARGE_ON_GPU: u64 = 3_000_000_000;

/// Notice that the picture's shape is changed so that it tiles.
fn tile_remark(job: &Job, settings: &Settings) -> Option<String> {
    let shape = |padding| job.inputs.shapes(&Settings { padding, ..settings.clone() }).content;
    let (plain, (width, height)) = (shape(Padding::Zero), shape(settings.padding));
    (plain != (width, height)).then(|| {
        format!(
            "the picture is painted as {width} × {height} px instead of {} × {}: sides that are multiples of {TILE_SIDE} make a tile without a seam",
            plain.0, plain.1
        )
    })
}

impl PaintEngine {
    /// An engine that has opened nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A background engine: the memory of this process counts as the foreground engine's, and a device that
    /// fails here may still be tried there.
    pub fn background() -> Self {
        let mut engine = Self::new();
        engine.background = true;
        engine
    }

    /// Check that the run can continue with these settings and inputs.
    fn check_change(&self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
        settings.validate()?;
        inputs.mix().iter().try_for_each(|mix| mix.validate())?;
        // The memory may be gone since the start.
        if let (Some(run), Some((_, device))) = (&self.run, &self.device)
            && needs_more(inputs, settings, (run.inputs(), run.settings()))
        {
            let check = |shapes: &Shapes| check_memory(device.info.kind, shapes, settings, self.background);
            check_scales(inputs, settings, check)?;
        }
        Ok(())
    }

    /// An engine on an open device, which settings name by `choice`.
    pub fn on(choice: DeviceChoice, device: Device) -> Self {
        let mut engine = Self::new();
        engine.device = Some((choice, device));
        engine
    }

    /// Run `work` on the device. A device that fails is not opened again, unless it only has no memory left.
    fn on_device<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, TransferError>,
    ) -> Result<T, TransferError> {
        self.at_work = true;
        let result = self.with_memory_errors(self.refused, work);
        self.at_work = false;
        match result {
            Err(TransferError::Device(_)) => self.mark_failed(),
            Err(TransferError::OutOfMemory) => self.refused = self.refusals(),
            _ => {}
        }
        result
    }

    /// Report this engine's memory to the foreground engine.
    fn report_memory(&mut self, bytes: u64) {
        if self.background {
            BACKGROUND_BYTES.fetch_add(bytes, Ordering::Relaxed);
            BACKGROUND_BYTES.fetch_sub(std::mem::replace(&mut self.reported_bytes, bytes), Ordering::Relaxed);
        }
    }

    fn mark_failed(&mut self) {
        if let Some((_, device)) = self.device.take()
            && !self.background
        {
            compute::mark_failed(&device);
        }
        self.run = None;
        self.network = None;
    }

    /// Wait until the device has done all queued work.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn synchronize(&mut self) -> Result<(), EngineError> {
        self.work(|run| run.synchronize())
    }

    /// The device's peak in floating-point operations per second, see [`compute::peak`]. Opens the device if
    /// necessary.
    ///
    /// # Errors
    ///
    /// If the device cannot be opened or fails.
    pub fn peak(&mut self, choice: &DeviceChoice) -> Result<f64, EngineError> {
        let device = self.device(choice, &mut |_| {})?;
        Ok(self.on_device(|_| Ok(compute::peak(&device.tensor)))?)
    }

    /// Time each convolution of the run separately.
    ///
    /// # Errors
    ///
    /// If there is no run.
    pub fn time_layers(&mut self) -> Result<Vec<LayerTime>, EngineError> {
        self.work(|run| Ok(run.time_layers()))
    }

    fn device(
        &mut self,
        choice: &DeviceChoice,
        report: &mut dyn FnMut(&str),
    ) -> Result<Device, TransferError> {
        if let Some((opened, device)) = &self.device
            && opened == choice
        {
            return Ok(device.clone());
        }
        report("opening the device");
        let device = compute::open(choice)?;
        self.network = None;
        self.device = Some((choice.clone(), device.clone()));
        Ok(device)
    }

    fn weights(
        &mut self,
        file: Option<&PathBuf>,
        report: &mut dyn FnMut(&str),
    ) -> Result<Arc<Weights>, TransferError> {
        if let Some((loaded, weights)) = &self.weights
            && loaded.as_ref() == file
        {
            return Ok(Arc::clone(weights));
        }
        report("loading the network");
        let weights = Arc::new(match file {
            None => Weights::bundled()?,
            Some(file) => Weights::load(file)?,
        });
        self.network = None;
        self.weights = Some((file.cloned(), Arc::clone(&weights)));
        Ok(weights)
    }
}

impl Engine for PaintEngine {
    fn start(
        &mut self,
        job: &Job,
        current: Option<&RgbImage>,
        report: &mut dyn FnMut(&str),
    ) -> Result<RunInfo, EngineError> {
        self.end();
        let mut settings = job.settings.clone();
        settings.validate().map_err(TransferError::from)?;
        let device = self.device(&settings.device, report)?;
        self.refused = self.refusals();
        let weights = self.weights(settings.weights.as_ref(), report)?;
        let options = network_options(&settings);
        if self.options != options {
            self.network = None;
            self.options = options;
        }
        let mut step_seconds = None;
        if job.choose_size {
            report("measuring the device");
            let (size, step) = self.on_device(|engine| engine.choose_size(job, &device, &weights))?;
            (settings.size, step_seconds) = (size, Some(step));
        }
        for style in &job.inputs.styles {
            style.mix.validate().map_err(TransferError::from)?;
        }
        let mut remarks = settings.remarks();
        if settings.precision == Precision::Fast
            && let Err(reason) = self.on_device(|_| Ok(compute::fast_precision(&device.tensor)))?
        {
            settings.precision = Precision::Full;
            remarks.push(format!("precision is full instead of fast: {reason}"));
        }
        let check = |shapes: &Shapes| check_memory(device.info.kind, shapes, &settings, self.background);
        let memory_bytes = check_scales(&job.inputs, &settings, check)?;
        self.report_memory(memory_bytes);
        if !matches!(device.info.kind, DeviceKind::Cpu | DeviceKind::Software) && memory_bytes > LARGE_ON_GPU
        {
            remarks.push(format!(
                "this size needs about {} of graphics memory; if the driver fails, choose a smaller one",
                bytes_text(memory_bytes)
            ));
        }
        remarks.extend(tile_remark(job, &settings));
        report("analysing the pictures");
        let begin = match (job.start, current) {
            (_, None) => Begin::Initial,
            (Start::Repaint, Some(picture)) => Begin::Repaint(picture),
            (Start::Moment, Some(picture)) => Begin::From(picture, picture.width().max(picture.height())),
            (_, Some(picture)) => {
                let side = picture.width().max(picture.height());
                Begin::From(picture, self.painted.unwrap_or(side))
            }
        };
        let run = loop {
            let begun = self.on_device(|engine| {
                let network = engine.network.take();
                let (weights, inputs) = (Arc::clone(&weights), job.inputs.clone());
                Painting::new(&device.tensor, weights, network, inputs, &settings, begin)
            });
            match begun {
                Err(TransferError::OutOfMemory) => {
                    let less = with_less(&mut settings, least_size(&job.inputs, &job.settings))
                        .ok_or(TransferError::OutOfMemory)?;
                    device.free_memory();
                    self.options = network_options(&settings);
                    self.tell_less(less);
                }
                begun => break begun?,
            }
        };
        let (width, height) = run.dimensions();
        self.run = Some(run);
        Ok(RunInfo {
            device: device.info,
            weights: weights.info.clone(),
            width,
            height,
            size: settings.size,
            step_seconds,
            memory_bytes,
            remarks,
        })
    }

    fn update(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
        if let Some(run) = &self.run {
            let mut now = run.inputs().clone();
            now.set_mix(&inputs.mix());
            self.check_change(settings, &now)?;
        }
        self.work(|run| run.update(settings, inputs))
    }

    fn replace_pictures(&mut self, settings: &Settings, inputs: &Inputs) -> Result<(), EngineError> {
        self.check_change(settings, inputs)?;
        self.work(|run| run.replace_pictures(settings, inputs))
    }

    fn step(&mut self) -> Result<(), EngineError> {
        self.work(Painting::step)
    }

    fn level(&mut self, job: LevelCommand) -> Result<(), EngineError> {
        // With less memory it is at another level already.
        let mut job = Some(job);
        self.work(|run| job.take().map_or(Ok(()), |job| run.apply_level_command(job)))
    }

    fn study(&mut self, layer: Layer) -> Result<Option<LayerStudy>, EngineError> {
        self.work(|run| run.study(layer)).map(Some)
    }

    fn similarity(&mut self, layer: Layer, point: [f32; 2]) -> Result<Option<SimilarityMap>, EngineError> {
        // A failure here does not concern the run, so keep the device.
        let found = self.with_memory_errors(self.refusals(), |engine| {
            let (Some((_, device)), Some((_, weights))) = (&engine.device, &engine.weights) else {
                return Ok(None);
            };
            let Some(run) = &mut engine.run else { return Ok(None) };
            let size = run.settings().size.min(COMPARED_SIZE);
            let content = run.inputs().content_image(&Settings { size, ..run.settings().clone() });
            let Some(network) = run.network_mut() else { return Ok(None) };
            similarity(network, weights, &device.tensor, &content, (layer, point)).map(Some)
        });
        Ok(found?)
    }

    fn extract(&mut self, job: &VisualizationJob) -> Result<Option<VisualizationState>, EngineError> {
        // A failure here does not concern the run, so keep the device.
        let result = self.with_memory_errors(self.refusals(), |engine| engine.extract_slice(job));
        if let Err(TransferError::OutOfMemory) = result {
            self.extraction = None;
            self.put_extract_aside();
            self.device.iter().for_each(|(_, device)| device.free_memory());
        }
        Ok(result?)
    }

    fn put_extract_aside(&mut self) {
        let network = match &mut self.run {
            Some(run) => run.network_mut(),
            None => self.network.as_mut(),
        };
        if let Some(network) = network {
            network.release_unused_memory();
        }
    }

    fn begin_downscale(&mut self, share: f64) -> Result<bool, EngineError> {
        self.work(|run| run.begin_downscale(share))
    }

    fn end_downscale(&mut self) -> Result<(), EngineError> {
        self.work(Painting::end_downscale)
    }

    fn measure(&mut self) -> Result<(), EngineError> {
        self.work(Painting::measure)
    }

    fn checkpoint(&mut self) -> Result<Option<Vec<u8>>, EngineError> {
        // The state has no place for the targets that a fade began with.
        self.work(|run| match run.state_bytes() <= MAX_STATE && !run.is_fading() {
            true => run.checkpoint().map(Some),
            false => Ok(None),
        })
    }

    fn restore(&mut self, step: u32, state: Option<&[u8]>) -> Result<(), EngineError> {
        self.work(|run| run.restore(step, state))
    }

    fn settle(&mut self) -> Result<(), EngineError> {
        self.synchronize()
    }

    fn read(&mut self) -> Result<Reading, EngineError> {
        self.work(Painting::read)
    }

    fn losses(&mut self) -> Result<Option<Losses>, EngineError> {
        self.work(Painting::losses)
    }

    fn converged(&self) -> bool {
        self.run.as_ref().is_some_and(Painting::converged)
    }

    fn take_notices(&mut self) -> Vec<String> {
        self.run.as_mut().map_or_else(Vec::new, Painting::take_notices)
    }

    fn take_limits(&mut self) -> Vec<String> {
        std::mem::take(&mut self.limits)
    }

    fn end(&mut self) {
        self.report_memory(0);
        self.extraction = None;
        if let Some(run) = self.run.take() {
            self.painted = Some(run.painted_size());
            self.network = run.into_network();
        }
    }
}

impl Drop for PaintEngine {
    fn drop(&mut self) {
        if self.at_work {
            self.mark_failed();
        }
        self.report_memory(0);
    }
}
