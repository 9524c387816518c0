//! The picture in the middle: zoom, pan, and what the canvas says when there is nothing to show.

use std::sync::Arc;

use egui::{
    Align2, Color32, Context, CursorIcon, FontId, Painter, PointerButton, Pos2, Rect, Role, Sense, Stroke,
    StrokeKind, TextureHandle, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use image::RgbImage;

use super::{
    ImpastoApp, accessible,
    command::Command,
    compare::{Look, Shown},
    masks::Pane,
    scaling::Sampling,
    slot::Slot,
    split,
    theme::{Palette, space},
};
use impasto_engine::session::RunState;

/// Smallest and largest zoom, in screen pixels per picture pixel.
const ZOOM: std::ops::RangeInclusive<f32> = 0.05..=64.0;

/// The painted picture and how it is looked at.
#[derive(Default)]
pub struct Canvas {
    picture: Option<Arc<RgbImage>>,
    step: u32,
    texture: Option<TextureHandle>,
    /// How the texture was made.
    sampling: Sampling,
    view: View,
    /// Where the canvas was in the last frame.
    pub area: Option<Rect>,
    /// Screen pixels per picture pixel in the last frame, and in the second window while that is open.
    scale: f32,
    scale_elsewhere: f32,
    /// Where the whole picture was drawn in the last frame.
    drawn: Option<Rect>,
    /// It is alone on the screen and fills it.
    pub alone: bool,
    /// Counts what was put on the texture.
    uploads: u64,
    /// The picture before, while it fades away.
    leaving: Option<Leaving>,
    /// The next picture is of another painting: the present one fades out in this many seconds.
    fade: Option<f64>,
    /// Nothing fades.
    pub cuts: bool,
    /// The pointer draws on it: the middle button and two fingers alone move it.
    pub is_drawn_on: bool,
}

/// A picture that fades away.
#[derive(Clone)]
pub struct Leaving {
    pub texture: TextureHandle,
    pub size: Vec2,
    /// On egui's clock.
    since: f64,
    seconds: f64,
}

impl Leaving {
    /// How much of it is left, 0 to 1.
    pub fn strength(&self, now: f64) -> f32 {
        (1.0 - (now - self.since) / self.seconds).clamp(0.0, 1.0) as f32
    }
}

/// What part of the picture is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum View {
    #[default]
    Fit,
    /// Screen pixels per picture pixel, and the point of the picture (0 to 1) in the canvas' middle.
    Free { zoom: f32, middle: Vec2 },
}

impl Canvas {
    /// The picture as it was painted last.
    pub fn picture(&self) -> Option<Arc<RgbImage>> {
        self.picture.clone()
    }

    pub fn size(&self) -> Option<(u32, u32)> {
        self.picture.as_ref().map(|picture| picture.dimensions())
    }

    /// Show a new picture from now on.
    pub fn take(&mut self, ctx: &Context, picture: Arc<RgbImage>, step: u32) {
        if let Some(seconds) = self.fade.take()
            && let Some((texture, size)) = self.shown()
        {
            let since = ctx.input(|input| input.time);
            self.leaving = Some(Leaving { texture, size, since, seconds });
            // The next one gets a texture of its own.
            self.texture = None;
        }
        if let Some((width, _)) = self.size().filter(|_| self.view == View::Fit) {
            // At another size of the pyramid it is drawn as large as before.
            self.scale *= width as f32 / picture.width() as f32;
        }
        self.picture = Some(picture);
        self.step = step;
        self.upload(ctx);
    }

    /// Fade out what is shown in this many seconds once the next picture is there.
    pub fn fade(&mut self, seconds: f64) {
        self.fade = (seconds > 0.0 && !self.cuts).then_some(seconds);
    }

    /// The picture as it was drawn last, as a texture, with its size in pixels.
    pub fn shown(&self) -> Option<(TextureHandle, Vec2)> {
        let (width, height) = self.size()?;
        Some((self.texture.clone()?, vec2(width as f32, height as f32)))
    }

    /// The picture that fades away over it.
    pub fn leaving(&self) -> Option<&Leaving> {
        self.leaving.as_ref()
    }

    /// The number of uploads, which changes with every picture that is shown.
    pub fn uploads(&self) -> u64 {
        self.uploads
    }

    /// Set how large the second window draws it, 0 while there is none.
    pub fn seen_elsewhere(&mut self, ctx: &Context, scale: f32) {
        self.scale_elsewhere = scale;
        self.follow_scale(ctx);
    }

