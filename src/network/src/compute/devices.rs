//! List, choose and open devices.

use burn::tensor::Device as TensorDevice;

use super::{
    adapter::Adapter,
    gpu,
    info::{DeviceInfo, DeviceKind},
    kernel_choice::OwnKernels,
    probe::{self, Passed, Probe},
};
use crate::compute::DeviceChoice;

/// An opened device.
#[derive(Clone, Debug)]
pub struct Device {
    pub info: DeviceInfo,
    pub tensor: TensorDevice,
    /// The graphics adapter, unless it is the CPU.
    adapter: Option<Adapter>,
}

impl Device {
    /// A device that the caller has opened and shares with this library; see also [`super::watch`].
    pub fn shared(info: DeviceInfo, tensor: TensorDevice) -> Self {
        Self { info, tensor, adapter: None }
    }

    /// Return memory that no tensor uses to the system.
    pub fn free_memory(&self) {
        // Earlier failures have been reported.
        let _ = self.tensor.sync();
        self.tensor.memory_cleanup();
    }
}

/// A device that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error("no hardware GPU can be used here: {reason}. Use --device cpu, or auto to take what there is")]
    NoGpu { reason: String },
    #[error("no software Vulkan driver can be used here: {reason}")]
    NoSoftware { reason: String },
    #[error("no device is called {name:?}; there are: {available}")]
    Unknown { name: String, available: String },
    #[error("{name} cannot be used: {reason}")]
    Unusable { name: String, reason: String },
}

fn cpu(reason: String) -> DeviceInfo {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let system = sysinfo::System::new_with_specifics(
        sysinfo::RefreshKind::nothing().with_cpu(sysinfo::CpuRefreshKind::nothing()),
    );
    let brand = system
        .ok()
        .and_then(|system| system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()))
        .unwrap_or_default();
    let plural = if cores == 1 { "thread" } else { "threads" };
    DeviceInfo {
        name: if brand.is_empty() { "CPU".into() } else { brand },
        kind: DeviceKind::Cpu,
        backend: "flex".into(),
        driver: format!("{cores} {plural}"),
        reason,
    }
}

/// The available compute devices: graphics adapters, then the CPU. Each `reason` says whether
/// [`DeviceChoice::Auto`] chooses it and why.
///
/// Adapters are probed in a child process, so a crashing driver only costs its entry in this list.
pub fn devices() -> Vec<DeviceInfo> {
    let probe = probe::probe(false);
    let chosen = best_gpu(&probe).map(|(adapter, _)| adapter);
    let mut list: Vec<DeviceInfo> = probe
        .adapters
        .iter()
        .map(|(adapter, outcome)| {
            let is_chosen = chosen.is_some_and(|chosen| chosen.is(adapter));
            let reason = match outcome {
                Err(error) => format!("not used: {error}"),
                Ok(_) if adapter.is_software() => {
                    "software driver: used only when asked for by name".to_owned()
                }
                Ok(passed) if is_chosen => {
                    with_kernel_details("chosen: hardware GPU that passed its self-check", passed)
                }
                Ok(passed) => with_kernel_details("usable: passed its self-check", passed),
            };
            DeviceInfo { reason, ..adapter.info.clone() }
        })
        .collect();
    list.push(cpu(match chosen {
        Some(_) => "usable: always there".to_owned(),
        None => format!("chosen: {}", no_gpu_reason(&probe)),
    }));
    list
}

/// Append to a reason how a usable adapter computes.
fn with_kernel_details(reason: &str, passed: &Passed) -> String {
    match (&passed.kernels, &passed.units) {
        (OwnKernels::None(why), _) => {
            format!("{reason}, with burn's slower operations only: {}", summarized(why))
        }
        (OwnKernels::Without(failed), _) => {
            let each = failed.iter().map(|(kernel, why)| format!("{} ({})", kernel.label(), summarized(why)));
            format!("{reason}; with burn's slower operations for {}", each.collect::<Vec<_>>().join(", "))
        }
        (OwnKernels::All, None) => reason.to_owned(),
        (OwnKernels::All, Some(Ok(_))) => format!("{reason}; in fast precision on its matrix units"),
        (OwnKernels::All, Some(Err(error))) => format!("{reason}; its matrix units are not used: {error}"),
    }
}

