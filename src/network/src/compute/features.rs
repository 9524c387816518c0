//! A layer's features in the device's form, with the operations of the objectives: Gram matrices and squared
//! distances.

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};

use super::{PositionWeights, cpu::HostFeatures, gpu::GpuFeatures};

/// Features of one layer.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a dozen of them live at once")]
pub enum Features {
    /// `[1, C, H, W]` on a device.
    Tensor(Tensor<4>),
    /// `[P, C]` in memory, for the CPU's own kernels.
    Host { matrix: HostFeatures, height: usize, width: usize, device: TensorDevice },
    /// `[P, C]` in a buffer, for our own kernels on a graphics adapter.
    Gpu(GpuFeatures),
}

/// `[1, C, H, W]` as a matrix `[C, P]`.
fn flat(features: &Tensor<4>) -> Tensor<2> {
    let [_, channels, height, width] = features.dims();
    features.clone().reshape([channels, height * width])
}

impl Features {
    /// A copy to keep, in no more memory than it needs.
    pub fn to_keep(&self) -> Self {
        match self {
            Features::Host { matrix, height, width, device } => Features::Host {
                matrix: matrix.to_keep(),
                height: *height,
                width: *width,
                device: device.clone(),
            },
            features => features.clone(),
        }
    }

    /// Positions P = H·W.
    pub fn positions(&self) -> usize {
        match self {
            Features::Tensor(tensor) => {
                let [_, _, height, width] = tensor.dims();
                height * width
            }
            Features::Host { matrix, .. } => matrix.positions(),
            Features::Gpu(features) => features.shape.positions(),
        }
    }

