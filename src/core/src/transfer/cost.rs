//! Cost of a run: floating-point operations and memory.

use std::collections::BTreeSet;

use super::{Dimensions, Inputs, Shapes, terms::SAMPLES};
use crate::{
    objective::POINTS,
    settings::{GlobalTerm, Optimizer, Precision, RegionRole, Settings},
};
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
/// up to the deepest that is computed, and the Gram products (counted as direct convolutions, one
/// multiplication and one addition each).
pub fn flops_per_step(width: u32, height: u32, settings: &Settings) -> f64 {
    let deepest = settings.deepest_computed();
    let convolutions: f64 = Layer::ALL
        .into_iter()
        .filter(|&layer| Some(layer) <= deepest)
        .map(|layer| 2.0 * convolution_flops(layer, width, height))
        .sum();
    let grams: f64 = settings
        .style_layers
        .down_to(deepest)
        .map(|layer| 4.0 * (layer.channels() as f64).powi(2) * positions(layer, width, height))
        .sum();
    convolutions + grams
}

/// Floating-point operations of all of a run's steps, through the levels of its pyramid.
pub fn flops_of_climb(inputs: &Inputs, settings: &Settings) -> f64 {
    let schedule = inputs.schedule(settings);
    let mut before = 0;
    let work = schedule.levels().iter().map(|level| {
        let steps = level.until.saturating_sub(std::mem::replace(&mut before, level.until));
        let (width, height) = inputs.shapes(&Settings { size: level.size, ..settings.clone() }).content;
        f64::from(steps) * flops_per_step(width, height, settings)
    });
    work.sum()
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
    let deepest = settings.deepest_computed();
    let layers = || Layer::ALL.into_iter().filter(|&layer| Some(layer) <= deepest);
    let weights: f64 = layers().map(|l| (9 * l.input_channels() * l.channels()) as f64).sum();
    let picture = Features { shape: shapes.content, deepest };
    let content: f64 = settings.content_layers.down_to(deepest).map(|layer| picture.output(layer)).sum();
    // Two gradients at a time, one of them in the memory of a dead output; one per stage if buffers are kept
    // for the next step.
    let passing = picture.widest();
    let kept =
        layers().filter(|layer| layer.after_pool() || layer.index() == 0).map(|l| picture.output(l)).sum();
    let moving = if settings.low_memory { passing } else { passing.max(kept) };
    let (weights, step, stored) = match (kernels, settings.low_memory) {
        // The raw weights, and one transform at a time, in the memory of the widest output while that is
        // free. Each stage is computed again on the way back, but a smaller block never holds a larger
        // output: all outputs count.
        (KernelSet::Cpu, true) => {
            let transform = |l: Layer| (36 * l.input_channels() * l.channels()) as f64;
            let transform = layers().map(transform).fold(0.0, f64::max);
            let transforms = (transform + SCRATCH - passing).max(0.0);
            (weights + transforms, SHARED * (picture.input() + picture.outputs() + moving), 1.0)
        }
        // 36 points for 9 weights, in both directions.
        (KernelSet::Cpu, false) => {
            let step = picture.input() + picture.outputs() + picture.pooled() + moving;
            (8.0 * weights + SCRATCH, step, 1.0)
        }
        (KernelSet::Adapter, low) => {
            // Gradients stay in 32 bits.
            let stored = if settings.precision == Precision::Fast { 0.5 } else { 1.0 };
            let features = if low { picture.largest_stage() } else { picture.outputs() };
            (stored * 2.0 * weights, stored * (picture.pooled() + features) + moving, stored)
        }
    };
    let style = |&shape: &Dimensions| Features { shape, deepest }.of_style(settings);
    let style = shapes.styles.iter().map(style).fold(0.0, f64::max);
    let styles: f64 = shapes.styles.iter().map(|&shape| Features { shape, deepest }.input()).sum();
    let grams = settings.style_layers.down_to(deepest).map(|l| 3.0 * (l.channels() as f64).powi(2));
    let grams: f64 = grams.sum();
    let images = match settings.optimizer {
        // Four of them are the state to roll back to if a value is not finite.
        Optimizer::Adam => 12.0,
        // History of steps and gradient changes, the last iterate with its gradient, the direction, the
        // iterate to roll back to.
        Optimizer::Lbfgs => 2.0 * f64::from(settings.history) + 10.0,
    };
    let images = images * picture.input() + styles;
    let masks = picture.masks(settings);
    let aims = picture.aims(settings, shapes.styles.len()) + picture.sorted(settings, shapes.styles.len());
    (4.0 * (weights + stored * content + step.max(stored * style) + grams + images + masks + aims)) as u64
        + PROGRAM
}

