//! Drawing two pictures on one canvas, and the handles of the split line.

use egui::{
    Align2, Color32, CursorIcon, EventFilter, FontId, Id, Key, Mesh, Painter, Pos2, Rect, Sense, Shape,
    Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::{
    accessible,
    compare::{Line, Shown},
    theme::{Palette, space},
};

/// Distance of the turning handle from the moving one, in points.
const ARM: f32 = 64.0;
/// How far a key press moves the line, as a part of the canvas, and turns it, in radians.
const NUDGE: f32 = 0.02;
const TURN: f32 = 5.0 * std::f32::consts::PI / 180.0;

const WHOLE: Rect = Rect { min: Pos2::ZERO, max: Pos2 { x: 1.0, y: 1.0 } };

/// Draw a picture into the painting's place: as it is if the shapes agree, otherwise cropped to fill it.
pub fn fill(painter: &Painter, shown: &Shown, rect: Rect) {
    painter.image(shown.texture.id(), rect, filling(shown.size, rect.size()), Color32::WHITE);
}

/// The part of a picture that fills a place of another shape.
fn filling(picture: Vec2, place: Vec2) -> Rect {
    let scale = (place / picture).max_elem();
    let seen = (place / (picture * scale)).min(Vec2::splat(1.0));
    // A pixel that rounding made is no other shape.
    let seen = vec2(if seen.x > 0.99 { 1.0 } else { seen.x }, if seen.y > 0.99 { 1.0 } else { seen.y });
    Rect::from_center_size(pos2(0.5, 0.5), seen)
}

/// Draw a whole picture within the painting's place.
pub fn contain(painter: &Painter, shown: &Shown, rect: Rect) {
    let scale = (rect.size() / shown.size).min_elem();
    let place = Rect::from_center_size(rect.center(), shown.size * scale);
    painter.image(shown.texture.id(), place, WHOLE, Color32::WHITE);
}

/// Draw the part of a picture that lies on the other side of a line: `at` is a point of the line, `normal`
/// points away from what is drawn.
pub fn half(painter: &Painter, shown: &Shown, rect: Rect, at: Pos2, normal: Vec2) {
    let corners = cut(rect, at, normal);
    if corners.len() < 3 {
        return;
    }
    let uv = filling(shown.size, rect.size());
    let mut mesh = Mesh::with_texture(shown.texture.id());
    for corner in &corners {
        let part = (*corner - rect.min) / rect.size();
        let uv = uv.min + part * uv.size();
        mesh.vertices.push(egui::epaint::Vertex { pos: *corner, uv, color: Color32::WHITE });
    }
    for corner in 1..corners.len() as u32 - 1 {
        mesh.add_triangle(0, corner, corner + 1);
    }
    painter.add(Shape::mesh(mesh));
}

/// The part of a rectangle behind a line, as the corners of a convex polygon.
fn cut(rect: Rect, at: Pos2, normal: Vec2) -> Vec<Pos2> {
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()];
    let depth = |point: Pos2| (at - point).dot(normal);
    let mut kept = Vec::with_capacity(5);
    for (index, &corner) in corners.iter().enumerate() {
        let next = corners[(index + 1) % 4];
        let (here, there) = (depth(corner), depth(next));
        if here >= 0.0 {
            kept.push(corner);
        }
        if (here >= 0.0) != (there >= 0.0) {
            kept.push(corner + (next - corner) * (here / (here - there)));
        }
    }
    kept
}

/// A name in a corner of the canvas.
pub fn label(ui: &Ui, area: Rect, corner: Align2, text: &str) {
    let palette = Palette::of(ui);
    let painter = ui.painter().with_clip_rect(area);
    let room = area.width() / 2.0 - 2.0 * space::L;
    let mut job =
        egui::text::LayoutJob::simple_singleline(text.to_owned(), FontId::proportional(12.5), palette.text);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(40.0));
    let galley = painter.layout_job(job);
    let inner = area.shrink(space::M);
    let rect = corner.align_size_within_rect(galley.size() + vec2(16.0, 8.0), inner);
    painter.rect(rect, 4.0, palette.bar, Stroke::new(1.0, palette.line), StrokeKind::Inside);
    painter.galley(rect.min + vec2(8.0, 4.0), galley, palette.text);
}

/// The corner of the canvas that lies deepest on the side that `towards` points to.
pub fn corner(towards: Vec2) -> Align2 {
    // Upright lines have their names above, level ones on the left.
    let towards = towards + vec2(-0.05, -0.1);
    match (towards.x > 0.0, towards.y > 0.0) {
        (false, false) => Align2::LEFT_TOP,
        (true, false) => Align2::RIGHT_TOP,
        (false, true) => Align2::LEFT_BOTTOM,
        (true, true) => Align2::RIGHT_BOTTOM,
    }
}

