//! The `impasto` program. Everything is in the library, see [`impasto::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: the probe's child process must not do what its parent does.
    impasto::compute::run_probe_if_asked();
    impasto::cli::run()
}
