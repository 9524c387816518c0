//! Smoothness: total variation, squared (Mahendran & Vedaldi, CVPR 2015, with exponent β = 2), over four or
//! eight neighbours.

use burn::tensor::Tensor;

use crate::settings::Smoothness;
use impasto_network::compute::{Kernel, has_kernel, smoothness_on_adapter};

/// Half of a pixel's neighbours: rows down, columns to the right (−1: to the left), and the squared distance.
const SIDES: [(usize, isize, f32); 2] = [(1, 0, 1.0), (0, 1, 1.0)];
const CORNERS: [(usize, isize, f32); 2] = [(1, 1, 2.0), (1, -1, 2.0)];

/// Value `[1]` and gradient `[1, 3, H, W]` of the smoothness of an image `[1, 3, H, W]` with sides of at
/// least 2: squared differences of neighbours over the square of their distance, summed and divided by the
/// number of values 3·H·W. With eight neighbours, sides and corners are averaged, so that a plane costs the
/// same with either stencil.
///
/// With eight neighbours the gradient is the isotropic nine-point Laplacian. In a `tile` the first and last
/// rows are neighbours, and so are the first and last columns.
pub fn smoothness_gradient(image: &Tensor<4>, smoothness: Smoothness, tile: bool) -> (Tensor<1>, Tensor<4>) {
    if !has_kernel(&image.device(), Kernel::Smoothness) {
        return with_tensor_ops(image, smoothness, tile);
    }
    let count = image.shape().num_elements() as f64;
    match smoothness {
        Smoothness::Four => smoothness_on_adapter(image, 1.0 / count, None, tile),
        // The average of sides and corners, which are √2 apart.
        Smoothness::Nine => smoothness_on_adapter(image, 0.5 / count, Some(0.25 / count), tile),
    }
}

/// As [`smoothness_gradient`] with burn's operations: the reference.
fn with_tensor_ops(image: &Tensor<4>, smoothness: Smoothness, tile: bool) -> (Tensor<1>, Tensor<4>) {
    let count = image.shape().num_elements() as f32;
    let directions: Vec<(usize, isize, f32)> = match smoothness {
        Smoothness::Four => SIDES.to_vec(),
        Smoothness::Nine => SIDES.into_iter().chain(CORNERS).collect(),
    };
    let kinds = directions.len() as f32 / 2.0;
    let parts = directions.into_iter().map(|(down, right, square)| {
        let (value, gradient) = if tile { around(image, down, right) } else { along(image, down, right) };
        let factor = 1.0 / (count * kinds * square);
        (value * factor, gradient * factor)
    });
    let sum = parts.reduce(|(value, gradient), (more, further)| (value + more, gradient + further));
    sum.expect("there are directions")
}

/// Sum of the squared differences of all pairs of pixels this far apart, and its gradient.
fn along(image: &Tensor<4>, down: usize, right: isize) -> (Tensor<1>, Tensor<4>) {
    let [_, _, height, width] = image.dims();
    let across = right.unsigned_abs();
    let (rows, columns) = (height - down, width - across);
    let (near, far) = if right < 0 { (across, 0) } else { (0, across) };
    let part = |top: usize, left: usize| image.clone().narrow(2, top, rows).narrow(3, left, columns);
    let difference = part(down, far) - part(0, near);
    // Each difference contributes to both pixels.
    let gradient = difference.clone() * 2.0;
    let placed = |top: usize, left: usize| {
        let wide = padded(gradient.clone(), 3, left, across - left);
        padded(wide, 2, top, down - top)
    };
    let gradient = placed(down, far) - placed(0, near);
    (difference.square().sum(), gradient)
}

/// As [`along`] in a tile.
fn around(image: &Tensor<4>, down: usize, right: isize) -> (Tensor<1>, Tensor<4>) {
    let shifted =
        |image: &Tensor<4>, down: isize, right: isize| rolled(rolled(image.clone(), 2, down), 3, right);
    let down = down as isize;
    let difference = shifted(image, down, right) - image.clone();
    // Each difference contributes to both pixels.
    let gradient = (shifted(&difference, -down, -right) - difference.clone()) * 2.0;
    (difference.square().sum(), gradient)
}

