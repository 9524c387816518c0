//! The engine on the CPU with real pictures: hot changes, initial images, limits, reproducibility.

use std::sync::Arc;

use crate::common::{cpu, inputs, mean_difference, relative_error};
use image::RgbImage;
use impasto_core::{
    picture::{self, Picture},
    settings::{
        DeviceChoice, Init, LayerWeights, MAX_SIZE, Objective, Padding, Settings, Statistic, StyleMix,
    },
    transfer::{
        KernelSet, Pictures, StyleTransfer, TransferError, available_memory, memory_bytes, process_memory,
    },
};
use impasto_engine::session::{Engine, Job, PaintEngine, Start, StyleSource};
use impasto_formats::inputs::open_named;
use impasto_network::vgg::{Layer, Weights};

pub fn small(settings: Settings) -> Settings {
    Settings { size: 48, device: DeviceChoice::Cpu, ..settings }
}

pub fn job(settings: Settings) -> Job {
    crate::common::job(small(settings), Start::Beginning)
}

pub fn started(settings: Settings) -> PaintEngine {
    let mut engine = PaintEngine::new();
    engine.start(&job(settings), None, &mut |_| ()).unwrap();
    engine
}

pub fn steps(engine: &mut PaintEngine, count: u32) -> f64 {
    for _ in 0..count {
        engine.step().unwrap();
    }
    engine.losses().unwrap().unwrap().total
}

#[test]
fn every_objective_paints_and_its_loss_falls() {
    for &objective in Objective::ALL {
        let mut engine = started(Settings::for_objective(objective));
        let first = steps(&mut engine, 1);
        let initial = engine.read().unwrap().picture;
        let last = steps(&mut engine, 25);
        let share = if objective == Objective::Classic { 0.98 } else { 0.5 };
        assert!(last < share * first, "{objective}: {first} to {last}");
        assert!(mean_difference(&engine.read().unwrap().picture, &initial) > 1.0, "{objective}");
    }
}

#[test]
fn weights_and_layers_change_between_two_steps_without_losing_the_picture() {
    let mut engine = started(Settings::default());
    steps(&mut engine, 10);
    let before = engine.read().unwrap();
    let mut settings = small(Settings::default());
    settings.style_weight = 80.0;
    settings.content_weight = 0.5;
    settings.style_layers.set("relu3_3".parse().unwrap(), 0.4);
    settings.style_layers.remove("relu1_1".parse().unwrap());
    settings.style_layers.set("relu5_1".parse().unwrap(), 0.7);
    settings.content_layers = [("relu5_2".parse().unwrap(), 1.0)].into_iter().collect();
    engine.update(&settings, &inputs(&[StyleMix::default()])).unwrap();
    let unchanged = engine.read().unwrap();
    assert_eq!(unchanged.picture, before.picture);
    engine.step().unwrap();
    let after = engine.read().unwrap();
    assert_eq!(after.step, 11);
    let losses = after.losses.unwrap();
    let layers: Vec<String> = losses.style.keys().map(Layer::to_string).collect();
    assert_eq!(layers, ["relu2_1", "relu3_1", "relu3_3", "relu4_1", "relu5_1"]);
    // One step moves a pixel by about the learning rate, .03 of 255, whatever the weights did.
    let moved = mean_difference(&after.picture, &before.picture);
    assert!((1.0..12.0).contains(&moved), "{moved}");
}

#[test]
fn a_change_keeps_the_optimizers_moments() {
    // A change too small to matter must lead to the same picture as none; an optimizer that begins afresh
    // would move every value by the whole learning rate in its next step.
    let paint = |change: bool| {
        let mut engine = started(Settings { averaging: 0.0, ..Settings::default() });
        steps(&mut engine, 12);
        if change {
            let mut settings = small(Settings { averaging: 0.0, ..Settings::default() });
            settings.style_weight *= 1.0 + 1e-6;
            engine.update(&settings, &inputs(&[StyleMix::default()])).unwrap();
        }
        steps(&mut engine, 1);
        engine.read().unwrap().picture
    };
    let difference = mean_difference(&paint(true), &paint(false));
    // The gradient's scale is measured anew, and it drifts a little from step to step by itself.
    assert!(difference < 0.6, "{difference}");
}

