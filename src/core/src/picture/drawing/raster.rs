//! Strokes to pixels. Sums, products, quotients and square roots only, in f32, so that every machine draws
//! the same bytes.

use std::ops::Range;

use image::GrayImage;
use rayon::prelude::*;

use super::{Mode, Shape, Stroke};
use crate::picture::MIN_SIDE;

/// The longer side of a drawn mask in pixels.
pub const LONG_SIDE: u32 = 1024;

/// Width and height of a drawn mask for a content of these dimensions.
pub fn size_for((width, height): (u32, u32)) -> (u32, u32) {
    let scaled = |side: u32| {
        let side = u64::from(side) * u64::from(LONG_SIDE) / u64::from(width.max(height).max(1));
        u32::try_from(side).unwrap_or(LONG_SIDE).clamp(MIN_SIDE, LONG_SIDE)
    };
    (scaled(width), scaled(height))
}

impl Mode {
    /// What becomes of a value m of the mask if the shape covers it by s, both 0 to 1.
    pub fn apply(self, m: f32, s: f32) -> f32 {
        match self {
            Mode::Add => m + s * (1.0 - m),
            Mode::Subtract => m * (1.0 - s),
            Mode::Intersect => m * s,
            Mode::Replace => s,
            Mode::Invert => m * (1.0 - s) + (1.0 - m) * s,
        }
    }

    /// The same for a pixel.
    pub fn change(self, pixel: &mut image::Luma<u8>, s: f32) {
        pixel[0] = (self.apply(f32::from(pixel[0]) / 255.0, s) * 255.0 + 0.5) as u8;
    }
}

/// Draw a stroke on what is there, at any size.
///
/// # Errors
///
/// In words, if the stroke cannot be drawn.
pub fn draw(pixels: &mut GrayImage, stroke: &Stroke) -> Result<(), String> {
    stroke.validate()?;
    let (width, height) = pixels.dimensions();
    let canvas = Canvas { width: width as usize, height: height as usize };
    let cover = match &stroke.shape {
        Shape::All => vec![1.0; canvas.len()],
        Shape::Brush { points, radius, hardness } => canvas.brush(points, *radius, *hardness),
        Shape::Gradient { from, to } => canvas.gradient(*from, *to),
        Shape::Ellipse { centre, radii, feather } => canvas.ellipse(*centre, *radii, *feather),
        Shape::Path { points, feather } => canvas.path(points, *feather),
        Shape::Pixels(own) => {
            let own = own.decode()?;
            if own.dimensions() != (width, height) {
                return Err(format!(
                    "a stroke of a mask has {}×{} pixels, but the mask {width}×{height}",
                    own.width(),
                    own.height()
                ));
            }
            own.pixels().map(|pixel| f32::from(pixel[0]) / 255.0).collect()
        }
    };
    for (pixel, cover) in pixels.pixels_mut().zip(cover) {
        stroke.mode.change(pixel, cover * stroke.opacity);
    }
    Ok(())
}

/// How near the line of a brush passes each pixel's middle, while the line grows.
pub struct Trace {
    canvas: Canvas,
    /// In pixels.
    radius: f32,
    /// Squares of the distances; the radius' own beyond it.
    squares: Vec<f32>,
}

impl Trace {
    /// No line yet, on this many pixels; the radius is in fractions of the longer side.
    pub fn new((width, height): (u32, u32), radius: f32) -> Self {
        let canvas = Canvas { width: width as usize, height: height as usize };
        // Smaller than a pixel's diagonal it would fall between the pixels' middles.
        let radius = (radius * canvas.long_side()).max(0.75);
        let squares = vec![radius * radius; canvas.len()];
        Self { canvas, radius, squares }
    }

    /// Draw a line between two points, and give the columns and rows that it may have changed.
    pub fn line(&mut self, from: [f32; 2], to: [f32; 2]) -> [Range<usize>; 2] {
        let (from, to) = (self.canvas.place(from), self.canvas.place(to));
        let span = |axis: usize, side: usize| {
            let low = (from[axis].min(to[axis]) - self.radius).floor().clamp(0.0, side as f32);
            let high = (from[axis].max(to[axis]) + self.radius).ceil().clamp(0.0, side as f32);
            low as usize..high as usize
        };
        let (columns, rows) = (span(0, self.canvas.width), span(1, self.canvas.height));
        for y in rows.clone() {
            let row = &mut self.squares[y * self.canvas.width..][columns.clone()];
            for (x, square) in columns.clone().zip(row) {
                *square = square.min(square_to_line([x as f32 + 0.5, y as f32 + 0.5], from, to));
            }
        }
        [columns, rows]
    }

    /// How much a pixel is covered, 0 to 1.
    pub fn cover(&self, x: usize, y: usize, hardness: f32) -> f32 {
        self.cover_at(self.squares[y * self.canvas.width + x], hardness)
    }

