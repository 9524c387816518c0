//! The events of a recorded run.

use std::collections::BTreeMap;

use serde_json::Value;

use impasto_core::{
    run::{DownscalePart, Pass, PictureRecords},
    settings::{Settings, StyleMix},
    transfer::LevelCommand,
};

/// An event to apply to a run between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayEvent {
    /// Number of steps painted before it.
    pub step: u32,
    pub kind: EventKind,
}

/// What an event does.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// Change the settings and the styles' mix to these.
    Update(Box<Settings>, Vec<StyleMix>),
    /// Replace the pictures too; the targets fade.
    Replace(Box<Settings>, Vec<StyleMix>, Box<PictureRecords>),
    Level(LevelCommand),
    Downscale(DownscalePart),
}

/// The events of a recorded run, with the complete settings after each change.
///
/// # Errors
///
/// If a change does not fit the settings.
pub fn events(pass: &Pass) -> Result<Vec<ReplayEvent>, String> {
    let mut settings = pass.settings.clone();
    let mut mix: Vec<StyleMix> = pass.styles.iter().map(|style| style.mix).collect();
    let mut events = Vec::new();
    for change in &pass.changes {
        let at = |error: &dyn std::fmt::Display| format!("the change at step {}: {error}", change.step);
        let kind = match (change.level, change.downscale) {
            (Some(order), _) => EventKind::Level(order),
            (None, Some(part)) => EventKind::Downscale(part),
            (None, None) => {
                // Automation can be large; where it stays, all settings share it.
                let automation = std::mem::take(&mut settings.automation);
                let mut whole = serde_json::to_value(&settings).map_err(|error| at(&error))?;
                if let Value::Object(fields) = &mut whole {
                    fields.extend(change.settings.clone());
                }
                settings = serde_json::from_value(whole).map_err(|error| at(&error))?;
                settings.validate().map_err(|error| at(&error))?;
                if !change.settings.contains_key(AUTOMATION) {
                    settings.automation = automation;
                }
                if let Some(new) = &change.styles {
                    mix.clone_from(new);
                }
                let (settings, mix) = (Box::new(settings.clone()), mix.clone());
                match &change.pictures {
                    None => EventKind::Update(settings, mix),
                    Some(pictures) => EventKind::Replace(settings, mix, Box::new(pictures.clone())),
                }
            }
        };
        events.push(ReplayEvent { step: change.step, kind });
    }
    Ok(events)
}

/// The setting that all settings share until a change names it.
const AUTOMATION: &str = "automation";

/// Bytes of the settings and mixes of all events of a recorded run, about.
pub(super) fn bytes(pass: &Pass) -> usize {
    let plain = Settings { automation: Default::default(), ..pass.settings.clone() };
    let Ok(Value::Object(fields)) = serde_json::to_value(&plain) else { return 0 };
    let length = |value: &Value| value.to_string().len();
    let mut fields: BTreeMap<&str, usize> =
        fields.iter().map(|(name, value)| (name.as_str(), length(value))).collect();
    let mut settings: usize = fields.values().sum();
    let (mut styles, mut sum) = (pass.styles.len(), 0_usize);
    for change in &pass.changes {
        for (name, value) in &change.settings {
            if name == AUTOMATION {
                sum = sum.saturating_add(length(value));
            } else {
                let former = fields.insert(name, length(value)).unwrap_or(0);
                settings = settings.saturating_add(length(value)).saturating_sub(former);
            }
        }
        styles = change.styles.as_ref().map_or(styles, Vec::len);
        sum = sum.saturating_add(settings).saturating_add(styles * size_of::<StyleMix>());
    }
    sum
}

/// The settings of a run after all its events.
pub(super) fn last_settings(pass: &Pass) -> Settings {
    let settings = events(pass).unwrap_or_default().into_iter().rev().find_map(|event| match event.kind {
        EventKind::Update(settings, _) | EventKind::Replace(settings, ..) => Some(*settings),
        EventKind::Level(_) | EventKind::Downscale(_) => None,
    });
    settings.unwrap_or_else(|| pass.settings.clone())
}
