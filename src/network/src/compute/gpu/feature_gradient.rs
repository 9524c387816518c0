//! The objective's contribution to the gradient at a layer, on a graphics adapter.

use burn::tensor::Tensor;
use cubecl::{prelude::*, server::Handle};

use super::{
    features::{GpuFeatures, Storage, argument, buffer, for_stored, in_rows, values_of},
    matrix::{self, THREADS, TILE},
};
use crate::compute::{FeatureGradient, Features, WeightedGradient, kernel_choice::Kernel};

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
        let whole = (term.matrix.as_ref(), term.vector.as_ref(), term.targets.as_slice());
        let mut sum = gradient;
        let is_empty = whole.0.is_none() && whole.1.is_none() && whole.2.is_empty();
        if !is_empty || term.weighted.is_empty() {
            sum = Some(self.add_part(sum, whole, None, masked));
        }
        for WeightedGradient { weights, matrix, vector, targets } in &term.weighted {
            let part = (matrix.as_ref(), vector.as_ref(), targets.as_slice());
            sum = Some(self.add_part(sum, part, Some(&buffer(weights.tensor())), masked));
        }
        sum.expect("a gradient has one part at least")
    }

    /// Add one part of a gradient to `gradient` or zeros, counted by weights `[P]` if there are some.
    fn add_part(
        &self,
        gradient: Option<Handle>,
        (matrix, vector, targets): (Option<&Tensor<2>>, Option<&Tensor<1>>, &[(Features, f64)]),
        weights: Option<&Handle>,
        masked: bool,
    ) -> Handle {
        let positions = self.shape.positions();
        let mut add = gradient.is_some();
        let out = gradient.unwrap_or_else(|| self.queue.empty(self.shape.len()));
        let (mut matrix, mut vector) = (matrix.map(buffer), vector.map(buffer));
        let mut targets = targets.iter().map(|(target, factor)| match target {
            Features::Gpu(target) => (target, *factor as f32),
            _ => panic!("one network computes all features of a run"),
        });
        let mut target = targets.next();
        loop {
            let count = in_rows(positions.div_ceil(TILE), self.shape.channels / TILE);
            let any = &self.handle;
            // SAFETY: the kernel stays inside these buffers: D is C×C, v has C values, the weights P, the
            // pictures have the same shape.
            unsafe {
                for_stored!(self.stored, F => matrix::add_feature_gradient::launch_unchecked::<F>(
                    self.queue.client(),
                    count,
                    CubeDim::new_1d(THREADS as u32),
                    self.argument(),
                    argument(matrix.as_ref().unwrap_or(any)),
                    argument(vector.as_ref().unwrap_or(any)),
                    target.map_or(self, |(target, _)| target).argument(),
                    argument(weights.unwrap_or(any)),
                    argument(&out),
                    positions as u32,
                    self.quads(),
                    target.map_or(0.0, |(_, factor)| factor),
                    matrix.is_some(),
                    vector.is_some(),
                    target.is_some(),
                    weights.is_some(),
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