    fn cover_at(&self, square: f32, hardness: f32) -> f32 {
        let edge = (self.radius - self.radius * hardness).max(1.0);
        smooth((self.radius - square.sqrt()) / edge)
    }
}

struct Canvas {
    width: usize,
    height: usize,
}

impl Canvas {
    fn len(&self) -> usize {
        self.width * self.height
    }

    fn long_side(&self) -> f32 {
        self.width.max(self.height) as f32
    }

    /// A point in pixels.
    fn place(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [x * self.width as f32, y * self.height as f32]
    }

    /// Evaluate at each pixel's middle.
    fn each(&self, at: impl Fn([f32; 2]) -> f32 + Sync) -> Vec<f32> {
        let mut all = vec![0.0; self.len()];
        all.par_chunks_mut(self.width).enumerate().for_each(|(y, row)| {
            for (x, value) in row.iter_mut().enumerate() {
                *value = at([x as f32 + 0.5, y as f32 + 0.5]);
            }
        });
        all
    }

    fn brush(&self, points: &[[f32; 2]], radius: f32, hardness: f32) -> Vec<f32> {
        let mut trace = Trace::new((self.width as u32, self.height as u32), radius);
        trace.line(points[0], points[0]);
        for pair in points.windows(2) {
            trace.line(pair[0], pair[1]);
        }
        let squares = std::mem::take(&mut trace.squares);
        squares.into_iter().map(|square| trace.cover_at(square, hardness)).collect()
    }

    fn gradient(&self, from: [f32; 2], to: [f32; 2]) -> Vec<f32> {
        let (from, to) = (self.place(from), self.place(to));
        let along = [to[0] - from[0], to[1] - from[1]];
        let square = (along[0] * along[0] + along[1] * along[1]).max(1e-6);
        self.each(|[x, y]| {
            let place = ((x - from[0]) * along[0] + (y - from[1]) * along[1]) / square;
            1.0 - place.clamp(0.0, 1.0)
        })
    }

    fn ellipse(&self, centre: [f32; 2], radii: [f32; 2], feather: f32) -> Vec<f32> {
        let centre = self.place(centre);
        let radii = radii.map(|radius| (radius * self.long_side()).abs().max(0.5));
        let feather = (feather * self.long_side()).max(1.0);
        self.each(|[x, y]| {
            let [u, v] = [(x - centre[0]) / radii[0], (y - centre[1]) / radii[1]];
            let length = (u * u + v * v).sqrt();
            // Distance to the edge, to first order: (1 − f)/|∇f| with f = length.
            let [a, b] = [u / radii[0], v / radii[1]];
            let slope = (a * a + b * b).sqrt() / length.max(1e-6);
            smooth((1.0 - length) / slope.max(1e-9) / feather + 0.5)
        })
    }

    fn path(&self, points: &[[f32; 2]], feather: f32) -> Vec<f32> {
        let points: Vec<[f32; 2]> = points.iter().map(|&point| self.place(point)).collect();
        let feather = (feather * self.long_side()).max(1.0);
        let closed = || points.iter().zip(points.iter().cycle().skip(1)).map(|(&from, &to)| [from, to]);
        let mut all = vec![0.0; self.len()];
        all.par_chunks_mut(self.width).enumerate().for_each(|(y, row)| {
            let y = y as f32 + 0.5;
            let crossings = closed().filter(|[from, to]| (from[1] <= y) != (to[1] <= y));
            let mut crossings: Vec<f32> = crossings
                .map(|[from, to]| from[0] + (y - from[1]) / (to[1] - from[1]) * (to[0] - from[0]))
                .collect();
            crossings.sort_by(f32::total_cmp);
            // Lines whose edge reaches this row.
            let near: Vec<[[f32; 2]; 2]> = closed()
                .filter(|[from, to]| from[1].min(to[1]) - feather < y && y < from[1].max(to[1]) + feather)
                .collect();
            for (x, value) in row.iter_mut().enumerate() {
                let x = x as f32 + 0.5;
                let inside = crossings.iter().filter(|&&crossing| crossing < x).count() % 2 == 1;
                let square = near
                    .iter()
                    .map(|&[from, to]| square_to_line([x, y], from, to))
                    .fold(feather * feather, f32::min);
                let distance = if inside { square.sqrt() } else { -square.sqrt() };
                *value = smooth(distance / feather + 0.5);
            }
        });
        all
    }
}

/// Square of a point's distance to a line between two points.
fn square_to_line([x, y]: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    let length = dx * dx + dy * dy;
    let share = if length > 0.0 { ((x - from[0]) * dx + (y - from[1]) * dy) / length } else { 0.0 };
    let share = share.clamp(0.0, 1.0);
    let [u, v] = [x - from[0] - share * dx, y - from[1] - share * dy];
    u * u + v * v
}

/// 3t² − 2t³ between 0 and 1.
fn smooth(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
