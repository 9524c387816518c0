//! Weights of a layer's positions: a mask as a layer sees it.

use std::sync::Arc;

use burn::tensor::{Device as TensorDevice, Tensor, TensorData};

/// Weights m ≥ 0 of a layer's positions, by which a statistic or a gradient counts them. A clone shares them.
///
/// Statistics are weighed with m, not with m², and divided by Σm: G = Σ m·F·Fᵀ/Σm and μ = Σ m·F/Σm. So where
/// two masks cross at ½ both styles together pull as strongly as either does inside of its own.
#[derive(Clone, Debug)]
pub struct PositionWeights {
    values: Arc<[f32]>,
    sum: f64,
    /// The same on the device, `[1, 1, H, W]`.
    tensor: Tensor<4>,
}

impl PositionWeights {
    /// Weights `[H, W]` of the positions of features on this device.
    ///
    /// # Panics
    ///
    /// If the number of values differs from H·W.
    pub fn new(values: Vec<f32>, (height, width): (usize, usize), device: &TensorDevice) -> Self {
        let sum = values.chunks(1 << 10).map(|part| f64::from(part.iter().sum::<f32>())).sum();
        let tensor = Tensor::from_data(TensorData::new(values.clone(), [1, 1, height, width]), device);
        Self { values: values.into(), sum, tensor }
    }

    /// The weights `[P]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Σm.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// As a picture `[1, 1, H, W]`.
    pub fn tensor(&self) -> &Tensor<4> {
        &self.tensor
    }

    /// The weights of these positions, of which there are `count` per chunk; `None` if all are 0.
    pub(super) fn chunk(&self, index: usize, count: usize) -> Option<&[f32]> {
        let chunk = &self.values[index * count..];
        let chunk = &chunk[..count.min(chunk.len())];
        chunk.iter().any(|&weight| weight != 0.0).then_some(chunk)
    }
}
