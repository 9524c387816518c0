//! The picture in the middle: zoom, pan, and what the canvas says when there is nothing to show.

use std::sync::Arc;

use egui::{
    Color32, ColorImage, Context, CursorIcon, FontId, Pos2, Rect, RichText, Role, Sense, Stroke, StrokeKind,
    TextureFilter, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use image::RgbImage;

use super::{
    ImpastoApp,
    command::Command,
    icons::Icon,
    pictures::{Source, Target},
    theme::{Palette, space},
    widgets,
};
use crate::{picture, session::RunState};

/// Smallest and largest zoom, in screen pixels per picture pixel.
const ZOOM: std::ops::RangeInclusive<f32> = 0.05..=64.0;

/// The painted picture and how it is looked at.
#[derive(Default)]
pub struct Canvas {
    picture: Option<Arc<RgbImage>>,
    step: u32,
    texture: Option<TextureHandle>,
    sharp: bool,
    view: View,
    /// Where the canvas was in the last frame.
    pub area: Option<Rect>,
    /// Screen pixels per picture pixel in the last frame.
    scale: f32,
    /// Where the whole picture was drawn in the last frame.
    drawn: Option<Rect>,
}

/// What part of the picture is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum View {
    #[default]
    Fit,
    /// Screen pixels per picture pixel, and the point of the picture (0 to 1) in the canvas' middle.
    Free { zoom: f32, middle: Vec2 },
}

/// A picture as egui takes it.
pub fn color_image(picture: &RgbImage) -> ColorImage {
    ColorImage::from_rgb([picture.width() as usize, picture.height() as usize], picture.as_raw())
}

impl Canvas {
    /// The picture as it was painted last.
    pub fn picture(&self) -> Option<Arc<RgbImage>> {
        self.picture.clone()
    }

    pub fn size(&self) -> Option<(u32, u32)> {
        self.picture.as_ref().map(|picture| picture.dimensions())
    }

    /// Shows a new picture from now on.
    pub fn take(&mut self, ctx: &Context, picture: Arc<RgbImage>, step: u32) {
        self.picture = Some(picture);
        self.step = step;
        self.upload(ctx);
    }

    fn upload(&mut self, ctx: &Context) {
        let Some(picture) = &self.picture else { return };
        let most = ctx.input(|input| input.max_texture_side) as u32;
        let image = if picture.width().max(picture.height()) > most {
            color_image(&picture::thumbnail(picture, most))
        } else {
            color_image(picture)
        };
        let magnification = if self.sharp { TextureFilter::Nearest } else { TextureFilter::Linear };
        let options = TextureOptions { magnification, ..TextureOptions::LINEAR };
        match &mut self.texture {
            Some(texture) => texture.set(image, options),
            None => self.texture = Some(ctx.load_texture("painting", image, options)),
        }
    }

    pub fn fit(&mut self) {
        self.view = View::Fit;
    }

    /// One picture pixel on one screen pixel.
    pub fn actual_size(&mut self) {
        let middle = match self.view {
            View::Fit => Vec2::splat(0.5),
            View::Free { middle, .. } => middle,
        };
        self.view = View::Free { zoom: 1.0, middle };
    }

    /// Zoom for the status line.
    pub fn zoom_text(&self) -> Option<String> {
        self.picture.as_ref()?;
        let percent = (self.scale * 100.0).round();
        Some(match self.view {
            View::Fit => format!("fit, {percent} %"),
            View::Free { .. } => format!("{percent} %"),
        })
    }

    /// Draws a texture into `area` as the view says, and moves the view with the pointer.
    fn show_picture(&mut self, ui: &Ui, response: &egui::Response, texture: &TextureHandle, size: Vec2) {
        let area = response.rect;
        let density = ui.pixels_per_point();
        let room = (area.size() - Vec2::splat(2.0 * space::L)).max(Vec2::splat(16.0));
        let fit = (room / size).min_elem() * density;
        let (mut zoom, mut middle) = match self.view {
            View::Fit => (fit, Vec2::splat(0.5)),
            View::Free { zoom, middle } => (zoom, middle),
        };
        let place = |zoom: f32, middle: Vec2| {
            let drawn = size * zoom / density;
            Rect::from_min_size(area.center() - drawn * middle, drawn)
        };

        let mut moved = false;
        if response.dragged() && response.drag_delta() != Vec2::ZERO {
            middle -= response.drag_delta() / (size * zoom / density);
            moved = true;
        }
        if let Some(pointer) = response.hover_pos() {
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
            let factor = pinch * (scroll / 240.0).exp();
            if factor != 1.0 {
                // What is under the pointer stays there.
                let seen = (pointer - place(zoom, middle).min) / (size * zoom / density);
                zoom = (zoom * factor).clamp(*ZOOM.start(), *ZOOM.end());
                middle = seen - (pointer - area.center()) / (size * zoom / density);
                moved = true;
            }
        }
        if moved {
            middle = middle.clamp(Vec2::ZERO, Vec2::splat(1.0));
            self.view = View::Free { zoom, middle };
        }
        if response.double_clicked() {
            self.view = View::Fit;
        }
        self.scale = zoom;

        let mut rect = place(zoom, middle);
        if zoom == 1.0 {
            // Whole screen pixels: otherwise every one of them is mixed from two.
            let snap = |v: f32| (v * density).round() / density;
            rect = Rect::from_min_size(pos2(snap(rect.min.x), snap(rect.min.y)), rect.size());
        }
        self.drawn = Some(rect);
        let painter = ui.painter().with_clip_rect(area);
        let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        painter.image(texture.id(), rect, uv, Color32::WHITE);
        let edge = Color32::from_black_alpha(if ui.visuals().dark_mode { 120 } else { 50 });
        painter.rect_stroke(rect, 0.0, Stroke::new(1.0, edge), StrokeKind::Outside);

        // Seen large by choice, pixels should be pixels; a small picture that merely fills the canvas stays smooth.
        let sharp = zoom > 2.0 && self.view != View::Fit;
        if sharp != self.sharp && self.picture.is_some() {
            self.sharp = sharp;
            self.upload(ui.ctx());
        }
    }
}

