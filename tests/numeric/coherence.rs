//! The coherence term against PyTorch and finite differences, and what it does to a painting.

use std::sync::Arc;

use crate::{
    common::{
        Reference, adapter, assert_close, cpu, job, pictures, reference_run, reference_settings,
        reference_term, relative_error, slope_along_gradient,
    },
    saved_states::goes_on_in_every_bit,
};
use image::RgbImage;
use impasto_core::{
    settings::{
        DeviceChoice, Edge, GlobalTerm, LineSearch, Masks, Objective, Optimizer, Padding, Region,
        RegionStyle, Settings,
    },
    transfer::{LevelMasks, PixelMasks, Replacement, StyleImage, StyleTransfer},
};
use impasto_engine::session::{Engine, PaintEngine, Start};
use impasto_network::{compute::Device, vgg::Weights};

const COHERENCE: GlobalTerm = GlobalTerm::Coherence;

fn alone() -> Settings {
    Settings {
        content_weight: 0.0,
        style_weight: 0.0,
        smoothness_weight: 0.0,
        coherence_weight: 3.0,
        padding: Padding::Zero,
        ..Settings::for_objective(Objective::Balanced)
    }
}

fn value(run: &mut StyleTransfer) -> f64 {
    run.losses().unwrap().unwrap().global[&COHERENCE]
}

