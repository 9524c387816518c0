//! The `impasto` program: the command line, and the window that it opens when no command is given.

use std::process::ExitCode;

use impasto::{app, cli, compute};

fn main() -> ExitCode {
    // Before anything else: the probe's child process must not do what its parent does.
    compute::run_probe_if_asked();
    cli::run(|options| {
        let mut pictures = options.pictures.into_iter();
        app::run(app::Options {
            content: pictures.next(),
            styles: pictures.collect(),
            settings: options.settings,
            started: Some(options.started),
            frame_times: options.frame_times,
        })
    })
}
