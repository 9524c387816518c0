//! The real engine behind the window and the command line: keeps the device, the weights and the network between runs.

use std::{path::PathBuf, sync::Arc, time::Instant};

use image::RgbImage;

use super::{
    Losses, StyleTransfer, TransferError,
    cost::{available_memory, bytes_text, flops_per_step, memory_bytes},
    prepare::pictures,
};
use crate::{
    compute::{self, Device, DeviceKind, Network},
    session::{Engine, EngineError, Job, Reading, RunInfo},
    settings::{DeviceChoice, Settings},
    vgg::Weights,
};

/// Opens devices, loads weights, and paints one run at a time.
#[derive(Default)]
pub struct PaintEngine {
    device: Option<(DeviceChoice, Device)>,
    weights: Option<(Option<PathBuf>, Arc<Weights>)>,
    /// On the device and of the weights above, when no run holds it.
    network: Option<Network>,
    run: Option<StyleTransfer>,
}

/// Longest sides that a first run may get.
const FIRST_SIZES: [u32; 9] = [128, 160, 192, 224, 256, 320, 384, 448, 512];
/// Seconds that a step of a first run may take.
const FIRST_STEP: f64 = 0.25;
/// Longest side of the measurement behind that choice.
const MEASURED_SIZE: u32 = 64;

impl PaintEngine {
    /// An engine that has opened nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn run(&mut self) -> Result<&mut StyleTransfer, EngineError> {
        self.run.as_mut().ok_or_else(|| "no run has been started".into())
    }

    /// Reads the last step's losses alone.
    ///
    /// # Errors
    ///
    /// When the device fails or a loss is not finite.
    pub fn losses(&mut self) -> Result<Option<Losses>, EngineError> {
        Ok(self.run()?.losses()?)
    }

    /// Waits until the device has done everything it was given.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn synchronize(&mut self) -> Result<(), EngineError> {
        Ok(self.run()?.synchronize()?)
    }

    fn device(&mut self, choice: &DeviceChoice, say: &mut dyn FnMut(&str)) -> Result<Device, TransferError> {
        if let Some((opened, device)) = &self.device
            && opened == choice
        {
            return Ok(device.clone());
        }
        say("opening the device");
        let device = compute::open(choice)?;
        self.network = None;
        self.device = Some((choice.clone(), device.clone()));
        Ok(device)
    }

    fn weights(
        &mut self,
        file: Option<&PathBuf>,
        say: &mut dyn FnMut(&str),
    ) -> Result<Arc<Weights>, TransferError> {
        if let Some((loaded, weights)) = &self.weights
            && loaded.as_ref() == file
        {
            return Ok(Arc::clone(weights));
        }
        say("loading the network");
        let weights = Arc::new(match file {
            None => Weights::bundled()?,
            Some(file) => Weights::load(file)?,
        });
        self.network = None;
        self.weights = Some((file.cloned(), Arc::clone(&weights)));
        Ok(weights)
    }

    /// The largest first size whose step should be quick enough, judged by a step on a small picture.
    fn choose_size(
        &mut self,
        job: &Job,
        device: &Device,
        weights: &Arc<Weights>,
    ) -> Result<u32, TransferError> {
        let settings = Settings { size: MEASURED_SIZE, ..job.settings.clone() };
        let mut transfer = self.transfer(job, None, &settings, device, weights)?;
        transfer.step();
        transfer.synchronize()?;
        let start = Instant::now();
        transfer.step();
        transfer.synchronize()?;
        let seconds = start.elapsed().as_secs_f64();
        let (width, height) = transfer.dimensions();
        self.network = Some(transfer.into_network());
        let speed = flops_per_step(width, height, &settings) / seconds;
        let (width, height) = job.content.dimensions();
        let fits = |&size: &u32| {
            let (width, height) = crate::picture::fit(width, height, size);
            flops_per_step(width, height, &settings) / speed <= FIRST_STEP
        };
        Ok(FIRST_SIZES.into_iter().rev().find(fits).unwrap_or(FIRST_SIZES[0]))
    }

    fn transfer(
        &mut self,
        job: &Job,
        current: Option<&RgbImage>,
        settings: &Settings,
        device: &Device,
        weights: &Arc<Weights>,
    ) -> Result<StyleTransfer, TransferError> {
        let styles: Vec<_> = job.styles.iter().map(|style| &*style.picture).collect();
        let shares: Vec<f64> = job.styles.iter().map(|style| style.weight).collect();
        let pictures = pictures(&job.content, &styles, settings, current)?;
        let network = self.network.take();
        StyleTransfer::new(&device.tensor, Arc::clone(weights), network, &pictures, &shares, settings)
    }
}

impl Engine for PaintEngine {
    fn start(
        &mut self,
        job: &Job,
        current: Option<&RgbImage>,
        say: &mut dyn FnMut(&str),
    ) -> Result<RunInfo, EngineError> {
        self.end();
        let mut settings = job.settings.clone();
        settings.validate().map_err(TransferError::from)?;
        let device = self.device(&settings.device, say)?;
        let weights = self.weights(settings.weights.as_ref(), say)?;
        if job.choose_size {
            say("measuring the device");
            settings.size = self.choose_size(job, &device, &weights)?;
        }
        let (width, height) = job.content.dimensions();
        let (width, height) = crate::picture::fit(width, height, settings.longest_side());
        let memory_bytes = memory_bytes(width, height, &settings);
        if matches!(device.info.kind, DeviceKind::Cpu | DeviceKind::Software)
            && let Some(available) = available_memory()
            && memory_bytes > available
        {
            return Err(TransferError::Memory {
                needed: bytes_text(memory_bytes),
                available: bytes_text(available),
            }
            .into());
        }
        say("looking at the pictures");
        let run = self.transfer(job, current, &settings, &device, &weights)?;
        let (width, height) = run.dimensions();
        self.run = Some(run);
        Ok(RunInfo {
            device: device.info,
            weights: weights.info.clone(),
            width,
            height,
            size: settings.size,
            memory_bytes,
            remarks: settings.remarks(),
        })
    }

    fn update(&mut self, settings: &Settings, style_weights: &[f64]) -> Result<(), EngineError> {
        settings.validate()?;
        Ok(self.run()?.update(settings, style_weights)?)
    }

    fn step(&mut self) -> Result<(), EngineError> {
        self.run()?.step();
        Ok(())
    }

    fn read(&mut self) -> Result<Reading, EngineError> {
        Ok(self.run()?.read()?)
    }

    fn end(&mut self) {
        if let Some(run) = self.run.take() {
            self.network = Some(run.into_network());
        }
    }
}
