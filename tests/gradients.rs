//! Every analytic gradient against finite differences, and each layer's forward and backward pass on a graphics adapter
//! against the CPU.

mod common;

use std::{collections::BTreeMap, sync::Arc};

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};
use common::{Reference, adapter, cpu, reference_run, relative_error};
use impasto::{
    compute::{self, Features, Network},
    objective::smoothness_gradient,
    settings::{Objective, Settings},
    vgg::{Layer, Weights},
};

/// Deterministic values in (-1, 1).
fn values(count: usize, salt: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i + 97 * salt).wrapping_mul(2_654_435_761) >> 8 & 0xffff) as f32 / 32768.0 - 1.0)
        .collect()
}

fn tensor(shape: [usize; 4], salt: usize) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values(shape.iter().product(), salt), shape), &TensorDevice::flex())
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// Compares a gradient with the central difference along a direction. For quadratic and quartic terms in f32 a step of
/// 1e-2 balances rounding against curvature.
fn check(what: &str, x: &Tensor<4>, gradient: Tensor<4>, value: impl Fn(Tensor<4>) -> f32, tolerance: f64) {
    let step = 1e-2_f32;
    for salt in [3, 5] {
        let direction = tensor(x.dims(), salt);
        let along = host((gradient.clone() * direction.clone()).sum())[0];
        let ahead = value(x.clone() + direction.clone() * step);
        let behind = value(x.clone() - direction * step);
        let difference = (f64::from(ahead) - f64::from(behind)) / (2.0 * f64::from(step));
        let error = ((difference - f64::from(along)) / difference).abs();
        assert!(error < tolerance, "{what}: {along} but differences say {difference}");
    }
}

#[test]
fn content_agrees_with_finite_differences() {
    let (x, target) = (tensor([1, 5, 7, 6], 1), Features::Tensor(tensor([1, 5, 7, 6], 2)));
    let distance = |x: Tensor<4>| host(Features::Tensor(x).distance_gradient(&target).0)[0];
    let (_, gradient) = Features::Tensor(x.clone()).distance_gradient(&target);
    check("content", &x, gradient.into_tensor(), distance, 1e-3);
}

#[test]
fn style_agrees_with_finite_differences() {
    let gram = |x: Tensor<4>| Features::Tensor(x).gram();
    let (x, target) = (tensor([1, 6, 9, 7], 1), gram(tensor([1, 6, 5, 8], 2)));
    let distance = |x: Tensor<4>| host((gram(x) - target.clone()).square().sum())[0];
    let gradient = Features::Tensor(x.clone()).gram_gradient(gram(x.clone()) - target.clone());
    check("style", &x, gradient.into_tensor(), distance, 2e-3);
}

/// The CPU's own matrices against burn's operations.
#[test]
fn both_forms_of_features_agree() {
    let weights = Weights::bundled().unwrap();
    let layer: Layer = "relu2_2".parse().unwrap();
    let device = TensorDevice::flex();
    let image = |salt| tensor([1, 3, 21, 34], salt) * 0.5 + 0.5;
    let both = |salt| {
        [Network::new(&weights, layer, &device), Network::portable(&weights, layer, &device)]
            .map(|network| network.forward(image(salt), layer).features(layer))
    };
    let ([a_host, a], [b_host, b]) = (both(1), both(2));
    assert!(matches!((&a_host, &a), (Features::Host { .. }, Features::Tensor(_))));
    let error = |found: Tensor<4>, expected: Tensor<4>| relative_error(&host(found), &host(expected));
    assert!(error(a_host.clone().into_tensor(), a.clone().into_tensor()) < 1e-5);
    assert!(relative_error(&host(a_host.gram()), &host(a.gram())) < 1e-5);
    assert!(((a_host.energy() - a.energy()) / a.energy()).abs() < 1e-5);
    let (value_host, gradient_host) = a_host.distance_gradient(&b_host);
    let (value, gradient) = a.distance_gradient(&b);
    assert!(relative_error(&host(value_host), &host(value)) < 1e-5);
    assert!(error(gradient_host.clone().into_tensor(), gradient.clone().into_tensor()) < 1e-5);
    let difference = a.gram() - b.gram();
    let style_host = a_host.gram_gradient(difference.clone());
    let style = a.gram_gradient(difference);
    let sum_host = style_host.scaled(0.5).plus(gradient_host);
    assert!(error(sum_host.into_tensor(), style.scaled(0.5).plus(gradient).into_tensor()) < 1e-5);
}

#[test]
fn smoothness_agrees_with_finite_differences() {
    let x = tensor([1, 3, 8, 5], 1);
    let (_, gradient) = smoothness_gradient(&x);
    check("smoothness", &x, gradient, |x| host(smoothness_gradient(&x).0)[0], 1e-3);
}

#[test]
fn a_gram_matrix_computed_by_hand() {
    // Two channels over 1×3 positions: (1, 2, 3) and (0, −1, 2).
    let features = Tensor::<4>::from_data(
        TensorData::new(vec![1.0_f32, 2.0, 3.0, 0.0, -1.0, 2.0], [1, 2, 1, 3]),
        &TensorDevice::flex(),
    );
    let found = host(Features::Tensor(features).gram());
    let expected = [14.0 / 3.0, 4.0 / 3.0, 4.0 / 3.0, 5.0 / 3.0];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6);
    }
}

