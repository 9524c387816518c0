//! The chain's kernels with burn's operations, for any device: the portable baseline, and the reference for
//! our own kernels.

use burn::tensor::{
    Device as TensorDevice, Tensor, TensorData,
    activation::relu,
    module::{avg_pool2d, conv2d, max_pool2d, max_pool2d_with_indices, max_pool2d_with_indices_backward},
    ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions},
};

use super::{
    FeatureGradient, Features,
    chain::{AVERAGE_SCALE, Kernels, L2_SCALE, padding_of},
    shape::Shape,
};
use crate::compute::{Padding, Pooling};
use crate::vgg::{Layer, weights::Convolution as HostConvolution};

/// burn's operations on a device. Pictures are `[1, C, H, W]`.
pub struct PortableKernels {
    pub device: TensorDevice,
    pub padding: Padding,
}

/// One 3×3 convolution's weights, prepared for both directions.
pub struct PortableConvolution {
    /// `[out, in, 3, 3]`
    weight: Tensor<4>,
    /// `[out]`
    bias: Tensor<1>,
    /// `[in, out, 3, 3]`: W'[ci, co, kh, kw] = W[co, ci, 2−kh, 2−kw]. The gradient of a 3×3 convolution with
    /// stride 1 and padding 1 with respect to its input is a convolution of the output's gradient with it.
    adjoint: Tensor<4>,
    /// Padding of its input.
    padding: Padding,
}

/// Options for stride 1 and this many zeros on every side.
fn zeros(around: usize) -> ConvOptions<2> {
    ConvOptions::new([1, 1], [around, around], [1, 1], 1)
}

/// Options for 2×2 windows with stride 2, dropping incomplete ones.
fn windows() -> MaxPoolOptions<2> {
    MaxPoolOptions::new([2, 2])
}

/// Mean of each of the same windows.
fn avg_pool(picture: Tensor<4>) -> Tensor<4> {
    avg_pool2d(picture, AvgPoolOptions::new([2, 2]))
}

/// The square root of each window's sum of squares.
fn l2_pool(picture: &Tensor<4>) -> Tensor<4> {
    (avg_pool(picture.clone().square()) * 4.0).sqrt()
}

/// Repeat each window's value at its four positions in a picture of this shape; 0 outside of whole windows.
fn upsample_nearest(values: Tensor<4>, [_, channels, height, width]: [usize; 4]) -> Tensor<4> {
    let (rows, columns) = (height / 2, width / 2);
    let each = values.reshape([channels, rows, 1, columns, 1]).expand([channels, rows, 2, columns, 2]);
    let mut picture = each.reshape([1, channels, 2 * rows, 2 * columns]);
    for (axis, length) in [(2, height), (3, width)] {
        let mut rest = picture.dims();
        rest[axis] = length - rest[axis];
        if rest[axis] > 0 {
            let zeros = Tensor::zeros(rest, &picture.device());
            picture = Tensor::cat(vec![picture, zeros], axis);
        }
    }
    picture
}

impl Kernels for PortableKernels {
    type Values = Tensor<4>;
    type Convolution = PortableConvolution;

    fn prepare(&self, layer: Layer, host: HostConvolution, _economy: bool) -> PortableConvolution {
        let shape = [layer.channels(), layer.input_channels(), 3, 3];
        let adjoint = adjoint(&host.weight, shape);
        let [out, inputs, ..] = shape;
        let tensor =
            |values, shape: [usize; 4]| Tensor::from_data(TensorData::new(values, shape), &self.device);
        PortableConvolution {
            weight: tensor(host.weight, shape),
            adjoint: tensor(adjoint, [inputs, out, 3, 3]),
            bias: Tensor::from_data(TensorData::new(host.bias, [out]), &self.device),
            padding: padding_of(layer, self.padding),
        }
    }

    fn input(&self, input: Tensor<4>) -> Tensor<4> {
        input
    }

    fn forward(&self, convolution: &PortableConvolution, input: &Tensor<4>, _shape: Shape) -> Tensor<4> {
        let (weight, bias) = (convolution.weight.clone(), convolution.bias.clone());
        let (wider, around) = match convolution.padding {
            Padding::Zero => (input.clone(), 1),
            Padding::Replicate => (pad_replicate(pad_replicate(input.clone(), 2), 3), 0),
            Padding::Circular => (pad_circular(pad_circular(input.clone(), 2), 3), 0),
        };
        relu(conv2d(wider, weight, Some(bias), zeros(around)))
    }

