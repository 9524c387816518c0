//! What the numeric tests share: reference numbers, devices, relative errors.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use image::RgbImage;
use impasto_core::{
    picture,
    settings::{DeviceChoice, GlobalTerm, LayerWeights, Objective, Padding, Settings, Statistic, StyleMix},
    transfer::{Inputs, Pictures, StyleTransfer},
};
use impasto_engine::session::{Job, Start, StyleSource};
use impasto_network::{
    compute::{self, Device},
    vgg::Weights,
};

pub fn data(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file)
}

/// Numbers that PyTorch computed, see tests/data/README.md.
pub struct Reference(HashMap<String, Vec<f32>>);

impl Reference {
    pub fn load() -> Self {
        Self::of("reference.safetensors")
    }

    /// The numbers in another file beside it.
    pub fn of(file: &str) -> Self {
        let bytes = std::fs::read(data(file)).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let floats = |bytes: &[u8]| bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
        Self(tensors.iter().map(|(name, view)| (name.to_owned(), floats(view.data()))).collect())
    }

    pub fn values(&self, name: &str) -> &[f32] {
        self.0.get(name).unwrap_or_else(|| panic!("the reference has no {name}"))
    }

    pub fn value(&self, name: &str) -> f64 {
        f64::from(self.values(name)[0])
    }

    /// The iterate as planes of the optimised variable.
    pub fn variable(&self, objective: Objective) -> Vec<f32> {
        let image = self.values("iterate").to_vec();
        if objective != Objective::Classic {
            return image;
        }
        let (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        let plane = image.len() / 3;
        image.iter().enumerate().map(|(i, x)| (x - mean[i / plane]) / std[i / plane]).collect()
    }
}

/// The settings that an objective's reference numbers were computed with, see tests/data/README.md.
pub fn reference_settings(objective: Objective) -> Settings {
    let mut settings = Settings {
        statistic: Statistic::Gram,
        padding: Padding::Zero,
        content_layers: LayerWeights::paper_content(),
        smoothness_weight: 0.0,
        ..Settings::for_objective(objective)
    };
    match objective {
        Objective::Balanced => {
            settings.style_weight = 2.0;
            settings.style_layers = LayerWeights::classic_style();
        }
        Objective::Paper => settings.style_weight = 1e4,
        Objective::Classic => {}
    }
    settings
}

/// ‖a−b‖/‖b‖.
pub fn relative_error(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let square = |v: f64| v * v;
    let difference: f64 = found.iter().zip(expected).map(|(a, b)| square(f64::from(a - b))).sum();
    let norm: f64 = expected.iter().map(|b| square(f64::from(*b))).sum();
    (difference / norm).sqrt()
}

/// Mean difference of two pictures of one shape, in byte values.
pub fn mean_difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.as_raw().len() as f64
}

pub fn assert_close(what: &str, found: f64, expected: f64, tolerance: f64) {
    let error = ((found - expected) / expected).abs();
    assert!(error <= tolerance, "{what}: {found} instead of {expected}, relative error {error:.2e}");
}

/// The CPU.
pub fn cpu() -> Device {
    compute::open(&DeviceChoice::Cpu).unwrap()
}

/// A graphics adapter: a hardware GPU if there is one, else a software driver. Without any, the test is
/// skipped with a printed line, or fails when IMPASTO_REQUIRE_GPU is set.
pub fn adapter() -> Option<Device> {
    // What is measured here is nobody's but the tests'.
    compute::set_tile_folder(env!("CARGO_TARGET_TMPDIR").into());
    match compute::open(&DeviceChoice::Gpu).or_else(|_| compute::open(&DeviceChoice::Software)) {
        Ok(device) => {
            println!("adapter: {} ({}): {}", device.info.name, device.info.backend, device.info.reason);
            Some(device)
        }
        Err(error) => {
            assert!(std::env::var_os("IMPASTO_REQUIRE_GPU").is_none(), "an adapter is required: {error}");
            println!("skipped: {error}");
            None
        }
    }
}

/// A run of the first bundled content and style.
pub fn job(settings: Settings, start: Start) -> Job {
    Job {
        run: 1,
        inputs: Inputs::new(
            Arc::new(picture::CONTENTS[0].open()),
            vec![StyleSource::new(Arc::new(picture::STYLES[0].open()))],
        ),
        settings,
        start,
        paused: false,
        endless: false,
        choose_size: false,
    }
}

