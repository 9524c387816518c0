//! The frozen chain of layers: the forward pass, its stored activations, and an explicit backward pass.
//! [`Kernels`] abstracts a device's kernels.

use std::{collections::BTreeMap, time::Instant};

use burn::tensor::{Device as TensorDevice, Tensor};

use super::{FeatureGradient, Features, shape::Shape};
use crate::compute::{Padding, Pooling};
use crate::vgg::{Layer, Weights, weights::Convolution as HostConvolution};

/// The operations of a device. Pictures are `[H, W, C]` or `[1, C, H, W]`, depending on the kernels.
pub trait Kernels {
    /// The values of a picture; a clone shares them.
    type Values: Clone;
    /// A convolution's frozen weights, prepared for both directions.
    type Convolution;

    /// Prepare a layer's convolution. With `economy`, use as little memory as possible.
    fn prepare(&self, layer: Layer, host: HostConvolution, economy: bool) -> Self::Convolution;

    /// The values of a network input `[1, 3, H, W]`.
    fn input(&self, input: Tensor<4>) -> Self::Values;

    /// 3×3 convolution with stride 1, a padding of 1 (see [`padding_of`]), bias and ReLU; `shape` is the
    /// input's.
    fn forward(&self, convolution: &Self::Convolution, input: &Self::Values, shape: Shape) -> Self::Values;

    /// The gradient with respect to a convolution's input, from the gradient with respect to its output,
    /// masked to where the ReLU's output, the `mask`, is positive; `shape` is the output's. `None` masks
    /// nothing.
    fn backward(
        &self,
        convolution: &Self::Convolution,
        gradient: Self::Values,
        mask: Option<&Self::Values>,
        shape: Shape,
    ) -> Self::Values;

    /// 2×2 pooling with stride 2; incomplete windows are dropped.
    fn pool(&self, pooling: Pooling, input: &Self::Values, shape: Shape) -> Self::Values;

    /// The gradient with respect to the pooling's `input`, a ReLU's output; 0 where that is 0, which includes
    /// the ReLU's gradient. Max pooling routes it to the first maximum of a window, the others distribute it.
    fn unpool(
        &self,
        pooling: Pooling,
        input: &Self::Values,
        shape: Shape,
        gradient: Self::Values,
    ) -> Self::Values;

    /// Add a feature gradient at these features, a ReLU's output, to `gradient` or zeros. The result is 0
    /// where the features are 0, which includes the ReLU's gradient.
    fn add_gradient(
        &self,
        features: &Self::Values,
        shape: Shape,
        gradient: Option<Self::Values>,
        term: &FeatureGradient,
    ) -> Self::Values;

    /// A layer's output for the objective.
    fn features(&self, values: &Self::Values, shape: Shape) -> Features;

    /// The gradient with respect to the network input as a tensor `[1, 3, H, W]`.
    fn gradient(&self, values: Self::Values, shape: Shape) -> Tensor<4>;

    /// Release memory that only pictures of other sizes would reuse.
    fn release_unused_memory(&self) {}

    /// Choose the fastest way to compute convolutions of these inputs and numbers of output channels, if
    /// there is a choice.
    fn tune(&self, _convolutions: &[(Shape, usize)]) {}

    /// Description of how such a convolution is computed, for display, if there is a choice.
    fn choice(&self, _convolution: (Shape, usize)) -> Option<String> {
        None
    }
}

/// Seconds of a layer's convolution in both directions, and how each is computed if there is a choice.
#[derive(Clone, Debug)]
pub struct LayerTime {
    pub layer: Layer,
    pub forward: f64,
    pub backward: f64,
    pub choices: Option<[String; 2]>,
}

/// The padding of a layer's convolution: only the first one replicates the edge.
pub fn padding_of(layer: Layer, padding: Padding) -> Padding {
    match padding {
        Padding::Replicate if layer.index() > 0 => Padding::Zero,
        padding => padding,
    }
}

/// Factors of average and L2 pooling that bring their outputs to the scale of max pooling.
pub const AVERAGE_SCALE: f32 = 2.0;
pub const L2_SCALE: f32 = 0.78;

/// Number of measurements; the best one counts.
const TIMES: usize = 5;

/// The convolutions up to the deepest requested layer.
pub struct Chain<K: Kernels> {
    kernels: K,
    convolutions: Vec<K::Convolution>,
    pooling: Pooling,
    /// Checkpointing: keep only each stage's input from a forward pass, and recompute the stage.
    economy: bool,
}

