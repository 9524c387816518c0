//! The chain's kernels on a graphics adapter.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use burn::tensor::{Device as TensorDevice, Tensor};
use cubecl::{prelude::*, server::Handle};

use super::{
    convolution::{self, BAND, Tile},
    convolution_size::ConvolutionSize,
    fallback::FallbackConvolution,
    features::{GpuFeatures, Queue, Storage, argument, buffer, for_stored, stored_argument},
    pooling,
    tile_store::tile_text,
    tiles::Tiles,
    units::{self, Operands, Units},
};
use crate::compute::{Padding, Pooling};
use crate::{
    compute::{
        FeatureGradient, Features, chain::Kernels, kernel_choice::Kernel, portable::PortableKernels,
        shape::Shape,
    },
    vgg::{Layer, weights::Convolution as HostConvolution},
};

/// The kernels and the device's queue. Pictures are `[H, W, C]`.
pub struct GpuKernels {
    queue: Queue,
    padding: Padding,
    /// Storage format of features, and of the weights of all convolutions but the first.
    stored: Storage,
    /// Matrix units for 16-bit features, if any.
    units: Option<Units>,
    device: TensorDevice,
    tiles: Mutex<Tiles>,
}

/// A convolution by our own kernel or by burn's operations.
pub enum GpuConvolution {
    Own(Box<ConvolutionWeights>),
    FallbackConvolution(Box<FallbackConvolution>),
}

/// A convolution's weights on the device, in both directions.
pub struct ConvolutionWeights {
    /// `[9, in, out]`.
    forward: Handle,
    /// `[9, out, in]`, rotated; for the first convolution the same as `forward`.
    backward: Handle,
    bias: Handle,
    inputs: usize,
    outputs: usize,
}

/// Target duration of a tile's measurement in seconds, and operations of the first trial.
const MEASURED_SECONDS: f64 = 1.5e-3;
const FIRST_GUESS: f64 = 5e7;
/// Maximum floats of a picture for a measurement.
const MEASURED_FLOATS: usize = 1 << 24;

impl GpuKernels {
    /// Kernels for this device. 16-bit features use these matrix units, if any.
    ///
    /// # Panics
    ///
    /// If it is not a graphics adapter.
    pub fn new(device: &TensorDevice, padding: Padding, stored: Storage, units: Option<Units>) -> Self {
        let units = units.filter(|_| stored == Storage::Half);
        Self {
            queue: Queue::of(&Tensor::zeros([1], device)),
            padding,
            stored,
            units,
            device: device.clone(),
            tiles: Mutex::new(Tiles::of(device, stored, units.map_or(&[], Units::tiles))),
        }
    }

    /// burn's operations on the same device.
    pub(super) fn portable(&self) -> PortableKernels {
        PortableKernels { device: self.device.clone(), padding: self.padding }
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    fn features_of(&self, values: &Handle, shape: Shape) -> GpuFeatures {
        GpuFeatures { handle: values.clone(), shape, stored: self.stored, queue: self.queue.clone() }
    }

    fn tiles(&self) -> MutexGuard<'_, Tiles> {
        // A panic under the lock cannot leave the table inconsistent.
        self.tiles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds of some rows of a convolution with this tile, forward and backward, which share the choice.
    fn seconds(&self, (shape, outputs): ConvolutionSize, rows: usize, tile: Tile) -> f64 {
        let shape = Shape { height: rows, ..shape };
        // 16-bit values use the first half.
        let zeros = |length: usize| buffer(&Tensor::<1>::zeros([length], &self.device));
        let (input, weights) = (zeros(shape.len()), zeros(9 * shape.channels * outputs));
        let output = self.queue.empty(shape.positions() * outputs);
        let bias = zeros(outputs);
        let (input, weights, output) = (&input, &weights, &output);
        let forward = Operands { input, mask: None, weights, bias: Some(&bias), output };
        let backward = Operands { mask: Some(input), bias: None, ..forward };
        let run = || {
            self.launch(tile, forward, (shape, outputs));
            self.launch(tile, backward, (shape, outputs));
            // If the device fails here, it will fail again where the error is handled.
            drop(self.device.sync());
        };
        // The first run compiles the kernel.
        run();
        let once = |_| {
            let began = Instant::now();
            run();
            began.elapsed().as_secs_f64()
        };
        (0..2).map(once).fold(f64::INFINITY, f64::min)
    }

    /// Launch a convolution: with a bias forward, without one backward.
    pub(super) fn launch(&self, tile: Tile, operands: Operands<'_>, (shape, outputs): ConvolutionSize) {
        let wrap = self.padding == Padding::Circular;
        if let (Some(units), true) = (self.units, tile.matrix) {
            return units::launch(&self.queue, units, tile, operands, (shape, outputs), wrap);
        }
        let Operands { input, mask, weights, bias, output } = operands;
        let (x, y, z) = tile.groups(shape.height, shape.width, outputs);
        let (masked, forward) = (mask.is_some(), bias.is_some());
        // Backward, the values are gradients.
        let moving = if forward { self.stored } else { Storage::Full };
        // SAFETY: the kernel stays inside buffers of these shapes.
        unsafe {
            for_stored!(moving, I => for_stored!(self.stored, F => {
                convolution::convolve::launch_unchecked::<I, F, F>(
                    self.queue.client(),
                    CubeCount::Static(x as u32, y as u32, z as u32),
                    CubeDim::new_1d(tile.threads() as u32),
                    stored_argument(input, moving),
                    stored_argument(mask.unwrap_or(input), self.stored),
                    stored_argument(weights, self.stored),
                    argument(bias.unwrap_or(input)),
                    stored_argument(output, moving),
                    shape.height as u32,
                    shape.width as u32,
                    shape.channels as u32 / 4,
                    outputs as u32 / 4,
                    tile.rows,
                    tile.columns,
                    masked,
                    forward,
                    wrap,
                );
            }));
        }
    }

    fn convolve(
        &self,
        input: &Handle,
        mask: Option<&Handle>,
        weights: &Handle,
        bias: Option<&Handle>,
        shape: Shape,
        (inputs, outputs): (usize, usize),
    ) -> Handle {
        let moving = if bias.is_some() { self.stored } else { Storage::Full };
        let output = self.queue.empty_stored(shape.positions() * outputs, moving);
        let shape = Shape { channels: inputs, ..shape };
        let (tile, _) = self.tiles().get((shape, outputs));
        self.launch(tile, Operands { input, mask, weights, bias, output: &output }, (shape, outputs));
        output
    }
}

impl Kernels for GpuKernels {
    type Values = Handle;
    type Convolution = GpuConvolution;

