//! Colours by shape, the last step of Kolkin, Kucera, Paris, Sýkora, Shechtman & Shakhnarovich, Neural
//! Neighbor Style Transfer, arXiv 2203.13215: the painting's lightness, with the content's chroma in the
//! style's colours. So a colour begins and ends where the content's does, whatever the painting has there.

use image::RgbImage;
use rayon::prelude::*;

use super::oklab::{self, Planes};

/// Variance of chroma below which the content's is noise, which must not be amplified, and that of a grey
/// style, below which rounding would have a say.
const NOISE: f64 = 1e-4;
const GREY: f64 = 1e-8;

/// How fast a neighbour's chroma counts less the more its lightness differs: e^(-10·|ΔL|).
const EDGE: f32 = 10.0;

/// How often the neighbours' chroma is averaged; so many pixels away it can come from.
const ROUNDS: usize = 5;

/// Rows that are done at a time, to stay in a core's cache.
const BAND: usize = 64;

/// Mean, products and range of a picture's colours in OkLab, or of several pictures' together.
#[derive(Clone, Debug, PartialEq)]
pub struct ColourStatistics {
    /// Of a and b.
    mean: [f64; 2],
    /// Means of aa, ab and bb.
    products: [f64; 3],
    /// Least and largest lightness, a and b.
    range: [[f32; 2]; 3],
}

impl ColourStatistics {
    /// Of a picture; `None` if it has no pixel.
    pub fn of(picture: &RgbImage) -> Option<Self> {
        let (mut sums, mut products) = ([0.0; 2], [0.0; 3]);
        let mut range = [[f32::INFINITY, f32::NEG_INFINITY]; 3];
        let mut planes = Planes::default();
        for row in picture.as_raw().chunks_exact(3 * picture.width().max(1) as usize) {
            oklab::from_bytes(row, &mut planes);
            for (range, plane) in range.iter_mut().zip(&planes) {
                for &value in plane {
                    *range = [range[0].min(value), range[1].max(value)];
                }
            }
            let [_, a, b] = &planes;
            for (&a, &b) in a.iter().zip(b) {
                let (a, b) = (f64::from(a), f64::from(b));
                (sums[0], sums[1]) = (sums[0] + a, sums[1] + b);
                (products[0], products[1], products[2]) =
                    (products[0] + a * a, products[1] + a * b, products[2] + b * b);
            }
        }
        let count = picture.pixels().len();
        let mean = |sum: f64| sum / count as f64;
        (count > 0).then(|| Self { mean: sums.map(mean), products: products.map(mean), range })
    }

    /// Of pictures that count by weights of 0 or more, together; `None` if none counts.
    pub fn mixed<'a>(parts: impl IntoIterator<Item = (&'a Self, f64)>) -> Option<Self> {
        let parts: Vec<_> = parts.into_iter().filter(|(_, weight)| *weight > 0.0).collect();
        let sum: f64 = parts.iter().map(|(_, weight)| weight).sum();
        let mut mixed = parts.first()?.0.clone();
        if let [_, _, ..] = parts.as_slice() {
            (mixed.mean, mixed.products) = Default::default();
            for (part, weight) in parts {
                let share = weight / sum;
                let add = |to: &mut [f64], from: &[f64]| {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to += share * from);
                };
                add(&mut mixed.mean, &part.mean);
                add(&mut mixed.products, &part.products);
                for (range, other) in mixed.range.iter_mut().zip(part.range) {
                    *range = [range[0].min(other[0]), range[1].max(other[1])];
                }
            }
        }
        Some(mixed)
    }

    /// The covariance of a and b, with a floor of the variance.
    fn covariance(&self, floor: f64) -> Symmetric {
        let ([a, b], [aa, ab, bb]) = (self.mean, self.products);
        let [aa, ab, bb] = [aa - a * a, ab - a * b, bb - b * b];
        Symmetric([aa.max(0.0) + floor, ab, bb.max(0.0) + floor])
    }
}

/// A symmetric matrix of 2×2: its diagonal first and last.
#[derive(Clone, Copy)]
struct Symmetric([f64; 3]);

impl Symmetric {
    fn determinant(self) -> f64 {
        let [a, b, d] = self.0;
        // Rounding may make that of colours on a line negative.
        (a * d - b * b).max(1e-24)
    }

