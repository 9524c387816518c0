//! Which hues are inside of a mask.

use egui::{Color32, Mesh, Rect, Shape, ecolor::Hsva, pos2};

/// Degrees over which the mask fades beside the range, and chroma over which it fades below the least.
const FADE: f64 = 12.0;
const CHROMA_FADE: f64 = 0.05;

/// A range of hues, around the circle of colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hues {
    /// In degrees: 0 is red, 120 green, 240 blue.
    pub middle: f64,
    /// From one end to the other, in degrees.
    pub width: f64,
    /// The least difference of the strongest and the weakest of red, green and blue, 0 to 1: greys have no
    /// hue.
    pub chroma: f64,
}

impl Default for Hues {
    /// Blue, as skies are.
    fn default() -> Self {
        Self { middle: 215.0, width: 60.0, chroma: 0.08 }
    }
}

impl Hues {
    /// How far a colour is inside, 0 to 1.
    pub fn inside(self, [red, green, blue]: [u8; 3]) -> f64 {
        let most = red.max(green).max(blue);
        let chroma = f64::from(most - red.min(green).min(blue));
        if chroma == 0.0 {
            return 0.0;
        }
        let [red, green, blue] = [red, green, blue].map(f64::from);
        let most = f64::from(most);
        let hue = 60.0
            * if most == red {
                (green - blue) / chroma
            } else if most == green {
                (blue - red) / chroma + 2.0
            } else {
                (red - green) / chroma + 4.0
            };
        let apart = (hue - self.middle).rem_euclid(360.0);
        let beside = (apart.min(360.0 - apart) - self.width / 2.0).max(0.0) / FADE;
        let below = (self.chroma - chroma / 255.0).max(0.0) / CHROMA_FADE;
        (1.0 - beside).max(0.0) * (1.0 - below).max(0.0)
    }

    /// The parts of a bar from 0 to 360 degrees that are inside, in shares of it.
    pub fn spans(self) -> Vec<[f64; 2]> {
        let [from, to] = [-0.5, 0.5].map(|side| (self.middle + side * self.width) / 360.0);
        match (from < 0.0, to > 1.0) {
            _ if self.width >= 360.0 => vec![[0.0, 1.0]],
            (true, _) => vec![[from + 1.0, 1.0], [0.0, to]],
            (_, true) => vec![[from, 1.0], [0.0, to - 1.0]],
            _ => vec![[from, to]],
        }
    }
}

/// All hues from left to right.
pub fn circle(rect: Rect) -> Shape {
    const PARTS: u8 = 24;
    let colour = |part| Hsva::new((f32::from(part) / f32::from(PARTS)).fract(), 0.85, 0.9, 1.0).into();
    gradient(rect, &(0..=PARTS).map(colour).collect::<Vec<Color32>>())
}

/// A bar of these colours, evenly spaced from left to right.
pub fn gradient(rect: Rect, colours: &[Color32]) -> Shape {
    let mut mesh = Mesh::default();
    for (index, &colour) in colours.iter().enumerate() {
        let x = rect.min.x + rect.width() * (index as f32 / (colours.len() - 1) as f32);
        mesh.colored_vertex(pos2(x, rect.min.y), colour);
        mesh.colored_vertex(pos2(x, rect.max.y), colour);
    }
    for left in (0..2 * (colours.len() as u32 - 1)).step_by(2) {
        mesh.add_triangle(left, left + 1, left + 2);
        mesh.add_triangle(left + 1, left + 2, left + 3);
    }
    Shape::mesh(mesh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hue_is_inside_around_the_circle_and_greys_never_are() {
        let reds = Hues { middle: 0.0, width: 40.0, chroma: 0.1 };
        assert_eq!([[200, 40, 40], [200, 60, 40], [200, 40, 60]].map(|rgb| reds.inside(rgb)), [1.0; 3]);
        assert_eq!([[40, 200, 40], [40, 40, 200], [128; 3], [0; 3]].map(|rgb| reds.inside(rgb)), [0.0; 4]);
        // 26 of 255 is the least chroma; half of the fade below it half is inside.
        assert!(reds.inside([126, 100, 100]) > 0.99);
        assert!((reds.inside([119, 100, 100]) - 0.49).abs() < 0.02, "{}", reds.inside([119, 100, 100]));
        // 24° is 4° beyond the range: a third of the fade.
        assert!((reds.inside([200, 80, 0]) - 2.0 / 3.0).abs() < 0.01);
        assert!((reds.inside([200, 0, 80]) - 2.0 / 3.0).abs() < 0.01);
    }

    #[test]
    fn a_range_beyond_an_end_of_the_bar_goes_on_at_the_other() {
        let spans = |middle: f64, width: f64| Hues { middle, width, chroma: 0.0 }.spans();
        assert_eq!(spans(180.0, 180.0), [[0.25, 0.75]]);
        assert_eq!(spans(0.0, 180.0), [[0.75, 1.0], [0.0, 0.25]]);
        assert_eq!(spans(360.0, 180.0), [[0.75, 1.0], [0.0, 0.25]]);
        assert_eq!(spans(90.0, 360.0), [[0.0, 1.0]]);
    }
}
