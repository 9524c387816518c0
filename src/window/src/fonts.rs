//! Letters that the bundled fonts lack, as in names of files, come from the system's fonts. Those are listed
//! in the background when the first such letter is drawn, which until then is a box.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use egui::{Context, FallbackRequest, FontInsert, FontProvider};

use super::ImpastoApp;
use impasto_formats::timelapse::SystemFonts;

/// Whether a letter was missing, and whether the system's fonts are looked for.
#[derive(Default)]
pub struct MoreFonts {
    missing: Arc<AtomicBool>,
    looked_for: bool,
}

/// Has no font, and notes that one is missing.
struct Note(Arc<AtomicBool>);

impl FontProvider for Note {
    fn font_for(&self, _: &FallbackRequest<'_>) -> Option<FontInsert> {
        self.0.store(true, Ordering::Relaxed);
        None
    }
}

impl MoreFonts {
    pub fn new(ctx: &Context) -> Self {
        let fonts = Self::default();
        ctx.add_font_provider(Arc::new(Note(Arc::clone(&fonts.missing))));
        fonts
    }
}

impl ImpastoApp {
    /// Look for the system's fonts once a letter is missing.
    pub(super) fn follow_fonts(&mut self) {
        if self.fonts.looked_for || !self.fonts.missing.load(Ordering::Relaxed) {
            return;
        }
        self.fonts.looked_for = true;
        self.tasks.spawn("fonts", SystemFonts::list, |_: &mut Self, ctx: &Context, ()| {
            ctx.add_font_provider(Arc::new(SystemFonts));
        });
    }
}
