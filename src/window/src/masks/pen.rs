//! A stroke that is being drawn: from the pointer's path to shapes of a mask.

use egui::{Modifiers, PointerButton, Pos2, Rect, Vec2, vec2};

use super::tool::{Numbers, Tool};
use impasto_core::picture::drawing::{MAX_POINTS, Mode, Shape, Stroke};

/// Points of a brush's line are at least this part of its radius apart; those of a path drawn by hand at
/// least this part of the picture's longer side.
const APART: f32 = 1.0 / 6.0;
const PATH_APART: f32 = 0.004;
/// A shape that is smaller, in fractions of the longer side, was not meant.
const SMALLEST: f32 = 0.002;
/// How far outside of the picture points may be, in its sides.
const OUTSIDE: f32 = 8.0;
/// So far the pointer moves, in points of the screen, before a click on a path becomes a line drawn by hand,
/// and so near to the first corner it closes the path.
const BY_HAND: f32 = 6.0;
const CLOSES: f32 = 9.0;

/// Where the picture is on the screen, and what of it is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pane {
    pub clip: Rect,
    pub place: Rect,
}

impl Pane {
    /// In fractions of the picture's width and height.
    pub fn in_picture(&self, pos: Pos2) -> [f32; 2] {
        let at = (pos - self.place.min) / self.place.size();
        [at.x, at.y].map(|part| if part.is_finite() { part.clamp(-OUTSIDE, 1.0 + OUTSIDE) } else { 0.0 })
    }

    pub fn on_screen(&self, [x, y]: [f32; 2]) -> Pos2 {
        self.place.min + vec2(x, y) * self.place.size()
    }

    /// The picture's longer side in points.
    pub fn longer(&self) -> f32 {
        self.place.size().max_elem()
    }

    /// Its sides in fractions of the longer one.
    pub fn shape(&self) -> Vec2 {
        self.place.size() / self.longer().max(1e-3)
    }
}

/// The points of a line, as many as it needs.
#[derive(Clone, Debug)]
pub struct Trail {
    /// The picture's sides in fractions of the longer one, which distances are measured in.
    shape: Vec2,
    apart: f32,
    kept: Vec<[f32; 2]>,
    /// Where the pointer is, which is kept if the line ends there.
    tip: [f32; 2],
}

impl Trail {
    pub fn new(first: [f32; 2], shape: Vec2, apart: f32) -> Self {
        Self { shape, apart, kept: vec![first], tip: first }
    }

    fn distance(&self, [x0, y0]: [f32; 2], [x1, y1]: [f32; 2]) -> f32 {
        (vec2(x1 - x0, y1 - y0) * self.shape).length()
    }

    /// Lead the line on to here.
    pub fn go(&mut self, point: [f32; 2]) {
        self.tip = point;
        if self.kept.last().is_none_or(|&last| self.distance(last, point) >= self.apart) {
            self.kept.push(point);
        }
    }

    /// Make a corner here.
    fn corner(&mut self, point: [f32; 2]) {
        self.tip = point;
        if self.kept.last().is_none_or(|&last| self.distance(last, point) > 0.0) {
            self.kept.push(point);
        }
    }

    /// Take the last corner back; false if none is left then.
    pub fn take_back(&mut self) -> bool {
        self.kept.pop();
        !self.kept.is_empty()
    }

    pub fn first(&self) -> [f32; 2] {
        self.kept.first().copied().unwrap_or(self.tip)
    }

    pub fn tip(&self) -> [f32; 2] {
        self.tip
    }

    /// The points that stay, without the tip.
    pub fn kept(&self) -> &[[f32; 2]] {
        &self.kept
    }

    /// All points of the line.
    pub fn points(&self) -> Vec<[f32; 2]> {
        let tip = Some(self.tip).filter(|tip| self.kept.last() != Some(tip));
        self.kept.iter().copied().chain(tip).collect()
    }

    /// How long it is from its first point to the tip, as the crow flies.
    fn reach(&self) -> f32 {
        self.distance(self.first(), self.tip)
    }

    /// How far the tip is to the right of the first point.
    pub fn across(&self) -> f32 {
        (self.tip[0] - self.first()[0]) * self.shape.x
    }

