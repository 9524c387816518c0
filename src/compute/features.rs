//! A layer's features, and gradients of the same shape, in whatever form the device computes with; and the products that
//! every objective is made of: Gram matrices, squared distances and their gradients with respect to the features.

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};

use super::cpu::HostFeatures;

/// Features of one layer.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a dozen of them live at once")]
pub enum Features {
    /// `[1, C, H, W]` on a device.
    Tensor(Tensor<4>),
    /// `[P, C]` in memory, for the CPU's own kernels.
    Host { matrix: HostFeatures, height: usize, width: usize, device: TensorDevice },
}

/// `[1, C, H, W]` as a matrix `[C, P]`.
fn flat(features: &Tensor<4>) -> Tensor<2> {
    let [_, channels, height, width] = features.dims();
    features.clone().reshape([channels, height * width])
}

fn host_matrix(tensor: &Tensor<2>) -> Vec<f32> {
    tensor.to_data().try_to_vec().expect("a CPU tensor of floats is readable")
}

impl Features {
    fn host(matrix: HostFeatures, like: &Self) -> Self {
        match like {
            Features::Host { height, width, device, .. } => {
                Features::Host { matrix, height: *height, width: *width, device: device.clone() }
            }
            Features::Tensor(_) => unreachable!("one device computes all features of a run"),
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
        }
    }

    /// Gradient of ‖G−G*‖² with respect to F, given the symmetric difference G−G* `[C, C]`: 4/P·(G−G*)·F.
    pub fn gram_gradient(&self, difference: Tensor<2>) -> Self {
        match self {
            Features::Tensor(tensor) => {
                let flat = flat(tensor);
                let [_, positions] = flat.dims();
                // The small matrix takes the factor: C² instead of C·P multiplications.
                let product = (difference * (4.0 / positions as f32)).matmul(flat);
                Features::Tensor(product.reshape(tensor.dims()))
            }
            Features::Host { matrix, .. } => {
                let factor = 4.0 / matrix.positions() as f32;
                Self::host(matrix.times(&host_matrix(&difference), factor), self)
            }
        }
    }

    /// Energy ΣF².
    pub fn energy(&self) -> f64 {
        match self {
            Features::Tensor(tensor) => f64::from(tensor.clone().square().sum().into_scalar::<f32>()),
            Features::Host { matrix, .. } => matrix.energy(),
        }
    }

    /// Value Σ(F−F*)², shape `[1]`, and its gradient 2(F−F*).
    pub fn distance_gradient(&self, target: &Self) -> (Tensor<1>, Self) {
        match (self, target) {
            (Features::Tensor(features), Features::Tensor(target)) => {
                let difference = features.clone() - target.clone();
                (difference.clone().square().sum(), Features::Tensor(difference * 2.0))
            }
            (Features::Host { matrix, device, .. }, Features::Host { matrix: target, .. }) => {
                let difference = matrix.minus(target);
                let value = TensorData::new(vec![difference.energy() as f32], [1]);
                (Tensor::from_data(value, device), Self::host(difference.scaled(2.0), self))
            }
            _ => unreachable!("one device computes all features of a run"),
        }
    }

    /// These times a factor.
    pub fn scaled(self, factor: f64) -> Self {
        match self {
            Features::Tensor(tensor) => Features::Tensor(tensor * factor),
            Features::Host { matrix, height, width, device } => {
                Features::Host { matrix: matrix.scaled(factor as f32), height, width, device }
            }
        }
    }

    /// The sum of two.
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Features::Tensor(a), Features::Tensor(b)) => Features::Tensor(a + b),
            (Features::Host { matrix, height, width, device }, Features::Host { matrix: other, .. }) => {
                Features::Host { matrix: matrix.plus(&other), height, width, device }
            }
            _ => unreachable!("one device computes all features of a run"),
        }
    }

    /// As a tensor `[1, C, H, W]`.
    pub fn into_tensor(self) -> Tensor<4> {
        match self {
            Features::Tensor(tensor) => tensor,
            Features::Host { matrix, height, width, device } => {
                let shape = [1, height, width, matrix.channels];
                let values = std::sync::Arc::unwrap_or_clone(matrix.values);
                Tensor::<4>::from_data(TensorData::new(values, shape), &device).permute([0, 3, 1, 2])
            }
        }
    }

    /// Features from a tensor `[1, C, H, W]`, in the form that `self` has.
    pub fn same_form(&self, tensor: Tensor<4>) -> Self {
        match self {
            Features::Tensor(_) => Features::Tensor(tensor),
            Features::Host { .. } => {
                let [_, channels, ..] = tensor.dims();
                let last = tensor.permute([0, 2, 3, 1]).flatten::<1>(0, 3);
                let values = last.into_data().try_to_vec().expect("a CPU tensor of floats is readable");
                let matrix = HostFeatures { values: std::sync::Arc::new(values), channels };
                Self::host(matrix, self)
            }
        }
    }
}
