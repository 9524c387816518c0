//! Find and test graphics adapters in child processes: some drivers crash or hang even when listed, which
//! must not take down the program with the user's work.

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
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    adapter::{Adapter, Api},
    check::units_check,
    gpu::Units,
    info::{DeviceInfo, DeviceKind},
    kernel_choice::{Kernel, OwnKernels},
    trial::{one_by_one, own_kernels},
};

/// Facts about an adapter that passed its self-check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    pub kernels: OwnKernels,
    /// Its matrix units, or why they are not used; `None` if it has none.
    pub units: Option<Result<Units, String>>,
}

impl Passed {
    fn with(kernels: OwnKernels) -> Self {
        Self { kernels, units: None }
    }
}

/// Result of the probe: adapters, each usable or not and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe {
    pub adapters: Vec<(Adapter, Result<Passed, String>)>,
    /// Why adapters of some graphics interface could not be listed.
    pub error: Option<String>,
}

/// Request to a child: test the adapters of one graphics interface, starting at a position in the list.
#[derive(Serialize, Deserialize)]
struct ProbeRequest {
    api: Api,
    from: usize,
    software_too: bool,
    /// Test the first adapter's kernels one by one, except for these, which are known to fail.
    one_by_one: Option<Failures>,
}

/// Kernels with their errors.
type Failures = Vec<(Kernel, String)>;

/// A line of a child's output.
#[derive(Serialize, Deserialize)]
enum ProbeMessage {
    Adapters(Vec<Adapter>),
    Trying(usize),
    /// The kernel of the current adapter that is being tested, or `None` for several together.
    TryingKernel(Option<Kernel>),
    Tried(usize, Result<OwnKernels, String>),
    TryingUnits(usize),
    TriedUnits(usize, Result<Units, String>),
    Done,
}

const PROBE_VARIABLE: &str = "IMPASTO_PROBE";
/// Timeout for a child without output.
const CHILD_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum crashes or hangs of an adapter's kernels before it is given up: each hang takes the whole timeout.
const MAX_CRASHES: usize = 2;
static CAN_RUN_CHILD: AtomicBool = AtomicBool::new(false);
static FOUND: Mutex<BTreeMap<bool, Probe>> = Mutex::new(BTreeMap::new());

/// Call first in `main`: if this process is a probe's child, answer and exit. Otherwise allows
/// [`super::devices`] and [`super::open`] to start this program as such a child.
pub fn run_probe_if_asked() {
    match std::env::var(PROBE_VARIABLE) {
        Ok(request) => {
            if let Ok(request) = serde_json::from_str(&request) {
                run_child(&request);
            }
            std::process::exit(0);
        }
        Err(_) => CAN_RUN_CHILD.store(true, Ordering::Relaxed),
    }
}

fn run_child(request: &ProbeRequest) {
    // If the parent has exited, nothing else ends a child that hangs in a driver.
    thread::spawn(|| {
        thread::sleep(8 * CHILD_TIMEOUT);
        std::process::exit(1);
    });
    let say = |line: &ProbeMessage| {
        if let Ok(text) = serde_json::to_string(line) {
            let mut out = std::io::stdout().lock();
            // Without a parent there is no reader.
            let _ = writeln!(out, "{text}");
            let _ = out.flush();
        }
    };
    let adapters = enumerate(request.api);
    say(&ProbeMessage::Adapters(adapters.clone()));
    for (number, adapter) in adapters.iter().enumerate().skip(request.from) {
        if request.software_too || !adapter.is_software() {
            say(&ProbeMessage::Trying(number));
            let trying = |kernel| say(&ProbeMessage::TryingKernel(kernel));
            let known = request.one_by_one.as_ref().filter(|_| number == request.from);
            let outcome = adapter.open().and_then(|device| match known {
                Some(failed) => one_by_one(&device, failed.clone(), trying),
                None => own_kernels(&device, trying),
            });
            say(&ProbeMessage::Tried(number, outcome.clone()));
            if outcome == Ok(OwnKernels::All) && adapter.units.is_some() {
                say(&ProbeMessage::TryingUnits(number));
                if let Some(outcome) = try_units(adapter) {
                    say(&ProbeMessage::TriedUnits(number, outcome));
                }
            }
        }
    }
    say(&ProbeMessage::Done);
}

