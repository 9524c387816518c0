//! Visualizations of layers, made in slices between the steps of a run.

use std::time::{Duration, Instant};

use super::PaintEngine;
use impasto_core::transfer::{
    NetworkConfig, TransferError, VisualizationJob, VisualizationRun, VisualizationState,
};

/// Duration of a slice of an extract.
const SLICE: Duration = Duration::from_millis(50);

impl PaintEngine {
    /// See [`Engine::extract`](crate::session::Engine::extract).
    pub(super) fn extract_slice(
        &mut self,
        job: &VisualizationJob,
    ) -> Result<Option<VisualizationState>, TransferError> {
        let (Some((_, device)), Some((_, weights))) = (&self.device, &self.weights) else { return Ok(None) };
        let network = match &mut self.run {
            Some(run) => run.network_mut(),
            None => self.network.as_mut(),
        };
        let Some(network) = network else { return Ok(None) };
        let network_config = NetworkConfig {
            weights: weights.info.sha256.clone(),
            padding: self.options.padding,
            pooling: network.pooling(),
            precision: self.options.precision,
        };
        if network_config != job.network {
            return Ok(None);
        }
        let extraction = match &mut self.extraction {
            Some((key, extraction)) if *key == job.key => extraction,
            other => {
                *other = None;
                let extraction = VisualizationRun::new(network, weights, &device.tensor, job)?;
                &mut other.insert((job.key.clone(), extraction)).1
            }
        };
        let begun = Instant::now();
        let mut made = extraction.step(network);
        while made.is_ok() && !extraction.is_done() && begun.elapsed() < SLICE {
            made = extraction.step(network);
        }
        let state = made.and_then(|()| extraction.read());
        if state.as_ref().map_or(true, VisualizationState::is_done) {
            self.extraction = None;
            network.release_unused_memory();
        }
        Ok(Some(state?))
    }
}
