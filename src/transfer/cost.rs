//! What a run costs: floating-point operations and memory.

use crate::{settings::Settings, vgg::Layer};

fn deepest(settings: &Settings) -> Option<Layer> {
    settings.content_layers.layers().chain(settings.style_layers.layers()).max()
}

/// Positions of a layer in a picture.
fn positions(layer: Layer, width: u32, height: u32) -> f64 {
    let stride = layer.stride() as u32;
    f64::from(width / stride) * f64::from(height / stride)
}

/// Floating-point operations of one step on a picture of this shape: forward and backward through the layers up to the
/// deepest in use, and the Gram products (counted as direct convolutions, one multiplication and one addition each).
pub fn flops_per_step(width: u32, height: u32, settings: &Settings) -> f64 {
    let Some(deepest) = deepest(settings) else { return 0.0 };
    let convolutions: f64 = Layer::ALL
        .into_iter()
        .filter(|&layer| layer <= deepest)
        .map(|layer| {
            2.0 * 18.0 * (layer.input_channels() * layer.channels()) as f64 * positions(layer, width, height)
        })
        .sum();
    let grams: f64 = settings
        .style_layers
        .layers()
        .map(|layer| 4.0 * (layer.channels() as f64).powi(2) * positions(layer, width, height))
        .sum();
    convolutions + grams
}

/// Estimated memory of a run in bytes: weights for both directions, every layer's output, the pooling indices, the
/// widest intermediate results of a convolution, the targets and the optimizer.
pub fn memory_bytes(width: u32, height: u32, settings: &Settings) -> u64 {
    let Some(deepest) = deepest(settings) else { return 0 };
    let layers = || Layer::ALL.into_iter().filter(|&layer| layer <= deepest);
    let output = |layer: Layer| layer.channels() as f64 * positions(layer, width, height);
    let weights: f64 = layers().map(|l| (2 * 9 * l.input_channels() * l.channels()) as f64).sum();
    let outputs: f64 = layers().map(output).sum();
    let pooled: f64 = layers()
        .filter(|l| l.after_pool())
        // A pooled value and its index, which counts twice on the CPU.
        .map(|l| 3.0 * l.input_channels() as f64 * positions(l, width, height))
        .sum();
    let widest = layers().map(output).fold(0.0, f64::max);
    let content: f64 = settings.content_layers.layers().map(output).sum();
    let grams: f64 = settings.style_layers.layers().map(|l| 3.0 * (l.channels() as f64).powi(2)).sum();
    let image = 3.0 * f64::from(width) * f64::from(height);
    let floats = weights + outputs + pooled + WIDEST * widest + content + grams + 8.0 * image;
    (4.0 * floats) as u64
}

/// How many of the widest layer's outputs are alive at once inside a step, besides the kept one.
const WIDEST: f64 = 4.0;

/// Resident memory of this process now, and its peak, in bytes; 0 where the system does not say.
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

/// Memory that could be taken without pushing others out, in bytes; `None` where the system does not say.
pub fn available_memory() -> Option<u64> {
    let system = sysinfo::System::new_with_specifics(
        sysinfo::RefreshKind::nothing().with_memory(sysinfo::MemoryRefreshKind::everything()),
    )
    .ok()?;
    Some(system.available_memory()).filter(|&bytes| bytes > 0)
}

/// A number of bytes for a person.
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
    fn memory_grows_with_the_picture_and_with_depth() {
        let settings = Settings::default();
        let small = memory_bytes(128, 128, &settings);
        assert!(memory_bytes(512, 512, &settings) > 4 * small);
        let mut deeper = settings.clone();
        deeper.style_layers.set(Layer::ALL[15], 1.0);
        assert!(memory_bytes(128, 128, &deeper) > small);
    }

    #[test]
    fn this_process_uses_memory() {
        let (now, _) = process_memory();
        assert!(now > 1_000_000, "{now}");
        assert_eq!(bytes_text(2_500_000_000), "2.5 GB");
    }
}
