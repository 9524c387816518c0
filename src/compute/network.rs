//! VGG-19 up to the deepest layer in use, on a device: features forward, the image's gradient backward.

use std::collections::BTreeMap;

use burn::tensor::{
    Device as TensorDevice, Int, Tensor, TensorData,
    activation::relu,
    module::{conv2d, max_pool2d_with_indices, max_pool2d_with_indices_backward},
    ops::{ConvOptions, MaxPoolOptions},
};

use crate::vgg::{Layer, Weights};

/// One 3×3 convolution's weights, prepared for both directions.
struct Convolution {
    /// `[out, in, 3, 3]`
    weight: Tensor<4>,
    /// `[out]`
    bias: Tensor<1>,
    /// `[in, out, 3, 3]`: W'[ci, co, kh, kw] = W[co, ci, 2−kh, 2−kw]. The gradient of a 3×3 convolution with
    /// stride 1 and padding 1 with respect to its input is a convolution of the output's gradient with it.
    adjoint: Tensor<4>,
}

/// The frozen network on a device. Features come out scaled by the weights file's activation scales.
pub struct Network {
    device: TensorDevice,
    convolutions: Vec<Convolution>,
    /// `[1, 3, 1, 1]`: network input = image · gain + offset.
    gain: Tensor<4>,
    offset: Tensor<4>,
}

/// What a forward pass leaves for the objective and the backward pass: every layer's output after its ReLU.
pub struct Activations {
    outputs: Vec<Tensor<4>>,
    /// Where each pooling found its maxima, by the layer that follows the pooling.
    maxima: BTreeMap<Layer, Tensor<4, Int>>,
}

impl Activations {
    /// Features `[1, C, H, W]` of a layer that was computed.
    ///
    /// # Panics
    ///
    /// When the forward pass ended before this layer.
    pub fn features(&self, layer: Layer) -> Tensor<4> {
        self.outputs[layer.index()].clone()
    }
}

fn same_size() -> ConvOptions<2> {
    ConvOptions::new([1, 1], [1, 1], [1, 1], 1)
}

impl Network {
    /// Uploads the convolutions up to `deepest`.
    pub fn new(weights: &Weights, deepest: Layer, device: &TensorDevice) -> Self {
        let per_channel =
            |values: [f32; 3]| Tensor::from_data(TensorData::new(values.to_vec(), [1, 3, 1, 1]), device);
        let input = weights.input;
        let mut network = Self {
            device: device.clone(),
            convolutions: Vec::new(),
            gain: per_channel(input.std.map(|std| input.scale / std)),
            offset: per_channel([0, 1, 2].map(|c| -input.mean[c] / input.std[c])),
        };
        network.extend(weights, deepest);
        network
    }

    /// Uploads what is missing up to `deepest`.
    pub fn extend(&mut self, weights: &Weights, deepest: Layer) {
        for layer in Layer::ALL.into_iter().take(deepest.index() + 1).skip(self.convolutions.len()) {
            let host = weights.normalised_convolution(layer);
            let shape = [layer.channels(), layer.input_channels(), 3, 3];
            let adjoint = adjoint(&host.weight, shape);
            let [out, inputs, ..] = shape;
            let tensor =
                |values, shape: [usize; 4]| Tensor::from_data(TensorData::new(values, shape), &self.device);
            self.convolutions.push(Convolution {
                weight: tensor(host.weight, shape),
                adjoint: tensor(adjoint, [inputs, out, 3, 3]),
                bias: Tensor::from_data(TensorData::new(host.bias, [out]), &self.device),
            });
        }
    }

    /// The deepest layer whose weights are on the device.
    pub fn deepest(&self) -> Option<Layer> {
        self.convolutions.len().checked_sub(1).and_then(Layer::from_index)
    }

    /// Runs the network up to `deepest` on an RGB image `[1, 3, H, W]` in [0,1].
    ///
    /// # Panics
    ///
    /// When `deepest` was not uploaded, or a side is shorter than [`Layer::stride`] of `deepest`.
    pub fn forward(&self, image: Tensor<4>, deepest: Layer) -> Activations {
        let mut x = image * self.gain.clone() + self.offset.clone();
        let mut activations = Activations { outputs: Vec::new(), maxima: BTreeMap::new() };
        for (layer, convolution) in Layer::ALL.into_iter().zip(&self.convolutions).take(deepest.index() + 1) {
            if layer.after_pool() {
                let (pooled, indices) = max_pool2d_with_indices(x, pooling());
                activations.maxima.insert(layer, indices);
                x = pooled;
            }
            x = relu(conv2d(x, convolution.weight.clone(), Some(convolution.bias.clone()), same_size()));
            activations.outputs.push(x.clone());
        }
        activations
    }

    /// Gradient `[1, 3, H, W]` with respect to the image, given gradients with respect to some layers' features.
    /// `None` when there are no gradients.
    pub fn backward(
        &self,
        mut activations: Activations,
        mut gradients: BTreeMap<Layer, Tensor<4>>,
    ) -> Option<Tensor<4>> {
        let mut gradient: Option<Tensor<4>> = None;
        while let Some(output) = activations.outputs.pop() {
            let layer = Layer::ALL[activations.outputs.len()];
            gradient = match (gradient, gradients.remove(&layer)) {
                (Some(above), Some(here)) => Some(above + here),
                (above, here) => above.or(here),
            };
            let Some(above) = gradient.take() else { continue };
            let convolution = &self.convolutions[layer.index()];
            // ReLU's derivative is 1 where its output is positive, which is the output's sign.
            let masked = above * output.sign();
            let below = conv2d(masked, convolution.adjoint.clone(), None, same_size());
            gradient = Some(match activations.maxima.remove(&layer) {
                None => below,
                Some(indices) => {
                    let input = activations.features(Layer::ALL[layer.index() - 1]);
                    max_pool2d_with_indices_backward(
                        input,
                        [2, 2],
                        [2, 2],
                        [0, 0],
                        [1, 1],
                        false,
                        below,
                        indices,
                    )
                }
            });
        }
        gradient.map(|gradient| gradient * self.gain.clone())
    }
}

/// 2×2, stride 2, incomplete windows dropped.
fn pooling() -> MaxPoolOptions<2> {
    MaxPoolOptions::new([2, 2])
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
