//! Masks that follow edges: the guided filter (He, Sun & Tang, ECCV 2010), with the content's luminance as
//! its guide.
//!
//! In each box around a pixel the mask m is taken for a line of the luminance I: a = cov(I, m)/(var I + ε),
//! b = m̄ − a·Ī; the means of a and b over all boxes with a pixel give q = ā·I + b̄. Where no box has an edge
//! that would only blur the mask, so there it stays as it is. In f64, and with sums, products and quotients
//! only, so that every machine makes the same bytes.
//!
//! A mask that is up to half the radius beside an edge is within 10 % of full on one side of it and within
//! 10 % of nothing on the other, if the step is of 0.4 and more.

use image::GrayImage;
use rayon::prelude::*;

use super::{Picture, grey_in, grey_of};

/// How far the edge of a mask may be from the picture's, in fractions of the longer side.
const REACH: f32 = 0.016;
/// Variance of a luminance from 0 to 1 from which on it counts as an edge: a step of 6 %.
const EDGE: f64 = 1e-3;
/// Once leaves some of the mask where it was, beyond the edge.
const PASSES: usize = 3;

/// The radius that [`snap`] usually has for a mask of these dimensions, in pixels.
pub fn snap_radius((width, height): (u32, u32)) -> u32 {
    (REACH * width.max(height) as f32).round().max(1.0) as u32
}

/// Let a mask follow the edges of a guide of the same width and height, as far as this radius in pixels.
///
/// # Panics
///
/// If the guide has other dimensions.
pub fn snap(mask: &GrayImage, guide: &GrayImage, radius: u32) -> GrayImage {
    assert_eq!(mask.dimensions(), guide.dimensions(), "a guide is as large as the mask");
    // A faint mask stays as faint.
    let most = mask.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return mask.clone();
    }
    let most = f64::from(most);
    let boxes =
        Boxes { width: mask.width() as usize, height: mask.height() as usize, radius: radius as usize };
    let shares = |picture: &GrayImage, of: f64| -> Vec<f64> {
        picture.iter().map(|&grey| f64::from(grey) / of).collect()
    };
    let snapped = boxes.snapped(shares(mask, most), &shares(guide, 255.0));
    let bytes = snapped.into_iter().map(|value| (value * most + 0.5) as u8).collect();
    GrayImage::from_raw(mask.width(), mask.height(), bytes).expect("one value per pixel")
}

/// The pixels of a mask as strokes for a content of these dimensions find them, see
/// [`Drawing::draw`](super::Drawing::draw).
pub fn pixels_of(mask: &Picture, content: (u32, u32)) -> GrayImage {
    match &mask.drawing {
        Some(_) => grey_of(mask),
        None => grey_in(mask, content),
    }
}

/// Squares of 2r + 1 pixels around each pixel, as far as they are within the picture.
struct Boxes {
    width: usize,
    height: usize,
    radius: usize,
}

/// Combine two fields value by value.
fn with(a: &[f64], b: &[f64], combine: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.iter().zip(b).map(|(&a, &b)| combine(a, b)).collect()
}

impl Boxes {
    fn snapped(&self, mut mask: Vec<f64>, guide: &[f64]) -> Vec<f64> {
        let product = |a: &[f64], b: &[f64]| with(a, b, |a, b| a * b);
        let (mean, square) = rayon::join(|| self.means(guide), || self.means(&product(guide, guide)));
        let variance = with(&square, &mean, |square, mean| (square - mean * mean).max(0.0));
        // How much of an edge the boxes around a pixel have, 0 to 1.
        let edge: Vec<f64> = variance.iter().map(|variance| variance / (variance + EDGE)).collect();
        let edge = self.means(&edge);
        for _ in 0..PASSES {
            let (mean_mask, both) = rayon::join(|| self.means(&mask), || self.means(&product(guide, &mask)));
            let covariance = with(&both, &product(&mean, &mean_mask), |both, apart| both - apart);
            let slope = with(&covariance, &variance, |covariance, variance| covariance / (variance + EDGE));
            let offset = with(&mean_mask, &product(&slope, &mean), |mask, line| mask - line);
            let (slope, offset) = rayon::join(|| self.means(&slope), || self.means(&offset));
            for (at, value) in mask.iter_mut().enumerate() {
                let followed = (slope[at] * guide[at] + offset[at]).clamp(0.0, 1.0);
                // Means are soft; 3t² − 2t³ takes that back.
                let followed = followed * followed * (3.0 - 2.0 * followed);
                *value += edge[at] * (2.0 - edge[at]) * (followed - *value);
            }
        }
        mask
    }

    /// The mean of each box, by running sums.
    fn means(&self, field: &[f64]) -> Vec<f64> {
        let Self { width, height, radius } = *self;
        let mut rows = vec![0.0; field.len()];
        rows.par_chunks_mut(width).zip(field.par_chunks(width)).for_each(|(means, row)| {
            let mut sum: f64 = row[..radius.min(width)].iter().sum();
            for (x, mean) in means.iter_mut().enumerate() {
                if x + radius < width {
                    sum += row[x + radius];
                }
                if x > radius {
                    sum -= row[x - radius - 1];
                }
                *mean = sum / count(x, radius, width);
            }
        });
        // All columns at once, row by row.
        let row = |y: usize| &rows[y * width..][..width];
        let mut sums = vec![0.0; width];
        (0..radius.min(height))
            .for_each(|y| sums.iter_mut().zip(row(y)).for_each(|(sum, value)| *sum += value));
        let mut means = Vec::with_capacity(field.len());
        for y in 0..height {
            if y + radius < height {
                sums.iter_mut().zip(row(y + radius)).for_each(|(sum, value)| *sum += value);
            }
            if y > radius {
                sums.iter_mut().zip(row(y - radius - 1)).for_each(|(sum, value)| *sum -= value);
            }
            let count = count(y, radius, height);
            means.extend(sums.iter().map(|sum| sum / count));
        }
        means
    }
}

