//! The objective's contribution to the gradient at a layer.

use burn::tensor::{Tensor, TensorData};

use super::{
    Features, PositionWeights,
    cpu::{BufferPool, HostFeatureGradient, HostFeatures, HostPart},
};

/// A term's gradient with respect to a layer's features F, in the common form of all terms: D·F + v·1ᵀ + Σ
/// f·(F − T) with F as a C×P matrix, and sums of the same that count positions by weights.
///
/// The chain adds it to the gradient from deeper layers without materializing it.
#[derive(Clone, Default)]
pub struct FeatureGradient {
    /// D `[C, C]`, symmetric.
    pub matrix: Option<Tensor<2>>,
    /// v `[C]`.
    pub vector: Option<Tensor<1>>,
    /// Targets T, in the form of the network's features, each with its factor f.
    pub targets: Vec<(Features, f64)>,
    /// Parts that count by weights.
    pub weighted: Vec<WeightedGradient>,
}

/// m(p)·(D·F_p + v + Σ f·(F_p − T_p)) at each position p.
#[derive(Clone)]
pub struct WeightedGradient {
    pub weights: PositionWeights,
    /// D `[C, C]`, symmetric.
    pub matrix: Option<Tensor<2>>,
    /// v `[C]`.
    pub vector: Option<Tensor<1>>,
    /// Targets T with their factors f.
    pub targets: Vec<(Features, f64)>,
}

impl FeatureGradient {
    /// factor·(F − T) alone.
    pub fn to_target(target: Features, factor: f64) -> Self {
        Self { targets: vec![(target, factor)], ..Self::default() }
    }

    /// Count this gradient by weights, unless they are `None`; its parts that count by others already stay.
    #[must_use]
    pub fn weighted_by(self, weights: Option<&PositionWeights>) -> Self {
        let Some(weights) = weights else { return self };
        let Self { matrix, vector, targets, mut weighted } = self;
        weighted.push(WeightedGradient { weights: weights.clone(), matrix, vector, targets });
        Self { weighted, ..Self::default() }
    }

    /// Add another term's gradient.
    pub fn add(&mut self, other: Self) {
        if let Some(matrix) = other.matrix {
            self.add_matrix(matrix);
        }
        if let Some(vector) = other.vector {
            self.add_vector(vector);
        }
        self.targets.extend(other.targets);
        self.weighted.extend(other.weighted);
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        let parts = self.weighted.is_empty() && self.targets.is_empty();
        parts && self.matrix.is_none() && self.vector.is_none()
    }

    /// Add D·F.
    pub fn add_matrix(&mut self, matrix: Tensor<2>) {
        self.matrix = Some(match self.matrix.take() {
            Some(before) => before + matrix,
            None => matrix,
        });
    }

    /// Add v·1ᵀ.
    pub fn add_vector(&mut self, vector: Tensor<1>) {
        self.vector = Some(match self.vector.take() {
            Some(before) => before + vector,
            None => vector,
        });
    }

    /// Add factor·(F − T).
    pub fn add_target(&mut self, target: Features, factor: f64) {
        self.targets.push((target, factor));
    }

    /// Evaluate the gradient `[1, C, H, W]` at these features.
    pub fn gradient(&self, features: &Features) -> Tensor<4> {
        match features {
            Features::Tensor(tensor) => self.add_to(None, tensor).unwrap_or_else(|| tensor.zeros_like()),
            Features::Host { matrix, height, width, device } => {
                let gradient = matrix.add_gradient(None, &self.host(), false, &BufferPool::default());
                let data = TensorData::new(gradient.to_vec(), [1, *height, *width, matrix.channels]);
                Tensor::<4>::from_data(data, device).permute([0, 3, 1, 2])
            }
            Features::Gpu(features) => features.gradient_alone(self),
        }
    }

    /// Add it to the gradient from deeper layers with burn's operations.
    pub(super) fn add_to(&self, gradient: Option<Tensor<4>>, features: &Tensor<4>) -> Option<Tensor<4>> {
        let whole = (self.matrix.as_ref(), self.vector.as_ref(), self.targets.as_slice());
        let mut gradient = add_parts(gradient, features, whole);
        for WeightedGradient { weights, matrix, vector, targets } in &self.weighted {
            let part = add_parts(None, features, (matrix.as_ref(), vector.as_ref(), targets));
            let part = part.map(|part| part * weights.tensor().clone());
            gradient = match (gradient, part) {
                (Some(gradient), Some(part)) => Some(gradient + part),
                (gradient, part) => gradient.or(part),
            };
        }
        gradient
    }

    /// Convert it for the CPU's kernels.
    pub(super) fn host(&self) -> HostFeatureGradient<'_> {
        let part = |matrix: &Option<Tensor<2>>, vector: &Option<Tensor<1>>, targets| HostPart {
            matrix: matrix.as_ref().map(host_values),
            vector: vector.as_ref().map(host_values),
            targets,
        };
        let weighted = self.weighted.iter().map(|WeightedGradient { weights, matrix, vector, targets }| {
            (weights, part(matrix, vector, host_targets(targets)))
        });
        HostFeatureGradient {
            whole: part(&self.matrix, &self.vector, host_targets(&self.targets)),
            weighted: weighted.collect(),
        }
    }
}

fn host_targets(targets: &[(Features, f64)]) -> Vec<(&HostFeatures, f32)> {
    let targets = targets.iter().map(|(target, factor)| match target {
        Features::Host { matrix, .. } => (matrix, *factor as f32),
        _ => panic!("one network computes all features of a run"),
    });
    targets.collect()
}

/// Add D·F, v·1ᵀ and each f·(F − T) to `gradient`.
fn add_parts(
    mut gradient: Option<Tensor<4>>,
    features: &Tensor<4>,
    (matrix, vector, targets): (Option<&Tensor<2>>, Option<&Tensor<1>>, &[(Features, f64)]),
) -> Option<Tensor<4>> {
    let [_, channels, height, width] = features.dims();
    let mut add = |part: Tensor<4>| {
        gradient = Some(match gradient.take() {
            Some(sum) => sum + part,
            None => part,
        });
    };
    if let Some(matrix) = matrix {
        let flat = features.clone().reshape([channels, height * width]);
        add(matrix.clone().matmul(flat).reshape(features.dims()));
    }
    if let Some(vector) = vector {
        add(vector.clone().reshape([1, channels, 1, 1]).expand(features.dims()));
    }
    for (target, factor) in targets {
        add((features.clone() - target.to_tensor()) * *factor);
    }
    gradient
}

/// Values of a CPU tensor.
pub(super) fn host_values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().try_to_vec().expect("a CPU tensor of floats is readable")
}
