//! The second window: the painting alone, on another screen.
//!
//! It is a deferred viewport, so that each window is drawn for reasons of its own: this one when there is a
//! new picture or the pointer moves over it, the main one when it is used. What it shows
//! passes through a lock that is held only to copy a few handles.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use egui::{
    Color32, Context, CursorIcon, Id, Key, Modifiers, Role, Sense, TextureHandle, Ui, Vec2, ViewportBuilder,
    ViewportClass, ViewportCommand, ViewportId, WidgetInfo, vec2,
};

use super::{
    ImpastoApp, accessible,
    action::Actions,
    audience::{self, Bar, Overlay, Press},
    canvas::{Leaving, paint_fitted},
    command::Command,
    fullscreen::{POINTER, pointer_moves},
    icons,
};
use impasto_assets::APP_ID;

/// Size of the window when it opens, and the smallest, in points.
const SIZE: [f32; 2] = [960.0, 640.0];
const SMALLEST: [f32; 2] = [320.0, 240.0];

/// The window's name for egui.
pub fn viewport() -> ViewportId {
    ViewportId::from_hash_of("second window")
}

/// A screen that the window could fill.
#[derive(Clone, Debug, PartialEq)]
pub struct Monitor {
    pub name: String,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// What both windows know.
#[derive(Default)]
struct Screen {
    picture: Option<(TextureHandle, Vec2)>,
    leaving: Option<Leaving>,
    /// Screen pixels per picture pixel, as it was drawn last.
    scale: f32,
    overlay: Overlay,
    info: bool,
    step: u32,
    /// What is seen, in words for a screen reader.
    told: String,
    monitors: Vec<Monitor>,
    /// When the pointer moved last, on egui's clock.
    moved: f64,
    closed: bool,
}

/// The second window, open or not.
#[derive(Default)]
pub struct OutputWindow {
    pub open: bool,
    screen: Arc<Mutex<Screen>>,
    /// The picture that it was last sent.
    told: Option<u64>,
    /// The monitors are not known yet.
    look_for_monitors: bool,
}

fn lock(screen: &Mutex<Screen>) -> MutexGuard<'_, Screen> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ImpastoApp {
    /// Open the second window, or close it.
    pub(super) fn toggle_output_window(&mut self, ctx: &Context) {
        let stage = &mut self.view.output_window;
        stage.open = !stage.open;
        (stage.told, stage.look_for_monitors) = (None, stage.open);
        let mut screen = lock(&stage.screen);
        screen.closed = false;
        screen.moved = ctx.input(|input| input.time);
        if !stage.open {
            (screen.picture, screen.leaving, screen.scale) = (None, None, 0.0);
            drop(screen);
            self.view.canvas.seen_elsewhere(ctx, 0.0);
        }
    }

    /// Show or hide the info over the picture: in the second window if that is where the picture stands
    /// alone.
    pub(super) fn toggle_info(&mut self) {
        if self.view.output_window.open && !self.view.fullscreen.on {
            let mut screen = lock(&self.view.output_window.screen);
            screen.info = !screen.info;
        } else {
            self.view.fullscreen.facts = !self.view.fullscreen.facts;
        }
    }

    /// Handle what the second window asks for, and send it what is new: also while this window is covered and
    /// not drawn.
    pub(super) fn follow_output_window(&mut self, ctx: &Context, frame: &eframe::Frame) {
        if !self.view.output_window.open {
            return;
        }
        let (closed, info, scale) = {
            let mut screen = lock(&self.view.output_window.screen);
            (std::mem::take(&mut screen.closed), screen.info, screen.scale)
        };
        if closed {
            return self.toggle_output_window(ctx);
        }
        if std::mem::take(&mut self.view.output_window.look_for_monitors) {
            lock(&self.view.output_window.screen).monitors = monitors(frame);
        }
        self.view.canvas.seen_elsewhere(ctx, scale);
        let overlay = self.overlay(info);
        let picture = self.view.canvas.shown();
        let leaving = self.view.canvas.leaving().cloned();
        let uploads = self.view.canvas.uploads();
        let told = self.canvas_description();
        let mut screen = lock(&self.view.output_window.screen);
        let news = self.view.output_window.told != Some(uploads) || screen.overlay != overlay;
        if news {
            self.view.output_window.told = Some(uploads);
            (screen.picture, screen.overlay, screen.leaving) = (picture, overlay, leaving);
            (screen.step, screen.told) = (self.view.canvas.step(), told);
        }
        drop(screen);
        if news {
            ctx.request_repaint_of(viewport());
        }
    }

    /// Show the second window while it is open.
    pub(super) fn output_window_ui(&self, ctx: &Context) {
        if !self.view.output_window.open {
            return;
        }
        let builder = ViewportBuilder::default()
            .with_app_id(APP_ID)
            .with_title("Impasto, the painting alone")
            .with_icon(icons::window_icon())
            .with_inner_size(SIZE)
            .with_min_inner_size(SMALLEST);
        let screen = Arc::clone(&self.view.output_window.screen);
        let actions = self.actions.clone();
        ctx.show_viewport_deferred(viewport(), builder, move |ui, class| draw(&screen, &actions, ui, class));
    }
}

