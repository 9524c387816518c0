//! Every analytic gradient against finite differences, and each layer's forward and backward pass on a
//! graphics adapter against the CPU.

use std::{collections::BTreeMap, sync::Arc};

use crate::common::{Reference, adapter, cpu, reference_run, relative_error, slope_along_gradient};
use burn::tensor::{Device as TensorDevice, Tensor, TensorData};
use impasto_core::{
    objective::smoothness_gradient,
    settings::{Objective, Padding, Pooling, Precision, Settings, Smoothness},
};
use impasto_network::{
    compute::{
        self, FeatureGradient, Features, Iterate, KernelChoice, Network, NetworkOptions, Update,
        fast_precision,
    },
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

/// Compares a gradient with the central difference along a direction. For quadratic and quartic terms in f32
/// a step of 1e-2 balances rounding against curvature.
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
    let mut pull = FeatureGradient::default();
    pull.add_target(target.clone(), 2.0);
    let gradient = pull.gradient(&Features::Tensor(x.clone()));
    check("content", &x, gradient, |x| host(Features::Tensor(x).distance(&target))[0], 1e-3);
}

#[test]
fn style_agrees_with_finite_differences() {
    let gram = |x: Tensor<4>| Features::Tensor(x).gram();
    let (x, target) = (tensor([1, 6, 9, 7], 1), gram(tensor([1, 6, 5, 8], 2)));
    let distance = |x: Tensor<4>| host((gram(x) - target.clone()).square().sum())[0];
    let mut pull = FeatureGradient::default();
    pull.add_matrix((gram(x.clone()) - target.clone()) * (4.0 / 63.0));
    check("style", &x, pull.gradient(&Features::Tensor(x.clone())), distance, 2e-3);
}

/// The CPU's own matrices against burn's operations.
#[test]
fn both_forms_of_features_agree() {
    let weights = Weights::bundled().unwrap();
    let layer: Layer = "relu2_2".parse().unwrap();
    let device = TensorDevice::flex();
    let image = |salt| tensor([1, 3, 21, 34], salt) * 0.5 + 0.5;
    let zero = NetworkOptions::default();
    let both = |salt| {
        [Network::new(&weights, layer, &device, zero), Network::portable(&weights, layer, &device, zero)]
            .map(|network| network.features(image(salt), &[layer]).remove(0).1)
    };
    let ([a_host, a], [b_host, b]) = (both(1), both(2));
    assert!(matches!((&a_host, &a), (Features::Host { .. }, Features::Tensor(_))));
    let error = |found: Tensor<4>, expected: Tensor<4>| relative_error(&host(found), &host(expected));
    assert!(error(a_host.to_tensor(), a.to_tensor()) < 1e-5);
    assert!(relative_error(&host(a_host.gram()), &host(a.gram())) < 1e-5);
    assert!(((a_host.energy() - a.energy()) / a.energy()).abs() < 1e-5);
    assert!(relative_error(&host(a_host.distance(&b_host)), &host(a.distance(&b))) < 1e-5);
    let (difference, ones) = (a.gram() - b.gram(), Tensor::<1>::ones([layer.channels()], &device));
    let mut pull = FeatureGradient { targets: vec![(b_host, 0.7)], ..FeatureGradient::default() };
    let mut portable = FeatureGradient { targets: vec![(b, 0.7)], ..FeatureGradient::default() };
    assert!(error(pull.gradient(&a_host), portable.gradient(&a)) < 1e-5);
    for pull in [&mut pull, &mut portable] {
        pull.add_matrix(difference.clone());
        pull.add_vector(ones.clone() * 0.1);
        pull.add_matrix(difference.clone() * 0.5);
        pull.add_vector(ones.clone());
    }
    assert!(error(pull.gradient(&a_host), portable.gradient(&a)) < 1e-5);
}

