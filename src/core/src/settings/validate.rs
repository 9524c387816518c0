//! Validation of settings, with messages for the user.

use super::{
    GlobalTerm, PARAMETERS, Settings,
    parameters::{Kind, Limits},
};

/// Minimum longest side in pixels: the deepest style layer has one position per 16 pixels.
pub const MIN_SIZE: u32 = 16;
/// Maximum longest side in pixels.
pub const MAX_SIZE: u32 = 8192;

/// Maximum history of L-BFGS; each entry takes the memory of two images.
pub const MAX_HISTORY: u32 = 50;

/// Maximum bases of the sliced Wasserstein term: each holds the curves of 64 and of 512 axes for every style.
pub const MAX_BASES: u32 = 8;

/// An invalid setting, with advice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {message}")]
pub struct SettingsError {
    /// The setting by its command-line name.
    pub setting: String,
    pub message: String,
}

pub(super) fn error(setting: impl Into<String>, message: impl Into<String>) -> SettingsError {
    SettingsError { setting: setting.into(), message: message.into() }
}

impl Settings {
    /// Validate every value.
    ///
    /// # Errors
    ///
    /// The first invalid setting: sizes outside [`MIN_SIZE`]..=[`MAX_SIZE`], no steps, weights that are
    /// negative or not finite, optimizer constants outside their range, or an objective without any term.
    pub fn validate(&self) -> Result<(), SettingsError> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// Every invalid setting, see [`Settings::validate`].
    pub fn problems(&self) -> Vec<SettingsError> {
        let mut problems = Vec::new();
        let mut note = |checked: Result<(), SettingsError>| problems.extend(checked.err());
        for row in PARAMETERS {
            let name = row.flag_name();
            match &row.kind {
                Kind::Number(number) => {
                    note((number.get)(self).map_or(Ok(()), |value| number.scale.limits.check(name, value)));
                }
                Kind::Whole(whole) => {
                    note((whole.problem)((whole.get)(self)).map_or(Ok(()), |wrong| Err(error(name, wrong))));
                }
                Kind::Layers(layers) => {
                    for (layer, weight) in (layers.get)(self).iter() {
                        note(Limits::Weight.check(format!("{name} {layer}"), weight));
                    }
                }
                Kind::Switch | Kind::Other => {}
            }
        }
        note(self.automation.validate());
        note(self.masks.validate());
        // Whether there is something to paint cannot be told of numbers that are none.
        if problems.is_empty() {
            problems.extend(self.check_terms().err());
        }
        problems
    }

    fn check_terms(&self) -> Result<(), SettingsError> {
        let effective = self.effective();
        let (some_content, some_style) = match self.style_amount {
            None => (effective.content_weight > 0.0, effective.style_weight > 0.0),
            Some(amount) => (amount < 1.0, amount > 0.0),
        };
        let content = some_content && effective.content_layers.any_positive();
        let style = some_style && effective.style_layers.any_positive();
        if !(content || style || GlobalTerm::weighted(&effective).next().is_some()) {
            if *effective != *self {
                return Err(error(
                    "weights",
                    "everything is muted or 0, so there is nothing to paint; unmute a layer or end a solo",
                ));
            }
            return Err(error(
                "weights",
                "all weights are 0, so there is nothing to paint; give a style layer (--layer relu3_1=1) or the content a positive weight",
            ));
        }
        Ok(())
    }

