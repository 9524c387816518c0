//! Style: distance of Gram matrices.

use burn::tensor::Tensor;

/// Gram matrix F·Fᵀ/P `[C, C]` of features `[1, C, H, W]`, P = H·W.
pub fn gram(features: &Tensor<4>) -> Tensor<2> {
    let flat = flat(features);
    let [_, positions] = flat.dims();
    flat.clone().matmul(flat.transpose()) / positions as f32
}

/// Gradient `[1, C, H, W]` of ‖G−G*‖² with respect to F, given the difference G−G* `[C, C]`: 4/P·(G−G*)·F.
///
/// The difference of two Gram matrices is symmetric, which is used here.
pub fn gram_gradient(features: &Tensor<4>, difference: Tensor<2>) -> Tensor<4> {
    let flat = flat(features);
    let [_, positions] = flat.dims();
    // The small matrix takes the factor: C² instead of C·P multiplications.
    (difference * (4.0 / positions as f32)).matmul(flat).reshape(features.dims())
}

fn flat(features: &Tensor<4>) -> Tensor<2> {
    let [_, channels, height, width] = features.dims();
    features.clone().reshape([channels, height * width])
}
