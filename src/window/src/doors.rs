//! The rail at the left edge: a door with a name to every part of the program, always in the same place.

use egui::{Align2, FontId, Popup, Rect, RectAlign, Response, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

use super::{
    ImpastoApp,
    command::Command,
    icons::Icon,
    page::Page,
    theme::{Palette, RADIUS, space},
    widgets,
};

/// Width of the rail, in points.
pub const WIDTH: f32 = 66.0;
/// Height of a door: never less, nor more.
const DOOR: [f32; 2] = [32.0, 48.0];
/// Height of the line between two groups of doors.
const GAP: f32 = 9.0;
/// Heights of the transport, the row with the mixes and the status line.
const BARS: f32 = 52.0 + super::mixes::HEIGHT + 26.0;
/// All doors, and the lines between them.
const DOORS: f32 = Page::ALL.len() as f32 + 7.0;
const GAPS: f32 = 2.0;

/// A door: what is on it, and whether it is open.
struct Door<'a> {
    icon: Icon,
    text: &'a str,
    /// For screen readers.
    name: &'a str,
    tooltip: &'a str,
    on: bool,
    enabled: bool,
}

impl ImpastoApp {
    pub(super) fn doors_ui(&self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let page = self.view.page;
        // As if all bars were there, so that no door moves when one is put away.
        let room = ctx.content_rect().height() - BARS - GAPS * GAP - space::S;
        let height = (room / DOORS).floor().clamp(DOOR[0], DOOR[1]);
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.add_space(space::XS);
        for &door in Page::ALL {
            self.door(ui, door.command(), page == door, height);
        }
        line(ui);
        let on = page == Page::Painting && self.view.masking.on;
        let tooltip = Command::Masks.hint(&ctx);
        let masks = Door {
            icon: Command::Masks.icon(),
            text: Command::Masks.label(),
            name: Command::Masks.text(),
            tooltip: &tooltip,
            on,
            enabled: true,
        };
        if masks.show(ui, height).clicked() {
            self.actions.push(Command::Masks);
        }
        self.door(ui, Command::Lab, page == Page::Painting && self.view.lab.open, height);
        self.door(ui, Command::Playlist, self.playlist.open, height);
        let tooltip = "The picture alone: on the full screen, or in a second window for another screen";
        let show = Door {
            icon: Icon::Fit,
            text: "Show ▾",
            name: "Show",
            tooltip,
            on: self.view.output_window.open,
            enabled: true,
        };
        let show = show.show(ui, height);
        Popup::menu(&show).align(RectAlign::RIGHT_START).show(|ui| {
            ui.set_min_width(230.0);
            for command in [Command::Fullscreen, Command::OutputWindow, Command::Info] {
                let key = command.key(&ctx).unwrap_or_default();
                let entry = egui::Button::new(command.text()).right_text(widgets::weak(ui, key));
                if ui.add(entry).on_hover_text(command.tooltip()).clicked() {
                    self.actions.push(command);
                }
            }
        });
        line(ui);
        self.door(ui, Command::Timelapse, false, height);
        self.door(ui, Command::Remote, self.remote.open, height);
        self.door(ui, Command::Tour, self.panels.tour.is_some(), height);
    }

    /// The door of a command.
    fn door(&self, ui: &mut Ui, command: Command, on: bool, height: f32) {
        let text = command.label();
        let (tooltip, enabled) = (command.hint(ui.ctx()), self.can(command));
        let door = Door { icon: command.icon(), text, name: text, tooltip: &tooltip, on, enabled };
        if door.show(ui, height).clicked() {
            self.actions.push(command);
        }
    }
}

impl Door<'_> {
    fn show(&self, ui: &mut Ui, height: f32) -> Response {
        let palette = Palette::of(ui);
        let sense = if self.enabled { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), sense);
        let place = rect.shrink2(vec2(3.0, 1.0));
        if self.enabled && (self.on || response.hovered()) {
            let fill = if self.on { palette.button } else { palette.panel };
            ui.painter().rect_filled(place, RADIUS, fill);
        }
        if self.on {
            let mark = Rect::from_min_size(place.min, vec2(3.0, place.height()));
            ui.painter().rect_filled(mark, 1.5, palette.accent);
        }
        if response.has_focus() {
            let stroke = Stroke::new(2.0, palette.accent);
            ui.painter().rect_stroke(place, RADIUS, stroke, egui::StrokeKind::Inside);
        }
        let color = match (self.enabled, self.on || response.hovered()) {
            (false, _) => widgets::faint(ui),
            (true, false) => palette.weak,
            (true, true) => palette.text,
        };
        let middle = rect.center();
        self.icon.paint(ui.painter(), middle - vec2(0.0, 8.0), color);
        let font = FontId::proportional(11.0);
        let below = (rect.height() / 2.0 - 6.0).min(11.0);
        ui.painter().text(middle + vec2(0.0, below), Align2::CENTER_CENTER, self.text, font, color);
        response.widget_info(|| WidgetInfo::selected(Role::Switch, self.enabled, self.on, self.name));
        response.on_hover_text(self.tooltip)
    }
}

/// A line between two groups.
fn line(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), GAP), Sense::hover());
    let x = rect.x_range().shrink(space::M);
    ui.painter().hline(x, rect.center().y, Stroke::new(1.0, Palette::of(ui).line));
}