#[test]
fn smoothness_agrees_with_finite_differences() {
    let x = tensor([1, 3, 8, 5], 1);
    for (&kind, tile) in Smoothness::ALL.iter().flat_map(|kind| [(kind, false), (kind, true)]) {
        let (_, gradient) = smoothness_gradient(&x, kind, tile);
        let value = |x: Tensor<4>| host(smoothness_gradient(&x, kind, tile).0)[0];
        check(&format!("smoothness {kind}, tile {tile}"), &x, gradient, value, 1e-3);
    }
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

/// The whole objective through the real network: the directional derivative along a smooth direction. ReLU
/// and pooling kinks limit how well differences in f32 can agree.
#[test]
fn the_whole_objective_agrees_with_finite_differences() {
    let reference = Reference::load();
    let weights = Arc::new(Weights::bundled().unwrap());
    let usual = Objective::ALL.iter().map(|&objective| Settings::for_objective(objective));
    let others = [
        Settings { luminance_only: true, ..Settings::default() },
        Settings { luminance_only: true, ..Settings::for_objective(Objective::Classic) },
        Settings { pooling: Pooling::Average, ..Settings::default() },
        Settings { pooling: Pooling::L2, ..Settings::default() },
        Settings { padding: Padding::Circular, ..Settings::default() },
    ];
    for mut settings in usual.chain(others) {
        let Settings { objective, pooling, padding, luminance_only, .. } = settings;
        settings.smoothness_weight = 0.5;
        settings.content_layers.set("relu3_2".parse().unwrap(), 0.3);
        settings.style_layers.set("relu2_2".parse().unwrap(), 0.8);
        let mut run = reference_run(&cpu(), &reference, &weights, &settings);
        if luminance_only {
            let (gradient, _) = run.gradient().unwrap();
            // Each channel pulls by its share of the luminance, in classic times its standard deviation.
            let std = if objective == Objective::Classic { [0.229, 0.224, 0.225] } else { [1.0; 3] };
            let plane = gradient.len() / 3;
            for (red, blue) in gradient[..plane].iter().zip(&gradient[2 * plane..]) {
                let expected = red * (0.114 * std[2]) / (0.299 * std[0]);
                assert!((blue - expected).abs() <= 1e-4 * expected.abs() + 1e-12, "{red} {blue}");
            }
        }
        let (norm, difference) = slope_along_gradient(&mut run);
        let error = ((difference - norm) / norm).abs();
        assert!(
            error < 5e-3,
            "{objective}, {pooling} pooling, {padding} padding, luminance {luminance_only}: {norm}, differences {difference}"
        );
    }
}

/// Every layer's features, and the gradient of their sum at each layer alone.
fn forward_and_back(network: &Network, shape: [usize; 4], device: &TensorDevice) -> Vec<[Vec<f32>; 2]> {
    let pixels: Vec<f32> = values(shape.iter().product(), 7).iter().map(|v| v * 0.5 + 0.5).collect();
    let image = Tensor::from_data(TensorData::new(pixels, shape), device);
    let each = |layer: Layer| {
        let mut features = Vec::new();
        let activations = network.forward(image.clone(), layer, |l, f| {
            if l == layer {
                features = host(f.to_tensor());
            }
        });
        let pull = FeatureGradient {
            vector: Some(Tensor::ones([layer.channels()], device)),
            ..FeatureGradient::default()
        };
        let back = network.backward(activations, &BTreeMap::from([(layer, pull)])).unwrap();
        [features, host(back)]
    };
    Layer::ALL.map(each).to_vec()
}

/// Backward has the looser limit: one unit whose pre-activation rounds to the other side of 0 shows there and
/// nowhere else.
fn compare(found: &[[Vec<f32>; 2]], expected: &[[Vec<f32>; 2]], limits: [f64; 2]) {
    for (layer, (found, expected)) in Layer::ALL.iter().zip(found.iter().zip(expected)) {
        for (i, what) in ["forward", "backward"].into_iter().enumerate() {
            let error = relative_error(&found[i], &expected[i]);
            println!("{layer}: {what} {error:.1e}");
            assert!(error < limits[i], "{layer}: {what} differs by {error:.2e}");
        }
    }
}

/// Painting in luminance alone on an adapter, against the CPU.
#[test]
fn the_gradient_in_luminance_is_the_same_on_an_adapter() {
    let Some(device) = adapter() else { return };
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let settings = Settings { luminance_only: true, ..Settings::default() };
    let gradient = |device| reference_run(device, &reference, &weights, &settings).gradient().unwrap().0;
    let error = relative_error(&gradient(&device), &gradient(&cpu()));
    assert!(error < 5e-3, "{error:.2e}");
}

/// Odd sizes at which, in block 3 and deeper, no pre-activation is so near to 0 that it may round to the
/// other side of it.
fn shape_of(padding: Padding, pooling: Pooling) -> [usize; 4] {
    match (padding, pooling) {
        (Padding::Zero | Padding::Replicate, Pooling::Max) => [1, 3, 53, 38],
        _ => [1, 3, 45, 34],
    }
}

#[test]
fn every_layer_on_an_adapter_agrees_with_the_cpu() {
    let Some(device) = adapter() else { return };
    let (weights, deepest) = (Weights::bundled().unwrap(), Layer::ALL[15]);
    for (padding, pooling) in [
        (Padding::Zero, Pooling::Max),
        (Padding::Replicate, Pooling::Max),
        (Padding::Circular, Pooling::Max),
        (Padding::Zero, Pooling::Average),
        (Padding::Zero, Pooling::L2),
    ] {
        let options = NetworkOptions { padding, ..NetworkOptions::default() };
        let shape = shape_of(padding, pooling);
        let run = |device: &TensorDevice| {
            let mut network = Network::new(&weights, deepest, device, options);
            network.set_pooling(pooling);
            forward_and_back(&network, shape, device)
        };
        compare(&run(&device.tensor), &run(&cpu().tensor), [1e-5, 2e-3]);
    }
}

/// With features and weights in 16 bits: the sums are right to what 11 bits can tell. Going back, every unit
/// whose sum lies so near to 0 that it rounds to the other side opens or closes, in each layer on the way.
#[test]
fn every_layer_in_fast_precision_agrees_with_the_cpu() {
    let Some(device) = adapter() else { return };
    fast_precision(&device.tensor)
        .expect("software Vulkan has 16-bit numbers, and so have adapters of this decade");
    let (weights, deepest) = (Weights::bundled().unwrap(), Layer::ALL[15]);
    for (economy, padding, pooling) in [
        (false, Padding::Zero, Pooling::Max),
        (false, Padding::Replicate, Pooling::Average),
        (true, Padding::Circular, Pooling::L2),
    ] {
        let shape = shape_of(padding, pooling);
        let run = |device: &TensorDevice, precision| {
            let options = NetworkOptions { economy, padding, precision };
            let mut network = Network::new(&weights, deepest, device, options);
            network.set_pooling(pooling);
            forward_and_back(&network, shape, device)
        };
        let found = run(&device.tensor, Precision::Fast);
        compare(&found, &run(&cpu().tensor, Precision::Fast), [5e-3, 8e-2]);
        // It is not the full one under another name.
        let full = run(&device.tensor, Precision::Full);
        assert!(relative_error(&found[15][0], &full[15][0]) > 1e-5);
    }
}

#[test]
fn every_layer_on_the_cpus_kernels_agrees_with_burns_operations() {
    let (weights, deepest) = (Weights::bundled().unwrap(), Layer::ALL[15]);
    let device = TensorDevice::flex();
    for (economy, padding, pooling) in [
        (false, Padding::Zero, Pooling::Max),
        (false, Padding::Replicate, Pooling::Max),
        (false, Padding::Circular, Pooling::Max),
        (true, Padding::Zero, Pooling::Max),
        (true, Padding::Circular, Pooling::Max),
        (true, Padding::Zero, Pooling::Average),
        (true, Padding::Zero, Pooling::L2),
        (false, Padding::Zero, Pooling::L2),
    ] {
        let shape = shape_of(padding, pooling);
        let options = NetworkOptions { economy, padding, ..NetworkOptions::default() };
        let mut reference = Network::portable(&weights, deepest, &device, options);
        reference.set_pooling(pooling);
        let expected = forward_and_back(&reference, shape, &device);
        let mut network = Network::new(&weights, deepest, &device, options);
        network.set_pooling(pooling);
        // The second time in memory that was used before.
        for _ in 0..2 {
            compare(&forward_and_back(&network, shape, &device), &expected, [2e-5, 5e-3]);
        }
    }
}

/// The portable kernels' edges are those of a padded picture, so they are the reference; their gradient
/// against differences.
#[test]
fn the_gradient_through_a_padded_edge_agrees_with_finite_differences() {
    for padding in [Padding::Replicate, Padding::Circular] {
        differences_through(padding);
    }
}

fn differences_through(padding: Padding) {
    let (weights, device) = (Weights::bundled().unwrap(), TensorDevice::flex());
    let options = NetworkOptions { padding, ..NetworkOptions::default() };
    let layer = Layer::ALL[0];
    let network = Network::portable(&weights, layer, &device, options);
    let image = tensor([1, 3, 6, 5], 1) * 0.5 + 0.5;
    let energy = |x: Tensor<4>| network.features(x, &[layer]).remove(0).1.energy() as f32;
    let zero = Features::Tensor(Tensor::zeros([1, 64, 6, 5], &device));
    let activations = network.forward(image.clone(), layer, |_, _| ());
    let pull = FeatureGradient { targets: vec![(zero, 2.0)], ..FeatureGradient::default() };
    let gradient = network.backward(activations, &BTreeMap::from([(layer, pull)])).unwrap();
    check("padded edge", &image, gradient, energy, 1e-2);
}

/// Rows and columns moved by so many, what leaves on one side coming in on the other; `[1, C, H, W]`.
fn shifted(
    values: &[f32],
    [_, channels, height, width]: [usize; 4],
    (down, right): (usize, usize),
) -> Vec<f32> {
    let places =
        (0..channels).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))));
    let from = |(c, y, x)| (c * height + (y + height - down) % height) * width + (x + width - right) % width;
    places.map(|place| values[from(place)]).collect()
}