    /// The tip moved so that both sides are equal, or to the nearest multiple of 45°.
    fn regular(&self, point: [f32; 2], tool: Tool) -> [f32; 2] {
        let first = self.first();
        let by = vec2(point[0] - first[0], point[1] - first[1]) * self.shape;
        let by = match tool {
            Tool::Ellipse => Vec2::splat(by.abs().max_elem()) * vec2(by.x.signum(), by.y.signum()),
            _ => {
                let step = std::f32::consts::FRAC_PI_4;
                Vec2::angled((by.angle() / step).round() * step) * by.length()
            }
        };
        let by = by / self.shape;
        [first[0] + by.x, first[1] + by.y]
    }
}

/// A line in pieces of at most so many points, each beginning where the one before ends.
fn pieces(points: &[[f32; 2]], most: usize) -> impl Iterator<Item = Vec<[f32; 2]>> + '_ {
    let step = most.max(2) - 1;
    let starts = (0..points.len().max(2) - 1).step_by(step);
    starts.map(move |start| points[start..points.len().min(start + step + 1)].to_vec())
}

/// What is being drawn, from the press on.
#[derive(Clone, Debug)]
pub struct Pen {
    pub tool: Tool,
    pub mode: Mode,
    /// Those at the press.
    pub numbers: Numbers,
    pub trail: Trail,
    /// Index of the pane that it is drawn in.
    pub pane: usize,
    /// The button that draws; none between the corners of a path.
    button: Option<PointerButton>,
    /// Shift was held at the press, where it means another thing.
    shift: bool,
    /// Where the last press was on the screen, and whether a line is drawn by hand from there.
    pressed: Pos2,
    by_hand: bool,
    corners: usize,
}

/// What is to be done with the pen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    GoOn,
    Lift,
}

impl Pen {
    /// A press at a point of the screen. `last` is where the last stroke ended, which shift goes on from.
    pub fn press(
        (tool, mode, numbers): (Tool, Mode, Numbers),
        (index, pane): (usize, &Pane),
        (pos, button, held): (Pos2, PointerButton, Modifiers),
        last: Option<[f32; 2]>,
    ) -> Self {
        let point = pane.in_picture(pos);
        let apart = match tool {
            Tool::Brush | Tool::Eraser => APART * numbers.radius,
            Tool::Path => PATH_APART,
            // From the first point to the tip.
            Tool::Line | Tool::Gradient | Tool::Ellipse | Tool::Wand => f32::INFINITY,
        };
        let mut trail = Trail::new(point, pane.shape(), apart);
        if let Some(last) = last.filter(|_| held.shift && tool.is_brush()) {
            trail = Trail::new(last, pane.shape(), apart);
            trail.go(point);
        }
        Self {
            tool,
            mode,
            numbers,
            trail,
            pane: index,
            button: Some(button),
            shift: held.shift,
            pressed: pos,
            by_hand: false,
            corners: 1,
        }
    }

    /// Whether this is a path that waits for more corners.
    pub fn is_open_path(&self) -> bool {
        self.tool == Tool::Path
    }

    /// A further press, which makes a corner of a path, or closes it.
    pub fn press_again(&mut self, pos: Pos2, pane: &Pane, button: PointerButton) -> Then {
        if self.tool != Tool::Path || self.button.is_some() {
            return Then::GoOn;
        }
        if self.trail.kept.len() >= 3 && pane.on_screen(self.trail.first()).distance(pos) <= CLOSES {
            return Then::Lift;
        }
        self.trail.corner(pane.in_picture(pos));
        (self.button, self.pressed, self.by_hand) = (Some(button), pos, false);
        self.corners += 1;
        Then::GoOn
    }

    /// The pointer has moved.
    pub fn go(&mut self, pos: Pos2, pane: &Pane, held: Modifiers) {
        let point = pane.in_picture(pos);
        match self.tool {
            Tool::Path => {
                self.by_hand |= self.button.is_some() && pos.distance(self.pressed) > BY_HAND;
                if self.by_hand && self.button.is_some() && self.trail.kept.len() < MAX_POINTS {
                    self.trail.go(point);
                } else {
                    self.trail.tip = point;
                }
            }
            Tool::Brush | Tool::Eraser => self.trail.go(point),
            Tool::Wand => self.trail.tip = point,
            Tool::Line | Tool::Gradient | Tool::Ellipse => {
                let regular = held.shift && !self.shift;
                self.trail.tip = if regular { self.trail.regular(point, self.tool) } else { point };
            }
        }
    }

