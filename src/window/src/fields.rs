//! Settings in the window's words: what can be looked for, and what the history says about changes.

pub mod change;

use std::path::Path;

use serde_json::Value;

use self::change::Change;
use super::{masks, widgets};
use impasto_core::{
    picture::is_pasted,
    settings::{Curve, KeysEnd, Kind, Masks, PARAMETERS, ParamId, Parameter, Preset, Settings, Strip, Track},
};

/// A setting that can be looked for.
pub struct Field {
    /// The field's key; for an entry of a table with the entry's key behind a point.
    pub key: String,
    pub name: String,
    /// Further words for it, parted by commas.
    pub words: String,
    /// Name of its control in the window; empty if there is none.
    pub control: String,
    /// What is set now.
    pub value: String,
}

/// Every setting, and every entry of those that are tables.
pub fn all(settings: &Settings) -> Vec<Field> {
    let values = object(settings);
    let mut all = Vec::new();
    for Parameter { field: key, label, synonyms, control, kind, .. } in PARAMETERS {
        match values.get(*key) {
            Some(Value::Object(entries)) if matches!(kind, Kind::Layers(_)) => {
                let kind = label.to_lowercase();
                all.extend(entries.iter().map(|(entry, value)| Field {
                    key: format!("{key}.{entry}"),
                    name: format!("{label} {entry}"),
                    words: format!("{entry} {kind}, layer {entry}"),
                    control: format!("{entry} {kind} weight, number"),
                    value: text(value),
                }));
            }
            // Each track is found by its parameter, see the command palette.
            Some(Value::Object(_)) | None => {}
            Some(value) => all.push(Field {
                key: (*key).to_owned(),
                name: (*label).to_owned(),
                words: (*synonyms).to_owned(),
                control: (*control).to_owned(),
                value: text_of(key, value),
            }),
        }
    }
    all
}

/// What differs between two settings, in the order of [`PARAMETERS`].
pub fn changes(before: &Settings, after: &Settings) -> Vec<Change> {
    let mut changes = Vec::new();
    if before == after {
        return changes;
    }
    let masks = masks::titles::changes(&before.masks, &after.masks);
    let regions = &after.masks;
    let (before, after) = (object(before), object(after));
    for (key, value) in before.iter().filter(|(key, _)| *key != "masks") {
        let now = after.get(key);
        if now == Some(value) {
            continue;
        }
        let name = name_of(key);
        match (value, now) {
            (Value::Object(old), Some(Value::Object(new))) => {
                let mut entries: Vec<&String> = old.keys().chain(new.keys()).collect();
                entries.sort_unstable();
                entries.dedup();
                for entry in entries {
                    let (old, new) = (old.get(entry), new.get(entry));
                    if old != new {
                        changes.push(Change {
                            key: format!("{key}.{entry}"),
                            name: entry_name(key, &name, entry, regions),
                            before: old.cloned(),
                            after: new.cloned(),
                        });
                    }
                }
            }
            _ => changes.push(Change {
                key: key.clone(),
                name,
                before: Some(value.clone()),
                after: now.cloned(),
            }),
        }
    }
    changes.extend(masks);
    let place = |change: &Change| {
        let field = change.key.split('.').next().unwrap_or_default();
        PARAMETERS.iter().position(|row| row.field == field)
    };
    changes.sort_by_key(place);
    changes
}

/// What happened between two settings, in a line.
pub fn title(before: &Settings, after: &Settings, changes: &[Change]) -> String {
    let [first, rest @ ..] = changes else { return String::new() };
    if rest.is_empty() {
        return line(first);
    }
    if let Some(preset) = Preset::ALL.into_iter().find(|preset| preset.apply(before) == *after) {
        return format!("Preset {}", preset.name());
    }
    let table = first.key.split_once('.').map(|(field, _)| field);
    if let Some(field) = table.filter(|field| *field != "masks")
        && rest.iter().all(|change| change.key.starts_with(&format!("{field}.")))
    {
        if field == "automation" {
            return format!("Automation of {} faders", changes.len());
        }
        return format!("{} layers, {} of them", name_of(field), changes.len());
    }
    format!("{}, and {} more", line(first), rest.len())
}

/// What a changed field is now, in a line.
pub fn now(Change { key, name, after, .. }: &Change) -> String {
    format!("{name} {}", after.as_ref().map_or_else(|| "none".to_owned(), |value| text_of(key, value)))
}

fn line(Change { key, name, before, after }: &Change) -> String {
    let text = |value: &Value| text_of(key, value);

    match (before, after) {
        (_, Some(Value::Bool(on))) => format!("{name} {}", if *on { "on" } else { "off" }),
        (Some(before), Some(after)) => match switches(before, after) {
            Some(switches) => format!("{name} {switches}"),
            None => format!("{name} {} → {}", text(before), text(after)),
        },
        (None, Some(after)) => format!("{name} added, {}", text(after)),
        (_, None) => format!("{name} removed"),
    }
}