/// The monitors in the windowing system's order; empty if it does not say.
fn monitors(frame: &eframe::Frame) -> Vec<Monitor> {
    let Some(window) = frame.winit_window() else { return Vec::new() };
    let monitors = window.available_monitors().enumerate().map(|(index, monitor)| Monitor {
        name: monitor.name().unwrap_or_else(|| format!("Screen {}", index + 1)),
        size: (monitor.size().width, monitor.size().height),
    });
    monitors.collect()
}

fn draw(shared: &Mutex<Screen>, actions: &Actions, ui: &mut Ui, class: ViewportClass) {
    let ctx = ui.ctx().clone();
    // If there is only one window, this is a part of it, and keys are the main window's.
    let own = class != ViewportClass::EmbeddedWindow;
    let mut screen = lock(shared);
    let area = if own {
        ui.max_rect()
    } else {
        ui.allocate_exact_size(vec2(SMALLEST[0], SMALLEST[1]), Sense::hover()).0
    };
    ui.painter().rect_filled(area, 0.0, Color32::BLACK);
    let response = ui.interact(area, Id::unique("second window's picture"), Sense::click());
    if let Some((texture, size)) = &screen.picture {
        let scale = (area.size() / *size).min_elem() * ui.pixels_per_point();
        let painter = ui.painter().with_clip_rect(area);
        paint_fitted(&painter, texture, *size, area, 1.0);
        let now = ctx.input(|input| input.time);
        if let Some(leaving) = &screen.leaving {
            let strength = leaving.strength(now);
            paint_fitted(&painter, &leaving.texture, leaving.size, area, strength);
            if strength > 0.0 {
                ctx.request_repaint();
            } else {
                screen.leaving = None;
            }
        }
        if std::mem::replace(&mut screen.scale, scale) != scale {
            // The texture is made for the scales at which it is drawn.
            ctx.request_repaint_of(ViewportId::ROOT);
        }
    }
    let what = format!("The painting alone, step {}", screen.step);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &what));
    accessible::description(&response, screen.told.as_str());
    audience::show(&ctx, "second window", area, &screen.overlay);

    let full = own && ctx.input(|input| input.viewport().fullscreen).unwrap_or(false);
    if own {
        keys(&ctx, &mut screen, actions, full);
    }
    if response.double_clicked() && own {
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full));
    }
    let now = ctx.input(|input| input.time);
    if pointer_moves(&ctx) {
        screen.moved = now;
    }
    let rests = now - screen.moved;
    if rests < POINTER || !own {
        let hint = "Closes this window alone; the painting goes on";
        let bar = Bar {
            salt: "second window",
            full: own.then_some(full),
            info: screen.info,
            paused: screen.overlay.is_paused(),
            monitors: &screen.monitors,
            close: Some(("Close this window", hint)),
        };
        match audience::bar(&ctx, area, &bar, actions) {
            Some(Press::Fullscreen) => ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full)),
            Some(Press::Monitor(index)) => ctx.send_viewport_cmd(ViewportCommand::SetMonitor(index)),
            Some(Press::Info) => {
                screen.info = !screen.info;
                // What it says is written by the main window.
                ctx.request_repaint_of(ViewportId::ROOT);
            }
            Some(Press::Close) => screen.closed = true,
            None => {}
        }
        if own {
            ctx.request_repaint_after(Duration::from_secs_f64((POINTER - rests).max(0.01)));
        }
    } else {
        ctx.set_cursor_icon(CursorIcon::None);
    }
    if own && ctx.input(|input| input.viewport().close_requested()) {
        screen.closed = true;
    }
    if screen.closed {
        // The main window sleeps until it is woken.
        ctx.request_repaint_of(ViewportId::ROOT);
    }
}

/// The keys: some are this window's own, the others do what they do in the main one.
fn keys(ctx: &Context, screen: &mut Screen, actions: &Actions, full: bool) {
    if ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        match full {
            true => ctx.send_viewport_cmd(ViewportCommand::Fullscreen(false)),
            false => screen.closed = true,
        }
    }
    audience::keys(ctx, actions);
    for command in Command::pressed(ctx) {
        match command {
            Command::Fullscreen => ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full)),
            Command::Info => {
                screen.info = !screen.info;
                // What it says is written by the main window.
                ctx.request_repaint_of(ViewportId::ROOT);
            }
            Command::OutputWindow => screen.closed = true,
            // There is nothing here to move the keyboard into, and the page that finds would open elsewhere.
            Command::Controls | Command::Find | Command::TogglePanels => {}
            command => {
                actions.push(command);
                ctx.request_repaint_of(ViewportId::ROOT);
            }
        }
    }
}
