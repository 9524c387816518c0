//! VGG-19 up to the deepest layer in use, on a device: features forward, the image's gradient backward.

use std::collections::BTreeMap;

use burn::tensor::{
    Device as TensorDevice, Int, Tensor, TensorData,
    activation::relu,
    module::{conv2d, max_pool2d_with_indices, max_pool2d_with_indices_backward},
    ops::{ConvOptions, MaxPoolOptions},
};

use super::{
    Features,
    cpu::{CpuActivations, CpuChain, CpuOutput},
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
    chain: Chain,
    /// `[1, 3, 1, 1]`: network input = image · gain + offset.
    gain: Tensor<4>,
    offset: Tensor<4>,
}

enum Chain {
    /// burn's own operations: the portable baseline.
    Tensors(Vec<Convolution>),
    /// The CPU's own kernels.
    Cpu(CpuChain),
}

/// What a forward pass leaves for the objective and the backward pass: every layer's output after its ReLU.
pub struct Activations {
    device: TensorDevice,
    outputs: Outputs,
}

enum Outputs {
    Tensors {
        outputs: Vec<Tensor<4>>,
        /// Where each pooling found its maxima, by the layer that follows the pooling.
        maxima: BTreeMap<Layer, Tensor<4, Int>>,
    },
    Cpu(CpuActivations),
}

impl Activations {
    /// Features of a layer that was computed.
    ///
    /// # Panics
    ///
    /// When the forward pass ended before this layer.
    pub fn features(&self, layer: Layer) -> Features {
        match &self.outputs {
            Outputs::Tensors { outputs, .. } => Features::Tensor(outputs[layer.index()].clone()),
            Outputs::Cpu(activations) => {
                let CpuOutput { height, width, features } = activations.output(layer).clone();
                Features::Host { matrix: features, height, width, device: self.device.clone() }
            }
        }
    }
}

fn same_size() -> ConvOptions<2> {
    ConvOptions::new([1, 1], [1, 1], [1, 1], 1)
}

impl Network {
    /// Prepares the convolutions up to `deepest`: on the CPU for kernels of our own, elsewhere for burn's operations.
    pub fn new(weights: &Weights, deepest: Layer, device: &TensorDevice) -> Self {
        let chain = match *device == TensorDevice::flex() {
            true => Chain::Cpu(CpuChain::default()),
            false => Chain::Tensors(Vec::new()),
        };
        Self::with_chain(weights, deepest, device, chain)
    }

    /// The same on burn's operations alone, on any device: the reference for the kernels.
    pub fn portable(weights: &Weights, deepest: Layer, device: &TensorDevice) -> Self {
        Self::with_chain(weights, deepest, device, Chain::Tensors(Vec::new()))
    }

    fn with_chain(weights: &Weights, deepest: Layer, device: &TensorDevice, chain: Chain) -> Self {
        let per_channel =
            |values: [f32; 3]| Tensor::from_data(TensorData::new(values.to_vec(), [1, 3, 1, 1]), device);
        let input = weights.input;
        let mut network = Self {
            device: device.clone(),
            chain,
            gain: per_channel(input.std.map(|std| input.scale / std)),
            offset: per_channel([0, 1, 2].map(|c| -input.mean[c] / input.std[c])),
        };
        network.extend(weights, deepest);
        network
    }

    /// Prepares what is missing up to `deepest`.
    pub fn extend(&mut self, weights: &Weights, deepest: Layer) {
        let convolutions = match &mut self.chain {
            Chain::Cpu(chain) => return chain.extend(weights, deepest),
            Chain::Tensors(convolutions) => convolutions,
        };
        for layer in Layer::ALL.into_iter().take(deepest.index() + 1).skip(convolutions.len()) {
            let host = weights.normalised_convolution(layer);
            let shape = [layer.channels(), layer.input_channels(), 3, 3];
            let adjoint = adjoint(&host.weight, shape);
            let [out, inputs, ..] = shape;
            let tensor =
                |values, shape: [usize; 4]| Tensor::from_data(TensorData::new(values, shape), &self.device);
            convolutions.push(Convolution {
                weight: tensor(host.weight, shape),
                adjoint: tensor(adjoint, [inputs, out, 3, 3]),
                bias: Tensor::from_data(TensorData::new(host.bias, [out]), &self.device),
            });
        }
    }

    /// Runs the network up to `deepest` on an RGB image `[1, 3, H, W]` in 0 to 1.
    ///
    /// # Panics
    ///
    /// When `deepest` was not prepared, or a side is shorter than [`Layer::stride`] of `deepest`.
    pub fn forward(&self, image: Tensor<4>, deepest: Layer) -> Activations {
        let [_, _, height, width] = image.dims();
        let x = self.normalised(image);
        let outputs = match &self.chain {
            Chain::Cpu(chain) => {
                let mut outputs = Vec::new();
                chain.forward(&floats(x), height, width, deepest, |_, output| outputs.push(output));
                Outputs::Cpu(CpuActivations::new(outputs))
            }
            Chain::Tensors(convolutions) => {
                let (mut outputs, mut maxima) = (Vec::new(), BTreeMap::new());
                forward(convolutions, x, deepest, |layer, output, indices| {
                    outputs.push(output);
                    if let Some(indices) = indices {
                        maxima.insert(layer, indices);
                    }
                });
                Outputs::Tensors { outputs, maxima }
            }
        };
        Activations { device: self.device.clone(), outputs }
    }

