//! What single layers hold, made by the real engine.

use std::sync::Arc;

use crate::common::{adapter, cpu, data, mean_difference};
use impasto_core::{
    picture::Picture,
    settings::{DeviceChoice, Padding, Pooling, Precision, Rgb, Settings},
    transfer::{Inputs, LayerVisualization, NetworkConfig, VisualizationRun},
};
use impasto_engine::session::{Engine as _, Job, PaintEngine, StyleSource, VisualizationState};
use impasto_formats::extracts::{CONTENT_LAYERS, SourcePictures, plan};
use impasto_network::{
    compute::{Device, Network, NetworkOptions},
    vgg::{Layer, Weights},
};

fn layer(name: &str) -> Layer {
    name.parse().unwrap()
}

fn picture(file: &str) -> Arc<Picture> {
    Arc::new(Picture::open(&data(file)).unwrap())
}

fn source() -> SourcePictures {
    SourcePictures {
        content: picture("content.png"),
        styles: vec![StyleSource::new(picture("style.png"))],
        background: Rgb::WHITE,
    }
}

/// The usual network with the weights of this hash.
fn seen_with(weights: String) -> NetworkConfig {
    let (padding, pooling, precision) = (Padding::Replicate, Pooling::Max, Precision::Full);
    NetworkConfig { weights, padding, pooling, precision }
}

fn eye(weights: &Weights) -> NetworkConfig {
    seen_with(weights.info.sha256.clone())
}

/// An extract at its start and as it is made, with its first error.
fn made(device: &Device, sight: LayerVisualization, side: u32) -> (f64, VisualizationState) {
    let weights = Weights::bundled().unwrap();
    let options = NetworkOptions { padding: Padding::Replicate, ..NetworkOptions::default() };
    let mut network = Network::new(&weights, Layer::ALL[0], &device.tensor, options);
    let order = plan(&source(), &[sight], side, &eye(&weights)).pop().unwrap();
    let mut extraction = VisualizationRun::new(&mut network, &weights, &device.tensor, &order).unwrap();
    extraction.step(&network).unwrap();
    let first = extraction.read().unwrap().error;
    while !extraction.is_done() {
        extraction.step(&network).unwrap();
    }
    let state = extraction.read().unwrap();
    assert!(state.is_done() && state.picture.dimensions() == order.shape);
    (first, state)
}

#[test]
fn a_textures_gram_matrix_comes_close_to_the_styles_in_every_layer() {
    for name in ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"] {
        let (first, state) = made(&cpu(), LayerVisualization::texture(layer(name)), 64);
        println!("{name}: {first:.4} to {:.6}", state.error);
        // At this size the deepest has 16 positions, which cannot have everything in common with the
        // style's 42.
        let part = if name == "relu5_1" { 0.1 } else { 0.01 };
        assert!(state.error < part * first, "{name}: {first} to {}", state.error);
    }
}

#[test]
fn a_reconstruction_comes_close_to_the_contents_features_and_a_shallow_one_to_its_pixels() {
    let content = plan(
        &source(),
        &[LayerVisualization::reconstruction(CONTENT_LAYERS[0])],
        64,
        &eye(&Weights::bundled().unwrap()),
    )
    .pop()
    .unwrap();
    let content = &content.pictures[0].0;
    let mut apart = Vec::new();
    for layer in CONTENT_LAYERS {
        let (first, state) = made(&cpu(), LayerVisualization::reconstruction(layer), 64);
        apart.push(mean_difference(&state.picture, content));
        println!("{layer}: {first:.4} to {:.6}, {:.1} bytes apart", state.error, apart.last().unwrap());
        assert!(state.error < 0.05 * first, "{layer}: {first} to {}", state.error);
    }
    assert!(apart[0] < 12.0, "relu1_2 holds nearly every pixel: {apart:?}");
    assert!(apart.is_sorted() && apart[4] > 4.0 * apart[0], "the deeper, the fewer: {apart:?}");
}

