//! The window's own graphics device. If it is lost, because a driver resets, a card is unplugged or the
//! computer wakes up, nothing can be drawn any more: the painting is saved and the program starts again with
//! it.

use std::{
    process::Command,
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use anyhow::{anyhow, bail};
use egui::{Context, ViewportId};

use super::ImpastoApp;
use impasto_base::text;

/// Minimum running time before a restart, so that graphics that always fail don't restart the program
/// forever.
const WORTH_A_RESTART: Duration = Duration::from_secs(60);
/// Time for a driver to come back after its reset.
const PAUSE: Duration = Duration::from_secs(1);
/// Maximum wait for files that are being saved.
const LONGEST: Duration = Duration::from_secs(10);

/// Whether the window's graphics device works. Clones share the state: the first failure, or `None` once the
/// window has closed without one.
#[derive(Clone, Debug, Default)]
pub struct Graphics(Arc<OnceLock<Option<String>>>);

impl Graphics {
    /// Watch a device, and wake the window when it fails. Without this, wgpu panics at an error.
    pub fn watch(&self, device: &wgpu::Device, ctx: &Context) {
        let (graphics, waker) = (self.clone(), ctx.clone());
        device.set_device_lost_callback(move |reason, message| {
            // Closing the window destroys it.
            if reason != wgpu::DeviceLostReason::Destroyed {
                graphics.fail(&format!("the device was lost: {message}"));
                waker.request_repaint_of(ViewportId::ROOT);
            }
        });
        let (graphics, waker) = (self.clone(), ctx.clone());
        device.on_uncaptured_error(Arc::new(move |error| {
            graphics.fail(&error.to_string());
            waker.request_repaint_of(ViewportId::ROOT);
        }));
    }

    /// Note that the device has failed.
    pub fn fail(&self, reason: &str) {
        tracing::warn!("the window's graphics failed: {reason}");
        // Later errors are consequences of the first.
        let _ = self.0.set(Some(reason.to_owned()));
    }

    /// Ignore failures from now on: the window closes.
    pub fn close(&self) {
        // After a failure there is nothing to ignore.
        let _ = self.0.set(None);
    }

    /// The reason if nothing can be drawn any more.
    pub fn failure(&self) -> Option<&str> {
        self.0.get()?.as_deref()
    }
}

impl ImpastoApp {
    /// Save the painting and close the window when these graphics fail.
    pub fn close_with(&mut self, graphics: Graphics) {
        self.graphics = graphics;
    }

    /// Called at the start of a frame. Drawing may panic, so this waits for the disk.
    pub(super) fn follow_graphics(&mut self, ctx: &Context) {
        if self.graphics.failure().is_none() || self.files.closing.is_forced() {
            return;
        }
        let begun = Instant::now();
        while !self.tasks.saving().is_empty() && begun.elapsed() < LONGEST {
            thread::sleep(Duration::from_millis(5));
        }
        while let Some(then) = self.tasks.next() {
            then(self, ctx);
        }
        self.leave_for_restart();
        // If drawing panics now, the window's end is not reached.
        self.rescue_unsaved();
        self.files.closing.force();
    }
}

/// Start the program again, which restores the painting. On Unix it returns only if that fails.
///
/// # Errors
///
/// If it cannot be started, or has been started too short a time ago.
pub fn start_again(reason: &str, started: Instant) -> anyhow::Result<()> {
    let reason = text::escaped(reason);
    if !is_worth_it(started.elapsed()) {
        bail!(
            "the window's graphics failed: {reason}. The painting is kept and comes back with the next start"
        );
    }
    eprintln!("impasto: warning: the window's graphics failed ({reason}); starting again");
    thread::sleep(PAUSE);
    let again = std::env::current_exe().and_then(|program| replace_with(Command::new(program)));
    again.map_err(|error| {
        anyhow!("the window's graphics failed: {reason}; and Impasto cannot be started again: {error}")
    })
}

fn is_worth_it(ran: Duration) -> bool {
    ran >= WORTH_A_RESTART
}

/// Replace the process, so that a shell that waits for it keeps waiting.
#[cfg(unix)]
fn replace_with(mut command: Command) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

#[cfg(not(unix))]
fn replace_with(mut command: Command) -> std::io::Result<()> {
    command.spawn().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphics_that_fail_at_once_are_not_tried_for_ever() {
        assert!(!is_worth_it(Duration::from_secs(59)) && is_worth_it(Duration::from_secs(61)));
        let text = start_again("the device was lost:\n\u{1b}[2J", Instant::now()).unwrap_err().to_string();
        assert!(text.contains("the device was lost") && text.contains("is kept"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn the_first_failure_is_the_reason() {
        let graphics = Graphics::default();
        assert_eq!(graphics.failure(), None);
        graphics.clone().fail("a driver reset");
        graphics.fail("a texture is gone");
        graphics.close();
        assert_eq!(graphics.failure(), Some("a driver reset"));
        let graphics = Graphics::default();
        graphics.close();
        graphics.fail("the window is gone");
        assert_eq!(graphics.failure(), None);
    }
}
