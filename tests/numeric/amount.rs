//! The style amount: the same share of the gradient at every size, where fixed weights drift; and more of it
//! is more style.

use std::sync::Arc;

use crate::common::{adapter, cpu};
use image::RgbImage;
use impasto_core::{
    picture::Filter,
    settings::{Objective, Settings, Strip},
    transfer::{Losses, Pictures, StyleTransfer, Term},
};
use impasto_network::{compute::Device, vgg::Weights};

fn pictures(size: u32) -> Pictures {
    let open = |file: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(file);
        let picture = image::open(path).unwrap().to_rgb8();
        let (width, height) = impasto_core::picture::fit(picture.width(), picture.height(), size);
        impasto_core::picture::resize(&picture, width, height, Filter::Lanczos)
    };
    let content: RgbImage = open("chelsea.jpg");
    Pictures { initial: content.clone(), content, styles: vec![open("swirl.jpg")], style_masks: Vec::new() }
}

fn run(device: &Device, size: u32, settings: &Settings) -> StyleTransfer {
    let weights = Arc::new(Weights::bundled().unwrap());
    StyleTransfer::new(&device.tensor, weights, None, &pictures(size), &[1.0], settings).unwrap()
}

/// The style's share of the gradient after some steps, and the losses there.
fn after(transfer: &mut StyleTransfer, steps: usize, settings: &Settings) -> (f64, Losses) {
    for step in 0..steps {
        if step + 10 > steps {
            transfer.measure();
        }
        transfer.step().unwrap();
        transfer.read().unwrap();
    }
    let reading = transfer.read().unwrap();
    let shares = reading.norms.shares(settings).unwrap();
    let style = shares.iter().filter(|(term, _)| matches!(term, Term::Style(_)));
    (style.map(|(_, share)| share).sum(), reading.losses.unwrap())
}

fn settings(objective: Objective, amount: Option<f64>) -> Settings {
    Settings { style_amount: amount, pyramid: false, ..Settings::for_objective(objective) }
}

#[test]
fn shares_agree_between_sizes_where_fixed_weights_drift() {
    for objective in [Objective::Balanced, Objective::Paper] {
        let share = |size: u32, amount: Option<f64>| {
            let settings = settings(objective, amount);
            after(&mut run(&cpu(), size, &settings), 12, &settings).0
        };
        let amount = [128, 256].map(|size| share(size, Some(0.7)));
        println!("{objective}: {amount:?}");
        assert!((amount[0] - amount[1]).abs() < 0.06, "{objective}: {amount:?}");
        if objective == Objective::Paper {
            let fixed = [128, 256].map(|size| share(size, None));
            println!("{objective}, fixed weights: {fixed:?}");
            assert!((fixed[0] - fixed[1]).abs() > (amount[0] - amount[1]).abs(), "{fixed:?}");
        }
    }
}

#[test]
fn more_of_it_is_more_style_and_less_content() {
    let painted = |amount: f64| {
        let settings = settings(Objective::Balanced, Some(amount));
        let losses = after(&mut run(&cpu(), 96, &settings), 30, &settings).1;
        (losses.style.values().sum::<f64>(), losses.content)
    };
    let found = [0.2, 0.5, 0.8].map(painted);
    assert!(found.windows(2).all(|pair| pair[1].0 < pair[0].0 && pair[1].1 > pair[0].1), "{found:?}");
}

#[test]
fn it_moves_while_it_runs_and_mute_leaves_the_rest_as_it_was() {
    let mut settings = settings(Objective::Balanced, Some(0.5));
    let mut transfer = run(&cpu(), 96, &settings);
    let beta = |transfer: &mut StyleTransfer| transfer.read().unwrap().norms.balance.unwrap();
    let half = beta(&mut transfer);
    assert_eq!(transfer.settings().style_weight, half[1]);
    settings.style_amount = Some(0.8);
    transfer.update(&settings, &[1.0]).unwrap();
    let more = beta(&mut transfer);
    assert!((more[1] / half[1] - 4.0).abs() < 1e-6, "{half:?} {more:?}");
    let deepest = "relu4_1".parse().unwrap();
    settings.style_layers.set_strip(deepest, Strip { weight: 0.7, muted: true, solo: false });
    transfer.update(&settings, &[1.0]).unwrap();
    assert_eq!(beta(&mut transfer), more);
    // A layer that comes in is measured and counts.
    settings.style_layers.set("relu3_3".parse().unwrap(), 1.0);
    transfer.update(&settings, &[1.0]).unwrap();
    assert!(beta(&mut transfer)[1] < more[1]);
    settings.style_amount = None;
    transfer.update(&settings, &[1.0]).unwrap();
    assert_eq!(transfer.read().unwrap().norms.balance, None);
    assert_eq!(transfer.settings().style_weight, 1.0);
    // Style alone begins with no content at all.
    settings.style_amount = Some(1.0);
    transfer.update(&settings, &[1.0]).unwrap();
    assert_eq!(transfer.settings().content_weight, 0.0);
    transfer.step().unwrap();
    transfer.read().unwrap();
}

#[test]
fn an_adapter_finds_the_same_balance() {
    let Some(device) = adapter() else { return };
    let settings = settings(Objective::Balanced, Some(0.6));
    let beta = |device: &Device| run(device, 96, &settings).settings().style_weight;
    crate::common::assert_close("β", beta(&device), beta(&cpu()), 5e-3);
}
