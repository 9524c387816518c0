//! A layer's features on a graphics adapter, with the operations of the objective.

use std::sync::Arc;

use burn::tensor::{DType, Shape as TensorShape, Tensor};
use burn_wgpu::{CubeTensor, Wgpu};
use cubecl::{client::Client, features::TypeUsage, prelude::*, server::Handle};
use half::f16;

use super::matrix::{self, SUM_THREADS, THREADS, TILE};
use crate::compute::{
    Features, PositionWeights,
    kernel_choice::{Kernel, replaced_kernels},
    shape::Shape,
};

/// Values `[H, W, C]` in a device buffer, with the queue to compute with them.
#[derive(Clone)]
pub struct GpuFeatures {
    pub handle: Handle,
    pub shape: Shape,
    pub stored: Storage,
    pub queue: Queue,
}

/// Storage format of features and weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    Full,
    /// 16-bit floats, with 11 bits of precision.
    Half,
}

impl Storage {
    pub fn bytes(self) -> usize {
        match self {
            Storage::Full => 4,
            Storage::Half => 2,
        }
    }
}

/// Launch a kernel for a storage format; `F` is its type.
macro_rules! for_stored {
    ($stored:expr, $F:ident => $launch:expr) => {
        match $stored {
            $crate::compute::gpu::features::Storage::Full => {
                type $F = f32;
                $launch
            }
            $crate::compute::gpu::features::Storage::Half => {
                type $F = half::f16;
                $launch
            }
        }
    };
}
pub(super) use for_stored;

impl std::fmt::Debug for GpuFeatures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GpuFeatures").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// burn's command queue of a device.
#[derive(Clone)]
pub struct Queue {
    client: Client,
    device: cubecl::Device,
    /// Kernels that are replaced by burn's operations.
    replaced: Arc<[Kernel]>,
}

/// Workgroups of a Gram product that fill a large device.
const GRAM_GROUPS: usize = 512;
/// Minimum positions per workgroup of a Gram product.
const GRAM_CHUNK: usize = 256;
/// Maximum workgroups of a sum of squares.
const SUM_GROUPS: usize = 256;
/// Threads per workgroup for kernels with one result per thread.
const PLAIN_THREADS: usize = 64;
/// Maximum workgroups along one axis on every adapter.
const MAX_GROUPS: usize = 65_535;

/// A whole buffer of floats as a kernel argument.
pub fn argument(handle: &Handle) -> BufferArg {
    stored_argument(handle, Storage::Full)
}

/// A whole buffer in this storage format as a kernel argument.
pub fn stored_argument(handle: &Handle, stored: Storage) -> BufferArg {
    let length = handle.size_in_used() as usize / stored.bytes();
    // SAFETY: the length is the buffer's own; kernels that read vectors are given whole vectors.
    unsafe { BufferArg::from_raw_parts(handle.clone(), length) }
}

impl Queue {
    /// The queue of this tensor's device.
    ///
    /// # Panics
    ///
    /// If the tensor is not on a graphics adapter.
    pub fn of(tensor: &Tensor<1>) -> Self {
        let replaced = replaced_kernels(&tensor.device());
        let CubeTensor { client, device, .. } = primitive(tensor.clone());
        Self { client, device, replaced }
    }

