//! MIDI devices by the system's own service, through `midir`, which runs a thread for each.

use std::{collections::BTreeMap, sync::Arc};

use midir::{Ignore, MidiInput, MidiInputConnection, MidiOutput, MidiOutputConnection};

use crate::{
    Inbox, PendingInput,
    mapping::Controller,
    midi::{self, Reader},
};

/// The name under which other programs see this one.
const CLIENT: &str = "Impasto";

/// The available devices, and those in use.
#[derive(Default)]
pub struct Ports {
    inbox: Arc<Inbox>,
    /// `None` before the first scan.
    names: Option<Vec<String>>,
    inputs: BTreeMap<String, MidiInputConnection<()>>,
    outputs: BTreeMap<String, MidiOutputConnection>,
    /// Those that could not be opened, each with the reason; not retried before [`Ports::scan`].
    errors: BTreeMap<String, String>,
}

impl Ports {
    /// Scan for devices, and retry inputs and outputs that could not be opened.
    pub fn scan(&mut self) {
        self.errors.clear();
        let names = MidiInput::new(CLIENT).map(|input| {
            let ports = input.ports();
            let mut names: Vec<String> = ports.iter().filter_map(|port| input.port_name(port).ok()).collect();
            names.sort_unstable();
            names.dedup();
            names
        });
        self.names = Some(names.unwrap_or_else(|error| {
            self.errors.insert(String::new(), format!("this system has no MIDI: {error}"));
            Vec::new()
        }));
        // A device that was unplugged and plugged in again is a new port.
        let known = self.names.clone().unwrap_or_default();
        self.inputs.retain(|name, _| known.contains(name));
        self.outputs.retain(|name, _| self.inputs.contains_key(name));
        // Another program may have held it.
        for name in self.inputs.keys() {
            if !self.outputs.contains_key(name)
                && let Some(output) = open_output(name)
            {
                self.outputs.insert(name.clone(), output);
            }
        }
    }

    /// Names of the input devices, as of the last scan.
    pub fn names(&self) -> Vec<String> {
        self.names.clone().unwrap_or_default()
    }

    /// Why devices aren't read.
    pub fn errors(&self) -> Vec<String> {
        self.errors.values().cloned().collect()
    }

    /// Open the requested devices and close the others. They are scanned for the first time when any is
    /// requested or `lists`. `wake` makes the callback for input that arrives when nothing is pending.
    pub fn open<W: Fn() + Send + 'static>(&mut self, wanted: &[String], lists: bool, wake: impl Fn() -> W) {
        self.inputs.retain(|name, _| wanted.contains(name));
        self.outputs.retain(|name, _| wanted.contains(name));
        if self.names.is_none() && (lists || !wanted.is_empty()) {
            self.scan();
        }
        let known = self.names();
        for name in wanted {
            if self.inputs.contains_key(name) || self.errors.contains_key(name) || !known.contains(name) {
                continue;
            }
            match open_input(name, Arc::clone(&self.inbox), wake()) {
                Ok(input) => {
                    self.inputs.insert(name.clone(), input);
                }
                Err(error) => {
                    self.errors.insert(name.clone(), format!("{name} cannot be opened: {error}"));
                    continue;
                }
            }
            // Not every device has an output.
            if let Some(output) = open_output(name) {
                self.outputs.insert(name.clone(), output);
            }
        }
    }

    /// Take the input since the last call.
    pub fn take(&self) -> PendingInput {
        self.inbox.take()
    }

    /// Send a controller's position, 0 to 1, to every device in use.
    pub fn send(&mut self, source: &Controller, place: f64) {
        for message in midi::write(source, place) {
            // Stop sending to an unplugged device.
            self.outputs.retain(|_, output| output.send(&message).is_ok());
        }
    }
}

fn open_input(
    name: &str,
    inbox: Arc<Inbox>,
    wake: impl Fn() + Send + 'static,
) -> Result<MidiInputConnection<()>, String> {
    let mut input = MidiInput::new(CLIENT).map_err(|error| error.to_string())?;
    input.ignore(Ignore::All);
    let ports = input.ports();
    let port = ports
        .iter()
        .find(|port| input.port_name(port).is_ok_and(|other| other == name))
        .ok_or("it is gone")?;
    let mut reader = Reader::default();
    let on_message = move |_, message: &[u8], (): &mut ()| {
        if let Some((source, place)) = reader.read(message)
            && inbox.put_controller(source, place)
        {
            wake();
        }
    };
    input.connect(port, "controllers", on_message, ()).map_err(|error| error.to_string())
}

fn open_output(name: &str) -> Option<MidiOutputConnection> {
    let output = MidiOutput::new(CLIENT).ok()?;
    let ports = output.ports();
    let port = ports.iter().find(|port| output.port_name(port).is_ok_and(|other| other == name))?;
    output.connect(port, "faders").ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        thread,
        time::{Duration, Instant},
    };

    use midir::os::unix::VirtualOutput as _;

    use super::*;

    #[test]
    fn a_virtual_device_is_received() {
        let made = MidiOutput::new("impasto test").map_err(|error| error.to_string());
        let made = made.and_then(|output| output.create_virtual("desk").map_err(|error| error.to_string()));
        let mut device = match made {
            Ok(device) => device,
            Err(error) => {
                println!("skipped: this system has no virtual MIDI ports ({error})");
                return;
            }
        };
        let mut ports = Ports::default();
        ports.scan();
        let name = ports.names().into_iter().find(|name| name.contains("desk")).expect("the desk is listed");
        let wakes = Arc::new(AtomicU32::new(0));
        ports.open(&[name], false, || {
            let wakes = Arc::clone(&wakes);
            move || {
                wakes.fetch_add(1, Ordering::Relaxed);
            }
        });
        assert!(ports.errors().is_empty(), "{:?}", ports.errors());
        for value in [0, 64, 127] {
            device.send(&[0xb0, 21, value]).unwrap();
        }
        let source = Controller::Cc { channel: 0, controller: 21 };
        let deadline = Instant::now() + Duration::from_secs(10);
        while ports.take().controllers.get(&source) != Some(&1.0) {
            assert!(Instant::now() < deadline, "nothing was heard");
            thread::sleep(Duration::from_millis(5));
        }
        assert!(wakes.load(Ordering::Relaxed) >= 1);
        ports.open(&[], false, || || ());
        device.send(&[0xb0, 21, 5]).unwrap();
        thread::sleep(Duration::from_millis(100));
        assert!(ports.take().is_empty(), "what is not wanted is not heard");
    }
}