    /// A button was released here.
    pub fn release(&mut self, button: PointerButton) -> Then {
        if self.button != Some(button) {
            return Then::GoOn;
        }
        self.button = None;
        match self.tool {
            // A path that is drawn in one go is closed by letting it go.
            Tool::Path if !(self.by_hand && self.corners == 1) => Then::GoOn,
            _ => Then::Lift,
        }
    }

    /// Whether a button holds it.
    pub fn is_held(&self) -> bool {
        self.button.is_some()
    }

    /// What it draws; nothing if that is too small to be meant.
    pub fn strokes(&self) -> Vec<Stroke> {
        let Numbers { radius, hardness, opacity, feather, .. } = self.numbers;
        let [x0, y0] = self.trail.first();
        let [x1, y1] = self.trail.tip;
        let shapes = match self.tool {
            Tool::Brush | Tool::Eraser | Tool::Line => {
                let points = self.trail.points();
                pieces(&points, MAX_POINTS).map(|points| Shape::Brush { points, radius, hardness }).collect()
            }
            Tool::Path if self.trail.kept.len() < 3 => Vec::new(),
            Tool::Path => {
                let mut points = self.trail.kept.clone();
                points.truncate(MAX_POINTS);
                vec![Shape::Path { points, feather }]
            }
            // Its shape comes from the network.
            Tool::Wand => Vec::new(),
            _ if self.trail.reach() < SMALLEST => Vec::new(),
            Tool::Gradient => vec![Shape::Gradient { from: [x0, y0], to: [x1, y1] }],
            Tool::Ellipse => {
                let middle = [(x0 + x1) / 2.0, (y0 + y1) / 2.0];
                let radii = vec2(x1 - x0, y1 - y0).abs() * self.trail.shape / 2.0;
                vec![Shape::Ellipse { centre: middle, radii: [radii.x, radii.y], feather }]
            }
        };
        shapes.into_iter().map(|shape| Stroke { shape, mode: self.mode, opacity }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    /// A picture of 200 by 100 points at 10, 20.
    fn pane() -> Pane {
        let place = Rect::from_min_size(pos2(10.0, 20.0), vec2(200.0, 100.0));
        Pane { clip: place, place }
    }

    fn pen(tool: Tool, pos: Pos2, held: Modifiers, last: Option<[f32; 2]>) -> Pen {
        let press = (pos, PointerButton::Primary, held);
        Pen::press((tool, Mode::Add, Numbers::default()), (0, &pane()), press, last)
    }

    fn drag(tool: Tool, to: &[Pos2], held: Modifiers) -> Pen {
        let mut pen = pen(tool, to[0], Modifiers::NONE, None);
        to[1..].iter().for_each(|&pos| pen.go(pos, &pane(), held));
        pen
    }

    #[test]
    fn a_line_keeps_the_points_that_it_needs_and_its_end() {
        let mut trail = Trail::new([0.0, 0.5], vec2(1.0, 0.5), 0.045);
        (1..=100).for_each(|step| trail.go([step as f32 / 100.0, 0.5]));
        assert_eq!(trail.kept.len(), 21);
        trail.go([1.0, 0.52]);
        assert_eq!(trail.points().last(), Some(&[1.0, 0.52]));
        let apart = trail.kept.windows(2).map(|pair| trail.distance(pair[0], pair[1]));
        assert!(apart.fold(f32::INFINITY, f32::min) >= 0.045);
        // Upwards the same distance is twice the fraction.
        let mut trail = Trail::new([0.0, 0.0], vec2(1.0, 0.5), 0.05);
        trail.go([0.0, 0.09]);
        assert_eq!(trail.kept.len(), 1);
        trail.go([0.0, 0.11]);
        assert_eq!(trail.kept.len(), 2);
    }

    #[test]
    fn a_long_line_comes_in_pieces_that_hang_together() {
        let points: Vec<[f32; 2]> = (0..10).map(|x| [x as f32, 0.0]).collect();
        let all: Vec<Vec<[f32; 2]>> = pieces(&points, 4).collect();
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 4]);
        assert!(all.windows(2).all(|pair| pair[0].last() == pair[1].first()));
        assert_eq!(all.last().unwrap().last(), Some(&[9.0, 0.0]));
        assert_eq!(pieces(&points[..1], 4).collect::<Vec<_>>(), [vec![[0.0, 0.0]]]);
        assert_eq!(pieces(&points[..5], 4).map(|piece| piece.len()).collect::<Vec<_>>(), [4, 2]);
        let mut long = pen(Tool::Brush, pos2(10.0, 20.0), Modifiers::NONE, None);
        for turn in 0..2 * MAX_POINTS {
            long.go(pos2(if turn % 2 == 0 { 200.0 } else { 20.0 }, 60.0), &pane(), Modifiers::NONE);
        }
        let strokes = long.strokes();
        assert_eq!(strokes.len(), 3);
        strokes.iter().for_each(|stroke| stroke.validate().unwrap());
    }

