//! Closing the window: what is being saved is waited for, and signals close it as a person does.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use egui::{Context, ViewportCommand};

use super::{ImpastoApp, notes::Trouble, recipes::Painting, saving::Replacing, theme::space};
use impasto_core::picture;

/// A second signal this long after the first ends a window that does not close.
const INSIST_AFTER: Duration = Duration::from_secs(2);

/// Whether the window is to be closed.
#[derive(Default)]
pub struct Closing {
    /// It was asked for, and something is still being saved.
    wanted: bool,
    /// What is being saved is not waited for.
    at_once: bool,
    /// Something was not saved in this frame.
    failed: bool,
    /// Set if a signal has asked for the end.
    signal: Option<Arc<AtomicBool>>,
}

impl Closing {
    /// A save has failed: what became of it has to be seen before the window goes.
    pub fn save_failed(&mut self) {
        if self.at_once {
            return;
        }
        (self.wanted, self.failed) = (false, true);
    }

    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Closes the window without waiting for anything.
    pub fn force(&mut self) {
        (self.wanted, self.at_once) = (true, true);
    }

    pub fn is_forced(&self) -> bool {
        self.wanted && self.at_once
    }

    fn is_signalled(&self) -> bool {
        self.signal.as_ref().is_some_and(|signal| signal.load(Ordering::Relaxed))
    }
}

impl ImpastoApp {
    /// Closes the window, as a person would, once `signal` is set.
    pub fn close_on(&mut self, signal: Arc<AtomicBool>) {
        self.files.closing.signal = Some(signal);
    }

    /// Holds the window open while something is saved. Called once a frame, after the results of tasks are in.
    pub(super) fn follow_closing(&mut self, ctx: &Context) {
        let asked = ctx.input(|input| input.viewport().close_requested());
        let signalled = self.files.closing.is_signalled();
        let failed = std::mem::take(&mut self.files.closing.failed) && !signalled;
        // What has ended since results were taken may have failed.
        let busy = !self.tasks.saving().is_empty() || self.tasks.has_results();
        let waits = busy && !self.files.closing.at_once;
        if asked && (waits || failed) {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        }
        self.files.closing.wanted |= (asked && !failed) || signalled;
        if self.files.closing.wanted && !waits && !asked {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    /// Says what the window waits for before it closes.
    pub(super) fn closing_window(&mut self, ctx: &Context) {
        let names = self.tasks.saving();
        if names.is_empty() || !self.files.closing.wanted {
            return;
        }
        let modal = super::theme::modal(ctx, "closing").show(ctx, |ui| {
            ui.set_width(380.0);
            ui.heading(format!("Saving {}…", names.join(", ")));
            ui.add_space(space::S);
            ui.label("The window closes by itself when this is done.");
            ui.add_space(space::L);
            ui.horizontal(|ui| {
                if ui.button("Stay open").clicked() {
                    self.files.closing.wanted = false;
                }
                let tooltip = "What is being saved is lost";
                if ui.button("Close without waiting").on_hover_text(tooltip).clicked() {
                    self.files.closing.at_once = true;
                }
            });
        });
        if modal.should_close() {
            self.files.closing.wanted = false;
        }
    }

    /// At the end by a signal, or where nothing can be drawn, nobody can be asked any more: pictures that could not be saved
    /// are kept somewhere.
    pub(super) fn rescue_unsaved(&mut self) {
        if !self.files.closing.is_signalled() && self.graphics.failure().is_none() {
            return;
        }
        let thumbnails = !self.files.without_thumbnails;
        for banner in self.messages.banners.drain(..) {
            if let Trouble::Save { path, painting } = banner.trouble {
                rescue(&path, &painting, thumbnails);
            }
        }
        if let Some((path, painting)) = self.files.replacing.take().and_then(Replacing::picture) {
            rescue(&path, &painting, thumbnails);
        }
    }
}

fn rescue(path: &Path, painting: &Painting, thumbnails: bool) {
    let recipe = painting.draft.as_ref().map(|draft| draft.compose(&painting.picture, thumbnails));
    let text = |room| recipe.as_ref()?.text(room);
    let folders: Vec<PathBuf> = picture::fallback_folders();
    match picture::save_elsewhere(&painting.picture, path, &folders, &text) {
        Ok(kept) => eprintln!("impasto: warning: the picture is kept as {}", kept.display()),
        Err(error) => eprintln!("impasto: warning: the picture cannot be kept: {error}"),
    }
}

/// Sets `closed` at Ctrl-C, at a hang-up and when the system ends the program, and wakes the window.
pub(super) fn catch_signals(ctx: &Context, closed: &Arc<AtomicBool>) {
    let (ctx, closed) = (ctx.clone(), Arc::clone(closed));
    let first = Mutex::new(None::<Instant>);
    let caught = ctrlc::set_handler(move || {
        let first = *first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
        if first.elapsed() > INSIST_AFTER {
            exit_at_once();
        }
        closed.store(true, Ordering::Relaxed);
        ctx.request_repaint_of(egui::ViewportId::ROOT);
    });
    if let Err(error) = caught {
        tracing::warn!("signals end the window at once: {error}");
    }
}

fn exit_at_once() -> ! {
    const INTERRUPTED: i32 = 130;
    // SAFETY: `_exit` only ends the process. `exit` would run the graphics drivers' exit handlers while other
    // threads still compute in them.
    #[cfg(unix)]
    unsafe {
        libc::_exit(INTERRUPTED)
    }
    #[cfg(not(unix))]
    std::process::exit(INTERRUPTED)
}
