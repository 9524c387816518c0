//! What the objective does to the gradient at a layer, on a graphics adapter.

use burn::tensor::Tensor;
use cubecl::{prelude::*, server::Handle};

use super::{
    features::{GpuFeatures, Storage, argument, buffer, for_stored, in_rows},
    matrix::{self, THREADS, TILE},
};
use crate::compute::{Features, Pull};

impl GpuFeatures {
    /// `gradient`, or zeros, plus a pull. If `masked` it is 0 where these features are not positive.
    ///
    /// # Panics
    ///
    /// When a target comes from another network.
    pub fn pulled(&self, gradient: Option<Handle>, pull: &Pull, masked: bool) -> Handle {
        let positions = self.shape.positions();
        let mut add = gradient.is_some();
        let out = gradient.unwrap_or_else(|| self.queue.empty(self.shape.len()));
        let (mut matrix, mut vector) = (pull.matrix.as_ref().map(buffer), pull.vector.as_ref().map(buffer));
        let mut targets = pull.toward.iter().map(|(target, factor)| match target {
            Features::Gpu(target) => (target, *factor as f32),
            _ => panic!("one network computes all features of a run"),
        });
        let mut target = targets.next();
        loop {
            let count = in_rows(positions.div_ceil(TILE), self.shape.channels / TILE);
            let any = &self.handle;
            // SAFETY: the kernel stays inside these buffers: D is C×C, v has C values, the pictures have one shape.
            unsafe {
                for_stored!(self.stored, F => matrix::pull::launch_unchecked::<F>(
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

    /// A pull's gradient alone, `[1, C, H, W]`.
    pub fn pull_gradient(&self, pull: &Pull) -> Tensor<4> {
        let handle = self.pulled(None, pull, false);
        Self { handle, stored: Storage::Full, ..self.clone() }.to_tensor()
    }
}
