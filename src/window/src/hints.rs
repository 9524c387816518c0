//! What a newcomer should know, said once: a strip below the painting, gone for good when it is read.

use egui::{Frame, Label, Margin, Panel, RichText, Ui, vec2};

use super::{
    ImpastoApp,
    command::Command,
    theme::{Palette, space},
    widgets,
};

/// What to try, and what comes of it.
const HINTS: [(&str, &str); 2] = [
    ("Drag a fader while it paints", "The painting follows at once. Ctrl-Z takes it back."),
    ("Space pauses and resumes", "F1 lists all keys, ctrl-K finds everything by name."),
];
const DROP: (&str, &str) =
    ("Drop your own pictures", "on the left half of the picture as content, on the right half as style.");
const WITHOUT_DROPS: (&str, &str) =
    ("Open your own pictures", "on the left, or paste them. To drop them under Wayland: ctrl-K, “XWayland”.");
/// Height of the strip with the sentences and without them, in points.
const TALL: f32 = 66.0;
const LOW: f32 = 34.0;
/// Width of the buttons.
const BUTTONS: f32 = 190.0;
/// From this width on there is room for the sentences.
const SENTENCES_FROM: f32 = 640.0;

impl ImpastoApp {
    /// Show the hints until they are closed.
    pub(super) fn hints_ui(&mut self, ui: &mut Ui) {
        let room = ui.available_size();
        let wanted = self.view.layout.hints && self.panels.may_hint && self.panels.tour.is_none();
        if !wanted || room.x < 360.0 || room.y < 220.0 || self.view.canvas.picture().is_none() {
            return;
        }
        let palette = Palette::of(ui);
        let first = if self.view.without_drops { WITHOUT_DROPS } else { DROP };
        let hints = [first, HINTS[0], HINTS[1]];
        let sentences = room.x >= SENTENCES_FROM && room.y >= 320.0;
        let frame = Frame::new().fill(palette.bar).inner_margin(Margin::symmetric(12, 0));
        let height = if sentences { TALL } else { LOW };
        let (read, tour) = Panel::bottom("hints")
            .frame(frame)
            .exact_size(height)
            .show(ui, |ui| {
                ui.horizontal_centered(|ui| {
                    if sentences {
                        sentences_ui(ui, &hints);
                    } else {
                        let width = ui.available_width() - BUTTONS;
                        let text: Vec<&str> = hints.iter().map(|(what, _)| *what).collect();
                        ui.allocate_ui(vec2(width, LOW), |ui| {
                            ui.set_width(width);
                            ui.add(Label::new(widgets::weak(ui, text.join(" · "))).truncate());
                        });
                    }
                    let read = ui.button("Got it").on_hover_text("Closes these hints for good");
                    let tour = ui.button("Take the tour").on_hover_text(Command::Tour.hint(ui.ctx()));
                    (read.clicked(), tour.clicked())
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

/// The hints side by side.
fn sentences_ui(ui: &mut Ui, hints: &[(&str, &str)]) {
    let width = (ui.available_width() - BUTTONS) / hints.len() as f32 - space::M;
    ui.spacing_mut().item_spacing = vec2(space::M, 1.0);
    for &(what, text) in hints {
        ui.allocate_ui(vec2(width, TALL), |ui| {
            ui.vertical(|ui| {
                ui.set_width(width);
                let color = Palette::of(ui).text;
                ui.add(Label::new(RichText::new(what).size(13.0).color(color)).truncate());
                ui.add(Label::new(widgets::weak(ui, text)).wrap());
            });
        });
    }
    ui.spacing_mut().item_spacing.x = space::S;
}
