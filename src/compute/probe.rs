//! Finding graphics adapters and trying them out, in child processes: some drivers crash or hang while they are merely
//! listed, and none may take a window with an hour of work in it along.

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

use serde::{Deserialize, Serialize};

use super::{
    check::{KernelChoice, self_check},
    devices::{Adapter, Api},
    info::{DeviceInfo, DeviceKind},
};

/// What the probe found: adapters, each usable or not and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe {
    pub adapters: Vec<(Adapter, Result<KernelChoice, String>)>,
    /// Why adapters of some graphics interface could not be listed.
    pub trouble: Option<String>,
}

/// What a child is asked: adapters of one graphics interface, tried from a position in the list on.
#[derive(Serialize, Deserialize)]
struct Question {
    api: Api,
    from: usize,
    software_too: bool,
}

/// Lines from a child.
#[derive(Serialize, Deserialize)]
enum Line {
    Adapters(Vec<Adapter>),
    Trying(usize),
    Tried(usize, Result<KernelChoice, String>),
    Done,
}

const ASK: &str = "IMPASTO_PROBE";
const PATIENCE: Duration = Duration::from_secs(30);
static CAN_RUN_CHILD: AtomicBool = AtomicBool::new(false);
static FOUND: Mutex<BTreeMap<bool, Probe>> = Mutex::new(BTreeMap::new());

/// To be called first in `main`: when this process is a probe's child, answers and exits. Otherwise allows
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
    // Should the parent be gone, nobody else ends a child that hangs in a driver.
    thread::spawn(|| {
        thread::sleep(PATIENCE);
        std::process::exit(1);
    });
    let say = |line: &Line| {
        if let Ok(text) = serde_json::to_string(line) {
            let mut out = std::io::stdout().lock();
            // The parent may be gone; then nobody reads and there is nothing to do.
            let _ = writeln!(out, "{text}");
            let _ = out.flush();
        }
    };
    let adapters = enumerate(question.api);
    say(&Line::Adapters(adapters.clone()));
    for (number, adapter) in adapters.iter().enumerate().skip(question.from) {
        if question.software_too || !adapter.is_software() {
            say(&Line::Trying(number));
            say(&Line::Tried(number, try_out(adapter)));
        }
    }
    say(&Line::Done);
}

fn try_out(adapter: &Adapter) -> Result<KernelChoice, String> {
    let device = adapter.open()?;
    let Err(own) = self_check(&device, KernelChoice::Own) else { return Ok(KernelChoice::Own) };
    match self_check(&device, KernelChoice::Portable) {
        Ok(()) => Ok(KernelChoice::Portable),
        Err(_) => Err(own),
    }
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
                        let outcome = if tried { try_out(&adapter) } else { Ok(KernelChoice::Own) };
                        (adapter, outcome)
                    })),
                }
            }
            probe
        })
        .clone()
}

/// Remembers that an adapter failed while it was in use, so that nothing chooses it again in this program run.
pub(super) fn condemn(adapter: &Adapter, reason: &str) {
    for probe in FOUND.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
        for (known, outcome) in &mut probe.adapters {
            if known.is(adapter) {
                *outcome = Err(reason.to_owned());
            }
        }
    }
}

/// Asks children until every adapter of the interface has been tried: one that crashes or hangs is noted, and another
/// child goes on behind it.
fn in_children(api: Api, software_too: bool, probe: &mut Probe) {
    let mut list: Option<Vec<(Adapter, Result<KernelChoice, String>)>> = None;
    let mut from = 0;
    loop {
        let answer = ask(&Question { api, from, software_too });
        if let (None, Some(adapters)) = (&list, answer.adapters) {
            let untried = |adapter: &Adapter| match software_too || !adapter.is_software() {
                true => Err("its self-check did not come to an end".to_owned()),
                false => Ok(KernelChoice::Own),
            };
            list = Some(adapters.into_iter().map(|adapter| (adapter.clone(), untried(&adapter))).collect());
        }
        let Some(list) = &mut list else {
            let ended = answer.trouble.unwrap_or_else(|| "ended early".into());
            probe.trouble = Some(format!("listing {api:?} adapters {ended} in a driver"));
            return;
        };
        for (number, outcome) in answer.tried {
            if let Some((_, slot)) = list.get_mut(number) {
                *slot = outcome;
            }
        }
        match (answer.trying, answer.trouble) {
            (Some(number), Some(ended)) => {
                if let Some((adapter, outcome)) = list.get_mut(number) {
                    *outcome = Err(format!("the self-check of {} {ended} in its driver", adapter.info.name));
                }
                from = number + 1;
            }
            _ => break,
        }
        if from >= list.len() {
            break;
        }
    }
    probe.adapters.extend(list.unwrap_or_default());
}

/// What a child said before it ended.
#[derive(Default)]
struct Answer {
    adapters: Option<Vec<Adapter>>,
    tried: Vec<(usize, Result<KernelChoice, String>)>,
    /// The adapter whose trial has no outcome.
    trying: Option<usize>,
    /// How the child ended, unless it came to its end.
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
    let deadline = Instant::now() + PATIENCE;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Line::Adapters(adapters)) => answer.adapters = Some(adapters),
            Ok(Line::Trying(number)) => answer.trying = Some(number),
            Ok(Line::Tried(number, outcome)) => {
                answer.trying = None;
                answer.tried.push((number, outcome));
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
        // Killing a child that has ended is an error of no consequence.
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
        });
        *index += 1;
    }
    list
}