/// The innermost cause of an error on one line: messages of drivers and compilers can fill a screen.
fn summarized(error: &str) -> String {
    const MAX: usize = 200;
    let error = error.split_once("Backtrace:").map_or(error, |(before, _)| before).trim();
    let cause = error.rsplit_once("Caused by:").map_or(error, |(_, cause)| cause);
    let words = cause.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None => words,
    }
}

/// The best hardware adapter that passed its self-check, and how.
fn best_gpu(probe: &Probe) -> Option<(&Adapter, &Passed)> {
    let rank = |(adapter, passed): &(&Adapter, &Passed)| {
        let rank = match adapter.info.kind {
            DeviceKind::DiscreteGpu => 0,
            DeviceKind::IntegratedGpu => 1,
            _ => 2,
        };
        let kernels = match passed.kernels {
            OwnKernels::All => 0,
            OwnKernels::Without(_) => 1,
            OwnKernels::None(_) => 2,
        };
        (rank, kernels)
    };
    let hardware = probe.adapters.iter().filter(|(adapter, _)| !adapter.is_software());
    hardware.filter_map(|(adapter, outcome)| Some((adapter, outcome.as_ref().ok()?))).min_by_key(rank)
}

fn no_gpu_reason(probe: &Probe) -> String {
    if let Some(error) = &probe.error {
        return error.clone();
    }
    probe
        .adapters
        .iter()
        .filter(|(adapter, _)| !adapter.is_software())
        .find_map(|(adapter, outcome)| {
            outcome.as_ref().err().map(|error| format!("{}: {error}", adapter.info.name))
        })
        .unwrap_or_else(|| "no hardware GPU was found".to_owned())
}

/// Open the device that the user chose.
///
/// # Errors
///
/// If there is no such device or it failed its self-check; `Auto` always succeeds.
pub fn open(choice: &DeviceChoice) -> Result<Device, DeviceError> {
    let on_cpu = |reason: String| Device { info: cpu(reason), tensor: TensorDevice::flex(), adapter: None };
    let on = |(adapter, passed): (&Adapter, &Passed), reason: &str| {
        let tensor = adapter
            .open()
            .map_err(|reason| DeviceError::Unusable { name: adapter.info.name.clone(), reason })?;
        passed.kernels.use_on(&tensor);
        if let (OwnKernels::All, Some(Ok(units))) = (&passed.kernels, &passed.units) {
            gpu::use_units(&tensor, *units);
        }
        Ok(Device {
            info: DeviceInfo { reason: with_kernel_details(reason, passed), ..adapter.info.clone() },
            tensor,
            adapter: Some(adapter.clone()),
        })
    };

    match choice {
        DeviceChoice::Cpu => Ok(on_cpu("asked for".into())),
        DeviceChoice::Auto => {
            let probe = probe::probe(false);
            let Some(gpu) = best_gpu(&probe) else { return Ok(on_cpu(no_gpu_reason(&probe))) };
            on(gpu, "hardware GPU that passed its self-check")
                .or_else(|error: DeviceError| Ok(on_cpu(error.to_string())))
        }
        DeviceChoice::Gpu => {
            let probe = probe::probe(false);
            match best_gpu(&probe) {
                Some(gpu) => on(gpu, "asked for: best hardware GPU"),
                None => Err(DeviceError::NoGpu { reason: no_gpu_reason(&probe) }),
            }
        }
        DeviceChoice::Software => {
            let probe = probe::probe(true);
            let (adapter, outcome) =
                probe.adapters.iter().find(|(a, _)| a.is_software()).ok_or_else(|| {
                    DeviceError::NoSoftware {
                        reason: probe.error.clone().unwrap_or_else(|| {
                            "none is installed (on Debian: mesa-vulkan-drivers)".to_owned()
                        }),
                    }
                })?;
            on((adapter, usable(adapter, outcome)?), "asked for: software driver")
        }
        DeviceChoice::Named(name) => {
            let wanted = name.to_lowercase();
            let processor = cpu("asked for by name".into());
            // Probe software drivers only if no hardware has the name.
            let mut probe = probe::probe(false);
            let named = |(adapter, _): &&(Adapter, Result<Passed, String>)| {
                adapter.info.name.to_lowercase().contains(&wanted)
            };
            if !probe.adapters.iter().filter(named).any(|(adapter, _)| !adapter.is_software()) {
                probe = probe::probe(true);
            }
            // The same card may fail through one interface and work through another.
            let found = probe.adapters.iter().filter(named).min_by_key(|(_, outcome)| outcome.is_err());
            match found {
                Some((adapter, outcome)) => on((adapter, usable(adapter, outcome)?), "asked for by name"),
                None if processor.name.to_lowercase().contains(&wanted) => {
                    Ok(on_cpu("asked for by name".into()))
                }
                None => {
                    let mut names: Vec<&str> =
                        probe.adapters.iter().map(|(a, _)| a.info.name.as_str()).collect();
                    names.push(&processor.name);
                    Err(DeviceError::Unknown { name: name.clone(), available: names.join(", ") })
                }
            }
        }
    }
}

