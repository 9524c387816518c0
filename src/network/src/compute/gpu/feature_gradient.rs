//! The objective's contribution to the gradient at a layer, on a graphics adapter.

use burn::tensor::Tensor;
use cubecl::{prelude::*, server::Handle};

use super::{
    features::{GpuFeatures, Storage, argument, buffer, for_stored, in_rows, values_of},
    matrix::{self, THREADS, TILE},
};
use crate::compute::{FeatureGradient, Features, kernel_choice::Kernel};

impl GpuFeatures {
    /// Add a feature gradient to `gradient` or zeros. If `masked` it is 0 where these features are not
    /// positive.
    ///
    /// # Panics
    ///
    /// If a target comes from another network.
    pub fn add_gradient(&self, gradient: Option<Handle>, term: &FeatureGradient, masked: bool) -> Handle {
        if !self.queue.has(Kernel::FeatureGradient) {
            return self.add_fallback(gradient, term, masked);
        }
        let positions = self.shape.positions();
        let mut add = gradient.is_some();
        let out = gradient.unwrap_or_else(|| self.queue.empty(self.shape.len()));
        let (mut matrix, mut vector) = (term.matrix.as_ref().map(buffer), term.vector.as_ref().map(buffer));
        let mut targets = term.targets.iter().map(|(target, factor)| match target {
            Features::Gpu(target) => (target, *factor as f32),
            _ => panic!("one network computes all features of a run"),
        });
        let mut target = targets.next();
        loop {
            let count = in_rows(positions.div_ceil(TILE), self.shape.channels / TILE);
            let any = &self.handle;
            // SAFETY: the kernel stays inside these buffers: D is C×C, v has C values, the pictures have the
            // same shape.
            unsafe {
                for_stored!(self.stored, F => matrix::add_feature_gradient::launch_unchecked::<F>(
                    self.queue.client(),
                    count,
                    CubeDim::new_1d(THREADS as u32),
                    self.argument(),
                    argument(matrix.as_ref().unwrap_or(any)),
                    argument(vector.as_ref().unwrap_or(any)),
                    target.map_or(self, |(target, _)| target).argument(),
                    argument(&out),
                    positions as u32,
                    self.quads(),
                    target.map_or(0.0, |(_, factor)| factor),
                    matrix.is_some(),
                    vector.is_some(),
                    target.is_some(),
                    add,
                    masked,
                ));
            }
            (add, matrix, vector) = (true, None, None);
            target = targets.next();
            if target.is_none() {
                return out;
            }
        }
    }

    /// As [`GpuFeatures::add_gradient`] with burn's operations.
    fn add_fallback(&self, gradient: Option<Handle>, term: &FeatureGradient, masked: bool) -> Handle {
        let features = self.to_tensor();
        let gradient = gradient.map(|gradient| self.queue.picture(gradient, self.shape));
        let sum = term.add_to(gradient, &features).unwrap_or_else(|| features.zeros_like());
        values_of(if masked { sum * features.sign() } else { sum })
    }

    /// A feature gradient as a tensor `[1, C, H, W]`.
    pub fn gradient_alone(&self, term: &FeatureGradient) -> Tensor<4> {
        let handle = self.add_gradient(None, term, false);
        Self { handle, stored: Storage::Full, ..self.clone() }.to_tensor()
    }
}
