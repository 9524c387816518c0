//! MIDI devices: a pseudo-terminal stands for one, and all from its bytes to the window's parameters is real,
//! but the engine.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _, Write as _},
    os::fd::{AsRawFd as _, FromRawFd as _},
    path::{Path, PathBuf},
    ptr,
};

use crate::window_support::{Setup, Window, hands::right_click, has};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use impasto_core::settings::{ParamId, Settings};

/// A desk with faders, plugged in until it is dropped.
struct Desk {
    wire: File,
    /// The device's own end, so that the terminal stays as it is set.
    _device: File,
    file: PathBuf,
}

impl Desk {
    fn plug(root: &Path, card: u32, name: &str) -> Self {
        let (mut wire, mut device) = (0, 0);
        // SAFETY: both numbers are written to, and what is null is not asked for.
        let opened = unsafe {
            libc::openpty(&raw mut wire, &raw mut device, ptr::null_mut(), ptr::null_mut(), ptr::null_mut())
        };
        assert_eq!(opened, 0);
        // SAFETY: both files were just opened and belong to nobody else.
        let [wire, device] = [wire, device].map(|file| unsafe { File::from_raw_fd(file) });
        // SAFETY: the settings are plain numbers, which the calls fill in; the files are open.
        unsafe {
            let mut settings = std::mem::zeroed();
            assert_eq!(libc::tcgetattr(device.as_raw_fd(), &raw mut settings), 0);
            libc::cfmakeraw(&raw mut settings);
            assert_eq!(libc::tcsetattr(device.as_raw_fd(), libc::TCSANOW, &raw const settings), 0);
            assert_eq!(libc::fcntl(wire.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK), 0);
        }
        let about = root.join(format!("proc/asound/card{card}"));
        fs::create_dir_all(&about).unwrap();
        fs::write(about.join("midi0"), format!("{name}\n\nOutput 0\nInput 0\n")).unwrap();
        let folder = root.join("dev/snd");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("midiC{card}D0"));
        let terminal = fs::read_link(format!("/proc/self/fd/{}", device.as_raw_fd())).unwrap();
        std::os::unix::fs::symlink(terminal, &file).unwrap();
        Self { wire, _device: device, file }
    }

    fn sends(&mut self, bytes: &[u8]) {
        self.wire.write_all(bytes).unwrap();
    }

    fn fader(&mut self, value: u8) {
        self.sends(&[0xb0, 7, value]);
    }

    /// What it was told since the last call.
    fn is_told(&mut self) -> Vec<u8> {
        let mut buffer = [0; 1024];
        match self.wire.read(&mut buffer) {
            Ok(length) => buffer[..length].to_vec(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                Vec::new()
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // The window's folder may be gone already.
        let _ = fs::remove_file(&self.file);
    }
}

fn open(remembered: &str) -> Window {
    let remembered = Some(format!("[remote]\n{remembered}\n"));
    let mut window = Setup { remembered, size: [1280.0, 1400.0], ..Setup::default() }.open();
    window.until_painting();
    window
}

fn open_dialog(window: &mut Window) {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.steps(3);
    window.harness.event(egui::Event::Text("remote".to_owned()));
    window.harness.step();
    window.harness.key_press(Key::Enter);
    window.steps(3);
}

fn sent(window: &mut Window, what: &str, wanted: impl Fn(&Settings) -> bool) {
    window.until(what, |_, log| log.updates.last().is_some_and(|(settings, _)| wanted(settings)));
}

fn until_has(window: &mut Window, label: &str) {
    window.until(label, |harness, _| harness.query_all_by_label_contains(label).next().is_some());
}

fn smoothness(window: &Window) -> f64 {
    let node = window
        .harness
        .get_by(|node| node.label().as_deref() == Some("Smoothness") && node.role() == Role::Slider);
    node.accesskit_node().numeric_value().unwrap()
}

fn place_of(param: ParamId, value: f64) -> u8 {
    (param.range(Settings::default().objective).position(value) * 127.0).round() as u8
}

fn value_at(param: ParamId, place: u8) -> f64 {
    param.range(Settings::default().objective).value(f64::from(place) / 127.0)
}

#[test]
fn a_fader_is_learnt_takes_over_softly_is_told_and_comes_back_after_unplugging() {
    let mut window = open("midi = [\"Desk\"]");
    let mut desk = Desk::plug(window.root.path(), 1, "Desk");
    right_click(&mut window, "Smoothness");
    window.harness.get_by_label("Learn a controller…").click();
    until_has(&mut window, "it will turn Smoothness");
    desk.fader(10);
    until_has(&mut window, "cc:1:7 turns Smoothness");
    assert_eq!(smoothness(&window), 2.5);
    // A motor fader goes where the parameter is.
    let mut told = Vec::new();
    window.until("the desk is told where Smoothness is", |_, _| {
        told.extend(desk.is_told());
        told.len() == 3
    });
    assert_eq!(told, [0xb0, 7, place_of(ParamId::Smoothness, 2.5)]);
    desk.fader(10);
    until_has(&mut window, "bring it to where Smoothness is");
    assert_eq!(smoothness(&window), 2.5, "it does not jump");
    // It passes the parameter, by a message whose status stands before the last one, with the clock in
    // between.
    for part in [&[0xf8, 7][..], &[0xf8], &[127]] {
        desk.sends(part);
        window.steps(3);
    }
    sent(&mut window, "smoothness follows", |s| s.smoothness_weight == 100.0);
    open_dialog(&mut window);
    drop(desk);
    until_has(&mut window, "is not there");
    let mut desk = Desk::plug(window.root.path(), 2, "Desk");
    window.until("it is there again", |harness, _| {
        harness.query_all_by_label_contains("is not there").next().is_none()
    });
    window.harness.get_by_label("Done").click();
    window.steps(3);
    desk.fader(64);
    let aim = value_at(ParamId::Smoothness, 64);
    sent(&mut window, "it moves on", move |s| (s.smoothness_weight - aim).abs() < 1e-6);
    // A pad beside the fader: learnt by a strike that changes nothing yet.
    right_click(&mut window, "Smoothness");
    window.harness.get_by_label("Learn a controller…").click();
    window.steps(3);
    desk.sends(&[0x90, 60, 127]);
    until_has(&mut window, "note:1:60 turns Smoothness");
    window.steps(5);
    let last = window.log.lock().unwrap().updates.last().unwrap().0.smoothness_weight;
    assert!((last - aim).abs() < 1e-6, "{last} {aim}");
    desk.sends(&[60, 100]);
    let aim = value_at(ParamId::Smoothness, 100);
    sent(&mut window, "the pad sets it", move |s| (s.smoothness_weight - aim).abs() < 1e-6);
}

#[test]
fn devices_are_ticked_by_name_and_pads_set_what_they_have_learnt() {
    let controllers = "\"cc:1:7\" = \"smoothness\"\n\"note:1:60\" = \"alpha\"";
    let mut window = open(&format!("[remote.controllers]\n{controllers}"));
    let mut desk = Desk::plug(window.root.path(), 0, "Desk");
    let mut other = Desk::plug(window.root.path(), 1, "Desk");
    open_dialog(&mut window);
    until_has(&mut window, "Use the device Desk (2)");
    window.harness.get_by_label("Use the device Desk").click();
    window.steps(3);
    // A fader that would pass the parameter, on the device that is not ticked.
    other.fader(0);
    window.steps(10);
    other.fader(127);
    // Of a pad the force counts, at once; its release says nothing.
    desk.sends(&[0x90, 60, 100, 60, 0]);
    let aim = value_at(ParamId::Alpha, 100);
    sent(&mut window, "α is set", move |s| (s.content_weight - aim).abs() < 1e-6);
    assert_eq!(smoothness(&window), 2.5, "only ticked devices are read");
    window.harness.get_by_label("Use the device Desk").click();
    window.steps(3);
    window.harness.get_by_label("Done").click();
    window.steps(3);
    desk.sends(&[0x90, 60, 20]);
    window.steps(20);
    let last = window.log.lock().unwrap().updates.last().unwrap().0.content_weight;
    assert!((last - aim).abs() < 1e-6, "it is not read any more");
    open_dialog(&mut window);
    until_has(&mut window, "Use the device Desk (2)");
    window.harness.get_by_label("Use the device Desk (2)").click();
    window.steps(3);
    assert!(!has(&window, "is not there"));
    let folder = window.close();
    let text = fs::read_to_string(folder.path().join("impasto.toml")).unwrap();
    assert!(text.contains("midi = [\"Desk (2)\"]") && text.contains("\"note:1:60\" = \"alpha\""), "{text}");
}
