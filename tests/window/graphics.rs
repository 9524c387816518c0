//! If the window's graphics fail, the painting is saved, the window closes, and the next one restores it.

use std::fs;

use crate::window_support::{Log, Setup, Window, drawing::can_draw, has};
use eframe::wgpu;
use egui::{Context, ViewportCommand, ViewportId};
use impasto_core::settings::Settings;
use impasto_engine::session::Start;
use impasto_formats::project::Project;
use impasto_window::Graphics;

fn setup() -> Setup {
    let settings = Settings { steps: 1_000_000, size: 256, style_weight: 7.25, ..Settings::default() };
    let mut setup = Setup {
        log: Log { slow: std::time::Duration::from_millis(3), ..Log::default() },
        ..Setup::default()
    };
    setup.options.settings = Some(settings);
    setup
}

/// The folders in which paintings are kept.
fn kept(window: &Window) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(window.folder.path().join("sessions")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn when_its_graphics_fail_the_window_saves_and_the_next_one_goes_on() {
    let mut window = setup().open();
    let graphics = Graphics::default();
    window.harness.state_mut().close_with(graphics.clone());
    window.until_painting();
    // A change right before: what the timer of autosave has not written yet.
    let steps = window.log.lock().unwrap().steps;
    window.until("more is painted", |_, log| log.steps > steps + 20);
    graphics.fail("the driver was reset");
    window.harness.step();
    let commands = &window.harness.output().viewport_output[&ViewportId::ROOT].commands;
    assert!(commands.contains(&ViewportCommand::Close), "{commands:?}");
    let folders = kept(&window);
    assert_eq!(folders.len(), 1);
    let project = Project::read(&folders[0].join("painting.impasto")).unwrap();
    assert!(project.manifest.step > steps, "{} of {steps}", project.manifest.step);
    assert!(project.picture.is_some());

    let mut window = Setup::default().open_in(window.close());
    window.until("its run is prepared", |_, log| log.jobs.len() == 1);
    assert!(!has(&window, "Restore the painting"), "nobody is asked");
    let job = window.job(0);
    assert_eq!((job.start, job.paused, job.settings.style_weight), (Start::Current, true, 7.25));
    assert!(window.log.lock().unwrap().from_current[0].is_some(), "it goes on from the picture");
    // It is this window's now.
    assert_eq!(kept(&window), folders);
    window.close();
}

#[test]
fn a_window_that_has_painted_nothing_closes_all_the_same() {
    let mut setup = Setup::default();
    setup.options.settings = None;
    let mut window = setup.open();
    let graphics = Graphics::default();
    window.harness.state_mut().close_with(graphics.clone());
    graphics.fail("the driver was reset");
    window.harness.step();
    let commands = &window.harness.output().viewport_output[&ViewportId::ROOT].commands;
    assert!(commands.contains(&ViewportCommand::Close), "{commands:?}");
}

fn device() -> wgpu::Device {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter =
        pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default())).unwrap();
    pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default())).unwrap().0
}

#[test]
fn an_error_of_the_device_is_a_failure_and_its_end_is_none() {
    if !can_draw() {
        return;
    }
    let graphics = Graphics::default();
    let failing = device();
    graphics.watch(&failing, &Context::default());
    let _buffer = failing.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::MAX / 2,
        usage: wgpu::BufferUsages::VERTEX,
        mapped_at_creation: false,
    });
    assert!(graphics.failure().is_some_and(|reason| reason.contains("uffer size")), "{graphics:?}");

    let graphics = Graphics::default();
    let ending = device();
    graphics.watch(&ending, &Context::default());
    ending.destroy();
    // The callback comes with the next look at the device.
    let _ = ending.poll(wgpu::PollType::wait_indefinitely());
    drop(ending);
    assert_eq!(graphics.failure(), None);
}
