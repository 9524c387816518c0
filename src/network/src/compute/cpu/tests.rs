//! Compare the kernels with the direct sum in f64.

use super::{
    buffer::BufferPool,
    first::FirstConvolution,
    isa::Isa,
    pool,
    winograd::{Edge, Winograd},
};
use crate::compute::shape::Shape;
use crate::compute::{Padding, Pooling};

fn values(count: usize, salt: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i + 31 * salt).wrapping_mul(2_654_435_761) >> 9 & 0xffff) as f32 / 32768.0 - 1.0)
        .collect()
}

/// The position that a tap reads; `None` for zero padding.
fn source(position: usize, tap: usize, length: usize, padding: Padding) -> Option<usize> {
    match (position + tap).checked_sub(1).filter(|&at| at < length) {
        None if padding == Padding::Circular => Some((position + tap + length - 1) % length),
        None if padding == Padding::Replicate => Some(position),
        inside => inside,
    }
}

/// The direct sum in f64.
fn direct(
    padding: Padding,
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
                        let (Some(sy), Some(sx)) =
                            (source(y, ky, height, padding), source(x, kx, width, padding))
                        else {
                            continue;
                        };
                        for i in 0..inputs {
                            let w = weight[((o * inputs + i) * 3 + ky) * 3 + kx];
                            sum += f64::from(w) * f64::from(input[(sy * width + sx) * inputs + i]);
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
        for (height, width, inputs, outputs, padding) in [
            (1, 1, 16, 16, Padding::Zero),
            (1, 9, 16, 48, Padding::Zero),
            (4, 4, 32, 16, Padding::Zero),
            (5, 7, 64, 64, Padding::Zero),
            (13, 6, 64, 128, Padding::Zero),
            (19, 33, 128, 64, Padding::Zero),
            (1, 1, 16, 16, Padding::Circular),
            (2, 9, 16, 48, Padding::Circular),
            (5, 7, 64, 64, Padding::Circular),
            (8, 16, 32, 16, Padding::Circular),
        ] {
            let wrap = padding == Padding::Circular;
            let input = values(height * width * inputs, 1);
            let weight = values(outputs * inputs * 9, 2);
            let kernel = |o: usize, i: usize| std::array::from_fn(|k| weight[(o * inputs + i) * 9 + k]);
            let memory = BufferPool::default();
            let winograd = Winograd::new(isa, inputs, outputs, false, wrap, kernel);
            let bias = vec![0.25; outputs];
            let found = winograd.convolve(&input, height, width, Edge::BiasRelu(&bias), &mut [], &memory);
            let sparing = Winograd::new(isa, inputs, outputs, true, wrap, kernel);
            let mut scratch = vec![f32::NAN; sparing.transformed_len()];
            let edge = Edge::BiasRelu(&bias);
            assert_eq!(*found, *sparing.convolve(&input, height, width, edge, &mut scratch, &memory));
            let expected = direct(padding, &input, (height, width), inputs, &weight, outputs);
            let (mut difference, mut norm) = (0.0, 0.0);
            for (found, expected) in found.iter().zip(&expected) {
                let expected = (expected + 0.25).max(0.0);
                difference += (f64::from(*found) - expected).powi(2);
                norm += expected * expected;
            }
            let error = (difference / norm).sqrt();
            assert!(error < 1e-5, "{isa:?} {padding} {height}×{width}×{inputs}→{outputs}: {error:.1e}");
            // Backward: the input is masked.
            let mask = values(height * width * inputs, 3);
            let masked: Vec<f32> =
                input.iter().zip(&mask).map(|(v, m)| if *m > 0.0 { *v } else { 0.0 }).collect();
            let found = winograd.convolve(&input, height, width, Edge::Mask(Some(&mask)), &mut [], &memory);
            let expected = direct(padding, &masked, (height, width), inputs, &weight, outputs);
            let worst =
                found.iter().zip(&expected).map(|(f, e)| (f64::from(*f) - e).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-3, "{isa:?} {height}×{width} masked: {worst:.1e}");
        }
    }
}

#[test]
fn large_weights_use_shared_tiles_and_agree() {
    let (height, width, inputs, outputs) = (18, 70, 256, 160);
    let input = values(height * width * inputs, 1);
    let weight = values(outputs * inputs * 9, 2);
    let kernel = |o: usize, i: usize| std::array::from_fn(|k| weight[(o * inputs + i) * 9 + k]);
    let winograd = Winograd::new(Isa::detected(), inputs, outputs, false, false, kernel);
    let edge = Edge::BiasRelu(&[0.0; 160]);
    let found = winograd.convolve(&input, height, width, edge, &mut [], &BufferPool::default());
    let expected = direct(Padding::Zero, &input, (height, width), inputs, &weight, outputs);
    let worst =
        found.iter().zip(&expected).map(|(f, e)| (f64::from(*f) - e.max(0.0)).abs()).fold(0.0, f64::max);
    assert!(worst < 2e-3, "{worst:.1e}");
}

