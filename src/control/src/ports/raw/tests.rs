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
