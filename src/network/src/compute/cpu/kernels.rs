//! The chain's kernels on the CPU.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};

use super::{
    buffer::{Buffer, BufferPool},
    first::FirstConvolution,
    isa::Isa,
    matrix::HostFeatures,
    pool,
    winograd::{Edge, Winograd},
};
use crate::compute::{Padding, Pooling};
use crate::{
    compute::{
        FeatureGradient, Features,
        chain::{Kernels, padding_of},
        feature_gradient::host_values,
        shape::Shape,
    },
    vgg::{Layer, weights::Convolution as HostConvolution},
};

/// The kernels with their memory. Pictures are `[H, W, C]`.
pub struct CpuKernels {
    isa: Isa,
    memory: BufferPool,
    device: TensorDevice,
    padding: Padding,
    /// Length of the longest transform that is not stored.
    scratch: AtomicUsize,
}

pub struct CpuConvolution {
    kind: ConvolutionKind,
    bias: Vec<f32>,
}

enum ConvolutionKind {
    First(FirstConvolution),
    Both { forward: Winograd, backward: Winograd },
}

impl CpuKernels {
    /// With `economy`, pictures of different sizes share their memory.
    pub fn new(device: &TensorDevice, economy: bool, padding: Padding) -> Self {
        Self {
            isa: Isa::detected(),
            memory: BufferPool::new(economy),
            device: device.clone(),
            padding,
            scratch: AtomicUsize::new(0),
        }
    }

    fn scratch(&self) -> Buffer {
        self.memory.take(self.scratch.load(Ordering::Relaxed))
    }
}

impl Kernels for CpuKernels {
    type Values = Arc<Buffer>;
    type Convolution = CpuConvolution;

    fn prepare(&self, layer: Layer, host: HostConvolution, economy: bool) -> CpuConvolution {
        let (inputs, outputs) = (layer.input_channels(), layer.channels());
        let kernel = |output: usize, input: usize| -> [f32; 9] {
            let at = (output * inputs + input) * 9;
            std::array::from_fn(|i| host.weight[at + i])
        };
        let padding = padding_of(layer, self.padding);
        let wrap = padding == Padding::Circular;
        let kind = match layer.index() {
            0 => ConvolutionKind::First(FirstConvolution::new(self.isa, &host.weight, padding)),
            _ => {
                let forward = Winograd::new(self.isa, inputs, outputs, economy, wrap, kernel);
                // The gradient with respect to the input is a convolution with the kernels rotated by 180°
                // and the channels swapped: W'[ci, co, kh, kw] = W[co, ci, 2−kh, 2−kw].
                let backward = forward.adjoint().unwrap_or_else(|| {
                    Winograd::new(self.isa, outputs, inputs, economy, wrap, |output, input| {
                        let mut turned = kernel(input, output);
                        turned.reverse();
                        turned
                    })
                });
                if economy {
                    let len = forward.transformed_len().max(backward.transformed_len());
                    self.scratch.fetch_max(len, Ordering::Relaxed);
                }
                ConvolutionKind::Both { forward, backward }
            }
        };
        CpuConvolution { kind, bias: host.bias }
    }

    fn input(&self, input: Tensor<4>) -> Arc<Buffer> {
        let values = host_values(&input.permute([0, 2, 3, 1]).flatten::<1>(0, 3));
        let mut buffer = self.memory.take(values.len());
        buffer.copy_from_slice(&values);
        Arc::new(buffer)
    }

    fn forward(&self, convolution: &CpuConvolution, input: &Arc<Buffer>, shape: Shape) -> Arc<Buffer> {
        let CpuConvolution { kind, bias } = convolution;
        Arc::new(match kind {
            ConvolutionKind::First(first) => first.forward(input, shape, bias, &self.memory),
            ConvolutionKind::Both { forward, .. } => {
                let edge = Edge::BiasRelu(bias);
                forward.convolve(input, shape.height, shape.width, edge, &mut self.scratch(), &self.memory)
            }
        })
    }

    fn backward(
        &self,
        convolution: &CpuConvolution,
        gradient: Arc<Buffer>,
        mask: Option<&Arc<Buffer>>,
        shape: Shape,
    ) -> Arc<Buffer> {
        let mask = mask.map(|mask| &***mask);
        Arc::new(match &convolution.kind {
            ConvolutionKind::First(first) => first.backward(&gradient, mask, shape, &self.memory),
            ConvolutionKind::Both { backward, .. } => {
                let (height, width, edge) = (shape.height, shape.width, Edge::Mask(mask));
                backward.convolve(&gradient, height, width, edge, &mut self.scratch(), &self.memory)
            }
        })
    }

    fn pool(&self, pooling: Pooling, input: &Arc<Buffer>, shape: Shape) -> Arc<Buffer> {
        Arc::new(pool::forward(pooling, input, shape, &self.memory))
    }

    fn unpool(
        &self,
        pooling: Pooling,
        input: &Arc<Buffer>,
        shape: Shape,
        gradient: Arc<Buffer>,
    ) -> Arc<Buffer> {
        Arc::new(pool::backward(pooling, input, shape, &gradient, &self.memory))
    }

    fn add_gradient(
        &self,
        features: &Arc<Buffer>,
        shape: Shape,
        gradient: Option<Arc<Buffer>>,
        term: &FeatureGradient,
    ) -> Arc<Buffer> {
        let features = HostFeatures { values: Arc::clone(features), channels: shape.channels };
        let gradient =
            gradient.map(|gradient| Arc::into_inner(gradient).expect("nobody else holds a gradient"));
        Arc::new(features.add_gradient(gradient, &term.host(), true, &self.memory))
    }

    fn features(&self, values: &Arc<Buffer>, shape: Shape) -> Features {
        let matrix = HostFeatures { values: Arc::clone(values), channels: shape.channels };
        Features::Host { matrix, height: shape.height, width: shape.width, device: self.device.clone() }
    }

    fn gradient(&self, values: Arc<Buffer>, shape: Shape) -> Tensor<4> {
        let data = TensorData::new(values.to_vec(), [1, shape.height, shape.width, shape.channels]);
        Tensor::<4>::from_data(data, &self.device).permute([0, 3, 1, 2])
    }

    fn release_unused_memory(&self) {
        self.memory.clear();
    }
}
