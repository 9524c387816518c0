//! The icons of the tools that draw masks.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, vec2};

use super::arc;

/// A tool, or what it does to a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolIcon {
    Brush,
    Eraser,
    Line,
    Gradient,
    Ellipse,
    Path,
    Fill,
    Clear,
    Invert,
    Add,
    Subtract,
    Intersect,
    Snap,
    SnapStrokes,
    Wand,
}

impl ToolIcon {
    /// Draw the icon into a square of 16 points around `center`.
    pub fn paint(self, painter: &Painter, center: Pos2, color: Color32) {
        let at = |x: f32, y: f32| center + vec2(x, y);
        let line = Stroke::new(1.5, color);
        let path = |points: Vec<Pos2>| {
            painter.add(Shape::line(points, line));
        };
        let fill = |points: Vec<Pos2>, color: Color32| {
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        };
        let whole = Rect::from_center_size(center, vec2(12.0, 11.0));
        let sheet = || painter.rect_stroke(whole, 1.5, line, StrokeKind::Middle);
        let faint = color.gamma_multiply(0.45);
        match self {
            Self::Brush => {
                path(vec![at(6.5, -6.5), at(0.5, 0.0)]);
                fill(vec![at(-0.8, -1.2), at(1.8, 1.4), at(-1.2, 5.2), at(-6.0, 6.2), at(-4.4, 1.6)], color);
            }
            Self::Eraser => {
                path(vec![
                    at(-6.0, 1.5),
                    at(1.0, -5.5),
                    at(6.0, -0.5),
                    at(0.0, 5.5),
                    at(-2.0, 5.5),
                    at(-6.0, 1.5),
                ]);
                fill(vec![at(-6.0, 1.5), at(-2.5, -2.0), at(2.5, 3.0), at(0.0, 5.5), at(-2.0, 5.5)], color);
                path(vec![at(-2.0, 6.0), at(6.5, 6.0)]);
            }
            Self::Line => {
                path(vec![at(-4.5, 4.5), at(4.5, -4.5)]);
                painter.circle_filled(at(-4.8, 4.8), 2.2, color);
                painter.circle_filled(at(4.8, -4.8), 2.2, color);
            }
            Self::Gradient => {
                for (index, share) in [1.0, 0.75, 0.5, 0.25].into_iter().enumerate() {
                    let left = -6.0 + 3.0 * index as f32;
                    let band = Rect::from_min_max(at(left, -5.5), at(left + 3.0, 5.5));
                    painter.rect_filled(band, 0.0, color.gamma_multiply(share));
                }
                sheet();
            }
            Self::Ellipse => {
                painter.add(Shape::ellipse_stroke(center, vec2(6.8, 4.8), line));
            }
            Self::Path => {
                let corners = [at(-5.5, 4.5), at(-3.5, -5.0), at(5.5, -2.0), at(3.0, 5.0)];
                path(corners.iter().copied().chain([corners[0]]).collect());
                for corner in corners {
                    painter.rect_filled(Rect::from_center_size(corner, vec2(3.4, 3.4)), 0.0, color);
                }
            }
            Self::Fill => {
                painter.rect_filled(whole, 1.5, color);
            }
            Self::Clear => {
                sheet();
                path(vec![at(-3.0, -3.0), at(3.0, 3.0)]);
                path(vec![at(-3.0, 3.0), at(3.0, -3.0)]);
            }
            // A half that is full, and a hole in it.
            Self::Invert => {
                painter.circle_stroke(center, 6.0, line);
                let half = arc(center, 6.0, -90.0, 90.0);
                fill(half, color);
            }
            // A magnet, and one with a stroke at it.
            Self::Snap | Self::SnapStrokes => {
                let bow = arc(at(0.0, 0.5), 5.0, 180.0, 360.0);
                path(std::iter::once(at(-5.0, 6.0)).chain(bow).chain([at(5.0, 6.0)]).collect());
                for side in [-1.0, 1.0] {
                    path(vec![at(side * 5.0 - 1.8, 4.0), at(side * 5.0 + 1.8, 4.0)]);
                }
                if self == Self::SnapStrokes {
                    painter.circle_filled(at(0.0, 3.0), 2.2, color);
                }
            }
            Self::Wand => {
                path(vec![at(-5.5, 5.5), at(1.5, -1.5)]);
                for (from, to) in [((4.0, -6.5), (4.0, -1.5)), ((1.5, -4.0), (6.5, -4.0))] {
                    path(vec![at(from.0, from.1), at(to.0, to.1)]);
                }
            }
            Self::Add | Self::Subtract | Self::Intersect => {
                let [one, other] =
                    [(-2.0, -1.5), (2.0, 1.5)].map(|(x, y)| Rect::from_center_size(at(x, y), vec2(8.5, 8.5)));
                match self {
                    Self::Add => {
                        painter.rect_filled(one, 1.0, color);
                        painter.rect_filled(other, 1.0, color);
                    }
                    Self::Subtract => {
                        fill(
                            vec![
                                one.left_top(),
                                one.right_top(),
                                egui::pos2(one.max.x, other.min.y),
                                other.left_top(),
                            ],
                            color,
                        );
                        fill(
                            vec![
                                one.left_top(),
                                other.left_top(),
                                egui::pos2(other.min.x, one.max.y),
                                one.left_bottom(),
                            ],
                            color,
                        );
                        painter.rect_stroke(other, 1.0, Stroke::new(1.0, faint), StrokeKind::Inside);
                    }
                    _ => {
                        for rect in [one, other] {
                            painter.rect_stroke(rect, 1.0, Stroke::new(1.0, faint), StrokeKind::Inside);
                        }
                        painter.rect_filled(one.intersect(other), 0.0, color);
                    }
                }
            }
        }
    }
}