/// The losses at the content itself, with two styles: of a run that began like this, and of one that was
/// changed to it.
#[test]
fn what_is_changed_of_the_styles_between_two_steps_is_what_a_new_run_would_have() {
    let two = |settings: Settings, mix: [StyleMix; 2]| {
        let mut job = job(settings);
        open_named(&mut job.inputs, &job.settings).unwrap();
        job.inputs.styles.push(StyleSource::new(Arc::new(picture::STYLES[1].open())));
        job.inputs.styles.iter_mut().zip(mix).for_each(|(style, mix)| style.mix = mix);
        let mut engine = PaintEngine::new();
        engine.start(&job, None, &mut |_| ()).unwrap();
        engine
    };
    let losses = |engine: &mut PaintEngine| {
        engine.step().unwrap();
        engine.losses().unwrap().unwrap()
    };
    let usual = StyleMix::default();
    let plain = losses(&mut two(Settings::default(), [usual; 2]));
    let mut seen = vec![plain.total];
    for (what, settings, mix) in [
        ("scale", Settings::default(), [usual, StyleMix { scale: 0.5, ..usual }]),
        ("weight", Settings::default(), [usual, StyleMix { weight: 0.2, ..usual }]),
        ("off", Settings::default(), [usual, StyleMix { on: false, ..usual }]),
        (
            "part",
            Settings::default(),
            [usual, StyleMix { crop: Some([0.25, 0.1, 0.5, 0.6].into()), ..usual }],
        ),
        ("all off", Settings::default(), [StyleMix { on: false, ..usual }; 2]),
        ("style scale", Settings { style_scale: 0.6, ..Settings::default() }, [usual; 2]),
        ("tilt", Settings { style_tilt: 0.4, ..Settings::default() }, [usual; 2]),
        ("colours", Settings { match_colours: 0.8, ..Settings::default() }, [usual; 2]),
        (
            "palette",
            Settings { match_colours: 1.0, palette: Some("example:Embers".into()), ..Settings::default() },
            [usual; 2],
        ),
        ("luminance", Settings { luminance_only: true, ..Settings::default() }, [usual; 2]),
    ] {
        let fresh = losses(&mut two(settings.clone(), mix));
        let mut engine = two(Settings::default(), [usual; 2]);
        let mut wanted = inputs(&mix);
        open_named(&mut wanted, &settings).unwrap();
        engine.update(&small(settings), &wanted).unwrap();
        let changed = losses(&mut engine);
        assert!(
            (changed.total - fresh.total).abs() < 1e-6 * fresh.total.max(1e-6),
            "{what}: {changed:?} {fresh:?}"
        );
        for (layer, value) in &fresh.style {
            assert!((changed.style[layer] - value).abs() < 1e-6 * value, "{what} at {layer}");
        }
        assert!(
            seen.iter().all(|other| (other - fresh.total).abs() > 1e-4 * other),
            "{what} changes nothing"
        );
        seen.push(fresh.total);
        // And back.
        engine.update(&small(Settings::default()), &inputs(&[usual; 2])).unwrap();
        let (_, again) = (engine.step().unwrap(), engine.losses().unwrap().unwrap());
        assert!((again.total / plain.total - 1.0).abs() < 0.3, "{what}: {again:?} {plain:?}");
    }
    // A style that is off is as good as absent.
    let mut alone = started(Settings::default());
    let mut off = two(Settings::default(), [usual, StyleMix { on: false, ..usual }]);
    assert!((losses(&mut alone).total / losses(&mut off).total - 1.0).abs() < 1e-5);
}