/// How many places of a line a box around this one has.
fn count(at: usize, radius: usize, length: usize) -> f64 {
    ((at + radius + 1).min(length) - at.saturating_sub(radius)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    /// Numbers without order, 0 to 255.
    fn noise(at: u32) -> u8 {
        (at.wrapping_mul(2_654_435_761) >> 13) as u8
    }

    /// Dark left of a line, light right of it.
    fn step(width: u32, height: u32, from: u32) -> GrayImage {
        GrayImage::from_fn(width, height, |x, _| Luma([if x < from { 60 } else { 200 }]))
    }

    /// The same in the words of the formula.
    fn direct(mask: &GrayImage, guide: &GrayImage, radius: i64) -> GrayImage {
        let (width, height) = (i64::from(mask.width()), i64::from(mask.height()));
        let near = |at: i64| {
            let (x, y) = (at % width, at / width);
            (0..width * height)
                .filter(move |at| (at % width - x).abs() <= radius && (at / width - y).abs() <= radius)
        };
        let mean = |at: i64, value: &dyn Fn(usize) -> f64| {
            let all: Vec<f64> = near(at).map(|at| value(at as usize)).collect();
            all.iter().sum::<f64>() / all.len() as f64
        };
        let most = f64::from(*mask.iter().max().unwrap());
        let i: Vec<f64> = guide.iter().map(|&grey| f64::from(grey) / 255.0).collect();
        let mut m: Vec<f64> = mask.iter().map(|&grey| f64::from(grey) / most).collect();
        for _ in 0..3 {
            let lines: Vec<[f64; 3]> = (0..width * height)
                .map(|at| {
                    let (mean_i, mean_m) = (mean(at, &|at| i[at]), mean(at, &|at| m[at]));
                    let variance = mean(at, &|at| (i[at] - mean_i).powi(2));
                    let covariance = mean(at, &|at| (i[at] - mean_i) * (m[at] - mean_m));
                    let a = covariance / (variance + 1e-3);
                    [a, mean_m - a * mean_i, variance / (variance + 1e-3)]
                })
                .collect();
            m = (0..width * height)
                .map(|at| {
                    let [a, b, edge] = [0, 1, 2].map(|part| mean(at, &|at| lines[at][part]));
                    let own = at as usize;
                    let q = (a * i[own] + b).clamp(0.0, 1.0);
                    let share = 1.0 - (1.0 - edge).powi(2);
                    (1.0 - share) * m[own] + share * q * q * (3.0 - 2.0 * q)
                })
                .collect();
        }
        GrayImage::from_fn(mask.width(), mask.height(), |x, y| {
            Luma([(m[(i64::from(y) * width + i64::from(x)) as usize] * most).round() as u8])
        })
    }

    #[test]
    fn running_sums_give_what_the_formula_does() {
        for (width, height, radius) in [(23, 17, 3), (9, 30, 4), (5, 4, 8), (1, 12, 2)] {
            let guide = GrayImage::from_fn(width, height, |x, y| Luma([noise(y * width + x)]));
            let mask = GrayImage::from_fn(width, height, |x, y| Luma([noise(y * width + x + 999) / 3 + 7]));
            let (fast, slow) = (snap(&mask, &guide, radius), direct(&mask, &guide, i64::from(radius)));
            assert_ne!(fast, mask);
            let apart = fast.iter().zip(slow.iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(apart <= 1, "{width}×{height}, radius {radius}: {apart}");
        }
    }

    #[test]
    fn a_mask_follows_an_edge_beside_it_and_stays_where_it_was_elsewhere() {
        let guide = step(200, 60, 100);
        for off in [92, 96, 104, 108] {
            let mask = GrayImage::from_fn(200, 60, |x, _| Luma([if x < off { 255 } else { 0 }]));
            let snapped = snap(&mask, &guide, 16);
            let at = |x: u32| snapped.get_pixel(x, 30)[0];
            assert!(at(98) > 220 && at(101) < 35, "from {off}: {} {}", at(98), at(101));
            assert_eq!((at(10), at(190)), (255, 0));
        }
        // Far from every edge it ends where it ended.
        let mask = GrayImage::from_fn(200, 60, |x, _| Luma([if x < 30 { 255 } else { 0 }]));
        assert_eq!(snap(&mask, &guide, 16), mask);
        // A faint one stays as faint.
        let mask = GrayImage::from_fn(200, 60, |x, _| Luma([if x < 96 { 80 } else { 0 }]));
        let snapped = snap(&mask, &guide, 16);
        assert!(snapped.get_pixel(98, 30)[0] > 68 && snapped.get_pixel(101, 30)[0] < 12);
        assert!(snapped.iter().all(|&value| value <= 80));
    }

    #[test]
    fn without_an_edge_the_mask_is_left_as_it_is() {
        let mask = GrayImage::from_fn(40, 30, |x, y| Luma([noise(40 * y + x)]));
        assert_eq!(snap(&mask, &GrayImage::from_pixel(40, 30, Luma([137])), 5), mask);
        for even in [0, 255] {
            let mask = GrayImage::from_pixel(40, 30, Luma([even]));
            assert_eq!(snap(&mask, &step(40, 30, 20), 5), mask);
        }
    }
}
