//! The real engine without a window: alone, behind its worker, and as a process.

#[path = "../common/mod.rs"]
mod common;
#[path = "../environment/mod.rs"]
mod environment;

mod automation;
mod colours;
mod drags;
mod faults;
mod finite;
mod flat;
mod layers;
mod less_memory;
mod masks;
mod painting;
mod replacing;
mod similarity;
mod time_machine;
