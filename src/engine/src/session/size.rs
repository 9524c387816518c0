//! Sizes of runs: which are possible, and which one to aim at.

use std::sync::atomic::{AtomicU64, Ordering};

use super::scale_check::check_scales;
use impasto_core::{
    settings::{MAX_SIZE, Settings},
    transfer::{
        Inputs, KernelSet, Shapes, TransferError, available_memory, bytes_text, flops_of_climb,
        flops_per_step, memory_bytes, process_memory,
    },
};
use impasto_network::{compute::DeviceKind, vgg::Layer};

/// How long the climb through the sizes of a first run should take, in seconds.
const CLIMB: f64 = 60.0;
/// A first run's longest side, unless the content is smaller: at least, and at most.
const LEAST: u32 = 384;
const MOST: u32 = 1024;
/// Longest side of a first run of a tiny content.
const TINY: u32 = 256;
/// Longest sides to choose from, besides the content's own.
const SIZES: [u32; 11] = [320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 2048];
/// A size is worth a new run if it is larger by this factor.
const WORTHWHILE: f64 = 1.25;

/// Maximum pixels of a picture on a graphics adapter: the first layer's 64 channels then fill a buffer of 2
/// GiB, the largest that can be bound.
const MAX_PIXELS: u64 = (1 << 31) / 256 - 1;

/// Estimated bytes held by background engines, which are not the foreground engine's.
pub(super) static BACKGROUND_BYTES: AtomicU64 = AtomicU64::new(0);

/// The smallest longest side at which the content is wide enough for the deepest layer that is computed;
/// styles always are.
pub(super) fn least_size(inputs: &Inputs, settings: &Settings) -> u32 {
    let least = settings.deepest_computed().map_or(1, Layer::stride) as f64 + 0.5;
    let (width, height) = inputs.content.dimensions();
    let (short, long) = (width.min(height), width.max(height));
    ((least * f64::from(long) / f64::from(short)).ceil() as u32).min(MAX_SIZE)
}

/// Check the estimated memory of a run, in bytes, and return it.
///
/// # Errors
///
/// If the device does not have that much, or cannot hold a picture of one of these shapes.
pub(super) fn check_memory(
    kind: DeviceKind,
    shapes: &Shapes,
    settings: &Settings,
    background: bool,
) -> Result<u64, TransferError> {
    let kernels = if kind == DeviceKind::Cpu { KernelSet::Cpu } else { KernelSet::Adapter };
    let memory_bytes = memory_bytes(shapes, settings, kernels);
    let large = |(width, height): &(u32, u32)| u64::from(*width) * u64::from(*height) > MAX_PIXELS;
    if kernels == KernelSet::Adapter
        && let Some(&(width, height)) = shapes.styles.iter().chain([&shapes.content]).find(|s| large(s))
    {
        return Err(TransferError::TooLargeForAdapter { width, height });
    }
    if matches!(kind, DeviceKind::Cpu | DeviceKind::Software)
        && let Some(available) = available_memory()
        && memory_bytes > available + own_memory(background)
    {
        let (needed, available) = (bytes_text(memory_bytes), bytes_text(available));
        return Err(TransferError::Memory { needed, available });
    }
    Ok(memory_bytes)
}

/// Whether a run with these pictures and settings may need memory for more than `before`: for a larger
/// style's statistics, for what the layers see of another mask, or for a deeper layer.
pub(super) fn needs_more(inputs: &Inputs, settings: &Settings, before: (&Inputs, &Settings)) -> bool {
    let (inputs_before, settings_before) = before;
    let masks = |settings: &Settings| settings.masks.files().count();
    inputs.shapes(settings) != inputs_before.shapes(settings)
        || settings.style_scale > settings_before.style_scale
        || masks(settings) > masks(settings_before)
        || settings.deepest_computed() > settings_before.deepest_computed()
}

/// Bytes that this process holds for the calling engine, including the network of its previous run.
fn own_memory(background: bool) -> u64 {
    if background { 0 } else { process_memory().0.saturating_sub(BACKGROUND_BYTES.load(Ordering::Relaxed)) }
}