/// The whole objective through the real network: the directional derivative along a smooth direction. ReLU and pooling
/// kinks limit how well differences in f32 can agree.
#[test]
fn the_whole_objective_agrees_with_finite_differences() {
    let reference = Reference::load();
    let weights = Arc::new(Weights::bundled().unwrap());
    for &objective in Objective::ALL {
        let mut settings = Settings::for_objective(objective);
        settings.smoothness_weight = 0.5;
        settings.content_layers.set("relu3_2".parse().unwrap(), 0.3);
        settings.style_layers.set("relu2_2".parse().unwrap(), 0.8);
        let mut run = reference_run(&cpu(), &reference, &weights, &settings);
        let variable = run.variable().unwrap();
        let (gradient, _) = run.gradient().unwrap();
        // Along the gradient itself the change is large against rounding.
        let norm = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let step = 0.02;
        let mut at = |sign: f64| {
            let moved = variable.iter().zip(&gradient);
            run.set_variable(moved.map(|(x, g)| x + (sign * step * f64::from(*g) / norm) as f32).collect());
            run.gradient().unwrap().1.total
        };
        let difference = (at(1.0) - at(-1.0)) / (2.0 * step);
        let error = ((difference - norm) / norm).abs();
        assert!(error < 5e-3, "{objective}: {norm} but differences say {difference}");
    }
}

/// Forward to each layer and back from it alone, on an adapter and on the CPU.
#[test]
fn every_layer_on_an_adapter_agrees_with_the_cpu() {
    let Some(device) = adapter() else { return };
    let weights = Weights::bundled().unwrap();
    let (deepest, shape) = (Layer::ALL[15], [1, 3, 35, 50]);
    let pixels: Vec<f32> = values(3 * 35 * 50, 7).iter().map(|v| v * 0.5 + 0.5).collect();
    let run = |device: &TensorDevice| {
        let network = Network::new(&weights, deepest, device);
        let image = Tensor::from_data(TensorData::new(pixels.clone(), shape), device);
        Layer::ALL.map(|layer| {
            let activations = network.forward(image.clone(), layer);
            let features = activations.features(layer);
            let ones = features.same_form(features.clone().into_tensor().ones_like());
            let back = network.backward(activations, BTreeMap::from([(layer, ones)])).unwrap();
            (host(features.into_tensor()), host(back))
        })
    };
    let (found, expected) = (run(&device.tensor), run(&cpu().tensor));
    for (layer, (found, expected)) in Layer::ALL.iter().zip(found.iter().zip(&expected)) {
        let forward = relative_error(&found.0, &expected.0);
        let backward = relative_error(&found.1, &expected.1);
        println!("{layer}: forward {forward:.1e}, backward {backward:.1e}");
        assert!(forward < 1e-5, "{layer}: forward differs by {forward:.2e}");
        // One unit whose pre-activation rounds to the other side of 0 shows here and nowhere else.
        assert!(backward < 2e-3, "{layer}: backward differs by {backward:.2e}");
    }
}

/// The CPU's kernels against burn's operations, forward to each layer and back from it alone.
#[test]
fn every_layer_on_the_cpus_kernels_agrees_with_burns_operations() {
    let weights = Weights::bundled().unwrap();
    let (deepest, shape) = (Layer::ALL[15], [1, 3, 53, 38]);
    let pixels: Vec<f32> = values(3 * 53 * 38, 7).iter().map(|v| v * 0.5 + 0.5).collect();
    let device = TensorDevice::flex();
    let run = |network: Network| {
        let image = Tensor::from_data(TensorData::new(pixels.clone(), shape), &device);
        Layer::ALL.map(|layer| {
            let activations = network.forward(image.clone(), layer);
            let features = activations.features(layer);
            let ones = features.same_form(features.clone().into_tensor().ones_like());
            let back = network.backward(activations, BTreeMap::from([(layer, ones)])).unwrap();
            (host(features.into_tensor()), host(back))
        })
    };
    let found = run(Network::new(&weights, deepest, &device));
    let expected = run(Network::portable(&weights, deepest, &device));
    for (layer, (found, expected)) in Layer::ALL.iter().zip(found.iter().zip(&expected)) {
        let forward = relative_error(&found.0, &expected.0);
        let backward = relative_error(&found.1, &expected.1);
        println!("{layer}: forward {forward:.1e}, backward {backward:.1e}");
        assert!(forward < 2e-5, "{layer}: forward differs by {forward:.2e}");
        // One unit whose pre-activation rounds to the other side of 0 shows here and nowhere else.
        assert!(backward < 5e-3, "{layer}: backward differs by {backward:.2e}");
    }
}

#[test]
fn the_self_check_passes_on_what_is_there() {
    compute::self_check(&cpu().tensor).unwrap();
    if let Some(device) = adapter() {
        compute::self_check(&device.tensor).unwrap();
    }
}
