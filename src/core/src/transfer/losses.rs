//! Losses of one step.

use std::collections::BTreeMap;

use image::RgbImage;
use serde::Serialize;

use super::{norm_monitor::GradientNorms, pyramid_progress::PyramidProgress};
use crate::settings::{GlobalTerm, Settings};
use impasto_network::vgg::Layer;

/// Unweighted terms of the objective before a step's update; `total` is their weighted sum.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Losses {
    /// Weighted sum over the content layers.
    pub content: f64,
    /// Unweighted value per content layer.
    pub content_layers: BTreeMap<Layer, f64>,
    /// Unweighted value per style layer.
    pub style: BTreeMap<Layer, f64>,
    /// Terms with one weight: the mean over their layers if they have any, 0 if the weight is 0.
    #[serde(flatten)]
    pub global: BTreeMap<GlobalTerm, f64>,
    /// The objective: α·content + β·Σ wₗ·styleₗ + each of the others times its weight.
    pub total: f64,
}

impl Default for Losses {
    fn default() -> Self {
        Self {
            content: 0.0,
            content_layers: BTreeMap::new(),
            style: BTreeMap::new(),
            global: GlobalTerm::ALL.iter().map(|&term| (term, 0.0)).collect(),
            total: 0.0,
        }
    }
}

impl Losses {
    /// Compute `total` from the terms and the settings' weights.
    pub fn weigh(&mut self, settings: &Settings) {
        let style: f64 = self
            .style
            .iter()
            .map(|(&layer, value)| settings.style_layers.get(layer).unwrap_or(0.0) * value)
            .sum();
        let layers = settings.content_weight * self.content + settings.style_weight * style;
        self.total =
            self.global.iter().fold(layers, |sum, (term, value)| sum + term.weight(settings) * value);
    }

    /// Whether every term is a finite number.
    pub fn is_finite(&self) -> bool {
        self.content.is_finite()
            && self.total.is_finite()
            && self.content_layers.values().all(|value| value.is_finite())
            && self.global.values().all(|value| value.is_finite())
            && self.style.values().all(|value| value.is_finite())
    }
}

/// Result of one read-back.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Steps painted.
    pub step: u32,
    /// Progress through the pyramid.
    pub place: PyramidProgress,
    /// Losses of the last step; `None` before the first.
    pub losses: Option<Losses>,
    /// Last measured norm of each term's gradient, see [`super::StyleTransfer::measure`].
    pub norms: GradientNorms,
    /// The picture for display and saving.
    pub picture: RgbImage,
    /// The picture before post-processing, from which painting continues; `None` if there is none.
    pub plain: Option<RgbImage>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_have_every_term_by_its_name() {
        let losses = serde_json::to_value(Losses::default()).unwrap();
        for &term in GlobalTerm::ALL {
            assert_eq!(losses[term.to_string()], 0.0, "{term}");
        }
        assert_eq!(losses.as_object().unwrap().len(), 4 + GlobalTerm::ALL.len());
    }

    #[test]
    fn the_total_is_the_weighted_sum() {
        let mut losses = Losses { content: 0.5, ..Losses::default() };
        losses.style = [(Layer::ALL[0], 0.25), (Layer::ALL[2], 4.0)].into();
        losses.global.values_mut().for_each(|value| *value = 3.0);
        let mut settings = Settings { content_weight: 2.0, style_weight: 8.0, ..Settings::default() };
        settings.style_layers = [(Layer::ALL[0], 0.5), (Layer::ALL[2], 2.0)].into_iter().collect();
        GlobalTerm::ALL.iter().for_each(|term| term.set_weight(&mut settings, 0.5));
        losses.weigh(&settings);
        assert_eq!(losses.total, 1.0 + 65.0 + 1.5 * GlobalTerm::ALL.len() as f64);
        let infinite = GlobalTerm::ALL.iter().map(|&term| (term, f64::INFINITY)).collect();
        assert!(losses.is_finite() && !Losses { global: infinite, ..losses }.is_finite());
    }
}