fn agrees_with_pytorch(device: &Device) {
    let (mut run, first) =
        reference_term(device, (COHERENCE, "coherence.json"), &alone(), [1e-4, 1e-3, 5e-3]);
    for _ in 0..30 {
        run.step().unwrap();
    }
    let last = value(&mut run);
    assert!(last < 0.8 * first, "{first} to {last}");
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

/// A run with two styles at the reference's iterate, the second one in other colours, and a region with the
/// second style alone, which begins at half the width and is whole after so many pixels.
fn with_region(settings: &Settings, ramp: f32) -> (StyleTransfer, Settings) {
    let mut pictures = pictures();
    let turned = pictures.styles[0].clone();
    pictures.styles.push(RgbImage::from_fn(turned.width(), turned.height(), |x, y| {
        let [red, green, blue] = turned.get_pixel(x, y).0;
        image::Rgb([blue, green, red])
    }));
    let styles = vec![RegionStyle { style: 1, weight: 1.0 }];
    let region = Region { name: "right".into(), styles, strength: 0.5, ..Region::default() };
    let masks = Masks { regions: vec![region], ..Masks::default() };
    let settings = Settings { masks, ..settings.clone() };
    let weights = Arc::new(Weights::bundled().unwrap());
    let mut run = StyleTransfer::new(&cpu().tensor, weights, None, &pictures, &[1.0; 2], &settings).unwrap();
    let edge = if ramp > 1.0 { Edge::Soft } else { Edge::Hard };
    let right = (0..67 * 94).map(|at| (((at % 94) as f32 - 47.0) / ramp).clamp(0.0, 1.0)).collect();
    let masks = PixelMasks { regions: vec![(right, edge)], ..PixelMasks::default() };
    run.set_masks(Some(LevelMasks::new(masks)));
    run.update(&settings, &[1.0; 2]).unwrap();
    run.set_variable(Reference::load().values("iterate").to_vec());
    (run, settings)
}

#[test]
fn its_gradient_agrees_with_finite_differences_while_its_aims_stay() {
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let whole = reference_run(&cpu(), &reference, &weights, &alone());
    for mut run in [whole, with_region(&alone(), 32.0).0] {
        let (norm, difference) = slope_along_gradient(&mut run);
        let error = ((difference - norm) / norm).abs();
        assert!(error < 1e-2, "{norm}, differences {difference}");
    }
}

/// What a region aims at is of its own styles: another style beside them changes nothing.
#[test]
fn a_region_aims_at_its_own_styles() {
    let (mut run, settings) = with_region(&alone(), 1.0);
    let (first, losses) = run.gradient().unwrap();
    let mut other = with_region(&alone(), 1.0).0;
    let black =
        StyleImage::New(RgbImage::from_fn(81, 70, |x, y| image::Rgb([(x * y % 256) as u8, 0, 0])), None);
    let styles = vec![black, StyleImage::Kept(1)];
    let replacement = Replacement { content: None, styles, style_weights: vec![1.0; 2] };
    other.replace(&replacement, false).unwrap();
    other.update(&settings, &[1.0; 2]).unwrap();
    let (second, _) = other.gradient().unwrap();
    assert!(losses.global[&COHERENCE] > 0.1);
    // Pixels that no feature outside of the region sees, but for the rounding of tiles, and pixels outside.
    let column = |gradient: &[f32], x: usize| (0..67).map(|y| gradient[y * 94 + x]).collect::<Vec<f32>>();
    let error = |x: usize| relative_error(&column(&second, x), &column(&first, x));
    let norm = |x: usize| column(&first, x).iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    assert!(norm(85) > 0.01 * norm(2), "the region pulls: {} {}", norm(85), norm(2));
    assert!((82..88).all(|x| error(x) < 1e-3), "{} {}", error(82), error(87));
    assert!((0..4).all(|x| error(x) > 0.1), "{} {}", error(0), error(3));
}

#[test]
fn it_is_switched_on_moved_with_the_styles_and_switched_off_while_it_paints() {
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let settings = reference_settings(Objective::Balanced);
    let mut run = reference_run(&cpu(), &reference, &weights, &settings);
    run.step().unwrap();
    assert_eq!(value(&mut run), 0.0);
    let with = Settings { coherence_weight: 2.0, ..settings.clone() };
    run.update(&with, &[1.0]).unwrap();
    run.step().unwrap();
    let losses = run.losses().unwrap().unwrap();
    let mut weighed = losses.clone();
    weighed.weigh(&settings);
    assert!(losses.global[&COHERENCE] > 0.0);
    assert_close("total", losses.total, weighed.total + 2.0 * losses.global[&COHERENCE], 1e-9);
    // Other pictures fade in from what it aimed at.
    let variable = run.variable().unwrap();
    let before = run.gradient().unwrap();
    let inverted = {
        let mut style = pictures().styles.remove(0);
        image::imageops::invert(&mut style);
        StyleImage::New(style, None)
    };
    run.replace(&Replacement { content: None, styles: vec![inverted], style_weights: vec![1.0] }, true)
        .unwrap();
    let after = run.gradient().unwrap();
    assert_close("coherence", after.1.global[&COHERENCE], before.1.global[&COHERENCE], 1e-6);
    assert!(relative_error(&after.0, &before.0) < 1e-4);
    (0..10).for_each(|_| run.step().unwrap());
    run.set_variable(variable);
    assert!(!run.is_fading());
    assert!(relative_error(&run.gradient().unwrap().0, &before.0) > 0.1, "it aims at the new style");
    run.update(&settings, &[1.0]).unwrap();
    run.step().unwrap();
    assert_eq!(value(&mut run), 0.0);
}

#[test]
fn l_bfgs_goes_down_through_new_aims() {
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let usual = Settings {
        optimizer: Optimizer::Lbfgs,
        averaging: 0.0,
        coherence_weight: 1.0,
        ..reference_settings(Objective::Balanced)
    };
    for line_search in [LineSearch::Wolfe, LineSearch::Fixed] {
        let settings = Settings { line_search, ..usual.clone() };
        let mut run = reference_run(&cpu(), &reference, &weights, &settings);
        let mut totals = Vec::new();
        for _ in 0..100 {
            run.step().unwrap();
            totals.push(run.losses().unwrap().unwrap().total);
        }
        println!("{line_search}: {} {} {} {}", totals[0], totals[30], totals[64], totals[99]);
        // New aims were chosen three times.
        assert!(totals[30] < 0.6 * totals[0], "{line_search}: {totals:?}");
        assert!(totals[99] < totals[30], "{line_search}: {totals:?}");
    }
}

/// From a saved state the next steps are those of the run that went on, between two choices of aims and
/// across them.
#[test]
fn a_saved_state_goes_on_in_every_bit() {
    let usual = Settings {
        size: 160,
        steps: 40,
        coherence_weight: 0.7,
        device: DeviceChoice::Cpu,
        ..Settings::default()
    };
    for (what, settings) in [
        ("Adam", usual.clone()),
        ("L-BFGS", Settings { optimizer: Optimizer::Lbfgs, averaging: 0.0, ..usual.clone() }),
        ("low memory", Settings { low_memory: true, pyramid: false, ..usual }),
    ] {
        goes_on_in_every_bit(what, &settings);
    }
}

#[test]
fn saved_aims_of_other_pictures_are_chosen_anew() {
    let settings = Settings {
        size: 96,
        pyramid: false,
        coherence_weight: 0.7,
        device: DeviceChoice::Cpu,
        ..Settings::default()
    };
    let mut engine = PaintEngine::new();
    engine.start(&job(settings.clone(), Start::Beginning), None, &mut |_| ()).unwrap();
    (0..3).for_each(|_| engine.step().unwrap());
    let mut state = engine.checkpoint().unwrap().unwrap();
    let fresh = state.clone();
    // The last tensor's last number: a sample of a style that is not there.
    let end = state.len();
    let name = "aims.relu4_1.0";
    assert!(state.windows(name.len()).any(|window| window == name.as_bytes()));
    let header = String::from_utf8_lossy(&state[8..]).into_owned();
    let tensor = header.split(&format!("\"{name}\":")).nth(1).unwrap();
    let offsets = tensor.split("\"data_offsets\":[").nth(1).unwrap().split(']').next().unwrap();
    let last: usize = offsets.split(',').nth(1).unwrap().parse().unwrap();
    let data = 8 + u64::from_le_bytes(state[..8].try_into().unwrap()) as usize;
    assert!(data + last <= end);
    state[data + last - 4..data + last].copy_from_slice(&0x00ff_ffff_u32.to_le_bytes());
    engine.restore(3, Some(&state)).unwrap();
    engine.step().unwrap();
    assert!(engine.losses().unwrap().unwrap().global[&COHERENCE] > 0.0);
    engine.restore(3, Some(&fresh)).unwrap();
    engine.step().unwrap();
}
