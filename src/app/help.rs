//! The help window: every command with its key.

use egui::{Context, Grid, RichText};

use super::{
    ImpastoApp,
    command::Command,
    theme::{Palette, space},
    widgets,
};

/// What the mouse does.
const MOUSE: [(&str, &str); 5] = [
    ("Wheel or pinch on the picture", "zoom around the pointer"),
    ("Drag the picture", "move it"),
    ("Double-click the picture", "fit it into the window"),
    ("Double-click a slider", "back to the objective's usual value"),
    ("Drop files", "on a slot, or on the picture: left content, right style"),
];

impl ImpastoApp {
    pub(super) fn help_window(&mut self, ctx: &Context) {
        if !self.help {
            return;
        }
        let modal = super::theme::modal(ctx, "help").show(ctx, |ui| {
            ui.set_width(560.0);
            let palette = Palette::of(ui);
            ui.heading("Keys");
            ui.add_space(space::S);
            let room = ctx.content_rect().height() - 160.0;
            egui::ScrollArea::vertical().max_height(room).show(ui, |ui| {
                ui.spacing_mut().interact_size.y = 18.0;
                Grid::new("keys").num_columns(2).spacing([space::XL, space::XS]).min_col_width(190.0).show(
                    ui,
                    |ui| {
                        for command in Command::ALL {
                            let Some(shortcut) = command.shortcut() else { continue };
                            ui.monospace(ctx.format_shortcut(&shortcut));
                            ui.label(command.text()).on_hover_text(command.tooltip());
                            ui.end_row();
                        }
                    },
                );
                ui.add_space(space::M);
                ui.heading("Mouse");
                ui.add_space(space::S);
                Grid::new("mouse").num_columns(2).spacing([space::XL, space::XS]).min_col_width(190.0).show(
                    ui,
                    |ui| {
                        for (what, does) in MOUSE {
                            ui.label(what);
                            ui.label(RichText::new(does).color(palette.weak));
                            ui.end_row();
                        }
                    },
                );
            });
            ui.add_space(space::M);
            ui.horizontal(|ui| {
                ui.label(widgets::weak(ui, concat!("Impasto ", env!("CARGO_PKG_VERSION"))));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.button("Close").on_hover_text("Closes the help (Escape)").clicked()
                })
                .inner
            })
            .inner
        });
        if modal.inner || modal.should_close() {
            self.help = false;
        }
    }
}
