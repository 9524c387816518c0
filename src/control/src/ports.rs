//! MIDI devices: input and feedback.
//!
//! Linux gives programs the raw bytes of its devices as files, so nothing has to be linked; elsewhere `midir`
//! talks to a service that every such system has.

#[cfg(not(any(windows, target_os = "macos")))]
mod raw;
#[cfg(any(windows, target_os = "macos"))]
mod system;

#[cfg(not(any(windows, target_os = "macos")))]
pub use raw::Ports;
#[cfg(any(windows, target_os = "macos"))]
pub use system::Ports;
