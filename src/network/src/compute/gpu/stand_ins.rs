//! burn's operations in the place of kernels that an adapter does without, between the same buffers.

use cubecl::server::Handle;

use super::{
    features::{buffer, values_of},
    kernels::GpuKernels,
};
use crate::{
    compute::{Pooling, chain::Kernels, portable::PortableConvolution, shape::Shape},
    vgg::Layer,
};

/// A convolution by burn's operations.
pub struct StandIn {
    convolution: PortableConvolution,
    /// The first one's input is planar.
    first: bool,
}

impl StandIn {
    pub fn new(layer: Layer, convolution: PortableConvolution) -> Self {
        Self { convolution, first: layer.index() == 0 }
    }
}

impl GpuKernels {
    pub(super) fn forward_by(&self, by: &StandIn, input: &Handle, shape: Shape) -> Handle {
        let Shape { height, width, channels } = shape;
        let input = match by.first {
            true => self.queue().tensor(input.clone(), [1, channels, height, width]),
            false => self.queue().picture(input.clone(), shape),
        };
        values_of(self.portable().forward(&by.convolution, &input, shape))
    }

    pub(super) fn backward_by(
        &self,
        by: &StandIn,
        gradient: Handle,
        mask: Option<&Handle>,
        shape: Shape,
    ) -> Handle {
        let picture = |values: Handle| self.queue().picture(values, shape);
        let mask = mask.map(|mask| picture(mask.clone()));
        let below = self.portable().backward(&by.convolution, picture(gradient), mask.as_ref(), shape);
        if by.first { buffer(&below) } else { values_of(below) }
    }

    pub(super) fn pool_by_tensors(&self, pooling: Pooling, input: &Handle, shape: Shape) -> Handle {
        values_of(self.portable().pool(pooling, &self.queue().picture(input.clone(), shape), shape))
    }

    pub(super) fn unpool_by_tensors(
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