#[test]
fn a_changed_scale_keeps_the_picture_and_neither_bolts_nor_stalls_it() {
    let mut engine = started(Settings { averaging: 0.0, ..Settings::default() });
    steps(&mut engine, 10);
    let before = engine.read().unwrap();
    let settings = small(Settings { averaging: 0.0, ..Settings::default() });
    engine.update(&settings, &inputs(&[StyleMix { scale: 0.4, ..StyleMix::default() }])).unwrap();
    assert_eq!(engine.read().unwrap().picture, before.picture);
    let first = steps(&mut engine, 1);
    let after = engine.read().unwrap();
    assert_eq!(after.step, 11);
    let moved = mean_difference(&after.picture, &before.picture);
    assert!((0.5..12.0).contains(&moved), "{moved}");
    assert!(steps(&mut engine, 15) < 0.8 * first);
    // Nonsense is refused, and painting goes on.
    let error =
        engine.update(&settings, &inputs(&[StyleMix { scale: 0.0, ..StyleMix::default() }])).unwrap_err();
    assert!(error.to_string().contains("scale is 0"), "{error}");
    steps(&mut engine, 1);
}

/// Mean difference of neighbours across the picture's edges, relative to that of neighbours inside of it.
fn seam(picture: &RgbImage) -> f64 {
    let (width, height) = picture.dimensions();
    let difference = |a: (u32, u32), b: (u32, u32)| -> u64 {
        let (a, b) = (picture.get_pixel(a.0, a.1), picture.get_pixel(b.0, b.1));
        a.0.iter().zip(b.0).map(|(a, b)| u64::from(a.abs_diff(b))).sum()
    };
    let rows = |a: u32, b: u32| (0..width).map(|x| difference((x, a), (x, b))).sum::<u64>();
    let columns = |a: u32, b: u32| (0..height).map(|y| difference((a, y), (b, y))).sum::<u64>();
    let inner = (1..height).map(|y| rows(y - 1, y)).sum::<u64>() as f64 / f64::from(height - 1)
        + (1..width).map(|x| columns(x - 1, x)).sum::<u64>() as f64 / f64::from(width - 1);
    (rows(height - 1, 0) + columns(width - 1, 0)) as f64 / inner
}

#[test]
fn circular_padding_paints_a_tile_without_a_seam() {
    let paint = |padding| {
        let settings = Settings {
            padding,
            content_weight: 0.0,
            smoothness_weight: 0.5,
            init: Init::Noise,
            averaging: 0.9,
            ..Settings::default()
        };
        let mut job = job(settings);
        job.settings.size = 70;
        let mut engine = PaintEngine::new();
        let info = engine.start(&job, None, &mut |_| ()).unwrap();
        steps(&mut engine, 60);
        (seam(&engine.read().unwrap().picture), info)
    };
    let (tile, info) = paint(Padding::Circular);
    assert_eq!((info.width % 16, info.height % 16, info.width.max(info.height)), (0, 0, 64));
    assert!(info.remarks.iter().any(|remark| remark.contains("without a seam")), "{:?}", info.remarks);
    let (edged, info) = paint(Padding::Replicate);
    println!("across the edges: circular {tile:.2}, replicate {edged:.2} of the difference inside");
    assert!(tile < 1.1, "{tile}");
    assert!(edged > tile + 0.1 && info.remarks.is_empty(), "{edged} {:?}", info.remarks);
}

#[test]
fn a_panorama_can_be_a_first_picture() {
    let wide = Picture::from_rgba("wide", 1000, 60, [10, 200, 90, 255].repeat(60_000)).unwrap();
    let mut chosen = Job { choose_size: true, ..job(Settings::default()) };
    chosen.inputs.content = Arc::new(wide);
    let info = PaintEngine::new().start(&chosen, None, &mut |_| ()).unwrap();
    assert!(info.height >= 16, "{}×{}", info.width, info.height);
}

