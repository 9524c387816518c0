//! What the strips of the mixer amount to: mute, solo, tilt.

use super::Settings;

impl Settings {
    /// Whether any strip is soloed: of a style layer, a content layer or the smoothness.
    pub fn any_solo(&self) -> bool {
        let layers = self.style_layers.strips().chain(self.content_layers.strips());
        self.smoothness_solo || layers.into_iter().any(|(_, strip)| strip.solo)
    }

    /// Ends every mute and solo.
    pub fn hear_everything(&mut self) {
        for layers in [&mut self.style_layers, &mut self.content_layers] {
            *layers = layers.iter().collect();
        }
        self.smoothness_muted = false;
        self.smoothness_solo = false;
    }

    /// These settings as the optimisation takes them: tilt, mute and solo worked out into weights, the tilt 0 and all switches off.
    #[must_use]
    pub fn heard(&self) -> Self {
        let any_solo = self.any_solo();
        let silent = self.smoothness_muted || (any_solo && !self.smoothness_solo);
        Self {
            // Before mute and solo, so that neither moves what else is heard.
            style_layers: self.style_layers.tilted(self.style_tilt).heard(any_solo),
            style_tilt: 0.0,
            content_layers: self.content_layers.heard(any_solo),
            smoothness_weight: if silent { 0.0 } else { self.smoothness_weight },
            smoothness_muted: false,
            smoothness_solo: false,
            // It has no strip, and no solo.
            histogram_weight: if any_solo { 0.0 } else { self.histogram_weight },
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Strip;
    use impasto_network::vgg::Layer;

    #[test]
    fn a_tilt_weighs_by_depth_and_at_neutral_it_is_not_there() {
        let mut settings = Settings::default();
        settings.style_layers.set(Layer::PAPER_STYLE[0], 0.1 + 0.2);
        assert_eq!(settings.heard(), settings);
        let weights =
            |s: &Settings| s.heard().style_layers.iter().map(|(_, weight)| weight).collect::<Vec<_>>();
        let before = weights(&settings);
        settings.style_tilt = 0.4;
        let tilted = weights(&settings);
        for (i, j) in [(0, 1), (1, 4)] {
            let depth = |i: usize| Layer::PAPER_STYLE[i].index() as f64;
            let law = (0.4 * (depth(j) - depth(i))).exp();
            assert!((tilted[j] / tilted[i] / (before[j] / before[i]) / law - 1.0).abs() < 1e-12);
        }
        assert!((tilted.iter().sum::<f64>() - before.iter().sum::<f64>()).abs() < 1e-12);
        // What is muted takes nothing from the others and gives them nothing.
        settings
            .style_layers
            .set_strip(Layer::PAPER_STYLE[4], Strip { weight: 0.7, muted: true, solo: false });
        assert_eq!(weights(&settings)[..4], tilted[..4]);
        settings.style_tilt = 0.0;
        settings.style_layers.set(Layer::PAPER_STYLE[4], 0.7);
        assert_eq!(weights(&settings)[..4], before[..4]);
    }

    #[test]
    fn a_solo_silences_what_has_none_and_a_mute_wins_over_it() {
        let mut settings = Settings { smoothness_weight: 2.0, ..Settings::default() };
        assert_eq!(settings.heard(), settings);
        let [first, second, third, ..] = Layer::PAPER_STYLE;
        settings.style_layers.set_strip(first, Strip { weight: 1.0, muted: false, solo: true });
        settings.style_layers.set_strip(second, Strip { weight: 0.7, muted: true, solo: true });
        let heard = settings.heard();
        let weights = |s: &Settings| [first, second, third].map(|layer| s.style_layers.get(layer).unwrap());
        assert_eq!(weights(&heard), [1.0, 0.0, 0.0]);
        assert_eq!(
            (heard.content_layers.get(Layer::PAPER_CONTENT), heard.smoothness_weight),
            (Some(0.0), 0.0)
        );
        assert!(!heard.any_solo());

        settings.smoothness_solo = true;
        assert_eq!(settings.heard().smoothness_weight, 2.0);
        settings.smoothness_muted = true;
        assert_eq!(settings.heard().smoothness_weight, 0.0);
        assert_eq!(weights(&settings), [1.0, 0.7, 0.8], "what is silent keeps its weight");
    }
}
