//! Finding graphics adapters and trying them out, in a child process: some drivers crash or hang while they are
//! merely listed, and none may take a window with an hour of work in it along.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{
    Network,
    devices::{Adapter, Api},
    info::{DeviceInfo, DeviceKind},
};
use crate::vgg::{Layer, Weights};

/// What the probe found: adapters, each usable or not and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe {
    pub adapters: Vec<(Adapter, Result<(), String>)>,
    /// Why the probe itself came to no end.
    pub trouble: Option<String>,
}

/// Lines from the child: the list first, then one line per adapter that was tried.
#[derive(Serialize, Deserialize)]
enum Line {
    Adapters(Vec<Adapter>),
    Trying(usize),
    Tried(usize, Result<(), String>),
}

const ASK: &str = "IMPASTO_PROBE";
const PATIENCE: Duration = Duration::from_secs(30);
static CAN_RUN_CHILD: AtomicBool = AtomicBool::new(false);

/// To be called first in `main`: when this process is a probe's child, answers and exits. Otherwise allows
/// [`super::devices`] and [`super::open`] to start this program as such a child.
pub fn run_probe_if_asked() {
    match std::env::var(ASK) {
        Ok(what) => {
            answer(what == "all");
            std::process::exit(0);
        }
        Err(_) => CAN_RUN_CHILD.store(true, Ordering::Relaxed),
    }
}

fn answer(software_too: bool) {
    // The parent may be gone; then nobody reads and there is nothing to do.
    let say = |line: &Line| {
        if let Ok(text) = serde_json::to_string(line) {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{text}");
            let _ = out.flush();
        }
    };
    let adapters = enumerate();
    say(&Line::Adapters(adapters.clone()));
    for (number, adapter) in adapters.iter().enumerate() {
        if software_too || !adapter.is_software() {
            say(&Line::Trying(number));
            let outcome = adapter.open().and_then(|device| self_check(&device));
            say(&Line::Tried(number, outcome));
        }
    }
}

/// Probes once per program run and kind; later calls return what was found.
pub(super) fn probe(software_too: bool) -> Probe {
    static FOUND: Mutex<BTreeMap<bool, Probe>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found
        .entry(software_too)
        .or_insert_with(|| match CAN_RUN_CHILD.load(Ordering::Relaxed) {
            true => in_child(software_too),
            // A program that embeds the library has no child to offer.
            false => {
                Probe { adapters: enumerate().into_iter().map(|a| (a, Ok(()))).collect(), trouble: None }
            }
        })
        .clone()
}

fn in_child(software_too: bool) -> Probe {
    let trouble = |text: String| Probe { trouble: Some(text), ..Probe::default() };
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return trouble(format!("graphics adapters could not be probed: {error}")),
    };
    let child = Command::new(program)
        .env(ASK, if software_too { "all" } else { "hardware" })
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return trouble(format!("graphics adapters could not be probed: {error}")),
    };
    let (tell, lines) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Drivers print to standard output too; only our lines count.
                if let Ok(line) = serde_json::from_str::<Line>(&line)
                    && tell.send(line).is_err()
                {
                    break;
                }
            }
        });
    }
    let deadline = Instant::now() + PATIENCE;
    let mut probe = Probe::default();
    let mut listed = false;
    let mut trying = None;
    let ended = loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Line::Adapters(adapters)) => {
                listed = true;
                probe.adapters = adapters.into_iter().map(|adapter| (adapter, Ok(()))).collect();
            }
            Ok(Line::Trying(number)) => trying = Some(number),
            Ok(Line::Tried(number, outcome)) => {
                trying = None;
                if let Some((_, slot)) = probe.adapters.get_mut(number) {
                    *slot = outcome;
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break "crashed",
            Err(mpsc::RecvTimeoutError::Timeout) => break "hung",
        }
    };
    // Killing a child that has ended is an error of no consequence; waiting collects it.
    let _ = child.kill();
    let _ = child.wait();
    if let Some(number) = trying {
        // The one that was tried, and those after it that were not.
        for (adapter, outcome) in
            probe.adapters.iter_mut().skip(number).filter(|(a, _)| !a.is_software() || software_too)
        {
            *outcome = Err(format!("the self-check of {} {ended} in its driver", adapter.info.name));
        }
    }
    if !listed {
        probe.trouble = Some(format!("listing graphics adapters {ended} in a driver"));
    }
    probe
}