/// Check that a run in the foreground is possible at the size of these settings.
///
/// # Errors
///
/// If the content is too narrow there for the deepest layer that is computed, or the device does not have the
/// memory.
pub fn check_size(kind: DeviceKind, inputs: &Inputs, settings: &Settings) -> Result<(), TransferError> {
    let (width, height) = inputs.shapes(settings).content;
    if let Some(layer) = settings.deepest_computed()
        && width.min(height) < layer.stride().max(2) as u32
    {
        let (width, height) = (width as usize, height as usize);
        return Err(TransferError::TooNarrow { what: "content", width, height, layer });
    }
    let check = |shapes: &Shapes| check_memory(kind, shapes, settings, false);
    check_scales(inputs, settings, check).map(drop)
}

/// Seconds that the steps of a run take, from those of one step of the shape (width, height).
pub fn climb_seconds(inputs: &Inputs, settings: &Settings, step: f64, shape: (u32, u32)) -> f64 {
    let flops = flops_per_step(shape.0, shape.1, settings);
    if flops > 0.0 { flops_of_climb(inputs, settings) / flops * step } else { 0.0 }
}

/// The largest longest side, in pixels, whose climb through the sizes takes about a minute: at least 384 and
/// at most 1024, but no more than the content's own. `seconds` is how long a run with these settings takes at
/// most their size; sizes that do not `fit` are left out.
pub fn aim_size(
    inputs: &Inputs,
    settings: &Settings,
    seconds: impl Fn(&Settings) -> f64,
    fits: impl Fn(&Settings) -> bool,
) -> u32 {
    let (width, height) = inputs.content.dimensions();
    let sized = |size: u32| Settings { size, ..settings.clone() };
    let narrow = least_size(inputs, settings);
    let most = width.max(height).clamp(TINY, MOST).min(sized(MOST).longest_side()).max(narrow);
    let least = LEAST.min(most).max(narrow);
    let mut between = SIZES.into_iter().filter(|size| (least..most).contains(size)).chain([most]).rev();
    let quick = |size: &u32| {
        let settings = sized(*size);
        seconds(&settings) <= CLIMB && fits(&settings)
    };
    let without_room = || if fits(&sized(least)) { least } else { narrow.max(TINY.min(least)) };
    between.find(quick).unwrap_or_else(without_room)
}

/// Whether a size is so much larger that a run is worth continuing there.
pub fn is_worthwhile(size: u32, now: u32) -> bool {
    f64::from(size) >= WORTHWHILE * f64::from(now)
}

