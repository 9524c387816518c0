//! The sliced Wasserstein term against PyTorch and finite differences, and what it does to a painting.

use std::sync::Arc;

use crate::{
    common::{
        Reference, adapter, agrees_with_reference, assert_close, cpu, expected_term, reference_run,
        slope_along_gradient,
    },
    saved_states::goes_on_in_every_bit,
};
use impasto_core::{
    settings::{DeviceChoice, GlobalTerm, Objective, Optimizer, Padding, Settings},
    transfer::StyleTransfer,
};
use impasto_network::{compute::Device, vgg::Weights};

const SLICED: GlobalTerm = GlobalTerm::Sliced;

fn alone(sliced_bases: u32) -> Settings {
    Settings {
        content_weight: 0.0,
        style_weight: 0.0,
        smoothness_weight: 0.0,
        sliced_weight: 3.0,
        sliced_bases,
        padding: Padding::Zero,
        ..Settings::for_objective(Objective::Balanced)
    }
}

fn begun(device: &Device, settings: &Settings) -> StyleTransfer {
    reference_run(device, &Reference::load(), &Arc::new(Weights::bundled().unwrap()), settings)
}

fn value(run: &mut StyleTransfer) -> f64 {
    run.losses().unwrap().unwrap().global[&SLICED]
}

/// Sort anew in the next evaluation, and in the next basis, as another weight of the style does.
fn next_basis(run: &mut StyleTransfer, settings: &Settings, weight: u32) {
    run.update(settings, &[f64::from(weight)]).unwrap();
}

fn agrees_with_pytorch(device: &Device) {
    let expected = expected_term("sliced.json");
    let tolerances = [1e-3, 1e-2, 1e-2];
    for bases in [1, 4] {
        let settings = alone(bases);
        let mut run = begun(device, &settings);
        let first = agrees_with_reference(&mut run, (SLICED, "the channels"), &expected[0], tolerances);
        for index in 1..bases {
            next_basis(&mut run, &settings, 1 + index);
            let what = format!("basis {index}");
            agrees_with_reference(&mut run, (SLICED, &what), &expected[index as usize], tolerances);
        }
        next_basis(&mut run, &settings, 1 + bases);
        agrees_with_reference(&mut run, (SLICED, "the channels again"), &expected[0], tolerances);
        // Where features are sorted anew at some evaluations only, the term falls all the same.
        for _ in 0..30 {
            run.step().unwrap();
        }
        let last = value(&mut run);
        println!("{bases}: {first} to {last}");
        let limit = if bases == 1 { 0.2 } else { 0.4 };
        assert!(last < limit * first, "{bases}: {first} to {last}");
    }
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
fn the_channels_are_the_first_basis_to_the_last_bit() {
    let of = |bases: u32| begun(&cpu(), &alone(bases)).gradient().unwrap();
    assert!(of(1) == of(4));
}

/// What the features aim at stays for some evaluations, so that differences are of the term itself.
#[test]
fn every_basis_agrees_with_finite_differences() {
    let settings = alone(3);
    for index in 0..3 {
        let mut run = begun(&cpu(), &settings);
        for turn in 0..index {
            run.gradient().unwrap();
            next_basis(&mut run, &settings, 2 + turn);
        }
        let (norm, difference) = slope_along_gradient(&mut run);
        let error = ((difference - norm) / norm).abs();
        println!("basis {index}: {norm}, differences {difference}");
        assert!(error < 1e-2, "basis {index}: {norm}, differences {difference}");
    }
}

#[test]
fn it_is_switched_on_moved_with_the_styles_and_switched_off_while_it_paints() {
    for sliced_bases in [1, 4] {
        let settings = Settings { sliced_bases, ..Settings::for_objective(Objective::Balanced) };
        let mut run = begun(&cpu(), &settings);
        run.step().unwrap();
        assert_eq!(value(&mut run), 0.0);
        let with = Settings { sliced_weight: 5.0, ..settings.clone() };
        run.update(&with, &[1.0]).unwrap();
        run.step().unwrap();
        let losses = run.losses().unwrap().unwrap();
        assert!(losses.global[&SLICED] > 0.0);
        let mut weighed = losses.clone();
        weighed.weigh(&settings);
        assert_close("total", losses.total, weighed.total + 5.0 * losses.global[&SLICED], 1e-9);
        run.update(&settings, &[1.0]).unwrap();
        run.step().unwrap();
        assert_eq!(value(&mut run), 0.0);
    }
}

/// Another number of bases begins at the channels, as a run with that number does.
#[test]
fn the_bases_change_while_it_paints() {
    let mut run = begun(&cpu(), &alone(1));
    run.step().unwrap();
    for bases in [4, 2, 1] {
        run.update(&alone(bases), &[1.0]).unwrap();
        let variable = run.variable().unwrap();
        let mut fresh = begun(&cpu(), &alone(bases));
        for basis in 0..bases {
            run.set_variable(variable.clone());
            fresh.set_variable(variable.clone());
            assert!(run.gradient().unwrap() == fresh.gradient().unwrap(), "{basis} of {bases}");
            next_basis(&mut run, &alone(bases), 2 + basis);
            next_basis(&mut fresh, &alone(bases), 2 + basis);
        }
    }
}

/// From a saved state the next steps are those of the run that went on, between two sortings and across them.
#[test]
fn a_saved_state_goes_on_in_every_bit() {
    let usual = Settings {
        size: 160,
        steps: 40,
        sliced_weight: 2.0,
        sliced_bases: 3,
        device: DeviceChoice::Cpu,
        ..Settings::default()
    };
    for (what, settings) in [
        ("Adam", usual.clone()),
        ("one basis", Settings { sliced_bases: 1, ..usual.clone() }),
        ("luminance", Settings { luminance_only: true, ..usual.clone() }),
        ("L-BFGS", Settings { optimizer: Optimizer::Lbfgs, averaging: 0.0, ..usual.clone() }),
        ("low memory", Settings { low_memory: true, pyramid: false, ..usual }),
    ] {
        let early = goes_on_in_every_bit(what, &settings);
        let sorted = early.windows(13).any(|window| window == b"cycle.picture");
        assert_eq!(sorted, settings.sliced_bases > 1, "{what}: the picture that the targets are of");
    }
}
