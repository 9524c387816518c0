//! A parameter over the run: its curve, the keyframes to drag, and where the run is.

use egui::{
    Align2, Color32, CursorIcon, FontId, Painter, PointerButton, Pos2, Rect, Role, Sense, Shape, Stroke,
    StrokeKind, Ui, WidgetInfo, pos2,
};

use crate::{
    fields,
    theme::{Palette, RADIUS},
    widgets,
};
use impasto_core::settings::{Curve, Ease, Key, Objective, ParamId, Range, Track, three_digits};

/// How near the pointer must be to a keyframe, in points.
const NEAR: f32 = 9.0;

/// What was dragged or clicked in the graph.
pub enum KeyEdit {
    Choose(usize),
    /// A keyframe is on its way.
    Drag(usize, Key),
    /// It has arrived.
    Drop,
    Add(Key),
    Remove(usize),
}

/// A curve to show.
pub struct Graph<'a> {
    pub param: ParamId,
    /// What a person calls the parameter.
    pub name: &'a str,
    pub objective: Objective,
    /// What the parameter is set to.
    pub base: f64,
    pub track: &'a Track,
    /// The chosen keyframe.
    pub key: usize,
    /// The time that is marked.
    pub now: f64,
}

/// The time to mark in a graph: after the end of the run a loop goes on, and others stay at the end.
pub fn shown_time(track: &Track, at: f64) -> f64 {
    if at > 1.0 { track.curve.looped(at).min(1.0) } else { at }
}

