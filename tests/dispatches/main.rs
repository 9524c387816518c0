//! A step on a graphics adapter is a fixed list of dispatches: the same kernels in the same order each time,
//! in memory that is there already, with nothing sent, nothing read back and nobody waiting in between.
//!
//! A binary of its own: whatever another test of the same process did on the adapter would be in the list.

#[path = "../common/mod.rs"]
mod common;

use std::sync::{Arc, Mutex};

use burn::tensor::Tensor;
use burn_wgpu::{CubeTensor, Wgpu};
use common::{adapter, pictures, relative_error};
use cubecl::client::Client;
use cubecl_runtime::{
    logging::{LaunchObservation, LaunchObserver},
    memory_management::MemoryScope,
};
use image::{RgbImage, imageops::FilterType};
use impasto_core::{
    settings::{Edge, Masks, Region, RegionStyle, Settings, Statistic},
    transfer::{LevelMasks, Pictures, PixelMasks, StyleTransfer},
};
use impasto_network::{
    compute::{Device, Network},
    vgg::Weights,
};

/// Steps after which everything is as it will be; and those that are painted then.
const SETTLED: usize = 3;
const STEPS: usize = 40;
/// The smallest size that reaches relu5_1 with room to spare.
const SIZE: u32 = 32;
const LARGER: u32 = 80;
/// Dispatches of a step with the usual settings, at most: what BENCHMARKS.md says, and a few.
const MOST: usize = 105;

