//! The size of a first run, from how quick the device is.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::PaintEngine;
use crate::session::{
    Job,
    size::{aim_size, check_memory, climb_seconds, least_size},
};
use impasto_core::{
    settings::Settings,
    transfer::{StyleTransfer, TransferError, flops_per_step},
};
use impasto_network::{compute::Device, vgg::Weights};

/// Longest side at which speed is measured for the size of a first run.
const MEASURED_SIZE: u32 = 64;
/// Maximum number of steps measured for it, and the time after which no more are.
const MEASURED_STEPS: u32 = 5;
const MEASURING: Duration = Duration::from_millis(60);

impl PaintEngine {
    /// The size that a first run aims at, and the estimated time of a step there in seconds, from steps on a
    /// small picture.
    pub(super) fn choose_size(
        &mut self,
        job: &Job,
        device: &Device,
        weights: &Arc<Weights>,
    ) -> Result<(u32, f64), TransferError> {
        let least = least_size(&job.inputs, &job.settings);
        let settings = Settings { size: MEASURED_SIZE.max(least), ..job.settings.clone() };
        let network = self.network.take();
        let pictures = job.inputs.pictures(&settings, None)?;
        let weights = Arc::clone(weights);
        let mut transfer =
            StyleTransfer::new(&device.tensor, weights, network, &pictures, &job.inputs.shares(), &settings)?;
        transfer.step()?;
        transfer.synchronize()?;
        let (begun, mut step) = (Instant::now(), Duration::MAX);
        // Whatever else the machine does disturbs some steps more than others.
        for _ in 0..MEASURED_STEPS {
            let start = Instant::now();
            transfer.step()?;
            transfer.synchronize()?;
            step = step.min(start.elapsed());
            if begun.elapsed() > MEASURING {
                break;
            }
        }
        let (step, shape) = (step.as_secs_f64(), transfer.dimensions());
        self.network = Some(transfer.into_network());
        let inputs = &job.inputs;
        let seconds = |settings: &Settings| climb_seconds(inputs, settings, step, shape);
        let fits = |settings: &Settings| {
            check_memory(device.info.kind, &inputs.shapes(settings), settings, self.background).is_ok()
        };
        let size = aim_size(inputs, &job.settings, seconds, fits);
        let settings = Settings { size, ..job.settings.clone() };
        let flops = |(width, height): (u32, u32)| flops_per_step(width, height, &settings);
        let chosen = flops(inputs.shapes(&settings).content) / flops(shape);
        Ok((size, if chosen.is_finite() { step * chosen } else { step }))
    }
}
