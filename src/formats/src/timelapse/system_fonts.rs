//! The system's fonts, for letters that the bundled ones lack: Chinese, Japanese, Korean, Arabic, Hebrew,
//! Thai, emoji.

use std::sync::LazyLock;

use egui_system_font_provider::SystemFontProvider;
use epaint::text::{FallbackRequest, FontFamily, FontInsert, FontProvider};

/// Listing them takes tenths of a second on a machine with many, so it is done once, and only if a letter
/// asks for it.
static LISTED: LazyLock<SystemFontProvider> = LazyLock::new(SystemFontProvider::new);

/// Finds a font of the system for a letter. The first request waits until the system's fonts are listed.
pub struct SystemFonts;

impl SystemFonts {
    /// Wait until the fonts are listed, so that no later request has to.
    pub fn list() {
        let request = FallbackRequest { cluster: "文", family: &FontFamily::Proportional };
        LISTED.font_for(&request);
    }
}

impl FontProvider for SystemFonts {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        LISTED.font_for(request)
    }
}
