//! What the canvas says when there is nothing to show.

use egui::{Rect, RichText, Ui, pos2, vec2};

use super::{
    ImpastoApp,
    command::Command,
    icons::Icon,
    picture_source::Source,
    slot::{SlotAction, Target},
    theme::{Palette, space},
    widgets,
};
use impasto_core::picture::{CONTENTS, STYLES};

impl ImpastoApp {
    /// Nothing to show: say what to do, and offer it.
    pub(super) fn empty_canvas(&mut self, ui: &mut Ui, area: Rect) {
        let palette = Palette::of(ui);
        let content = self.pictures.content.picture.is_some();
        let style = self.pictures.styles.iter().any(|slot| slot.picture.is_some());
        let width = (area.width() - 2.0 * space::XL).min(520.0);
        let top = (area.center().y - 150.0).max(area.min.y + space::L);
        let rect = Rect::from_min_max(
            pos2(area.center().x - width / 2.0, top),
            pos2(area.center().x + width / 2.0, area.max.y),
        );
        let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        ui.vertical_centered(|ui| {
            ui.heading("Two pictures make a painting");
            ui.add_space(space::XS);
            let text = match self.view.without_drops {
                false => "Drop pictures anywhere on this window, paste them, or open them here.",
                true => "Open pictures here, or paste them. To drop them under Wayland: ctrl-K, “XWayland”.",
            };
            ui.label(RichText::new(text).color(palette.weak));
            ui.add_space(space::XL);
        });
        let actions = &self.actions;
        let gallery = &mut self.pictures.gallery;
        ui.columns(2, |columns| {
            for (ui, (target, done, command)) in columns.iter_mut().zip([
                (Target::Content, content, Command::OpenContent),
                (Target::Style, style, Command::OpenStyle),
            ]) {
                let (number, title, text, examples) = match target {
                    Target::Content => ("1", "Content", "Its shapes are kept.", &CONTENTS),
                    _ => ("2", "Style", "Its strokes and colours are taken.", &STYLES),
                };
                egui::Frame::new().fill(palette.panel).corner_radius(6).inner_margin(16).show(ui, |ui| {
                    ui.set_min_width(ui.available_width());
                    ui.horizontal(|ui| {
                        ui.label(RichText::new(number).size(22.0).color(palette.accent));
                        ui.label(RichText::new(title).size(17.0));
                        if done {
                            ui.label(RichText::new("chosen").color(palette.good));
                        }
                    });
                    ui.label(RichText::new(text).color(palette.weak));
                    ui.add_space(space::M);
                    let name = command.text().replace('…', " for the painting");
                    let hint = command.hint(ui.ctx());
                    if widgets::text_button(ui, Icon::Open, "Open…", &name, &hint, true).clicked() {
                        actions.push(command);
                    }
                    ui.add_space(space::S);
                    ui.label(widgets::weak(ui, "or take one of these:"));
                    let side = ((ui.available_width() - 3.0 * space::XS) / 4.0).floor().max(24.0);
                    let tile = vec2(side, (0.75 * side).floor());
                    if let Some(source) = gallery.examples(ui, examples, 4, tile) {
                        actions.push(SlotAction::Open(target, vec![source]));
                    }
                });
            }
        });
        ui.add_space(space::XL);
        ui.vertical_centered(|ui| {
            let tooltip = "Takes the bundled pair of pictures and begins to paint";
            let width = 200.0;
            if widgets::accent_button(ui, Icon::Play, "Try the examples", width, tooltip, true).clicked() {
                for (target, example) in [(Target::Content, &CONTENTS[0]), (Target::Style, &STYLES[0])] {
                    self.actions.push(SlotAction::Open(target, vec![Source::Example(example)]));
                }
            }
        });
    }
}
