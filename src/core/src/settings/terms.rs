//! The terms of the objective with one weight instead of weights per layer: the list used by mixer, losses,
//! plot, targets and validation. Their computation is in `transfer/terms`.

use super::{ParamId, Settings, Strip};
use impasto_base::{named, serde_as_text};
use impasto_network::vgg::Layer;

/// A term of the objective with a single weight. Its text is its name in files and in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GlobalTerm {
    Smoothness,
    /// Mean over its layers.
    Sliced,
    /// Mean over its layers.
    Coherence,
}

named!(
    GlobalTerm, "term",
    Smoothness => "smoothness",
    Sliced => "sliced" | "histogram",
    Coherence => "coherence",
);
serde_as_text!(GlobalTerm);

/// Description of a term.
pub struct TermInfo {
    /// Its weight.
    pub parameter: ParamId,
    /// Layers at which it compares the picture with the styles; empty for terms of the image alone.
    pub layers: &'static [Layer],
    /// Its mute and solo switches, if it has a strip in the mixer.
    pub(super) switches: Option<Switches>,
    /// Tooltip of its fader.
    pub tooltip: &'static str,
}

/// Mute and solo.
pub(super) struct Switches {
    get: fn(&Settings) -> [bool; 2],
    set: fn(&mut Settings, [bool; 2]),
}

impl GlobalTerm {
    pub fn info(self) -> TermInfo {
        match self {
            Self::Smoothness => TermInfo {
                parameter: ParamId::Smoothness,
                layers: &[],
                switches: Some(Switches {
                    get: |settings| [settings.smoothness_muted, settings.smoothness_solo],
                    set: |settings, on| [settings.smoothness_muted, settings.smoothness_solo] = on,
                }),
                tooltip: "Weight of the smoothness term (total variation). More removes grain.",
            },
            Self::Sliced => TermInfo {
                parameter: ParamId::Sliced,
                // A shallow and a deep layer as in Risser, Wilmot & Barnes (arXiv 1701.08893): relu1_1 and
                // relu4_1.
                layers: &[Layer::PAPER_STYLE[0], Layer::PAPER_STYLE[3]],
                switches: None,
                tooltip: "Weight of the sliced Wasserstein term: how closely the distribution of the features follows the style's at relu1_1 and relu4_1. Steadies colours, contrasts and textures; in balanced usual are 0.25 to 2.5.",
            },
            Self::Coherence => TermInfo {
                parameter: ParamId::Coherence,
                // Where a place sees a stroke: relu3_1 and relu4_1.
                layers: &[Layer::PAPER_STYLE[2], Layer::PAPER_STYLE[3]],
                switches: None,
                tooltip: "Weight of the coherence term: how closely each place follows the most similar place of the styles. 0 is statistics alone; more gives whole strokes of the style instead of averages of them.",
            },
        }
    }

    /// The terms with a nonzero weight in these settings.
    pub fn weighted(settings: &Settings) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |term| term.weight(settings) > 0.0)
    }

    pub fn weight(self, settings: &Settings) -> f64 {
        self.info().parameter.stored(settings, &[]).unwrap_or(0.0)
    }

    pub fn set_weight(self, settings: &mut Settings, weight: f64) {
        self.info().parameter.store(settings, &mut [], weight);
    }

    /// Whether it compares the picture with the styles.
    pub fn compares_styles(self) -> bool {
        !self.info().layers.is_empty()
    }

    /// Its layers; none if its weight is 0.
    pub fn layers(self, settings: &Settings) -> &'static [Layer] {
        if self.weight(settings) > 0.0 { self.info().layers } else { &[] }
    }

    /// Whether the mixer has a strip for it.
    pub fn has_strip(self) -> bool {
        self.info().switches.is_some()
    }

    /// Its weight, mute and solo; without a strip all switches are off.
    pub fn strip(self, settings: &Settings) -> Strip {
        let [muted, solo] = self.info().switches.map_or([false; 2], |switches| (switches.get)(settings));
        Strip { weight: self.weight(settings), muted, solo }
    }

    /// Set its weight, and mute and solo if it has them.
    pub fn set_strip(self, settings: &mut Settings, strip: Strip) {
        self.set_weight(settings, strip.weight);
        if let Some(switches) = self.info().switches {
            (switches.set)(settings, [strip.muted, strip.solo]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Parameter;

    #[test]
    fn a_term_is_called_in_files_as_its_weight_is_by_controllers() {
        for &term in GlobalTerm::ALL {
            let row = Parameter::of_id(term.info().parameter).unwrap();
            assert_eq!(row.address, term.to_string());
            assert_eq!(row.flag_name(), format!("{term}-weight"));
        }
    }

    #[test]
    fn a_term_sets_its_own_weight_and_switches() {
        let strip = Strip { weight: 0.625, muted: true, solo: true };
        for &term in GlobalTerm::ALL {
            let mut settings = Settings::default();
            term.set_strip(&mut settings, strip);
            let kept = if term.has_strip() { strip } else { Strip::new(0.625) };
            assert_eq!(term.strip(&settings), kept, "{term}");
            for &other in GlobalTerm::ALL.iter().filter(|&&other| other != term) {
                assert_eq!(other.strip(&settings), other.strip(&Settings::default()), "{term} sets {other}");
            }
        }
    }

    #[test]
    fn a_term_looks_at_its_layers_while_it_has_a_weight() {
        for &term in GlobalTerm::ALL {
            let mut settings = Settings::default();
            term.set_weight(&mut settings, 0.0);
            assert!(term.layers(&settings).is_empty(), "{term}");
            term.set_weight(&mut settings, 1.0);
            assert_eq!(term.layers(&settings), term.info().layers, "{term}");
        }
    }
}
