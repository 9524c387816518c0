//! Contact sheets: what each of five layers alone holds of the style, and of the content.

use egui::{
    Align2, Color32, FontId, Key, Label, Modifiers, Rect, Response, RichText, Role, ScrollArea, Sense,
    StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::Sheet;
use crate::{
    ImpastoApp,
    command::Command,
    extracts::{Extracts, Stage},
    icons::Icon,
    theme::{Palette, RADIUS, space},
    widgets,
};
use impasto_core::transfer::{LayerVisualization, VisualizationKind};
use impasto_engine::session::RunState;
use impasto_formats::extracts::{self, CONTENT_LAYERS};
use impasto_network::vgg::Layer;

/// Largest width of a picture on a sheet, in points.
const WIDEST: f32 = 192.0;

/// What an extract is called.
pub fn name(visualization: LayerVisualization) -> String {
    match visualization.kind {
        VisualizationKind::Texture => format!("The style through {}", visualization.layer),
        VisualizationKind::Reconstruction => format!("The content through {}", visualization.layer),
    }
}

/// How far an extract is, if it is not made in the size that is wanted. A smaller or a former one may be
/// there.
pub fn progress(extracts: &Extracts, visualization: LayerVisualization) -> Option<String> {
    let (texture, stage) = extracts.of(visualization);
    match stage {
        Stage::Made => None,
        Stage::Waiting if texture.is_some() => Some("preview".to_owned()),
        Stage::Waiting => Some("not made yet".to_owned()),
        Stage::Making(part) => Some(format!("preview; refining, {:.0} %", 100.0 * part)),
        Stage::Failed(text) => Some(format!("could not be made: {text}")),
    }
}

/// Draw what there is of an extract into a rectangle: the picture, or an empty well, and a bar while it is
/// made.
pub fn paint(ui: &Ui, extracts: &Extracts, visualization: LayerVisualization, rect: Rect) {
    let palette = Palette::of(ui);
    let (texture, stage) = extracts.of(visualization);
    ui.painter().rect_filled(rect, 2.0, palette.well);
    if let Some(texture) = texture {
        // Strips show the middle of what is not square.
        let size = texture.size_vec2();
        let shape = size.x / size.y / rect.aspect_ratio();
        let part = vec2(shape.recip().min(1.0), shape.min(1.0));
        let uv = Rect::from_center_size(pos2(0.5, 0.5), part);
        let image = egui::Image::from_texture((texture.id(), rect.size())).uv(uv).corner_radius(2.0);
        image.paint_at(ui, rect);
    } else {
        Icon::Lab.paint(ui.painter(), rect.center(), palette.rail);
    }
    if let Stage::Making(part) = stage {
        let mut bar = Rect::from_min_max(pos2(rect.min.x, rect.max.y - 3.0), rect.max);
        ui.painter().rect_filled(bar, 0.0, palette.bar);
        bar.set_width(rect.width() * part.clamp(0.0, 1.0));
        ui.painter().rect_filled(bar, 0.0, palette.accent);
    }
}

/// A place that shows an extract and is clicked to see it large.
pub fn place(
    ui: &Ui,
    extracts: &Extracts,
    visualization: LayerVisualization,
    rect: Rect,
    response: &Response,
) {
    paint(ui, extracts, visualization, rect);
    let palette = Palette::of(ui);
    if response.has_focus() {
        let stroke = egui::Stroke::new(2.0, palette.accent);
        ui.painter().rect_stroke(rect, RADIUS - 2, stroke, StrokeKind::Outside);
    } else if response.hovered() {
        let stroke = egui::Stroke::new(1.0, palette.text);
        ui.painter().rect_stroke(rect, RADIUS - 2, stroke, StrokeKind::Inside);
    }
    let name = match progress(extracts, visualization) {
        None => name(visualization),
        Some(progress) => format!("{}, {progress}", name(visualization)),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
}

impl ImpastoApp {
    /// A sheet of five layers.
    pub(super) fn sheet_ui(&mut self, ui: &mut Ui, sheet: Sheet) {
        let visualizations = match sheet {
            Sheet::Style => Layer::PAPER_STYLE.map(LayerVisualization::texture),
            Sheet::Content => CONTENT_LAYERS.map(LayerVisualization::reconstruction),
        };
        let text = match sheet {
            Sheet::Style => {
                "Textures grown from noise to match one layer of the style. The content is not used."
            }
            Sheet::Content => {
                "Pictures grown from noise to match one layer of the content. The style is not used."
            }
        };
        ui.add(Label::new(widgets::weak(ui, text)).wrap());
        ui.add_space(space::XS);
        let command = Command::SaveFigure;
        let made =
            visualizations.iter().any(|&visualization| self.extracts.of(visualization).1 == Stage::Made);
        let (text, hint) = ("Save as one figure…", command.tooltip());
        if widgets::text_button(ui, Icon::Save, text, command.text(), hint, made).clicked() {
            self.actions.push(command);
        }
        self.left_ui(ui);
        ui.add_space(space::S);
        ScrollArea::vertical().id_salt(("sheet", sheet == Sheet::Style)).auto_shrink(false).show(ui, |ui| {
            let width = (ui.available_width() * 0.46).min(WIDEST).floor();
            for visualization in visualizations {
                self.sheet_row(ui, visualization, width);
                ui.add_space(space::M);
            }
        });
    }

    fn sheet_row(&mut self, ui: &mut Ui, visualization: LayerVisualization, width: f32) {
        let shape = self.extracts.of(visualization).0.map_or(Vec2::splat(1.0), |texture| texture.size_vec2());
        let size = vec2(width, (width * shape.y / shape.x).min(width * 1.4));
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::M;
            let (rect, response) = ui.allocate_exact_size(size, Sense::click());
            place(ui, &self.extracts, visualization, rect, &response);
            if response.on_hover_text("Shows it large in the painting’s place").clicked() {
                self.view.lab.large =
                    if self.view.lab.large == Some(visualization) { None } else { Some(visualization) };
            }
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = space::XS;
                ui.label(RichText::new(visualization.layer.to_string()).strong());
                if let Some(progress) = progress(&self.extracts, visualization) {
                    ui.add(Label::new(widgets::weak(ui, widgets::sentence(&progress))).wrap());
                }
                ui.add(Label::new(RichText::new(extracts::about(visualization)).size(12.5)).wrap());
            });
        });
    }

    /// What is still to be made and when, with a way not to wait.
    pub(crate) fn left_ui(&mut self, ui: &mut Ui) {
        let left = self.extracts.left();
        if left == 0 {
            return;
        }
        let many = widgets::counted(left, "layer picture");
        let paints = matches!(self.run.state, RunState::Running | RunState::Preparing);
        let text = match (paints, self.extracts.at_once) {
            (true, false) => format!("{many} pending (made while paused)."),
            (true, true) => format!("{many} to make; painting shares its time."),
            (false, _) if self.run.alive() || self.run.state == RunState::Stopped => {
                format!("{many} to make.")
            }
            (false, _) => format!("{many} pending (made once it has painted)."),
        };
        ui.add_space(2.0);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            ui.label(widgets::weak(ui, text));
            if paints && !self.extracts.at_once {
                let command = Command::ExtractNow;
                if ui.small_button("Make now").on_hover_text(command.tooltip()).clicked() {
                    self.actions.push(command);
                }
            }
        });
    }

    /// The extract that is looked at large, in the painting's place; true when there is one.
    pub(crate) fn large_extract(&mut self, ui: &mut Ui, area: Rect) -> bool {
        let Some(visualization) = self.view.lab.large.filter(|_| self.view.lab.open) else {
            self.view.lab.large = None;
            return false;
        };
        let Some(texture) = self.extracts.of(visualization).0 else { return false };
        let palette = Palette::of(ui);
        let response = ui.allocate_rect(area, Sense::click());
        let words = vec2((area.width() - 2.0 * space::L).min(620.0), 76.0);
        let room = vec2(area.width() - 2.0 * space::L, area.height() - words.y - 3.0 * space::L);
        let size = super::fitted(texture.size_vec2(), room.max(Vec2::splat(16.0)));
        let middle = pos2(area.center().x, area.min.y + space::L + room.y / 2.0);
        let rect = Rect::from_center_size(middle, size);
        egui::Image::from_texture((texture.id(), size)).paint_at(ui, rect);
        let edge = Color32::from_black_alpha(if ui.visuals().dark_mode { 120 } else { 50 });
        ui.painter().rect_stroke(rect, 0.0, egui::Stroke::new(1.0, edge), StrokeKind::Outside);
        let title = match progress(&self.extracts, visualization) {
            None => name(visualization),
            Some(progress) => format!("{}, {progress}", name(visualization)),
        };
        let top = pos2(area.center().x, rect.max.y + space::M);
        let font = FontId::proportional(15.0);
        let drawn = ui.painter().text(top, Align2::CENTER_TOP, &title, font, palette.text);
        let about = ui.painter().layout(
            extracts::about(visualization),
            FontId::proportional(13.0),
            palette.weak,
            words.x,
        );
        let left = pos2(area.center().x - about.size().x / 2.0, drawn.max.y + space::XS);
        ui.painter().galley(left, about, palette.weak);
        let label = format!("{title}, large; a click goes back to the painting");
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &label));
        let escape = ui.ctx().memory(|memory| memory.top_modal_layer().is_none())
            && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        if response.on_hover_text("A click or escape goes back to the painting").clicked() || escape {
            self.view.lab.large = None;
        }
        true
    }
}
