//! Raw MIDI devices, as Linux has them in `/dev/snd`, read by a thread that also notices which come and go.

mod device;
mod listing;
mod stream;

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind, PipeReader, PipeWriter, Read as _, Write as _},
    mem,
    os::fd::AsRawFd as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use self::device::{Device, reason};
use crate::{Inbox, PendingInput, mapping::Controller};

/// How often devices are looked for, and inputs and outputs that could not be opened are tried again.
const RESCAN: Duration = Duration::from_secs(2);

/// The available devices, and those in use.
pub struct Ports {
    /// The folder that has `dev` and `proc`.
    root: PathBuf,
    /// `None` while nothing is wanted.
    listener: Option<Listener>,
    /// Why there is no listener, if one is wanted.
    error: Option<String>,
}

/// The thread's handle. Dropping it ends the thread.
struct Listener {
    shared: Arc<Shared>,
    /// A byte in it makes the thread look at the state, and its end ends the thread.
    bell: PipeWriter,
}

#[derive(Default)]
struct Shared {
    inbox: Inbox,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Names of the devices to open.
    wanted: Vec<String>,
    /// The latest position of each controller for the devices.
    outgoing: BTreeMap<Controller, f64>,
    /// Whether there is a byte in the bell's pipe.
    has_rung: bool,
    /// Names of the devices that there are.
    names: Vec<String>,
    /// Why some of the wanted ones aren't read.
    errors: Vec<String>,
}

impl Default for Ports {
    fn default() -> Self {
        Self::at("/")
    }
}

