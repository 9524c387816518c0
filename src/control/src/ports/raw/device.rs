//! A raw device in use, read and written without blocking.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    mem,
    os::{
        fd::{AsRawFd as _, RawFd},
        unix::fs::OpenOptionsExt as _,
    },
    path::{Path, PathBuf},
};

use super::stream::Stream;
use crate::{
    Inbox,
    mapping::Controller,
    midi::{self, Reader},
};

pub struct Device {
    pub path: PathBuf,
    input: File,
    /// `None` if it has no output, or another program uses it; [`Device::retry_output`] tries it again.
    output: Option<File>,
    stream: Stream,
    reader: Reader,
    /// The latest position of each controller that hasn't been sent.
    pending: BTreeMap<Controller, f64>,
    /// Bytes of messages that the device had no room for.
    unsent: Vec<u8>,
}

impl Device {
    /// # Errors
    ///
    /// Those of the file system; [`reason`] words them.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            input: open(OpenOptions::new().read(true), path)?,
            output: open(OpenOptions::new().write(true), path).ok(),
            stream: Stream::default(),
            reader: Reader::default(),
            pending: BTreeMap::new(),
            unsent: Vec::new(),
        })
    }

    /// Open the output if it isn't, and send the latest position of each controller.
    pub fn retry_output(&mut self) {
        if self.output.is_none() {
            self.output = open(OpenOptions::new().write(true), &self.path).ok();
            self.send(&BTreeMap::new());
        }
    }

    pub fn input(&self) -> RawFd {
        self.input.as_raw_fd()
    }

    /// The output, while there are bytes that wait for room.
    pub fn blocked_output(&self) -> Option<RawFd> {
        let output = self.output.as_ref().filter(|_| !self.unsent.is_empty());
        output.map(File::as_raw_fd)
    }

    /// Put what has come into the inbox; true if the window must be woken.
    ///
    /// # Errors
    ///
    /// If the device is gone.
    pub fn read(&mut self, inbox: &Inbox) -> io::Result<bool> {
        let mut buffer = [0; 1024];
        let length = match self.input.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => length,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let mut wakes = false;
        self.stream.read(&buffer[..length], |message| {
            if let Some((source, place)) = self.reader.read(message) {
                wakes |= inbox.put_controller(source, place);
            }
        });
        Ok(wakes)
    }

    /// Send controllers' positions, and those of former calls for which there was no room or no output. Never
    /// waits.
    pub fn send(&mut self, places: &BTreeMap<Controller, f64>) {
        self.pending.extend(places.iter().map(|(source, place)| (source.clone(), *place)));
        let Some(output) = &mut self.output else { return };
        loop {
            if self.unsent.is_empty() {
                let pending = mem::take(&mut self.pending);
                let messages = pending.iter().flat_map(|(source, place)| midi::write(source, *place));
                self.unsent = messages.flatten().collect();
            }
            if self.unsent.is_empty() {
                return;
            }
            match output.write(&self.unsent) {
                Ok(0) => return,
                Ok(length) => drop(self.unsent.drain(..length)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Unplugged: reading says so.
                Err(_) => {
                    self.output = None;
                    self.unsent.clear();
                    return;
                }
            }
        }
    }
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Without the first flag it would wait until no other program uses the device.
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

/// Why a device isn't read, and what to do about it.
pub fn reason(name: &str, error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EACCES | libc::EPERM) => format!(
            "{name} may not be read by your user, who has to be in the group audio: `sudo usermod -aG audio $USER`, then log in again"
        ),
        Some(libc::EBUSY) => {
            format!("{name} is in use by another program; close it there, and it is read here")
        }
        Some(libc::ENODEV) => format!("{name} was unplugged"),
        None if error.kind() == ErrorKind::UnexpectedEof => format!("{name} was unplugged"),
        _ => format!("{name} cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::raw::make_pipe;

    const CC: Controller = Controller::Cc { channel: 0, controller: 21 };

    /// A device without an output in a folder of its own, and what it sends with.
    fn pipe() -> (tempfile::TempDir, Device, File) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("midiC0D0");
        make_pipe(&path);
        let device = Device { output: None, ..Device::open(&path).unwrap() };
        let writer = OpenOptions::new().write(true).open(&path).unwrap();
        (folder, device, writer)
    }

    #[test]
    fn what_a_device_sends_comes_into_the_inbox_until_it_is_gone() {
        let (_folder, mut device, mut writer) = pipe();
        let inbox = Inbox::default();
        assert!(!device.read(&inbox).unwrap(), "nothing has come, and it doesn't wait");
        writer.write_all(&[0xb0, 21]).unwrap();
        assert!(!device.read(&inbox).unwrap(), "half a message");
        writer.write_all(&[127, 0xf8, 22, 0]).unwrap();
        assert!(device.read(&inbox).unwrap());
        let other = Controller::Cc { channel: 0, controller: 22 };
        let pending = inbox.take();
        assert_eq!(pending.controllers, [(CC, 1.0), (other.clone(), 0.0)].into());
        assert_eq!(pending.last_moved, Some(other));
        drop(writer);
        let error = device.read(&inbox).unwrap_err();
        assert_eq!(reason("Desk", &error), "Desk was unplugged");
    }

    #[test]
    fn of_what_a_full_device_is_told_the_latest_is_sent_and_no_message_is_torn() {
        let (_folder, mut device, writer) = pipe();
        drop(writer);
        // The pipe's own end, whose room is bounded.
        device.output = Device::open(&device.path).unwrap().output;
        let mut sent = 0;
        while device.blocked_output().is_none() {
            sent += 1;
            assert!(sent < 1_000_000, "there is always room");
            device.send(&[(CC, f64::from(sent % 128) / 127.0)].into());
        }
        for place in [0.1, 0.2, 1.0] {
            device.send(&[(CC, place)].into());
        }
        let mut bytes = Vec::new();
        let mut buffer = [0; 1024];
        loop {
            match device.input.read(&mut buffer) {
                Ok(length) => bytes.extend(&buffer[..length]),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    if device.blocked_output().is_none() {
                        break;
                    }
                }
            }
            device.send(&BTreeMap::new());
        }
        let messages: Vec<&[u8]> = bytes.chunks(3).collect();
        assert_eq!(messages.len(), sent as usize + 1, "one of the last three");
        assert!(messages.iter().all(|message| message[..2] == [0xb0, 21]));
        assert_eq!(messages.last(), Some(&&[0xb0, 21, 127][..]));
    }

    #[test]
    fn an_output_that_another_program_held_is_told_the_latest_once_it_is_free() {
        // It has no output, as if another program had it.
        let (_folder, mut device, writer) = pipe();
        drop(writer);
        for place in [0.5, 1.0] {
            device.send(&[(CC, place)].into());
        }
        device.retry_output();
        let mut buffer = [0; 16];
        let length = device.input.read(&mut buffer).unwrap();
        assert_eq!(buffer[..length], [0xb0, 21, 127]);
    }

    #[test]
    fn reasons_say_what_to_do() {
        let told = |code| reason("Desk", &io::Error::from_raw_os_error(code));
        assert!(told(libc::EACCES).contains("group audio"), "{}", told(libc::EACCES));
        assert!(told(libc::EBUSY).contains("in use by another program"), "{}", told(libc::EBUSY));
        assert_eq!(told(libc::ENODEV), "Desk was unplugged");
        assert!(told(libc::EIO).starts_with("Desk cannot be read: "), "{}", told(libc::EIO));
        let missing = Device::open(Path::new("/nowhere/midiC0D0")).err().unwrap();
        assert!(reason("Desk", &missing).starts_with("Desk cannot be read: "));
    }
}