    /// Warnings about valid but probably unintended settings.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let some_style = self.style_amount.unwrap_or(self.style_weight) > 0.0;
        let style = some_style && self.style_layers.any_positive();
        if !(style || GlobalTerm::weighted(self).any(GlobalTerm::compares_styles)) {
            remarks.push("all style weights are 0, so only the content is reconstructed".to_owned());
        } else if !self.effective().style_layers.any_positive() {
            remarks.push("no style layer counts: they are muted, or others are soloed".to_owned());
        }
        if self.palette.is_some() && self.luminance_only {
            remarks.push(
                "the palette is not used: painting in luminance alone keeps the content's colours".to_owned(),
            );
        } else if self.palette.is_some() && self.match_colours == 0.0 {
            remarks.push("the palette is not used: the amount of matched colours is 0".to_owned());
        }
        if self.longest_side() < self.size {
            remarks.push(format!(
                "the classic objective paints at most {} px: size {} is not used",
                self.longest_side(),
                self.size
            ));
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::LayerWeights;

    fn message(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.validate().unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_valid() {
        for &objective in super::super::Objective::ALL {
            Settings::for_objective(objective).validate().unwrap();
        }
    }

    #[test]
    fn each_bad_value_is_named() {
        for size in [0, 15, 100_000] {
            let text = message(|s| s.size = size);
            assert!(text.contains("size") && text.contains(&size.to_string()), "{text}");
        }
        assert!(message(|s| s.steps = 0).starts_with("steps"));
        assert!(message(|s| s.content_weight = -1.0).contains("content-weight: is -1"));
        for term in GlobalTerm::ALL {
            let text = message(|s| term.set_weight(s, -2.0));
            assert!(text.contains(&format!("{term}-weight: is -2")), "{text}");
        }
        assert!(message(|s| s.style_weight = f64::NAN).contains("style-weight: is NaN"));
        assert!(message(|s| s.style_layers.set("relu3_1".parse().unwrap(), -0.5)).contains("relu3_1"));
        assert!(message(|s| s.learning_rate = 0.0).starts_with("lr"));
        assert!(message(|s| s.history = 0).starts_with("history"));
        assert!(message(|s| s.sliced_bases = 0).starts_with("sliced-bases"));
        assert!(message(|s| s.sliced_bases = MAX_BASES + 1).contains("between 1 and 8"));
        assert!(message(|s| s.beta2 = 1.0).starts_with("beta2"));
        assert!(message(|s| s.epsilon = 0.0).starts_with("epsilon"));
        assert!(message(|s| s.style_scale = 0.0).starts_with("style-scale"));
        assert!(message(|s| s.style_tilt = f64::NAN).starts_with("style-tilt"));
        assert!(message(|s| s.style_amount = Some(1.5)).contains("style-amount: is 1.5"));
        assert!(message(|s| s.seed = u64::MAX).starts_with("seed"));
    }

    #[test]
    fn every_bad_value_is_told_and_only_good_ones_are_looked_at_together() {
        let mut settings = Settings { size: 3, steps: 0, style_weight: -1.0, ..Settings::default() };
        settings.style_layers.set("relu3_1".parse().unwrap(), -0.5);
        (settings.content_weight, settings.smoothness_weight) = (0.0, 0.0);
        let problems = settings.problems();
        let named: Vec<&str> = problems.iter().map(|problem| problem.setting.as_str()).collect();
        assert_eq!(named.len(), 4, "{named:?}");
        for name in ["size", "steps", "style-weight", "layer relu3_1"] {
            assert!(named.contains(&name), "{name}: {named:?}");
        }
        assert_eq!(settings.validate().unwrap_err(), problems[0]);
        assert!(Settings::default().problems().is_empty());
    }

    #[test]
    fn an_objective_without_terms_is_refused_and_one_without_style_is_remarked() {
        let text = message(|s| {
            s.smoothness_weight = 0.0;
            s.content_weight = 0.0;
            s.style_layers = LayerWeights::none();
        });
        assert!(text.contains("nothing to paint"), "{text}");
        let mut settings = Settings::default();
        assert!(settings.remarks().is_empty());
        settings.style_layers = LayerWeights::none();
        settings.validate().unwrap();
        assert!(settings.remarks()[0].contains("only the content"));
        let mut settings = Settings { smoothness_solo: true, smoothness_weight: 0.0, ..Settings::default() };
        assert!(settings.validate().unwrap_err().message.contains("muted"));
        settings.smoothness_weight = 1.0;
        settings.validate().unwrap();
        assert!(settings.remarks()[0].contains("soloed"));
    }
}