    /// The optimal transport from a normal distribution of this covariance to one of another, T with T·Σ·T =
    /// Σ′: the geometric mean of Σ⁻¹ and Σ′, which has a closed form in two dimensions (Bhatia, Positive
    /// definite matrices, 4.1.12). By square roots alone, which are the same on every machine.
    fn transport_to(self, other: Self) -> Self {
        let ([a, b, d], [e, f, h]) = (self.0, other.0);
        // Both of determinant 1.
        let (own, others) = (self.determinant().sqrt(), other.determinant().sqrt());
        let sum = Self([d / own + e / others, -b / own + f / others, a / own + h / others]);
        let scale = (others / own).sqrt() / sum.determinant().sqrt();
        Self(sum.0.map(|value| scale * value))
    }
}

/// The way of a content's chroma to a style's mean and covariance.
struct Recolouring {
    from: [f32; 2],
    to: [f32; 2],
    matrix: [f32; 3],
}

impl Recolouring {
    fn new(content: &ColourStatistics, style: &ColourStatistics) -> Self {
        let matrix = content.covariance(NOISE).transport_to(style.covariance(GREY));
        Self {
            from: content.mean.map(|mean| mean as f32),
            to: style.mean.map(|mean| mean as f32),
            matrix: matrix.0.map(|value| value as f32),
        }
    }

    fn apply(&self, a: &mut f32, b: &mut f32) {
        let ([mean_a, mean_b], [aa, ab, bb]) = (self.from, self.matrix);
        let (x, y) = (*a - mean_a, *b - mean_b);
        *a = self.to[0] + (aa * x + ab * y);
        *b = self.to[1] + (ab * x + bb * y);
    }
}

/// Move a painting's colours by `amount`, 0 to 1, in OkLab to: its own lightness within the style's range,
/// and the chroma of the content, brought to the style's mean and covariance, averaged with that of the
/// neighbours of about the painting's lightness, within the style's range. A colour that no screen shows is
/// less colourful instead of lighter or darker.
///
/// `colours` are those of the content and of the style.
///
/// # Panics
///
/// If the shapes differ.
pub fn with_settled_colours(
    painting: &RgbImage,
    content: &RgbImage,
    colours: (&ColourStatistics, &ColourStatistics),
    amount: f64,
) -> RgbImage {
    assert_eq!(painting.dimensions(), content.dimensions(), "one shape");
    let recolouring = Recolouring::new(colours.0, colours.1);
    let amount = amount.clamp(0.0, 1.0) as f32;
    let (width, height) = (painting.width() as usize, painting.height() as usize);
    let mut result = painting.clone();
    let row = 3 * width.max(1);
    result.par_chunks_mut(row * BAND).enumerate().for_each(|(band, bytes)| {
        // What comes from beyond the band needs as many rows around it as there are rounds.
        let first = (band * BAND).saturating_sub(ROUNDS);
        let last = ((band + 1) * BAND + ROUNDS).min(height);
        let rows = first * row..last * row;
        let [mut painted, mut target] = [painting, content].map(|picture| {
            let mut planes = Planes::default();
            oklab::from_bytes(&picture.as_raw()[rows.clone()], &mut planes);
            planes
        });
        let [_, a, b] = &mut target;
        a.iter_mut().zip(&mut *b).for_each(|(a, b)| recolouring.apply(a, b));
        average(&painted[0], [a, b], width);
        let skipped = (band * BAND - first) * width;
        let pixels = skipped..skipped + bytes.len() / 3;
        target[0].copy_from_slice(&painted[0]);
        for ((painted, target), [least, most]) in painted.iter_mut().zip(&target).zip(colours.1.range) {
            painted.copy_within(pixels.clone(), 0);
            painted.truncate(pixels.len());
            for (painted, target) in painted.iter_mut().zip(&target[pixels.clone()]) {
                *painted += amount * (target.clamp(least, most) - *painted);
            }
        }
        oklab::to_bytes(&mut painted, bytes);
    });
    result
}

/// Pixels that are averaged at a time, by a processor's vectors.
const LANES: usize = 8;

/// A plane whose rows begin with their first value twice and end with their last one twice or more, so that
/// every pixel has neighbours.
struct Padded {
    values: Vec<f32>,
    wide: usize,
}

impl Padded {
    fn new(plane: &[f32], width: usize) -> Self {
        let wide = width.next_multiple_of(LANES) + 2;
        let mut values = vec![0.0; plane.len() / width * wide];
        for (row, to) in plane.chunks_exact(width).zip(values.chunks_exact_mut(wide)) {
            to[1..=width].copy_from_slice(row);
        }
        let mut padded = Self { values, wide };
        padded.pad(width);
        padded
    }