    /// Whether this kernel is used, and not replaced.
    pub fn has(&self, kernel: Kernel) -> bool {
        !self.replaced.contains(&kernel)
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// An uninitialized buffer of this many floats.
    pub fn empty(&self, length: usize) -> Handle {
        self.empty_stored(length, Storage::Full)
    }

    pub fn upload(&self, values: &[f32]) -> Handle {
        self.store(values, Storage::Full)
    }

    /// An uninitialized buffer of this many values in this storage format.
    pub fn empty_stored(&self, length: usize, stored: Storage) -> Handle {
        self.client.empty(stored.bytes() * length)
    }

    /// Upload values in this storage format.
    pub fn store(&self, values: &[f32], stored: Storage) -> Handle {
        match stored {
            Storage::Full => self.client.create_from_slice(f32::as_bytes(values)),
            Storage::Half => {
                let halves: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
                self.client.create_from_slice(f16::as_bytes(&halves))
            }
        }
    }

    /// Whether kernels can read and write 16-bit floats.
    pub fn has_half(&self) -> bool {
        let uses = f16::supported_uses(&self.client);
        uses.contains(TypeUsage::Buffer) && uses.contains(TypeUsage::Conversion)
    }

    /// Sum a buffer of some hundred floats, `[1]`, in a fixed order.
    pub fn total(&self, values: &Handle, length: usize) -> Tensor<1> {
        let sum = self.empty(1);
        // SAFETY: the kernel stays inside these buffers.
        unsafe {
            matrix::total::launch_unchecked(
                &self.client,
                CubeCount::Static(1, 1, 1),
                CubeDim::new_1d(SUM_THREADS as u32),
                argument(values),
                argument(&sum),
                length as u32,
            );
        }
        self.tensor(sum, [1])
    }

    /// Workgroups for this number of threads with one result each.
    pub fn plain(threads: usize) -> (CubeCount, CubeDim) {
        (in_rows(threads.div_ceil(PLAIN_THREADS), 1), CubeDim::new_1d(PLAIN_THREADS as u32))
    }

    /// A buffer as a tensor.
    pub fn tensor<const D: usize>(&self, handle: Handle, shape: [usize; D]) -> Tensor<D> {
        let shape = TensorShape::from(shape);
        let tensor =
            CubeTensor::new_contiguous(self.client.clone(), self.device.clone(), shape, handle, DType::F32);
        Tensor::from_primitive::<Wgpu>(tensor)
    }

    /// Values `[H, W, C]` in 32 bits as a picture `[1, C, H, W]`.
    pub fn picture(&self, values: Handle, Shape { height, width, channels }: Shape) -> Tensor<4> {
        self.tensor(values, [1, height, width, channels]).permute([0, 3, 1, 2])
    }
}

/// The values `[H, W, C]` of a picture `[1, C, H, W]`.
pub fn values_of(picture: Tensor<4>) -> Handle {
    buffer(&picture.permute([0, 2, 3, 1]))
}

/// `layers` of at least this number of workgroups, in rows within `MAX_GROUPS`.
pub fn in_rows(groups: usize, layers: usize) -> CubeCount {
    let rows = groups.div_ceil(MAX_GROUPS);
    CubeCount::Static(groups.div_ceil(rows) as u32, rows as u32, layers as u32)
}

fn primitive(tensor: Tensor<1>) -> CubeTensor {
    tensor.try_into_primitive::<Wgpu>().expect("a tensor on a graphics adapter")
}

/// A tensor's values in order, as a buffer.
pub fn buffer<const D: usize>(tensor: &Tensor<D>) -> Handle {
    // Reshaping to one dimension puts the values in order.
    primitive(tensor.clone().reshape([-1])).handle
}

/// As [`buffer`], with no other owner.
pub fn owned<const D: usize>(tensor: Tensor<D>) -> Handle {
    let tensor = primitive(tensor.reshape([-1]));
    match tensor.handle.can_mut() {
        true => tensor.handle,
        false => primitive(Tensor::<1>::from_primitive::<Wgpu>(tensor) * 1.0).handle,
    }
}

impl GpuFeatures {
    pub fn argument(&self) -> BufferArg {
        stored_argument(&self.handle, self.stored)
    }

    pub fn quads(&self) -> u32 {
        self.shape.channels as u32 / 4
    }

    /// Positions P, or their weights' sum.
    pub(super) fn total_weight(&self, weights: Option<&PositionWeights>) -> f64 {
        weights.map_or(self.shape.positions() as f64, PositionWeights::sum)
    }

    /// FᵀF/P `[C, C]`, or Σ m·F·Fᵀ/Σm by weights.
    pub fn gram(&self, weights: Option<&PositionWeights>) -> Tensor<2> {
        if !self.queue.has(Kernel::Gram) {
            let features = Features::Tensor(self.to_tensor());
            return weights.map_or_else(|| features.gram(), |weights| features.weighted_gram(weights));
        }
        let by = weights.map(|weights| buffer(weights.tensor()));
        let (positions, channels) = (self.shape.positions(), self.shape.channels);
        let tiles = channels / TILE;
        let pairs = tiles * (tiles + 1) / 2;
        let splits = GRAM_GROUPS.div_ceil(pairs).min(positions.div_ceil(GRAM_CHUNK)).max(1);
        let chunk = positions.div_ceil(splits);
        let splits = positions.div_ceil(chunk);
        let client = &self.queue.client;
        let parts = self.queue.empty(splits * channels * channels);
        let gram = self.queue.empty(channels * channels);
        let length = channels * channels / 4;
        let (count, dim) = Queue::plain(length);
        // SAFETY: the kernels stay inside these buffers for these shapes.
        unsafe {
            for_stored!(self.stored, F => matrix::gram_parts::launch_unchecked::<F>(
                client,
                CubeCount::Static((tiles * tiles) as u32, splits as u32, 1),
                CubeDim::new_1d(THREADS as u32),
                self.argument(),
                argument(by.as_ref().unwrap_or(&self.handle)),
                argument(&parts),
                positions as u32,
                self.quads(),
                chunk as u32,
                by.is_some(),
            ));
            matrix::gram_sum::launch_unchecked(
                client,
                count,
                dim,
                argument(&parts),
                argument(&gram),
                length as u32,
                splits as u32,
                match weights {
                    None => 1.0 / positions as f32,
                    Some(weights) => (1.0 / weights.sum()) as f32,
                },
            );
        }
        self.queue.tensor(gram, [channels, channels])
    }