/// A layer's output after its ReLU.
#[derive(Clone)]
struct LayerOutput<V> {
    values: V,
    shape: Shape,
}

/// Activations stored for the backward pass. A stage is the layers between two poolings. A clone shares the
/// values.
#[derive(Clone)]
pub struct ChainActivations<V> {
    /// Each stage's input; only the first stage's if all outputs are kept.
    inputs: Vec<(V, Shape)>,
    /// Every layer's output, shallow to deep; empty in economy.
    outputs: Vec<LayerOutput<V>>,
    deepest: Layer,
    /// Shape of the network input.
    input: Shape,
}

/// What to keep from a forward pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Outputs,
    Inputs,
    Nothing,
}

/// The layers of a stage, down to the deepest in use.
fn stage_layers(stage: usize, deepest: Layer) -> impl DoubleEndedIterator<Item = Layer> {
    Layer::ALL.into_iter().filter(move |layer| layer.block() == stage + 1 && *layer <= deepest)
}

/// Position of a stage's first layer.
fn first_of(stage: usize) -> usize {
    Layer::ALL.into_iter().filter(|layer| layer.block() <= stage).count()
}

impl<K: Kernels> Chain<K> {
    /// A chain without layers.
    pub fn new(kernels: K, economy: bool) -> Self {
        Self { kernels, convolutions: Vec::new(), pooling: Pooling::Max, economy }
    }

    /// Prepare the missing convolutions up to `deepest`.
    pub fn extend(&mut self, weights: &Weights, deepest: Layer) {
        for layer in Layer::ALL.into_iter().take(deepest.index() + 1).skip(self.convolutions.len()) {
            let host = weights.normalised_convolution(layer);
            self.convolutions.push(self.kernels.prepare(layer, host, self.economy));
        }
    }

    /// Set the pooling; returns whether it has changed, which invalidates the results of earlier forward
    /// passes.
    pub fn set_pooling(&mut self, pooling: Pooling) -> bool {
        std::mem::replace(&mut self.pooling, pooling) != pooling
    }

    /// The pooling.
    pub fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// See [`Kernels::release_unused_memory`].
    pub fn release_unused_memory(&self) {
        self.kernels.release_unused_memory();
    }

    /// Run the chain up to `deepest` on a network input `[1, 3, H, W]`, passing every layer's features to
    /// `each`.
    pub fn forward(
        &self,
        input: Tensor<4>,
        deepest: Layer,
        each: impl FnMut(Layer, &Features),
    ) -> ChainActivations<K::Values> {
        let keep = if self.economy { Keep::Inputs } else { Keep::Outputs };
        self.run(input, deepest, keep, each)
    }

    /// As [`Chain::forward`], without storing activations.
    pub fn infer(&self, input: Tensor<4>, deepest: Layer, each: impl FnMut(Layer, &Features)) {
        self.run(input, deepest, Keep::Nothing, each);
    }

    fn run(
        &self,
        input: Tensor<4>,
        deepest: Layer,
        keep: Keep,
        mut each: impl FnMut(Layer, &Features),
    ) -> ChainActivations<K::Values> {
        let [_, channels, height, width] = input.dims();
        let mut shape = Shape { height, width, channels };
        let mut input = self.kernels.input(input);
        let mut activations =
            ChainActivations { inputs: Vec::new(), outputs: Vec::new(), deepest, input: shape };
        for stage in 0..deepest.block() {
            if stage == 0 || keep == Keep::Inputs {
                activations.inputs.push((input.clone(), shape));
            }
            let mut last = None;
            self.stage(stage, deepest, input, shape, |layer, values, shape| {
                each(layer, &self.kernels.features(&values, shape));
                if keep == Keep::Outputs {
                    activations.outputs.push(LayerOutput { values: values.clone(), shape });
                }
                last = Some((values, shape));
            });
            match last {
                Some((values, before)) if stage + 1 < deepest.block() => {
                    input = self.kernels.pool(self.pooling, &values, before);
                    shape = before.pooled();
                }
                _ => break,
            }
        }
        activations
    }

    /// Run a stage's layers on its input.
    fn stage(
        &self,
        stage: usize,
        deepest: Layer,
        input: K::Values,
        mut shape: Shape,
        mut each: impl FnMut(Layer, K::Values, Shape),
    ) {
        let mut below = input;
        for layer in stage_layers(stage, deepest) {
            below = self.kernels.forward(&self.convolutions[layer.index()], &below, shape);
            shape.channels = layer.channels();
            each(layer, below.clone(), shape);
        }
    }

