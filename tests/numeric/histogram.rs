//! The histogram term against PyTorch, and what it does to a painting.

use std::sync::Arc;

use crate::common::{Reference, adapter, assert_close, cpu, data, reference_run, relative_error};
use impasto_core::settings::{GlobalTerm, Objective, Padding, Settings};
use impasto_network::{compute::Device, vgg::Weights};

const HISTOGRAM: GlobalTerm = GlobalTerm::Histogram;

fn agrees_with_pytorch(device: &Device) {
    let text = std::fs::read_to_string(data("histogram.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let settings = Settings {
        content_weight: 0.0,
        style_weight: 0.0,
        smoothness_weight: 0.0,
        histogram_weight: 3.0,
        padding: Padding::Zero,
        ..Settings::for_objective(Objective::Balanced)
    };
    let mut run = reference_run(device, &reference, &weights, &settings);
    let (gradient, losses) = run.gradient().unwrap();
    assert_close("histogram", losses.global[&HISTOGRAM], expected["value"].as_f64().unwrap(), 1e-3);
    assert_close("total", losses.total, 3.0 * losses.global[&HISTOGRAM], 1e-6);
    let norm = gradient.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt() / 3.0;
    assert_close("its gradient", norm, expected["gradient_norm"].as_f64().unwrap(), 1e-2);
    let sample: Vec<f32> = gradient.iter().step_by((gradient.len() / 257).max(1)).map(|v| v / 3.0).collect();
    let wanted: Vec<f32> = serde_json::from_value(expected["gradient_sample"].clone()).unwrap();
    let error = relative_error(&sample, &wanted);
    println!("the gradient differs by {error:.1e}");
    assert!(error < 1e-2, "the gradient differs by {error:.2e}");
    // Where features are sent anew at some evaluations only, the term falls all the same.
    let first = losses.global[&HISTOGRAM];
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
    let with = Settings { histogram_weight: 5.0, ..settings.clone() };
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
