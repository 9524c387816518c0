//! Effective weights: mute, solo and tilt applied.

use super::{Effective, GlobalTerm, ParamId, Settings, Strip};

impl Settings {
    /// The weights that have a strip: style layers, content layers, and terms with their own switches.
    pub fn strips(&self) -> Vec<ParamId> {
        let style = self.style_layers.layers().map(ParamId::Style);
        let content = self.content_layers.layers().map(ParamId::Content);
        let terms = GlobalTerm::ALL.iter().filter(|term| term.has_strip());
        style.chain(content).chain(terms.map(|term| term.info().parameter)).collect()
    }

    /// A weight's strip; `None` if it has none.
    pub fn strip(&self, id: ParamId) -> Option<Strip> {
        match id {
            ParamId::Style(layer) => self.style_layers.strip(layer),
            ParamId::Content(layer) => self.content_layers.strip(layer),
            _ => with_strip(id).map(|term| term.strip(self)),
        }
    }

    /// Set a weight's strip, if it has one.
    pub fn set_strip(&mut self, id: ParamId, strip: Strip) {
        match id {
            ParamId::Style(layer) => self.style_layers.set_strip(layer, strip),
            ParamId::Content(layer) => self.content_layers.set_strip(layer, strip),
            _ => {
                if let Some(term) = with_strip(id) {
                    term.set_strip(self, strip);
                }
            }
        }
    }

    /// Whether any strip is soloed.
    pub fn any_solo(&self) -> bool {
        self.strips().into_iter().any(|id| self.strip(id).is_some_and(|strip| strip.solo))
    }

    /// Switch off every mute and solo.
    pub fn clear_mute_and_solo(&mut self) {
        for layers in [&mut self.style_layers, &mut self.content_layers] {
            *layers = layers.iter().collect();
        }
        for term in GlobalTerm::ALL {
            let strip = Strip::new(term.weight(self));
            term.set_strip(self, strip);
        }
    }

    /// The settings for the optimisation: tilt, mute and solo applied to the weights; the tilt is 0 and all
    /// switches are off.
    #[must_use]
    pub fn effective(&self) -> Effective {
        let any_solo = self.any_solo();
        let mut effective = Self {
            // Tilt before mute and solo, so that neither changes the other layers' weights.
            style_layers: self.style_layers.tilted(self.style_tilt).effective(any_solo),
            style_tilt: 0.0,
            content_layers: self.content_layers.effective(any_solo),
            ..self.clone()
        };
        for term in GlobalTerm::ALL {
            term.set_strip(&mut effective, Strip::new(term.strip(self).effective(any_solo)));
        }
        Effective::new(effective)
    }
}

/// The term of which this is the weight, if it has a strip.
fn with_strip(id: ParamId) -> Option<GlobalTerm> {
    GlobalTerm::ALL.iter().copied().find(|term| term.has_strip() && term.info().parameter == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_network::vgg::Layer;

    #[test]
    fn a_tilt_weighs_by_depth_and_at_neutral_it_is_not_there() {
        let mut settings = Settings::default();
        settings.style_layers.set(Layer::PAPER_STYLE[0], 0.1 + 0.2);
        assert_eq!(*settings.effective(), settings);
        let weights =
            |s: &Settings| s.effective().style_layers.iter().map(|(_, weight)| weight).collect::<Vec<_>>();
        let before = weights(&settings);
        settings.style_tilt = 0.4;
        let tilted = weights(&settings);
        for (i, j) in [(0, 1), (1, 3)] {
            let depth = |i: usize| Layer::PAPER_STYLE[i].index() as f64;
            let law = (0.4 * (depth(j) - depth(i))).exp();
            assert!((tilted[j] / tilted[i] / (before[j] / before[i]) / law - 1.0).abs() < 1e-12);
        }
        assert!((tilted.iter().sum::<f64>() - before.iter().sum::<f64>()).abs() < 1e-12);
        // Muting a layer doesn't change the others.
        settings
            .style_layers
            .set_strip(Layer::PAPER_STYLE[3], Strip { weight: 0.7, muted: true, solo: false });
        assert_eq!(weights(&settings)[..3], tilted[..3]);
        settings.style_tilt = 0.0;
        settings.style_layers.set(Layer::PAPER_STYLE[3], 0.7);
        assert_eq!(weights(&settings)[..3], before[..3]);
    }

    #[test]
    fn a_solo_mutes_other_layers_and_a_mute_overrides_it() {
        let mut settings = Settings { smoothness_weight: 2.0, ..Settings::default() };
        assert_eq!(*settings.effective(), settings);
        let [first, second, third, ..] = Layer::PAPER_STYLE;
        settings.style_layers.set_strip(first, Strip { weight: 1.0, muted: false, solo: true });
        settings.style_layers.set_strip(second, Strip { weight: 0.7, muted: true, solo: true });
        let effective = settings.effective();
        let weights = |s: &Settings| [first, second, third].map(|layer| s.style_layers.get(layer).unwrap());
        assert_eq!(weights(&effective), [1.0, 0.0, 0.0]);
        assert_eq!(
            (effective.content_layers.get(Layer::PAPER_CONTENT), effective.smoothness_weight),
            (Some(0.0), 0.0)
        );
        assert!(!effective.any_solo());

        settings.smoothness_solo = true;
        assert_eq!(settings.effective().smoothness_weight, 2.0);
        settings.smoothness_muted = true;
        assert_eq!(settings.effective().smoothness_weight, 0.0);
        assert_eq!(weights(&settings), [1.0, 0.7, 0.8], "muted layers keep their weight");
    }

    #[test]
    fn a_solo_mutes_other_terms() {
        let mut settings = Settings::default();
        GlobalTerm::ALL.iter().for_each(|term| term.set_weight(&mut settings, 2.0));
        for id in settings.strips() {
            let before = settings.strip(id).unwrap();
            settings.set_strip(id, Strip { solo: true, ..before });
            let effective = settings.effective();
            for &term in GlobalTerm::ALL {
                let counts = if term.info().parameter == id { 2.0 } else { 0.0 };
                assert_eq!(term.weight(&effective), counts, "{term} beside {id}");
            }
            settings.clear_mute_and_solo();
            assert_eq!(settings.strip(id), Some(before));
        }
        assert_eq!(settings.strip(ParamId::Beta), None);
    }
}
