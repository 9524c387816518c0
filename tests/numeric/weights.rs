//! Weights files of the kinds that people have: what loads, and what a wrong one is told.

use std::{collections::HashMap, fs, path::Path};

use crate::common::data;
use impasto_network::vgg::{Layer, Weights, weights::InputNormalisation};
use safetensors::{Dtype, tensor::TensorView};

fn load(file: &str) -> Weights {
    Weights::load(&data("weights").join(file)).unwrap()
}

/// The message and its causes.
fn refusal(path: &Path) -> String {
    let error = Weights::load(path).unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    format!("{error}: {cause}")
}

fn check_constants(weights: &Weights, first_bias: f32) {
    for layer in Layer::ALL {
        let convolution = weights.convolution(layer);
        let value = (layer.index() + 1) as f32 / 100.0;
        assert_eq!(convolution.weight.len(), 9 * layer.channels() * layer.input_channels());
        assert!(convolution.weight.iter().all(|w| *w == value), "{layer}");
        let bias = if layer.index() == 0 { first_bias } else { -value };
        assert!(convolution.bias.iter().all(|b| *b == bias), "{layer}");
    }
}

#[test]
fn pytorch_files_of_all_ages_load() {
    for file in ["vgg19.pth", "vgg19_legacy.pth", "vgg19_old_rebuild.pth", "vgg19_prefixed.pth"] {
        let weights = load(file);
        check_constants(&weights, -0.01);
        assert_eq!(weights.input, InputNormalisation::TORCHVISION, "{file}");
        assert_eq!(weights.activation_scales, [1.0; 16], "{file}");
        assert!(weights.info.source.ends_with(file));
        assert_eq!(weights.info.sha256.len(), 64);
    }
}

#[test]
fn float_files_of_the_oxford_network_are_recognised() {
    let weights = load("vgg19_oxford.pth");
    assert_eq!(weights.input, InputNormalisation::OXFORD);
    assert!(weights.info.input.contains("BGR"), "{}", weights.info.input);
    check_constants(&weights, 0.730_177_6);
}

#[test]
fn wrong_networks_are_told_apart() {
    let text = refusal(&data("weights/vgg16.pth"));
    assert!(text.contains("vgg16.pth") && text.contains("VGG-16") && text.contains("features.16"), "{text}");
    let text = refusal(&data("weights/vgg19_nan.pth"));
    assert!(text.contains("features.19.weight") && text.contains("not finite"), "{text}");
    let text = refusal(&data("weights/vgg19_wrong_shape.pth"));
    assert!(text.contains("[128, 64, 3, 3]") && text.contains("[128, 64, 5, 5]"), "{text}");
}

/// A float VGG-19 as safetensors, with half precision where `halves`; `change` spoils it.
fn safetensors(halves: bool, change: impl FnOnce(&mut Vec<(String, Vec<usize>, Vec<u8>)>)) -> Vec<u8> {
    let mut tensors = Vec::new();
    let mut add = |name: String, shape: Vec<usize>, value: f32| {
        let count = shape.iter().product::<usize>();
        let bytes = match halves {
            true => burn::tensor::f16::from_f32(value).to_le_bytes().repeat(count),
            false => value.to_le_bytes().repeat(count),
        };
        tensors.push((name, shape, bytes));
    };
    for layer in Layer::ALL {
        let (number, value) = (layer.torchvision_index(), (layer.index() + 1) as f32 / 128.0);
        add(format!("features.{number}.weight"), vec![layer.channels(), layer.input_channels(), 3, 3], value);
        add(format!("features.{number}.bias"), vec![layer.channels()], -value);
    }
    change(&mut tensors);
    let dtype = if halves { Dtype::F16 } else { Dtype::F32 };
    let views: HashMap<&str, TensorView<'_>> = tensors
        .iter()
        .map(|(name, shape, bytes)| (name.as_str(), TensorView::new(dtype, shape.clone(), bytes).unwrap()))
        .collect();
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn safetensors_load_in_single_and_half_precision_and_damage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vgg19.safetensors");
    for halves in [false, true] {
        let bytes = safetensors(halves, |_| ());
        fs::write(&file, &bytes).unwrap();
        let weights = Weights::load(&file).unwrap();
        assert!(weights.convolution(Layer::ALL[12]).weight.iter().all(|w| *w == 13.0 / 128.0));
        if halves {
            fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
            let text = refusal(&file);
            assert!(text.contains("vgg19.safetensors") && text.contains("cut short"), "{text}");
        }
    }
    let text = {
        fs::write(
            &file,
            safetensors(true, |tensors| tensors.retain(|(name, ..)| !name.contains("features.28.bias"))),
        )
        .unwrap();
        refusal(&file)
    };
    assert!(text.contains("features.28.bias"), "{text}");
}

#[test]
fn the_bundled_file_also_loads_from_disk_and_a_cut_one_is_refused() {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/vgg19.safetensors");
    let weights = Weights::load(&bundled).unwrap();
    // The program has it in two parts.
    let inside = Weights::bundled().unwrap();
    assert_eq!(weights.info.sha256, inside.info.sha256);
    for layer in Layer::ALL {
        assert!(weights.convolution(layer) == inside.convolution(layer), "{layer}");
    }
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.safetensors");
    let bytes = fs::read(&bundled).unwrap();
    fs::write(&cut, &bytes[..bytes.len() - 1000]).unwrap();
    assert!(refusal(&cut).contains("cut short"));
}

#[test]
fn other_files_are_named_and_told_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere.pth");
    assert!(refusal(&missing).contains("nowhere.pth"));
    assert!(refusal(folder.path()).contains("folder"));
    let text_file = folder.path().join("notes.safetensors");
    fs::write(&text_file, "this is not a network").unwrap();
    let text = refusal(&text_file);
    assert!(text.contains("notes.safetensors") && text.contains("safetensors or a PyTorch"), "{text}");
    let empty = folder.path().join("empty.pth");
    fs::write(&empty, "").unwrap();
    assert!(refusal(&empty).contains("empty.pth"));
    let zip = folder.path().join("half.pth");
    fs::write(&zip, &fs::read(data("weights/vgg19.pth")).unwrap()[..3000]).unwrap();
    let text = refusal(&zip);
    assert!(text.contains("half.pth") && text.contains("damaged"), "{text}");
}
