//! The histogram term against PyTorch, and what it does to a painting.

use std::sync::Arc;

use crate::common::{Reference, adapter, assert_close, cpu, reference_run, reference_term};
use impasto_core::settings::{GlobalTerm, Objective, Padding, Settings};
use impasto_network::{compute::Device, vgg::Weights};

const HISTOGRAM: GlobalTerm = GlobalTerm::Sliced;

fn agrees_with_pytorch(device: &Device) {
    let settings = Settings {
        content_weight: 0.0,
        style_weight: 0.0,
        smoothness_weight: 0.0,
        sliced_weight: 3.0,
        padding: Padding::Zero,
        ..Settings::for_objective(Objective::Balanced)
    };
    let (mut run, first) =
        reference_term(device, (HISTOGRAM, "histogram.json"), &settings, [1e-3, 1e-2, 1e-2]);
    // Where features are sent anew at some evaluations only, the term falls all the same.
    for _ in 0..30 {
        run.step().unwrap();
    }
    let last = run.losses().unwrap().unwrap().global[&HISTOGRAM];
    assert!(last < 0.2 * first, "{first} to {last}");
}

#[test]
fn the_cpu_agrees_with_pytorch() {
    agrees_with_pytorch(&cpu());
}

#[test]
fn a_graphics_adapter_agrees_with_pytorch() {
    if let Some(device) = adapter() {
        agrees_with_pytorch(&device);
    }
}

#[test]
fn it_is_switched_on_moved_with_the_styles_and_switched_off_while_it_paints() {
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let settings = Settings::for_objective(Objective::Balanced);
    let mut run = reference_run(&cpu(), &reference, &weights, &settings);
    run.step().unwrap();
    assert_eq!(run.losses().unwrap().unwrap().global[&HISTOGRAM], 0.0);
    let with = Settings { sliced_weight: 5.0, ..settings.clone() };
    run.update(&with, &[1.0]).unwrap();
    run.step().unwrap();
    let losses = run.losses().unwrap().unwrap();
    assert!(losses.global[&HISTOGRAM] > 0.0);
    let mut weighed = losses.clone();
    weighed.weigh(&settings);
    assert_close("total", losses.total, weighed.total + 5.0 * losses.global[&HISTOGRAM], 1e-9);
    run.update(&settings, &[1.0]).unwrap();
    run.step().unwrap();
    assert_eq!(run.losses().unwrap().unwrap().global[&HISTOGRAM], 0.0);
}