/// Floats of a picture's features down to a layer.
struct Features {
    shape: Dimensions,
    deepest: Option<Layer>,
}

impl Features {
    fn layers(&self) -> impl Iterator<Item = Layer> {
        let deepest = self.deepest;
        Layer::ALL.into_iter().filter(move |&layer| Some(layer) <= deepest)
    }

    /// Of the picture itself.
    fn input(&self) -> f64 {
        3.0 * f64::from(self.shape.0) * f64::from(self.shape.1)
    }

    /// Of a layer's output.
    fn output(&self, layer: Layer) -> f64 {
        layer.channels() as f64 * positions(layer, self.shape.0, self.shape.1)
    }

    fn outputs(&self) -> f64 {
        self.layers().map(|layer| self.output(layer)).sum()
    }

    /// Of the widest output.
    fn widest(&self) -> f64 {
        self.layers().map(|layer| self.output(layer)).fold(0.0, f64::max)
    }

    /// Of the poolings' results.
    fn pooled(&self) -> f64 {
        let (width, height) = self.shape;
        let pooled = |layer: Layer| layer.input_channels() as f64 * positions(layer, width, height);
        self.layers().filter(|layer| layer.after_pool()).map(pooled).sum()
    }

    /// Of the outputs between two poolings where they are largest.
    fn largest_stage(&self) -> f64 {
        let outputs = |block| self.layers().filter(move |layer| layer.block() == block);
        (1..=5).map(|block| outputs(block).map(|layer| self.output(layer)).sum()).fold(0.0, f64::max)
    }

    /// Of the masks: in the picture's size, with the pictures of what is frozen, and what the layers see of
    /// them, on the host and on the device.
    fn masks(&self, settings: &Settings) -> f64 {
        let masks = &settings.masks;
        if masks.is_empty() {
            return 0.0;
        }
        let has = |role| f64::from(u8::from(masks.of_role(role).next().is_some()));
        let maps = [&masks.style_map, &masks.content_map].into_iter().flatten().count();
        let planes = (masks.painted().count() + maps) as f64;
        // Two planes on the host; an amount and a truth for each channel on the device; two pictures in
        // bytes.
        let frozen = has(RegionRole::Freeze) * (2.0 + 1.0 + 3.0 + 1.5);
        let of_picture = (planes + frozen + has(RegionRole::Keep)) * self.input() / 3.0;
        let layers = [&settings.style_layers, &settings.content_layers];
        let seen: BTreeSet<Layer> =
            layers.into_iter().flat_map(|weights| weights.down_to(self.deepest)).collect();
        let seen: f64 = seen.into_iter().map(|layer| positions(layer, self.shape.0, self.shape.1)).sum();
        // The rest of the picture is a part too.
        of_picture + 2.0 * (planes + 1.0) * seen
    }

    /// Of the coherence term: at each of its layers the target in each part of the picture, the picture's own
    /// features to be matched, and the samples of each style and those that are compared, as they are and
    /// packed.
    fn aims(&self, settings: &Settings, styles: usize) -> f64 {
        let parts = (1 + settings.masks.painted().count()) as f64;
        let of_layer = |&layer: &Layer| {
            (parts + 1.0) * self.output(layer) + ((styles + 2) * SAMPLES * layer.channels()) as f64
        };
        GlobalTerm::Coherence.layers(settings).iter().map(of_layer).sum()
    }

    /// Of the sliced Wasserstein term: the picture that is sorted; at each of its layers the target in each
    /// part of the picture, the features with their coordinates and what they become; and the curves of each
    /// style in each basis, and of each part.
    fn sorted(&self, settings: &Settings, styles: usize) -> f64 {
        let parts = 1 + settings.masks.painted().count();
        let curves = (styles * settings.sliced_bases as usize + parts) * POINTS;
        let of_layer =
            |&layer: &Layer| (parts as f64 + 3.0) * self.output(layer) + (curves * layer.channels()) as f64;
        let layers = GlobalTerm::Sliced.layers(settings);
        let picture = if layers.is_empty() { 0.0 } else { self.input() };
        picture + layers.iter().map(of_layer).sum::<f64>()
    }

    /// Of a forward pass for a style's statistics: a layer's input and output, and the outputs that the
    /// statistics are made of at its end.
    fn of_style(&self, settings: &Settings) -> f64 {
        let is_wanted = |layer: &Layer| {
            let wanted = settings.style_layers.layers().chain(settings.content_layers.layers());
            wanted.into_iter().any(|wanted| wanted == *layer)
        };
        let widest = self.widest();
        let wanted = self.layers().filter(is_wanted).map(|layer| self.output(layer));
        let wanted: f64 = wanted.filter(|&output| output < widest).sum();
        SLACK * (self.input() + 2.0 * widest + wanted + self.pooled())
    }
}

