//! The frozen chain on the CPU: forward and backward through whatever layers are in use.

use std::sync::Arc;

use super::{
    first::First,
    kernel::Isa,
    matrix::HostFeatures,
    pool,
    winograd::{Edge, Shape, Winograd},
};
use crate::vgg::{Layer, Weights};

struct Convolution {
    kind: Kind,
    bias: Vec<f32>,
}

enum Kind {
    First(First),
    Both { forward: Winograd, backward: Winograd },
}

/// Convolutions with their weights transformed once, up to the deepest layer that was asked for.
#[derive(Default)]
pub struct CpuChain {
    convolutions: Vec<Convolution>,
}

/// A layer's output after its ReLU.
#[derive(Clone)]
pub struct CpuOutput {
    pub height: usize,
    pub width: usize,
    pub features: HostFeatures,
}

impl CpuOutput {
    fn shape(&self) -> Shape {
        Shape { height: self.height, width: self.width, channels: self.features.channels }
    }
}

/// Every layer's output, shallow to deep.
pub struct CpuActivations {
    outputs: Vec<CpuOutput>,
}

impl CpuActivations {
    pub fn new(outputs: Vec<CpuOutput>) -> Self {
        Self { outputs }
    }

    pub fn output(&self, layer: Layer) -> &CpuOutput {
        &self.outputs[layer.index()]
    }
}

impl CpuChain {
    /// Transforms what is missing up to `deepest`.
    pub fn extend(&mut self, weights: &Weights, deepest: Layer) {
        let isa = Isa::detected();
        for layer in Layer::ALL.into_iter().take(deepest.index() + 1).skip(self.convolutions.len()) {
            let host = weights.normalised_convolution(layer);
            let (inputs, outputs) = (layer.input_channels(), layer.channels());
            let kernel = |output: usize, input: usize| -> [f32; 9] {
                let at = (output * inputs + input) * 9;
                std::array::from_fn(|i| host.weight[at + i])
            };
            let kind = match layer.index() {
                0 => Kind::First(First::new(isa, &host.weight)),
                _ => Kind::Both {
                    forward: Winograd::new(isa, inputs, outputs, kernel),
                    // The gradient with respect to the input is a convolution with the kernels turned and the channels
                    // swapped: W'[ci, co, kh, kw] = W[co, ci, 2−kh, 2−kw].
                    backward: Winograd::new(isa, outputs, inputs, |output, input| {
                        let mut turned = kernel(input, output);
                        turned.reverse();
                        turned
                    }),
                },
            };
            self.convolutions.push(Convolution { kind, bias: host.bias });
        }
    }

    /// Runs the chain up to `deepest` on a network input `[H, W, 3]`; `each` gets every layer's output.
    pub fn forward(
        &self,
        input: &[f32],
        height: usize,
        width: usize,
        deepest: Layer,
        mut each: impl FnMut(Layer, CpuOutput),
    ) {
        let mut shape = Shape { height, width, channels: 3 };
        let mut before: Option<Arc<Vec<f32>>> = None;
        for (layer, convolution) in Layer::ALL.into_iter().zip(&self.convolutions).take(deepest.index() + 1) {
            let pooled;
            let below: &[f32] = match &before {
                None => input,
                Some(values) if layer.after_pool() => {
                    pooled = pool::forward(values, shape);
                    shape = Shape { height: shape.height / 2, width: shape.width / 2, ..shape };
                    &pooled
                }
                Some(values) => values,
            };
            let values = match &convolution.kind {
                Kind::First(first) => first.forward(below, shape, &convolution.bias),
                Kind::Both { forward, .. } => {
                    forward.convolve(below, shape.height, shape.width, Edge::BiasRelu(&convolution.bias))
                }
            };
            shape.channels = layer.channels();
            let values = Arc::new(values);
            let features = HostFeatures { values: Arc::clone(&values), channels: shape.channels };
            each(layer, CpuOutput { height: shape.height, width: shape.width, features });
            before = Some(values);
        }
    }