/// Test an adapter's matrix units.
fn try_units(adapter: &Adapter) -> Option<Result<Units, String>> {
    let units = adapter.units?;
    Some(adapter.open().and_then(|device| units_check(&device, units)).map(|()| units))
}

/// Probe once per program run and kind; later calls return the cached result.
pub(super) fn probe(software_too: bool) -> Probe {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found
        .entry(software_too)
        .or_insert_with(|| {
            let mut probe = Probe::default();
            for api in Api::ALL.into_iter().filter(|api| api.is_enabled()) {
                // A program that embeds the library may not support the child process.
                match CAN_RUN_CHILD.load(Ordering::Relaxed) {
                    true => in_children(api, software_too, &mut probe),
                    false => probe.adapters.extend(enumerate(api).into_iter().map(|adapter| {
                        let tried = software_too || !adapter.is_software();
                        let outcome = if tried {
                            adapter.open().and_then(|device| own_kernels(&device, |_| ()))
                        } else {
                            Ok(OwnKernels::All)
                        };
                        let units = outcome == Ok(OwnKernels::All) && tried;
                        let units = if units { try_units(&adapter) } else { None };
                        (adapter, outcome.map(|kernels| Passed { kernels, units }))
                    })),
                }
            }
            log_failures(&probe);
            probe
        })
        .clone()
}

/// Log each adapter's complete error.
fn log_failures(probe: &Probe) {
    for (adapter, outcome) in &probe.adapters {
        let name = &adapter.info.name;
        match outcome.as_ref().map(|passed| &passed.kernels) {
            Ok(OwnKernels::All) => {}
            Ok(OwnKernels::Without(failed)) => {
                for (kernel, error) in failed {
                    tracing::debug!("{name}: burn's operations stand in for {}: {error}", kernel.label());
                }
            }
            Ok(OwnKernels::None(error)) => tracing::debug!("{name}: burn's operations alone: {error}"),
            Err(error) => tracing::debug!("{name} is not used: {error}"),
        }
    }
}

/// Mark an adapter as failed in use, so that it isn't chosen again in this program run.
pub(super) fn mark_failed(adapter: &Adapter, reason: &str) {
    for probe in FOUND.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
        for (known, outcome) in &mut probe.adapters {
            if known.is(adapter) {
                *outcome = Err(reason.to_owned());
            }
        }
    }
}

/// Start children until every adapter of the interface has been tested: record one that crashes or hangs, and
/// let another child test its kernels one by one or continue with the next adapter.
fn in_children(api: Api, software_too: bool, probe: &mut Probe) {
    let mut list: Option<Vec<(Adapter, Result<Passed, String>)>> = None;
    let (mut from, mut singled) = (0, None);
    loop {
        let request = ProbeRequest { api, from, software_too, one_by_one: singled.clone() };
        let mut answer = ask(&request);
        if let (None, Some(adapters)) = (&list, answer.adapters.take()) {
            let untried = |adapter: &Adapter| match software_too || !adapter.is_software() {
                true => Err("its self-check did not come to an end".to_owned()),
                false => Ok(Passed::with(OwnKernels::All)),
            };
            list = Some(adapters.into_iter().map(|adapter| (adapter.clone(), untried(&adapter))).collect());
        }
        let Some(list) = &mut list else {
            let ended = answer.error.unwrap_or_else(|| "ended early".into());
            probe.error = Some(format!("listing {api:?} adapters {ended} in a driver"));
            return;
        };
        let next = next_attempt(&answer, request.from, singled);
        match record(list, answer) {
            Some(number) => (from, singled) = next.unwrap_or((number + 1, None)),
            None => break,
        }
        if from >= list.len() {
            break;
        }
    }
    probe.adapters.extend(list.unwrap_or_default());
}

