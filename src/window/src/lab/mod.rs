//! The layer lab: what one layer sees in the pictures, how far its Gram matrix is from the style's, and where
//! in the picture it pulls.

mod images;
pub mod sheet;
mod words;

use egui::{
    Color32, Context, Frame, Margin, Panel, Rect, Role, ScrollArea, Sense, TextureHandle, TextureOptions, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};

use super::{
    ImpastoApp,
    action::Act,
    icons::Icon,
    page::Page,
    theme::{Palette, space},
    widgets,
};
use impasto_core::transfer::{Heat, LayerVisualization, VisualizationKind};
use impasto_engine::session::{Command as Order, RunId, Study};
use impasto_network::vgg::Layer;

/// Below this width the pictures' panel makes room for the lab, in points.
pub const NARROW: f32 = 1250.0;

/// What the lab shows.
pub struct Lab {
    pub open: bool,
    pub layer: Layer,
    /// What the worker was asked to analyse.
    told: Option<(RunId, Layer)>,
    seen: Option<Seen>,
    by_strength: bool,
    /// Heat over the painting.
    pub heat: bool,
    /// The contact sheet that is shown instead of one layer.
    pub sheet: Option<Sheet>,
    /// The extract that is shown large in the painting's place.
    pub large: Option<LayerVisualization>,
}

/// A contact sheet of what the layers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    Style,
    Content,
}

impl Default for Lab {
    fn default() -> Self {
        let layer = Layer::ALL.into_iter().find(|layer| layer.block() == 3).unwrap_or(Layer::ALL[0]);
        Self {
            open: false,
            layer,
            told: None,
            seen: None,
            by_strength: true,
            heat: false,
            sheet: None,
            large: None,
        }
    }
}

/// A study with its pictures.
struct Seen {
    study: Study,
    order: Vec<usize>,
    ordered: bool,
    side: usize,
    /// The painting's, the target's, their difference.
    matrices: [TextureHandle; 3],
    /// Of each channel: content, style, painting.
    maps: Vec<[TextureHandle; 3]>,
    heat: TextureHandle,
}

impl Seen {
    fn new(ui: &Ui, study: Study, by_strength: bool) -> Self {
        let load = |name: &str, image, options| ui.ctx().load_texture(name, image, options);
        let layer = &study.study;
        let order = if by_strength { layer.by_strength() } else { (0..layer.channels).collect() };
        let drawn = images::matrices(layer, &order);
        let side = drawn.side;
        let matrices = [drawn.picture, drawn.target, drawn.difference]
            .map(|image| load("matrix", image, TextureOptions::NEAREST));
        let maps = layer.maps.iter().map(|map| {
            [&map.content, &map.style, &map.picture]
                .map(|map| load("map", images::gray(map), TextureOptions::LINEAR))
        });
        let maps = maps.collect();
        let heat = load("heat", images::heat(&layer.heat.map), TextureOptions::LINEAR);
        Self { order, ordered: by_strength, side, matrices, maps, heat, study }
    }
}

impl Act for LayerVisualization {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        app.show_extract(self);
    }
}

impl ImpastoApp {
    pub(super) fn toggle_lab(&mut self) {
        self.view.page = Page::Painting;
        self.view.lab.open = !self.view.lab.open;
    }

    /// Show large what a layer holds, in the painting's place.
    pub(super) fn show_extract(&mut self, visualization: LayerVisualization) {
        self.view.lab.sheet = Some(match visualization.kind {
            VisualizationKind::Texture => Sheet::Style,
            VisualizationKind::Reconstruction => Sheet::Content,
        });
        self.view.page = Page::Painting;
        self.view.lab.open = true;
        self.view.lab.large = Some(visualization);
    }

    /// Ask the worker to analyse the shown layer, and take its result.
    pub(super) fn follow_lab(&mut self, ui: &Ui) {
        let looks = self.view.lab.open && self.view.lab.sheet.is_none();
        let wanted = (looks && self.run.alive()).then_some((self.run.id, self.view.lab.layer));
        if wanted != self.view.lab.told && self.order(Order::Study(wanted.map(|(_, layer)| layer))) {
            self.view.lab.told = wanted;
        }
        let Some(session) = &self.worker.session else { return };
        let study = session.take_study().filter(|study| {
            self.view.lab.open && study.run == self.run.id && study.study.layer == self.view.lab.layer
        });
        if let Some(study) = study {
            self.view.lab.seen = Some(Seen::new(ui, study, self.view.lab.by_strength));
        } else if let Some(seen) =
            self.view.lab.seen.take_if(|seen| seen.ordered != self.view.lab.by_strength)
        {
            self.view.lab.seen = Some(Seen::new(ui, seen.study, self.view.lab.by_strength));
        }
        if !self.view.lab.open {
            self.view.lab.seen = None;
        }
    }