    /// Sums over chunks of positions `[chunks, C]`, by weights if there are some, and the number of chunks.
    pub(super) fn sums(&self, weights: Option<&PositionWeights>) -> (Handle, usize) {
        let (positions, channels) = (self.shape.positions(), self.shape.channels);
        if !self.queue.has(Kernel::Mean) {
            let features = Features::Tensor(self.to_tensor());
            let mean = weights.map_or_else(|| features.mean(), |weights| features.weighted_mean(weights));
            return (buffer(&(mean * self.total_weight(weights) as f32)), 1);
        }
        let by = weights.map(|weights| buffer(weights.tensor()));
        let chunk = positions.div_ceil(SUM_GROUPS).max(16);
        let chunks = positions.div_ceil(chunk);
        let parts = self.queue.empty(chunks * channels);
        let (count, dim) = Queue::plain(chunks * channels / 4);
        // SAFETY: the kernel stays inside these buffers.
        unsafe {
            for_stored!(self.stored, F => matrix::mean_parts::launch_unchecked::<F>(
                &self.queue.client,
                count,
                dim,
                self.argument(),
                argument(by.as_ref().unwrap_or(&self.handle)),
                argument(&parts),
                positions as u32,
                self.quads(),
                chunk as u32,
                by.is_some(),
            ));
        }
        (parts, chunks)
    }

    /// Mean over all positions `[C]`, or Σ m·F/Σm by weights.
    pub fn mean(&self, weights: Option<&PositionWeights>) -> Tensor<1> {
        let channels = self.shape.channels;
        let (parts, chunks) = self.sums(weights);
        let parts = self.queue.tensor(parts, [chunks, channels]);
        parts.sum_dim(0).reshape([channels]) / self.total_weight(weights) as f32
    }

    /// Σ(F − T)², or ΣF² without a target, shape `[1]`; each position counts by its weight if there are some.
    pub fn squares(&self, target: Option<&Self>, weights: Option<&PositionWeights>) -> Tensor<1> {
        if !self.queue.has(Kernel::Distance) {
            let difference = match target {
                Some(target) => self.to_tensor() - target.to_tensor(),
                None => self.to_tensor(),
            };
            let squares = difference.square();
            return match weights {
                Some(weights) => (squares * weights.tensor().clone()).sum(),
                None => squares.sum(),
            };
        }
        let by = weights.map(|weights| buffer(weights.tensor()));
        let length = self.shape.len() / 4;
        let groups = length.div_ceil(SUM_THREADS * 8).clamp(1, SUM_GROUPS);
        let parts = self.queue.empty(groups);
        // SAFETY: the kernel stays inside these buffers; both pictures have the same shape.
        unsafe {
            for_stored!(self.stored, F => matrix::squares::launch_unchecked::<F>(
                &self.queue.client,
                CubeCount::Static(groups as u32, 1, 1),
                CubeDim::new_1d(SUM_THREADS as u32),
                self.argument(),
                target.unwrap_or(self).argument(),
                argument(by.as_ref().unwrap_or(&self.handle)),
                argument(&parts),
                length as u32,
                self.quads(),
                target.is_some(),
                by.is_some(),
            ));
        }
        self.queue.total(&parts, groups)
    }

    /// As a tensor `[1, C, H, W]`.
    pub fn to_tensor(&self) -> Tensor<4> {
        let handle = match self.stored {
            Storage::Full => self.handle.clone(),
            Storage::Half => self.widened(),
        };
        self.queue.picture(handle, self.shape)
    }

    fn widened(&self) -> Handle {
        let values = self.queue.empty(self.shape.len());
        let length = self.shape.len() / 4;
        let (count, dim) = Queue::plain(length);
        // SAFETY: the kernel stays inside buffers of this length.
        unsafe {
            matrix::widen::launch_unchecked::<f16>(
                &self.queue.client,
                count,
                dim,
                self.argument(),
                argument(&values),
                length as u32,
            );
        }
        values
    }

    /// Upload values `[P, C]` in the same storage format.
    #[must_use]
    pub fn with_values(&self, values: &[f32]) -> Self {
        assert_eq!(values.len(), self.shape.len(), "one shape");
        Self { handle: self.queue.store(values, self.stored), ..self.clone() }
    }
}
