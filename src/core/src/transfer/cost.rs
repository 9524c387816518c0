//! Cost of a run: floating-point operations and memory.

use super::{Dimensions, Shapes};
use crate::settings::{Optimizer, Precision, Settings};
use impasto_network::vgg::Layer;

/// Positions of a layer in a picture.
fn positions(layer: Layer, width: u32, height: u32) -> f64 {
    let stride = layer.stride() as u32;
    f64::from(width / stride) * f64::from(height / stride)
}

/// Floating-point operations of a layer's convolution in one direction, as a direct sum.
pub fn convolution_flops(layer: Layer, width: u32, height: u32) -> f64 {
    18.0 * (layer.input_channels() * layer.channels()) as f64 * positions(layer, width, height)
}

/// Floating-point operations of one step on a picture of this shape: forward and backward through the layers
/// up to the deepest in use, and the Gram products (counted as direct convolutions, one multiplication and
/// one addition each).
pub fn flops_per_step(width: u32, height: u32, settings: &Settings) -> f64 {
    let Some(deepest) = settings.deepest_layer() else { return 0.0 };
    let convolutions: f64 = Layer::ALL
        .into_iter()
        .filter(|&layer| layer <= deepest)
        .map(|layer| 2.0 * convolution_flops(layer, width, height))
        .sum();
    let grams: f64 = settings
        .style_layers
        .layers()
        .map(|layer| 4.0 * (layer.channels() as f64).powi(2) * positions(layer, width, height))
        .sum();
    convolutions + grams
}

/// Kernels of a run, for its memory estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelSet {
    /// CPU: weights transformed for Winograd in both directions.
    Cpu,
    /// Graphics adapter.
    Adapter,
}

/// Estimated memory in bytes of a run in these shapes: the prepared weights, and the larger of a step's
/// memory and that of the features of the largest style.
pub fn memory_bytes(shapes: &Shapes, settings: &Settings, kernels: KernelSet) -> u64 {
    let Some(deepest) = settings.deepest_layer() else { return 0 };
    let layers = || Layer::ALL.into_iter().filter(|&layer| layer <= deepest);
    let (width, height) = shapes.content;
    let output = |layer: Layer| layer.channels() as f64 * positions(layer, width, height);
    let widest = |(width, height): Dimensions| {
        layers().map(|layer| layer.channels() as f64 * positions(layer, width, height)).fold(0.0, f64::max)
    };
    let weights: f64 = layers().map(|l| (9 * l.input_channels() * l.channels()) as f64).sum();
    let outputs: f64 = layers().map(output).sum();
    let content: f64 = settings.content_layers.layers().map(output).sum();
    let pooled = |layer: Layer| layer.input_channels() as f64 * positions(layer, width, height);
    let pooled: f64 = layers().filter(|layer| layer.after_pool()).map(pooled).sum();
    let stage = (1..=5)
        .map(|block| layers().filter(|layer| layer.block() == block).map(output).sum::<f64>())
        .fold(0.0, f64::max);
    // Two gradients at a time, one of them in the memory of a dead output; one per stage if buffers are kept
    // for the next step.
    let passing = widest(shapes.content);
    let kept = layers().filter(|layer| layer.after_pool() || layer.index() == 0).map(output).sum::<f64>();
    let moving = if settings.low_memory { passing } else { passing.max(kept) };
    let (weights, step, style) = match kernels {
        KernelSet::Cpu => {
            // 36 points for 9 weights, in both directions.
            if settings.low_memory {
                // The raw weights and one transform; for a step, each stage's input and the widest stage's
                // outputs.
                let transform = |l: Layer| (36 * l.input_channels() * l.channels()) as f64;
                let transform = layers().map(transform).fold(0.0, f64::max);
                (weights + transform + SCRATCH, content + 2.0 * pooled + stage + moving, 3.0)
            } else {
                (8.0 * weights + SCRATCH, outputs + pooled + content + moving, 3.0)
            }
        }
        KernelSet::Adapter => {
            // Gradients stay in 32 bits.
            let stored = if settings.precision == Precision::Fast { 0.5 } else { 1.0 };
            let features = if settings.low_memory { stage } else { outputs };
            (stored * 2.0 * weights, stored * (content + pooled + features) + moving, 3.0 * stored)
        }
    };
    let style = style * shapes.styles.iter().map(|&shape| widest(shape)).fold(0.0, f64::max);
    let grams: f64 = settings.style_layers.layers().map(|l| 3.0 * (l.channels() as f64).powi(2)).sum();
    let images = match settings.optimizer {
        // Four of them are the state to roll back to if a value is not finite.
        Optimizer::Adam => 12.0,
        // History of steps and gradient changes, the last iterate with its gradient, the direction, the
        // iterate to roll back to.
        Optimizer::Lbfgs => 2.0 * f64::from(settings.history) + 10.0,
    };
    let image = images * 3.0 * f64::from(width) * f64::from(height);
    (4.0 * (weights + step.max(style) + grams + image)) as u64 + PROGRAM
}

