//! Heat maps of the layer lab as pictures for the screen.

use egui::{Color32, ColorImage};
use image::GrayImage;

use impasto_engine::session::LayerStudy;

/// Most cells of a matrix's side on the screen; of larger matrices blocks are averaged.
pub const CELLS: usize = 128;

/// Stops of the scale from nothing to most: black over violet and orange to pale yellow, rising in lightness
/// all the way.
const SCALE: [[f32; 3]; 5] =
    [[4.0, 4.0, 12.0], [84.0, 18.0, 104.0], [186.0, 56.0, 80.0], [246.0, 144.0, 28.0], [252.0, 250.0, 170.0]];
/// Ends of the scale of differences: too little is blue, too much is orange.
const LITTLE: [f32; 3] = [70.0, 150.0, 250.0];
const MUCH: [f32; 3] = [250.0, 150.0, 50.0];

/// A study's three matrices as they are shown.
pub struct Matrices {
    /// Cells of a side.
    pub side: usize,
    pub picture: ColorImage,
    pub target: ColorImage,
    pub difference: ColorImage,
}

/// Draw a study's matrices, with the channels in this order.
pub fn matrices(study: &LayerStudy, order: &[usize]) -> Matrices {
    let side = study.channels.min(CELLS);
    let (picture, target) = (cells(&study.gram, order, side), cells(&study.target, order, side));
    // One scale for all three: what nearly all of the style lies below. Single channels stand far out.
    let mut sorted = target.clone();
    sorted.sort_by(f32::total_cmp);
    let most = sorted[(sorted.len() - 1) * 995 / 1000].max(f32::MIN_POSITIVE);
    let image = |colours: Vec<Color32>| ColorImage::new([side, side], colours);
    let strength =
        |values: &[f32]| values.iter().map(|value| scale((value / most).max(0.0).sqrt())).collect();
    let apart = picture.iter().zip(&target).map(|(found, target)| signed((found - target) / most)).collect();
    Matrices {
        side,
        picture: image(strength(&picture)),
        target: image(strength(&target)),
        difference: image(apart),
    }
}

/// A C×C matrix in another order, brought to side×side cells by averaging.
fn cells(matrix: &[f32], order: &[usize], side: usize) -> Vec<f32> {
    let channels = order.len();
    let block = channels / side;
    let mut cells = vec![0.0; side * side];
    for (row, &a) in order.iter().enumerate().take(side * block) {
        for (column, &b) in order.iter().enumerate().take(side * block) {
            cells[row / block * side + column / block] += matrix[a * channels + b];
        }
    }
    let share = 1.0 / (block * block) as f32;
    cells.iter_mut().for_each(|cell| *cell *= share);
    cells
}

/// The colour of a strength from 0 to 1.
pub fn scale(strength: f32) -> Color32 {
    let at = strength.clamp(0.0, 1.0) * (SCALE.len() - 1) as f32;
    let stop = (at as usize).min(SCALE.len() - 2);
    mix(SCALE[stop], SCALE[stop + 1], at - stop as f32)
}

/// The colour of a difference: blue below, black at, orange above 0.
fn signed(difference: f32) -> Color32 {
    let end = if difference < 0.0 { LITTLE } else { MUCH };
    mix([10.0; 3], end, difference.abs().min(1.0).sqrt())
}

fn mix(a: [f32; 3], b: [f32; 3], part: f32) -> Color32 {
    let [r, g, b] = [0, 1, 2].map(|c| (a[c] + (b[c] - a[c]) * part).round() as u8);
    Color32::from_rgb(r, g, b)
}

/// A map of one channel.
pub fn gray(map: &GrayImage) -> ColorImage {
    ColorImage::from_gray([map.width() as usize, map.height() as usize], map.as_raw())
}

/// The colour of heat from 0 to 1 over the painting: clear where it is least.
pub fn heat_colour(strength: f32) -> Color32 {
    let colour = scale(0.3 + 0.7 * strength);
    Color32::from_rgba_unmultiplied(
        colour.r(),
        colour.g(),
        colour.b(),
        (220.0 * strength.clamp(0.0, 1.0)) as u8,
    )
}

/// The heat map, to be laid over the painting.
pub fn heat(map: &GrayImage) -> ColorImage {
    let colours = map.pixels().map(|pixel| heat_colour(f32::from(pixel.0[0]) / 255.0));
    ColorImage::new([map.width() as usize, map.height() as usize], colours.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_ordered_and_averaged() {
        let matrix = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];
        assert_eq!(cells(&matrix, &[1, 0, 2, 3], 4)[..4], [5.0, 4.0, 6.0, 7.0]);
        assert_eq!(cells(&matrix, &[0, 1, 2, 3], 2), [2.5, 4.5, 10.5, 12.5]);
    }

    #[test]
    fn the_scale_rises_in_lightness() {
        let lightness = |c: Color32| 0.3 * f32::from(c.r()) + 0.6 * f32::from(c.g()) + 0.1 * f32::from(c.b());
        let steps: Vec<f32> = (0..=100).map(|i| lightness(scale(i as f32 / 100.0))).collect();
        assert!(steps.windows(2).all(|pair| pair[0] <= pair[1]), "{steps:?}");
    }

    #[test]
    fn too_little_and_too_much_look_different() {
        let (little, right, much) = (signed(-0.5), signed(0.0), signed(0.5));
        assert!(little.b() > little.r() && much.r() > much.b() && right.r() == right.b());
    }
}