    #[test]
    fn drags_become_shapes_in_the_pictures_fractions() {
        let (from, to) = (pos2(60.0, 45.0), pos2(160.0, 95.0));
        let gradient = drag(Tool::Gradient, &[from, pos2(90.0, 90.0), to], Modifiers::NONE).strokes();
        assert_eq!(gradient[0].shape, Shape::Gradient { from: [0.25, 0.25], to: [0.75, 0.75] });
        let ellipse = drag(Tool::Ellipse, &[to, from], Modifiers::NONE).strokes();
        let Shape::Ellipse { centre, radii, .. } = ellipse[0].shape else { panic!("{ellipse:?}") };
        assert_eq!((centre, radii), ([0.5, 0.5], [0.25, 0.125]));
        // Shift makes it a circle, and a line one of 45°.
        let circle = drag(Tool::Ellipse, &[from, to], Modifiers::SHIFT).strokes();
        let Shape::Ellipse { radii: [a, b], .. } = circle[0].shape else { panic!("{circle:?}") };
        assert!((a - 0.25).abs() < 1e-6 && (b - a).abs() < 1e-6);
        let line = drag(Tool::Line, &[from, pos2(160.0, 50.0)], Modifiers::SHIFT).strokes();
        let Shape::Brush { points, .. } = &line[0].shape else { panic!("{line:?}") };
        assert!(points.len() == 2 && (points[1][1] - points[0][1]).abs() < 1e-6, "{points:?}");
        for tool in [Tool::Gradient, Tool::Ellipse, Tool::Path] {
            assert!(drag(tool, &[from], Modifiers::NONE).strokes().is_empty(), "a click is no {tool:?}");
        }
        assert_eq!(drag(Tool::Brush, &[from], Modifiers::NONE).strokes().len(), 1, "a click is a dot");
    }

    #[test]
    fn shift_goes_on_from_the_last_point() {
        let pen = pen(Tool::Brush, pos2(110.0, 70.0), Modifiers::SHIFT, Some([0.0, 0.5]));
        let strokes = pen.strokes();
        let Shape::Brush { points, .. } = &strokes[0].shape else { panic!("{strokes:?}") };
        assert_eq!(*points, [[0.0, 0.5], [0.5, 0.5]]);
    }

    #[test]
    fn a_path_is_closed_by_its_first_corner_or_drawn_in_one_go() {
        let corners = [pos2(30.0, 30.0), pos2(100.0, 30.0), pos2(100.0, 90.0)];
        let mut path = pen(Tool::Path, corners[0], Modifiers::NONE, None);
        let (left, pane) = (PointerButton::Primary, pane());
        assert_eq!(path.release(left), Then::GoOn);
        for corner in &corners[1..] {
            path.go(*corner, &pane, Modifiers::NONE);
            assert_eq!(path.press_again(*corner, &pane, left), Then::GoOn);
            assert_eq!(path.release(left), Then::GoOn);
        }
        path.go(pos2(33.0, 31.0), &pane, Modifiers::NONE);
        assert_eq!(path.press_again(pos2(33.0, 31.0), &pane, left), Then::Lift);
        let strokes = path.strokes();
        let Shape::Path { points, .. } = &strokes[0].shape else { panic!("{strokes:?}") };
        assert_eq!(points.len(), 3);

        let mut lasso = pen(Tool::Path, corners[0], Modifiers::NONE, None);
        for step in 0..40 {
            let at = vec2((step as f32 / 6.0).cos(), (step as f32 / 6.0).sin()) * 30.0;
            lasso.go(pos2(110.0, 70.0) + at, &pane, Modifiers::NONE);
        }
        assert_eq!(lasso.release(left), Then::Lift);
        assert_eq!(lasso.strokes().len(), 1);
    }
}