    /// The lab's panel, right of the painting.
    pub(super) fn lab_panel(&mut self, ui: &mut Ui) {
        self.follow_lab(ui);
        if !self.view.lab.open {
            return;
        }
        let palette = Palette::of(ui);
        let frame =
            Frame::new().fill(palette.panel).inner_margin(Margin { left: 12, right: 12, top: 4, bottom: 4 });
        let most = (ui.available_width() - 180.0).max(260.0);
        Panel::right("lab").frame(frame).resizable(true).default_size(400.0).size_range(260.0..=most).show(
            ui,
            |ui| {
                self.lab_tabs(ui);
                match self.view.lab.sheet {
                    None => {
                        self.lab_head(ui);
                        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.lab_body(ui));
                    }
                    Some(sheet) => self.sheet_ui(ui, sheet),
                }
            },
        );
    }

    /// What the lab shows, and the way out.
    fn lab_tabs(&mut self, ui: &mut Ui) {
        widgets::section(ui, "Layer lab");
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            for (sheet, text, tooltip) in [
                (None, "One layer", "What one layer sees in the painting, step by step"),
                (Some(Sheet::Style), "The style", "What each of five layers alone holds of the style"),
                (Some(Sheet::Content), "The content", "What each of five layers alone holds of the content"),
            ] {
                if widgets::tab(ui, text, tooltip, self.view.lab.sheet == sheet).clicked() {
                    self.view.lab.sheet = sheet;
                    self.view.lab.large = None;
                }
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let tooltip = "Closes the layer lab (L)";
                if widgets::icon_button(ui, Icon::Close, "Close the layer lab", tooltip, true).clicked() {
                    self.view.lab.open = false;
                }
            });
        });
        ui.add_space(space::XS);
    }

    fn lab_head(&mut self, ui: &mut Ui) {
        let at = self.view.lab.layer.index();
        ui.horizontal(|ui| {
            let back = Layer::ALL.get(at.wrapping_sub(1)).copied();
            let on = Layer::ALL.get(at + 1).copied();
            let tooltip = "The layer before: smaller strokes";
            if widgets::icon_button(ui, Icon::Up, "Look into the layer before", tooltip, back.is_some())
                .clicked()
                && let Some(layer) = back
            {
                self.view.lab.layer = layer;
            }
            let tooltip = "The layer behind: larger forms";
            if widgets::icon_button(ui, Icon::Down, "Look into the layer behind", tooltip, on.is_some())
                .clicked()
                && let Some(layer) = on
            {
                self.view.lab.layer = layer;
            }
            let combo = egui::ComboBox::from_id_salt("lab layer")
                .selected_text(self.view.lab.layer.to_string())
                .width(110.0)
                .show_ui(ui, |ui| {
                    for layer in Layer::ALL {
                        ui.selectable_value(&mut self.view.lab.layer, layer, layer.to_string());
                    }
                });
            let name = format!("Layer of the lab: {}", self.view.lab.layer);
            combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, &name));
            combo.response.on_hover_text("The layer that is looked into");
        });
        ui.add_space(space::XS);
    }

    fn lab_body(&mut self, ui: &mut Ui) {
        let layer = self.view.lab.layer;
        ui.label(words::about(layer));
        ui.add_space(space::S);
        let name = "Show on the painting where this layer pulls";
        let tooltip = "Lays the length of the gradient of this layer's style term over the painting: bright where its style \
                       is furthest from its aim";
        ui.horizontal(|ui| {
            widgets::checkbox(ui, name, tooltip, &mut self.view.lab.heat);
            ui.label("Heat on the painting");
        });
        if let Some(seen) =
            self.view.lab.seen.as_ref().filter(|seen| self.view.lab.heat && seen.study.study.layer == layer)
        {
            heat_scale(ui, &seen.study.study.heat);
        }
        let Some(seen) = self.view.lab.seen.as_ref().filter(|seen| seen.study.study.layer == layer) else {
            ui.add_space(space::M);
            let text = match self.run.alive() {
                true => "Looking…",
                false => "Play, and what this layer sees appears here.",
            };
            ui.label(widgets::weak(ui, text));
            return;
        };
        let study = &seen.study.study;
        widgets::section(ui, "Gram matrix");
        let channels = study.channels;
        let part = widgets::number((study.distance() * 1000.0).round() / 10.0);
        ui.label(format!(
            "{channels} × {channels} channels, {part} % from the style's at step {}",
            seen.study.step
        ));
        ui.add_space(space::XS);
        let gap = space::S;
        let width = ((ui.available_width() - 2.0 * gap) / 3.0).floor();
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            let names = ["Painting", "Style", "Difference"];
            for (index, (texture, name)) in seen.matrices.iter().zip(names).enumerate() {
                ui.vertical(|ui| {
                    ui.set_width(width);
                    matrix(ui, seen, index, texture, name, width);
                    ui.label(widgets::weak(ui, name));
                });
            }
        });
        ui.horizontal(|ui| {
            let tooltip = "Puts the channels in which the style is strongest first, in all three matrices";
            widgets::checkbox(ui, "Strongest channels first", tooltip, &mut self.view.lab.by_strength);
            ui.label("Strongest channels first");
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            for (colour, text) in [
                (Color32::from_rgb(70, 150, 250), "blue: the painting has too little"),
                (Color32::from_rgb(250, 150, 50), "orange: too much"),
            ] {
                let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
                ui.painter().rect_filled(rect, 2.0, colour);
                ui.label(widgets::weak(ui, text));
                ui.add_space(space::S);
            }
        });
        ui.label(widgets::weak(ui, words::GRAM));
        widgets::section(ui, "Feature maps");
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for name in ["Content", "Style", "Painting"] {
                ui.allocate_ui(vec2(width, 18.0), |ui| {
                    ui.set_width(width);
                    ui.label(widgets::weak(ui, name));
                });
            }
        });
        for (map, textures) in study.maps.iter().zip(&seen.maps) {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = gap;
                for (texture, name) in textures.iter().zip(["content", "style", "painting"]) {
                    let size = fitted(texture.size_vec2(), vec2(width, width * 0.75));
                    let (rect, response) = ui.allocate_exact_size(vec2(width, size.y), Sense::hover());
                    let place = Rect::from_min_size(rect.min, size);
                    egui::Image::from_texture((texture.id(), size)).paint_at(ui, place);
                    let text = format!("Channel {} of {layer} on the {name}", map.channel);
                    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &text));
                    response.on_hover_text(text);
                }
            });
            ui.add_space(space::XS);
        }
        ui.label(widgets::weak(ui, words::MAPS));
        ui.add_space(space::M);
    }

    /// Lay the heat over the painting.
    pub(super) fn heat_over(&self, ui: &Ui, painting: Rect, area: Rect) {
        let Some(seen) = self
            .view
            .lab
            .seen
            .as_ref()
            .filter(|_| self.view.lab.open && self.view.lab.heat && self.view.lab.sheet.is_none())
        else {
            return;
        };
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter().with_clip_rect(area).image(seen.heat.id(), painting, uv, Color32::WHITE);
    }
}