    fn prepare(&self, layer: Layer, host: HostConvolution, economy: bool) -> GpuConvolution {
        let kernel = if layer.index() == 0 { Kernel::FirstConvolution } else { Kernel::Convolution };
        if !self.queue.has(kernel) {
            let convolution = self.portable().prepare(layer, host, economy);
            return GpuConvolution::FallbackConvolution(Box::new(FallbackConvolution::new(
                layer,
                convolution,
            )));
        }
        let (inputs, outputs) = (layer.input_channels(), layer.channels());
        assert_eq!(outputs % BAND, 0, "whole bands of channels");
        let at = |output: usize, input: usize, tap: usize| host.weight[(output * inputs + input) * 9 + tap];
        let arrange = |rows: usize, columns: usize, value: &dyn Fn(usize, usize, usize) -> f32| {
            let mut values = Vec::with_capacity(9 * rows * columns);
            for tap in 0..9 {
                for row in 0..rows {
                    values.extend((0..columns).map(|column| value(tap, row, column)));
                }
            }
            // The first convolution has few weights, read together with the f32 picture.
            self.queue.store(&values, if layer.index() == 0 { Storage::Full } else { self.stored })
        };
        let forward = arrange(inputs, outputs, &|tap, input, output| at(output, input, tap));
        let backward = match layer.index() {
            0 => forward.clone(),
            // The gradient with respect to the input is a convolution with the kernels rotated by 180° and
            // the channels swapped.
            _ => arrange(outputs, inputs, &|tap, output, input| at(output, input, 8 - tap)),
        };
        let bias = self.queue.upload(&host.bias);
        GpuConvolution::Own(Box::new(ConvolutionWeights { forward, backward, bias, inputs, outputs }))
    }

    fn input(&self, input: Tensor<4>) -> Handle {
        buffer(&input)
    }

    fn forward(&self, convolution: &GpuConvolution, input: &Handle, shape: Shape) -> Handle {
        let ConvolutionWeights { forward, bias, inputs, outputs, .. } = match convolution {
            GpuConvolution::Own(weights) => weights.as_ref(),
            GpuConvolution::FallbackConvolution(by) => return self.forward_fallback(by, input, shape),
        };
        if *inputs != 3 {
            return self.convolve(input, None, forward, Some(bias), shape, (*inputs, *outputs));
        }
        let output = self.queue.empty_stored(shape.positions() * outputs, self.stored);
        let (count, dim) = Queue::plain(shape.positions() * outputs / 4);
        // SAFETY: the kernel stays inside buffers of these shapes.
        unsafe {
            for_stored!(self.stored, F => convolution::first_forward::launch_unchecked::<F>(
                self.queue.client(),
                count,
                dim,
                argument(input),
                argument(forward),
                argument(bias),
                stored_argument(&output, self.stored),
                shape.height as u32,
                shape.width as u32,
                *outputs as u32 / 4,
                self.padding,
            ));
        }
        output
    }

