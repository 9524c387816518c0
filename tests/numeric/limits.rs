//! Adapters that bind few storage buffers at once: WebGPU promises eight. On one that binds fewer than some
//! kernels of ours need, burn's operations stand in for those alone.

use std::sync::Arc;

use burn::tensor::{
    Device as TensorDevice, Tensor,
    wgpu::{WgpuSetup, wgpu},
};
use image::{RgbImage, imageops::FilterType};
use impasto_core::{
    objective::smoothness_gradient,
    settings::{
        LineSearch, Objective, Optimizer, Padding, Pooling, Precision, Settings, Smoothness, Statistic,
    },
    transfer::{Pictures, StyleTransfer},
};
use impasto_network::{
    compute::{Device, Kernel, OwnKernels, own_kernels},
    vgg::Weights,
};

use crate::common::{adapter, pictures, relative_error};

/// The storage buffers that WebGPU promises.
const PROMISED: u32 = 8;
/// The smallest size that reaches relu5_1 with room to spare.
const SIZE: u32 = 32;

/// The same adapter as a device of its own that binds so many storage buffers.
fn limited(adapter: &Device, buffers: u32) -> TensorDevice {
    let descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    let instance = wgpu::Instance::new(descriptor);
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let named = |known: &wgpu::Adapter| known.get_info().name == adapter.info.name;
    let adapter = adapters.into_iter().find(named).unwrap();
    let limits = wgpu::Limits { max_storage_buffers_per_shader_stage: buffers, ..adapter.limits() };
    let unwanted = wgpu::Features::MAPPABLE_PRIMARY_BUFFERS | wgpu::Features::all_experimental_mask();
    let descriptor = wgpu::DeviceDescriptor {
        required_features: adapter.features().difference(unwanted),
        required_limits: limits,
        ..wgpu::DeviceDescriptor::default()
    };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).unwrap();
    assert_eq!(device.limits().max_storage_buffers_per_shader_stage, buffers);
    let backend = adapter.get_info().backend;
    let setup = WgpuSetup { instance, adapter, device, queue, backend };
    TensorDevice::wgpu_options().setup(setup).init().unwrap()
}

/// The variable after some steps of a small painting.
fn painted(device: &TensorDevice, weights: &Arc<Weights>, settings: &Settings, steps: u32) -> Vec<f32> {
    let Pictures { content, styles, .. } = pictures();
    let square = |picture: &RgbImage| image::imageops::resize(picture, SIZE, SIZE, FilterType::Triangle);
    let content = square(&content);
    let pictures = Pictures {
        initial: content.clone(),
        content,
        styles: styles.iter().map(square).collect(),
        style_masks: Vec::new(),
    };
    let settings = Settings { size: SIZE, ..settings.clone() };
    let weights = Arc::clone(weights);
    let mut run = StyleTransfer::new(device, weights, None, &pictures, &[1.0], &settings).unwrap();
    (0..steps).for_each(|_| run.step().unwrap());
    run.read().unwrap();
    run.variable().unwrap()
}

/// A refused kernel fails where its results are read.
#[test]
fn every_kernel_runs_on_an_adapter_that_binds_eight_buffers() {
    let Some(device) = adapter() else { return };
    let weights = Arc::new(Weights::bundled().unwrap());
    let device = limited(&device, PROMISED);
    assert_eq!(own_kernels(&device, |_| ()), Ok(OwnKernels::All));
    let usual = Settings::default();
    let mut tries: Vec<Settings> = Statistic::ALL
        .iter()
        .map(|&statistic| Settings { statistic, sliced_weight: 1.0, keep_best: true, ..usual.clone() })
        .collect();
    tries.extend(Pooling::ALL.iter().map(|&pooling| Settings { pooling, ..usual.clone() }));
    tries.extend(Padding::ALL.iter().map(|&padding| Settings { padding, low_memory: true, ..usual.clone() }));
    tries.extend(Objective::ALL.iter().map(|&objective| Settings::for_objective(objective)));
    tries.extend(Precision::ALL.iter().map(|&precision| Settings { precision, ..usual.clone() }));
    tries.extend(LineSearch::ALL.iter().map(|&line_search| Settings {
        optimizer: Optimizer::Lbfgs,
        line_search,
        luminance_only: true,
        ..usual.clone()
    }));
    for settings in tries {
        let found = painted(&device, &weights, &settings, 2);
        assert!(found.iter().all(|value| value.is_finite()));
    }
    for &kind in Smoothness::ALL {
        let picture = Tensor::<4>::ones([1, 3, 9, 11], &device) * 0.5;
        let value = smoothness_gradient(&picture, kind, true).0.into_data().try_to_vec::<f32>().unwrap();
        assert!(value[0].abs() < 1e-6, "{value:?}");
    }
}

#[test]
fn an_adapter_that_fails_some_kernels_keeps_the_others_and_paints_the_same() {
    let Some(device) = adapter() else { return };
    let weights = Arc::new(Weights::bundled().unwrap());
    let settings = Settings::default();
    let expected = painted(&device.tensor, &weights, &settings, 2);
    // A style term binds eight buffers; a feature gradient with weights of positions, and Adam's step, seven.
    let of_seven = [Kernel::FeatureGradient, Kernel::Style, Kernel::Adam];
    for (buffers, kernels) in [(7, &[Kernel::Style][..]), (6, &of_seven)] {
        let device = limited(&device, buffers);
        let found = own_kernels(&device, |_| ()).unwrap();
        let OwnKernels::Without(failed) = &found else { panic!("{found:?}") };
        println!("{failed:?}");
        assert_eq!(failed.iter().map(|(kernel, _)| *kernel).collect::<Vec<_>>(), kernels);
        found.use_on(&device);
        let error = relative_error(&painted(&device, &weights, &settings, 2), &expected);
        println!("with {buffers} buffers it differs by {error:.1e}");
        assert!(error < 1e-3, "with {buffers} buffers it differs by {error:.1e}");
    }
}
