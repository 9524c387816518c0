//! The statistics of one layer's features: Gram matrix, mean, covariance, deviation.

use burn::tensor::Tensor;

use impasto_network::compute::{Features, PositionWeights};

/// Regularization of a covariance's diagonal for its root. Mean activations are 1.
pub(super) const EPSILON: f64 = 1e-4;

/// η: regularization of a covariance's diagonal for its root.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor(pub f64);

/// Statistics of one layer's features.
#[derive(Clone)]
pub struct Moments {
    /// G `[C, C]`.
    pub gram: Tensor<2>,
    /// μ `[C]`.
    pub mean: Tensor<1>,
}

impl Moments {
    /// Of a layer's features.
    pub fn of(features: &Features) -> Self {
        Self { gram: features.gram(), mean: features.mean() }
    }

    /// As [`Moments::of`], with each position counted by its weight if there are some.
    pub fn weighted(features: &Features, weights: Option<&PositionWeights>) -> Self {
        match weights {
            None => Self::of(features),
            Some(weights) => {
                Self { gram: features.weighted_gram(weights), mean: features.weighted_mean(weights) }
            }
        }
    }

    /// Mean energy per position: the trace of G.
    pub fn energy(&self) -> f64 {
        f64::from(diagonal(&self.gram, &identity(&self.gram)).sum().into_scalar::<f32>())
    }

    /// Multiply every statistic by `share`.
    pub fn scaled(&self, share: f64) -> Self {
        Self { gram: self.gram.clone() * share, mean: self.mean.clone() * share }
    }

    /// The sum of two.
    pub fn plus(self, other: Self) -> Self {
        Self { gram: self.gram + other.gram, mean: self.mean + other.mean }
    }

    /// Σ `[C, C]`, given the identity of its shape.
    pub(super) fn covariance(&self, identity: &Tensor<2>, Floor(floor): Floor) -> Tensor<2> {
        let [channels] = self.mean.dims();
        let column: Tensor<2> = self.mean.clone().reshape([channels, 1]);
        let row: Tensor<2> = self.mean.clone().reshape([1, channels]);
        self.gram.clone() - column.matmul(row) + identity.clone() * floor
    }

    /// σ `[C]`, given the identity of the covariance's shape.
    pub(super) fn deviation(&self, identity: &Tensor<2>) -> Tensor<1> {
        (diagonal(&self.gram, identity) - self.mean.clone().square())
            .clamp_min(0.0)
            .add_scalar(EPSILON)
            .sqrt()
    }
}

/// The identity matrix in the shape of a square matrix.
pub(super) fn identity(like: &Tensor<2>) -> Tensor<2> {
    let [channels, _] = like.dims();
    Tensor::eye(channels, &like.device())
}

pub(super) fn diagonal(matrix: &Tensor<2>, identity: &Tensor<2>) -> Tensor<1> {
    let [channels, _] = matrix.dims();
    (matrix.clone() * identity.clone()).sum_dim(1).reshape([channels])
}
