//! Finding graphics adapters and trying them out, in child processes: some drivers crash or hang while being
//! merely listed, and none may take down a window with an hour of work in it.

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

/// What is known of an adapter that passed its self-check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    pub kernels: OwnKernels,
    /// Its matrix units, or why they are not used; `None` where it has none.
    pub units: Option<Result<Units, String>>,
}

impl Passed {
    fn with(kernels: OwnKernels) -> Self {
        Self { kernels, units: None }
    }
}

/// What the probe found: adapters, each usable or not and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe {
    pub adapters: Vec<(Adapter, Result<Passed, String>)>,
    /// Why adapters of some graphics interface could not be listed.
    pub trouble: Option<String>,
}

/// A request to a child: try adapters of one graphics interface, starting at a position in the list.
#[derive(Serialize, Deserialize)]
struct Question {
    api: Api,
    from: usize,
    software_too: bool,
    /// If the first adapter's kernels are to be tried one by one: those that are known to fail.
    one_by_one: Option<Failures>,
}

/// Kernels, and what each failed with.
type Failures = Vec<(Kernel, String)>;

/// Lines from a child.
#[derive(Serialize, Deserialize)]
enum Line {
    Adapters(Vec<Adapter>),
    Trying(usize),
    /// Of the adapter that is being tried, this one alone or several together.
    TryingKernel(Option<Kernel>),
    Tried(usize, Result<OwnKernels, String>),
    TryingUnits(usize),
    TriedUnits(usize, Result<Units, String>),
    Done,
}

const ASK: &str = "IMPASTO_PROBE";
/// Timeout for a child without output.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most kernels of an adapter that may crash or hang before it is given up: a hang takes all the patience.
const MOST_ENDED: usize = 2;
static CAN_RUN_CHILD: AtomicBool = AtomicBool::new(false);
static FOUND: Mutex<BTreeMap<bool, Probe>> = Mutex::new(BTreeMap::new());

/// Call first in `main`: if this process is a probe's child, answer and exit. Otherwise allows
/// [`super::devices`] and [`super::open`] to start this program as such a child.
pub fn run_probe_if_asked() {
    match std::env::var(ASK) {
        Ok(question) => {
            if let Ok(question) = serde_json::from_str(&question) {
                answer(&question);
            }
            std::process::exit(0);
        }
        Err(_) => CAN_RUN_CHILD.store(true, Ordering::Relaxed),
    }
}

fn answer(question: &Question) {
    // If the parent is gone, nothing else ends a child that hangs in a driver.
    thread::spawn(|| {
        thread::sleep(8 * PATIENCE);
        std::process::exit(1);
    });
    let say = |line: &Line| {
        if let Ok(text) = serde_json::to_string(line) {
            let mut out = std::io::stdout().lock();
            // If the parent is gone, there is no reader and nothing to do.
            let _ = writeln!(out, "{text}");
            let _ = out.flush();
        }
    };
    let adapters = enumerate(question.api);
    say(&Line::Adapters(adapters.clone()));
    for (number, adapter) in adapters.iter().enumerate().skip(question.from) {
        if question.software_too || !adapter.is_software() {
            say(&Line::Trying(number));
            let trying = |kernel| say(&Line::TryingKernel(kernel));
            let known = question.one_by_one.as_ref().filter(|_| number == question.from);
            let outcome = adapter.open().and_then(|device| match known {
                Some(failed) => one_by_one(&device, failed.clone(), trying),
                None => own_kernels(&device, trying),
            });
            say(&Line::Tried(number, outcome.clone()));
            if outcome == Ok(OwnKernels::All) && adapter.units.is_some() {
                say(&Line::TryingUnits(number));
                if let Some(outcome) = try_units(adapter) {
                    say(&Line::TriedUnits(number, outcome));
                }
            }
        }
    }
    say(&Line::Done);
}

/// Whether the matrix units that an adapter offers are of use.
fn try_units(adapter: &Adapter) -> Option<Result<Units, String>> {
    let units = adapter.units?;
    Some(adapter.open().and_then(|device| units_check(&device, units)).map(|()| units))
}

