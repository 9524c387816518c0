//! Where a layer of the network sees the same as at one point of the content.

use burn::tensor::Device as TensorDevice;
use image::RgbImage;

use super::{TransferError, readback::values, space::upload};
use impasto_network::{
    compute::Network,
    vgg::{Layer, Weights},
};

/// The cosine of a layer's features at each position with those at one point of the content, −1 to 1, each
/// without the layer's mean: cos(F_p − F̄, F_q − F̄).
#[derive(Clone, Debug, PartialEq)]
pub struct SimilarityMap {
    /// Positions of the layer across and down.
    pub width: usize,
    pub height: usize,
    /// How many positions the whole content would have across and down: a part of one at the right and at the
    /// lower edge is not seen.
    pub span: [f32; 2],
    /// Row by row.
    pub values: Vec<f32>,
}

impl SimilarityMap {
    /// The position at a point, in fractions of the content's width and height.
    fn position(&self, [x, y]: [f32; 2]) -> usize {
        let along = |part: f32, span: f32, count: usize| ((part * span).max(0.0) as usize).min(count - 1);
        along(y, self.span[1], self.height) * self.width + along(x, self.span[0], self.width)
    }

    /// The value at a point, in fractions of the content's width and height, between the middles of the
    /// nearest four positions.
    pub fn at(&self, [x, y]: [f32; 2]) -> f32 {
        let along = |part: f32, span: f32, count: usize| {
            let place = (part * span - 0.5).clamp(0.0, (count - 1) as f32);
            let first = place as usize;
            (first, (first + 1).min(count - 1), place - first as f32)
        };
        let (left, right, across) = along(x, self.span[0], self.width);
        let (top, bottom, down) = along(y, self.span[1], self.height);
        let row = |y: usize| {
            let [a, b] = [left, right].map(|x| self.values[y * self.width + x]);
            a + (b - a) * across
        };
        let (upper, lower) = (row(top), row(bottom));
        upper + (lower - upper) * down
    }

    /// From features `[C, height, width]`.
    fn of(features: &[f32], (width, height): (usize, usize), span: [f32; 2], point: [f32; 2]) -> Self {
        let count = width * height;
        let mut map = Self { width, height, span, values: Vec::new() };
        let chosen = map.position(point);
        let (mut products, mut squares, mut own) = (vec![0.0; count], vec![0.0; count], 0.0);
        for plane in features.chunks_exact(count) {
            let mean = plane.iter().map(|&value| f64::from(value)).sum::<f64>() / count as f64;
            let there = f64::from(plane[chosen]) - mean;
            own += there * there;
            for ((value, product), square) in plane.iter().zip(&mut products).zip(&mut squares) {
                let value = f64::from(*value) - mean;
                *product += value * there;
                *square += value * value;
            }
        }
        // Where all is the mean nothing is alike.
        let cosine = |(product, square): (&f64, &f64)| match (square * own).sqrt() {
            length if length > 0.0 => (product / length) as f32,
            _ => 0.0,
        };
        map.values = products.iter().zip(&squares).map(cosine).collect();
        map
    }
}

/// Compare the features of a content at a layer with those at a point, in fractions of its width and height.
///
/// # Errors
///
/// If the content is too narrow for the layer, or the device fails.
pub fn similarity(
    network: &mut Network,
    weights: &Weights,
    device: &TensorDevice,
    content: &RgbImage,
    (layer, point): (Layer, [f32; 2]),
) -> Result<SimilarityMap, TransferError> {
    let (width, height) = (content.width() as usize, content.height() as usize);
    if width.min(height) < layer.stride().max(2) {
        return Err(TransferError::TooNarrow { what: "content", width, height, layer });
    }
    network.extend(weights, layer);
    let (_, features) =
        network.features(upload(content, device), &[layer]).pop().expect("one layer was asked for");
    let features = features.to_tensor();
    let [_, channels, rows, columns] = features.dims();
    let values = values(features.reshape([channels * rows * columns]));
    network.release_unused_memory();
    let span = [width, height].map(|side| side as f32 / layer.stride() as f32);
    Ok(SimilarityMap::of(&values?, (columns, rows), span, point))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_has_a_cosine_of_one_and_its_opposite_of_minus_one() {
        // Two channels on 4 × 2 positions: the left half is of one kind, the right of another.
        let plane = |left: f32, right: f32| [left, left, right, right].repeat(2);
        let features = [plane(1.0, 3.0), plane(5.0, 4.0)].concat();
        let map = SimilarityMap::of(&features, (4, 2), [4.5, 2.0], [0.1, 0.9]);
        let expected = [1.0, 1.0, -1.0, -1.0].repeat(2);
        assert!(map.values.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", map.values);
        // Between the middles of two positions it goes from one to the other.
        let middle = 2.0 / 4.5;
        assert!(map.at([middle, 0.5]).abs() < 1e-5 && map.at([1.0, 1.0]) < -0.999);
        assert!((map.at([0.0, 0.0]) - 1.0).abs() < 1e-6);
        assert!((map.at([2.25 / 4.5, 0.2]) + 0.5).abs() < 1e-5);
        // Even features are alike to nothing.
        let even = SimilarityMap::of(&[2.0; 8], (4, 2), [4.0, 2.0], [0.5, 0.5]);
        assert_eq!(even.values, [0.0; 8]);
    }
}
