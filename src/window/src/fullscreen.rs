//! Presentation: the painting alone on the whole screen.

use std::time::Duration;

use egui::{Context, CursorIcon, Event, Key, Modifiers, Ui, ViewportCommand};

use super::{
    ImpastoApp,
    audience::{self, Bar, Press},
    command::Command,
};

/// How long the pointer rests before it disappears, in seconds.
pub const POINTER: f64 = 2.0;

/// The presentation, on or off.
#[derive(Default)]
pub struct Fullscreen {
    pub on: bool,
    /// Names and numbers over the picture.
    pub facts: bool,
    /// When the pointer moved last, on egui's clock, and whether it has since the presentation began.
    moved: f64,
    pointed: bool,
}

/// Whether the pointer did something in this frame.
pub fn pointer_moves(ctx: &Context) -> bool {
    let moves = |event: &Event| {
        matches!(event, Event::PointerMoved(_) | Event::PointerButton { .. } | Event::MouseWheel { .. })
    };
    ctx.input(|input| input.events.iter().any(moves))
}

impl ImpastoApp {
    /// Begin or end the presentation.
    pub(super) fn toggle_fullscreen(&mut self, ctx: &Context) {
        let present = &mut self.view.fullscreen;
        present.on = !present.on;
        (present.moved, present.pointed) = (ctx.input(|input| input.time), false);
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(present.on));
    }

    /// The canvas alone.
    pub(super) fn fullscreen_ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        self.pictures.drop_rects.clear();
        let free = ctx.memory(|memory| memory.top_modal_layer().is_none() && memory.focused().is_none());
        if free && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.actions.push(Command::Fullscreen);
        }
        audience::keys(&ctx, &self.actions);
        self.canvas_ui(ui);
        let overlay = self.overlay(self.view.fullscreen.facts);
        let area = self.view.canvas.area;
        if let Some(area) = area {
            audience::show(&ctx, "full screen", area, &overlay);
        }
        let now = ctx.input(|input| input.time);
        if pointer_moves(&ctx) {
            (self.view.fullscreen.moved, self.view.fullscreen.pointed) = (now, true);
        }
        let rests = now - self.view.fullscreen.moved;
        if rests >= POINTER {
            ctx.set_cursor_icon(CursorIcon::None);
            return;
        }
        ctx.request_repaint_after(Duration::from_secs_f64(POINTER - rests));
        if let Some(area) = area.filter(|_| self.view.fullscreen.pointed) {
            let (info, paused) = (self.view.fullscreen.facts, overlay.is_paused());
            let bar = Bar { salt: "full screen", full: Some(true), info, paused, monitors: &[], close: None };
            match audience::bar(&ctx, area, &bar, &self.actions) {
                Some(Press::Info) => self.actions.push(Command::Info),
                Some(Press::Fullscreen | Press::Close) => self.actions.push(Command::Fullscreen),
                Some(Press::Monitor(_)) | None => {}
            }
        }
    }
}