    /// Gradient `[H, W, 3]` with respect to the network input; `take` hands over the gradient that a layer's features
    /// have of their own, if any. `None` when no layer has one.
    pub fn backward(
        &self,
        mut activations: CpuActivations,
        mut take: impl FnMut(Layer) -> Option<HostFeatures>,
    ) -> Option<Vec<f32>> {
        let mut gradient: Option<HostFeatures> = None;
        while let Some(output) = activations.outputs.pop() {
            let layer = Layer::ALL[activations.outputs.len()];
            gradient = match (gradient, take(layer)) {
                (Some(above), Some(here)) => Some(above.plus(&here)),
                (above, here) => above.or(here),
            };
            let Some(above) = gradient.take() else { continue };
            let shape = output.shape();
            let mask = &output.features.values;
            let (values, channels) = match &self.convolutions[layer.index()].kind {
                Kind::First(first) => (first.backward(&above.values, mask, shape), 3),
                Kind::Both { backward, .. } => {
                    let below = backward.convolve(&above.values, shape.height, shape.width, Edge::Mask(mask));
                    let values = match activations.outputs.last() {
                        Some(input) if layer.after_pool() => {
                            pool::backward(&input.features.values, input.shape(), &below)
                        }
                        _ => below,
                    };
                    (values, layer.input_channels())
                }
            };
            gradient = Some(HostFeatures { values: Arc::new(values), channels });
        }
        gradient.map(|gradient| Arc::unwrap_or_clone(gradient.values))
    }
}

#[cfg(all(test, feature = "bundled-weights"))]
mod tests {
    use super::*;

