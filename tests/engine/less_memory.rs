//! A graphics device that has no memory for a run paints it with less, and stays in use.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{
    Device as TensorDevice,
    wgpu::{WgpuSetup, wgpu},
};
use impasto_core::settings::{DeviceChoice, LayerWeights, Precision, Settings};
use impasto_engine::session::{Engine, PaintEngine, Start};
use impasto_network::{
    compute::{self, Device, DeviceInfo},
    vgg::Layer,
};

use crate::common::{adapter, job};

/// Bytes of the largest buffer, which is CubeCL's smallest: enough for 64 channels of a square of 181 px, but
/// not of the test's content at 256 px.
const LARGEST: u64 = 8 << 20;

/// The same adapter as a device of its own with buffers that are no larger than that, also as wgpu knows it.
fn small(adapter: &Device) -> (Device, wgpu::Device) {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let named = |known: &wgpu::Adapter| known.get_info().name == adapter.info.name;
    let same = adapters.into_iter().find(named).unwrap();
    let unwanted = wgpu::Features::MAPPABLE_PRIMARY_BUFFERS | wgpu::Features::all_experimental_mask();
    let descriptor = wgpu::DeviceDescriptor {
        required_features: same.features().difference(unwanted),
        required_limits: wgpu::Limits {
            max_buffer_size: LARGEST,
            max_storage_buffer_binding_size: LARGEST,
            ..same.limits()
        },
        ..wgpu::DeviceDescriptor::default()
    };
    let (device, queue) = pollster::block_on(same.request_device(&descriptor)).unwrap();
    let backend = same.get_info().backend;
    let setup = WgpuSetup { instance, adapter: same, device: device.clone(), queue, backend };
    let tensor = TensorDevice::wgpu_options().setup(setup).init().unwrap();
    compute::watch(&tensor, &device);
    let info = DeviceInfo { name: "a small card".into(), ..adapter.info.clone() };
    (Device::shared(info, tensor), device)
}

/// Have the driver refuse a buffer that is none of the engines'.
fn refuse(device: &wgpu::Device) {
    let descriptor = wgpu::BufferDescriptor {
        label: None,
        size: 2 * LARGEST,
        usage: wgpu::BufferUsages::STORAGE,
        mapped_at_creation: false,
    };
    // The handler of errors panics, as it does in an engine.
    catch_unwind(AssertUnwindSafe(|| device.create_buffer(&descriptor))).unwrap_err();
}

fn settings(size: u32, pyramid: bool) -> Settings {
    let layers = |layers: &[Layer]| {
        let mut weights = LayerWeights::default();
        layers.iter().for_each(|&layer| weights.set(layer, 1.0));
        weights
    };
    Settings {
        size,
        pyramid,
        steps: 12,
        device: DeviceChoice::Gpu,
        precision: Precision::Full,
        content_layers: layers(&[Layer::ALL[3]]),
        style_layers: layers(&[Layer::ALL[0], Layer::ALL[4]]),
        ..Settings::default()
    }
}

#[test]
fn a_run_that_is_too_large_goes_on_smaller_on_the_same_card() {
    let Some(adapter) = adapter() else { return };
    let mut engine = PaintEngine::on(DeviceChoice::Gpu, small(&adapter).0);
    for pyramid in [true, false] {
        let job = job(settings(256, pyramid), Start::Beginning);
        let info = engine.start(&job, None, &mut |_| ()).unwrap();
        assert_eq!(info.device.name, "a small card");
        for _ in 0..job.settings.steps {
            engine.step().unwrap();
        }
        let reading = engine.read().unwrap();
        assert_eq!((reading.step, reading.picture.dimensions()), (12, (info.width, info.height)));
        assert!(reading.losses.is_some_and(|losses| losses.total > 0.0), "{pyramid}");
        assert_eq!(reading.place.width.max(reading.place.height), 181);
        // A run that starts smaller has no larger size to hold back from.
        assert!(reading.place.held || reading.place.levels == 1);
        let limits = engine.take_limits();
        println!("{limits:#?}");
        assert!(limits.iter().all(|text| text.contains("a small card has no memory left")), "{limits:?}");
        assert!(limits.last().unwrap().contains("goes on at 181 px"), "{limits:?}");
    }
    // What it has room for is painted there as ever.
    let job = job(settings(128, true), Start::Beginning);
    let info = engine.start(&job, None, &mut |_| ()).unwrap();
    assert_eq!(info.device.name, "a small card");
    let first = engine.read().unwrap().picture;
    (0..8).for_each(|_| engine.step().unwrap());
    assert_ne!(engine.read().unwrap().picture, first);
    assert_eq!(engine.take_limits(), [""; 0]);
}

/// A run at its final size alone, so that a smaller one shows.
fn paint_some(card: Device) -> PaintEngine {
    let mut engine = PaintEngine::on(DeviceChoice::Gpu, card);
    engine.start(&job(settings(128, false), Start::Beginning), None, &mut |_| ()).unwrap();
    (0..2).for_each(|_| engine.step().unwrap());
    engine.read().unwrap();
    engine
}

/// It paints on, as large as before.
#[track_caller]
fn assert_whole(engine: &mut PaintEngine, step: u32) {
    engine.step().unwrap();
    let reading = engine.read().unwrap();
    let size = reading.place.width.max(reading.place.height);
    assert_eq!((reading.step, size, reading.place.held), (step, 128, false));
    assert!(reading.losses.is_some_and(|losses| losses.is_finite()));
    assert_eq!(engine.take_limits(), [""; 0]);
}

#[test]
fn a_refusal_costs_a_run_nothing_whose_picture_can_be_read() {
    let Some(adapter) = adapter() else { return };
    let (card, device) = small(&adapter);
    let mut engine = paint_some(card.clone());
    let refused = compute::refused(&card.tensor);
    refuse(&device);
    assert!(compute::refused(&card.tensor) > refused);
    assert_whole(&mut engine, 3);
}

#[test]
fn of_two_runs_on_a_card_only_the_one_that_is_too_large_gets_smaller() {
    let Some(adapter) = adapter() else { return };
    let (card, _) = small(&adapter);
    let mut engine = paint_some(card.clone());
    let other = std::thread::spawn(move || {
        let mut engine = PaintEngine::on(DeviceChoice::Gpu, card);
        engine.start(&job(settings(256, false), Start::Beginning), None, &mut |_| ()).unwrap();
        (0..2).for_each(|_| engine.step().unwrap());
        engine.read().unwrap();
        engine.take_limits()
    });
    assert_whole(&mut engine, 3);
    assert!(!other.join().unwrap().is_empty());
    assert_whole(&mut engine, 4);
}

#[test]
fn a_run_for_which_there_is_never_room_ends_and_the_next_one_paints() {
    let Some(adapter) = adapter() else { return };
    let mut engine = PaintEngine::on(DeviceChoice::Gpu, small(&adapter).0);
    // The weights of relu4_2 are larger than a buffer may be.
    let mut deep = settings(128, true);
    deep.style_layers.set(Layer::ALL[9], 1.0);
    let started = engine.start(&job(deep, Start::Beginning), None, &mut |_| ());
    let ended = started.map(drop).and_then(|()| {
        (0..100).try_for_each(|_| {
            engine.step()?;
            engine.read().map(drop)
        })
    });
    let ended = ended.unwrap_err();
    assert!(ended.to_string().contains("no memory left"), "{ended}");
    engine.end();
    let info = engine.start(&job(settings(96, true), Start::Beginning), None, &mut |_| ()).unwrap();
    assert_eq!(info.device.name, "a small card");
    engine.step().unwrap();
    engine.read().unwrap();
}
