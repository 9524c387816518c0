//! Smoothness: squared differences of neighbouring pixels.

use burn::tensor::Tensor;

use super::{ImageTerm, Term};
use crate::{
    objective::smoothness_gradient,
    settings::{Padding, Settings, Smoothness},
};

pub struct ImageSmoothness {
    neighbours: Smoothness,
    /// The picture goes on at its other side.
    tile: bool,
}

impl ImageSmoothness {
    pub fn new(settings: &Settings) -> Option<Self> {
        let tile = settings.padding == Padding::Circular;
        (settings.smoothness_weight > 0.0).then_some(Self { neighbours: settings.smoothness, tile })
    }
}

impl ImageTerm for ImageSmoothness {
    fn id(&self) -> Term {
        Term::Smoothness
    }

    fn evaluate(&self, image: &Tensor<4>) -> (Tensor<1>, Tensor<4>) {
        smoothness_gradient(image, self.neighbours, self.tile)
    }
}
