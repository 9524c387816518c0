//! What is drawn at the pointer: the brush's size and hardness, and the shape in progress.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Stroke, vec2};

use super::{
    pen::{Pane, Pen},
    tool::Tool,
    tools::Masking,
};
use impasto_core::picture::drawing::Mode;

/// A light line with a dark edge, which is seen on every picture.
const LINES: [(f32, Color32); 2] = [(3.0, Color32::from_black_alpha(120)), (1.2, Color32::WHITE)];
/// Radius of the point where something begins.
const POINT: f32 = 4.0;

/// Draw the cursor at the pointer, if it is over the canvas, and what the pen draws.
pub fn paint(
    painter: &Painter,
    masking: &Masking,
    panes: &[Pane],
    pointer: Option<Pos2>,
    next: (Mode, bool),
) {
    if let Some(pen) = &masking.pen
        && let Some(pane) = panes.get(pen.pane)
    {
        shape(&painter.with_clip_rect(pane.clip), pen, pane);
    }
    let Some(pointer) = pointer else { return };
    let Some(pane) = panes.iter().find(|pane| pane.clip.contains(pointer)) else { return };
    let painter = painter.with_clip_rect(pane.clip);
    let (mode, straight) = next;
    if masking.tool.is_brush() {
        let numbers = masking.pen.as_ref().map_or(masking.numbers, |pen| pen.numbers);
        let radius = (numbers.radius * pane.longer()).max(1.5);
        ring(&painter, pointer, radius, 1.0);
        if (0.02..0.98).contains(&numbers.hardness) && radius > 6.0 {
            ring(&painter, pointer, radius * numbers.hardness, 0.45);
        }
        if let Some(last) = masking.last.filter(|_| straight && masking.pen.is_none()) {
            line(&painter, vec![pane.on_screen(last), pointer]);
        }
    }
    let mode = masking.pen.as_ref().map_or(mode, |pen| pen.mode);
    sign(&painter, pointer, mode);
}

/// The outline of what is drawn.
fn shape(painter: &Painter, pen: &Pen, pane: &Pane) {
    let on_screen = |point: &[f32; 2]| pane.on_screen(*point);
    let ends = [pen.trail.first(), pen.trail.tip()].map(|point| on_screen(&point));
    match pen.tool {
        // The stroke itself is seen.
        Tool::Brush | Tool::Eraser => {}
        Tool::Line => line(painter, ends.to_vec()),
        Tool::Wand => {
            line(painter, ends.to_vec());
            point(painter, ends[0], true);
        }
        Tool::Gradient => {
            line(painter, ends.to_vec());
            point(painter, ends[0], true);
            point(painter, ends[1], false);
        }
        Tool::Ellipse => {
            let bounds = Rect::from_two_pos(ends[0], ends[1]);
            for (width, colour) in LINES {
                let stroke = Stroke::new(width, colour);
                painter.add(Shape::ellipse_stroke(bounds.center(), bounds.size() / 2.0, stroke));
            }
        }
        Tool::Path => {
            line(painter, pen.trail.points().iter().map(on_screen).collect());
            point(painter, ends[0], true);
        }
    }
}

fn line(painter: &Painter, points: Vec<Pos2>) {
    for (width, colour) in LINES {
        painter.add(Shape::line(points.clone(), Stroke::new(width, colour)));
    }
}

fn ring(painter: &Painter, middle: Pos2, radius: f32, strength: f32) {
    for (width, colour) in LINES {
        painter.circle_stroke(middle, radius, Stroke::new(width, colour.gamma_multiply(strength)));
    }
}

/// Where the mask is full, or where it ends.
fn point(painter: &Painter, at: Pos2, full: bool) {
    let fill = if full { Color32::WHITE } else { Color32::from_black_alpha(120) };
    painter.circle(at, POINT, fill, Stroke::new(1.2, if full { Color32::BLACK } else { Color32::WHITE }));
}

/// A sign beside the pointer if the mask does not grow there.
fn sign(painter: &Painter, pointer: Pos2, mode: Mode) {
    let text = match mode {
        Mode::Subtract => "−",
        Mode::Intersect => "∩",
        Mode::Add | Mode::Replace | Mode::Invert => return,
    };
    let at = pointer + vec2(9.0, 9.0);
    for (by, colour) in [(vec2(1.0, 1.0), Color32::BLACK), (vec2(0.0, 0.0), Color32::WHITE)] {
        painter.text(at + by, Align2::LEFT_TOP, text, FontId::proportional(15.0), colour);
    }
}