/// Draw the line with its handles, and move and turn it with the pointer and the keys.
pub fn handles(ui: &Ui, area: Rect, line: &mut Line) {
    let at = |line: &Line| area.min + line.at * area.size();
    let middle = at(line);
    let arm = |line: &Line| {
        // Towards the middle of the canvas, so that it is never out of reach.
        let along = line.along() * if line.at.y > 0.5 { -1.0 } else { 1.0 };
        let along = if along.y.abs() < 0.3 && (line.at.x > 0.5) == (along.x > 0.0) { -along } else { along };
        area.shrink(10.0).clamp(at(line) + along * ARM)
    };

    let id = Id::unique("split line");
    let moving = ui.interact(Rect::from_center_size(middle, Vec2::splat(30.0)), id, Sense::click_and_drag());
    let moving = moving.on_hover_cursor(CursorIcon::Move);
    let turning = ui.interact(
        Rect::from_center_size(arm(line), Vec2::splat(26.0)),
        id.with("turn"),
        Sense::click_and_drag(),
    );
    let turning = turning.on_hover_cursor(CursorIcon::Crosshair);
    if moving.dragged()
        && let Some(pointer) = moving.interact_pointer_pos()
    {
        line.at = ((pointer - area.min) / area.size()).clamp(Vec2::ZERO, Vec2::splat(1.0));
    }
    if turning.dragged()
        && let Some(pointer) = turning.interact_pointer_pos()
        && pointer.distance(middle) > 4.0
    {
        // Whichever end the handle is on, the line turns by less than a quarter.
        let along = pointer - middle;
        let wanted = (-along.x).atan2(along.y);
        let half = std::f32::consts::PI;
        line.turn_to(wanted + ((line.angle - wanted) / half).round() * half);
    }
    if moving.double_clicked() {
        *line = Line::default();
    }

    let arrows = |ui: &Ui, id: Id| {
        let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        ui.input(|input| {
            let count = |key| input.num_presses(key) as f32;
            vec2(count(Key::ArrowRight) - count(Key::ArrowLeft), count(Key::ArrowDown) - count(Key::ArrowUp))
        })
    };
    if moving.has_focus() {
        line.shift(arrows(ui, moving.id) * NUDGE);
    }
    if turning.has_focus() {
        let keys = arrows(ui, turning.id);
        if keys != Vec2::ZERO {
            let step = (keys.x + keys.y) * TURN;
            // Whole multiples of the step: snapping would hold it where it is.
            line.angle = ((line.angle + step) / TURN).round() * TURN;
        }
    }
    let percent = f64::from((line.at.x * 100.0).round());
    moving.widget_info(|| WidgetInfo::slider(true, percent, "Split line"));
    accessible::range(&moving, 0.0..=100.0, f64::from(100.0 * NUDGE));
    let degrees = f64::from(line.angle.to_degrees().round());
    turning.widget_info(|| WidgetInfo::slider(true, degrees, "Angle of the split line"));
    accessible::range(&turning, -180.0..=180.0, f64::from(TURN.to_degrees().round()));

    // A light line with dark edges is seen on every picture.
    let painter = ui.painter().with_clip_rect(area);
    let palette = Palette::of(ui);
    let middle = at(line);
    let reach = line.along() * area.size().length();
    for (width, color) in [(3.5, Color32::from_black_alpha(110)), (1.5, Color32::WHITE)] {
        painter.line_segment([middle - reach, middle + reach], Stroke::new(width, color));
    }
    for (response, center, radius) in [(&turning, arm(line), 6.0), (&moving, middle, 10.0)] {
        let lit = response.hovered() || response.dragged();
        let fill = if lit { palette.accent } else { Color32::WHITE };
        painter.circle(center, radius, fill, Stroke::new(1.5, Color32::from_black_alpha(160)));
        if response.has_focus() {
            painter.circle_stroke(center, radius + 3.0, Stroke::new(2.0, palette.accent));
        }
    }
    let (across, dark) = (line.normal(), Stroke::new(1.5, Color32::from_gray(0x30)));
    for side in [-1.0, 1.0] {
        let tip = middle + across * 6.0 * side;
        let back = middle + across * 2.5 * side;
        painter.line_segment([tip, back + line.along() * 3.0], dark);
        painter.line_segment([tip, back - line.along() * 3.0], dark);
    }
    moving.on_hover_text("Drag to move the line, the small handle turns it; arrow keys do both. Double-click: upright in the middle");
    turning.on_hover_text("Drag to turn the line");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(corners: &[Pos2]) -> f32 {
        let next = corners.iter().cycle().skip(1);
        corners.iter().zip(next).map(|(a, b)| a.x * b.y - b.x * a.y).sum::<f32>().abs() / 2.0
    }

    #[test]
    fn a_line_cuts_a_picture_into_two_that_make_the_whole() {
        let rect = Rect::from_min_size(pos2(10.0, 20.0), vec2(300.0, 200.0));
        for angle in [0.0_f32, 0.4, 0.9, 1.57, 2.5, -2.0] {
            for at in [pos2(100.0, 90.0), pos2(10.0, 20.0), pos2(160.0, 120.0), pos2(290.0, 60.0)] {
                let normal = vec2(angle.cos(), angle.sin());
                let (one, other) = (cut(rect, at, normal), cut(rect, at, -normal));
                assert!(one.len() <= 5 && other.len() <= 5);
                assert!((area(&one) + area(&other) - 60_000.0).abs() < 1.0, "{angle} {at}");
                assert!(one.iter().all(|point| (at - *point).dot(normal) > -0.01));
            }
        }
        let upright = cut(rect, pos2(110.0, 0.0), vec2(1.0, 0.0));
        assert!((area(&upright) - 100.0 * 200.0).abs() < 0.1, "the left third");
    }

    #[test]
    fn a_picture_of_another_shape_is_cut_and_not_bent() {
        let seen = filling(vec2(400.0, 400.0), vec2(300.0, 150.0));
        assert_eq!((seen.width(), seen.height()), (1.0, 0.5));
        assert_eq!(filling(vec2(512.0, 341.0), vec2(512.0, 340.0)), WHOLE);
    }

    #[test]
    fn names_stand_on_their_side_of_the_line() {
        assert_eq!(corner(vec2(-1.0, 0.0)), Align2::LEFT_TOP);
        assert_eq!(corner(vec2(1.0, 0.0)), Align2::RIGHT_TOP);
        assert_eq!(corner(vec2(0.0, 1.0)), Align2::LEFT_BOTTOM);
        assert_eq!(corner(vec2(0.0, -1.0)), Align2::LEFT_TOP);
    }
}