/// A network that wraps around knows no edge: a picture moved by the deepest stride has the same gradient,
/// moved.
#[test]
fn with_circular_padding_a_shifted_picture_has_a_shifted_gradient() {
    let (weights, deepest, shape) = (Weights::bundled().unwrap(), Layer::ALL[15], [1, 3, 48, 48]);
    let pixels: Vec<f32> = values(shape.iter().product(), 7).iter().map(|v| v * 0.5 + 0.5).collect();
    let shift = (16, 32);
    let options = |padding| NetworkOptions { padding, ..NetworkOptions::default() };
    let differs = |network: &Network, device: &TensorDevice| {
        let gradient = |pixels: Vec<f32>| {
            let image = Tensor::from_data(TensorData::new(pixels, shape), device);
            let activations = network.forward(image, deepest, |_, _| ());
            let pull = || FeatureGradient {
                vector: Some(Tensor::ones([512], device)),
                ..FeatureGradient::default()
            };
            let pulls = BTreeMap::from([(Layer::ALL[9], pull()), (deepest, pull())]);
            host(network.backward(activations, &pulls).unwrap())
        };
        let moved = gradient(shifted(&pixels, shape, shift));
        relative_error(&moved, &shifted(&gradient(pixels.clone()), shape, shift))
    };
    let cpu = TensorDevice::flex();
    let circular = options(Padding::Circular);
    let mut found = vec![
        differs(&Network::new(&weights, deepest, &cpu, circular), &cpu),
        differs(&Network::portable(&weights, deepest, &cpu, circular), &cpu),
    ];
    if let Some(device) = adapter() {
        found.push(differs(&Network::new(&weights, deepest, &device.tensor, circular), &device.tensor));
    }
    println!("{found:?}");
    assert!(found.iter().all(|error| *error < 1e-4), "{found:?}");
    // With an edge it is another one.
    assert!(differs(&Network::new(&weights, deepest, &cpu, options(Padding::Zero)), &cpu) > 0.1);
}

