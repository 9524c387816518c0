//! Events on their way to the window.

use std::{
    collections::VecDeque,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Sender, TrySendError};

use super::Event;

/// Queue of events to the window. Events that must arrive wait here while the channel is full; nothing
/// blocks.
pub struct Outbox<W: Fn()> {
    pub events: Sender<Event>,
    pub waiting: VecDeque<Event>,
    pub wake: W,
}

impl<W: Fn()> Outbox<W> {
    pub fn send(&mut self, event: Event) {
        self.waiting.push_back(event);
        self.flush();
    }

    /// Send the event, or drop it if the window is behind.
    pub fn send_or_drop(&mut self, event: Event) {
        self.flush();
        if self.waiting.is_empty() && self.events.try_send(event).is_ok() {
            (self.wake)();
        }
    }

    /// Send everything that waits, giving up after this time.
    pub fn drain(&mut self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        while !self.waiting.is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
            self.flush();
        }
    }

    pub fn flush(&mut self) {
        let mut sent = false;
        while let Some(event) = self.waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => sent = true,
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    break;
                }
                Err(TrySendError::Disconnected(_)) => self.waiting.clear(),
            }
        }
        if sent {
            (self.wake)();
        }
    }
}
