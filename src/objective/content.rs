//! Content: squared distance of features.

use burn::tensor::Tensor;

/// Σ(a−b)², shape `[1]`.
pub fn squared_distance<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<1> {
    (a - b).square().sum()
}

/// Value Σ(F−F*)², shape `[1]`, and its gradient 2(F−F*) with respect to F, for features `[1, C, H, W]`.
pub fn content_gradient(features: Tensor<4>, target: Tensor<4>) -> (Tensor<1>, Tensor<4>) {
    let difference = features - target;
    (difference.clone().square().sum(), difference * 2.0)
}
