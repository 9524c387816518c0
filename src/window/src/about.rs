//! What the program is, and the licences of what it is built from.

use egui::{Context, RichText, ScrollArea};

use super::{
    ImpastoApp,
    theme::{Palette, space},
    widgets,
};
use impasto_assets::THIRD_PARTY;

/// Its name as a dialog.
const NAME: &str = "about";

/// Height of a line of the licences, in points.
const LINE: f32 = 16.0;

impl ImpastoApp {
    pub(super) fn toggle_about(&mut self) {
        self.panels.toggle(NAME);
    }

    pub(super) fn about_window(&mut self, ctx: &Context) {
        if !self.panels.is_open(NAME) {
            return;
        }
        let modal = super::theme::modal(ctx, NAME).show(ctx, |ui| {
            let room = ctx.content_rect().size();
            ui.set_width((room.x - 120.0).min(720.0));
            ui.heading(concat!("Impasto ", env!("CARGO_PKG_VERSION")));
            ui.label(
                "Live neural style transfer. MIT or Apache-2.0, at your choice. The network is the original Oxford VGG-19 \
                 (Simonyan & Zisserman, CC BY 4.0), quantised to 8 bits per weight.",
            );
            ui.add_space(space::M);
            ui.label(widgets::weak(ui, "What it is built from"));
            let lines: Vec<&str> = THIRD_PARTY.lines().collect();
            let color = Palette::of(ui).text;
            let height = (room.y - 260.0).max(120.0);
            ScrollArea::both().max_height(height).auto_shrink([false, true]).show_rows(ui, LINE, lines.len(), |ui, rows| {
                for line in &lines[rows] {
                    ui.add(egui::Label::new(RichText::new(*line).monospace().size(12.0).color(color)).extend());
                }
            });
            ui.add_space(space::M);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.button("Close").on_hover_text("Back to the painting (Escape)").clicked()
            })
            .inner
        });
        if modal.inner || modal.should_close() {
            self.panels.close(NAME);
        }
    }
}
