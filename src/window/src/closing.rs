//! Closing the window: what would be lost is asked about, what is being saved is waited for, and signals
//! close it without a question.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use egui::{Context, ViewportCommand};

use super::{ImpastoApp, messages::Trouble, recipes::PaintedPicture, saving::Replacing, theme::space};
use impasto_core::picture::{self, Export};

/// A second signal this long after the first ends a window that does not close.
const INSIST_AFTER: Duration = Duration::from_secs(2);

/// Whether the window is to be closed.
#[derive(Default)]
pub struct Closing {
    /// It was asked for, and something is still being saved.
    wanted: bool,
    /// It was asked for, and something would be lost by it: the person is asked.
    asks: bool,
    /// What is being saved is not waited for.
    at_once: bool,
    /// Something was not saved in this frame.
    failed: bool,
    /// Set if a signal has asked for the end.
    signal: Option<Arc<AtomicBool>>,
}

impl Closing {
    /// A save has failed or needs an answer: that has to be seen before the window goes.
    pub fn save_failed(&mut self) {
        if self.at_once {
            return;
        }
        (self.wanted, self.failed) = (false, true);
    }

    /// The window stays open after all.
    fn stay(&mut self) {
        (self.wanted, self.asks) = (false, false);
    }

    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Close the window without waiting for anything.
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
    /// Close the window, as a person would, once `signal` is set.
    pub fn close_on(&mut self, signal: Arc<AtomicBool>) {
        self.files.closing.signal = Some(signal);
    }

    /// Hold the window open while something is saved, or would be lost without a word. Called once a frame,
    /// after the results of tasks are in.
    pub(super) fn follow_closing(&mut self, ctx: &Context) {
        let asked = ctx.input(|input| input.viewport().close_requested());
        let signalled = self.files.closing.is_signalled();
        let failed = std::mem::take(&mut self.files.closing.failed) && !signalled;
        let draws = self.pictures.masks.is_drawing();
        let busy = self.tasks.has_unseen_saves() || draws;
        let agreed = self.files.closing.wanted || self.files.closing.at_once || signalled;
        let open = asked || self.files.closing.asks;
        let asks = open && !failed && !agreed && !self.lost_by_closing().is_empty();
        if asks && !self.files.closing.asks {
            // The question is seen.
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(ViewportCommand::Focus);
        }
        self.files.closing.asks = asks;
        // What would have been lost may be done by now: then the window closes as it was asked to.
        self.files.closing.wanted |= (open && !failed && !asks) || signalled;
        let waits = busy && !self.files.closing.at_once;
        if asked && (waits || failed || asks) {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        }
        if self.files.closing.wanted && !waits && !asked {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    /// What is lost if the window closes now, and what goes on at the next start.
    fn lost_by_closing(&self) -> Vec<String> {
        let mut lost = Vec::new();
        lost.extend(self.queue_left_by_closing());
        lost.extend(self.playlist_left_by_closing());
        if self.files.asking {
            lost.push("A file dialog is open, and nobody will be there for its answer.".to_owned());
        }
        if let Some(replacing) = &self.files.replacing {
            let name = replacing.name();
            lost.push(format!("{name} exists already: what was to be saved under this name is not saved."));
        }
        lost
    }

    /// Ask whether to close, and say what the window waits for before it does.
    pub(super) fn closing_window(&mut self, ctx: &Context) {
        let asks = self.files.closing.asks;
        let lost = if asks { self.lost_by_closing() } else { Vec::new() };
        let saving = match asks || self.files.closing.wanted {
            true => self.tasks.saving().join(", "),
            false => String::new(),
        };
        if saving.is_empty() && lost.is_empty() {
            return;
        }
        let (mut stay, mut close, mut at_once) = (false, false, false);
        let modal = super::theme::modal(ctx, "closing").show(ctx, |ui| {
            ui.set_width(380.0);
            let saves = format!("Saving {saving}…");
            ui.heading(if lost.is_empty() { &saves } else { "Close Impasto?" });
            for text in &lost {
                ui.add_space(space::S);
                ui.add(egui::Label::new(text).wrap());
            }
            if !saving.is_empty() {
                ui.add_space(space::S);
                if !lost.is_empty() {
                    ui.label(saves);
                }
                ui.label("The window closes by itself when this is done.");
            }
            ui.add_space(space::L);
            ui.horizontal(|ui| {
                stay = ui.button("Stay open").clicked();
                if !lost.is_empty() {
                    close =
                        ui.button("Close").on_hover_text("Settings and pictures are remembered").clicked();
                }
                if !saving.is_empty() {
                    let tooltip = "What is being saved is lost";
                    at_once = ui.button("Close without waiting").on_hover_text(tooltip).clicked();
                }
            });
        });
        let closing = &mut self.files.closing;
        if stay || modal.should_close() {
            closing.stay();
        } else if close || at_once {
            (closing.asks, closing.wanted) = (false, true);
            closing.at_once |= at_once;
        }
    }

    /// At the end by a signal, or where nothing can be drawn, nobody can be asked any more: pictures that
    /// could not be saved are kept somewhere.
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

fn rescue(path: &Path, painting: &PaintedPicture, thumbnails: bool) {
    let recipe = painting.draft.as_ref().map(|draft| draft.compose(&painting.picture, thumbnails));
    let text = |room| recipe.as_ref()?.text(room);
    let folders: Vec<PathBuf> = picture::fallback_folders();
    let matte = painting.matte();
    let export = Export { picture: &painting.picture, matte: matte.as_ref() };
    match picture::save_elsewhere(export, path, &folders, &text) {
        Ok(kept) => eprintln!("impasto: warning: the picture is kept as {}", kept.display()),
        Err(error) => eprintln!("impasto: warning: the picture cannot be kept: {error}"),
    }
}

/// Set `closed` at Ctrl-C, at a hang-up and when the system ends the program, and wake the window.
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
