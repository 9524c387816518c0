//! Handling of Ctrl-C.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Context;

use super::{INTERRUPTED, progress::Printer};

/// A flag that Ctrl-C sets, for commands without a progress bar.
pub(super) fn ctrl_c_flag(printer: &Printer) -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    catch_ctrl_c(&Arc::new(Mutex::new(printer.clone())), &flag)?;
    Ok(flag)
}

/// The first Ctrl-C sets the flag, the second ends the program.
pub(super) fn catch_ctrl_c(
    shared_printer: &Arc<Mutex<Printer>>,
    flag: &Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let handler_flag = Arc::clone(flag);
    let shared_printer = Arc::clone(shared_printer);
    ctrlc::set_handler(move || {
        if handler_flag.swap(true, Ordering::Relaxed) {
            exit_at_once();
        }
        let printer = shared_printer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        printer.info("interrupted: finishing the step and saving; press Ctrl-C again to stop at once");
    })
    .context("cannot watch for Ctrl-C")
}

fn exit_at_once() -> ! {
    // SAFETY: `_exit` only ends the process. `exit` would run the graphics drivers' exit handlers while other
    // threads still compute in them.
    #[cfg(unix)]
    unsafe {
        libc::_exit(INTERRUPTED.into())
    }
    #[cfg(not(unix))]
    std::process::exit(INTERRUPTED.into())
}

/// For long work that can be interrupted between two pieces.
pub(super) fn is_set(flag: &AtomicBool) -> bool {
    flag.load(Ordering::Relaxed)
}