/// Whatever was measured and whatever tile was chosen, features and gradients are the same.
#[test]
fn tiles_are_measured_on_an_adapter_and_change_no_result() {
    let Some(device) = adapter() else { return };
    let (weights, deepest, shape) = (Weights::bundled().unwrap(), Layer::ALL[9], [1, 3, 96, 80]);
    let network = Network::new(&weights, deepest, &device.tensor, NetworkOptions::default());
    let image = Tensor::<4>::ones(shape, &device.tensor) * 0.5;
    let results = || {
        let pixels: Vec<f32> = values(shape.iter().product(), 7).iter().map(|v| v * 0.5 + 0.5).collect();
        let image = Tensor::<4>::from_data(TensorData::new(pixels, shape), &device.tensor);
        network.features(image, &[Layer::ALL[3], deepest]).into_iter().map(|(_, f)| host(f.to_tensor()))
    };
    let before: Vec<Vec<f32>> = results().collect();
    // As often as a slow adapter needs.
    for _ in 0..40 {
        network.tune(&image, deepest);
    }
    let times = network.time_layers(image.clone(), deepest);
    let chosen: Vec<String> = times.iter().filter_map(|time| time.choices.clone()).flatten().collect();
    println!("{chosen:?}");
    assert_eq!(chosen.len(), 2 * 9);
    assert!(chosen.iter().all(|tile| tile.ends_with("measured")), "{chosen:?}");
    for (found, expected) in results().zip(&before) {
        assert!(relative_error(&found, expected) < 1e-6);
    }
}