/// What is in force again once a change of a value is undone, in a line; `None` if something was added,
/// removed or switched.
pub fn back(Change { key, name, before, after }: &Change) -> Option<String> {
    let (before, after) = (before.as_ref()?, after.as_ref()?);
    if before.is_boolean() || switches(before, after).is_some() {
        return None;
    }
    let [was, is] = [before, after].map(|value| text_of(key, value));
    Some(match key.as_str() {
        // The short words for it do not say what has changed.
        _ if was == is => name.clone(),
        "init" => format!("{name} {was} again"),
        masks::titles::NAME => format!("Name of {is} back to {was}"),
        _ => format!("{name} back to {was}"),
    })
}

/// The value of a field in few characters.
fn text_of(key: &str, value: &Value) -> String {
    match (key, value) {
        ("style_amount", Value::Null) => "off".to_owned(),
        _ => text(value),
    }
}

/// Which switches of a strip have changed, if its weight has not.
fn switches(before: &Value, after: &Value) -> Option<String> {
    let strip = |value: &Value| serde_json::from_value::<Strip>(value.clone()).ok();
    let (before, after) = (strip(before)?, strip(after)?);
    if before.weight != after.weight {
        return None;
    }
    let all = [("mute", before.muted, after.muted), ("solo", before.solo, after.solo)];
    let changed = all.into_iter().filter(|(_, before, after)| before != after);
    let texts: Vec<String> =
        changed.map(|(what, _, on)| format!("{what} {}", if on { "on" } else { "off" })).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// An entry of a field that is a table.
fn entry_name(field: &str, name: &str, entry: &str, masks: &Masks) -> String {
    match entry.parse::<ParamId>().ok().filter(|_| field == "automation") {
        Some(id) => format!("{name} {}", id.label_in(masks)),
        None => format!("{name} {entry}"),
    }
}

/// What a track does, in few words.
pub fn track_text(track: &Track) -> String {
    let text = match &track.curve {
        Curve::Lfo(lfo) => {
            let turns = widgets::number(impasto_core::settings::three_digits(1.0 / lfo.period));
            format!("{}, {turns} cycle{}", lfo.shape, if turns == "1" { "" } else { "s" })
        }
        Curve::Keys(keys, end) => {
            let count =
                if keys.len() == 1 { "1 keyframe".to_owned() } else { format!("{} keyframes", keys.len()) };
            match end {
                KeysEnd::Hold => count,
                KeysEnd::Loop => format!("{count} in a loop"),
            }
        }
    };
    if track.on { text } else { format!("{text}, off") }
}

fn name_of(key: &str) -> String {
    Parameter::of_field(key)
        .map_or_else(|| widgets::capital(&key.replace('_', " ")), |row| row.label.to_owned())
}

/// A value in few characters.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(on) => if *on { "on" } else { "off" }.to_owned(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), widgets::number),
        Value::String(text) if is_pasted(Path::new(text)) => "pasted picture".to_owned(),
        Value::String(text) => {
            // The end of a path says most.
            let name = Path::new(text).file_name().map(|name| name.to_string_lossy().into_owned());
            widgets::shorten(&name.unwrap_or_else(|| text.clone()), 24)
        }
        other => match serde_json::from_value::<Track>(other.clone()) {
            Ok(track) => track_text(&track),
            Err(_) => widgets::shorten(&other.to_string(), 24),
        },
    }
}