/// The adapter whose kernels to test one by one after this answer of a child that began at `from`, and the
/// kernels that are known to fail; `None` if there is nothing left to test.
fn next_attempt(
    answer: &ProbeAnswer,
    from: usize,
    singled: Option<Failures>,
) -> Option<(usize, Option<Failures>)> {
    let (number, ended) = (answer.trying?, answer.error.as_ref()?);
    let singled = singled.filter(|_| number == from);
    let failed = match answer.trying_kernel {
        Some(kernel) => {
            let mut failed = singled.unwrap_or_default();
            failed.push((kernel, format!("its self-check {ended} in the driver")));
            failed
        }
        // It failed with all kernels together, or with burn's operations.
        None if singled.is_some() => return None,
        None => Vec::new(),
    };
    (failed.len() <= MAX_CRASHES).then_some((number, Some(failed)))
}

/// Record a child's answers; returns the adapter at which it stopped without finishing.
fn record(list: &mut [(Adapter, Result<Passed, String>)], answer: ProbeAnswer) -> Option<usize> {
    for (number, outcome) in answer.tried {
        if let Some((_, slot)) = list.get_mut(number) {
            *slot = outcome.map(Passed::with);
        }
    }
    let mut record_units = |number: usize, units| {
        if let Some((_, Ok(passed))) = list.get_mut(number) {
            passed.units = Some(units);
        }
    };
    for (number, units) in answer.tried_units {
        record_units(number, units);
    }
    let ended = answer.error?;
    // The adapter passed, but its units crashed.
    if let (None, Some(number)) = (answer.trying, answer.trying_units) {
        record_units(number, Err(format!("their self-check {ended} in the driver")));
        return Some(number);
    }
    let number = answer.trying?;
    if let Some((adapter, outcome)) = list.get_mut(number) {
        *outcome = Err(format!("the self-check of {} {ended} in its driver", adapter.info.name));
    }
    Some(number)
}

/// A child's answers.
#[derive(Default)]
struct ProbeAnswer {
    adapters: Option<Vec<Adapter>>,
    tried: Vec<(usize, Result<OwnKernels, String>)>,
    tried_units: Vec<(usize, Result<Units, String>)>,
    /// The adapter whose test, or that of its matrix units, has no result.
    trying: Option<usize>,
    /// The kernel that was tested alone at the end.
    trying_kernel: Option<Kernel>,
    trying_units: Option<usize>,
    /// How the child ended, unless it finished.
    error: Option<String>,
}

fn ask(request: &ProbeRequest) -> ProbeAnswer {
    let mut answer = ProbeAnswer::default();
    let child = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .env(PROBE_VARIABLE, serde_json::to_string(request).map_err(std::io::Error::other)?)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    });
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            answer.error = Some(format!("could not be started ({error})"));
            return answer;
        }
    };
    let (tell, lines) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Drivers may also print to standard output; ignore their lines.
                if let Ok(line) = serde_json::from_str::<ProbeMessage>(&line)
                    && tell.send(line).is_err()
                {
                    break;
                }
            }
        });
    }
    loop {
        match lines.recv_timeout(CHILD_TIMEOUT) {
            Ok(ProbeMessage::Adapters(adapters)) => answer.adapters = Some(adapters),
            Ok(ProbeMessage::Trying(number)) => (answer.trying, answer.trying_kernel) = (Some(number), None),
            Ok(ProbeMessage::TryingKernel(kernel)) => answer.trying_kernel = kernel,
            Ok(ProbeMessage::Tried(number, outcome)) => {
                answer.trying = None;
                answer.tried.push((number, outcome));
            }
            Ok(ProbeMessage::TryingUnits(number)) => answer.trying_units = Some(number),
            Ok(ProbeMessage::TriedUnits(number, outcome)) => {
                answer.trying_units = None;
                answer.tried_units.push((number, outcome));
            }
            Ok(ProbeMessage::Done) => break,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                answer.error = Some("crashed".into());
                break;
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                answer.error = Some("hung".into());
                break;
            }
        }
    }
    // Reap it on another thread: killing a process that hangs inside a driver may take a while.
    thread::spawn(move || {
        // An error means that the child has exited.
        let _ = child.kill();
        let _ = child.wait();
    });
    answer
}

