//! Smoothness: four-neighbour total variation, squared (Mahendran & Vedaldi, CVPR 2015, with exponent β = 2).

use burn::tensor::Tensor;

fn differences(image: &Tensor<4>) -> (Tensor<4>, Tensor<4>) {
    let [_, _, height, width] = image.dims();
    let step = |axis: usize, length: usize| {
        image.clone().narrow(axis, 1, length - 1) - image.clone().narrow(axis, 0, length - 1)
    };
    (step(2, height), step(3, width))
}

/// Sum of the squared differences between vertical and between horizontal neighbours, divided by the number of values
/// 3·H·W, shape `[1]`, and its gradient `[1, 3, H, W]`, for an image `[1, 3, H, W]` with sides of at least 2.
pub fn smoothness_gradient(image: &Tensor<4>) -> (Tensor<1>, Tensor<4>) {
    let [_, _, height, width] = image.dims();
    let count = image.shape().num_elements() as f32;
    let (down, right) = differences(image);
    let value = (down.clone().square().sum() + right.clone().square().sum()) / count;
    // A difference x[i+1] − x[i] pulls on both of its ends.
    let pull = |difference: Tensor<4>, axis: usize, length: usize| {
        let mut edge = difference.dims();
        edge[axis] = 1;
        let zero = Tensor::zeros(edge, &difference.device());
        debug_assert_eq!(difference.dims()[axis], length - 1);
        Tensor::cat(vec![zero.clone(), difference.clone()], axis) - Tensor::cat(vec![difference, zero], axis)
    };
    let gradient = (pull(down, 2, height) + pull(right, 3, width)) * (2.0 / count);
    (value, gradient)
}
