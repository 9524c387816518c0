//! `impasto bench`: measures how fast a device paints, on pictures that are the same everywhere.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use impasto_core::{
    picture::{Picture, PictureError},
    settings::{DeviceChoice, LayerWeights, Padding, Precision, Settings, Statistic},
    transfer::{self, Inputs},
};
use impasto_engine::{
    queue::guarded,
    session::{Engine, Job, PaintEngine, RunInfo, StyleSource},
};
use impasto_network::{
    compute::{DeviceInfo, LayerTime},
    vgg::Layer,
};

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Device: auto, cpu, gpu, software or a part of a name listed by `impasto devices`
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub device: DeviceChoice,
    /// Side of the square picture, in pixels (repeatable)
    #[arg(long = "size", value_name = "PIXELS", default_values_t = [128, 256])]
    pub sizes: Vec<u32>,
    /// Number of steps at each size, including two for warm-up
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: u32,
    /// VGG-19 weights file instead of the bundled one
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Measure each layer's convolution too, forward and backward
    #[arg(long)]
    pub layers: bool,
    /// Use as little memory as possible
    #[arg(long)]
    pub low_memory: bool,
    /// How features are stored on a graphics adapter: full or fast
    #[arg(long, default_value_t)]
    pub precision: Precision,
    /// Measure the step that BENCHMARKS.md compares instead of the usual one: style by Gram matrices at five
    /// layers down to relu5_1, and zero padding
    #[arg(long)]
    pub five_layers: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Steps that are not counted: the first ones compile kernels and fill caches.
const WARM_UP: usize = 2;

#[derive(Serialize)]
struct Results {
    device: DeviceInfo,
    /// Multiply-adds on registers alone, counted as two operations.
    peak_gflops: f64,
    weights: WeightsSha,
    /// What differs from what was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
    sizes: Vec<Measured>,
}

#[derive(Serialize)]
struct WeightsSha {
    sha256: String,
}

#[derive(Serialize)]
struct Measured {
    size: u32,
    /// Median after the warm-up.
    seconds_per_step: f64,
    first_step_seconds: f64,
    /// Opening the device and loading weights (the first size only), and computing targets.
    prepare_seconds: f64,
    /// Operations of direct convolutions: if fewer are needed, or on matrix units, this may exceed the peak.
    gflops: f64,
    share_of_peak: f64,
    /// The estimate shown before a run.
    estimated_memory_bytes: u64,
    /// Of the whole process until now; measure larger sizes later.
    peak_memory_bytes: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    layers: Vec<MeasuredLayer>,
}

#[derive(Serialize)]
struct MeasuredLayer {
    layer: Layer,
    forward_seconds: f64,
    forward_gflops: f64,
    backward_seconds: f64,
    backward_gflops: f64,
    /// The tile that an adapter uses for each, and whether it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_tile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backward_tile: Option<String>,
}

