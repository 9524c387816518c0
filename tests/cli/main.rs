//! The command line as a process, and the recipes that it paints again.

#[path = "../common/mod.rs"]
mod common;
#[path = "../environment/mod.rs"]
mod environment;

mod batch;
mod commands;
mod crates;
mod desktop;
mod documents;
mod explore;
mod faults;
mod parts;
mod privacy;
mod program;
mod recipe;
mod regions;
mod render;
mod shards;
mod strangers;
mod transparency;
