//! The tools that draw masks, and their numbers.

use egui::Modifiers;

use crate::icons::{Icon, ToolIcon};
use impasto_network::vgg::Layer;

/// Smallest and largest radius of the brush, in fractions of the picture's longer side.
pub const RADII: [f32; 2] = [0.001, 0.5];
/// Widest edge of a shape.
pub const WIDEST: f32 = 0.5;
/// What a notch of the wheel, or a press of a bracket, makes of a radius; what it adds to hardness and
/// opacity, to a shape's edge and to what the wand takes.
const GROWTH: f32 = 1.12;
const SHARE: f32 = 0.05;
const FEATHER: f32 = 0.005;
const LIKENESS: f32 = 0.02;
/// The wand's usual layer.
pub const LAYER: Layer = Layer::PAPER_STYLE[3];
/// The wand: likeness from which on a place usually belongs to the mask, and what can be chosen.
pub const ALIKE: f32 = 0.4;
pub const LIKENESSES: [f32; 2] = [-0.5, 0.95];

/// What a press on the canvas begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    #[default]
    Brush,
    Eraser,
    Line,
    Gradient,
    Ellipse,
    Path,
    Wand,
}

impl Tool {
    pub const ALL: [Tool; 7] =
        [Tool::Brush, Tool::Eraser, Tool::Line, Tool::Gradient, Tool::Ellipse, Tool::Path, Tool::Wand];

    pub fn name(self) -> &'static str {
        match self {
            Tool::Brush => "Brush",
            Tool::Eraser => "Eraser",
            Tool::Line => "Straight line",
            Tool::Gradient => "Gradient",
            Tool::Ellipse => "Ellipse",
            Tool::Path => "Path",
            Tool::Wand => "Wand",
        }
    }

    pub fn tooltip(self) -> &'static str {
        match self {
            Tool::Brush => {
                "Paints on the mask; with shift straight on from the last point, with alt or the right button it erases (B)"
            }
            Tool::Eraser => "Takes away from the mask; with shift straight on from the last point (E)",
            Tool::Line => {
                "A straight stroke of the brush: drag it. Shift at the press goes on from the last point, shift while dragging keeps to 45°"
            }
            Tool::Gradient => "From all to nothing: drag from where the mask is full to where it ends",
            Tool::Ellipse => "Drag it from corner to corner; shift while dragging makes a circle",
            Tool::Path => {
                "Drag around what is meant, or click corner by corner; double-click, enter or the first point closes it, backspace takes a corner back, escape all"
            }
            Tool::Wand => {
                "Click a thing in the picture: all that the network sees as alike becomes the mask, up to its edges. Drag to the right for more, to the left for less"
            }
        }
    }

    pub fn icon(self) -> Icon {
        match self {
            Tool::Brush => Icon::Tool(ToolIcon::Brush),
            Tool::Eraser => Icon::Tool(ToolIcon::Eraser),
            Tool::Line => Icon::Tool(ToolIcon::Line),
            Tool::Gradient => Icon::Tool(ToolIcon::Gradient),
            Tool::Ellipse => Icon::Tool(ToolIcon::Ellipse),
            Tool::Path => Icon::Tool(ToolIcon::Path),
            Tool::Wand => Icon::Tool(ToolIcon::Wand),
        }
    }

    /// Whether it draws along a line, as wide as the brush.
    pub fn is_brush(self) -> bool {
        matches!(self, Tool::Brush | Tool::Eraser | Tool::Line)
    }
}

/// The numbers of the tools, in fractions: lengths of the picture's longer side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numbers {
    pub radius: f32,
    pub hardness: f32,
    pub opacity: f32,
    /// Width of a shape's edge.
    pub feather: f32,
    /// The wand's layer, and how alike a place must be.
    pub layer: Layer,
    pub alike: f32,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { radius: 0.05, hardness: 0.5, opacity: 1.0, feather: 0.02, layer: LAYER, alike: ALIKE }
    }
}

impl Numbers {
    /// Make the brush larger by so many notches, a shape's edge wider, or what the wand takes more.
    pub fn grow(&mut self, tool: Tool, notches: f32) {
        if tool.is_brush() {
            self.radius = (self.radius * GROWTH.powf(notches)).clamp(RADII[0], RADII[1]);
        } else if tool == Tool::Wand {
            self.alike = (self.alike - LIKENESS * notches).clamp(LIKENESSES[0], LIKENESSES[1]);
        } else {
            self.feather = (self.feather + FEATHER * notches).clamp(0.0, WIDEST);
        }
    }

    /// Turn the wheel over the canvas, with what is held.
    pub fn wheel(&mut self, tool: Tool, notches: f32, held: Modifiers) {
        let turned = |share: f32| (share + SHARE * notches).clamp(0.0, 1.0);
        if held.command || held.ctrl {
            self.opacity = turned(self.opacity).max(SHARE);
        } else if held.shift {
            self.hardness = turned(self.hardness);
        } else {
            self.grow(tool, notches);
        }
    }
}