/// The first bundled content and as many bundled styles as there are mixes, with these.
pub fn inputs(mix: &[StyleMix]) -> Inputs {
    let style = |(example, mix): (&picture::Example, &StyleMix)| StyleSource {
        picture: Arc::new(example.open()),
        mix: *mix,
    };
    let styles = picture::STYLES.iter().zip(mix).map(style).collect();
    Inputs::new(Arc::new(picture::CONTENTS[0].open()), styles)
}

/// The reference's pictures.
pub fn pictures() -> Pictures {
    let open = |file: &str| image::open(data(file)).unwrap().to_rgb8();
    let content = open("content.png");
    Pictures { initial: content.clone(), content, styles: vec![open("style.png")], style_masks: Vec::new() }
}

/// The style as the classic objective wants it: in the content's shape, as Pillow resizes it.
pub fn classic_style(reference: &Reference, shape: (u32, u32)) -> RgbImage {
    let planes = reference.values("classic.style");
    let count = (shape.0 * shape.1) as usize;
    RgbImage::from_fn(shape.0, shape.1, |x, y| {
        let i = (y * shape.0 + x) as usize;
        image::Rgb([0, 1, 2].map(|c| (planes[c * count + i] * 255.0).round() as u8))
    })
}

/// A run at the reference's iterate.
pub fn reference_run(
    device: &Device,
    reference: &Reference,
    weights: &Arc<Weights>,
    settings: &Settings,
) -> StyleTransfer {
    let mut pictures = pictures();
    if settings.objective == Objective::Classic {
        pictures.styles = vec![classic_style(reference, pictures.content.dimensions())];
    }
    let mut run =
        StyleTransfer::new(&device.tensor, Arc::clone(weights), None, &pictures, &[1.0], settings).unwrap();
    run.set_variable(reference.variable(settings.objective));
    run
}

/// The length of a run's gradient, and the derivative of its objective along it by finite differences, where
/// the change is large against rounding.
pub fn slope_along_gradient(run: &mut StyleTransfer) -> (f64, f64) {
    let variable = run.variable().unwrap();
    let (gradient, _) = run.gradient().unwrap();
    let norm = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
    let step = 0.02;
    let mut at = |sign: f64| {
        let moved = variable.iter().zip(&gradient);
        run.set_variable(moved.map(|(x, g)| x + (sign * step * f64::from(*g) / norm) as f32).collect());
        run.gradient().unwrap().1.total
    };
    (norm, (at(1.0) - at(-1.0)) / (2.0 * step))
}

/// A term alone with the weight 3 at the reference's iterate, beside what PyTorch says of it in this file.
/// Its value and its gradient's length and sample may differ by these tolerances. The run, and the term's
/// value.
pub fn reference_term(
    device: &Device,
    (term, file): (GlobalTerm, &str),
    settings: &Settings,
    tolerances: [f64; 3],
) -> (StyleTransfer, f64) {
    let expected = expected_term(file);
    let (reference, weights) = (Reference::load(), Arc::new(Weights::bundled().unwrap()));
    let mut run = reference_run(device, &reference, &weights, settings);
    let value = agrees_with_reference(&mut run, (term, file), &expected, tolerances);
    (run, value)
}

/// What PyTorch says of a term, in this file.
pub fn expected_term(file: &str) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(data(file)).unwrap()).unwrap()
}

/// The same of a run that is there. Returns the term's value.
pub fn agrees_with_reference(
    run: &mut StyleTransfer,
    (term, what): (GlobalTerm, &str),
    expected: &serde_json::Value,
    tolerances: [f64; 3],
) -> f64 {
    let (gradient, losses) = run.gradient().unwrap();
    let value = losses.global[&term];
    let [of_value, of_norm, of_sample] = tolerances;
    assert_close(what, value, expected["value"].as_f64().unwrap(), of_value);
    assert_close("total", losses.total, 3.0 * value, 1e-6);
    let norm = gradient.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt() / 3.0;
    assert_close("its gradient", norm, expected["gradient_norm"].as_f64().unwrap(), of_norm);
    let sample: Vec<f32> = gradient.iter().step_by((gradient.len() / 257).max(1)).map(|v| v / 3.0).collect();
    let wanted: Vec<f32> = serde_json::from_value(expected["gradient_sample"].clone()).unwrap();
    let error = relative_error(&sample, &wanted);
    println!("the gradient differs by {error:.1e}");
    assert!(error < of_sample, "the gradient differs by {error:.2e}");
    value
}