    /// Features of these layers alone, shallow to deep; what lies between is not kept.
    ///
    /// # Panics
    ///
    /// As [`Network::forward`].
    pub fn features(&self, image: Tensor<4>, layers: &[Layer]) -> Vec<(Layer, Features)> {
        let Some(&deepest) = layers.iter().max() else { return Vec::new() };
        let [_, _, height, width] = image.dims();
        let x = self.normalised(image);
        let mut wanted = Vec::new();
        match &self.chain {
            Chain::Cpu(chain) => chain.forward(&floats(x), height, width, deepest, |layer, output| {
                if layers.contains(&layer) {
                    wanted.push((layer, self.host(output)));
                }
            }),
            Chain::Tensors(convolutions) => forward(convolutions, x, deepest, |layer, output, _| {
                if layers.contains(&layer) {
                    wanted.push((layer, Features::Tensor(output)));
                }
            }),
        }
        wanted
    }

    /// The network's input `[1, 3, H, W]`.
    fn normalised(&self, image: Tensor<4>) -> Tensor<4> {
        image * self.gain.clone() + self.offset.clone()
    }

    fn host(&self, output: CpuOutput) -> Features {
        let CpuOutput { height, width, features } = output;
        Features::Host { matrix: features, height, width, device: self.device.clone() }
    }

    /// Gradient `[1, 3, H, W]` with respect to the image, given gradients with respect to some layers' features.
    /// `None` when there are no gradients.
    pub fn backward(
        &self,
        activations: Activations,
        mut gradients: BTreeMap<Layer, Features>,
    ) -> Option<Tensor<4>> {
        let gradient = match (&self.chain, activations.outputs) {
            (Chain::Cpu(chain), Outputs::Cpu(activations)) => {
                let CpuOutput { height, width, .. } = *activations.output(Layer::ALL[0]);
                let gradient = chain.backward(activations, |layer| match gradients.remove(&layer) {
                    Some(Features::Host { matrix, .. }) => Some(matrix),
                    _ => None,
                })?;
                let last = TensorData::new(gradient, [1, height, width, 3]);
                Some(Tensor::<4>::from_data(last, &self.device).permute([0, 3, 1, 2]))
            }
            (Chain::Tensors(convolutions), Outputs::Tensors { outputs, maxima }) => {
                backward(convolutions, outputs, maxima, gradients)
            }
            _ => unreachable!("activations come from this network's forward pass"),
        };
        gradient.map(|gradient| gradient * self.gain.clone())
    }
}

/// A network input as channels-last values.
fn floats(input: Tensor<4>) -> Vec<f32> {
    let last = input.permute([0, 2, 3, 1]).flatten::<1>(0, 3);
    last.into_data().try_to_vec().expect("a CPU tensor of floats is readable")
}

/// The chain's forward pass on burn's operations; `each` gets every layer's output, and where the pooling before it
/// found its maxima.
fn forward(
    convolutions: &[Convolution],
    mut x: Tensor<4>,
    deepest: Layer,
    mut each: impl FnMut(Layer, Tensor<4>, Option<Tensor<4, Int>>),
) {
    for (layer, convolution) in Layer::ALL.into_iter().zip(convolutions).take(deepest.index() + 1) {
        let mut maxima = None;
        if layer.after_pool() {
            let (pooled, indices) = max_pool2d_with_indices(x, pooling());
            (x, maxima) = (pooled, Some(indices));
        }
        x = relu(conv2d(x, convolution.weight.clone(), Some(convolution.bias.clone()), same_size()));
        each(layer, x.clone(), maxima);
    }
}

/// The chain's backward pass on burn's operations; down to the network's input.
fn backward(
    convolutions: &[Convolution],
    mut outputs: Vec<Tensor<4>>,
    mut maxima: BTreeMap<Layer, Tensor<4, Int>>,
    mut gradients: BTreeMap<Layer, Features>,
) -> Option<Tensor<4>> {
    let mut gradient: Option<Tensor<4>> = None;
    while let Some(output) = outputs.pop() {
        let layer = Layer::ALL[outputs.len()];
        gradient = match (gradient, gradients.remove(&layer).map(Features::into_tensor)) {
            (Some(above), Some(here)) => Some(above + here),
            (above, here) => above.or(here),
        };
        let Some(above) = gradient.take() else { continue };
        let convolution = &convolutions[layer.index()];
        // ReLU's derivative is 1 where its output is positive, which is the output's sign.
        let masked = above * output.sign();
        let below = conv2d(masked, convolution.adjoint.clone(), None, same_size());
        gradient = Some(match (maxima.remove(&layer), outputs.last()) {
            (Some(indices), Some(input)) => max_pool2d_with_indices_backward(
                input.clone(),
                [2, 2],
                [2, 2],
                [0, 0],
                [1, 1],
                false,
                below,
                indices,
            ),
            _ => below,
        });
    }
    gradient
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
