//! Icons, drawn: sharp at every scale, and no font has to have them.

mod drawing;

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

pub use drawing::ToolIcon;

/// A picture on a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Play,
    Pause,
    Step,
    Stop,
    Restart,
    Save,
    Copy,
    Swap,
    Close,
    Plus,
    Help,
    Theme,
    PanelLeft,
    PanelRight,
    PanelBottom,
    Warning,
    Open,
    More,
    Fit,
    Up,
    Down,
    Hold,
    Eye,
    EyeOff,
    Lab,
    Wave,
    Record,
    Faders,
    Undo,
    Redo,
    History,
    Split,
    Sides,
    Wrap,
    Flip,
    Pin,
    Find,
    Pen,
    Queue,
    Check,
    Grid,
    Link,
    Lock,
    Dice,
    Mask,
    Tool(ToolIcon),
}

impl Icon {
    /// Draw the icon into a square of 16 points around `center`.
    pub fn paint(self, painter: &Painter, center: Pos2, color: Color32) {
        let at = |x: f32, y: f32| center + vec2(x, y);
        let line = Stroke::new(1.5, color);
        let path = |points: Vec<Pos2>| painter.add(Shape::line(points, line));
        let fill = |points: Vec<Pos2>| painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        let block = |x0: f32, y0: f32, x1: f32, y1: f32| {
            painter.rect_filled(Rect::from_min_max(at(x0, y0), at(x1, y1)), 1.0, color);
        };
        let frame = |x0: f32, y0: f32, x1: f32, y1: f32| {
            painter.rect_stroke(
                Rect::from_min_max(at(x0, y0), at(x1, y1)),
                1.5,
                line,
                egui::StrokeKind::Middle,
            );
        };
        match self {
            Icon::Play => {
                fill(vec![at(-4.5, -6.5), at(6.5, 0.0), at(-4.5, 6.5)]);
            }
            Icon::Pause => {
                block(-5.0, -6.0, -1.5, 6.0);
                block(1.5, -6.0, 5.0, 6.0);
            }
            Icon::Step => {
                fill(vec![at(-5.5, -6.0), at(3.0, 0.0), at(-5.5, 6.0)]);
                block(3.5, -6.0, 5.8, 6.0);
            }
            Icon::Stop => block(-5.0, -5.0, 5.0, 5.0),
            Icon::Restart => {
                path(arc(center, 5.5, -60.0, 230.0));
                let tip = at(5.5 * (-60f32).to_radians().cos(), 5.5 * (-60f32).to_radians().sin());
                fill(vec![tip + vec2(-3.6, -2.6), tip + vec2(2.6, -0.6), tip + vec2(-2.2, 3.8)]);
            }
            Icon::Save => {
                path(vec![at(0.0, -7.0), at(0.0, 2.5)]);
                path(vec![at(-3.8, -1.2), at(0.0, 2.6), at(3.8, -1.2)]);
                path(vec![at(-6.5, 2.5), at(-6.5, 6.5), at(6.5, 6.5), at(6.5, 2.5)]);
            }
            Icon::Copy => {
                frame(-2.5, -2.5, 6.0, 6.0);
                path(vec![at(-2.5, 2.5), at(-6.0, 2.5), at(-6.0, -6.0), at(2.5, -6.0), at(2.5, -2.5)]);
            }
            Icon::Swap => {
                path(vec![at(-3.0, 6.0), at(-3.0, -5.5)]);
                path(vec![at(-6.0, -2.5), at(-3.0, -5.8), at(0.0, -2.5)]);
                path(vec![at(3.0, -6.0), at(3.0, 5.5)]);
                path(vec![at(0.0, 2.5), at(3.0, 5.8), at(6.0, 2.5)]);
            }
            // A matrix: three by three squares, those on the diagonal full.
            Icon::Lab => {
                for row in 0..3 {
                    for column in 0..3 {
                        let (x, y) = (-6.5 + 4.6 * column as f32, -6.5 + 4.6 * row as f32);
                        if row == column {
                            block(x, y, x + 3.8, y + 3.8);
                        } else {
                            frame(x + 0.5, y + 0.5, x + 3.3, y + 3.3);
                        }
                    }
                }
            }
            Icon::Wave => {
                let point = |index: i32| {
                    let x = index as f32 / 12.0;
                    at(6.5 * x, -5.0 * (x * std::f32::consts::PI).sin())
                };
                path((-12..=12).map(point).collect());
            }
            Icon::Faders => {
                for (x, y) in [(-4.5, 2.0), (0.0, -2.5), (4.5, 0.5)] {
                    path(vec![at(x, -6.5), at(x, 6.5)]);
                    block(x - 2.2, y - 1.4, x + 2.2, y + 1.4);
                }
            }
            Icon::Record => {
                painter.circle_filled(center, 5.0, color);
            }
            Icon::Up => {
                path(vec![at(-5.0, 2.5), at(0.0, -2.8), at(5.0, 2.5)]);
            }
            Icon::Down => {
                path(vec![at(-5.0, -2.5), at(0.0, 2.8), at(5.0, -2.5)]);
            }
            // A padlock.
            Icon::Hold => {
                block(-5.0, -0.5, 5.0, 6.5);
                path(vec![
                    at(-3.0, -0.5),
                    at(-3.0, -4.0),
                    at(-1.5, -6.2),
                    at(1.5, -6.2),
                    at(3.0, -4.0),
                    at(3.0, -0.5),
                ]);
            }
            Icon::Eye | Icon::EyeOff => {
                let lid = |side: f32| -> Vec<Pos2> {
                    (0..=16)
                        .map(|i| {
                            let t = i as f32 / 8.0 - 1.0;
                            at(7.0 * t, side * 4.6 * (1.0 - t * t))
                        })
                        .collect()
                };
                path(lid(-1.0));
                path(lid(1.0));
                if self == Icon::Eye {
                    painter.circle_filled(center, 2.2, color);
                } else {
                    path(vec![at(-5.5, 5.5), at(5.5, -5.5)]);
                }
            }
            Icon::Undo | Icon::Redo => {
                let side = if self == Icon::Undo { 1.0 } else { -1.0 };
                let bow = arc(center + vec2(0.0, 1.0), 5.0, -90.0, 90.0);
                let bow = bow.iter().map(|point| center + (*point - center) * vec2(side, 1.0));
                path(
                    std::iter::once(at(-5.5 * side, -4.0)).chain(bow).chain([at(-3.0 * side, 6.0)]).collect(),
                );
                path(vec![at(-2.5 * side, -7.2), at(-6.0 * side, -4.0), at(-2.5 * side, -0.8)]);
            }
            Icon::Split => {
                frame(-6.5, -5.5, 6.5, 5.5);
                block(-5.5, -4.5, 0.0, 4.5);
                path(vec![at(0.0, -7.5), at(0.0, 7.5)]);
            }
            Icon::Sides => {
                frame(-7.0, -4.5, -1.0, 4.5);
                frame(1.0, -4.5, 7.0, 4.5);
            }
            Icon::Wrap => {
                for x in [-5.0, 0.0, 5.0] {
                    for y in [-5.0, 0.0, 5.0] {
                        block(x - 1.8, y - 1.8, x + 1.8, y + 1.8);
                    }
                }
            }
            // One sheet before another.
            Icon::Flip => {
                frame(-2.0, -6.0, 6.0, 2.0);
                block(-6.0, -2.0, 2.0, 6.0);
            }
            Icon::Pin => {
                path(vec![at(0.0, 1.5), at(0.0, 7.0)]);
                path(vec![at(-4.5, 1.5), at(4.5, 1.5)]);
                block(-2.6, -6.5, 2.6, 1.5);
                path(vec![at(-4.0, -6.5), at(4.0, -6.5)]);
            }
            Icon::Find => {
                painter.circle_stroke(center + vec2(-1.2, -1.2), 4.6, line);
                path(vec![at(2.2, 2.2), at(6.4, 6.4)]);
            }
            Icon::History => {
                painter.circle_stroke(center, 6.2, line);
                path(vec![at(0.0, -3.6), at(0.0, 0.4), at(2.8, 2.0)]);
            }
            Icon::Pen => {
                path(vec![
                    at(-5.5, 5.5),
                    at(-4.5, 2.0),
                    at(3.5, -6.0),
                    at(6.0, -3.5),
                    at(-2.0, 4.5),
                    at(-5.5, 5.5),
                ]);
                path(vec![at(1.2, -3.7), at(3.7, -1.2)]);
            }
            // Two links of a chain.
            Icon::Link => {
                for side in [-1.0, 1.0] {
                    let link = Rect::from_center_size(at(2.6 * side, 0.0), vec2(7.4, 5.2));
                    painter.rect_stroke(link, 2.6, Stroke::new(1.3, color), egui::StrokeKind::Middle);
                }
            }
            // A small padlock.
            Icon::Lock => {
                block(-3.5, -0.5, 3.5, 4.5);
                let bow = vec![
                    at(-2.0, -0.5),
                    at(-2.0, -3.0),
                    at(-1.0, -4.2),
                    at(1.0, -4.2),
                    at(2.0, -3.0),
                    at(2.0, -0.5),
                ];
                painter.add(Shape::line(bow, Stroke::new(1.2, color)));
            }
            Icon::Dice => {
                frame(-6.0, -6.0, 6.0, 6.0);
                for (x, y) in [(-2.8, -2.8), (0.0, 0.0), (2.8, 2.8), (2.8, -2.8), (-2.8, 2.8)] {
                    painter.circle_filled(at(x, y), 1.2, color);
                }
            }
            Icon::Close => {
                path(vec![at(-4.0, -4.0), at(4.0, 4.0)]);
                path(vec![at(-4.0, 4.0), at(4.0, -4.0)]);
            }
            Icon::Plus => {
                path(vec![at(-5.0, 0.0), at(5.0, 0.0)]);
                path(vec![at(0.0, -5.0), at(0.0, 5.0)]);
            }
            Icon::Help => {
                painter.circle_stroke(center, 6.5, line);
                path(arc(center + vec2(0.0, -1.4), 2.2, 180.0, 400.0));
                path(vec![at(1.4, 0.2), at(0.0, 1.6), at(0.0, 2.2)]);
                painter.circle_filled(at(0.0, 4.2), 0.9, color);
            }
            Icon::Theme => {
                painter.circle_stroke(center, 6.0, line);
                let mut half = arc(center, 6.0, 90.0, 270.0);
                half.push(at(0.0, -6.0));
                fill(half);
            }
            Icon::PanelLeft | Icon::PanelRight | Icon::PanelBottom => {
                frame(-6.5, -5.5, 6.5, 5.5);
                match self {
                    Icon::PanelLeft => block(-5.5, -4.5, -2.0, 4.5),
                    Icon::PanelRight => block(2.0, -4.5, 5.5, 4.5),
                    _ => block(-5.5, 1.0, 5.5, 4.5),
                }
            }
            Icon::Warning => {
                path(vec![at(0.0, -6.0), at(6.5, 5.5), at(-6.5, 5.5), at(0.0, -6.0), at(6.5, 5.5)]);
                path(vec![at(0.0, -1.8), at(0.0, 1.8)]);
                painter.circle_filled(at(0.0, 3.7), 0.9, color);
            }
            Icon::Open => {
                path(vec![
                    at(-6.5, 5.0),
                    at(-6.5, -5.0),
                    at(-2.0, -5.0),
                    at(-0.5, -3.0),
                    at(6.0, -3.0),
                    at(6.0, 5.0),
                    at(-6.5, 5.0),
                ]);
            }
            // Lines of a list, the first of them in work.
            Icon::Queue => {
                block(-6.5, -6.0, -2.5, -2.0);
                path(vec![at(0.0, -4.0), at(6.5, -4.0)]);
                path(vec![at(-6.5, 1.0), at(6.5, 1.0)]);
                path(vec![at(-6.5, 5.5), at(6.5, 5.5)]);
            }
            Icon::Grid => {
                for (x, y) in [(-6.5, -6.5), (0.8, -6.5), (-6.5, 0.8), (0.8, 0.8)] {
                    block(x, y, x + 5.7, y + 5.7);
                }
            }
            Icon::Check => {
                path(vec![at(-5.0, 0.5), at(-1.5, 4.0), at(5.0, -4.0)]);
            }
            Icon::More => {
                for x in [-4.5, 0.0, 4.5] {
                    painter.circle_filled(at(x, 0.0), 1.5, color);
                }
            }
            // A part of a picture.
            Icon::Mask => {
                frame(-6.5, -5.5, 6.5, 5.5);
                let part = Rect::from_center_size(at(-1.0, 0.5), vec2(6.5, 5.0));
                painter.rect_filled(part, 2.5, color);
            }
            Icon::Tool(tool) => tool.paint(painter, center, color),
            Icon::Fit => {
                for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
                    path(vec![at(2.5 * x, 5.5 * y), at(6.0 * x, 5.5 * y), at(6.0 * x, 2.0 * y)]);
                }
            }
        }
    }
}

fn arc(center: Pos2, radius: f32, from: f32, to: f32) -> Vec<Pos2> {
    (0..=24)
        .map(|i| {
            let angle = (from + (to - from) * i as f32 / 24.0).to_radians();
            pos2(center.x + radius * angle.cos(), center.y + radius * angle.sin())
        })
        .collect()
}

/// The window's icon; `assets/desktop` has it in all sizes.
pub fn window_icon() -> egui::IconData {
    eframe::icon_data::from_png_bytes(&impasto_assets::ICON).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_windows_icon_is_a_round_picture() {
        let icon = window_icon();
        let opacity = |x: u32, y: u32| icon.rgba[((y * icon.width + x) * 4 + 3) as usize];
        assert_eq!((icon.width, icon.height), (128, 128));
        assert_eq!((opacity(0, 0), opacity(64, 64)), (0, 255));
    }
}
