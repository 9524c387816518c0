//! What happened to a recorded run.

use serde_json::Value;

use impasto_core::{
    run::{DownscalePart, Pass},
    settings::{Settings, StyleMix},
    transfer::LevelCommand,
};

/// Something to do to a run between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// Steps that are painted before.
    pub step: u32,
    pub what: What,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The settings, and how the styles count, become these.
    Update(Box<Settings>, Vec<StyleMix>),
    Level(LevelCommand),
    Detour(DownscalePart),
}

/// What happened to a recorded run, with the whole settings after each change.
///
/// # Errors
///
/// When a change does not fit the settings.
pub fn acts(pass: &Pass) -> Result<Vec<Act>, String> {
    let mut settings = pass.settings.clone();
    let mut mix: Vec<StyleMix> = pass.styles.iter().map(|style| style.mix).collect();
    let mut acts = Vec::new();
    for change in &pass.changes {
        let at = |error: &dyn std::fmt::Display| format!("the change at step {}: {error}", change.step);
        let what = match (change.level, change.downscale) {
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

/// The settings as they stood after everything that happened to a run.
pub(super) fn last_settings(pass: &Pass) -> Settings {
    let settings = acts(pass).unwrap_or_default().into_iter().rev().find_map(|act| match act.what {
        What::Update(settings, _) => Some(*settings),
        What::Level(_) | What::Detour(_) => None,
    });
    settings.unwrap_or_else(|| pass.settings.clone())
}