    /// Choose the fastest way to compute the convolutions of a picture of this shape, down to `deepest`, in
    /// both directions.
    pub fn tune(&self, (height, width): (usize, usize), deepest: Layer) {
        let mut shape = Shape { height, width, channels: 3 };
        let mut convolutions = Vec::new();
        for layer in Layer::ALL.into_iter().take(deepest.index() + 1) {
            if layer.after_pool() {
                shape = shape.pooled();
            }
            let before = shape;
            shape.channels = layer.channels();
            // The first convolution has its own kernels.
            if layer.index() > 0 {
                convolutions.extend([(before, shape.channels), (shape, before.channels)]);
            }
        }
        self.kernels.tune(&convolutions);
    }

    /// Time each convolution alone: the best of a few runs, synchronizing the device before and after each.
    pub fn time_layers(&self, input: Tensor<4>, deepest: Layer, device: &TensorDevice) -> Vec<LayerTime> {
        let time = |work: &dyn Fn()| {
            // If the device fails here, it will fail again where the error is handled.
            let finish = || drop(device.sync());
            work();
            finish();
            let once = |_| {
                let start = Instant::now();
                work();
                finish();
                start.elapsed().as_secs_f64()
            };
            (0..TIMES).map(once).fold(f64::INFINITY, f64::min)
        };
        let [_, channels, height, width] = input.dims();
        let mut shape = Shape { height, width, channels };
        let mut below = self.kernels.input(input);
        let mut times = Vec::new();
        for (layer, convolution) in Layer::ALL.into_iter().zip(&self.convolutions) {
            if layer > deepest {
                break;
            }
            if layer.after_pool() {
                below = self.kernels.pool(self.pooling, &below, shape);
                shape = shape.pooled();
            }
            let before = shape;
            shape.channels = layer.channels();
            let output = self.kernels.forward(convolution, &below, before);
            let forward = time(&|| drop(self.kernels.forward(convolution, &below, before)));
            let mut term = FeatureGradient::default();
            term.add_vector(Tensor::ones([shape.channels], device));
            let gradient = self.kernels.add_gradient(&output, shape, None, &term);
            let backward =
                time(&|| drop(self.kernels.backward(convolution, gradient.clone(), Some(&output), shape)));
            let choice = |shape, outputs| self.kernels.choice((shape, outputs));
            let choices = choice(before, shape.channels).zip(choice(shape, before.channels));
            times.push(LayerTime { layer, forward, backward, choices: choices.map(<[String; 2]>::from) });
            below = output;
        }
        times
    }

    /// Gradient `[1, 3, H, W]` with respect to the network input, from feature gradients at some layers;
    /// `None` if there are none.
    pub fn backward(
        &self,
        mut activations: ChainActivations<K::Values>,
        terms: &BTreeMap<Layer, FeatureGradient>,
    ) -> Option<Tensor<4>> {
        let deepest = activations.deepest;
        let mut gradient: Option<K::Values> = None;
        for stage in (0..deepest.block()).rev() {
            if gradient.is_none() && !stage_layers(stage, deepest).any(|layer| terms.contains_key(&layer)) {
                // No gradient at this depth.
                activations.outputs.truncate(first_of(stage));
                activations.inputs.truncate(stage.max(1));
                continue;
            }
            let mut outputs: Vec<LayerOutput<K::Values>> = Vec::new();
            if self.economy {
                if let Some((input, shape)) = activations.inputs.pop() {
                    self.stage(stage, deepest, input, shape, |_, values, shape| {
                        outputs.push(LayerOutput { values, shape });
                    });
                }
            } else {
                outputs = activations.outputs.split_off(first_of(stage));
            }
            let mut masked = false;
            if let (Some(above), Some(last)) = (gradient.take(), outputs.last()) {
                gradient = Some(self.kernels.unpool(self.pooling, &last.values, last.shape, above));
                masked = true;
            }
            for layer in stage_layers(stage, deepest).rev() {
                let Some(LayerOutput { values, shape }) = outputs.pop() else { break };
                if let Some(term) = terms.get(&layer) {
                    gradient = Some(self.kernels.add_gradient(&values, shape, gradient, term));
                    masked = true;
                }
                // If the gradient already includes the ReLU's, its output's memory can be reused for the
                // result.
                let mask = (!masked).then_some(values);
                masked = false;
                gradient = gradient.map(|above| {
                    self.kernels.backward(&self.convolutions[layer.index()], above, mask.as_ref(), shape)
                });
            }
        }
        let shape = activations.input;
        gradient.map(|values| self.kernels.gradient(values, shape))
    }
}
