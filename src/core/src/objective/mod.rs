//! The objective: content and style at layers, and terms with one weight each: sliced Wasserstein, coherence,
//! smoothness. A term has a value and an analytic gradient with respect to its features (see
//! [`impasto_network::compute::Features`]) or the image.
//!
//! With F a layer's features as a C×P matrix and G = F·Fᵀ/P its Gram matrix, a star marking the target:
//!
//! | objective | content | style of a layer |
//! |---|---|---|
//! | balanced | Σ(F−F*)² / (Σ(F*)² + P·e) | ‖G−G*‖² / ‖G*‖² |
//! | paper (Gatys, Ecker & Bethge, CVPR 2016) | ½·Σ(F−F*)² | Σ(G−G*)² / (4C²), which is the paper's Σ(K−A)²/(4C²P²) with K = P·G |
//! | classic (the PyTorch tutorial) | mean (F−F*)² | mean over C² of (K−K*)², divided by C·P |
//!
//! e is the mean energy ΣF²/P of the styles' pictures at that layer. Features with that energy that are
//! uncorrelated with the content's (scalar product 0) have the squared distance Σ(F*)² + P·e from them, so a
//! value of about 1 means that nothing is left of the content. Relative to Σ(F*)² alone, a content of low
//! contrast, or one enlarged beyond its detail, would weigh several times as much as others.
//!
//! In balanced a layer's style may use other statistics than the Gram matrix, see [`StyleTarget`].
//!
//! total = α·Σ w·content + β·Σ w·style + γ·smoothness + δ·sliced + κ·coherence, where sliced (Wasserstein)
//! and coherence are each the mean of two layers' terms, see [`Quantiles`] and [`neighbours`]. The objectives
//! differ only in the factors of the two squared distances, see [`Objective::content_factor`] and
//! [`Objective::style_factor`].

mod bases;
mod moments;
pub mod neighbours;
mod roots;
mod sliced;
mod smoothness;
mod sorting;
mod style;

pub use bases::Basis;
pub use moments::Moments;
pub use sliced::{POINTS, Quantiles};
pub use smoothness::smoothness_gradient;
pub use style::{StyleTarget, StyleTerm};

use crate::settings::Objective;
use impasto_network::vgg::Layer;

/// Lower bound of the divisor of squared distances: a layer may be 0 everywhere on a flat picture. Mean
/// activations are 1.
const LEAST_ENERGY: f64 = 1e-12;

impl Objective {
    /// Factor of Σ(F−F*)² for `positions` P, given the squared distance that counts as 1 in balanced.
    pub fn content_factor(self, layer: Layer, positions: usize, unit: f64) -> f64 {
        match self {
            Objective::Balanced => 1.0 / unit.max(LEAST_ENERGY),
            Objective::Paper => 0.5,
            Objective::Classic => 1.0 / (layer.channels() * positions) as f64,
        }
    }

    /// Factor of ‖G−G*‖² for `positions` P, given the target's energy ‖G*‖².
    pub fn style_factor(self, layer: Layer, positions: usize, target_energy: f64) -> f64 {
        let channels = layer.channels() as f64;
        match self {
            Objective::Balanced => 1.0 / target_energy.max(LEAST_ENERGY),
            Objective::Paper => 1.0 / (4.0 * channels * channels),
            // mean over C² of P²(G−G*)², divided by C·P
            Objective::Classic => positions as f64 / channels.powi(3),
        }
    }
}

fn square_sum(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value) * f64::from(value)).sum()
}

/// Numbers from 0 to 1 without an order, others for each salt.
#[cfg(test)]
pub(crate) fn test_values(count: usize, salt: usize) -> Vec<f32> {
    (0..count).map(|i| ((i + 97 * salt).wrapping_mul(2_654_435_761) >> 8 & 0xffff) as f32 / 65536.0).collect()
}
