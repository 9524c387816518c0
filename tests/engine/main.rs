//! The worker and the real engine behind it, without a window.

#[path = "../common/mod.rs"]
mod common;
#[path = "../environment/mod.rs"]
mod environment;

mod automation;
mod drags;
mod faults;
mod finite;
mod flat;
mod layers;
mod less_memory;
mod masks;
mod painting;
mod replacing;
mod session;
mod time_machine;