impl Graph<'_> {
    fn range(&self) -> Range {
        self.param.range(self.objective)
    }

    fn value(&self, at: f64) -> f64 {
        self.track.value(self.param, self.objective, self.base, at)
    }

    /// The curve in a rectangle; a jump is a vertical line. The repeats of a loop are faint.
    fn draw(&self, painter: &Painter, rect: Rect, stroke: Stroke) {
        let mut once = self.line(rect);
        if let Some((_, last)) = self.track.curve.loop_bounds() {
            let end = place(rect, last, 0.0).x;
            let repeats = once.partition_point(|point| point.x <= end);
            // From the last point before them, so that no gap is left.
            let points = once[repeats.saturating_sub(1)..].to_vec();
            once.truncate(repeats);
            painter.add(Shape::line(points, Stroke { color: stroke.color.gamma_multiply(0.5), ..stroke }));
        }
        painter.add(Shape::line(once, stroke));
    }

    /// The points of the curve in a rectangle.
    fn line(&self, rect: Rect) -> Vec<Pos2> {
        let range = self.range();
        let columns = (rect.width().max(2.0) * 2.0) as usize;
        (0..=columns)
            .map(|index| {
                let at = index as f64 / columns as f64;
                place(rect, at, range.position(self.value(at)))
            })
            .collect()
    }

    /// The curve alone, small.
    pub fn small(&self, painter: &Painter, rect: Rect, color: Color32) {
        self.draw(painter, rect.shrink(2.0), Stroke::new(1.0, color));
        let x = rect.min.x + rect.width() * self.now as f32;
        painter.vline(x, rect.y_range(), Stroke::new(1.0, color.gamma_multiply(0.5)));
    }

    /// The graph, with keyframes to drag.
    pub fn show(&self, ui: &mut Ui, size: egui::Vec2) -> Option<KeyEdit> {
        let palette = Palette::of(ui);
        let (outer, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let painter = ui.painter().with_clip_rect(outer);
        painter.rect_filled(outer, RADIUS, palette.well);
        let mut rect = outer.shrink2(egui::vec2(10.0, 10.0));
        rect.min.x += self.scale(&painter, outer, palette);
        for quarter in 0..=4 {
            let x = rect.min.x + rect.width() * quarter as f32 / 4.0;
            painter.vline(x, outer.y_range(), Stroke::new(1.0, palette.line));
        }
        let on = self.track.on;
        let color = if on { palette.accent } else { palette.weak };
        self.draw(&painter, rect, Stroke::new(1.6, color));
        let now = place(rect, self.now, self.range().position(self.value(self.now)));
        painter.vline(now.x, outer.y_range(), Stroke::new(1.0, palette.text));
        painter.circle_filled(now, 3.0, palette.text);

        let pointer = response.hover_pos();
        let near = |points: &[Pos2]| {
            let pointer = pointer?;
            let away = |point: &Pos2| point.distance(pointer);
            let nearest = points.iter().enumerate().min_by(|(_, a), (_, b)| away(a).total_cmp(&away(b)))?;
            (away(nearest.1) <= NEAR).then_some(nearest.0)
        };
        let mut edit = None;
        if let Curve::Keys(keys, _) = &self.track.curve {
            let points: Vec<Pos2> = keys.iter().map(|key| self.point(rect, key)).collect();
            let near = near(&points);
            for (index, point) in points.iter().enumerate() {
                let chosen = index == self.key;
                let radius = if chosen || near == Some(index) { 5.0 } else { 3.5 };
                painter.circle(
                    *point,
                    radius,
                    palette.well,
                    Stroke::new(if chosen { 2.5 } else { 1.5 }, color),
                );
            }
            if near.is_some() {
                ui.ctx().set_cursor_icon(CursorIcon::Grab);
            }
            edit = self.hands(ui, &response, rect, keys, near);
        }
        let name = format!("Course of {}", self.name);
        let state = format!(
            "{name}: {}, now {}",
            fields::track_text(self.track),
            widgets::number(self.value(self.now))
        );
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &state));
        if response.has_focus() {
            painter.rect_stroke(outer, RADIUS, Stroke::new(2.0, palette.accent), StrokeKind::Inside);
        }
        let hint = match self.track.curve {
            Curve::Lfo(_) => "From the beginning of the run to its end",
            Curve::Keys(..) => {
                "From the beginning of the run to its end. Double-click adds a keyframe, dragging moves one, a right click takes it out."
            }
        };
        response.on_hover_text(hint);
        edit
    }

    fn hands(
        &self,
        ui: &Ui,
        response: &egui::Response,
        rect: Rect,
        keys: &[Key],
        near: Option<usize>,
    ) -> Option<KeyEdit> {
        let held = ui.scope_id().with("held keyframe");
        let pointer = response.interact_pointer_pos()?;
        if response.double_clicked() && near.is_none() {
            return Some(KeyEdit::Add(self.key_at(rect, pointer, Ease::Linear)));
        }
        if let Some(index) = near {
            if response.clicked_by(PointerButton::Secondary) {
                return Some(KeyEdit::Remove(index));
            }
            if response.clicked() {
                return Some(KeyEdit::Choose(index));
            }
        }
        if response.drag_started_by(PointerButton::Primary) {
            let origin = ui.input(|input| input.pointer.press_origin()).unwrap_or(pointer);
            let away = |key: &Key| self.point(rect, key).distance(origin);
            let nearest = keys.iter().enumerate().min_by(|(_, a), (_, b)| away(a).total_cmp(&away(b)));
            let index = nearest.filter(|(_, key)| away(key) <= NEAR).map(|(index, _)| index);
            ui.ctx().data_mut(|data| data.insert_temp(held, index));
        }
        let index = ui.ctx().data(|data| data.get_temp::<Option<usize>>(held)).flatten()?;
        if response.drag_stopped() {
            ui.ctx().data_mut(|data| data.insert_temp(held, None::<usize>));
            return Some(KeyEdit::Drop);
        }
        if !response.dragged() {
            return None;
        }
        let key = keys.get(index)?;
        let wanted = self.key_at(rect, pointer, key.ease);
        // Keyframes do not pass each other.
        let low = index.checked_sub(1).map_or(0.0, |before| keys[before].at);
        let high = keys.get(index + 1).map_or(1.0, |after| after.at);
        Some(KeyEdit::Drag(index, Key { at: wanted.at.clamp(low, high), ..wanted }))
    }

    fn point(&self, rect: Rect, key: &Key) -> Pos2 {
        place(rect, key.at, self.range().position(key.value))
    }

    fn key_at(&self, rect: Rect, pointer: Pos2, ease: Ease) -> Key {
        let at = f64::from((pointer.x - rect.min.x) / rect.width()).clamp(0.0, 1.0);
        let range = self.range();
        let value = range.value(f64::from((rect.max.y - pointer.y) / rect.height()));
        let rounded = three_digits(value);
        let value = if range.contains(rounded) { rounded } else { value };
        Key { at: (at * 1e4).round() / 1e4, value, ease }
    }

    /// The range at the left edge; the width that it takes.
    fn scale(&self, painter: &Painter, outer: Rect, palette: &Palette) -> f32 {
        let range = self.range();
        let font = FontId::monospace(10.5);
        let ends = [
            (outer.left_top() + egui::vec2(6.0, 4.0), Align2::LEFT_TOP, range.max),
            (outer.left_bottom() + egui::vec2(6.0, -4.0), Align2::LEFT_BOTTOM, range.value(0.0)),
        ];
        let widths = ends.map(|(at, align, value)| {
            let text = painter.layout_no_wrap(widgets::number(value), font.clone(), palette.weak);
            let rect = align.anchor_size(at, text.size());
            painter.galley(rect.min, text, palette.weak);
            rect.width()
        });
        widths[0].max(widths[1])
    }
}

fn place(rect: Rect, at: f64, height: f64) -> Pos2 {
    pos2(rect.min.x + rect.width() * at as f32, rect.max.y - rect.height() * height as f32)
}
