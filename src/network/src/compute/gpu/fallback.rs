//! Fallbacks for disabled kernels: burn's operations on the same buffers.

use cubecl::server::Handle;

use super::{
    features::{buffer, values_of},
    kernels::GpuKernels,
};
use crate::{
    compute::{Pooling, chain::Kernels, portable::PortableConvolution, shape::Shape},
    vgg::Layer,
};

/// A convolution with burn's operations.
pub struct FallbackConvolution {
    convolution: PortableConvolution,
    /// The first convolution's input is planar.
    first: bool,
}

impl FallbackConvolution {
    pub fn new(layer: Layer, convolution: PortableConvolution) -> Self {
        Self { convolution, first: layer.index() == 0 }
    }
}

impl GpuKernels {
    pub(super) fn forward_fallback(&self, by: &FallbackConvolution, input: &Handle, shape: Shape) -> Handle {
        let Shape { height, width, channels } = shape;
        let input = match by.first {
            true => self.queue().tensor(input.clone(), [1, channels, height, width]),
            false => self.queue().picture(input.clone(), shape),
        };
        values_of(self.portable().forward(&by.convolution, &input, shape))
    }

    pub(super) fn backward_fallback(
        &self,
        by: &FallbackConvolution,
        gradient: Handle,
        mask: Option<&Handle>,
        shape: Shape,
    ) -> Handle {
        let picture = |values: Handle| self.queue().picture(values, shape);
        let mask = mask.map(|mask| picture(mask.clone()));
        let below = self.portable().backward(&by.convolution, picture(gradient), mask.as_ref(), shape);
        if by.first { buffer(&below) } else { values_of(below) }
    }

    pub(super) fn pool_fallback(&self, pooling: Pooling, input: &Handle, shape: Shape) -> Handle {
        values_of(self.portable().pool(pooling, &self.queue().picture(input.clone(), shape), shape))
    }

    pub(super) fn unpool_fallback(
        &self,
        pooling: Pooling,
        input: &Handle,
        shape: Shape,
        gradient: Handle,
    ) -> Handle {
        let input = self.queue().picture(input.clone(), shape);
        let gradient = self.queue().picture(gradient, shape.pooled());
        values_of(self.portable().unpool(pooling, &input, shape, gradient))
    }
}