#[test]
fn a_slider_that_jumps_neither_bolts_nor_stalls_the_picture() {
    for factor in [1e-3, 1e3] {
        let settings =
            Settings { content_weight: 0.0, smoothness_weight: 0.0, averaging: 0.0, ..Settings::default() };
        let mut changed = started(settings.clone());
        let mut constant = started(settings.clone());
        steps(&mut changed, 8);
        steps(&mut constant, 8);
        let mut other = small(settings);
        other.style_weight *= factor;
        changed.update(&other, &inputs(&[StyleMix::default()])).unwrap();
        steps(&mut changed, 4);
        steps(&mut constant, 4);
        // With style alone its weight only scales the objective, and Adam does not care for scale.
        let (a, b) = (changed.read().unwrap().picture, constant.read().unwrap().picture);
        let difference = mean_difference(&a, &b);
        assert!(difference < 1.5, "factor {factor}: {difference}");
    }
}

#[test]
fn muted_layers_cost_nothing_when_they_lie_deepest() {
    let deepest = "relu5_1".parse().unwrap();
    let mut settings = small(Settings::default());
    assert_eq!(settings.style_layers.get(deepest), Some(0.0));
    let mut engine = started(settings.clone());
    engine.step().unwrap();
    let losses = engine.losses().unwrap().unwrap();
    assert!(!losses.style.contains_key(&deepest));
    assert!(losses.style.contains_key(&"relu4_1".parse().unwrap()));
    // Its fader brings it in while it paints.
    settings.style_layers.set(deepest, 0.7);
    engine.update(&settings, &inputs(&[StyleMix::default()])).unwrap();
    engine.step().unwrap();
    assert!(engine.losses().unwrap().unwrap().style.contains_key(&deepest));
}

/// The memory is estimated for the size in the settings, which a running picture does not follow: at this one
/// hardly a machine has enough.
#[test]
fn memory_is_asked_about_again_when_a_deeper_layer_comes_in() {
    let mut engine = started(Settings::default());
    let mut settings = Settings { size: MAX_SIZE, ..small(Settings::default()) };
    settings.style_layers.set("relu4_1".parse().unwrap(), 0.9);
    engine.update(&settings, &inputs(&[StyleMix::default()])).unwrap();
    let shapes = job(settings.clone()).inputs.shapes(&settings);
    settings.style_layers.set("relu5_1".parse().unwrap(), 0.7);
    let raised = engine.update(&settings, &inputs(&[StyleMix::default()]));
    let needed = memory_bytes(&shapes, &settings, KernelSet::Cpu);
    let free = available_memory().unwrap_or(u64::MAX).saturating_add(process_memory().1);
    let refused = raised.as_ref().err().and_then(|error| error.downcast_ref::<TransferError>());
    assert!(needed <= free || matches!(refused, Some(TransferError::Memory { .. })), "{raised:?}");
    engine.step().unwrap();
}

#[test]
fn an_objective_of_smoothness_alone_smooths() {
    let settings = Settings {
        content_weight: 0.0,
        style_weight: 0.0,
        smoothness_weight: 1.0,
        init: Init::Noise,
        ..Settings::default()
    };
    let mut engine = started(settings);
    let first = steps(&mut engine, 1);
    assert!(steps(&mut engine, 20) < 0.3 * first);
}

#[test]
fn the_same_seed_paints_the_same_picture_and_another_does_not() {
    let paint = |seed| {
        let mut engine = started(Settings { seed, init: Init::Noise, ..Settings::default() });
        steps(&mut engine, 4);
        engine.read().unwrap().picture
    };
    let one = paint(3);
    assert_eq!(one, paint(3));
    assert_ne!(one, paint(4));
}

#[test]
fn a_run_goes_on_from_a_picture_of_any_size() {
    let current = RgbImage::from_pixel(10, 10, image::Rgb([200, 30, 30]));
    let mut engine = PaintEngine::new();
    let info = engine.start(&job(Settings::default()), Some(&current), &mut |_| ()).unwrap();
    assert_eq!((info.width, info.height), (48, 32));
    let reading = engine.read().unwrap();
    assert_eq!(reading.picture.get_pixel(20, 20).0, [200, 30, 30]);
    assert!(reading.losses.is_none());
}

