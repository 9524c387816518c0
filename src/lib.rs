//! Impasto: a live neural style transfer instrument.

pub mod app;
pub mod backstage;
pub mod base;
pub mod cli;
pub mod compute;
pub mod control;
pub mod explore;
pub mod extracts;
pub mod objective;
pub mod picture;
pub mod project;
pub mod recipe;
pub mod replay;
pub mod run;
pub mod session;
pub mod settings;
pub mod timelapse;
pub mod timeline;
pub mod transfer;
pub mod vgg;
