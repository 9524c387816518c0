//! The window by label, key and drop, in front of a fake engine.

#[path = "../window_support/mod.rs"]
mod window_support;

mod accessible;
mod arriving;
mod basics;
mod closing;
mod compare;
mod control;
mod film;
mod finder;
mod following;
mod fonts;
mod former;
mod gallery;
mod graphics;
mod grid;
mod guide;
mod keeping;
mod lab;
mod layers;
mod layout;
mod mask_strokes;
mod masks;
#[cfg(target_os = "linux")]
mod midi;
mod mixer;
mod mixes;
mod morph;
mod names;
mod network;
mod optimizer;
mod parts;
mod playlist;
mod present;
mod presets;
mod privacy;
mod queue;
mod recipe;
mod regions_example;
mod regions_kept;
mod regions_panel;
mod remote;
mod running;
mod saving;
mod scaling;
mod size;
mod stage;
mod states;
mod strangers;
mod styles;
mod tour;
mod undo;
