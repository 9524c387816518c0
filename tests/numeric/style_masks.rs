//! Styles of which only a part counts: against PyTorch, on the CPU and on a graphics adapter, and a mask that
//! hides nothing.

use std::sync::Arc;

use crate::common::{Reference, adapter, assert_close, cpu, pictures, reference_settings};
use image::{GrayImage, Luma};
use impasto_core::{
    settings::{Objective, Settings, Statistic},
    transfer::{Pictures, Replacement, StyleImage, StyleTransfer},
};
use impasto_network::{
    compute::Device,
    vgg::{Layer, Weights},
};

/// The opacity that tests/data/style_masks.py uses.
fn opacity(pictures: &Pictures) -> GrayImage {
    let (width, height) = pictures.styles[0].dimensions();
    GrayImage::from_fn(width, height, |x, _| Luma([(x.saturating_sub(20) * 8).min(255) as u8]))
}

fn run(
    device: &Device,
    weights: &Arc<Weights>,
    mask: Option<GrayImage>,
    settings: &Settings,
) -> StyleTransfer {
    let pictures = Pictures { style_masks: vec![mask], ..pictures() };
    let mut run =
        StyleTransfer::new(&device.tensor, Arc::clone(weights), None, &pictures, &[1.0], settings).unwrap();
    run.set_variable(Reference::load().values("iterate").to_vec());
    run
}

fn settings(statistic: Statistic) -> Settings {
    let mut settings = Settings { statistic, ..reference_settings(Objective::Balanced) };
    if statistic == Statistic::Wasserstein {
        settings.style_layers = Layer::PAPER_STYLE.into_iter().take(3).zip([1.0, 0.7, 0.5]).collect();
    }
    settings
}

fn agrees_with_pytorch(device: &Device) {
    let (reference, weights) =
        (Reference::of("style_masks.safetensors"), Arc::new(Weights::bundled().unwrap()));
    for &statistic in Statistic::ALL {
        // Its roots are iterated here and made of eigenvalues there.
        let limit = if statistic == Statistic::Wasserstein { 4e-2 } else { 1e-4 };
        let mask = opacity(&pictures());
        let (_, losses) = run(device, &weights, Some(mask), &settings(statistic)).gradient().unwrap();
        let name = |part: &str| format!("{statistic}.{part}");
        assert_close(&name("content"), losses.content, reference.value(&name("content")), 1e-4);
        for (layer, value) in &losses.style {
            let key = name(&format!("style.{layer}"));
            println!("{key}: {value} for {}", reference.value(&key));
            assert_close(&key, *value, reference.value(&key), limit);
        }
    }
}

#[test]
fn a_part_of_a_style_agrees_with_pytorch_on_the_cpu() {
    agrees_with_pytorch(&cpu());
}

#[test]
fn a_part_of_a_style_agrees_with_pytorch_on_an_adapter() {
    if let Some(device) = adapter() {
        agrees_with_pytorch(&device);
    }
}

#[test]
fn a_mask_that_hides_nothing_is_none_to_the_last_bit() {
    let weights = Arc::new(Weights::bundled().unwrap());
    let settings = Settings { sliced_weight: 2.0, ..settings(Statistic::Moments) };
    let (width, height) = pictures().styles[0].dimensions();
    let of = |mask: Option<GrayImage>| run(&cpu(), &weights, mask, &settings).gradient().unwrap().0;
    let usual = of(None);
    assert!(of(Some(GrayImage::from_pixel(width, height, Luma([255])))) == usual);
    assert!(of(Some(opacity(&pictures()))) != usual);
}

#[test]
fn a_style_is_replaced_by_a_part_of_itself_and_back() {
    let weights = Arc::new(Weights::bundled().unwrap());
    let settings = Settings { sliced_weight: 2.0, sliced_bases: 1, ..settings(Statistic::Gram) };
    let pictures = pictures();
    let style = || pictures.styles[0].clone();
    let gradient = |run: &mut StyleTransfer| run.gradient().unwrap().0;
    let mut replaced = run(&cpu(), &weights, None, &settings);
    let usual = gradient(&mut replaced);
    let mut to = |image: StyleImage| {
        let replacement = Replacement { content: None, styles: vec![image], style_weights: vec![1.0] };
        replaced.replace(&replacement, false).unwrap();
        gradient(&mut replaced)
    };
    let part = to(StyleImage::New(style(), Some(opacity(&pictures))));
    assert!(part == gradient(&mut run(&cpu(), &weights, Some(opacity(&pictures)), &settings)));
    assert!(to(StyleImage::Kept(0)) == part);
    assert!(to(StyleImage::New(style(), None)) == usual);
}
