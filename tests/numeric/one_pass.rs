//! Terms of the objective that an adapter computes with their gradient in one pass, against burn's operations
//! on the same numbers.

use crate::common::{adapter, assert_close, cpu, relative_error};
use burn::tensor::{Tensor, TensorData};
use impasto_core::{
    objective::{Moments, StyleTarget, smoothness_gradient},
    settings::{Smoothness, Statistic},
};
use impasto_network::{
    compute::{Features, Network, NetworkOptions},
    vgg::{Layer, Weights},
};

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// A rough picture `[1, 3, H, W]`.
fn image(salt: usize, height: usize, width: usize, device: &burn::tensor::Device) -> Tensor<4> {
    let value = |i: usize| ((i + 97 * salt).wrapping_mul(2_654_435_761) >> 8 & 0xffff) as f32 / 65536.0;
    let values: Vec<f32> = (0..3 * height * width).map(value).collect();
    Tensor::from_data(TensorData::new(values, [1, 3, height, width]), device)
}

#[test]
fn style_terms_agree_with_the_same_features_as_tensors() {
    let Some(device) = adapter() else { return };
    let weights = Weights::bundled().unwrap();
    let layers = [Layer::ALL[0], Layer::ALL[2], Layer::ALL[4], Layer::ALL[8]];
    let network = Network::new(&weights, layers[3], &device.tensor, NetworkOptions::default());
    let picture = network.features(image(1, 37, 51, &device.tensor), &layers);
    let target = network.features(image(2, 70, 40, &device.tensor), &layers);
    for ((layer, picture), (_, target)) in picture.into_iter().zip(target) {
        assert!(matches!(picture, Features::Gpu(_)), "kernels of our own run here");
        let tensors = Features::Tensor(picture.to_tensor());
        for &statistic in Statistic::ALL {
            let aim = StyleTarget::new(Moments::of(&target), statistic);
            let factor = 3.0 / aim.energy;
            let [found, expected] =
                [&picture, &tensors].map(|features| aim.weighted(features, None, factor, 0.3));
            let plain = aim.term(&tensors, factor);
            let name = format!("{layer} {statistic}");
            let value = |term: &Tensor<1>| f64::from(host(term.clone())[0]);
            assert_close(&name, value(&found.value), value(&expected.value), 1e-3);
            // The weight is in the gradient's parts alone; burn's sums are not always in the same order.
            assert_close(&name, value(&plain.value), value(&expected.value), 1e-5);
            assert!(relative_error(&host(plain.matrix * 0.3), &host(expected.matrix.clone())) < 1e-5);
            let error = relative_error(&host(found.matrix), &host(expected.matrix));
            assert!(error < 1e-3, "{name}: D differs by {error:.1e}");
            assert_eq!(found.vector.is_some(), expected.vector.is_some(), "{name}");
            if let Some((found, expected)) = found.vector.zip(expected.vector) {
                let error = relative_error(&host(found), &host(expected));
                assert!(error < 1e-3, "{name}: v differs by {error:.1e}");
            }
        }
    }
}

#[test]
fn smoothness_agrees_with_the_same_image_on_the_cpu() {
    let Some(device) = adapter() else { return };
    let cpu = cpu().tensor;
    for (height, width) in [(2, 2), (9, 11), (64, 70), (300, 301)] {
        for (&smoothness, tile) in Smoothness::ALL.iter().flat_map(|kind| [(kind, false), (kind, true)]) {
            let [found, expected] = [&device.tensor, &cpu].map(|device| {
                let (value, gradient) =
                    smoothness_gradient(&image(3, height, width, device), smoothness, tile);
                (f64::from(host(value)[0]), host(gradient))
            });
            let name = format!("{height}×{width} {smoothness} {tile}");
            assert_close(&name, found.0, expected.0, 1e-4);
            let error = relative_error(&found.1, &expected.1);
            assert!(error < 1e-5, "{name}: differs by {error:.1e}");
        }
    }
}
