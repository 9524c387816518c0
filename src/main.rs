//! The `impasto` program: the command line, and the window that it opens when no command is given.

use std::process::ExitCode;

use impasto_network::compute;

fn main() -> ExitCode {
    // Before anything else: the probe's child process must not do what its parent does.
    compute::run_probe_if_asked();
    impasto_cli::run(|options| {
        let mut pictures = options.pictures.into_iter();
        impasto_window::run(impasto_window::Options {
            content: pictures.next(),
            styles: pictures.collect(),
            settings: options.settings,
            choose_size: options.choose_size,
            started: Some(options.started),
            frame_times: options.frame_times,
        })
    })
}
