//! Which page takes the painting's place.

use egui::Context;

use crate::{ImpastoApp, action::Act};

/// What the middle of the window shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    #[default]
    Painting,
    Queue,
    Grid,
}

/// Below this width the pictures' panel makes room for a page, in points.
pub const NARROW: f32 = 1150.0;

impl Act for Page {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.view.page = self;
    }
}
