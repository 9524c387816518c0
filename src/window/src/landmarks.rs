//! Landmarks: the parts of the window that a screen reader names and F6 goes through, so that the keyboard is
//! at any control in a few presses.

use egui::{Context, Id, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo};

use super::{
    ImpastoApp,
    theme::{Palette, RADIUS},
};

/// The landmarks that are shown, in the order in which F6 goes through them.
#[derive(Default)]
pub struct Landmarks {
    /// Those of this frame so far, and those of the frame before.
    now: Vec<Id>,
    shown: Vec<Id>,
    /// The part that has or had the keyboard's focus.
    last: Option<Id>,
}

impl Landmarks {
    /// The parts of the next frame begin.
    pub fn begin_frame(&mut self) {
        self.shown = std::mem::take(&mut self.now);
    }

    /// A part, called at its beginning: the tab key goes on to its first control.
    pub fn begin(&mut self, ui: &Ui, name: &str) {
        let id = Id::unique(("part of the window", name));
        self.now.push(id);
        let area = ui.available_rect_before_wrap();
        let response = ui.interact(area, id, Sense::focusable_noninteractive());
        response.widget_info(|| WidgetInfo::labeled(Role::Region, true, name));
        if response.has_focus() {
            let stroke = Stroke::new(2.0, Palette::of(ui).accent);
            ui.painter().rect_stroke(area, RADIUS, stroke, StrokeKind::Inside);
        }
        // Whichever of its controls has the focus.
        let inside = ui
            .ctx()
            .memory(|memory| memory.focused())
            .and_then(|focused| ui.ctx().read_response(focused))
            .is_some_and(|focused| area.contains(focused.rect.center()));
        if inside {
            self.last = Some(id);
        }
    }

    /// Move the keyboard's focus to the next part, or to the one before.
    pub fn go(&mut self, ctx: &Context, back: bool) {
        let count = self.shown.len();
        if count == 0 {
            return;
        }
        let at = self.shown.iter().position(|id| Some(*id) == self.last);
        let next = match (at, back) {
            (Some(at), false) => (at + 1) % count,
            (Some(at), true) => (at + count - 1) % count,
            (None, false) => 0,
            (None, true) => count - 1,
        };
        self.last = Some(self.shown[next]);
        ctx.memory_mut(|memory| memory.request_focus(self.shown[next]));
    }
}

impl ImpastoApp {
    /// Move the keyboard's focus to the next part, with shift to the one before. Panels that are put away
    /// come back for it.
    pub(super) fn go_through_landmarks(&mut self, ctx: &Context) {
        let back = ctx.input(|input| input.modifiers.shift);
        if self.view.put_away.is_some() {
            self.toggle_panels();
        }
        self.view.landmarks.go(ctx, back);
    }
}
