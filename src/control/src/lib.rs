//! Controllers from outside of the window: Open Sound Control over the network, MIDI from a desk of faders.
//!
//! What is read from a wire is pure and bounded ([`message`] for OSC, [`midi`] for MIDI), and so is what a controller is bound
//! to ([`mapping`]). The threads that listen hand over only the latest value of each knob, so that a flood costs the window
//! nothing.

mod inbox;
pub mod mapping;
pub mod message;
pub mod midi;
pub mod orders;
#[cfg(feature = "midi")]
pub mod ports;
#[cfg(feature = "osc")]
pub mod server;

pub use inbox::{Inbox, News};
