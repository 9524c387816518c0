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

/// How a network computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkOptions {
    /// Hold as little memory as possible.
    pub economy: bool,
    /// What lies outside of the picture. With zeros its frame is painted as if the training pictures' mean
    /// colour lay behind.
    pub padding: Padding,
    /// See [`super::fast_precision`]: where that fails it is full.
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

/// What a forward pass leaves for the backward pass. A clone shares the values, for a further backward pass.
#[derive(Clone)]
pub struct Activations(Kept);

#[derive(Clone)]
enum Kept {
    Portable(chain::Activations<<PortableKernels as Kernels>::Values>),
    Cpu(chain::Activations<<CpuKernels as Kernels>::Values>),
    Gpu(chain::Activations<<GpuKernels as Kernels>::Values>),
}

/// The same expression for whatever kernels the network has.
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
    /// Prepares the convolutions up to `deepest` on burn's operations alone, on any device: the reference for
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

    /// On an adapter's own kernels, with features stored like that, and with these matrix units.
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

    /// Prepares what is missing up to `deepest`.
    pub fn extend(&mut self, weights: &Weights, deepest: Layer) {
        with_chain!(&mut self.form, chain => chain.extend(weights, deepest));
    }

    /// Set the pooling, initially by maxima; returns whether that is a change. If so, earlier features belong
    /// to a different network.
    pub fn set_pooling(&mut self, pooling: Pooling) -> bool {
        with_chain!(&mut self.form, chain => chain.set_pooling(pooling))
    }

    /// How the network pools.
    pub fn pooling(&self) -> Pooling {
        with_chain!(&self.form, chain => chain.pooling())
    }

    /// Release memory that only pictures of other sizes would reuse.
    pub fn forget_sizes(&self) {
        with_chain!(&self.form, chain => chain.forget_sizes());
    }

    /// Choose the fastest way to compute the convolutions of an image `[1, 3, H, W]` of this shape: a
    /// graphics adapter measures it, for at most a tenth of a second, and caches the result in the user's
    /// cache folder.
    pub fn tune(&self, image: &Tensor<4>, deepest: Layer) {
        let [_, _, height, width] = image.dims();
        with_chain!(&self.form, chain => chain.tune((height, width), deepest));
    }

    /// Runs the network up to `deepest` on an RGB image `[1, 3, H, W]` in 0 to 1; `each` gets every layer's
    /// features, shallow to deep.
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
            Form::Portable(chain) => Kept::Portable(chain.forward(input, deepest, each)),
            Form::Cpu(chain) => Kept::Cpu(chain.forward(input, deepest, each)),
            Form::Gpu(chain) => Kept::Gpu(chain.forward(input, deepest, each)),
        })
    }

    /// Features of these layers alone, shallow to deep; what lies between is not kept.
    ///
    /// # Panics
    ///
    /// As [`Network::forward`].
    pub fn features(&self, image: Tensor<4>, layers: &[Layer]) -> Vec<(Layer, Features)> {
        let Some(&deepest) = layers.iter().max() else { return Vec::new() };
        let mut wanted = Vec::new();
        let input = self.normalised(image);
        with_chain!(&self.form, chain => chain.look(input, deepest, |layer, features| {
            if layers.contains(&layer) {
                wanted.push((layer, features.clone()));
            }
        }));
        wanted
    }

    /// Times each convolution up to `deepest` alone, on what an image `[1, 3, H, W]` brings it.
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
            (Form::Portable(chain), Kept::Portable(activations)) => chain.backward(activations, terms),
            (Form::Cpu(chain), Kept::Cpu(activations)) => chain.backward(activations, terms),
            (Form::Gpu(chain), Kept::Gpu(activations)) => chain.backward(activations, terms),
            _ => panic!("activations come from this network's forward pass"),
        };
        gradient.map(|gradient| gradient * self.gain.clone())
    }
}
