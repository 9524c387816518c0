//! The style amount: choose β by measurement, so that one number means the same at every size and for every
//! pair.
//!
//! A run's own gradients depend on its progress: at convergence the gradients of content and style have equal
//! norms for any weights. So both are measured once at a fixed picture, half content and half style, and β =
//! a/(1−a) · α·‖∂L_content/∂x‖ / ‖∂L_style/∂x‖ there for an amount a: the style's share of the two is a.

use burn::tensor::Tensor;

use super::{Term, TransferError, evaluator::Evaluator, readback::values, space::Space};
use crate::settings::{Effective, LayerWeights, Modulated, Pooling, Settings, Statistic};
use impasto_network::vgg::Layer;

/// Scalar products of the layers' gradients, which give the norm of any weighted sum of them.
struct Products {
    layers: Vec<Layer>,
    /// ⟨∂Lᵢ/∂x, ∂Lⱼ/∂x⟩, row-major.
    values: Vec<f64>,
}

impl Products {
    /// ‖∂(Σ wₗ·Lₗ)/∂x‖.
    fn norm(&self, weights: &LayerWeights) -> f64 {
        let weight = |i: usize| weights.get(self.layers[i]).unwrap_or(0.0);
        let count = self.layers.len();
        let pairs = (0..count * count).map(|at| weight(at / count) * weight(at % count) * self.values[at]);
        pairs.sum::<f64>().max(0.0).sqrt()
    }
}

/// Measurement for some pictures at one size.
pub struct Calibration {
    content: Products,
    style: Products,
    statistic: Statistic,
    /// See [`Settings::feature_settings`].
    seen: (bool, Pooling),
}

impl Calibration {
    /// Measure every layer in use, even if muted: one forward pass, and a backward pass per layer.
    ///
    /// # Errors
    ///
    /// If a picture is too narrow for a layer in use, or the device fails.
    pub fn measure(
        evaluator: &mut Evaluator,
        space: &Space,
        settings: &Modulated,
    ) -> Result<Self, TransferError> {
        let content: Vec<Layer> = settings.content_layers.layers().collect();
        let style: Vec<Layer> = settings.style_layers.layers().collect();
        let all = Effective::of_all_layers(settings);
        evaluator.prepare(&all)?;
        let reference = evaluator.halfway()?;
        let terms: Vec<Term> = content
            .iter()
            .map(|&layer| Term::Content(layer))
            .chain(style.iter().map(|&layer| Term::Style(layer)))
            .collect();
        let gradients: Vec<Tensor<4>> = evaluator
            .gradients(&reference, &terms, &all)
            .into_iter()
            // Regions can leave nothing of a term.
            .map(|gradient| gradient.map_or_else(|| reference.zeros_like(), |own| space.gradient(own)))
            .collect();
        let (of_content, of_style) = gradients.split_at(content.len());
        Ok(Self {
            content: Products { values: products(of_content)?, layers: content },
            style: Products { values: products(of_style)?, layers: style },
            statistic: settings.style_statistic(),
            seen: settings.feature_settings(),
        })
    }

    /// Whether every layer in use was measured, for the statistic in use.
    pub fn fits(&self, settings: &Settings) -> bool {
        settings.content_layers.layers().all(|layer| self.content.layers.contains(&layer))
            && settings.style_layers.layers().all(|layer| self.style.layers.contains(&layer))
            && self.statistic == settings.style_statistic()
            && self.seen == settings.feature_settings()
    }

    /// α and β for an amount of 0 to 1. Mute and solo are ignored, so that they don't change the weights of
    /// the remaining terms. `None` if content or style has no layers or gradient.
    pub fn balance(&self, amount: f64, settings: &Settings) -> Option<[f64; 2]> {
        let alpha = if settings.content_weight > 0.0 { settings.content_weight } else { 1.0 };
        let content = alpha * self.content.norm(&settings.content_layers);
        let style = self.style.norm(&settings.style_layers);
        let ratio = content / style;
        if !(ratio.is_finite() && ratio > 0.0) {
            return None;
        }
        // Style only: any β is equivalent.
        Some(if amount >= 1.0 { [0.0, ratio] } else { [alpha, ratio * amount / (1.0 - amount)] })
    }
}

fn products(gradients: &[Tensor<4>]) -> Result<Vec<f64>, TransferError> {
    let count = gradients.len();
    if count == 0 {
        return Ok(Vec::new());
    }
    let all = (0..count * count)
        .map(|at| (gradients[at / count].clone() * gradients[at % count].clone()).sum())
        .collect();
    Ok(values(Tensor::cat(all, 0))?.into_iter().map(f64::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_follows_the_weights_without_measuring_again() {
        let [first, second] = [Layer::ALL[0], Layer::ALL[2]];
        let calibration = Calibration {
            content: Products { layers: vec![Layer::PAPER_CONTENT], values: vec![9.0] },
            // Gradients (1, 0) and (0, 2).
            style: Products { layers: vec![first, second], values: vec![1.0, 0.0, 0.0, 4.0] },
            statistic: Statistic::Moments,
            seen: (false, Pooling::Max),
        };
        let mut settings = Settings {
            style_layers: [(first, 3.0), (second, 2.0)].into_iter().collect(),
            content_layers: LayerWeights::paper_content(),
            ..Settings::default()
        };
        assert!(calibration.fits(&settings));
        assert!(!calibration.fits(&Settings { pooling: Pooling::Average, ..settings.clone() }));
        assert!(!calibration.fits(&Settings { luminance_only: true, ..settings.clone() }));
        // ‖(3, 4)‖ = 5 against 3.
        let [alpha, beta] = calibration.balance(0.75, &settings).unwrap();
        assert!((beta * 5.0 / (beta * 5.0 + alpha * 3.0) - 0.75).abs() < 1e-12, "{alpha} {beta}");
        settings.content_weight = 10.0;
        let scaled = calibration.balance(0.75, &settings).unwrap();
        assert!((scaled[1] / beta - 10.0).abs() < 1e-12);
        assert_eq!(calibration.balance(0.0, &settings).unwrap()[1], 0.0);
        assert_eq!(calibration.balance(1.0, &settings).unwrap()[0], 0.0);
        settings.style_layers = LayerWeights::none();
        assert_eq!(calibration.balance(0.5, &settings), None);
        settings.style_layers.set(Layer::ALL[5], 1.0);
        assert!(!calibration.fits(&settings));
    }
}
