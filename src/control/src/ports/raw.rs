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
mod tests {
    use std::{
        cell::RefCell,
        fs::{self, OpenOptions},
        os::unix::fs::symlink,
        path::Path,
        sync::mpsc,
    };

    use super::*;

    const CC: Controller = Controller::Cc { channel: 0, controller: 21 };
    const PATIENCE: Duration = Duration::from_secs(30);

    #[track_caller]
    fn until(what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "waited in vain until {what}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ports that look into a folder of their own, and what their thread wakes.
    struct Rig {
        root: tempfile::TempDir,
        ports: Ports,
        sender: mpsc::Sender<()>,
        woken: mpsc::Receiver<()>,
    }

    impl Rig {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            fs::create_dir_all(root.path().join("dev/snd")).unwrap();
            let (sender, woken) = mpsc::channel();
            Self { ports: Ports::at(root.path()), root, sender, woken }
        }

        fn file(&self, name: &str) -> PathBuf {
            self.root.path().join("dev/snd").join(name)
        }

        fn open(&mut self, wanted: &[&str], lists: bool) {
            let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
            let sender = self.sender.clone();
            self.ports.open(&wanted, lists, || {
                let sender = sender.clone();
                move || {
                    let _ = sender.send(());
                }
            });
        }

        /// A device sends a fader's value, as soon as it is open.
        fn send(file: &Path, value: u8) {
            let mut writer = OpenOptions::new().write(true).open(file).unwrap();
            writer.write_all(&[0xb0, 21, value]).unwrap();
        }

        fn has_heard(&self, place: f64) -> bool {
            self.ports.take().controllers.get(&CC) == Some(&place)
        }

        #[track_caller]
        fn is_woken(&self) {
            self.woken.recv_timeout(PATIENCE).expect("the window is woken");
        }
    }

    #[test]
    fn a_device_that_cannot_be_opened_is_told_and_tried_again() {
        let mut rig = Rig::new();
        let file = rig.file("midiC0D0");
        symlink("nowhere", &file).unwrap();
        rig.open(&[], false);
        assert!(rig.ports.listener.is_none(), "nothing is wanted");
        rig.open(&[], true);
        until("the device is listed", || rig.ports.names() == ["midiC0D0"]);
        rig.is_woken();
        assert!(rig.ports.errors().is_empty(), "nobody wants it");
        rig.open(&["midiC0D0", "Other"], false);
        until("the reason is reported", || rig.ports.errors().len() == 1);
        rig.is_woken();
        assert!(rig.ports.errors()[0].starts_with("midiC0D0 cannot be read: "), "{:?}", rig.ports.errors());
        fs::remove_file(&file).unwrap();
        make_pipe(&file);
        Rig::send(&file, 127);
        until("it is read", || rig.has_heard(1.0));
        assert!(rig.ports.errors().is_empty(), "{:?}", rig.ports.errors());
        // Nothing is wanted any more: the thread gives back what it shares.
        let shared = Arc::downgrade(&rig.ports.listener.as_ref().unwrap().shared);
        rig.open(&[], false);
        until("the thread has ended", || shared.strong_count() == 0);
        assert!(rig.ports.names().is_empty());
    }

    #[test]
    fn a_device_that_can_be_opened_and_not_read_is_told_once() {
        let mut rig = Rig::new();
        // A file ends at once, whenever it is opened.
        fs::write(rig.file("midiC0D0"), "").unwrap();
        rig.open(&["midiC0D0"], false);
        until("the reason is reported", || rig.ports.errors() == ["midiC0D0 was unplugged"]);
        let mut names = vec!["midiC0D0".to_owned()];
        for card in 1..3 {
            // It is found by the next scan, which tries the first one again.
            make_pipe(&rig.file(&format!("midiC{card}D0")));
            names.push(format!("midiC{card}D0"));
            until("the other device is listed", || rig.ports.names() == names);
        }
        // For the three names, and for the first one's trouble.
        for _ in 0..4 {
            rig.is_woken();
        }
        assert!(rig.woken.try_recv().is_err(), "nothing else has changed");
        assert_eq!(rig.ports.errors(), ["midiC0D0 was unplugged"]);
        fs::remove_file(rig.file("midiC0D0")).unwrap();
        until("it is gone", || rig.ports.names() == names[1..]);
        assert!(rig.ports.errors().is_empty(), "{:?}", rig.ports.errors());
    }