/// Every adapter of the graphics interfaces that can compute, most wanted interface first.
fn enumerate() -> Vec<Adapter> {
    let mut list = Vec::new();
    for api in Api::ALL {
        if !wgpu::Instance::enabled_backend_features().contains(api.wgpu()) {
            continue;
        }
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends: api.wgpu(),
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        let mut seen = BTreeMap::<u8, usize>::new();
        for adapter in pollster::block_on(instance.enumerate_adapters(api.wgpu())) {
            let info = adapter.get_info();
            let kind = match info.device_type {
                wgpu::DeviceType::DiscreteGpu => DeviceKind::DiscreteGpu,
                wgpu::DeviceType::IntegratedGpu => DeviceKind::IntegratedGpu,
                wgpu::DeviceType::VirtualGpu => DeviceKind::OtherGpu,
                wgpu::DeviceType::Cpu => DeviceKind::Software,
                // burn has no way to select an adapter of unknown type.
                wgpu::DeviceType::Other => continue,
            };
            let index = seen.entry(kind as u8).or_default();
            list.push(Adapter {
                info: DeviceInfo {
                    name: info.name.clone(),
                    kind,
                    backend: format!("{api:?}"),
                    driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
                    reason: String::new(),
                },
                api,
                index: *index,
            });
            *index += 1;
        }
    }
    list
}

/// Runs a small piece of the real chain, forward and backward, on a device and on the CPU, and compares.
///
/// # Errors
///
/// What differed, or what the device failed with.
pub fn self_check(device: &TensorDevice) -> Result<(), String> {
    let weights = Weights::bundled().map_err(|error| error.to_string())?;
    let deepest = Layer::ALL[2];
    let run = |device: &TensorDevice| -> Result<Vec<f32>, String> {
        let (height, width) = (21, 18);
        let pixels: Vec<f32> =
            (0..3 * height * width).map(|i| ((i * 2654435761_usize) >> 7 & 255) as f32 / 255.0).collect();
        let image = Tensor::<4>::from_data(TensorData::new(pixels, [1, 3, height, width]), device);
        let network = Network::new(&weights, deepest, device);
        let activations = network.forward(image, deepest);
        let features = activations.features(deepest);
        let gram = crate::objective::gram(&features);
        let gradient = crate::objective::gram_gradient(&features, gram.clone());
        let back = network
            .backward(activations, BTreeMap::from([(deepest, gradient)]))
            .ok_or("the chain gave no gradient")?;
        let all = Tensor::cat(vec![gram.flatten::<1>(0, 1), back.flatten::<1>(0, 3)], 0);
        all.try_into_data().map_err(|e| e.to_string())?.try_to_vec::<f32>().map_err(|e| format!("{e:?}"))
    };
    let expected = run(&TensorDevice::flex())?;
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(device)))
        .map_err(|_| "its driver failed in the self-check".to_owned())??;
    // The Gram matrix and the gradient differ in scale, so each is compared with its own norm.
    let gram = deepest.channels() * deepest.channels();
    for (what, range) in [("Gram matrix", 0..gram), ("gradient", gram..expected.len())] {
        let (mut difference, mut norm) = (0.0, 0.0);
        for i in range {
            difference += f64::from(found[i] - expected[i]).powi(2);
            norm += f64::from(expected[i]).powi(2);
        }
        let error = (difference / norm).sqrt();
        // Not a number is wrong as well.
        if error.is_nan() || error > 1e-3 {
            return Err(format!("its {what} differs from the CPU's by {:.2e} in the self-check", error));
        }
    }
    Ok(())
}