/// Roll the values by `by` along an axis, wrapping around.
fn rolled(values: Tensor<4>, axis: usize, by: isize) -> Tensor<4> {
    let length = values.dims()[axis];
    match by.rem_euclid(length as isize) as usize {
        0 => values,
        by => {
            Tensor::cat(vec![values.clone().narrow(axis, by, length - by), values.narrow(axis, 0, by)], axis)
        }
    }
}

/// Pad with zeros before and after along an axis.
fn padded(values: Tensor<4>, axis: usize, before: usize, after: usize) -> Tensor<4> {
    let zeros = |length: usize| {
        let mut shape = values.dims();
        shape[axis] = length;
        Tensor::zeros(shape, &values.device())
    };
    match (before, after) {
        (0, 0) => values,
        (0, _) => Tensor::cat(vec![values.clone(), zeros(after)], axis),
        (_, 0) => Tensor::cat(vec![zeros(before), values], axis),
        _ => Tensor::cat(vec![zeros(before), values.clone(), zeros(after)], axis),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn image(value: impl Fn(usize, usize, usize) -> f32) -> Tensor<4> {
        let (height, width) = (9, 11);
        let index = |i: usize| value(i / (height * width), i / width % height, i % width);
        let values: Vec<f32> = (0..3 * height * width).map(index).collect();
        Tensor::from_data(TensorData::new(values, [1, 3, height, width]), &Device::flex())
    }

    fn number<const D: usize>(tensor: Tensor<D>) -> f64 {
        f64::from(tensor.into_data().try_to_vec::<f32>().unwrap()[0])
    }

    fn rough() -> Tensor<4> {
        image(|c, y, x| ((c * 7919 + y * 104_729 + x * 1_299_709) % 1000) as f32 / 1000.0)
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        let direction = image(|c, y, x| ((c * 31 + y * 17 + x * 13) % 19) as f32 / 19.0 - 0.5);
        for (&smoothness, tile) in
            Smoothness::ALL.iter().flat_map(|smoothness| [(smoothness, false), (smoothness, true)])
        {
            let (_, gradient) = smoothness_gradient(&rough(), smoothness, tile);
            let along = number((gradient * direction.clone()).sum());
            let at = |step: f64| {
                number(smoothness_gradient(&(rough() + direction.clone() * step), smoothness, tile).0)
            };
            // The value is quadratic, so a long step costs no accuracy.
            let measured = at(1.0) - at(-1.0);
            assert!(
                (2.0 * along - measured).abs() < 1e-4 * measured.abs().max(1e-3),
                "{smoothness}: {along} {measured}"
            );
        }
    }

    #[test]
    fn a_checkerboard_costs_less_and_lines_of_all_directions_the_same_with_eight_neighbours() {
        let value = |image: &Tensor<4>, smoothness| number(smoothness_gradient(image, smoothness, false).0);
        let board = image(|_, y, x| ((x + y) % 2) as f32);
        assert!(value(&board, Smoothness::Nine) < 0.6 * value(&board, Smoothness::Four));
        // A plane, except for the edges, which have fewer corners than sides.
        let plane = image(|_, y, x| 0.1 * x as f32 - 0.05 * y as f32);
        let ratio = value(&plane, Smoothness::Nine) / value(&plane, Smoothness::Four);
        assert!((0.9..=1.0).contains(&ratio), "{ratio}");
        assert_eq!(value(&image(|_, _, _| 0.3), Smoothness::Nine), 0.0);
    }

    #[test]
    fn a_tile_costs_the_same_wherever_it_begins_and_a_step_at_its_edge_costs_too() {
        for &smoothness in Smoothness::ALL {
            let value = |image: &Tensor<4>, tile| number(smoothness_gradient(image, smoothness, tile).0);
            let shifted = rolled(rolled(rough(), 2, 4), 3, -3);
            let (here, there) = (value(&rough(), true), value(&shifted, true));
            assert!((here - there).abs() < 1e-5 * here, "{here} {there}");
            // Light above, dark below: one step inside, and in a tile another one at the edge.
            let step = image(|_, y, _| if y < 4 { 1.0 } else { 0.0 });
            assert!(value(&step, true) > 1.9 * value(&step, false));
        }
    }
}