/// Floats of the transforms in progress: at most 256 tiles of 36 points for 1024 channels, and those of small
/// layers.
const SCRATCH: f64 = 1.1e7;
/// Bytes of the program with its bundled weights.
const PROGRAM: u64 = 60_000_000;

/// Current and peak resident memory of this process in bytes; 0 if unknown.
pub fn process_memory() -> (u64, u64) {
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok())
                .map_or(0, |kib| kib * 1024)
        };
        (field("VmRSS:"), field("VmHWM:"))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let pid = sysinfo::Pid::from_u32(std::process::id());
        let mut system = sysinfo::System::new();
        system.refresh_processes(sysinfo::ProcessesToUpdate::Some(&[pid]), true);
        let now = system.process(pid).map_or(0, sysinfo::Process::memory);
        (now, 0)
    }
}

/// Memory available without swapping, in bytes; `None` if unknown.
pub fn available_memory() -> Option<u64> {
    let system = sysinfo::System::new_with_specifics(
        sysinfo::RefreshKind::nothing().with_memory(sysinfo::MemoryRefreshKind::everything()),
    )
    .ok()?;
    Some(system.available_memory()).filter(|&bytes| bytes > 0)
}

/// Format a number of bytes for display.
pub fn bytes_text(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_at_512_takes_the_published_number_of_operations() {
        // 1.51 MFLOP per pixel: 361 152 multiply-adds forward and again backward, plus the Gram products.
        let gflop = flops_per_step(512, 512, &Settings::default()) / 1e9;
        assert!((gflop - 397.0).abs() < 8.0, "{gflop}");
    }

    #[test]
    fn memory_grows_with_the_picture_with_depth_and_with_a_large_style() {
        let settings = Settings::default();
        let square = |size| Shapes { content: (size, size), styles: vec![(64, 64)] };
        for kernels in [KernelSet::Cpu, KernelSet::Adapter] {
            let small = memory_bytes(&square(128), &settings, kernels);
            assert!(memory_bytes(&square(1024), &settings, kernels) > 4 * small);
            let mut deeper = settings.clone();
            deeper.style_layers.set(Layer::ALL[15], 1.0);
            assert!(memory_bytes(&square(128), &deeper, kernels) > small);
            let economy = Settings { low_memory: true, ..settings.clone() };
            if kernels == KernelSet::Cpu {
                let [low, usual] = [&economy, &settings].map(|s| memory_bytes(&square(512), s, kernels));
                assert!(10 * low < 6 * usual, "{low} {usual}");
            }
            let remembering = Settings { optimizer: Optimizer::Lbfgs, history: 20, ..settings.clone() };
            let more = memory_bytes(&square(512), &remembering, kernels)
                - memory_bytes(&square(512), &settings, kernels);
            assert_eq!(more, 38 * 3 * 512 * 512 * 4);
            let large_style = Shapes { styles: vec![(4000, 3000)], ..square(128) };
            assert!(memory_bytes(&large_style, &settings, kernels) > 4 * small);
        }
    }

    #[test]
    fn this_process_uses_memory() {
        let (now, _) = process_memory();
        assert!(now > 1_000_000, "{now}");
        assert_eq!(bytes_text(2_500_000_000), "2.5 GB");
    }
}