/// The backward pass distributes each output's gradient to the inputs that contributed to it.
#[test]
fn the_first_convolution_agrees_with_the_direct_sum_both_ways() {
    for (height, width, outputs) in [(7, 10, 64), (1, 1, 16), (2, 3, 16), (70, 5, 16), (3, 101, 32)] {
        let shape = Shape { height, width, channels: 3 };
        let image = values(shape.len(), 1);
        let weight = values(outputs * 27, 2);
        let bias = vec![0.1; outputs];
        let (gradient, mask) = (values(height * width * outputs, 3), values(height * width * outputs, 4));
        for &padding in Padding::ALL {
            let expected = direct(padding, &image, (height, width), 3, &weight, outputs);
            for masked in [false, true] {
                let mut back = vec![0.0; shape.len()];
                for (y, x, o) in (0..height)
                    .flat_map(|y| (0..width).flat_map(move |x| (0..outputs).map(move |o| (y, x, o))))
                {
                    let at = (y * width + x) * outputs + o;
                    if masked && mask[at] <= 0.0 {
                        continue;
                    }
                    for (tap, channel) in (0..9).flat_map(|tap| (0..3).map(move |channel| (tap, channel))) {
                        let (row, column) =
                            (source(y, tap / 3, height, padding), source(x, tap % 3, width, padding));
                        if let (Some(row), Some(column)) = (row, column) {
                            back[(row * width + column) * 3 + channel] +=
                                f64::from(weight[(o * 3 + channel) * 9 + tap]) * f64::from(gradient[at]);
                        }
                    }
                }
                for isa in Isa::available() {
                    let first = FirstConvolution::new(isa, &weight, padding);
                    let found = first.forward(&image, shape, &bias, &BufferPool::default());
                    for (found, expected) in found.iter().zip(&expected) {
                        assert!((f64::from(*found) - (expected + 0.1).max(0.0)).abs() < 1e-4);
                    }
                    let mask = masked.then_some(&*mask);
                    let found = first.backward(&gradient, mask, shape, &BufferPool::default());
                    for (found, expected) in found.iter().zip(&back) {
                        let error = (f64::from(*found) - expected).abs();
                        assert!(error < 1e-4, "{isa:?} {padding} {height}×{width}: {error:.1e}");
                    }
                }
            }
        }
    }
}

#[test]
fn pooling_masks_the_gradient_where_the_relu_is_zero() {
    let shape = Shape { height: 2, width: 2, channels: 2 };
    // The first channel is 0 everywhere.
    let input = [0.0, 1.0, 0.0, 3.0, 0.0, 2.0, 0.0, 0.0];
    let back = |pooling| pool::backward(pooling, &input, shape, &[5.0, 7.0], &BufferPool::default());
    assert_eq!(*back(Pooling::Max), [0.0, 0.0, 0.0, 7.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(*back(Pooling::Average), [0.0, 3.5, 0.0, 3.5, 0.0, 3.5, 0.0, 0.0]);
    assert_eq!(
        back(Pooling::L2)[..4],
        [0.0, 0.78 * 7.0 / 14_f32.sqrt(), 0.0, 3.0 * (0.78 * 7.0 / 14_f32.sqrt())]
    );
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
    assert_eq!(*pool::forward(Pooling::Max, &input, shape, &BufferPool::default()), [5.0, 2.0]);
    let back = pool::backward(Pooling::Max, &input, shape, &[10.0, 20.0], &BufferPool::default());
    #[rustfmt::skip]
    assert_eq!(*back, [
        0.0, 10.0, 20.0, 0.0, 0.0,
        0.0,  0.0,  0.0, 0.0, 0.0,
        0.0,  0.0,  0.0, 0.0, 0.0,
    ]);
}

/// Compare with the definition in f64 and with finite differences, at sizes with incomplete windows.
#[test]
fn average_and_l2_pooling_agree_with_their_definitions_and_with_finite_differences() {
    let shape = Shape { height: 7, width: 9, channels: 3 };
    // As after a ReLU: some windows are all 0.
    let input: Vec<f32> = values(shape.len(), 1).iter().map(|v| if *v > 0.3 { *v } else { 0.0 }).collect();
    let gradient = values(shape.pooled().len(), 2);
    let window = |y: usize, x: usize, c: usize| -> [usize; 4] {
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(dy, dx)| ((2 * y + dy) * shape.width + 2 * x + dx) * 3 + c)
    };
    for pooling in [Pooling::Average, Pooling::L2] {
        let value = |window: [f64; 4]| match pooling {
            Pooling::Average => 2.0 * window.iter().sum::<f64>() / 4.0,
            _ => 0.78 * window.iter().map(|v| v * v).sum::<f64>().sqrt(),
        };
        let found = pool::forward(pooling, &input, shape, &BufferPool::default());
        let back = pool::backward(pooling, &input, shape, &gradient, &BufferPool::default());
        let mut expected = vec![0.0; shape.len()];
        for (at, &gradient) in gradient.iter().enumerate() {
            let (position, c) = (at / 3, at % 3);
            let places = window(position / (shape.width / 2), position % (shape.width / 2), c);
            let inputs = places.map(|place| f64::from(input[place]));
            assert!((f64::from(found[at]) - value(inputs)).abs() < 1e-6, "{pooling} {at}");
            for (i, place) in places.into_iter().enumerate() {
                if inputs[i] > 0.0 {
                    let shifted = |by: f64| {
                        let mut shifted = inputs;
                        shifted[i] += by;
                        value(shifted)
                    };
                    expected[place] = f64::from(gradient) * (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
                }
            }
        }
        for (found, expected) in back.iter().zip(&expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{pooling}: {found} {expected}");
        }
    }
}
