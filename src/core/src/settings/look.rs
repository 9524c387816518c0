//! Apply a mix's look to a running painting.

use super::{PARAMETERS, Settings, parameters::Scope};

impl Settings {
    /// These settings with the look of `mix`, for a running painting: settings that belong to no mix, the
    /// initial image and the automation stay. Settings that would restart the run stay too, unless the
    /// objective changes.
    #[must_use]
    pub fn with_look(&self, mix: &Settings) -> Settings {
        let mut settings = mix.clone();
        for row in PARAMETERS {
            let kept = match row.scope {
                Scope::Mix => false,
                Scope::Start | Scope::Run => true,
                Scope::Schedule => mix.objective == self.objective,
            };
            if kept {
                (row.copy)(&mut settings, self);
            }
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::settings::{Init, Mix, Objective, Padding, Preset};

    /// Settings with non-default values for everything that belongs to no mix.
    fn mine() -> Settings {
        let usual = Settings {
            init: Init::Noise,
            steps: 77,
            pyramid: false,
            padding: Padding::Circular,
            keep_colours: 0.5,
            ..Settings::default()
        };
        let mut value = serde_json::to_value(&usual).unwrap();
        let outside = PARAMETERS.iter().filter(|row| row.scope == Scope::Run);
        for key in outside.map(|row| row.field) {
            let before = value[key].clone();
            let others = match &before {
                Value::Bool(on) => vec![json!(!on)],
                Value::Number(number) => vec![json!(number.as_u64().unwrap() + 3)],
                _ => {
                    let texts = ["cpu", "fast", "flatten", "#808080", "file.png"].map(|text| json!(text));
                    [texts.as_slice(), &[json!({"style_map": "map.png"})]].concat()
                }
            };
            let found = others.into_iter().find(|other| {
                value[key] = other.clone();
                serde_json::from_value::<Settings>(value.clone()).is_ok()
            });
            assert!(found.is_some_and(|found| found != before), "no other value of {key} is known here");
        }
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_look_is_a_mix_that_no_running_painting_has_to_begin_anew_for() {
        let mine = mine();
        for preset in Preset::ALL {
            let mix = preset.apply(&Settings::default());
            let got = mine.with_look(&mix);
            let mut wanted = Mix::of(&mix).apply(&mine).unwrap();
            wanted.init = Init::Noise;
            wanted.automation = mine.automation.clone();
            if mix.objective == Objective::Balanced {
                (wanted.steps, wanted.pyramid, wanted.padding) = (77, false, Padding::Circular);
                assert!(mine.restart_reasons(&got).is_empty());
            }
            assert_eq!(got, wanted, "{}", preset.name());
            assert_eq!(got.keep_colours, 0.0);
            assert_eq!(preset.apply(&mine).masks, mine.masks, "masks belong to no preset");
            assert_eq!(got.with_look(&got), got);
        }
    }
}