/// Settings as the file would have them, field by field.
fn object(settings: &Settings) -> serde_json::Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::{Init, Objective};

    fn titled(change: impl FnOnce(&mut Settings)) -> String {
        let before = Settings::default();
        let mut after = before.clone();
        change(&mut after);
        title(&before, &after, &changes(&before, &after))
    }

    #[test]
    fn a_change_is_said_with_both_values() {
        let layer = |name: &str| name.parse().unwrap();
        assert_eq!(titled(|_| {}), "");
        assert_eq!(titled(|s| s.style_weight = 12.5), "Style β 1 → 12.5");
        assert_eq!(titled(|s| s.style_amount = Some(0.5)), "Style amount off → 0.5");
        assert_eq!(titled(|s| s.pyramid = false), "Pyramid off");
        // Numbers so large that they are the same weight have no switches either.
        let [before, after] =
            [1_u64 << 60, (1 << 60) + 1].map(|seed| Settings { seed, ..Settings::default() });
        let large = title(&before, &after, &changes(&before, &after));
        assert!(large.starts_with("Seed 1") && large.contains(" → "), "{large}");
        assert_eq!(titled(|s| s.init = Init::Noise), "Start from content → noise");
        assert_eq!(titled(|s| s.weights = Some("a/b/vgg.pth".into())), "Weights none → vgg.pth");
        assert_eq!(titled(|s| s.style_layers.set(layer("relu3_1"), 0.75)), "Style relu3_1 0.8 → 0.75");
        assert_eq!(titled(|s| s.style_layers.set(layer("relu3_4"), 1.0)), "Style relu3_4 added, 1");
        let solo = titled(|s| s.style_layers.set_strip(layer("relu3_1"), "0.8,solo".parse().unwrap()));
        assert_eq!(solo, "Style relu3_1 solo on");
        let muted = titled(|s| s.style_layers.set_strip(layer("relu3_1"), "0.75,muted".parse().unwrap()));
        assert_eq!(muted, "Style relu3_1 0.8 → 0.75,muted");
        assert_eq!(titled(|s| s.content_layers.remove(layer("relu4_2"))), "Content relu4_2 removed");
    }

    #[test]
    fn an_undone_value_is_said_by_what_it_is_again() {
        let undone = |change: fn(&mut Settings)| {
            let before = Settings::default();
            let mut after = before.clone();
            change(&mut after);
            back(&changes(&before, &after)[0])
        };
        assert_eq!(undone(|s| s.style_weight = 12.5).as_deref(), Some("Style β back to 1"));
        assert_eq!(undone(|s| s.init = Init::Noise).as_deref(), Some("Start from content again"));
        assert_eq!(undone(|s| s.style_amount = Some(0.5)).as_deref(), Some("Style amount back to off"));
        assert_eq!(undone(|s| s.pyramid = false), None);
        assert_eq!(undone(|s| s.content_layers.remove("relu4_2".parse().unwrap())), None);
        let solo = |s: &mut Settings| {
            s.style_layers.set_strip("relu3_1".parse().unwrap(), "0.8,solo".parse().unwrap());
        };
        assert_eq!(undone(solo), None);
    }

    #[test]
    fn what_has_the_same_words_before_and_after_is_said_by_its_name() {
        let with = |depth| {
            let mut settings = Settings::default();
            let lfo = impasto_core::settings::Lfo { depth, ..Default::default() };
            settings.automation.set(ParamId::Beta, Track::new(Curve::Lfo(lfo)));
            settings
        };
        let changes = changes(&with(0.2), &with(0.4));
        assert_eq!(back(&changes[0]).as_deref(), Some("Automation of Style β"));
    }

    #[test]
    fn a_region_has_its_name_again() {
        let with = |name: &str| {
            let region = impasto_core::settings::Region { name: name.into(), ..Default::default() };
            let mut settings = Settings::default();
            settings.masks.regions = vec![region];
            settings
        };
        let changes = changes(&with("Region 1"), &with("sky"));
        assert_eq!(back(&changes[0]).as_deref(), Some("Name of sky back to Region 1"));
    }

    #[test]
    fn a_track_of_a_region_is_called_by_its_name() {
        let region = impasto_core::settings::Region { name: "sky".into(), ..Default::default() };
        let mut before = Settings::default();
        before.masks.regions = vec![region];
        let mut after = before.clone();
        after.automation.set(ParamId::RegionStrength(0), Track::new(Curve::Lfo(Default::default())));
        let title = title(&before, &after, &changes(&before, &after));
        assert!(title.contains("Strength of sky added"), "{title}");
    }

    #[test]
    fn a_loop_is_said() {
        let track = |end| {
            let key = impasto_core::settings::Key { at: 0.0, value: 1.0, ease: Default::default() };
            Track::new(Curve::Keys(vec![key, impasto_core::settings::Key { at: 0.5, ..key }], end))
        };
        let mut before = Settings::default();
        before.automation.set(ParamId::Beta, track(KeysEnd::Hold));
        let mut after = before.clone();
        after.automation.set(ParamId::Beta, track(KeysEnd::Loop));
        let title = title(&before, &after, &changes(&before, &after));
        assert_eq!(title, "Automation of Style β 2 keyframes → 2 keyframes in a loop");
    }

    #[test]
    fn several_changes_are_said_in_one_line() {
        assert_eq!(titled(|s| s.style_layers = s.style_layers.tilted(0.1)), "Style layers, 4 of them");
        assert_eq!(titled(|s| *s = Preset::BoldStrokes.apply(s)), "Preset Bold strokes");
        let mixed = titled(|s| {
            s.set_objective(Objective::Paper);
            s.seed = 3;
        });
        assert!(mixed.starts_with("Objective balanced → paper, and ") && mixed.ends_with(" more"), "{mixed}");
        assert_eq!(
            titled(|s| (s.style_weight, s.content_weight) = (3.0, 2.0)),
            "Content α 1 → 2, and 1 more"
        );
    }
}