#[test]
fn a_step_of_adam_on_an_adapter_does_what_burns_operations_do() {
    let Some(device) = adapter() else { return };
    let shape = [1, 3, 45, 67];
    let uploaded = |salt: usize| {
        let values: Vec<f32> = values(shape.iter().product(), salt).iter().map(|v| v * 0.5 + 0.5).collect();
        Tensor::<4>::from_data(TensorData::new(values, shape), &device.tensor)
    };
    for (confine, average) in [(true, true), (false, true), (true, false)] {
        let start = Iterate {
            variable: uploaded(1),
            mean: uploaded(2) - 0.5,
            square: uploaded(3),
            sum: average.then(|| uploaded(4)),
        };
        let update = Update {
            beta1: 0.9,
            beta2: 0.99,
            rate: 0.3,
            correction: 0.2,
            epsilon: 1e-8,
            confine,
            averaging: 0.95,
        };
        let gradient = uploaded(5) - 0.5;
        let (expected, norm) = update.portable(start.clone(), gradient.clone());
        // The first one finds everything held by somebody else, the second one works in the memory of the
        // first.
        let (once, parts) = update.apply(start.clone(), gradient.clone());
        let again = update.apply(once.clone(), gradient.clone()).0;
        let twice = update.portable(expected.clone(), gradient.clone()).0;
        assert_eq!(host(start.variable), host(uploaded(1)), "who holds the variable still sees it as it was");
        let norms = [parts, norm].map(|parts| host(parts.sum())[0]);
        assert!((norms[0] / norms[1] - 1.0).abs() < 1e-5, "{norms:?}");
        for (found, expected) in [(once, expected), (again, twice)] {
            let sums = found.sum.into_iter().zip(expected.sum);
            let pairs = [
                (found.variable, expected.variable),
                (found.mean, expected.mean),
                (found.square, expected.square),
            ];
            for (found, expected) in pairs.into_iter().chain(sums) {
                let error = relative_error(&host(found), &host(expected));
                assert!(error < 1e-6, "{error:.1e}");
            }
        }
    }
}

#[test]
fn a_picture_from_an_adapter_has_the_pixels_of_one_from_the_cpu() {
    let Some(device) = adapter() else { return };
    let shape = [1, 3, 37, 53];
    let mut pixels: Vec<f32> = values(shape.iter().product(), 7).iter().map(|v| v * 0.7 + 0.5).collect();
    let shown = |pixels: &[f32], device: &TensorDevice, numbers: &[f32]| {
        let image = Tensor::<4>::from_data(TensorData::new(pixels.to_vec(), shape), device);
        let number = |&number| Tensor::<1>::from_data(TensorData::new(vec![number], [1]), device);
        compute::read_picture(image, numbers.iter().map(number).collect()).unwrap()
    };
    for (broken, numbers) in
        [(None, &[1.5, -2.5][..]), (None, &[]), (Some(f32::NAN), &[3.0]), (Some(f32::INFINITY), &[])]
    {
        if let Some(broken) = broken {
            pixels[2 * 37 * 53 + 11] = broken;
        }
        let found = shown(&pixels, &device.tensor, numbers);
        let expected = shown(&pixels, &TensorDevice::flex(), numbers);
        assert_eq!((found.finite, &found.numbers), (broken.is_none(), &expected.numbers));
        if broken.is_none() {
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn the_self_check_passes_on_what_is_there() {
    for kernels in [KernelChoice::Own, KernelChoice::Portable] {
        compute::self_check(&cpu().tensor, kernels).unwrap();
        if let Some(device) = adapter() {
            compute::self_check(&device.tensor, kernels).unwrap();
        }
    }
}