    /// Height and width.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Features::Tensor(tensor) => {
                let [_, _, height, width] = tensor.dims();
                (height, width)
            }
            Features::Host { height, width, .. } => (*height, *width),
            Features::Gpu(features) => (features.shape.height, features.shape.width),
        }
    }

    /// Gram matrix F·Fᵀ/P `[C, C]`, F being C×P.
    pub fn gram(&self) -> Tensor<2> {
        match self {
            Features::Tensor(tensor) => {
                let flat = flat(tensor);
                let [_, positions] = flat.dims();
                flat.clone().matmul(flat.transpose()) / positions as f32
            }
            Features::Host { matrix, device, .. } => {
                let channels = matrix.channels;
                Tensor::from_data(TensorData::new(matrix.gram(), [channels, channels]), device)
            }
            Features::Gpu(features) => features.gram(None),
        }
    }

    /// Mean over all positions `[C]`.
    pub fn mean(&self) -> Tensor<1> {
        match self {
            Features::Tensor(tensor) => {
                let flat = flat(tensor);
                let [channels, _] = flat.dims();
                flat.mean_dim(1).reshape([channels])
            }
            Features::Host { matrix, device, .. } => {
                Tensor::from_data(TensorData::new(matrix.mean(), [matrix.channels]), device)
            }
            Features::Gpu(features) => features.mean(None),
        }
    }

    /// Weighted Gram matrix Σ m·F·Fᵀ/Σm `[C, C]`.
    pub fn weighted_gram(&self, weights: &PositionWeights) -> Tensor<2> {
        match self {
            Features::Tensor(tensor) => {
                let left = flat(&(tensor.clone() * weights.tensor().clone()));
                left.matmul(flat(tensor).transpose()) / weights.sum()
            }
            Features::Host { matrix, device, .. } => {
                let channels = matrix.channels;
                Tensor::from_data(
                    TensorData::new(matrix.weighted_gram(weights), [channels, channels]),
                    device,
                )
            }
            Features::Gpu(features) => features.gram(Some(weights)),
        }
    }

    /// Weighted mean Σ m·F/Σm `[C]`.
    pub fn weighted_mean(&self, weights: &PositionWeights) -> Tensor<1> {
        match self {
            Features::Tensor(tensor) => {
                let [_, channels, ..] = tensor.dims();
                let sums = flat(&(tensor.clone() * weights.tensor().clone())).sum_dim(1);
                sums.reshape([channels]) / weights.sum()
            }
            Features::Host { matrix, device, .. } => {
                let mean = TensorData::new(matrix.weighted_mean(weights), [matrix.channels]);
                Tensor::from_data(mean, device)
            }
            Features::Gpu(features) => features.mean(Some(weights)),
        }
    }

    /// Energy ΣF².
    pub fn energy(&self) -> f64 {
        match self {
            Features::Tensor(tensor) => f64::from(tensor.clone().square().sum().into_scalar::<f32>()),
            Features::Host { matrix, .. } => matrix.energy(),
            Features::Gpu(features) => f64::from(features.squares(None, None).into_scalar::<f32>()),
        }
    }

    /// Σ(F−F*)², shape `[1]`. Its gradient is 2(F−F*), see [`super::FeatureGradient::add_target`].
    ///
    /// # Panics
    ///
    /// If the two come from different networks or layers.
    pub fn distance(&self, target: &Self) -> Tensor<1> {
        match (self, target) {
            (Features::Tensor(features), Features::Tensor(target)) => {
                (features.clone() - target.clone()).square().sum()
            }
            (Features::Host { matrix, device, .. }, Features::Host { matrix: target, .. }) => {
                Tensor::from_data(TensorData::new(vec![matrix.distance(target) as f32], [1]), device)
            }
            (Features::Gpu(features), Features::Gpu(target)) => features.squares(Some(target), None),
            _ => panic!("one network computes all features of a run"),
        }
    }

    /// Weighted Σ m·(F−F*)², shape `[1]`.
    ///
    /// # Panics
    ///
    /// As [`Features::distance`].
    pub fn weighted_distance(&self, target: &Self, weights: &PositionWeights) -> Tensor<1> {
        match (self, target) {
            (Features::Tensor(features), Features::Tensor(target)) => {
                ((features.clone() - target.clone()).square() * weights.tensor().clone()).sum()
            }
            (Features::Host { matrix, device, .. }, Features::Host { matrix: target, .. }) => {
                let distance = matrix.weighted_distance(target, weights) as f32;
                Tensor::from_data(TensorData::new(vec![distance], [1]), device)
            }
            (Features::Gpu(features), Features::Gpu(target)) => features.squares(Some(target), Some(weights)),
            _ => panic!("one network computes all features of a run"),
        }
    }

    /// Whether the values are in host memory, so that reading them is free.
    pub fn is_on_host(&self) -> bool {
        matches!(self, Features::Host { .. })
    }

    /// The values `[P, C]`, waiting for the device.
    ///
    /// # Panics
    ///
    /// If the device fails.
    pub fn values(&self) -> Vec<f32> {
        match self {
            Features::Host { matrix, .. } => matrix.values.to_vec(),
            _ => {
                let rows = self.to_tensor().permute([0, 2, 3, 1]).into_data();
                rows.try_to_vec().expect("the device gives its features back")
            }
        }
    }

    /// The values at these positions, `[n, C]`, waiting for the device.
    ///
    /// # Panics
    ///
    /// If there is no such position, or the device fails.
    pub fn rows(&self, positions: &[usize]) -> Vec<f32> {
        let gather = |values: &[f32]| {
            let channels = values.len() / self.positions();
            positions.iter().flat_map(|at| &values[at * channels..][..channels]).copied().collect()
        };
        match self {
            Features::Host { matrix, .. } => gather(&matrix.values),
            _ => gather(&self.values()),
        }
    }

    /// Convert values `[P, C]` to the form of these features.
    ///
    /// # Panics
    ///
    /// If the number of values differs.
    #[must_use]
    pub fn with_values(&self, values: &[f32]) -> Self {
        match self {
            Features::Tensor(tensor) => {
                let [_, channels, height, width] = tensor.dims();
                let data = TensorData::new(values.to_vec(), [1, height, width, channels]);
                Features::Tensor(Tensor::<4>::from_data(data, &tensor.device()).permute([0, 3, 1, 2]))
            }
            Features::Host { matrix, height, width, device } => Features::Host {
                matrix: HostFeatures::new(values, matrix.channels),
                height: *height,
                width: *width,
                device: device.clone(),
            },
            Features::Gpu(features) => Features::Gpu(features.with_values(values)),
        }
    }

    /// As a tensor `[1, C, H, W]`.
    pub fn to_tensor(&self) -> Tensor<4> {
        match self {
            Features::Tensor(tensor) => tensor.clone(),
            Features::Host { matrix, height, width, device } => {
                let shape = [1, *height, *width, matrix.channels];
                let data = TensorData::new(matrix.values.to_vec(), shape);
                Tensor::<4>::from_data(data, device).permute([0, 3, 1, 2])
            }
            Features::Gpu(features) => features.to_tensor(),
        }
    }
}
