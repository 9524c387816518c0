//! The stages of settings as types: the user's [`Settings`], [`Modulated`] by automation at a step, and
//! [`Effective`] for the objective. The evaluation uses only the last, and there is no conversion back.

use std::ops::Deref;

use super::{GlobalTerm, Init, LayerWeights, Settings};
use impasto_network::vgg::Layer;

/// Settings with automation applied after some steps, see [`Settings::automated`]. Without automation they
/// equal the user's.
#[derive(Clone, Debug, PartialEq)]
pub struct Modulated(Settings);

impl Modulated {
    pub(super) fn new(settings: Settings) -> Self {
        Self(settings)
    }

    /// With the size of a level of the pyramid.
    #[must_use]
    pub(crate) fn at_size(&self, size: u32) -> Self {
        Self(Settings { size, ..self.0.clone() })
    }

    /// With the learning rate multiplied by a factor.
    #[must_use]
    pub(crate) fn with_rate_factor(mut self, share: f64) -> Self {
        self.0.learning_rate *= share;
        self
    }

    /// Without style terms.
    #[must_use]
    pub(crate) fn without_styles(mut self) -> Self {
        self.0.style_weight = 0.0;
        let of_styles = GlobalTerm::ALL.iter().filter(|term| term.compares_styles());
        of_styles.for_each(|term| term.set_weight(&mut self.0, 0.0));
        self
    }

    /// With as little memory as possible.
    #[must_use]
    pub(crate) fn with_low_memory(self) -> Self {
        Self(Settings { low_memory: true, ..self.0 })
    }

    /// With an initial image that needs no further picture.
    #[must_use]
    pub(crate) fn with_content_init(self) -> Self {
        Self(Settings { init: Init::Content, ..self.0 })
    }

    /// As applied to a running optimisation: settings that only take effect at a start stay those of
    /// `running`.
    #[must_use]
    pub(crate) fn for_run_of(&self, running: &Self) -> Self {
        Self(Settings { objective: running.objective, size: running.size, ..self.0.clone() })
    }
}

impl From<&Settings> for Modulated {
    fn from(settings: &Settings) -> Self {
        Self(settings.clone())
    }
}

impl From<&Modulated> for Modulated {
    fn from(settings: &Modulated) -> Self {
        settings.clone()
    }
}

impl Deref for Modulated {
    type Target = Settings;
    fn deref(&self) -> &Settings {
        &self.0
    }
}

/// Settings for the objective: tilt, mute and solo applied to the weights, and the style amount, once
/// measured, to α and β. The tilt is 0 and all switches are off. See [`Settings::effective`].
#[derive(Clone, Debug, PartialEq)]
pub struct Effective(Settings);

impl Effective {
    pub(super) fn new(settings: Settings) -> Self {
        Self(settings)
    }

    /// Every layer in use with weight 1, even if muted, to measure them.
    pub(crate) fn of_all_layers(settings: &Modulated) -> Self {
        let with = |layers: &LayerWeights| layers.with_weights(|_, _| 1.0).effective(false);
        Self(Settings {
            content_weight: 1.0,
            style_weight: 1.0,
            content_layers: with(&settings.content_layers),
            style_layers: with(&settings.style_layers),
            ..settings.0.clone()
        })
    }

    /// The deepest layer that an evaluation computes: of those with a weight above 0.
    pub fn deepest_active(&self) -> Option<Layer> {
        let active = |factor: f64, weights: &LayerWeights| {
            weights.iter().filter(|&(_, weight)| factor * weight > 0.0).map(|(layer, _)| layer).max()
        };
        active(self.content_weight, &self.content_layers)
            .max(active(self.style_weight, &self.style_layers))
            .max(self.global_layers().max())
    }

    /// Set the α and β of a style amount.
    pub(crate) fn set_balance(&mut self, [alpha, beta]: [f64; 2]) {
        self.0.content_weight = alpha;
        self.0.style_weight = beta;
    }
}

impl Deref for Effective {
    type Target = Settings;
    fn deref(&self) -> &Settings {
        &self.0
    }
}
