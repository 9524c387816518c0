//! VGG-19 up to the deepest layer in use, on a device: features forward, the image's gradient backward.

use std::collections::BTreeMap;

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};

use super::{
    FeatureGradient, Features,
    chain::{self, Chain, Kernels, LayerTime},
    cpu::CpuKernels,
    gpu::{GpuKernels, Storage, Units},
    portable::PortableKernels,
};
use crate::compute::{Padding, Pooling, Precision};
use crate::vgg::{Layer, Weights};

/// The frozen network on a device. Features come out scaled by the weights file's activation scales.
pub struct Network {
    form: Form,
    /// `[1, 3, 1, 1]`: network input = image · gain + offset.
    gain: Tensor<4>,
    offset: Tensor<4>,
}

/// Options of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkOptions {
    /// Minimise memory use.
    pub economy: bool,
    /// Padding of the picture. With zeros the border is painted as if surrounded by the training pictures'
    /// mean colour.
    pub padding: Padding,
    /// Full if [`super::fast_precision`] fails.
    pub precision: Precision,
}

impl Default for NetworkOptions {
    /// As the network was trained.
    fn default() -> Self {
        Self { economy: false, padding: Padding::Zero, precision: Precision::Full }
    }
}

/// The chain on some kernels.
pub(super) enum Form {
    Portable(Chain<PortableKernels>),
    Cpu(Chain<CpuKernels>),
    Gpu(Chain<GpuKernels>),
}

/// Activations stored for the backward pass. A clone shares the values, for a further backward pass.
#[derive(Clone)]
pub struct Activations(ActivationStorage);

#[derive(Clone)]
enum ActivationStorage {
    Portable(chain::ChainActivations<<PortableKernels as Kernels>::Values>),
    Cpu(chain::ChainActivations<<CpuKernels as Kernels>::Values>),
    Gpu(chain::ChainActivations<<GpuKernels as Kernels>::Values>),
}

/// Evaluate an expression for the network's kernels.
macro_rules! with_chain {
    ($form:expr, $chain:ident => $body:expr) => {
        match $form {
            Form::Portable($chain) => $body,
            Form::Cpu($chain) => $body,
            Form::Gpu($chain) => $body,
        }
    };
}

impl Network {
    /// Prepare the convolutions up to `deepest` with burn's operations only, on any device: the reference for
    /// the kernels.
    pub fn portable(
        weights: &Weights,
        deepest: Layer,
        device: &TensorDevice,
        NetworkOptions { economy, padding, .. }: NetworkOptions,
    ) -> Self {
        let kernels = PortableKernels { device: device.clone(), padding };
        let form = Form::Portable(Chain::new(kernels, economy));
        Self::with_form(weights, deepest, device, form)
    }

    /// With an adapter's own kernels, this storage format of features, and these matrix units.
    pub(super) fn on_adapter(
        weights: &Weights,
        deepest: Layer,
        device: &TensorDevice,
        (stored, units): (Storage, Option<Units>),
    ) -> Self {
        let kernels = GpuKernels::new(device, Padding::Replicate, stored, units);
        Self::with_form(weights, deepest, device, Form::Gpu(Chain::new(kernels, false)))
    }

    pub(super) fn with_form(weights: &Weights, deepest: Layer, device: &TensorDevice, form: Form) -> Self {
        let per_channel =
            |values: [f32; 3]| Tensor::from_data(TensorData::new(values.to_vec(), [1, 3, 1, 1]), device);
        let input = weights.input;
        let mut network = Self {
            form,
            gain: per_channel(input.std.map(|std| input.scale / std)),
            offset: per_channel([0, 1, 2].map(|c| -input.mean[c] / input.std[c])),
        };
        network.extend(weights, deepest);
        network
    }

    /// Prepare the missing convolutions up to `deepest`.
    pub fn extend(&mut self, weights: &Weights, deepest: Layer) {
        with_chain!(&mut self.form, chain => chain.extend(weights, deepest));
    }

