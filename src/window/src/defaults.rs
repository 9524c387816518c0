//! Which preset the settings match, and the defaults for them: updated only if settings or presets have
//! changed.

use impasto_core::settings::{Mix, Preset, Settings, UserPreset};

/// A preset by its name: a bundled one or a user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresetName {
    Bundled(Preset),
    Own(String),
}

impl PresetName {
    pub fn text(&self) -> &str {
        match self {
            Self::Bundled(preset) => preset.name(),
            Self::Own(name) => name,
        }
    }

    /// The preset over `settings`; `None` if it is gone or cannot be used.
    pub fn apply(&self, own: &[UserPreset], settings: &Settings) -> Option<Settings> {
        match self {
            Self::Bundled(preset) => Some(preset.apply(settings)),
            Self::Own(name) => {
                let found = own.iter().find(|preset| preset.name == *name)?;
                found.mix.as_ref().ok().and_then(|mix: &Mix| mix.apply(settings).ok())
            }
        }
    }

    /// The preset that these settings are.
    fn of(own: &[UserPreset], settings: &Settings) -> Option<Self> {
        let bundled = Preset::ALL.into_iter().map(Self::Bundled);
        let mut all = bundled.chain(own.iter().map(|preset| Self::Own(preset.name.clone())));
        all.find(|name| name.apply(own, settings).is_some_and(|made| made == *settings))
    }
}

/// What was worked out for the settings.
#[derive(Default)]
pub struct Defaults {
    /// The settings that it holds for.
    of: Option<Settings>,
    /// The preset that they are.
    is: Option<PresetName>,
    /// The preset that they were last.
    base: Option<PresetName>,
    /// The mix of that preset, or else the usual one of the objective.
    settings: Settings,
}

impl Defaults {
    /// The preset that the settings are.
    pub fn is(&self) -> Option<&PresetName> {
        self.is.as_ref()
    }

    /// What resets go to.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What that is called.
    pub fn name(&self) -> String {
        match &self.base {
            Some(base) => format!("as {}", base.text()),
            None => format!("defaults of {}", self.settings.objective),
        }
    }

    /// Look at the settings again even if they have not changed: the presets have.
    pub fn forget(&mut self) {
        self.of = None;
    }

    /// Update it if the settings have changed; true if they have.
    pub fn follow(&mut self, own: &[UserPreset], settings: &Settings) -> bool {
        if self.of.as_ref() == Some(settings) {
            return false;
        }
        self.is = PresetName::of(own, settings);
        if self.is.is_some() {
            self.base.clone_from(&self.is);
        }
        let defaults = self.base.as_ref().and_then(|base| base.apply(own, &Settings::default()));
        self.settings = match defaults.filter(|defaults| defaults.objective == settings.objective) {
            Some(defaults) => defaults,
            None => {
                self.base = None;
                Settings::for_objective(settings.objective)
            }
        };
        self.of = Some(settings.clone());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::Objective;

    #[test]
    fn the_last_preset_is_usual_until_the_objective_changes() {
        let own = [UserPreset {
            name: "Storm".into(),
            mix: Ok(Mix::of(&Settings { style_weight: 33.0, ..Settings::default() })),
        }];
        let mut defaults = Defaults::default();
        let mut settings = Preset::BoldStrokes.apply(&Settings::default());
        assert!(defaults.follow(&own, &settings) && !defaults.follow(&own, &settings));
        assert_eq!(defaults.is(), Some(&PresetName::Bundled(Preset::BoldStrokes)));
        settings.style_weight = 9.0;
        assert!(defaults.follow(&own, &settings));
        assert_eq!((defaults.is(), defaults.settings().style_weight), (None, 1.25));
        assert_eq!(defaults.name(), "as Bold strokes");
        settings.style_weight = 33.0;
        settings = own[0].mix.as_ref().unwrap().apply(&settings).unwrap();
        defaults.follow(&own, &settings);
        assert_eq!((defaults.name().as_str(), defaults.settings().style_weight), ("as Storm", 33.0));
        // Its file is gone: what is left is the objective.
        defaults.forget();
        assert!(defaults.follow(&[], &settings));
        assert_eq!(
            (defaults.name().as_str(), defaults.settings().style_weight),
            ("defaults of balanced", 1.0)
        );
        settings = Settings { seed: 4, beta2: 0.5, ..Settings::for_objective(Objective::Paper) };
        defaults.follow(&own, &settings);
        assert_eq!(defaults.settings(), &Settings::for_objective(Objective::Paper));
    }
}
