//! The stages that settings pass on their way to the gradient, as types: what a person has set is [`Settings`], what
//! automation makes of it at a step is [`Modulated`], and what the objective is made of is [`Effective`]. Nothing else enters
//! the evaluation, and there is no way back.

use std::ops::Deref;

use super::{GlobalTerm, Init, LayerWeights, Settings};

/// Settings with every automated knob where its track has it after some steps, see [`Settings::automated`]. Without
/// automation, or at rest, they are what a person has set.
#[derive(Clone, Debug, PartialEq)]
pub struct Modulated(Settings);

impl Modulated {
    pub(super) fn new(settings: Settings) -> Self {
        Self(settings)
    }

    /// The same at another size, as a level of the pyramid has.
    #[must_use]
    pub(crate) fn at_size(&self, size: u32) -> Self {
        Self(Settings { size, ..self.0.clone() })
    }

    /// The same with this share of the learning rate.
    #[must_use]
    pub(crate) fn with_share_of_rate(mut self, share: f64) -> Self {
        self.0.learning_rate *= share;
        self
    }

    /// The same with an objective in which no style counts.
    #[must_use]
    pub(crate) fn without_styles(mut self) -> Self {
        self.0.style_weight = 0.0;
        let of_styles = GlobalTerm::ALL.iter().filter(|term| term.compares_styles());
        of_styles.for_each(|term| term.set_weight(&mut self.0, 0.0));
        self
    }

    /// The same with an initial image that needs no further picture.
    #[must_use]
    pub(crate) fn begun(self) -> Self {
        Self(Settings { init: Init::Content, ..self.0 })
    }

    /// The same as a run that goes on takes it: what only counts at the beginning stays that of `running`.
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

/// Settings as the objective takes them: tilt, mute and solo worked out into weights, and once it is measured the style amount
/// into α and β. The tilt is 0 and all switches are off. See [`Settings::heard`].
#[derive(Clone, Debug, PartialEq)]
pub struct Effective(Settings);

impl Effective {
    pub(super) fn new(settings: Settings) -> Self {
        Self(settings)
    }

    /// Every layer in use with weight 1, whether it is heard or not: for measuring them.
    pub(crate) fn of_all_layers(settings: &Modulated) -> Self {
        let with = |layers: &LayerWeights| layers.with_weights(|_, _| 1.0).heard(false);
        Self(Settings {
            content_weight: 1.0,
            style_weight: 1.0,
            content_layers: with(&settings.content_layers),
            style_layers: with(&settings.style_layers),
            ..settings.0.clone()
        })
    }

    /// Puts in the α and β that a style amount amounts to.
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