impl Ports {
    /// Devices below another root than the file system's.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), listener: None, error: None }
    }

    /// Open the requested devices, now and whenever they are plugged in, and close the others. Names are kept
    /// up to date while any are requested or `lists`. `wake` makes the callback for input that arrives when
    /// nothing is pending, and for changed names and errors.
    pub fn open<W: Fn() + Send + 'static>(&mut self, wanted: &[String], lists: bool, wake: impl Fn() -> W) {
        self.error = None;
        if wanted.is_empty() && !lists {
            self.listener = None;
            return;
        }
        if self.listener.is_none() {
            match Listener::start(self.root.clone(), wake()) {
                Ok(listener) => self.listener = Some(listener),
                Err(error) => self.error = Some(format!("MIDI devices cannot be read: {error}")),
            }
        }
        if let Some(listener) = &self.listener {
            let mut state = listener.shared.state();
            if state.wanted != wanted {
                state.wanted = wanted.to_owned();
                listener.ring(&mut state);
            }
        }
    }

    /// Names of the input devices.
    pub fn names(&self) -> Vec<String> {
        self.listener.as_ref().map(|listener| listener.shared.state().names.clone()).unwrap_or_default()
    }

    /// Why devices aren't read.
    pub fn errors(&self) -> Vec<String> {
        let told = self.listener.as_ref().map(|listener| listener.shared.state().errors.clone());
        self.error.iter().cloned().chain(told.into_iter().flatten()).collect()
    }

    /// Take the input since the last call.
    pub fn take(&self) -> PendingInput {
        self.listener.as_ref().map(|listener| listener.shared.inbox.take()).unwrap_or_default()
    }

    /// Send a controller's position, 0 to 1, to every device in use.
    pub fn send(&mut self, source: &Controller, place: f64) {
        if let Some(listener) = &self.listener {
            let mut state = listener.shared.state();
            state.outgoing.insert(source.clone(), place);
            listener.ring(&mut state);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    fn start(root: PathBuf, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (mut thread, listener) = Thread::new(root)?;
        thread::Builder::new().name("impasto-midi".into()).spawn(move || {
            let on_failure = |thread: &mut Thread, error| thread.pause_after(&error, &wake);
            until_done(&mut thread, |thread| thread.run(&wake), on_failure);
        })?;
        Ok(listener)
    }

    /// Make the thread look at the state.
    fn ring(&self, state: &mut State) {
        // There is at most one byte in the pipe, so this never waits. Without a reader there is no thread.
        if !mem::replace(&mut state.has_rung, true) {
            let _ = (&self.bell).write_all(&[0]);
        }
    }
}

/// Run this again whenever it fails or panics, as long as `on_failure` returns true.
fn until_done<T>(
    state: &mut T,
    mut run: impl FnMut(&mut T) -> io::Result<()>,
    mut on_failure: impl FnMut(&mut T, io::Error) -> bool,
) {
    loop {
        // It begins from nothing again, so nothing half done is left.
        let result = catch_unwind(AssertUnwindSafe(|| run(state)));
        let result = result.unwrap_or_else(|_| Err(io::Error::other("an error in this program")));
        let Err(error) = result else { return };
        if !on_failure(state, error) {
            return;
        }
    }
}

/// What the thread knows.
struct Thread {
    root: PathBuf,
    shared: Arc<Shared>,
    /// The other end of [`Listener::bell`].
    ear: PipeReader,
    /// The devices that there are, by name.
    found: BTreeMap<String, PathBuf>,
    open: BTreeMap<String, Device>,
    /// Why wanted devices aren't read, by name; they are not tried again before the next scan.
    errors: BTreeMap<String, Trouble>,
    /// Why devices that are tried again were not read before the last scan, until they are.
    doubts: BTreeMap<String, String>,
}

/// Why a device isn't read.
struct Trouble {
    text: String,
    /// It could be opened.
    was_open: bool,
}

impl Thread {
    /// What the thread has, and its handle.
    fn new(root: PathBuf) -> io::Result<(Self, Listener)> {
        let (ear, bell) = io::pipe()?;
        let shared = Arc::<Shared>::default();
        let (found, open, errors, doubts) = Default::default();
        let thread = Self { root, shared: Arc::clone(&shared), ear, found, open, errors, doubts };
        Ok((thread, Listener { shared, bell }))
    }

    /// Close the devices after a failure, tell of it and wait; true if the handle is still there.
    fn pause_after(&mut self, error: &io::Error, wake: &impl Fn()) -> bool {
        // Other programs may have them meanwhile.
        self.open.clear();
        tracing::warn!("MIDI devices could not be read: {error}");
        self.shared.state().errors = vec![format!("MIDI devices cannot be read just now: {error}")];
        wake();
        // The pipe's end is reported without being asked for, and a byte in it can wait.
        let ear = libc::pollfd { fd: self.ear.as_raw_fd(), events: 0, revents: 0 };
        if poll(&mut [ear], RESCAN).is_err() {
            thread::sleep(RESCAN);
        }
        // The handle has the other one, and drops it before its end of the pipe.
        Arc::strong_count(&self.shared) > 1
    }

    /// Read until the handle is dropped.
    fn run(&mut self, wake: &impl Fn()) -> io::Result<()> {
        self.open.clear();
        self.errors.clear();
        self.doubts.clear();
        let mut scan_at = Instant::now();
        loop {
            if Instant::now() >= scan_at {
                self.found = listing::devices(&self.root);
                // That it can be opened says little of one that could not be read.
                let unread = mem::take(&mut self.errors).into_iter().filter(|(_, trouble)| trouble.was_open);
                self.doubts = unread.map(|(name, trouble)| (name, trouble.text)).collect();
                self.open.values_mut().for_each(Device::retry_output);
                scan_at = Instant::now() + RESCAN;
            }
            if self.follow() {
                wake();
            }
            match self.wait(scan_at)? {
                None => return Ok(()),
                Some(true) => wake(),
                Some(false) => {}
            }
        }
    }

    /// Open and close devices as wanted, and send what there is to send; true if names or errors have
    /// changed.
    fn follow(&mut self) -> bool {
        let (wanted, outgoing) = {
            let mut state = self.shared.state();
            (state.wanted.clone(), mem::take(&mut state.outgoing))
        };
        self.open.retain(|name, device| wanted.contains(name) && self.found.get(name) == Some(&device.path));
        self.errors.retain(|name, _| wanted.contains(name));
        self.doubts.retain(|name, _| wanted.contains(name) && self.found.contains_key(name));
        for name in wanted {
            let is_known = self.open.contains_key(&name) || self.errors.contains_key(&name);
            let Some(path) = self.found.get(&name).filter(|_| !is_known) else { continue };
            match Device::open(path) {
                Ok(device) => drop(self.open.insert(name, device)),
                Err(error) => {
                    let text = reason(&name, &error);
                    self.doubts.remove(&name);
                    self.errors.insert(name, Trouble { text, was_open: false });
                }
            }
        }
        for device in self.open.values_mut() {
            device.send(&outgoing);
        }
        let mut errors = self.doubts.clone();
        errors.extend(self.errors.iter().map(|(name, trouble)| (name.clone(), trouble.text.clone())));
        let mut state = self.shared.state();
        if state.names.iter().eq(self.found.keys()) && state.errors.iter().eq(errors.values()) {
            return false;
        }
        state.names = self.found.keys().cloned().collect();
        state.errors = errors.into_values().collect();
        true
    }

    /// Wait for input, for room for output, for the bell, and for the next scan at most; then read. True if
    /// the window must be woken, `None` if the handle was dropped.
    fn wait(&mut self, scan_at: Instant) -> io::Result<Option<bool>> {
        let entry = |fd, events| libc::pollfd { fd, events, revents: 0 };
        let mut entries = vec![entry(self.ear.as_raw_fd(), libc::POLLIN)];
        for device in self.open.values() {
            entries.push(entry(device.input(), libc::POLLIN));
            // Negative ones are skipped.
            entries.push(entry(device.blocked_output().unwrap_or(-1), libc::POLLOUT));
        }
        poll(&mut entries, scan_at.saturating_duration_since(Instant::now()))?;
        if entries[0].revents != 0 {
            let mut state = self.shared.state();
            if self.ear.read(&mut [0])? == 0 {
                return Ok(None);
            }
            state.has_rung = false;
        }
        let mut wakes = false;
        for ((name, device), entries) in self.open.iter_mut().zip(entries[1..].chunks(2)) {
            if entries[0].revents == 0 {
                continue;
            }
            let result = device.read(&self.shared.inbox);
            self.doubts.remove(name);
            match result {
                Ok(is_first) => wakes |= is_first,
                Err(error) => {
                    let text = reason(name, &error);
                    self.errors.insert(name.clone(), Trouble { text, was_open: true });
                }
            }
        }
        self.open.retain(|name, _| !self.errors.contains_key(name));
        Ok(Some(wakes))
    }
}

/// Wait until one of the files has something to tell.
fn poll(entries: &mut [libc::pollfd], patience: Duration) -> io::Result<()> {
    // Rounded up, as the scan that it waits for would come too early otherwise.
    let millis = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX).saturating_add(1);
    // SAFETY: pointer and length are those of a slice that nothing else uses during the call.
    let count = unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, millis) };
    let error = io::Error::last_os_error();
    if count < 0 && error.kind() != ErrorKind::Interrupted { Err(error) } else { Ok(()) }
}

/// A pipe that stands for a device. Its own output leads to its own input.
#[cfg(test)]
fn make_pipe(path: &std::path::Path) {
    let name = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str());
    let name = std::ffi::CString::new(name).unwrap();
    // SAFETY: the name is a valid C string for the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
}

#[cfg(test)]
mod tests;