/// Factors for blocks that are longer than what they hold: where all layers share them, and in the forward
/// pass for a style.
const SHARED: f64 = 1.04;
const SLACK: f64 = 1.1;
/// Floats of the transforms in progress: at most 256 tiles of 36 points for 1024 channels, and those of small
/// layers.
const SCRATCH: f64 = 1.1e7;
/// Bytes of the program with its bundled weights, and of the pictures that it has opened, of a usual size.
const PROGRAM: u64 = 90_000_000;

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
    use crate::settings::{LayerWeights, Masks, ParamTrack, Region, Strip};

    #[test]
    fn a_step_at_512_takes_the_published_number_of_operations() {
        // 1.51 MFLOP per pixel: 361 152 multiply-adds forward and again backward, plus the Gram products.
        let gflop = flops_per_step(512, 512, &five_layers()) / 1e9;
        assert!((gflop - 397.0).abs() < 8.0, "{gflop}");
    }

    /// The settings with a weight on relu5_1 too.
    fn five_layers() -> Settings {
        Settings { style_layers: LayerWeights::paper_style(), ..Settings::default() }
    }

    #[test]
    fn only_what_is_computed_costs() {
        let shapes = Shapes { content: (256, 256), styles: vec![(200, 200)] };
        let cost = |settings: &Settings| {
            let bytes = [KernelSet::Cpu, KernelSet::Adapter].map(|set| memory_bytes(&shapes, settings, set));
            (flops_per_step(256, 256, settings), bytes)
        };
        let deepest = Layer::PAPER_STYLE[4];
        let default = Settings::default();
        assert_eq!(default.style_layers.get(deepest), Some(0.0));
        let mut without = default.clone();
        without.style_layers.remove(deepest);
        assert_eq!(cost(&default), cost(&without));
        let mut muted = default.clone();
        muted.style_layers.set_strip(deepest, Strip { weight: 0.7, muted: true, solo: false });
        assert_eq!(cost(&muted), cost(&without));
        let (flops, [cpu, adapter]) = cost(&default);
        let (more_flops, [more_cpu, more_adapter]) = cost(&five_layers());
        // Three layers of 512 channels less, with their weights in both directions.
        let weights = 3 * 9 * 512 * 512 * 4;
        assert!(more_flops > 1.05 * flops, "{flops} {more_flops}");
        assert!(more_cpu > cpu + 8 * weights && more_adapter > adapter + 2 * weights);
        // An amount is measured with all layers, and automation may bring one in.
        let amount = Settings { style_amount: Some(0.5), ..default.clone() };
        let mut moving = default.clone();
        let track = "style/relu5_1={ lfo = { depth = 0.5, period = 0.1 } }".parse::<ParamTrack>().unwrap();
        moving.automation.set("style/relu5_1".parse().unwrap(), track.track);
        for settings in [amount, moving] {
            assert_eq!(settings.deepest_computed(), Some(deepest));
            assert!(cost(&settings).1[0] > cpu + 8 * weights);
        }
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
            if kernels == KernelSet::Cpu {
                let five = [five_layers(), Settings { low_memory: true, ..five_layers() }];
                let [usual, low] = five.map(|s| memory_bytes(&square(512), &s, kernels));
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

    /// Against what a step holds, layer by layer: floats for each pixel at sizes where that is nearly all.
    #[test]
    fn a_large_picture_takes_what_its_tensors_take() {
        let per_pixel = |settings: &Settings, kernels| {
            let bytes = |size| {
                let shapes = Shapes { content: (size, size), styles: vec![(64, 64)] };
                memory_bytes(&shapes, settings, kernels) as f64
            };
            (bytes(4096) - bytes(2048)) / 4.0 / f64::from(4096 * 4096 - 2048 * 2048)
        };
        let outputs =
            2.0 * 64.0 + 2.0 * 128.0 / 4.0 + 4.0 * 256.0 / 16.0 + 4.0 * 512.0 / 64.0 + 512.0 / 256.0;
        let content = 256.0 / 16.0 + 512.0 / 64.0;
        let pooled = 64.0 / 4.0 + 128.0 / 16.0 + 256.0 / 64.0 + 512.0 / 256.0;
        let kept = 64.0 + 128.0 / 4.0 + 256.0 / 16.0 + 512.0 / 64.0 + 512.0 / 256.0;
        let images = 12.0 * 3.0;
        let usual = five_layers();
        let low = Settings { low_memory: true, ..usual.clone() };
        let near = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 0.01, "{found} instead of {expected} floats for a pixel");
        };
        near(per_pixel(&usual, KernelSet::Cpu), outputs + content + pooled + kept + 3.0 + images);
        near(per_pixel(&low, KernelSet::Cpu), SHARED * (outputs + 64.0 + 3.0) + content + images);
        near(per_pixel(&usual, KernelSet::Adapter), outputs + content + pooled + kept + images);
        let fast = Settings { precision: Precision::Fast, ..usual.clone() };
        near(per_pixel(&fast, KernelSet::Adapter), 0.5 * (outputs + content + pooled) + kept + images);
    }

    /// A large style costs its own picture, two outputs of the first stage, the outputs that statistics are
    /// made of, and what is pooled.
    #[test]
    fn a_style_counts_at_its_own_scale() {
        let settings = five_layers();
        for low_memory in [false, true] {
            let settings = Settings { low_memory, ..settings.clone() };
            let bytes = |size| {
                let shapes = Shapes { content: (256, 256), styles: vec![(100, 100), (size, size)] };
                memory_bytes(&shapes, &settings, KernelSet::Cpu) as f64
            };
            let found = (bytes(4000) - bytes(2000)) / 4.0 / f64::from(4000 * 4000 - 2000 * 2000);
            let wanted = 128.0 / 4.0 + 2.0 * 256.0 / 16.0 + 2.0 * 512.0 / 64.0 + 512.0 / 256.0;
            let pooled = 64.0 / 4.0 + 128.0 / 16.0 + 256.0 / 64.0 + 512.0 / 256.0;
            let expected = 3.0 + SLACK * (3.0 + 2.0 * 64.0 + wanted + pooled);
            assert!((found - expected).abs() < 0.05, "{found} instead of {expected} floats for a pixel");
        }
    }

    #[test]
    fn each_mask_takes_memory() {
        let shapes = Shapes { content: (512, 512), styles: vec![(64, 64)] };
        let with = |roles: &[RegionRole]| {
            let regions = roles.iter().map(|&role| Region { role, ..Region::default() }).collect();
            let masks = Masks { regions, ..Masks::default() };
            memory_bytes(&shapes, &Settings { masks, ..Settings::default() }, KernelSet::Cpu)
        };
        let (none, one) = (with(&[]), with(&[RegionRole::Paint]));
        // At least a plane in the picture's size, and twice what the first layer sees of it and of the rest.
        assert!(one >= none + 5 * 4 * 512 * 512, "{none} {one}");
        assert!(with(&[RegionRole::Paint; 3]) >= one + 2 * 3 * 4 * 512 * 512);
        assert!(with(&[RegionRole::Freeze]) >= none + 7 * 4 * 512 * 512);
    }

    #[test]
    fn what_each_place_aims_at_takes_memory() {
        let with = |coherence_weight: f64, styles: usize| {
            let shapes = Shapes { content: (512, 512), styles: vec![(64, 64); styles] };
            memory_bytes(&shapes, &Settings { coherence_weight, ..Settings::default() }, KernelSet::Cpu)
        };
        // A target and a copy of 256 channels at a quarter of the size, and of 512 at an eighth.
        let features = 2 * 4 * (256 * 128 * 128 + 512 * 64 * 64);
        assert!(with(0.5, 1) >= with(0.0, 1) + features, "{} {}", with(0.5, 1), with(0.0, 1));
        assert!(with(0.5, 2) >= with(0.5, 1) + 4 * 2048 * (256 + 512));
    }

    #[test]
    fn what_is_sorted_takes_memory() {
        let with = |sliced_weight: f64, sliced_bases: u32, styles: usize| {
            let shapes = Shapes { content: (512, 512), styles: vec![(64, 64); styles] };
            let settings = Settings { sliced_weight, sliced_bases, ..Settings::default() };
            memory_bytes(&shapes, &settings, KernelSet::Cpu)
        };
        assert_eq!(with(0.0, 8, 2), with(0.0, 1, 2));
        // A target, coordinates and what they become of 64 channels at the whole size.
        assert!(with(0.5, 1, 1) >= with(0.0, 1, 1) + 3 * 4 * 64 * 512 * 512);
        let curves = 4 * 2048 * (64 + 512);
        assert!(with(0.5, 4, 1) >= with(0.5, 1, 1) + 3 * curves);
        assert!(with(0.5, 4, 2) >= with(0.5, 4, 1) + 4 * curves);
    }

    #[test]
    fn this_process_uses_memory() {
        let (now, _) = process_memory();
        assert!(now > 1_000_000, "{now}");
        assert_eq!(bytes_text(2_500_000_000), "2.5 GB");
    }
}