/// Measure every size and prints the results.
pub(super) fn run(arguments: &BenchArgs) -> anyhow::Result<ExitCode> {
    let settings: Vec<Settings> = arguments.sizes.iter().map(|&size| settings(arguments, size)).collect();
    settings.iter().try_for_each(Settings::validate)?;
    if let Some(file) = &arguments.weights {
        anyhow::ensure!(file.is_file(), "weights: there is no file {}", file.display());
    }
    let mut engine = PaintEngine::new();
    let peak_gflops = guarded(|| engine.peak(&arguments.device))? / 1e9;
    let mut run_info: Option<RunInfo> = None;
    let mut sizes = Vec::new();
    for settings in settings {
        let size = settings.size;
        let (info, measured) = measure(&mut engine, settings, arguments, peak_gflops)
            .with_context(|| format!("cannot measure size {size}"))?;
        run_info.get_or_insert(info);
        sizes.push(measured);
    }
    let run_info = run_info.context("no size was asked for")?;
    let results = Results {
        device: run_info.device,
        peak_gflops,
        weights: WeightsSha { sha256: run_info.weights.sha256 },
        remarks: run_info.remarks,
        sizes,
    };
    let text = if arguments.json { serde_json::to_string_pretty(&results)? + "\n" } else { table(&results) };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn settings(arguments: &BenchArgs, size: u32) -> Settings {
    let usual = Settings {
        size,
        steps: arguments.steps,
        device: arguments.device.clone(),
        weights: arguments.weights.clone(),
        low_memory: arguments.low_memory,
        precision: arguments.precision,
        pyramid: false,
        ..Settings::default()
    };
    match arguments.five_layers {
        false => usual,
        true => Settings {
            statistic: Statistic::Gram,
            style_layers: LayerWeights::paper_style(),
            padding: Padding::Zero,
            ..usual
        },
    }
}

fn measure(
    engine: &mut PaintEngine,
    settings: Settings,
    arguments: &BenchArgs,
    peak_gflops: f64,
) -> anyhow::Result<(RunInfo, Measured)> {
    let size = settings.size;
    let style = StyleSource::new(Arc::new(pattern("bench style", size, 2)?));
    let job = Job::new(1, Inputs::new(Arc::new(pattern("bench content", size, 1)?), vec![style]), settings);
    let began = Instant::now();
    let info = guarded(|| {
        let info = engine.start(&job, None, &mut |what| tracing::debug!("{what}"))?;
        engine.synchronize()?;
        Ok(info)
    })?;
    let prepare_seconds = began.elapsed().as_secs_f64();
    let mut seconds = Vec::new();
    for _ in 0..arguments.steps {
        let began = Instant::now();
        guarded(|| {
            engine.step()?;
            engine.synchronize()
        })?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    let memory = transfer::process_memory().1;
    let first_step_seconds = seconds.first().copied().unwrap_or_default();
    let seconds_per_step = median_after_warm_up(&seconds);
    let flops = transfer::flops_per_step(info.width, info.height, &job.settings);
    let gflops = flops / seconds_per_step.max(1e-9) / 1e9;
    let layers = match arguments.layers {
        true => layers(&guarded(|| engine.time_layers())?, &info),
        false => Vec::new(),
    };
    let measured = Measured {
        size,
        seconds_per_step,
        first_step_seconds,
        prepare_seconds,
        gflops,
        share_of_peak: gflops / peak_gflops,
        estimated_memory_bytes: info.memory_bytes,
        peak_memory_bytes: memory,
        layers,
    };
    engine.end();
    Ok((info, measured))
}

fn layers(times: &[LayerTime], info: &RunInfo) -> Vec<MeasuredLayer> {
    let measured = |time: &LayerTime| {
        let flops = transfer::convolution_flops(time.layer, info.width, info.height) / 1e9;
        let (forward_tile, backward_tile) = time.choices.clone().map(|[a, b]| (a, b)).unzip();
        MeasuredLayer {
            layer: time.layer,
            forward_seconds: time.forward,
            forward_gflops: flops / time.forward,
            backward_seconds: time.backward,
            backward_gflops: flops / time.backward,
            forward_tile,
            backward_tile,
        }
    };
    times.iter().map(measured).collect()
}

/// Median after the warm-up; with too few steps for a whole warm-up, the last one counts.
fn median_after_warm_up(seconds: &[f64]) -> f64 {
    let mut counted = seconds[WARM_UP.min(seconds.len().saturating_sub(1))..].to_vec();
    counted.sort_by(f64::total_cmp);
    match counted.len() {
        0 => 0.0,
        n if n % 2 == 1 => counted[n / 2],
        n => f64::midpoint(counted[n / 2 - 1], counted[n / 2]),
    }
}

/// A square picture with structure at every scale: seeded waves and noise, from whole numbers only, so that
/// it has the same bytes on every machine.
fn pattern(name: &str, size: u32, seed: u32) -> Result<Picture, PictureError> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut noise = || {
        // Marsaglia's xorshift32.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state >> 27
    };
    let triangle = |t: u32, period: u32| {
        let t = t % period * 2;
        (if t < period { t } else { 2 * period - t }) * 111 / period
    };
    let period = |part: u32| (size / part).max(2);
    let mut pixels = Vec::new();
    for (y, x) in (0..size).flat_map(|y| (0..size).map(move |x| (y, x))) {
        let channel = |i: u32, grain: u32| {
            let coarse = triangle(x * (seed + i) + y, period(2 + i));
            let fine = triangle(x + y * (seed + 2 * i), period(9 + 4 * seed));
            (coarse + fine + grain) as u8
        };
        let grain = noise();
        pixels.extend([channel(0, grain), channel(1, grain), channel(2, grain), u8::MAX]);
    }
    Picture::from_rgba(name, size, size, pixels)
}

fn table(results: &Results) -> String {
    let mut text = format!(
        "{} ({}), peak {:.0} GFLOP/s\n",
        results.device.name, results.device.backend, results.peak_gflops
    );
    for remark in std::iter::once(&results.device.reason).chain(&results.remarks) {
        text.push_str(&format!("{remark}\n"));
    }
    text.push_str(
        "   size   s/step   steps/s   first step   prepare   GFLOP/s   of peak   peak memory   estimate\n",
    );
    for m in &results.sizes {
        text.push_str(&format!(
            "{:7} {:8.3} {:9.2} {:10.2} s {:7.2} s {:9.1} {:7.0} % {:9.0} MiB {:6.0} MiB\n",
            m.size,
            m.seconds_per_step,
            1.0 / m.seconds_per_step.max(1e-9),
            m.first_step_seconds,
            m.prepare_seconds,
            m.gflops,
            100.0 * m.share_of_peak,
            m.peak_memory_bytes as f64 / f64::from(1 << 20),
            m.estimated_memory_bytes as f64 / f64::from(1 << 20),
        ));
        for l in &m.layers {
            let tiles = match (&l.forward_tile, &l.backward_tile) {
                (Some(forward), Some(backward)) => format!("   tiles {forward}, {backward}"),
                _ => String::new(),
            };
            text.push_str(&format!(
                "  {}   forward {:8.3} ms {:9.1} GFLOP/s   backward {:8.3} ms {:9.1} GFLOP/s{tiles}\n",
                l.layer,
                1e3 * l.forward_seconds,
                l.forward_gflops,
                1e3 * l.backward_seconds,
                l.backward_gflops,
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_leaves_the_warm_up_out() {
        assert_eq!(median_after_warm_up(&[9.0, 8.0, 1.0, 3.0, 2.0]), 2.0);
        assert_eq!(median_after_warm_up(&[9.0, 8.0, 1.0, 2.0]), 1.5);
        assert_eq!(median_after_warm_up(&[9.0, 8.0]), 8.0);
        assert_eq!(median_after_warm_up(&[9.0]), 9.0);
        assert_eq!(median_after_warm_up(&[]), 0.0);
    }

    #[test]
    fn patterns_are_the_same_every_time_and_differ_by_seed() {
        let picture = pattern("a", 64, 1).unwrap();
        assert_eq!(picture.sha256, pattern("b", 64, 1).unwrap().sha256);
        assert_ne!(picture.sha256, pattern("a", 64, 2).unwrap().sha256);
        let (low, high) = picture.rgb.iter().fold((255, 0), |(low, high), &v| (v.min(low), v.max(high)));
        assert!(high - low > 150, "{low} {high}");
        assert_eq!(pattern("a", 16, 1).unwrap().dimensions(), (16, 16));
    }
}
