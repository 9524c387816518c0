//! The help window: every command with its key.

use egui::{Align, Context, Layout, RichText, Ui};

use super::{
    ImpastoApp,
    command::Command,
    theme::{Palette, space},
    widgets,
};

/// What the mouse does, and the one key that is held.
const MOUSE: [(&str, &str); 8] = [
    ("Hold C", "Look at the content"),
    ("Wheel, pinch", "Zoom around the pointer"),
    ("Drag picture", "Move it"),
    ("Double-click", "Fit it; slider: usual value"),
    ("Right-click", "A fader, a pin: what there is more"),
    ("Ctrl+1 … 8", "Take the mix A … H"),
    ("Delete", "The fader with the focus: usual value"),
    ("Drop files", "Left content, right style"),
];

/// Columns of the list, and the height of a line in points.
const COLUMNS: usize = 3;
const LINE: f32 = 21.0;
/// Width of the column of keys.
const KEY: f32 = 124.0;

impl ImpastoApp {
    pub(super) fn help_window(&mut self, ctx: &Context) {
        if !self.help {
            return;
        }
        let mut tour = false;
        let modal = super::theme::modal(ctx, "help").show(ctx, |ui| {
            let width = (ctx.content_rect().width() - 84.0).min(960.0);
            ui.set_width(width);
            ui.heading("Keys");
            ui.add_space(space::S);
            let room = ctx.content_rect().height() - 150.0;
            egui::ScrollArea::vertical().max_height(room).show(ui, |ui| lists(ui, width));
            ui.add_space(space::M);
            ui.horizontal(|ui| {
                ui.label(widgets::weak(ui, concat!("Impasto ", env!("CARGO_PKG_VERSION"))));
                tour = ui.button("Guided tour").on_hover_text(Command::Tour.hint(ctx)).clicked();
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let close = ui.button("Close").on_hover_text("Closes the help (Escape)").clicked();
                    let guide = ui.button("Read the guide").on_hover_text(Command::Guide.tooltip());
                    if guide.clicked() {
                        self.guide = true;
                    }
                    close || guide.clicked()
                })
                .inner
            })
            .inner
        });
        if modal.inner || modal.should_close() {
            self.help = false;
        }
        if tour {
            self.run_command(ctx, Command::Tour);
        }
    }
}

/// All keys, then the mouse, in columns of equal length.
fn lists(ui: &mut Ui, width: f32) {
    let palette = Palette::of(ui);
    let ctx = ui.ctx().clone();
    let keys = Command::ALL.into_iter().filter_map(|command| {
        let shortcut = command.shortcut()?;
        Some((ctx.format_shortcut(&shortcut), command.text(), command.tooltip()))
    });
    let mouse = MOUSE.into_iter().map(|(what, does)| (what.to_owned(), does, does));
    let lines: Vec<_> = keys.chain(mouse).collect();
    let length = lines.len().div_ceil(COLUMNS);
    let column = (width - (COLUMNS - 1) as f32 * space::L) / COLUMNS as f32;
    ui.spacing_mut().interact_size.y = LINE;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::L;
        for lines in lines.chunks(length) {
            let size = egui::vec2(column, length as f32 * LINE);
            ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.set_min_width(column);
                ui.set_max_width(column);
                for (key, text, tooltip) in lines {
                    ui.horizontal(|ui| {
                        ui.set_height(LINE);
                        ui.spacing_mut().item_spacing.x = 0.0;
                        ui.allocate_ui_with_layout(
                            egui::vec2(KEY, LINE),
                            Layout::left_to_right(Align::Center),
                            |ui| {
                                ui.set_min_width(KEY);
                                ui.label(RichText::new(key).monospace().color(palette.text));
                            },
                        );
                        let text = RichText::new(*text).size(13.0).color(palette.weak);
                        ui.add(egui::Label::new(text).truncate()).on_hover_text(*tooltip);
                    });
                }
            });
        }
    });
}
