//! Facts about a compute device, for lists and reports.

use serde::{Deserialize, Serialize};

/// Kind of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    Cpu,
    DiscreteGpu,
    IntegratedGpu,
    /// A GPU in a virtual machine, or of unknown kind.
    OtherGpu,
    /// A graphics driver that runs on the CPU.
    Software,
}

impl DeviceKind {
    /// Name for display.
    pub fn label(self) -> &'static str {
        match self {
            DeviceKind::Cpu => "CPU",
            DeviceKind::DiscreteGpu => "GPU",
            DeviceKind::IntegratedGpu => "integrated GPU",
            DeviceKind::OtherGpu => "virtual GPU",
            DeviceKind::Software => "software driver",
        }
    }
}

/// A device that can compute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    pub name: String,
    pub kind: DeviceKind,
    /// Graphics interface ("Vulkan", "Metal", "Dx12"), or "flex" for the CPU.
    pub backend: String,
    /// Driver and version, as far as known.
    pub driver: String,
    /// Why this device is used, or why not; empty if not determined.
    pub reason: String,
}