    fn wanted_sampling(&self) -> Sampling {
        // An audience sees the whole picture, however far the canvas here is zoomed.
        let chosen = self.view != View::Fit && self.scale_elsewhere == 0.0;
        Sampling::new(self.scale.max(self.scale_elsewhere), chosen)
    }

    /// How a picture of another size is sampled where it is drawn in the painting's place.
    pub fn sampling_of(&self, size: (u32, u32)) -> Sampling {
        let (width, height) = self.size().unwrap_or(size);
        let larger = (width as f32 / size.0 as f32).max(height as f32 / size.1 as f32);
        Sampling::new(self.scale * larger, self.view != View::Fit)
    }

    /// Make the texture anew if it does not suit the scale any more.
    fn follow_scale(&mut self, ctx: &Context) {
        if self.wanted_sampling() != self.sampling && self.picture.is_some() {
            self.upload(ctx);
        }
    }

    fn upload(&mut self, ctx: &Context) {
        self.uploads += 1;
        self.sampling = self.wanted_sampling();
        let Some(picture) = &self.picture else { return };
        let most = ctx.input(|input| input.max_texture_side) as u32;
        let (image, options) = (self.sampling.image(picture, most), self.sampling.options());
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

    /// The step that the picture is from.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// What is left free around a picture that fits, in points.
    fn margin(&self) -> f32 {
        if self.alone { 0.0 } else { space::L }
    }

    /// Where the picture is in each of the `frames` of equal size, as the view says; moves the view with the
    /// pointer. `spread` is how many times its size has to fit.
    fn places(
        &mut self,
        ui: &Ui,
        response: &egui::Response,
        size: Vec2,
        frames: &[Rect],
        spread: f32,
    ) -> Vec<Rect> {
        let density = ui.pixels_per_point();
        let room = (frames[0].size() - Vec2::splat(2.0 * self.margin())).max(Vec2::splat(16.0));
        let fit = (room / (size * spread)).min_elem() * density;
        let (mut zoom, mut middle) = match self.view {
            View::Fit => (fit, Vec2::splat(0.5)),
            View::Free { zoom, middle } => (zoom, middle),
        };
        let place = |frame: &Rect, zoom: f32, middle: Vec2| {
            let drawn = size * zoom / density;
            Rect::from_min_size(frame.center() - drawn * middle, drawn)
        };

        let mut moved = false;
        let drags = match self.is_drawn_on {
            true => response.dragged_by(PointerButton::Middle),
            false => response.dragged(),
        };
        if drags && response.drag_delta() != Vec2::ZERO {
            middle -= response.drag_delta() / (size * zoom / density);
            moved = true;
        }
        if let Some(pointer) = response.hover_pos() {
            let (scroll, pinch) = ui.input(|input| match self.is_drawn_on {
                true => (0.0, input.multi_touch().map_or(1.0, |touch| touch.zoom_delta)),
                false => (input.smooth_scroll_delta().y, input.zoom_delta()),
            });
            let factor = pinch * (scroll / 240.0).exp();
            if factor != 1.0 {
                let frame = frames.iter().find(|frame| frame.contains(pointer)).unwrap_or(&frames[0]);
                // What is under the pointer stays there.
                let seen = (pointer - place(frame, zoom, middle).min) / (size * zoom / density);
                zoom = (zoom * factor).clamp(*ZOOM.start(), *ZOOM.end());
                middle = seen - (pointer - frame.center()) / (size * zoom / density);
                moved = true;
            }
        }
        if moved {
            middle = middle.clamp(Vec2::ZERO, Vec2::splat(1.0));
            self.view = View::Free { zoom, middle };
        }
        if response.double_clicked() && !self.is_drawn_on {
            self.view = View::Fit;
        }
        self.scale = zoom;

        self.follow_scale(ui.ctx());
        let snapped = |rect: Rect| {
            if zoom != 1.0 {
                return rect;
            }
            // Whole screen pixels: otherwise every one of them is mixed from two.
            let snap = |v: f32| (v * density).round() / density;
            Rect::from_min_size(pos2(snap(rect.min.x), snap(rect.min.y)), rect.size())
        };
        frames.iter().map(|frame| snapped(place(frame, zoom, middle))).collect()
    }
}

/// Two frames side by side, or one below the other: however a picture of this shape is larger.
fn two_frames(area: Rect, size: Vec2) -> [Rect; 2] {
    let (left, right) = area.split_left_right_at_fraction(0.5);
    let (upper, lower) = area.split_top_bottom_at_fraction(0.5);
    let scale = |frame: Rect| (frame.size() / size).min_elem();
    if scale(left) >= scale(upper) { [left, right] } else { [upper, lower] }
}

/// Draw a whole picture in the middle of a place, with an opacity of 0 to 1.
pub fn paint_fitted(painter: &Painter, texture: &TextureHandle, size: Vec2, area: Rect, strength: f32) {
    let scale = (area.size() / size).min_elem();
    let place = Rect::from_center_size(area.center(), size * scale);
    let whole = Rect::from_min_max(egui::Pos2::ZERO, pos2(1.0, 1.0));
    painter.image(texture.id(), place, whole, Color32::WHITE.gamma_multiply(strength));
}

fn edge(ui: &Ui, painter: &Painter, rect: Rect) {
    let color = Color32::from_black_alpha(if ui.visuals().dark_mode { 120 } else { 50 });
    painter.rect_stroke(rect, 0.0, Stroke::new(1.0, color), StrokeKind::Outside);
}

impl ImpastoApp {
    pub(super) fn canvas_ui(&mut self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        self.mask_bar(ui);
        self.view.canvas.is_drawn_on = self.view.masking.draws();
        let area = ui.available_rect_before_wrap();
        self.view.canvas.alone = self.view.fullscreen.on;
        let ground = if self.view.canvas.alone { Color32::BLACK } else { palette.canvas };
        ui.painter().rect_filled(area, 0.0, ground);
        self.view.canvas.area = Some(area);
        if self.large_extract(ui, area) {
            let mut over = ui.new_child(egui::UiBuilder::new().max_rect(area));
            return self.banners_ui(&mut over);
        }

        let painted = self.view.canvas.texture.clone().zip(self.view.canvas.size());
        // Before the first frame the content stands in, so that the canvas is never empty without need.
        let waiting = self
            .pictures
            .content
            .picture
            .as_ref()
            .map(|content| (content.texture.clone(), content.picture.dimensions()));
        let enough = self.inputs().is_some();
        match painted.clone().or_else(|| waiting.filter(|_| enough)) {
            Some((texture, (width, height))) => {
                let response = ui.allocate_rect(area, Sense::click_and_drag());
                let shown = Shown {
                    name: format!("Painting, step {}", self.view.canvas.step),
                    texture,
                    size: vec2(width as f32, height as f32),
                };
                let look = if painted.is_some() {
                    self.look(ui.ctx(), Command::peeks(ui.ctx()))
                } else {
                    Look::Painting
                };
                let what = if painted.is_some() {
                    format!("Painting, {width} by {height} pixels, step {}", self.view.canvas.step)
                } else {
                    format!("Content, {width} by {height} pixels, waiting for the first step")
                };
                let what = match &look {
                    Look::Painting => what,
                    Look::Other(other) => format!("{}, in the place of: {what}", other.name),
                    Look::Split(other) => format!("{what}; split with {}", other.name),
                    Look::Sides(other) => format!("{what}; beside {}", other.name),
                    Look::Wrap => format!("{what}; tiled"),
                };
                response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &what));
                let told = self.masking_description() + &self.canvas_description();
                accessible::description(&response, told);
                let response = response.on_hover_cursor(CursorIcon::Grab);
                let panes = self.draw(ui, &response, &shown, look);
                if let Some(drawn) = self.view.canvas.drawn.filter(|_| painted.is_some()) {
                    self.heat_over(ui, drawn, area);
                }
                self.draw_leaving(ui, area);
                self.masks_over(ui, &response, &panes);
                if self.run.state == RunState::Preparing && !self.is_playing_list() {
                    let what = self.run.preparing.as_deref().unwrap_or("Preparing…");
                    note(ui, pos2(area.center().x, area.max.y - space::XL - space::L), what);
                }
            }
            None if self.both_are_coming() => note(ui, area.center(), "Opening pictures…"),
            None => self.empty_canvas(ui, area),
        }
        self.looking_back_note(ui, area);
        let mut over = ui.new_child(egui::UiBuilder::new().max_rect(area));
        self.banners_ui(&mut over);
    }

    /// What is painted from what, how far it is, and what is seen of it, for those who do not see it.
    pub(super) fn canvas_description(&self) -> String {
        let zoom = self.view.canvas.zoom_text().map_or_else(String::new, |zoom| format!(" Zoom: {zoom}."));
        let (step, steps) = (self.run.step(), self.settings.steps);
        format!("{}. {}, step {step} of {}.{zoom}", self.title(), self.run.word(), steps.max(step))
    }

    /// Draw the painting before, as far as it has not faded yet.
    fn draw_leaving(&mut self, ui: &Ui, area: Rect) {
        let Some(leaving) = &self.view.canvas.leaving else { return };
        let strength = leaving.strength(ui.input(|input| input.time));
        if strength > 0.0 {
            let room = area.shrink(self.view.canvas.margin());
            let painter = ui.painter().with_clip_rect(area);
            paint_fitted(&painter, &leaving.texture, leaving.size, room, strength);
            ui.ctx().request_repaint();
        } else {
            self.view.canvas.leaving = None;
        }
    }

    /// Draw the painting and what it is compared with; returns where the whole picture is.
    fn draw(&mut self, ui: &Ui, response: &egui::Response, shown: &Shown, look: Look) -> Vec<Pane> {
        let area = response.rect;
        let alone = |place: Rect| vec![Pane { clip: area, place }];
        let painter = ui.painter().with_clip_rect(area);
        self.view.canvas.drawn = None;
        match look {
            Look::Painting => {
                let place = self.view.canvas.places(ui, response, shown.size, &[area], 1.0)[0];
                self.view.canvas.drawn = Some(place);
                split::fill(&painter, shown, place);
                edge(ui, &painter, place);
                alone(place)
            }
            Look::Other(other) => {
                let place = self.view.canvas.places(ui, response, shown.size, &[area], 1.0)[0];
                split::contain(&painter, &other, place);
                edge(ui, &painter, place);
                split::label(ui, area, Align2::LEFT_TOP, &other.name);
                alone(place)
            }
            Look::Wrap => {
                let place = self.view.canvas.places(ui, response, shown.size, &[area], 3.0)[0];
                for x in [-1.0, 0.0, 1.0] {
                    for y in [-1.0, 0.0, 1.0] {
                        split::fill(&painter, shown, place.translate(place.size() * vec2(x, y)));
                    }
                }
                split::label(ui, area, Align2::LEFT_TOP, "Tiled");
                alone(place)
            }
            Look::Sides(other) => {
                let frames = two_frames(area, shown.size);
                let places = self.view.canvas.places(ui, response, shown.size, &frames, 1.0);
                for (index, (frame, &place)) in frames.iter().zip(&places).enumerate() {
                    let painter = painter.with_clip_rect(*frame);
                    let picture = if index == 0 { &other } else { shown };
                    split::contain(&painter, picture, place);
                    edge(ui, &painter, place);
                    split::label(ui, *frame, Align2::LEFT_TOP, &picture.name);
                }
                let gap = Stroke::new(1.0, Palette::of(ui).line);
                painter.line_segment([frames[1].left_top(), frames[0].right_bottom()], gap);
                frames.iter().zip(places).map(|(&clip, place)| Pane { clip, place }).collect()
            }
            Look::Split(other) => {
                let place = self.view.canvas.places(ui, response, shown.size, &[area], 1.0)[0];
                let line = self.view.compare.line;
                let (at, normal) = (area.min + line.at * area.size(), line.normal());
                split::half(&painter, &other, place, at, normal);
                split::half(&painter, shown, place, at, -normal);
                edge(ui, &painter, place);
                split::label(ui, area, split::corner(-normal), &other.name);
                split::label(ui, area, split::corner(normal), &shown.name);
                split::handles(ui, area, &mut self.view.compare.line);
                alone(place)
            }
        }
    }

    /// Whether there are a content and a style, and nothing is to be chosen: some of them are still being
    /// opened.
    pub(super) fn both_are_coming(&self) -> bool {
        let comes = |slot: &Slot| slot.picture.is_some() || slot.loading.is_some();
        self.still_opening() && comes(&self.pictures.content) && self.pictures.styles.iter().any(comes)
    }
}

/// A line of text around this point, on a ground of its own.
fn note(ui: &Ui, middle: Pos2, text: &str) {
    let palette = Palette::of(ui);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), FontId::proportional(14.0), palette.text);
    let rect = Rect::from_center_size(middle, galley.size() + vec2(28.0, 16.0));
    ui.painter().rect_filled(rect, 6.0, palette.bar);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, palette.text);
}
