//! What the layer lab shows, against the losses and gradients that the run itself computes.

use std::sync::Arc;

use crate::common::{adapter, cpu, pictures, relative_error};
use impasto_core::{
    settings::{Settings, Statistic},
    transfer::StyleTransfer,
};
use impasto_network::{
    compute::Device,
    vgg::{Layer, Weights},
};

fn layer(name: &str) -> Layer {
    name.parse().unwrap()
}

fn look(device: &Device) {
    let weights = Arc::new(Weights::bundled().unwrap());
    for name in ["relu1_1", "relu2_1", "relu3_1", "relu4_1"] {
        let layer = layer(name);
        let settings = Settings {
            statistic: Statistic::Gram,
            content_weight: 0.0,
            style_weight: 1.0,
            smoothness_weight: 0.0,
            style_layers: [(layer, 1.0)].into_iter().collect(),
            ..Settings::default()
        };
        let pictures = pictures();
        let shape = pictures.content.dimensions();
        let mut run =
            StyleTransfer::new(&device.tensor, Arc::clone(&weights), None, &pictures, &[1.0], &settings)
                .unwrap();
        let study = run.study(layer).unwrap();
        let (gradient, losses) = run.gradient().unwrap();
        // The balanced style term is ‖G − G*‖²/‖G*‖².
        let distance = losses.style[&layer].sqrt();
        assert!((study.distance() / distance - 1.0).abs() < 1e-3, "{name}: {} {distance}", study.distance());
        assert_eq!((study.channels, study.maps.len()), (layer.channels(), 8));

        // Pictures this small are not shrunk, so the heat is the mean length of the gradient around each
        // pixel to a byte.
        assert_eq!(study.heat.map.dimensions(), shape);
        let count = (shape.0 * shape.1) as usize;
        let length: Vec<f32> =
            (0..count).map(|i| (0..3).map(|c| gradient[c * count + i].powi(2)).sum::<f32>().sqrt()).collect();
        let (columns, rows, reach) = (shape.0 as usize, shape.1 as usize, layer.stride());
        let around = |at: usize, end: usize| at.saturating_sub(reach)..(at + reach + 1).min(end);
        let mean = |i: usize| {
            let window = around(i / columns, rows)
                .flat_map(|y| around(i % columns, columns).map(move |x| (x, y)))
                .map(|(x, y)| length[y * columns + x]);
            let count = around(i / columns, rows).len() * around(i % columns, columns).len();
            window.sum::<f32>() / count as f32
        };
        let means: Vec<f32> = (0..count).map(mean).collect();
        let mut sorted = means.clone();
        sorted.sort_by(f32::total_cmp);
        let median = sorted[(count - 1) / 2];
        let (low, high) = (study.heat.low, study.heat.high);
        assert!(low <= 0.5 && high >= 2.0);
        let expected: Vec<f32> = means.iter().map(|mean| (mean / median).clamp(low, high)).collect();
        let heat: Vec<f32> =
            study.heat.map.as_raw().iter().map(|&v| low + f32::from(v) / 255.0 * (high - low)).collect();
        let error = relative_error(&heat, &expected);
        assert!(error < 0.01, "{name}: {error}");

        // The initial image is the content, so the layer sees the same in both.
        for map in &study.maps {
            assert_eq!(map.content, map.picture, "{name}, channel {}", map.channel);
        }
        let strengths: Vec<f32> =
            study.maps.iter().map(|map| study.target[map.channel * study.channels + map.channel]).collect();
        assert!(strengths.is_sorted_by(|a, b| a >= b), "{strengths:?}");
    }
}

#[test]
fn a_study_agrees_with_the_run_on_the_cpu() {
    look(&cpu());
}

#[test]
fn a_study_agrees_with_the_run_on_an_adapter() {
    if let Some(device) = adapter() {
        look(&device);
    }
}

#[test]
fn a_layer_out_of_use_can_be_looked_into_and_the_run_goes_on() {
    let weights = Arc::new(Weights::bundled().unwrap());
    let settings = Settings {
        style_layers: [(layer("relu1_1"), 1.0)].into_iter().collect(),
        content_layers: [(layer("relu2_1"), 1.0)].into_iter().collect(),
        averaging: 0.0,
        ..Settings::default()
    };
    let paint = |looking: bool| {
        let device = cpu();
        let mut run =
            StyleTransfer::new(&device.tensor, Arc::clone(&weights), None, &pictures(), &[1.0], &settings)
                .unwrap();
        for _ in 0..4 {
            run.step().unwrap();
            if looking {
                assert_eq!(run.study(layer("relu4_2")).unwrap().channels, 512);
            }
        }
        run.variable().unwrap()
    };
    let error = relative_error(&paint(true), &paint(false));
    assert!(error < 1e-5, "{error}");
}

#[test]
fn a_layer_too_deep_for_the_pictures_is_an_error_in_words() {
    let weights = Arc::new(Weights::bundled().unwrap());
    let settings = Settings {
        style_layers: [(layer("relu1_1"), 1.0)].into_iter().collect(),
        content_layers: [(layer("relu1_1"), 1.0)].into_iter().collect(),
        ..Settings::default()
    };
    let mut pictures = pictures();
    pictures.styles[0] = image::imageops::crop_imm(&pictures.styles[0], 0, 0, 8, 8).to_image();
    let device = cpu();
    let mut run = StyleTransfer::new(&device.tensor, weights, None, &pictures, &[1.0], &settings).unwrap();
    let text = run.study(layer("relu5_1")).unwrap_err().to_string();
    assert!(text.contains("style") && text.contains("relu5_1"), "{text}");
}
