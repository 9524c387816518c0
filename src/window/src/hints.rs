//! What a newcomer should know, said once: quiet cards over the picture, gone for good when they are read.

use egui::{Align2, Area, Context, Frame, Id, Order, RichText, Stroke, vec2};

use super::{
    ImpastoApp,
    command::Command,
    theme::{Palette, space},
    widgets,
};

/// What to try, and what comes of it.
const HINTS: [(&str, &str); 3] = [
    ("Drop your own pictures", "on the left half of the picture as content, on the right half as style."),
    ("Drag a fader while it paints", "The painting follows at once. Ctrl-Z takes it back."),
    ("Space pauses and resumes", "F1 lists all keys, ctrl-K finds everything by name."),
];

impl ImpastoApp {
    /// Shows what is not yet known.
    pub(super) fn hints(&mut self, ctx: &Context) {
        let Some(area) = self.view.canvas.area.filter(|_| self.view.layout.hints && self.panels.may_hint)
        else {
            return;
        };
        // Where there is no room beside the picture's middle, the picture matters more.
        let room = area.width() >= 360.0 && area.height() >= 220.0 && self.view.canvas.picture().is_some();
        if !room || self.view.present.on || self.panels.tour.is_some() {
            return;
        }
        let palette = Palette::for_theme(ctx.theme());
        let (read, tour) = Area::new(Id::unique("hints"))
            .order(Order::Middle)
            .pivot(Align2::LEFT_BOTTOM)
            .fixed_pos(area.left_bottom() + vec2(space::L, -space::L))
            .show(ctx, |ui| {
                let frame = Frame::new()
                    .fill(palette.bar)
                    .stroke(Stroke::new(1.0, palette.line))
                    .corner_radius(6)
                    .inner_margin(12);
                frame
                    .show(ui, |ui| {
                        ui.set_width(300.0);
                        for (what, text) in HINTS {
                            ui.label(RichText::new(what).size(13.5).color(palette.text));
                            ui.label(widgets::weak(ui, text));
                            ui.add_space(space::XS);
                        }
                        ui.horizontal(|ui| {
                            let read = ui.button("Got it").on_hover_text("Closes these hints for good");
                            let tour = ui.button("Take the tour").on_hover_text(Command::Tour.hint(ctx));
                            (read.clicked(), tour.clicked())
                        })
                        .inner
                    })
                    .inner
            })
            .inner;
        if read || tour {
            self.view.layout.hints = false;
        }
        if tour {
            self.actions.push(Command::Tour);
        }
    }
}
