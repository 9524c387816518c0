//! The cells of a grid with their axes, as they are painted, and the one that is looked at.

use egui::{
    Align2, Color32, FontId, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};

use super::Board;
use crate::{
    icons::Icon,
    theme::{Palette, RADIUS, space},
    widgets,
};
use impasto_engine::queue::CellProgress;

/// Sides of a cell on the page, in points.
const SMALLEST: f32 = 72.0;
const LARGEST: f32 = 260.0;
const GAP: f32 = 6.0;
/// Height of the columns' values.
const HEAD: f32 = 24.0;
/// Widest column of the rows' values.
const SIDE: f32 = 96.0;

impl Board {
    /// Show the cells in this room; returns the one that was clicked.
    pub fn show(&mut self, ui: &mut Ui, now: Option<CellProgress>) -> Option<usize> {
        let mut clicked = None;
        let mut looked = None;
        let area = ui.available_size();
        let (columns, rows) = (self.columns(), self.cells.len() / self.columns());
        let side = self.side(ui);
        let cell = self.cell_size(area, side, columns, rows);
        let whole =
            vec2(side + columns as f32 * (cell.x + GAP) - GAP, HEAD + rows as f32 * (cell.y + GAP) - GAP);
        ScrollArea::both().auto_shrink(false).show(ui, |ui| {
            let (rect, _) = ui.allocate_exact_size(whole, Sense::hover());
            self.axes(ui, rect, side, cell);
            for index in 0..self.cells.len() {
                let at = vec2(
                    (index % columns) as f32 * (cell.x + GAP),
                    (index / columns) as f32 * (cell.y + GAP),
                );
                let place = Rect::from_min_size(rect.min + vec2(side, HEAD) + at, cell);
                // With the keyboard one comes to cells that are out of view as well.
                let response = ui.interact(place, ui.scope_id().with(("cell", index)), Sense::click());
                if ui.is_rect_visible(place) {
                    self.paint_cell(ui, index, place, now);
                }
                let name = format!("{}: {}", self.cells[index].values.join(", "), self.word(index, now));
                response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
                if response.has_focus() {
                    let stroke = Stroke::new(2.0, Palette::of(ui).accent);
                    ui.painter().rect_stroke(place.expand(1.0), RADIUS, stroke, StrokeKind::Outside);
                }
                if response.gained_focus() {
                    response.scroll_to_me(None);
                }
                if response.has_focus() || response.hovered() {
                    looked = Some((index, response.hovered()));
                }
                if response.clicked() {
                    response.request_focus();
                    clicked = Some(index);
                }
            }
        });
        if let Some((index, _)) = looked {
            self.shown = index;
        }
        clicked
    }

    /// Width of the rows' values.
    fn side(&self, ui: &Ui) -> f32 {
        let Some(y) = &self.y else { return 0.0 };
        let width = |text: &str| {
            let font = FontId::proportional(13.0);
            ui.painter().layout_no_wrap(widgets::shorten(text, 14), font, Color32::WHITE).size().x
        };
        let widest = y.values.iter().map(|value| width(&value.text)).fold(0.0_f32, f32::max);
        (widest + space::M).clamp(30.0, SIDE)
    }

    fn cell_size(&self, area: Vec2, side: f32, columns: usize, rows: usize) -> Vec2 {
        let aspect = self.shape.0 as f32 / self.shape.1.max(1) as f32;
        let across = (area.x - side - space::S) / columns as f32 - GAP;
        // A grid that fits need not be scrolled; one that would get too small is.
        let down = ((area.y - HEAD - space::S) / rows as f32 - GAP) * aspect;
        let width = across.min(down.max(SMALLEST * 1.6)).clamp(SMALLEST, LARGEST * aspect.max(1.0));
        vec2(width, width / aspect).floor()
    }

    fn axes(&self, ui: &Ui, rect: Rect, side: f32, cell: Vec2) {
        let palette = Palette::of(ui);
        let font = FontId::proportional(13.0);
        let most = |width: f32| ((width / 6.5) as usize).max(4);
        for (column, value) in self.x.values.iter().enumerate() {
            let x = rect.min.x + side + column as f32 * (cell.x + GAP) + cell.x / 2.0;
            let text = widgets::shorten(&value.text, most(cell.x));
            let at = pos2(x, rect.min.y + HEAD / 2.0 - 2.0);
            ui.painter().text(at, Align2::CENTER_CENTER, text, font.clone(), palette.text);
        }
        for (row, value) in self.y.iter().flat_map(|y| &y.values).enumerate() {
            let y = rect.min.y + HEAD + row as f32 * (cell.y + GAP) + cell.y / 2.0;
            let text = widgets::shorten(&value.text, 14);
            let at = pos2(rect.min.x + side - space::S, y);
            ui.painter().text(at, Align2::RIGHT_CENTER, text, font.clone(), palette.text);
        }
    }

