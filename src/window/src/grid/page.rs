//! The grid's page: the form, how far it is, the cells and the one that is looked at.

use egui::{Context, Frame, Label, Margin, Rect, Sense, Ui, vec2};

use super::Board;
use crate::{
    ImpastoApp,
    action::Act,
    icons::Icon,
    page::card,
    row_end,
    theme::{Palette, space},
    widgets,
};

/// From this width on, the cell that is looked at stands beside the cells, in points.
const BESIDE: f32 = 560.0;
/// Grids to begin with: what they are called, what they ask, and their axes.
const EXAMPLES: [(&str, &str, &str, &str); 3] = [
    ("How much style?", "Style β across, the size of the strokes down", "style-weight", "style-scale"),
    ("What does each layer do?", "Every style layer alone", "layer", ""),
    ("Which look?", "Presets across, the statistic down", "preset", "statistic"),
];

/// What can be done with a grid.
pub enum GridAction {
    /// Paints it as the form says.
    Paint,
    Save,
    Cancel,
    /// Takes the settings of the cell at a place.
    Adopt(usize),
}

impl Act for GridAction {
    fn apply(self, app: &mut ImpastoApp, ctx: &Context) {
        app.apply_to_grid(ctx, self);
    }
}

impl ImpastoApp {
    pub(crate) fn apply_to_grid(&mut self, ctx: &Context, action: GridAction) {
        match action {
            GridAction::Paint => self.paint_grid(ctx),
            GridAction::Save => self.ask_to_save_grid(),
            GridAction::Cancel => self.cancel_grid(),
            GridAction::Adopt(index) => self.adopt_cell(index),
        }
    }

    pub(crate) fn grid_page(&mut self, ui: &mut Ui) {
        self.grid_form(ui);
        ui.add_space(space::S);
        match self.grid.sheet.take() {
            None => self.empty_grid(ui),
            Some(mut board) => {
                self.grid_head(ui, &board);
                ui.add_space(space::S);
                if let Some(index) = self.grid_body(ui, &mut board) {
                    self.actions.push(GridAction::Adopt(index));
                }
                self.grid.sheet = Some(board);
            }
        }
    }

    fn grid_form(&mut self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        let frame = Frame::new().fill(palette.panel).corner_radius(6).inner_margin(Margin::symmetric(12, 8));
        frame.show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            let settings = &self.settings;
            self.grid.form.axes(ui, settings);
            ui.horizontal(|ui| {
                // The button's height.
                ui.set_min_height(32.0);
                let able = self.grid.form.plan().is_some() && self.inputs().is_some();
                row_end::before(ui, "grid's form", |ui| self.grid.form.cell_row(ui));
                row_end::show(ui, "grid's form", |ui| {
                    let tooltip = "Paints a small picture for every pair of values, in the background, with the current pictures and settings";
                    let able = able || !self.grid.form.is_fresh() && self.grid.form.count().is_some();
                    if widgets::accent_button(ui, Icon::Grid, "Paint the grid", 142.0, tooltip, able).clicked() {
                        self.actions.push(GridAction::Paint);
                    }
                });
            });
        });
    }

    /// How far the grid is, and what can be done with it.
    fn grid_head(&self, ui: &mut Ui, board: &Board) {
        let palette = Palette::of(ui);
        let (painted, all) = (board.painted(), board.cells.len());
        ui.horizontal(|ui| {
            row_end::before(ui, "grid", |ui| {
                if board.open > 0 {
                    let (bar, _) = ui.allocate_exact_size(vec2(90.0, 5.0), Sense::hover());
                    ui.painter().rect_filled(bar, 2.5, palette.button);
                    let share = (all - board.open) as f32 / all.max(1) as f32;
                    let filled = Rect::from_min_size(bar.min, vec2(bar.width() * share, bar.height()));
                    ui.painter().rect_filled(filled, 2.5, palette.accent);
                }
                ui.add(Label::new(widgets::weak(ui, self.grid_text(board))).truncate());
            });
            row_end::show(ui, "grid", |ui| {
                if board.open > 0 {
                    let tooltip = "Paints no further cell; what is painted stays";
                    if widgets::text_button(ui, Icon::Stop, "Cancel", "Cancel the grid", tooltip, true)
                        .clicked()
                    {
                        self.actions.push(GridAction::Cancel);
                    }
                }
                let tooltip = "Saves the grid with its axes and a legend as one picture";
                let name = "Save the grid as one picture…";
                if widgets::text_button(ui, Icon::Save, "Save…", name, tooltip, painted > 0).clicked() {
                    self.actions.push(GridAction::Save);
                }
            });
        });
    }

    fn grid_text(&self, board: &Board) -> String {
        let (painted, all) = (board.painted(), board.cells.len());
        let failed = board.cells.iter().filter(|cell| matches!(cell.picture, Some(Err(_)))).count();
        let mut text = format!("{painted} of {all}");
        if failed > 0 {
            text += &format!(", {failed} failed");
        }
        if board.open > 0 {
            if let Some(seconds) = board.seconds_left() {
                text += &format!(", about {} left", widgets::clock(seconds));
            }
            if self.run.playing && self.live_on_cpu() {
                text += "; quicker while the painting is paused (space)";
            }
        } else if board.cancelled && painted + failed < all {
            text += ", cancelled";
        } else {
            text += " · a click takes a cell's settings";
        }
        text
    }

    /// The cells and the one that is looked at; returns the one whose settings are wanted.
    fn grid_body(&mut self, ui: &mut Ui, board: &mut Board) -> Option<usize> {
        let now = self.queue.desk.cell();
        let area = ui.available_rect_before_wrap();
        if area.width() < BESIDE {
            return board.show(ui, now);
        }
        let width = (area.width() * 0.34).clamp(190.0, 420.0);
        let right = Rect::from_min_max(egui::pos2(area.max.x - width, area.min.y), area.max);
        let left = Rect::from_min_max(area.min, egui::pos2(right.min.x - space::L, area.max.y));
        let mut ui_left = ui.new_child(egui::UiBuilder::new().max_rect(left).id_salt("cells"));
        let clicked = board.show(&mut ui_left, now);
        let mut ui_right = ui.new_child(egui::UiBuilder::new().max_rect(right).id_salt("preview"));
        let wanted = board.preview(&mut ui_right);
        clicked.or(wanted.then_some(board.shown))
    }

    /// No grid yet: says what one is for.
    fn empty_grid(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let mut wanted = None;
        card(ui, "Compare settings side by side", |ui| {
            ui.label(
                "A grid paints your picture small, many times, with one setting varied from left to right and another from top \
                 to bottom. A click on the one you like gives the painting its settings.",
            );
            ui.add_space(space::M);
            for (title, text, x, y) in EXAMPLES {
                ui.horizontal(|ui| {
                    ui.allocate_ui(vec2(204.0, 26.0), |ui| {
                        ui.set_min_width(204.0);
                        if widgets::text_button(ui, Icon::Grid, title, title, text, true).clicked() {
                            wanted = Some((x, y));
                        }
                    });
                    ui.add(Label::new(widgets::weak(ui, text)).truncate());
                });
                ui.add_space(space::XS);
            }
        });
        if let Some((x, y)) = wanted {
            self.grid.form.set(x, y, &self.settings);
            ctx.request_repaint();
        }
    }
}
