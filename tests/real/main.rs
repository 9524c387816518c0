//! The real window with the real engine, on a virtual display.

#[path = "../environment/mod.rs"]
mod environment;
#[path = "../xvfb/mod.rs"]
mod xvfb;

mod alive;
mod by_place;
mod comeback;
mod output_window;
mod window;