impl ImpastoApp {
    pub(super) fn canvas_ui(&mut self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        let area = ui.available_rect_before_wrap();
        ui.painter().rect_filled(area, 0.0, palette.canvas);
        self.canvas.area = Some(area);

        let painted = self.canvas.texture.clone().zip(self.canvas.size());
        // Before the first frame the content stands in, so that the canvas is never empty without need.
        let waiting = self
            .content
            .picture
            .as_ref()
            .map(|content| (content.texture.clone(), content.picture.dimensions()));
        let enough = self.sources().is_some();
        match painted.clone().or_else(|| waiting.filter(|_| enough)) {
            Some((texture, (width, height))) => {
                let response = ui.allocate_rect(area, Sense::click_and_drag());
                let what = if painted.is_some() {
                    format!("Painting, {width} by {height} pixels, step {}", self.canvas.step)
                } else {
                    format!("Content, {width} by {height} pixels, waiting for the first step")
                };
                response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &what));
                let response = response.on_hover_cursor(CursorIcon::Grab);
                self.canvas.show_picture(ui, &response, &texture, vec2(width as f32, height as f32));
                if let Some(drawn) = self.canvas.drawn.filter(|_| painted.is_some()) {
                    self.heat_over(ui, drawn, area);
                }
                if self.run.state == RunState::Preparing {
                    self.preparing_note(ui, area);
                }
            }
            None => self.empty_canvas(ui, area),
        }
        let mut over = ui.new_child(egui::UiBuilder::new().max_rect(area));
        self.banners_ui(&mut over);
    }

    fn preparing_note(&self, ui: &Ui, area: Rect) {
        let palette = Palette::of(ui);
        let text = self.run.preparing.clone().unwrap_or_else(|| "Preparing…".to_owned());
        let galley = ui.painter().layout_no_wrap(text, FontId::proportional(14.0), palette.text);
        let middle = pos2(area.center().x, area.max.y - space::XL - space::L);
        let rect = Rect::from_center_size(middle, galley.size() + vec2(28.0, 16.0));
        ui.painter().rect_filled(rect, 6.0, palette.bar);
        ui.painter().galley(rect.center() - galley.size() / 2.0, galley, palette.text);
    }

    /// Nothing to show: say what to do, and offer it.
    fn empty_canvas(&mut self, ui: &mut Ui, area: Rect) {
        let palette = Palette::of(ui);
        let content = self.content.picture.is_some();
        let style = self.styles.iter().any(|slot| slot.picture.is_some());
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
            let text = "Drop pictures anywhere on this window, paste them, or open them here.";
            ui.label(RichText::new(text).color(palette.weak));
            ui.add_space(space::XL);
        });
        let mut wanted = None;
        ui.columns(2, |columns| {
            for (ui, (number, title, text, done, command)) in columns.iter_mut().zip([
                ("1", "Content", "Its shapes are kept.", content, Command::OpenContent),
                ("2", "Style", "Its strokes and colours are taken.", style, Command::OpenStyle),
            ]) {
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
                        wanted = Some(command);
                    }
                });
            }
        });
        if let Some(command) = wanted {
            let ctx = ui.ctx().clone();
            self.run_command(&ctx, command);
        }
        ui.add_space(space::XL);
        ui.vertical_centered(|ui| {
            let tooltip = "Takes the bundled pair of pictures and begins to paint";
            let width = 200.0;
            if widgets::accent_button(ui, Icon::Play, "Try the examples", width, tooltip, true).clicked() {
                self.open(Target::Content, Source::Example(&picture::CONTENTS[0]));
                self.open(Target::Style, Source::Example(&picture::STYLES[0]));
            }
        });
    }
}