    fn pad(&mut self, width: usize) {
        for row in self.values.chunks_exact_mut(self.wide) {
            let last = row[width];
            row[0] = row[1];
            row[width + 1..].fill(last);
        }
    }

    /// The rows above this one, of it and below; a border counts as its own neighbour.
    fn around(&self, y: usize) -> [&[f32]; 3] {
        let last = self.values.len() / self.wide - 1;
        [y.saturating_sub(1), y, (y + 1).min(last)].map(|y| &self.values[y * self.wide..][..self.wide])
    }

    fn row(&mut self, y: usize) -> &mut [f32] {
        &mut self.values[y * self.wide..][..self.wide]
    }
}

/// Replace two planes, for [`ROUNDS`] times, by their mean over 3×3 pixels, in which a neighbour counts
/// e^(-10·|ΔL|).
fn average(lightness: &[f32], planes: [&mut Vec<f32>; 2], width: usize) {
    // e^(-|x - y|) is the smaller of e^x/e^y and e^y/e^x: one exponential per pixel instead of eight.
    let mut powers = Padded::new(lightness, width);
    powers.values.iter_mut().for_each(|value| *value = exponential(EDGE * *value));
    let inverse = powers.values.iter().map(|power| 1.0 / power).collect();
    let inverse = Padded { values: inverse, wide: powers.wide };
    let [mut a, mut b] = planes.each_ref().map(|plane| Padded::new(plane, width));
    let mut next = [&a, &b].map(|plane| Padded { values: plane.values.clone(), wide: plane.wide });
    for _ in 0..ROUNDS {
        let [next_a, next_b] = &mut next;
        for y in 0..lightness.len() / width {
            let around = [&powers, &inverse, &a, &b].map(|plane| plane.around(y));
            average_row(around, [next_a.row(y), next_b.row(y)]);
        }
        next_a.pad(width);
        next_b.pad(width);
        std::mem::swap(&mut a, next_a);
        std::mem::swap(&mut b, next_b);
    }
    for (plane, padded) in planes.into_iter().zip([a, b]) {
        for (row, from) in plane.chunks_exact_mut(width).zip(padded.values.chunks_exact(padded.wide)) {
            row.copy_from_slice(&from[1..=width]);
        }
    }
}

/// One row of [`average`]: of the powers, their inverses and both planes the rows above, of it and below.
fn average_row([powers, inverse, a, b]: [[&[f32]; 3]; 4], [to_a, to_b]: [&mut [f32]; 2]) {
    for x in (0..to_a.len() - 2).step_by(LANES) {
        let lanes = |row: &[f32], column: usize| -> [f32; LANES] {
            let row = &row[x + column..][..LANES];
            std::array::from_fn(|lane| row[lane])
        };
        let (power, other) = (lanes(powers[1], 1), lanes(inverse[1], 1));
        let (mut weights, mut sum_a, mut sum_b) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for row in 0..3 {
            for column in 0..3 {
                let (powers, inverse) = (lanes(powers[row], column), lanes(inverse[row], column));
                let (a, b) = (lanes(a[row], column), lanes(b[row], column));
                for lane in 0..LANES {
                    let (up, down) = (power[lane] * inverse[lane], other[lane] * powers[lane]);
                    let weight = if up < down { up } else { down };
                    weights[lane] += weight;
                    sum_a[lane] += weight * a[lane];
                    sum_b[lane] += weight * b[lane];
                }
            }
        }
        for (to, sum) in [(&mut *to_a, sum_a), (&mut *to_b, sum_b)] {
            let to = &mut to[x + 1..][..LANES];
            (0..LANES).for_each(|lane| to[lane] = sum[lane] / weights[lane]);
        }
    }
}

/// e^x for x from 0 to 80, to five digits.
fn exponential(x: f32) -> f32 {
    let x = x * std::f32::consts::LOG2_E;
    let whole = (x + 0.5) as i32;
    let y = (x - whole as f32) * std::f32::consts::LN_2;
    // The rest is at most ln 2 / 2.
    let series = 1.0 + y * (1.0 + y * (1.0 / 2.0 + y * (1.0 / 6.0 + y * (1.0 / 24.0 + y / 120.0))));
    f32::from_bits(((whole + 127) as u32) << 23) * series
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
