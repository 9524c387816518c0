//! External controllers: Open Sound Control over the network, and MIDI.
//!
//! Parsing of input is pure and bounded ([`message`] for OSC, [`midi`] for MIDI), and so are controller
//! bindings ([`mapping`]). The listening threads pass on only the latest value of each parameter, so that a
//! flood costs the window nothing.

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
