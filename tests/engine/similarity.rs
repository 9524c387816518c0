//! What a layer sees as alike in the content, asked of the engine between two steps.

use burn::tensor::{Tensor, TensorData};
use image::RgbImage;

use crate::common::{cpu, inputs};
use impasto_core::{
    settings::{DeviceChoice, Settings, StyleMix},
    transfer::{Inputs, SimilarityMap, network_options},
};
use impasto_engine::session::{Engine as _, Job, PaintEngine, Start};
use impasto_network::{
    compute::Network,
    vgg::{Layer, Weights},
};

const POINT: [f32; 2] = [0.3, 0.6];

fn layers() -> [Layer; 3] {
    ["relu2_1", "relu4_1", "relu5_1"].map(|name| name.parse().unwrap())
}

fn settings() -> Settings {
    Settings { size: 96, steps: 40, device: DeviceChoice::Cpu, ..Settings::default() }
}

fn started(inputs: &Inputs) -> PaintEngine {
    let job = Job { start: Start::Beginning, ..Job::new(1, inputs.clone(), settings()) };
    let mut engine = PaintEngine::new();
    engine.start(&job, None, &mut |_| ()).unwrap();
    engine
}

/// The cosines in the words of the formula.
fn direct(content: &RgbImage, layer: Layer) -> Vec<f64> {
    let device = cpu();
    let weights = Weights::bundled().unwrap();
    let mut network = Network::new(&weights, layer, &device.tensor, network_options(&settings()));
    network.set_pooling(settings().pooling);
    let (width, height) = (content.width() as usize, content.height() as usize);
    let planes: Vec<f32> = (0..3)
        .flat_map(|channel| content.pixels().map(move |pixel| f32::from(pixel[channel]) / 255.0))
        .collect();
    let image = Tensor::from_data(TensorData::new(planes, [1, 3, height, width]), &device.tensor);
    let features = network.features(image, &[layer]).pop().unwrap().1.to_tensor();
    let [_, channels, rows, columns] = features.dims();
    let features = features.into_data().try_to_vec::<f32>().unwrap();
    let count = rows * columns;
    let value = |channel: usize, at: usize| f64::from(features[channel * count + at]);
    let means: Vec<f64> = (0..channels)
        .map(|channel| (0..count).map(|at| value(channel, at)).sum::<f64>() / count as f64)
        .collect();
    let vector = |at: usize| -> Vec<f64> {
        (0..channels).map(|channel| value(channel, at) - means[channel]).collect()
    };
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let [x, y] = [(POINT[0], width), (POINT[1], height)]
        .map(|(part, side)| (part * side as f32 / layer.stride() as f32) as usize);
    let chosen = vector(y * columns + x);
    let cosine = |at: usize| {
        let other = vector(at);
        product(&chosen, &other) / (product(&chosen, &chosen) * product(&other, &other)).sqrt()
    };
    (0..count).map(cosine).collect()
}

#[test]
fn a_map_is_the_cosine_of_the_contents_features() {
    let pair = inputs(&[StyleMix::default()]);
    let content = pair.content_image(&settings());
    let mut engine = started(&pair);
    engine.step().unwrap();
    for layer in layers() {
        let map: SimilarityMap = engine.similarity(layer, POINT).unwrap().unwrap();
        let expected = direct(&content, layer);
        assert_eq!(map.values.len(), expected.len(), "{layer}");
        let apart = map.values.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs());
        assert!(apart.fold(0.0, f64::max) < 1e-4, "{layer}");
        let most = map.values.iter().copied().fold(f32::MIN, f32::max);
        assert!((most - 1.0).abs() < 1e-5, "{layer}: nothing is as alike as the point itself: {most}");
        assert!(map.values.iter().any(|&value| value < 0.0), "{layer}");
    }
}

#[test]
fn asking_changes_nothing_of_the_painting() {
    let pair = inputs(&[StyleMix::default()]);
    let paint = |asks: bool| {
        let mut engine = started(&pair);
        for step in 0..9 {
            if asks {
                engine.similarity(layers()[step % 3], POINT).unwrap().unwrap();
            }
            engine.step().unwrap();
        }
        (engine.read().unwrap().picture, engine.checkpoint().unwrap())
    };
    assert!(paint(true) == paint(false), "to the last bit");
}

#[test]
fn without_a_run_there_is_no_map() {
    assert_eq!(PaintEngine::new().similarity(layers()[0], POINT).unwrap(), None);
}