fn usable<'a>(adapter: &Adapter, outcome: &'a Result<Passed, String>) -> Result<&'a Passed, DeviceError> {
    outcome
        .as_ref()
        .map_err(|reason| DeviceError::Unusable { name: adapter.info.name.clone(), reason: reason.clone() })
}

/// Mark a device as failed: a lost graphics device cannot be reopened in the same process, so [`open`]
/// refuses it from now on and [`DeviceChoice::Auto`] chooses another.
pub fn mark_failed(device: &Device) {
    if let Some(adapter) = &device.adapter {
        let reason = "it failed while painting; start Impasto again to give it another try";
        probe::mark_failed(adapter, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::{Kernel, adapter::Api};

    fn adapter(kind: DeviceKind) -> Adapter {
        let info = DeviceInfo { kind, name: format!("{kind:?}"), ..cpu(String::new()) };
        Adapter { info, api: Api::Vulkan, index: 0, units: None }
    }

    fn passed(kernels: OwnKernels, units: Option<Result<gpu::Units, String>>) -> Passed {
        Passed { kernels, units }
    }

    #[test]
    fn an_adapters_reason_describes_its_kernels() {
        let units = gpu::Units { size: 16, threads: 128, memory: 49_152, vectors: true };
        let say = |kernels, units| with_kernel_details("usable", &passed(kernels, units));
        assert_eq!(say(OwnKernels::All, None), "usable");
        assert_eq!(say(OwnKernels::All, Some(Ok(units))), "usable; in fast precision on its matrix units");
        assert_eq!(
            say(OwnKernels::All, Some(Err("they hung".into()))),
            "usable; its matrix units are not used: they hung"
        );
        assert_eq!(
            say(
                OwnKernels::None("A\nCaused by:\n  B\n\nCaused by:\n  C\n  D\n\nBacktrace:\nnone".into()),
                None
            ),
            "usable, with burn's slower operations only: C D"
        );
        let failed = vec![(Kernel::Pooling, "they differ".into()), (Kernel::Gram, "x".repeat(1000))];
        let said = say(OwnKernels::Without(failed), Some(Ok(units)));
        let start = "usable; with burn's slower operations for pooling (they differ), Gram matrices (xxx";
        assert!(said.starts_with(start) && said.ends_with("x…)") && said.len() < 300, "{said}");
    }

    #[test]
    fn the_best_adapter_is_hardware_that_passed() {
        let own = || Ok(passed(OwnKernels::All, None));
        let mut probe = Probe {
            adapters: vec![
                (adapter(DeviceKind::Software), own()),
                (adapter(DeviceKind::IntegratedGpu), own()),
                (adapter(DeviceKind::DiscreteGpu), own()),
            ],
            error: None,
        };
        let best = |probe: &Probe| best_gpu(probe).map(|(adapter, _)| adapter.info.kind);
        assert_eq!(best(&probe), Some(DeviceKind::DiscreteGpu));
        probe.adapters[2].1 = Err("it crashed".into());
        assert_eq!(best(&probe), Some(DeviceKind::IntegratedGpu));
        probe.adapters[1].1 = Err("it hung".into());
        assert_eq!(best(&probe), None);
    }
}
