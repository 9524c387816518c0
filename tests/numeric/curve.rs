//! 200 steps of the optimisation beside PyTorch's: the same weights, pictures and Adam, so the same losses
//! all the way.

use std::sync::Arc;

use crate::common::{Reference, adapter, cpu, pictures, reference_settings};
use impasto_core::{
    settings::{Objective, Precision, Settings},
    transfer::{Pictures, StyleTransfer},
};
use impasto_network::{
    compute::{Device, DeviceKind},
    vgg::Weights,
};

/// Largest relative difference of a loss from PyTorch's.
const TOLERANCE: f64 = 0.01;
/// Steps on a software driver, where 200 would take a minute.
const SOFTWARE_STEPS: usize = 40;

/// Paints as tests/data/curve.py does, as many steps as are asked for.
fn follow(device: &Device, steps: usize, precision: Precision) {
    let totals = Reference::of("curve.safetensors").values("totals").to_vec();
    assert_eq!(totals.len(), 201);
    let Pictures { content, styles, .. } = pictures();
    let content = image::imageops::crop_imm(&content, 0, 0, 64, 48).to_image();
    let pictures = Pictures { initial: content.clone(), content, styles, style_masks: Vec::new() };
    let settings = Settings { precision, averaging: 0.0, ..reference_settings(Objective::Balanced) };
    let weights = Arc::new(Weights::bundled().unwrap());
    let mut run = StyleTransfer::new(&device.tensor, weights, None, &pictures, &[1.0], &settings).unwrap();
    let mut worst = (0.0, 0);
    for (step, &expected) in totals[..steps].iter().enumerate() {
        run.step().unwrap();
        let total = run.losses().unwrap().unwrap().total;
        let error = ((total - f64::from(expected)) / f64::from(expected)).abs();
        assert!(error < TOLERANCE, "step {step}: {total} instead of {expected}, {:.2} % off", 100.0 * error);
        if error > worst.0 {
            worst = (error, step);
        }
    }
    // It has learnt something on the way.
    assert!(f64::from(totals[steps - 1]) < 0.2 * f64::from(totals[0]));
    println!(
        "{}, {precision}: {steps} steps, at most {:.3} % off, at step {}",
        device.info.name,
        100.0 * worst.0,
        worst.1
    );
}

#[test]
fn the_losses_of_200_steps_on_the_cpu_are_pytorchs() {
    follow(&cpu(), 200, Precision::Full);
}

#[test]
fn the_losses_of_an_adapters_steps_are_pytorchs() {
    if let Some(device) = adapter() {
        let steps = if device.info.kind == DeviceKind::Software { SOFTWARE_STEPS } else { 200 };
        for &precision in Precision::ALL {
            follow(&device, steps, precision);
        }
    }
}