    fn backward(
        &self,
        convolution: &PortableConvolution,
        gradient: Tensor<4>,
        mask: Option<&Tensor<4>>,
        _shape: Shape,
    ) -> Tensor<4> {
        // ReLU's derivative is 1 where its output is positive, which is the output's sign.
        let masked = match mask {
            Some(output) => gradient * output.clone().sign(),
            None => gradient,
        };
        let adjoint = convolution.adjoint.clone();
        match convolution.padding {
            Padding::Zero => conv2d(masked, adjoint, None, zeros(1)),
            Padding::Replicate => {
                pad_replicate_backward(pad_replicate_backward(conv2d(masked, adjoint, None, zeros(2)), 2), 3)
            }
            Padding::Circular => conv2d(pad_circular(pad_circular(masked, 2), 3), adjoint, None, zeros(0)),
        }
    }

    fn pool(&self, pooling: Pooling, input: &Tensor<4>, _shape: Shape) -> Tensor<4> {
        match pooling {
            Pooling::Max => max_pool2d(input.clone(), windows()),
            Pooling::Average => avg_pool(input.clone()) * AVERAGE_SCALE,
            Pooling::L2 => l2_pool(input) * L2_SCALE,
        }
    }

    fn unpool(&self, pooling: Pooling, input: &Tensor<4>, _shape: Shape, gradient: Tensor<4>) -> Tensor<4> {
        match pooling {
            Pooling::Max => {
                let (_, maxima) = max_pool2d_with_indices(input.clone(), windows());
                let (two, one, x) = ([2, 2], [1, 1], input.clone());
                let below =
                    max_pool2d_with_indices_backward(x, two, two, [0, 0], one, false, gradient, maxima);
                below * input.clone().sign()
            }
            Pooling::Average => {
                upsample_nearest(gradient * (AVERAGE_SCALE / 4.0), input.dims()) * input.clone().sign()
            }
            Pooling::L2 => {
                let norms = l2_pool(input);
                // If the norm is 0, so are the values.
                let divisor = norms.clone().mask_fill(norms.equal_elem(0.0), 1.0);
                upsample_nearest(gradient * L2_SCALE / divisor, input.dims()) * input.clone()
            }
        }
    }

    fn add_gradient(
        &self,
        features: &Tensor<4>,
        _shape: Shape,
        gradient: Option<Tensor<4>>,
        term: &FeatureGradient,
    ) -> Tensor<4> {
        match term.add_to(gradient, features) {
            Some(gradient) => gradient * features.clone().sign(),
            None => features.zeros_like(),
        }
    }

    fn features(&self, values: &Tensor<4>, _shape: Shape) -> Features {
        Features::Tensor(values.clone())
    }

    fn gradient(&self, values: Tensor<4>, _shape: Shape) -> Tensor<4> {
        values
    }
}

/// Repeat the first and last row or column once outside of the picture.
fn pad_replicate(picture: Tensor<4>, axis: usize) -> Tensor<4> {
    let last = picture.dims()[axis] - 1;
    let edge = |at: usize| picture.clone().narrow(axis, at, 1);
    Tensor::cat(vec![edge(0), picture.clone(), edge(last)], axis)
}

/// Put the last row or column before the first, and the first after the last.
fn pad_circular(picture: Tensor<4>, axis: usize) -> Tensor<4> {
    let last = picture.dims()[axis] - 1;
    let side = |at: usize| picture.clone().narrow(axis, at, 1);
    Tensor::cat(vec![side(last), picture.clone(), side(0)], axis)
}

/// The gradient of [`pad_replicate`]: add the padding's gradient to the edge's.
fn pad_replicate_backward(gradient: Tensor<4>, axis: usize) -> Tensor<4> {
    let length = gradient.dims()[axis] - 2;
    let part = |at: usize, count: usize| gradient.clone().narrow(axis, at, count);
    if length == 1 {
        return part(0, 1) + part(1, 1) + part(2, 1);
    }
    let (first, last) = (part(0, 1) + part(1, 1), part(length, 1) + part(length + 1, 1));
    Tensor::cat(vec![first, part(2, length - 2), last], axis)
}

fn adjoint(weight: &[f32], [out, inputs, ..]: [usize; 4]) -> Vec<f32> {
    let mut turned = vec![0.0; weight.len()];
    for co in 0..out {
        for ci in 0..inputs {
            let from = &weight[(co * inputs + ci) * 9..][..9];
            let to = &mut turned[(ci * out + co) * 9..][..9];
            for (k, value) in from.iter().enumerate() {
                to[8 - k] = *value;
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_adjoint_turns_each_kernel_and_swaps_the_channels() {
        let weight: Vec<f32> = (0..2 * 3 * 9).map(|i| i as f32).collect();
        let turned = adjoint(&weight, [2, 3, 3, 3]);
        // W'[ci=2, co=1, kh=0, kw=1] = W[co=1, ci=2, 2, 1]
        assert_eq!(turned[(2 * 2 + 1) * 9 + 1], weight[(3 + 2) * 9 + 7]);
    }
}