/// Every adapter of a graphics interface that can compute.
fn enumerate(api: Api) -> Vec<Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: api.wgpu(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let mut list = Vec::new();
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
            units: Units::offered(&adapter),
        });
        *index += 1;
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<(Adapter, Result<Passed, String>)> {
        let adapter = |number: usize| Adapter {
            info: DeviceInfo {
                name: format!("card {number}"),
                kind: DeviceKind::DiscreteGpu,
                backend: "Vulkan".into(),
                driver: String::new(),
                reason: String::new(),
            },
            api: Api::Vulkan,
            index: number,
            units: None,
        };
        (0..2).map(|number| (adapter(number), Err("untried".to_owned()))).collect()
    }

    #[test]
    fn a_crash_costs_the_units_where_they_crashed_and_the_adapter_where_it_did() {
        let units = Units { size: 16, threads: 128, memory: 49_152, vectors: true };
        let mut adapters = list();
        let crashed = || Some("crashed".to_owned());
        let own = |number| (number, Ok(OwnKernels::All));
        let first = ProbeAnswer {
            tried: vec![own(0)],
            trying_units: Some(0),
            error: crashed(),
            ..ProbeAnswer::default()
        };
        assert_eq!(record(&mut adapters, first), Some(0));
        let passed = adapters[0].1.clone().unwrap();
        assert_eq!(passed.kernels, OwnKernels::All);
        assert!(passed.units.unwrap().unwrap_err().contains("crashed"));
        let second = ProbeAnswer { trying: Some(1), error: crashed(), ..ProbeAnswer::default() };
        assert_eq!(record(&mut adapters, second), Some(1));
        assert!(adapters[1].1.clone().unwrap_err().contains("card 1 crashed"));
        // In a child that finishes.
        let mut adapters = list();
        let differ = Err("they differ".to_owned());
        let whole = ProbeAnswer {
            tried: vec![own(0), own(1)],
            tried_units: vec![(0, Ok(units)), (1, differ.clone())],
            ..ProbeAnswer::default()
        };
        assert_eq!(record(&mut adapters, whole), None);
        let found = adapters.iter().map(|(_, outcome)| outcome.clone().unwrap().units.unwrap());
        assert_eq!(found.collect::<Vec<_>>(), [Ok(units), differ]);
    }

    #[test]
    fn an_adapter_that_crashes_is_tried_kernel_by_kernel_until_too_many_crash() {
        let at = |trying_kernel| ProbeAnswer {
            trying: Some(1),
            trying_kernel,
            error: Some("crashed".into()),
            ..ProbeAnswer::default()
        };
        // All kernels together, in a child that began with another adapter.
        let (number, singled) = next_attempt(&at(None), 0, None).unwrap();
        assert_eq!((number, &singled), (1, &Some(Vec::new())));
        let (number, singled) = next_attempt(&at(Some(Kernel::Pooling)), 1, singled).unwrap();
        let first = (Kernel::Pooling, "its self-check crashed in the driver".to_owned());
        assert_eq!((number, &singled), (1, &Some(vec![first.clone()])));
        // It crashes with the remaining kernels together, or with burn's operations.
        assert_eq!(next_attempt(&at(None), 1, singled.clone()), None);
        let (_, singled) = next_attempt(&at(Some(Kernel::Style)), 1, singled).unwrap();
        assert_eq!(singled.as_ref().map(Vec::len), Some(2));
        assert_eq!(next_attempt(&at(Some(Kernel::Adam)), 1, singled), None);
        // Failures of one adapter's kernels don't apply to the next.
        assert_eq!(next_attempt(&at(None), 0, Some(vec![first])), Some((1, Some(Vec::new()))));
        // Matrix units crash alone.
        assert_eq!(
            next_attempt(&ProbeAnswer { trying: None, trying_units: Some(1), ..at(None) }, 0, None),
            None
        );
        assert_eq!(next_attempt(&ProbeAnswer { error: None, ..at(None) }, 0, None), None);
    }
}
