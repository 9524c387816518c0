//! The values of an objective's terms at one step.

use std::collections::BTreeMap;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::{meter::GradientNorms, place::Place};
use crate::settings::Settings;
use impasto_network::vgg::Layer;

/// Terms of the objective, unweighted, as they stand before a step's update; `total` is their weighted sum.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// Sum over the content layers, each with its layer weight.
    pub content: f64,
    /// One value per content layer, without its weight.
    #[serde(default)]
    pub content_layers: BTreeMap<Layer, f64>,
    /// One value per style layer, without its weight.
    pub style: BTreeMap<Layer, f64>,
    pub smoothness: f64,
    /// Mean over its layers; 0 while it has no weight.
    #[serde(default)]
    pub histogram: f64,
    /// What is minimised: α·content + β·Σ wₗ·styleₗ + γ·smoothness + δ·histogram.
    pub total: f64,
}

impl Losses {
    /// Fills in `total` from the terms and the settings' weights.
    pub fn weigh(&mut self, settings: &Settings) {
        let style: f64 = self
            .style
            .iter()
            .map(|(&layer, value)| settings.style_layers.get(layer).unwrap_or(0.0) * value)
            .sum();
        self.total = settings.content_weight * self.content
            + settings.style_weight * style
            + settings.smoothness_weight * self.smoothness
            + settings.histogram_weight * self.histogram;
    }

    /// Whether every term is a finite number.
    pub fn is_finite(&self) -> bool {
        self.content.is_finite()
            && self.smoothness.is_finite()
            && self.histogram.is_finite()
            && self.total.is_finite()
            && self.content_layers.values().all(|value| value.is_finite())
            && self.style.values().all(|value| value.is_finite())
    }
}

/// What one read-back brings from the device.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Steps painted.
    pub step: u32,
    /// Where in the pyramid.
    pub place: Place,
    /// Losses of the last step; `None` before the first.
    pub losses: Option<Losses>,
    /// What each term's gradient was when it was measured last, see [`super::StyleTransfer::measure`].
    pub norms: GradientNorms,
    /// The picture as it is looked at and saved.
    pub picture: RgbImage,
    /// The same without what is done to it after the fact, if anything is: what painting goes on from.
    pub plain: Option<RgbImage>,
}
