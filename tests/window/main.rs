//! The window by label, key and drop, in front of a fake engine.

#[path = "../window_support/mod.rs"]
mod window_support;

mod accessible;
mod arriving;
mod automation;
mod autosave;
mod basics;
mod closing;
mod command_palette;
mod compare;
mod film;
mod following;
mod fonts;
mod fullscreen;
mod gallery;
mod graphics;
mod grid;
mod guide;
mod lab;
mod layers;
mod layout;
mod mask_strokes;
mod mask_wand;
mod masks;
#[cfg(target_os = "linux")]
mod midi;
mod mixer;
mod mixes;
mod morph;
mod names;
mod network;
mod optimizer;
mod output_window;
mod paintings;
mod parts;
mod playlist;
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
mod states;
mod strangers;
mod styles;
mod tour;
mod undo;