#[test]
fn a_first_size_is_chosen_by_measuring() {
    let mut engine = PaintEngine::new();
    let mut said = Vec::new();
    let chosen = Job { choose_size: true, ..job(Settings::default()) };
    let info = engine.start(&chosen, None, &mut |what| said.push(what.to_owned())).unwrap();
    assert!((128..=512).contains(&info.size), "{}", info.size);
    assert_eq!(info.width.max(info.height), info.size);
    assert!(said.iter().any(|what| what.contains("measuring")), "{said:?}");
}

#[test]
fn a_learning_rate_beyond_reason_is_told_and_not_painted() {
    // Classic does not clamp, so the variable can leave the range of floats.
    let mut settings = Settings::for_objective(Objective::Classic);
    settings.learning_rate = 1e30;
    let mut engine = started(settings);
    for _ in 0..3 {
        engine.step().unwrap();
    }
    let text = engine.read().unwrap_err().to_string();
    assert!(text.contains("no longer finite") && text.contains("learning rate"), "{text}");
}

#[test]
fn a_picture_too_narrow_for_the_layers_is_explained() {
    let narrow = RgbImage::from_pixel(100, 9, image::Rgb([9, 99, 199]));
    let pictures = Pictures {
        initial: narrow.clone(),
        content: narrow.clone(),
        styles: vec![narrow],
        style_masks: Vec::new(),
    };
    let weights = Arc::new(Weights::bundled().unwrap());
    let new = |settings: &Settings| {
        StyleTransfer::new(&cpu().tensor, Arc::clone(&weights), None, &pictures, &[1.0], settings)
    };
    let deep = Settings { style_layers: LayerWeights::paper_style(), ..Settings::default() };
    let error = new(&deep).err().unwrap();
    assert!(matches!(error, TransferError::TooNarrow { .. }));
    let text = error.to_string();
    assert!(text.contains("100×9") && text.contains("16 px"), "{text}");
    // Shallower layers do; and a layer that is too deep is refused while running, without harm.
    let shallow = Settings {
        content_layers: LayerWeights::none(),
        style_layers: [("relu2_1".parse().unwrap(), 1.0)].into_iter().collect(),
        ..Settings::default()
    };
    let mut run = new(&shallow).unwrap();
    run.step().unwrap();
    assert!(run.update(&deep, &[1.0]).is_err());
    assert_eq!(run.settings(), &shallow);
    run.step().unwrap();
    assert!(run.losses().unwrap().unwrap().total.is_finite());
}

#[test]
fn a_weights_file_is_used_instead_of_the_bundled_network() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/vgg19.safetensors");
    let mut bundled = started(Settings::default());
    let mut loaded = started(Settings { weights: Some(file), ..Settings::default() });
    assert_eq!(steps(&mut bundled, 2), steps(&mut loaded, 2));
    let missing = Settings { weights: Some("nowhere.pth".into()), ..Settings::default() };
    let error = PaintEngine::new().start(&job(missing), None, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("nowhere.pth"));
}

#[test]
fn reading_in_between_changes_nothing() {
    let weights = Arc::new(Weights::bundled().unwrap());
    let run = |look: bool| {
        let mut run = StyleTransfer::new(
            &cpu().tensor,
            Arc::clone(&weights),
            None,
            &crate::common::pictures(),
            &[1.0],
            &Settings::default(),
        )
        .unwrap();
        for _ in 0..3 {
            run.step().unwrap();
            if look {
                run.read().unwrap();
            }
        }
        run.variable().unwrap()
    };
    assert_eq!(relative_error(&run(true), &run(false)), 0.0);
}

#[test]
fn every_statistic_paints_and_changes_hot() {
    let mut engine = started(Settings { statistic: Statistic::Gram, ..Settings::default() });
    steps(&mut engine, 3);
    for &statistic in [Statistic::Wasserstein, Statistic::Moments, Statistic::Gram].iter() {
        engine
            .update(&small(Settings { statistic, ..Settings::default() }), &inputs(&[StyleMix::default()]))
            .unwrap();
        let first = steps(&mut engine, 1);
        let last = steps(&mut engine, 10);
        assert!(last < first, "{statistic}: {first} to {last}");
    }
}