#[test]
fn an_adapter_makes_them_as_well() {
    if let Some(device) = adapter() {
        let (first, state) = made(&device, LayerVisualization::texture(layer("relu2_1")), 32);
        assert!(state.error < 0.05 * first, "{first} to {}", state.error);
    }
}

/// The worker with the real engine: what it makes leaves the painting as it was, to the last bit.
#[test]
fn a_painting_goes_on_as_if_nothing_had_been_made_in_its_pause() {
    let paint = |with_extracts: bool| {
        let mut engine = PaintEngine::new();
        let settings = Settings { size: 64, steps: 9, device: DeviceChoice::Cpu, ..Settings::default() };
        let job = Job::new(
            1,
            Inputs::new(picture("content.png"), vec![StyleSource::new(picture("style.png"))]),
            settings,
        );
        let info = engine.start(&job, None, &mut |_| ()).unwrap();
        let eye = seen_with(info.weights.sha256);
        for step in 0..6 {
            engine.step().unwrap();
            if with_extracts && step == 3 {
                let sights = [
                    LayerVisualization::texture(layer("relu5_1")),
                    LayerVisualization::reconstruction(layer("relu1_2")),
                ];
                for order in plan(&source(), &sights, 48, &eye) {
                    let state = engine.extract(&order).unwrap().unwrap();
                    assert!(state.steps >= 1 && !state.is_done());
                    let again = engine.extract(&order).unwrap().unwrap();
                    assert!(again.steps > state.steps, "it goes on where it was");
                }
                engine.put_extract_aside();
                // Of another network nothing is made.
                let other = NetworkConfig { pooling: Pooling::Average, ..eye.clone() };
                let order = plan(&source(), &sights, 48, &other).pop().unwrap();
                assert!(engine.extract(&order).unwrap().is_none());
            }
        }
        engine.read().unwrap().picture
    };
    assert_eq!(paint(true), paint(false));
}

/// `impasto layers` with these arguments, as a process with a cache folder of its own.
fn impasto(folder: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = crate::environment::impasto()
        .arg("layers")
        .args(arguments)
        .current_dir(folder)
        .env("IMPASTO_CONFIG_DIR", folder)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn senseless_arguments_of_the_command_are_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("there.png"), "mine").unwrap();
    let pair = |style: &'static str, output: &'static str| {
        ["--content", "example:coffee", "--style", style, "--output", output]
    };
    for (arguments, code, text) in [
        (pair("example:embers", "there.png"), 1, "add --force"),
        (pair("example:embers@0.5", "new.png"), 2, "a scale has no meaning here"),
        (pair("example:embers:0", "new.png"), 2, "all pictures have weight 0"),
        (pair("example:nobody", "new.png"), 1, "no bundled picture is called nobody"),
    ] {
        let (found, said) = impasto(folder.path(), &arguments);
        assert!(found == Some(code) && said.contains(text), "{arguments:?}: {found:?} {said}");
    }
    assert_eq!(std::fs::read(folder.path().join("there.png")).unwrap(), b"mine");
}

#[test]
fn the_commands_figure_is_made_once_and_comes_from_the_cache_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let (content, style) = (data("content.png"), data("style.png"));
    let (content, style) = (content.to_str().unwrap(), style.to_str().unwrap());
    let make = |output: &str| {
        let arguments = ["-c", content, "-s", style, "-o", output, "--size", "64", "--device", "cpu"];
        let (code, said) = impasto(folder.path(), &arguments);
        assert_eq!(code, Some(0), "{said}");
        (said, std::fs::read(folder.path().join(output)).unwrap())
    };
    let (said, first) = make("first.png");
    assert!(said.contains("with 10 of 10 pictures") && !said.contains("made before"), "{said}");
    let (said, second) = make("second.png");
    assert_eq!(said.matches("made before").count(), 10, "{said}");
    assert_eq!(first, second);
    let figure = image::load_from_memory(&first).unwrap();
    assert!(figure.width() > 6 * 64 && figure.height() > 2 * 64);
}