    fn paint_cell(&self, ui: &Ui, index: usize, rect: Rect, now: Option<CellProgress>) {
        let palette = Palette::of(ui);
        let cell = &self.cells[index];
        ui.painter().rect_filled(rect, RADIUS, palette.panel);
        if let Some(texture) = &cell.texture {
            let size = texture.size_vec2();
            let shown = size * (rect.size() / size).min_elem();
            let place = Rect::from_center_size(rect.center(), shown);
            egui::Image::from_texture((texture.id(), shown)).corner_radius(2).paint_at(ui, place);
        } else if let Some(Err(_)) = &cell.picture {
            Icon::Warning.paint(ui.painter(), rect.center(), palette.bad);
        } else if let Some(share) = self.share(index, now) {
            let bar = Rect::from_center_size(rect.center(), vec2((rect.width() * 0.5).max(30.0), 4.0));
            ui.painter().rect_filled(bar, 2.0, palette.well);
            let filled = Rect::from_min_size(bar.min, vec2(bar.width() * share, bar.height()));
            ui.painter().rect_filled(filled, 2.0, palette.accent);
        } else {
            let text = if self.cancelled { "–" } else { "…" };
            ui.painter().text(
                rect.center(),
                Align2::CENTER_CENTER,
                text,
                FontId::proportional(14.0),
                palette.weak,
            );
        }
        if self.adopted == Some(index) {
            let at = rect.right_top() + vec2(-13.0, 13.0);
            ui.painter().circle_filled(at, 9.0, palette.accent_fill);
            Icon::Check.paint(ui.painter(), at, Color32::WHITE);
        }
        if self.shown == index {
            ui.painter().rect_stroke(rect, RADIUS, Stroke::new(1.5, palette.text), StrokeKind::Outside);
        }
    }

    fn share(&self, index: usize, now: Option<CellProgress>) -> Option<f32> {
        now.filter(|now| now.grid == self.number && now.index == index).map(|now| now.share.clamp(0.0, 1.0))
    }

    fn word(&self, index: usize, now: Option<CellProgress>) -> &'static str {
        match &self.cells[index].picture {
            Some(Ok(_)) if self.adopted == Some(index) => "taken for the painting",
            Some(Ok(_)) => "painted",
            Some(Err(_)) => "failed",
            None if self.share(index, now).is_some() => "being painted",
            None => "not painted",
        }
    }

    /// The cell that is looked at, large, with its values; true when its settings are wanted.
    pub fn preview(&self, ui: &mut Ui) -> bool {
        let palette = Palette::of(ui);
        let Some(cell) = self.cells.get(self.shown) else { return false };
        let width = ui.available_width();
        let aspect = self.shape.0 as f32 / self.shape.1.max(1) as f32;
        let room = vec2(width, (ui.available_height() - 130.0).max(60.0));
        let size = vec2(room.x, room.x / aspect);
        let size = size * (room / size).min_elem().min(1.0);
        let (rect, response) = ui.allocate_exact_size(vec2(width, size.y), Sense::hover());
        let place = Rect::from_center_size(rect.center(), size);
        ui.painter().rect_filled(place, RADIUS, palette.panel);
        if let Some(texture) = &cell.texture {
            let own = texture.size_vec2();
            let shown = own * (size / own).min_elem();
            let place = Rect::from_center_size(place.center(), shown);
            egui::Image::from_texture((texture.id(), shown)).corner_radius(RADIUS).paint_at(ui, place);
        }
        let values = &cell.values;
        let name = format!("The cell that is looked at: {}", values.join(", "));
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
        ui.add_space(space::S);
        for value in values {
            ui.add(egui::Label::new(egui::RichText::new(value).size(15.0)).truncate());
        }
        if let Some(Err(text)) = &cell.picture {
            widgets::row_error(ui, &widgets::sentence(text));
        }
        ui.add_space(space::XS);
        let tooltip = "Gives the painting these settings, between two steps; its size and its steps stay. Undo takes it back. \
                       A click on the cell does the same";
        let text = "Take these settings";
        widgets::text_button(ui, Icon::Check, text, text, tooltip, true).clicked()
    }
}
