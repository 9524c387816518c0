//! What gives way in a small window: of the panels at the sides one is shown at a time, the lower one is a
//! strip.

use egui::Context;

use super::{ImpastoApp, page::Page};

/// Below this width one side panel is shown at a time, in points.
const NARROW: f32 = 1200.0;
/// Below this height the lower panel is a strip.
const LOW: f32 = 760.0;

/// A panel beside the painting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// The pictures.
    Left,
    /// The settings.
    #[default]
    Right,
}

pub fn is_narrow(ctx: &Context) -> bool {
    ctx.content_rect().width() < NARROW
}

pub fn is_low(ctx: &Context) -> bool {
    ctx.content_rect().height() < LOW
}

impl ImpastoApp {
    fn wants_side(&mut self, side: Side) -> &mut bool {
        match side {
            Side::Left => &mut self.view.layout.show_left,
            Side::Right => &mut self.view.layout.show_right,
        }
    }

    /// Whether a panel is shown.
    pub(super) fn shows_side(&mut self, ctx: &Context, side: Side) -> bool {
        let lab = self.view.lab.open && self.view.page == Page::Painting;
        let room = !is_narrow(ctx) || (self.view.side == side && !lab);
        room && *self.wants_side(side)
    }

    /// Show a panel; in a narrow window in the place of another.
    pub(super) fn open_side(&mut self, ctx: &Context, side: Side) {
        *self.wants_side(side) = true;
        self.view.side = side;
        if is_narrow(ctx) {
            self.view.lab.open = false;
        }
    }

    /// Show or hide a panel.
    pub(super) fn toggle_side(&mut self, ctx: &Context, side: Side) {
        if self.shows_side(ctx, side) {
            *self.wants_side(side) = false;
        } else {
            self.open_side(ctx, side);
        }
    }

    /// Follow a drag of a panel's edge.
    pub(super) fn follow_side(&mut self, ctx: &Context, side: Side, was: bool, shown: bool) {
        if was != shown {
            self.toggle_side(ctx, side);
        }
    }
}
