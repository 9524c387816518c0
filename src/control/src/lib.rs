//! External controllers: Open Sound Control over the network, and MIDI.
//!
//! Parsing of input is pure and bounded ([`osc`] for OSC, [`midi`] for MIDI), and so are controller
//! bindings ([`mapping`]). The listening threads pass on only the latest value of each parameter, so that a
//! flood costs the window nothing.

pub mod commands;
mod inbox;
pub mod mapping;
pub mod midi;
pub mod osc;
pub mod ports;
#[cfg(feature = "osc")]
pub mod server;

pub use inbox::{Inbox, PendingInput};
