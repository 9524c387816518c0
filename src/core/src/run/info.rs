//! What is known of a run once it is prepared.

use impasto_network::{compute::DeviceInfo, vgg::WeightsInfo};

/// Facts about a prepared run.
#[derive(Clone, Debug)]
pub struct RunInfo {
    pub device: DeviceInfo,
    pub weights: WeightsInfo,
    /// Shape of the painted picture in pixels.
    pub width: u32,
    pub height: u32,
    /// The longest side asked for, or chosen when [`super::Job::choose_size`] was set.
    pub size: u32,
    /// Estimated memory of the run in bytes.
    pub memory_bytes: u64,
    /// What a person should know: a size that was cut, a device that was skipped …
    pub remarks: Vec<String>,
}