/// The next size worth a new run; `None` above the largest.
pub fn larger_size(now: u32) -> Option<u32> {
    SIZES.into_iter().find(|&size| is_worthwhile(size, now))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use impasto_core::{
        picture::Picture,
        settings::{Objective, Strip},
        transfer::StyleSource,
    };

    fn inputs(width: u32, height: u32) -> Inputs {
        let picture = |width, height| {
            let pixels = [90, 20, 200, 255].repeat((width * height) as usize);
            Arc::new(Picture::from_rgba("test", width, height, pixels).unwrap())
        };
        Inputs::new(picture(width, height), vec![StyleSource::new(picture(64, 64))])
    }

    /// The default settings with a weight on relu5_1.
    fn five_layers() -> Settings {
        let mut settings = Settings::default();
        settings.style_layers.set(Layer::PAPER_STYLE[4], 0.7);
        settings
    }

    #[test]
    fn a_deeper_layer_needs_more_memory() {
        let inputs = inputs(60, 40);
        let needs = |settings: &Settings, before: &Settings| needs_more(&inputs, settings, (&inputs, before));
        let (default, raised) = (Settings::default(), five_layers());
        assert!(needs(&raised, &default));
        assert!(!needs(&default, &raised) && !needs(&raised, &raised));
        let mut muted = raised.clone();
        let strip = muted.style_layers.strip(Layer::PAPER_STYLE[4]).unwrap();
        muted.style_layers.set_strip(Layer::PAPER_STYLE[4], Strip { muted: true, ..strip });
        assert!(!needs(&muted, &default) && needs(&raised, &muted));
        let louder = Settings { style_weight: 9.0, style_tilt: 0.2, ..default.clone() };
        assert!(!needs(&louder, &default), "as deep as before");
        // What an amount is measured by are all layers.
        assert!(needs(&Settings { style_amount: Some(0.5), ..default.clone() }, &default));
    }

    /// The size that a machine with this many operations per second aims at.
    fn aim(content: (u32, u32), settings: &Settings, speed: f64) -> u32 {
        let inputs = inputs(content.0, content.1);
        let seconds = |settings: &Settings| flops_of_climb(&inputs, settings) / speed;
        aim_size(&inputs, settings, seconds, |_| true)
    }

    #[test]
    fn a_first_run_aims_at_what_takes_a_minute() {
        let settings = Settings::default();
        let photo = inputs(3000, 2000);
        for speed in [3e11, 6e11, 1e12, 2e12, 4e12] {
            let size = aim((3000, 2000), &settings, speed);
            let minute = |size: u32| flops_of_climb(&photo, &Settings { size, ..settings.clone() }) / speed;
            assert!((384..=1024).contains(&size));
            assert!(size == 384 || minute(size) <= 60.0, "{size} at {speed}: {}", minute(size));
            let next = SIZES.into_iter().find(|&next| next > size).unwrap();
            assert!(size == 1024 || minute(next) > 60.0, "{size} at {speed}");
        }
        assert!(aim((3000, 2000), &settings, 1e12) > 384, "the speeds are not all beyond the ends");
    }

    #[test]
    fn neither_a_busy_machine_nor_a_small_photograph_leads_to_a_smear() {
        let settings = Settings::default();
        assert_eq!(aim((3000, 2000), &settings, 1.0), 384, "a machine that hardly moves");
        assert_eq!(aim((3000, 2000), &settings, 1e18), 1024);
        assert_eq!(aim((451, 300), &settings, 1e18), 451, "the content's own size");
        assert_eq!(aim((300, 200), &settings, 1.0), 300);
        assert_eq!(aim((60, 40), &settings, 1e18), 256);
        assert!(aim((1000, 20), &settings, 1.0) >= 425, "wide enough for relu4_2");
        assert_eq!(aim((1000, 30), &settings, 1.0), 384);
        assert!(aim((1000, 30), &five_layers(), 1.0) >= 534, "wide enough for relu5_1");
        let classic = Settings::for_objective(Objective::Classic);
        assert_eq!(aim((3000, 2000), &classic, 1e18), 400, "classic paints no more");
    }

    #[test]
    fn sizes_without_room_are_left_out() {
        let inputs = inputs(2000, 1500);
        let fits = |most: u32| move |settings: &Settings| settings.size <= most;
        let settings = Settings::default();
        assert_eq!(aim_size(&inputs, &settings, |_| 1.0, fits(700)), 640);
        assert_eq!(aim_size(&inputs, &settings, |_| 1e9, fits(300)), 256);
    }

    #[test]
    fn the_time_of_a_climb_follows_the_pixels_and_the_steps() {
        let inputs = inputs(800, 800);
        let settings = |size, steps| Settings { size, steps, pyramid: false, ..Settings::default() };
        let seconds = |settings: &Settings| climb_seconds(&inputs, settings, 0.1, (256, 256));
        let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 0.01, "{found}");
        near(seconds(&settings(256, 500)), 50.0);
        near(seconds(&settings(512, 500)), 200.0);
        let pyramid = seconds(&Settings { pyramid: true, ..settings(512, 500) });
        assert!(pyramid < 80.0 && pyramid > 20.0, "{pyramid}");
    }

    #[test]
    fn impossible_sizes_are_told_before_they_are_tried() {
        let inputs = inputs(600, 400);
        let check = |size, kind| check_size(kind, &inputs, &Settings { size, ..Settings::default() });
        let deep = check_size(DeviceKind::Cpu, &inputs, &Settings { size: 16, ..five_layers() });
        assert!(matches!(deep, Err(TransferError::TooNarrow { .. })), "{deep:?}");
        assert!(check(16, DeviceKind::Cpu).is_ok(), "relu5_1 has the weight 0");
        assert!(check(64, DeviceKind::Cpu).is_ok());
        let large = check(8192, DeviceKind::DiscreteGpu);
        assert!(matches!(large, Err(TransferError::TooLargeForAdapter { .. })), "{large:?}");
        assert_eq!((larger_size(384), larger_size(2048)), (Some(512), None));
    }
}