    fn values(count: usize, salt: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i + 31 * salt).wrapping_mul(2_654_435_761) >> 9 & 0xffff) as f32 / 32768.0 - 1.0)
            .collect()
    }

    /// The direct sum in f64.
    fn direct(
        input: &[f32],
        (height, width): (usize, usize),
        inputs: usize,
        weight: &[f32],
        outputs: usize,
    ) -> Vec<f64> {
        let mut out = vec![0.0; height * width * outputs];
        for y in 0..height {
            for x in 0..width {
                for o in 0..outputs {
                    let mut sum = 0.0;
                    for ky in 0..3 {
                        for kx in 0..3 {
                            let (sy, sx) = (y + ky, x + kx);
                            if !(1..=height).contains(&sy) || !(1..=width).contains(&sx) {
                                continue;
                            }
                            for i in 0..inputs {
                                let w = weight[((o * inputs + i) * 3 + ky) * 3 + kx];
                                sum +=
                                    f64::from(w) * f64::from(input[((sy - 1) * width + sx - 1) * inputs + i]);
                            }
                        }
                    }
                    out[(y * width + x) * outputs + o] = sum;
                }
            }
        }
        out
    }

    #[test]
    fn winograd_agrees_with_the_direct_sum_at_odd_sizes_on_every_instruction_set() {
        for isa in Isa::available() {
            for (height, width, inputs, outputs) in [
                (1, 1, 16, 16),
                (1, 9, 16, 48),
                (4, 4, 32, 16),
                (5, 7, 64, 64),
                (13, 6, 64, 128),
                (19, 33, 128, 64),
            ] {
                let input = values(height * width * inputs, 1);
                let weight = values(outputs * inputs * 9, 2);
                let kernel = |o: usize, i: usize| std::array::from_fn(|k| weight[(o * inputs + i) * 9 + k]);
                let winograd = Winograd::new(isa, inputs, outputs, kernel);
                let bias = vec![0.25; outputs];
                let found = winograd.convolve(&input, height, width, Edge::BiasRelu(&bias));
                let expected = direct(&input, (height, width), inputs, &weight, outputs);
                let (mut difference, mut norm) = (0.0, 0.0);
                for (found, expected) in found.iter().zip(&expected) {
                    let expected = (expected + 0.25).max(0.0);
                    difference += (f64::from(*found) - expected).powi(2);
                    norm += expected * expected;
                }
                let error = (difference / norm).sqrt();
                assert!(error < 1e-5, "{isa:?} {height}×{width}×{inputs}→{outputs}: {error:.1e}");
                // Backward: the input is masked.
                let mask = values(height * width * inputs, 3);
                let masked: Vec<f32> =
                    input.iter().zip(&mask).map(|(v, m)| if *m > 0.0 { *v } else { 0.0 }).collect();
                let found = winograd.convolve(&input, height, width, Edge::Mask(&mask));
                let expected = direct(&masked, (height, width), inputs, &weight, outputs);
                let worst =
                    found.iter().zip(&expected).map(|(f, e)| (f64::from(*f) - e).abs()).fold(0.0, f64::max);
                assert!(worst < 1e-3, "{isa:?} {height}×{width} masked: {worst:.1e}");
            }
        }
    }

    #[test]
    fn large_weights_take_the_other_way_through_the_work_and_agree() {
        let (height, width, inputs, outputs) = (18, 70, 256, 160);
        let input = values(height * width * inputs, 1);
        let weight = values(outputs * inputs * 9, 2);
        let kernel = |o: usize, i: usize| std::array::from_fn(|k| weight[(o * inputs + i) * 9 + k]);
        let winograd = Winograd::new(Isa::detected(), inputs, outputs, kernel);
        let found = winograd.convolve(&input, height, width, Edge::BiasRelu(&vec![0.0; outputs]));
        let expected = direct(&input, (height, width), inputs, &weight, outputs);
        let worst =
            found.iter().zip(&expected).map(|(f, e)| (f64::from(*f) - e.max(0.0)).abs()).fold(0.0, f64::max);
        assert!(worst < 2e-3, "{worst:.1e}");
    }

    #[test]
    fn the_first_convolution_agrees_with_the_direct_sum_both_ways() {
        let (height, width, outputs) = (7, 10, 64);
        let shape = Shape { height, width, channels: 3 };
        let image = values(shape.len(), 1);
        let weight = values(outputs * 27, 2);
        let bias = vec![0.1; outputs];
        for isa in Isa::available() {
            let first = First::new(isa, &weight);
            let found = first.forward(&image, shape, &bias);
            let expected = direct(&image, (height, width), 3, &weight, outputs);
            for (found, expected) in found.iter().zip(&expected) {
                assert!((f64::from(*found) - (expected + 0.1).max(0.0)).abs() < 1e-4);
            }
            let (gradient, mask) = (values(height * width * outputs, 3), values(height * width * outputs, 4));
            let masked: Vec<f32> =
                gradient.iter().zip(&mask).map(|(v, m)| if *m > 0.0 { *v } else { 0.0 }).collect();
            let mut turned = vec![0.0; weight.len()];
            for o in 0..outputs {
                for i in 0..3 {
                    for k in 0..9 {
                        turned[(i * outputs + o) * 9 + 8 - k] = weight[(o * 3 + i) * 9 + k];
                    }
                }
            }
            let found = first.backward(&gradient, &mask, shape);
            let expected = direct(&masked, (height, width), outputs, &turned, 3);
            for (found, expected) in found.iter().zip(&expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn pooling_takes_the_first_of_equal_maxima_and_drops_incomplete_windows() {
        let shape = Shape { height: 3, width: 5, channels: 1 };
        #[rustfmt::skip]
        let input = [
            1.0, 5.0, 2.0, 2.0, 9.0,
            5.0, 0.0, 2.0, 1.0, 9.0,
            7.0, 7.0, 7.0, 7.0, 7.0,
        ];
        assert_eq!(pool::forward(&input, shape), [5.0, 2.0]);
        let back = pool::backward(&input, shape, &[10.0, 20.0]);
        #[rustfmt::skip]
        assert_eq!(back, [
            0.0, 10.0, 20.0, 0.0, 0.0,
            0.0,  0.0,  0.0, 0.0, 0.0,
            0.0,  0.0,  0.0, 0.0, 0.0,
        ]);
    }
}
