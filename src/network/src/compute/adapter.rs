//! A graphics adapter, and how to open it with burn.

use std::sync::{Mutex, PoisonError};

use burn::tensor::{Device as TensorDevice, DeviceKind as AdapterKind, wgpu::WgpuBackend};
use serde::{Deserialize, Serialize};

use super::{
    allocations, gpu,
    info::{DeviceInfo, DeviceKind},
};

/// A graphics adapter found by the probe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Adapter {
    pub info: DeviceInfo,
    pub api: Api,
    /// Position among the adapters of the same kind and interface, which is how burn selects one.
    pub index: usize,
    /// The matrix units that it reports, usable or not.
    pub units: Option<gpu::Units>,
}

/// Graphics interfaces in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Api {
    Vulkan,
    Metal,
    Dx12,
}

impl Api {
    pub(super) const ALL: [Api; 3] = [Api::Metal, Api::Vulkan, Api::Dx12];

    pub(super) fn wgpu(self) -> wgpu::Backends {
        match self {
            Api::Vulkan => wgpu::Backends::VULKAN,
            Api::Metal => wgpu::Backends::METAL,
            Api::Dx12 => wgpu::Backends::DX12,
        }
    }

    /// Whether this program was built with its support.
    pub(super) fn is_enabled(self) -> bool {
        wgpu::Instance::enabled_backend_features().contains(self.wgpu())
    }

    fn burn(self) -> WgpuBackend {
        match self {
            Api::Vulkan => WgpuBackend::Vulkan,
            Api::Metal => WgpuBackend::Metal,
            Api::Dx12 => WgpuBackend::Dx12,
        }
    }
}

impl Adapter {
    pub(super) fn is_software(&self) -> bool {
        self.info.kind == DeviceKind::Software
    }

    /// Whether both are the same adapter through the same interface.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.api, self.info.kind, self.index) == (other.api, other.info.kind, other.index)
    }

    /// Open the adapter with burn; later calls return the same device.
    pub(super) fn open(&self) -> Result<TensorDevice, String> {
        static OPEN: Mutex<Vec<(Api, DeviceKind, usize, TensorDevice)>> = Mutex::new(Vec::new());
        let kind = match self.info.kind {
            DeviceKind::DiscreteGpu => AdapterKind::DiscreteGpu(self.index),
            DeviceKind::IntegratedGpu => AdapterKind::IntegratedGpu(self.index),
            DeviceKind::OtherGpu => AdapterKind::VirtualGpu(self.index),
            DeviceKind::Software => AdapterKind::Cpu,
            DeviceKind::Cpu => return Ok(TensorDevice::flex()),
        };
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let this = (self.api, self.info.kind, self.index);
        if let Some((.., device)) = open.iter().find(|(api, kind, index, _)| (*api, *kind, *index) == this) {
            return Ok(device.clone());
        }
        let (device, setup) = TensorDevice::wgpu_options()
            .device_kind(kind)
            .graphics_api(self.api.burn())
            .init_with_setup()
            .map_err(|error| error.to_string())?;
        allocations::watch(&device, &setup.device);
        let DeviceInfo { name, backend, driver, .. } = &self.info;
        let version = env!("CARGO_PKG_VERSION");
        gpu::name_device(&device, format!("{name} | {backend} | {driver} | Impasto {version}"));
        open.push((this.0, this.1, this.2, device.clone()));
        Ok(device)
    }
}