/// What the colours of the heat mean.
fn heat_scale(ui: &mut Ui, heat: &Heat) {
    let times = |value: f32| format!("{} ×", widgets::number((f64::from(value) * 10.0).round() / 10.0));
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        ui.label(widgets::weak(ui, times(heat.low)));
        let (rect, _) = ui.allocate_exact_size(vec2(110.0, 10.0), Sense::hover());
        let steps = 22;
        for step in 0..steps {
            let mut part = rect;
            part.set_width(rect.width() / steps as f32);
            let part = part.translate(vec2(step as f32 * part.width(), 0.0));
            let colour = images::heat_colour((step as f32 + 0.5) / steps as f32);
            ui.painter().rect_filled(part, 0.0, colour);
        }
        ui.painter().rect_stroke(
            rect,
            0.0,
            egui::Stroke::new(1.0, Palette::of(ui).line),
            egui::StrokeKind::Outside,
        );
        ui.label(widgets::weak(ui, format!("{} the median pull", times(heat.high))));
    });
    let text = if heat.high <= 2.0 {
        "The pull is even: no region stands out by more than 2×."
    } else {
        "Clear where the layer pulls least, brightest where it pulls most; the numbers say how much that is against the middle."
    };
    ui.add(egui::Label::new(widgets::weak(ui, text)).wrap());
}

/// One of the three matrices, with the pair under the pointer in words.
fn matrix(ui: &mut Ui, seen: &Seen, index: usize, texture: &TextureHandle, name: &str, width: f32) {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(width), Sense::hover());
    egui::Image::from_texture((texture.id(), rect.size())).paint_at(ui, rect);
    let study = &seen.study.study;
    let text = format!("Gram matrix of {}: {}", study.layer, name.to_lowercase());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &text));
    let Some(pointer) = response.hover_pos() else { return };
    let cell = (pointer - rect.min) / rect.size() * seen.side as f32;
    let block = study.channels / seen.side;
    let pick = |at: f32| seen.order[((at.max(0.0) as usize) * block).min(study.channels - 1)];
    let (a, b) = (pick(cell.y), pick(cell.x));
    let at = a * study.channels + b;
    let (found, target) = (study.gram[at], study.target[at]);
    let value = match index {
        0 => found,
        1 => target,
        _ => found - target,
    };
    let value = widgets::number(f64::from((value * 1000.0).round() / 1000.0));
    let found = widgets::number(f64::from((found * 1000.0).round() / 1000.0));
    let target = widgets::number(f64::from((target * 1000.0).round() / 1000.0));
    response.on_hover_text_at_pointer(format!(
        "Channels {a} and {b}: {value}\n(painting {found}, style {target})"
    ));
}

/// The largest size of this shape in that room.
fn fitted(size: Vec2, room: Vec2) -> Vec2 {
    size * (room / size).min_elem()
}