/// The kernels that were launched, in their order.
#[derive(Default)]
struct Launches(Mutex<Vec<&'static str>>);

impl LaunchObserver for Launches {
    fn launched(&self, kernel: &'static str) {
        self.0.lock().unwrap().push(kernel);
    }
}

impl Launches {
    fn of(&self, work: impl FnOnce()) -> Vec<&'static str> {
        self.0.lock().unwrap().clear();
        work();
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// burn's queue for a device.
fn client(device: &Device) -> Client {
    let tensor = Tensor::<1>::zeros([1], &device.tensor);
    let CubeTensor { client, .. } = tensor.try_into_primitive::<Wgpu>().unwrap();
    client
}

/// Of the memory that tensors live in: pages, the most that there ever were, their bytes, and allocations in
/// use.
fn held(client: &Client) -> [u64; 4] {
    let report = client.memory_report(MemoryScope::CurrentStream);
    let mut sums = [0; 4];
    for pools in report.streams.iter().map(|stream| &stream.pools) {
        for pool in pools.dynamic.iter().chain([&pools.persistent, &pools.dedicated]) {
            let of_this = [pool.pages, pool.pages_peak, pool.usage.bytes_reserved, pool.usage.number_allocs];
            sums.iter_mut().zip(of_this).for_each(|(sum, value)| *sum += value);
        }
    }
    sums
}

/// A device, and the network that goes from run to run.
struct Place {
    device: Device,
    weights: Arc<Weights>,
    network: Option<Network>,
}

fn run(place: &mut Place, size: u32, settings: &Settings) -> StyleTransfer {
    let Pictures { content, styles, .. } = pictures();
    let square = |picture: &RgbImage| image::imageops::resize(picture, size, size, FilterType::Triangle);
    let content = square(&content);
    let pictures = Pictures {
        initial: content.clone(),
        content,
        styles: styles.iter().map(square).collect(),
        style_masks: Vec::new(),
    };
    let settings = Settings { size, ..settings.clone() };
    let (weights, network) = (Arc::clone(&place.weights), place.network.take());
    let device = &place.device.tensor;
    let mut transfer = StyleTransfer::new(device, weights, network, &pictures, &[1.0], &settings).unwrap();
    if !settings.masks.is_empty() {
        transfer.set_masks(Some(halves(size, 0.5)));
        transfer.update(&settings, &[1.0]).unwrap();
    }
    transfer
}

/// Settings of two regions, each of which has the style at its own strength.
fn of_halves() -> Settings {
    let region = |(name, strength): (&str, f64)| {
        let styles = vec![RegionStyle { style: 0, weight: 1.0 }];
        Region { name: name.into(), strength, styles, ..Region::default() }
    };
    let regions = [("left", 1.0), ("right", 0.5)].map(region).into();
    Settings { masks: Masks { regions, ..Masks::default() }, ..Settings::default() }
}

/// Their masks, which part at this share of the width, and a map of the content.
fn halves(size: u32, at: f32) -> LevelMasks {
    let left: Vec<f32> =
        (0..size * size).map(|i| ((at * size as f32) - (i % size) as f32).clamp(0.0, 1.0)).collect();
    let right: Vec<f32> = left.iter().map(|m| 1.0 - m).collect();
    let content = Some(left.iter().map(|m| 0.5 + 0.5 * m).collect());
    let regions = vec![(left, Edge::Soft), (right, Edge::Soft)];
    LevelMasks::new(PixelMasks { regions, content, ..PixelMasks::default() })
}

/// Another mask makes no target anew: no picture goes through the network before the next step.
fn a_stroke_looks_at_no_picture(place: &mut Place, launches: &Launches) {
    let settings = of_halves();
    let mut transfer = run(place, SIZE, &settings);
    (0..SETTLED).for_each(|_| transfer.step().unwrap());
    let convolves = |launched: &[&str]| launched.iter().any(|kernel| kernel.contains("conv"));
    let step = launches.of(|| transfer.step().unwrap());
    assert!(convolves(&step), "{step:?}");
    let stroke = launches.of(|| {
        transfer.set_masks(Some(halves(SIZE, 0.3)));
        transfer.update(&settings, &[1.0]).unwrap();
    });
    assert!(!convolves(&stroke), "{stroke:?}");
    let before = transfer.variable().unwrap();
    transfer.step().unwrap();
    assert!(transfer.variable().unwrap() != before);
    place.network = Some(transfer.into_network());
}

/// The same kernels in the same order, in memory that does not grow.
fn is_fixed(place: &mut Place, launches: &Launches) {
    let client = client(&place.device);
    let mut transfer = run(place, SIZE, &Settings::default());
    (0..SETTLED).for_each(|_| transfer.step().unwrap());
    let list = launches.of(|| transfer.step().unwrap());
    let [pages, peak, bytes, allocations] = held(&client);
    for step in 0..STEPS {
        let now = launches.of(|| transfer.step().unwrap());
        assert_eq!(now, list, "step {step} is another list");
        let [pages_now, peak_now, bytes_now, allocations_now] = held(&client);
        assert_eq!([pages_now, peak_now, bytes_now], [pages, peak, bytes], "step {step} took memory");
        // One number of each of the last fifty steps is kept, in pages that are there.
        assert!(allocations_now <= allocations + 1 + step as u64, "{allocations_now} {allocations}");
    }
    place.network = Some(transfer.into_network());
    let mut larger = run(place, LARGER, &Settings::default());
    larger.step().unwrap();
    let count = launches.of(|| larger.step().unwrap()).len();
    println!("{} dispatches at {SIZE} px, {count} at {LARGER} px", list.len());
    assert!(list.len() <= MOST && count <= MOST, "{} and {count}", list.len());
    place.network = Some(larger.into_network());
}

/// A step is recorded as a graph of dispatches, which takes nothing else: no read-back, no upload, no
/// waiting, no new memory. Replayed it does what a step does.
fn is_a_recording(what: &str, place: &mut Place, settings: &Settings, turned: bool) {
    let client = client(&place.device);
    let mut recorded = run(place, SIZE, settings);
    let paint = |transfer: &mut StyleTransfer| {
        (0..SETTLED).for_each(|_| transfer.step().unwrap());
        if turned {
            // As a slider does that is dragged; twice, so that memory for it is there.
            for factor in [0.7, 1.5] {
                let weight = settings.style_weight * factor;
                transfer.update(&Settings { style_weight: weight, ..settings.clone() }, &[1.0]).unwrap();
                if factor < 1.0 {
                    transfer.step().unwrap();
                }
            }
        }
    };
    client.graph_prepare().unwrap();
    paint(&mut recorded);
    client.start_capture().unwrap();
    recorded.step().unwrap();
    let graph = client.stop_capture().unwrap_or_else(|error| panic!("{what}: {error}"));
    // SAFETY: what the run held while it was recorded it still holds, and the step is replayed once, on its
    // own thread.
    unsafe { graph.replay() }.unwrap();
    let found = recorded.variable().unwrap();
    drop(graph);
    place.network = Some(recorded.into_network());
    let mut plain = run(place, SIZE, settings);
    paint(&mut plain);
    let before = plain.variable().unwrap();
    plain.step().unwrap();
    let expected = plain.variable().unwrap();
    place.network = Some(plain.into_network());
    let moved = relative_error(&before, &expected);
    let error = relative_error(&found, &expected);
    println!("{what}: moved by {moved:.1e}, differs by {error:.1e}");
    assert!(error < 0.01 * moved, "{what}: {error:.1e} of {moved:.1e}");
}

/// The recording would notice: a picture that is read in it spoils it.
fn notices_a_read(place: &mut Place) {
    let client = client(&place.device);
    let mut transfer = run(place, SIZE, &Settings::default());
    client.graph_prepare().unwrap();
    (0..SETTLED).for_each(|_| transfer.step().unwrap());
    client.start_capture().unwrap();
    transfer.step().unwrap();
    assert!(transfer.read().is_err());
    drop(client.stop_capture());
}

#[test]
fn a_step_is_a_fixed_list_of_dispatches_and_nothing_else() {
    let Some(device) = adapter() else { return };
    let weights = Arc::new(Weights::bundled().unwrap());
    let place = &mut Place { device, weights, network: None };
    let launches = Arc::new(Launches::default());
    let watching = LaunchObservation::new(launches.clone());
    is_fixed(place, &launches);
    a_stroke_looks_at_no_picture(place, &launches);
    drop(watching);
    // The usual statistics are moments; a weight that moves is the hand on a slider.
    let usual = Settings::default();
    let gram =
        Settings { statistic: Statistic::Gram, luminance_only: true, keep_best: true, ..usual.clone() };
    let wasserstein = Settings { statistic: Statistic::Wasserstein, ..usual.clone() };
    is_a_recording("usual, a weight moved", place, &usual, true);
    is_a_recording("Gram matrices in luminance, the best kept", place, &gram, false);
    is_a_recording("wasserstein", place, &wasserstein, false);
    is_a_recording("regions", place, &of_halves(), false);
    notices_a_read(place);
}