    /// Set the pooling, initially max; returns whether it has changed, which invalidates earlier features.
    pub fn set_pooling(&mut self, pooling: Pooling) -> bool {
        with_chain!(&mut self.form, chain => chain.set_pooling(pooling))
    }

    /// The network's pooling.
    pub fn pooling(&self) -> Pooling {
        with_chain!(&self.form, chain => chain.pooling())
    }

    /// Release memory that only pictures of other sizes would reuse.
    pub fn release_unused_memory(&self) {
        with_chain!(&self.form, chain => chain.release_unused_memory());
    }

    /// Choose the fastest kernels for the convolutions of an image `[1, 3, H, W]` of this shape: on a
    /// graphics adapter by measurement, for at most a tenth of a second, cached in the user's cache folder.
    pub fn tune(&self, image: &Tensor<4>, deepest: Layer) {
        let [_, _, height, width] = image.dims();
        with_chain!(&self.form, chain => chain.tune((height, width), deepest));
    }

    /// Run the network up to `deepest` on an RGB image `[1, 3, H, W]` in 0 to 1, passing every layer's
    /// features to `each`, shallow to deep.
    ///
    /// # Panics
    ///
    /// If `deepest` was not prepared, or a side is shorter than [`Layer::stride`] of `deepest`.
    pub fn forward(
        &self,
        image: Tensor<4>,
        deepest: Layer,
        each: impl FnMut(Layer, &Features),
    ) -> Activations {
        let input = self.normalised(image);
        Activations(match &self.form {
            Form::Portable(chain) => ActivationStorage::Portable(chain.forward(input, deepest, each)),
            Form::Cpu(chain) => ActivationStorage::Cpu(chain.forward(input, deepest, each)),
            Form::Gpu(chain) => ActivationStorage::Gpu(chain.forward(input, deepest, each)),
        })
    }

    /// Features of these layers only, shallow to deep; other activations are dropped.
    ///
    /// # Panics
    ///
    /// As [`Network::forward`].
    pub fn features(&self, image: Tensor<4>, layers: &[Layer]) -> Vec<(Layer, Features)> {
        let Some(&deepest) = layers.iter().max() else { return Vec::new() };
        let mut wanted = Vec::new();
        let input = self.normalised(image);
        with_chain!(&self.form, chain => chain.infer(input, deepest, |layer, features| {
            if layers.contains(&layer) {
                wanted.push((layer, features.to_keep()));
            }
        }));
        wanted
    }

    /// Time each convolution up to `deepest` alone, on its input for an image `[1, 3, H, W]`.
    pub fn time_layers(&self, image: Tensor<4>, deepest: Layer) -> Vec<LayerTime> {
        let device = image.device();
        let input = self.normalised(image);
        with_chain!(&self.form, chain => chain.time_layers(input, deepest, &device))
    }

    /// The network's input `[1, 3, H, W]`.
    fn normalised(&self, image: Tensor<4>) -> Tensor<4> {
        image * self.gain.clone() + self.offset.clone()
    }

    /// Gradient `[1, 3, H, W]` with respect to the image, from feature gradients at some layers. `None` if
    /// there are none.
    ///
    /// # Panics
    ///
    /// If the activations or a gradient's targets come from another network.
    pub fn backward(
        &self,
        activations: Activations,
        terms: &BTreeMap<Layer, FeatureGradient>,
    ) -> Option<Tensor<4>> {
        let gradient = match (&self.form, activations.0) {
            (Form::Portable(chain), ActivationStorage::Portable(activations)) => {
                chain.backward(activations, terms)
            }
            (Form::Cpu(chain), ActivationStorage::Cpu(activations)) => chain.backward(activations, terms),
            (Form::Gpu(chain), ActivationStorage::Gpu(activations)) => chain.backward(activations, terms),
            _ => panic!("activations come from this network's forward pass"),
        };
        gradient.map(|gradient| gradient * self.gain.clone())
    }
}
