//! The events of a recorded run.

use serde_json::Value;

use impasto_core::{
    run::{DetourPart, Pass},
    settings::{Settings, StyleMix},
    transfer::LevelOrder,
};

/// An event to apply to a run between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// Number of steps painted before it.
    pub step: u32,
    pub what: What,
}

/// What an event does.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Change the settings and the styles' mix to these.
    Update(Box<Settings>, Vec<StyleMix>),
    Level(LevelOrder),
    Detour(DetourPart),
}

/// The events of a recorded run, with the complete settings after each change.
///
/// # Errors
///
/// If a change does not fit the settings.
pub fn acts(pass: &Pass) -> Result<Vec<Act>, String> {
    let mut settings = pass.settings.clone();
    let mut mix: Vec<StyleMix> = pass.styles.iter().map(|style| style.mix).collect();
    let mut acts = Vec::new();
    for change in &pass.changes {
        let at = |error: &dyn std::fmt::Display| format!("the change at step {}: {error}", change.step);
        let what = match (change.level, change.detour) {
            (Some(order), _) => What::Level(order),
            (None, Some(part)) => What::Detour(part),
            (None, None) => {
                let mut whole = serde_json::to_value(&settings).map_err(|error| at(&error))?;
                if let Value::Object(fields) = &mut whole {
                    fields.extend(change.settings.clone());
                }
                settings = serde_json::from_value(whole).map_err(|error| at(&error))?;
                settings.validate().map_err(|error| at(&error))?;
                if let Some(new) = &change.styles {
                    mix.clone_from(new);
                }
                What::Update(Box::new(settings.clone()), mix.clone())
            }
        };
        acts.push(Act { step: change.step, what });
    }
    Ok(acts)
}

/// The settings of a run after all its events.
pub(super) fn last_settings(pass: &Pass) -> Settings {
    let settings = acts(pass).unwrap_or_default().into_iter().rev().find_map(|act| match act.what {
        What::Update(settings, _) => Some(*settings),
        What::Level(_) | What::Detour(_) => None,
    });
    settings.unwrap_or_else(|| pass.settings.clone())
}
