//! Matrix units ("tensor cores", "cooperative matrices"): an adapter's products of tiles of 16-bit floats, as
//! far as WGSL supports them.

mod check;
mod kernel;
mod text;

#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use burn::tensor::Device as TensorDevice;
use serde::{Deserialize, Serialize};
use wgpu::{CooperativeMatrixProperties, CooperativeScalarType as Scalar, Features};

use super::convolution::Tile;

pub use check::kernels_agree;
pub use kernel::{Operands, launch};

/// Matrix units of a device: products of tiles of `size`×`size` 16-bit floats, accumulated in 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Units {
    /// 16 or 8.
    pub size: usize,
    /// Threads per workgroup: four subgroups of the smallest size, or fewer if the driver uses larger ones.
    pub threads: usize,
    /// Bytes of shared memory per workgroup.
    pub memory: usize,
    /// Whether tiles can be loaded from shared memory declared as vectors of four.
    pub vectors: bool,
}

/// Nominal subgroups per workgroup.
pub const PARTS: usize = 4;

/// Devices whose units passed the self-check.
static IN_USE: Mutex<Vec<(TensorDevice, Units)>> = Mutex::new(Vec::new());

/// Use these units for fast precision on this device.
pub fn use_units(device: &TensorDevice, units: Units) {
    let mut list = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    if !list.iter().any(|(known, _)| known == device) {
        list.push((device.clone(), units));
    }
}

/// The units for fast precision on this device.
pub fn units_of(device: &TensorDevice) -> Option<Units> {
    let list = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    list.iter().find(|(known, _)| known == device).map(|(_, units)| *units)
}

impl Units {
    /// This adapter's units that the kernels here can use.
    pub fn offered(adapter: &wgpu::Adapter) -> Option<Self> {
        let needed = Features::EXPERIMENTAL_COOPERATIVE_MATRIX | Features::SHADER_F16 | Features::SUBGROUP;
        if !adapter.features().contains(needed) {
            return None;
        }
        let (info, limits) = (adapter.get_info(), adapter.limits());
        let subgroups = (info.subgroup_min_size, info.subgroup_max_size);
        let units = Self {
            size: best_size(&adapter.cooperative_matrix_properties())?,
            threads: threads(info.backend, subgroups)?,
            memory: limits.max_compute_workgroup_storage_size as usize,
            // Metal's load function takes a pointer to scalars.
            vectors: info.backend == wgpu::Backend::Vulkan,
        };
        let most = limits.max_compute_invocations_per_workgroup.min(limits.max_compute_workgroup_size_x);
        units.is_usable(most as usize).then_some(units)
    }

    /// The tiles of pixels per workgroup. Small units would need too many for the largest.
    pub fn tiles(self) -> &'static [Tile] {
        if self.size < 16 { &Tile::MATRIX[1..] } else { &Tile::MATRIX }
    }

    fn is_usable(self, most_threads: usize) -> bool {
        self.threads > 0 && self.threads <= most_threads && text::Plan::all_fit(self)
    }
}

/// Threads per workgroup, for an adapter's smallest and largest subgroup sizes.
fn threads(backend: wgpu::Backend, (least, largest): (u32, u32)) -> Option<usize> {
    let smallest = match backend {
        // wgpu doesn't report it; all known Apple GPUs have 32.
        wgpu::Backend::Metal => return Some(PARTS * 32),
        wgpu::Backend::Vulkan => least as usize,
        _ => return None,
    };
    // A subgroup must not be larger than the workgroup. This also rejects wgpu's defaults for drivers that
    // report none.
    (largest as usize <= PARTS * smallest).then_some(PARTS * smallest)
}

/// The largest square tile of 16-bit numbers with sums in 32 bits.
fn best_size(offered: &[CooperativeMatrixProperties]) -> Option<usize> {
    let square = |properties: &&CooperativeMatrixProperties| {
        let CooperativeMatrixProperties { m_size, n_size, k_size, ab_type, cr_type, saturating_accumulation } =
            **properties;
        (m_size, k_size) == (n_size, n_size)
            && matches!(m_size, 8 | 16)
            && (ab_type, cr_type) == (Scalar::F16, Scalar::F32)
            && !saturating_accumulation
    };
    offered.iter().filter(square).map(|properties| properties.m_size as usize).max()
}
