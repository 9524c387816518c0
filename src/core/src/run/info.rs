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
    /// Requested longest side, or the chosen one if [`super::Job::choose_size`] was set.
    pub size: u32,
    /// Estimated memory of the run in bytes.
    pub memory_bytes: u64,
    /// Remarks for the user: a reduced size, a skipped device …
    pub remarks: Vec<String>,
}