    #[test]
    fn what_fails_or_panics_is_run_again_until_it_is_done() {
        let mut runs = 0;
        let mut told = Vec::new();
        let run = |runs: &mut u32| {
            *runs += 1;
            match *runs {
                1 => Err(io::Error::other("out of memory")),
                2 => panic!("a panic that a test wants"),
                _ => Ok(()),
            }
        };
        let on_failure = |_: &mut u32, error: io::Error| {
            told.push(error.to_string());
            true
        };
        until_done(&mut runs, run, on_failure);
        assert_eq!(told, ["out of memory", "an error in this program"]);
        assert_eq!(runs, 3);
    }

    #[test]
    fn what_keeps_failing_closes_its_devices_and_ends_with_its_handle() {
        let rig = Rig::new();
        let file = rig.file("midiC0D0");
        make_pipe(&file);
        let (mut thread, listener) = Thread::new(rig.root.path().to_owned()).unwrap();
        // A byte that nobody has read doesn't hide that the handle is gone.
        listener.ring(&mut listener.shared.state());
        let (mut listener, mut runs) = (Some(listener), 0);
        let run = |thread: &mut Thread| {
            runs += 1;
            assert!(thread.open.is_empty(), "the devices were closed");
            thread.open.insert("midiC0D0".to_owned(), Device::open(&file).unwrap());
            match runs {
                1 => Err(io::Error::other("out of memory")),
                2 => {
                    drop(listener.take());
                    panic!("a panic that a test wants")
                }
                // It would go on otherwise.
                _ => Ok(()),
            }
        };
        let told = RefCell::new(Vec::new());
        let on_failure = |thread: &mut Thread, error: io::Error| {
            let shared = Arc::downgrade(&thread.shared);
            let wake = || told.borrow_mut().extend(shared.upgrade().unwrap().state().errors.clone());
            thread.pause_after(&error, &wake)
        };
        until_done(&mut thread, run, on_failure);
        assert_eq!(runs, 2, "with its handle it is run again, and without it is not");
        assert!(thread.open.is_empty());
        let told = told.into_inner();
        assert!(told.len() == 2 && told[0].ends_with("out of memory"), "{told:?}");
        assert!(told[1].ends_with("an error in this program"), "{told:?}");
    }

    #[test]
    fn devices_are_read_while_they_are_wanted_and_whenever_they_are_there() {
        let mut rig = Rig::new();
        let (file, other) = (rig.file("midiC0D0"), rig.file("midiC1D0"));
        make_pipe(&file);
        make_pipe(&other);
        rig.open(&["midiC0D0", "midiC1D0"], false);
        Rig::send(&other, 127);
        until("the second is heard", || rig.has_heard(1.0));
        rig.is_woken();
        rig.open(&["midiC0D0"], false);
        Rig::send(&file, 0);
        until("the first is heard", || rig.has_heard(0.0));
        fs::remove_file(&file).unwrap();
        until("it is gone", || rig.ports.names() == ["midiC1D0"]);
        assert!(rig.ports.errors().is_empty(), "{:?}", rig.ports.errors());
        make_pipe(&file);
        Rig::send(&file, 127);
        until("it is heard again", || rig.has_heard(1.0));
        // Closed by now: a pipe without a reader cannot be opened in this way.
        let closed =
            std::os::unix::fs::OpenOptionsExt::custom_flags(OpenOptions::new().write(true), libc::O_NONBLOCK)
                .open(&other);
        assert_eq!(closed.unwrap_err().raw_os_error(), Some(libc::ENXIO), "what is not wanted is closed");
    }

    #[test]
    fn what_is_sent_reaches_the_devices() {
        let mut rig = Rig::new();
        make_pipe(&rig.file("midiC0D0"));
        rig.open(&["midiC0D0"], false);
        for place in [0.0, 0.5, 1.0] {
            rig.ports.send(&CC, place);
        }
        // What is sent to it comes back, as a motor fader's echo does.
        until("the last position has come", || rig.has_heard(1.0));
    }
}