/// Probes once per program run and kind; later calls return what was found.
pub(super) fn probe(software_too: bool) -> Probe {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found
        .entry(software_too)
        .or_insert_with(|| {
            let mut probe = Probe::default();
            for api in Api::ALL.into_iter().filter(|api| api.is_enabled()) {
                // A program that embeds the library has no child to offer.
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
            tell(&probe);
            probe
        })
        .clone()
}

/// Log what each adapter failed with, in whole.
fn tell(probe: &Probe) {
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

/// Asks children until every adapter of the interface has been tried: one that crashes or hangs is noted, and
/// another child tries its kernels one by one or goes on behind it.
fn in_children(api: Api, software_too: bool, probe: &mut Probe) {
    let mut list: Option<Vec<(Adapter, Result<Passed, String>)>> = None;
    let (mut from, mut singled) = (0, None);
    loop {
        let question = Question { api, from, software_too, one_by_one: singled.clone() };
        let mut answer = ask(&question);
        if let (None, Some(adapters)) = (&list, answer.adapters.take()) {
            let untried = |adapter: &Adapter| match software_too || !adapter.is_software() {
                true => Err("its self-check did not come to an end".to_owned()),
                false => Ok(Passed::with(OwnKernels::All)),
            };
            list = Some(adapters.into_iter().map(|adapter| (adapter.clone(), untried(&adapter))).collect());
        }
        let Some(list) = &mut list else {
            let ended = answer.trouble.unwrap_or_else(|| "ended early".into());
            probe.trouble = Some(format!("listing {api:?} adapters {ended} in a driver"));
            return;
        };
        let next = after(&answer, question.from, singled);
        match note(list, answer) {
            Some(number) => (from, singled) = next.unwrap_or((number + 1, None)),
            None => break,
        }
        if from >= list.len() {
            break;
        }
    }
    probe.adapters.extend(list.unwrap_or_default());
}

/// The adapter whose kernels another child tries one by one after this answer of a child that began at `from`,
/// and those that are known to fail; `None` if there is no more to try.
fn after(answer: &Answer, from: usize, singled: Option<Failures>) -> Option<(usize, Option<Failures>)> {
    let (number, ended) = (answer.trying?, answer.trouble.as_ref()?);
    let singled = singled.filter(|_| number == from);
    let failed = match answer.trying_kernel {
        Some(kernel) => {
            let mut failed = singled.unwrap_or_default();
            failed.push((kernel, format!("its self-check {ended} in the driver")));
            failed
        }
        // With all together, or with burn's operations.
        None if singled.is_some() => return None,
        None => Vec::new(),
    };
    (failed.len() <= MOST_ENDED).then_some((number, Some(failed)))
}

/// Record a child's answers; returns the adapter at which it stopped without finishing.
fn note(list: &mut [(Adapter, Result<Passed, String>)], answer: Answer) -> Option<usize> {
    for (number, outcome) in answer.tried {
        if let Some((_, slot)) = list.get_mut(number) {
            *slot = outcome.map(Passed::with);
        }
    }
    let mut note_units = |number: usize, units| {
        if let Some((_, Ok(passed))) = list.get_mut(number) {
            passed.units = Some(units);
        }
    };
    for (number, units) in answer.tried_units {
        note_units(number, units);
    }
    let ended = answer.trouble?;
    // It passed without its units.
    if let (None, Some(number)) = (answer.trying, answer.trying_units) {
        note_units(number, Err(format!("their self-check {ended} in the driver")));
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
struct Answer {
    adapters: Option<Vec<Adapter>>,
    tried: Vec<(usize, Result<OwnKernels, String>)>,
    tried_units: Vec<(usize, Result<Units, String>)>,
    /// The adapter whose trial has no outcome, or that of its matrix units.
    trying: Option<usize>,
    /// The kernel that was tried alone at the end.
    trying_kernel: Option<Kernel>,
    trying_units: Option<usize>,
    /// How the child ended, unless it finished.
    trouble: Option<String>,
}

fn ask(question: &Question) -> Answer {
    let mut answer = Answer::default();
    let child = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .env(ASK, serde_json::to_string(question).map_err(std::io::Error::other)?)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    });
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            answer.trouble = Some(format!("could not be started ({error})"));
            return answer;
        }
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
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(Line::Adapters(adapters)) => answer.adapters = Some(adapters),
            Ok(Line::Trying(number)) => (answer.trying, answer.trying_kernel) = (Some(number), None),
            Ok(Line::TryingKernel(kernel)) => answer.trying_kernel = kernel,
            Ok(Line::Tried(number, outcome)) => {
                answer.trying = None;
                answer.tried.push((number, outcome));
            }
            Ok(Line::TryingUnits(number)) => answer.trying_units = Some(number),
            Ok(Line::TriedUnits(number, outcome)) => {
                answer.trying_units = None;
                answer.tried_units.push((number, outcome));
            }
            Ok(Line::Done) => break,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                answer.trouble = Some("crashed".into());
                break;
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                answer.trouble = Some("hung".into());
                break;
            }
        }
    }
    // Collected elsewhere: a process that hangs inside a driver may not even be killed at once.
    thread::spawn(move || {
        // The error of killing a child that has ended doesn't matter.
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
        let first =
            Answer { tried: vec![own(0)], trying_units: Some(0), trouble: crashed(), ..Answer::default() };
        assert_eq!(note(&mut adapters, first), Some(0));
        let passed = adapters[0].1.clone().unwrap();
        assert_eq!(passed.kernels, OwnKernels::All);
        assert!(passed.units.unwrap().unwrap_err().contains("crashed"));
        let second = Answer { trying: Some(1), trouble: crashed(), ..Answer::default() };
        assert_eq!(note(&mut adapters, second), Some(1));
        assert!(adapters[1].1.clone().unwrap_err().contains("card 1 crashed"));
        // In one that comes to its end.
        let mut adapters = list();
        let differ = Err("they differ".to_owned());
        let whole = Answer {
            tried: vec![own(0), own(1)],
            tried_units: vec![(0, Ok(units)), (1, differ.clone())],
            ..Answer::default()
        };
        assert_eq!(note(&mut adapters, whole), None);
        let found = adapters.iter().map(|(_, outcome)| outcome.clone().unwrap().units.unwrap());
        assert_eq!(found.collect::<Vec<_>>(), [Ok(units), differ]);
    }

    #[test]
    fn an_adapter_that_crashes_is_tried_kernel_by_kernel_until_too_many_crash() {
        let at = |trying_kernel| Answer {
            trying: Some(1),
            trying_kernel,
            trouble: Some("crashed".into()),
            ..Answer::default()
        };
        // With all kernels together, in a child that began with another adapter.
        let (number, singled) = after(&at(None), 0, None).unwrap();
        assert_eq!((number, &singled), (1, &Some(Vec::new())));
        let (number, singled) = after(&at(Some(Kernel::Pooling)), 1, singled).unwrap();
        let first = (Kernel::Pooling, "its self-check crashed in the driver".to_owned());
        assert_eq!((number, &singled), (1, &Some(vec![first.clone()])));
        // Those that did not crash do not do so together, or with burn's operations.
        assert_eq!(after(&at(None), 1, singled.clone()), None);
        let (_, singled) = after(&at(Some(Kernel::Style)), 1, singled).unwrap();
        assert_eq!(singled.as_ref().map(Vec::len), Some(2));
        assert_eq!(after(&at(Some(Kernel::Adam)), 1, singled), None);
        // Kernels of one adapter say nothing of the next one's.
        assert_eq!(after(&at(None), 0, Some(vec![first])), Some((1, Some(Vec::new()))));
        // Matrix units crash alone.
        assert_eq!(after(&Answer { trying: None, trying_units: Some(1), ..at(None) }, 0, None), None);
        assert_eq!(after(&Answer { trouble: None, ..at(None) }, 0, None), None);
    }
}