    fn backward(
        &self,
        convolution: &GpuConvolution,
        gradient: Handle,
        mask: Option<&Handle>,
        shape: Shape,
    ) -> Handle {
        let ConvolutionWeights { backward, inputs, outputs, .. } = match convolution {
            GpuConvolution::Own(weights) => weights.as_ref(),
            GpuConvolution::FallbackConvolution(by) => {
                return self.backward_fallback(by, gradient, mask, shape);
            }
        };
        if *inputs != 3 {
            let channels = (*outputs, *inputs);
            return self.convolve(&gradient, mask, backward, None, shape, channels);
        }
        let below = self.queue.empty(shape.positions() * inputs);
        let (count, dim) = Queue::plain(shape.positions());
        // SAFETY: the kernel stays inside buffers of these shapes.
        unsafe {
            for_stored!(self.stored, F => convolution::first_backward::launch_unchecked::<F>(
                self.queue.client(),
                count,
                dim,
                argument(&gradient),
                stored_argument(mask.unwrap_or(&gradient), self.stored),
                argument(backward),
                argument(&below),
                shape.height as u32,
                shape.width as u32,
                *outputs as u32 / 4,
                mask.is_some(),
                self.padding,
            ));
        }
        below
    }

    fn pool(&self, pooling: Pooling, input: &Handle, shape: Shape) -> Handle {
        if !self.queue.has(Kernel::Pooling) {
            return self.pool_fallback(pooling, input, shape);
        }
        let length = shape.pooled().len();
        let output = self.queue.empty_stored(length, self.stored);
        let (count, dim) = Queue::plain(length / 4);
        // SAFETY: the kernel stays inside buffers of these shapes.
        unsafe {
            for_stored!(self.stored, F => pooling::pool::launch_unchecked::<F>(
                self.queue.client(),
                count,
                dim,
                stored_argument(input, self.stored),
                stored_argument(&output, self.stored),
                shape.height as u32,
                shape.width as u32,
                shape.channels as u32 / 4,
                pooling,
            ));
        }
        output
    }

    fn unpool(&self, pooling: Pooling, input: &Handle, shape: Shape, gradient: Handle) -> Handle {
        if !self.queue.has(Kernel::Pooling) {
            return self.unpool_fallback(pooling, input, shape, gradient);
        }
        let output = self.queue.empty(shape.len());
        let windows = shape.height.div_ceil(2) * shape.width.div_ceil(2);
        let (count, dim) = Queue::plain(windows * shape.channels / 4);
        // SAFETY: the kernel stays inside buffers of these shapes.
        unsafe {
            for_stored!(self.stored, F => pooling::unpool::launch_unchecked::<F>(
                self.queue.client(),
                count,
                dim,
                stored_argument(input, self.stored),
                argument(&gradient),
                argument(&output),
                shape.height as u32,
                shape.width as u32,
                shape.channels as u32 / 4,
                pooling,
            ));
        }
        output
    }

    fn add_gradient(
        &self,
        features: &Handle,
        shape: Shape,
        gradient: Option<Handle>,
        term: &FeatureGradient,
    ) -> Handle {
        self.features_of(features, shape).add_gradient(gradient, term, true)
    }

    fn features(&self, values: &Handle, shape: Shape) -> Features {
        Features::Gpu(self.features_of(values, shape))
    }

    fn gradient(&self, values: Handle, shape: Shape) -> Tensor<4> {
        self.queue.tensor(values, [1, shape.channels, shape.height, shape.width])
    }

    fn tune(&self, convolutions: &[ConvolutionSize]) {
        if !self.queue.has(Kernel::Convolution) {
            return;
        }
        let mut speed: Option<f64> = None;
        self.tiles().measure(convolutions, |work, tile| {
            let (shape, outputs) = work;
            let per_row = 18.0 * (shape.width * shape.channels * outputs) as f64;
            let most = MEASURED_FLOATS / (shape.width * shape.channels.max(outputs));
            let rows = |operations: f64| {
                // Whole tiles, so that a large tile is not at a disadvantage.
                let rows = (operations / per_row) as usize / 16 * 16;
                rows.clamp(16, most.max(16)).min(shape.height)
            };
            let speed = *speed.get_or_insert_with(|| {
                let first = rows(FIRST_GUESS);
                per_row * first as f64 / self.seconds(work, first, tile)
            });
            self.seconds(work, rows(speed * MEASURED_SECONDS), tile)
        });
    }

    fn choice(&self, convolution: ConvolutionSize) -> Option<String> {
        let own = self.queue.has(Kernel::Convolution);
        if !own || !convolution.0.channels.is_multiple_of(4) || !convolution.1.is_multiple_of(BAND) {
            return None;
        }
        let (tile, measured) = self.tiles().get(convolution);
        let how = if measured { "measured" } else { "by rule" };
        Some(format!("{} {how}", tile_text(tile)))
    }
}
