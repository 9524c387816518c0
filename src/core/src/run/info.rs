//! Facts about a prepared run.

use impasto_network::{compute::DeviceInfo, vgg::WeightsInfo};

/// Facts about a prepared run.
#[derive(Clone, Debug)]
pub struct RunInfo {
    pub device: DeviceInfo,
    pub weights: WeightsInfo,
    /// Shape of the painting in pixels.
    pub width: u32,
    pub height: u32,
    /// Longest side of the painting: the requested one, or the chosen one if [`super::Job::choose_size`] was
    /// set; smaller if the device had no memory for that.
    pub size: u32,
    /// Estimated time of a step at that size in seconds, if it was chosen.
    pub step_seconds: Option<f64>,
    /// Estimated memory of the run in bytes.
    pub memory_bytes: u64,
    /// Remarks for the user: a reduced size, a skipped device …
    pub remarks: Vec<String>,
}
