//! The parameter table: a row for each field of [`Settings`]. Validation, flags, blending, randomization,
//! automation, restarts, undo titles, the command palette and grid axes iterate over it.

#[macro_use]
mod macros;

mod id;
mod name;
mod range;
mod rows;

use clap::{ArgMatches, builder::ValueParser};

use super::{LayerWeights, Objective, Settings};
use impasto_network::vgg::Layer;

pub use id::ParamId;
pub use name::ParamName;
pub use range::{Limits, Range, three_digits};
pub use rows::PARAMETERS;

/// Description of a field of [`Settings`].
pub struct Parameter {
    /// Name of the field, which is its key in files.
    pub field: &'static str,
    /// Id of a continuous parameter.
    pub id: Option<ParamId>,
    /// Text of that id; for a table of layers the part before the slash.
    pub address: &'static str,
    pub kind: Kind,
    pub(super) copy: fn(&mut Settings, &Settings),
    pub(super) same: fn(&Settings, &Settings) -> bool,
    /// Name in the window.
    pub label: &'static str,
    /// Search synonyms, separated by commas.
    pub synonyms: &'static str,
    /// Accessible name of its control; empty if it has no single control.
    pub control: &'static str,
    pub flag: Option<Flag>,
    /// Reader of a plain flag's value; `None` for tables, whose flags are repeated.
    pub(super) argument: Option<Argument>,
    pub effect: Effect,
    pub scope: Scope,
    pub(super) default: OnObjective,
    pub(super) blend: Blend,
    pub(super) randomize: Option<Randomize>,
    pub inactive: Option<InactiveWhen>,
    pub axis: AxisValues,
}

/// Default row.
const ROW: Parameter = Parameter {
    field: "",
    id: None,
    address: "",
    kind: Kind::Other,
    copy: |_, _| {},
    same: |_, _| true,
    label: "",
    synonyms: "",
    control: "",
    flag: None,
    argument: None,
    effect: Effect::Hot,
    scope: Scope::Mix,
    default: OnObjective::Default,
    blend: Blend::Middle,
    randomize: None,
    inactive: None,
    axis: AxisValues::None,
};

/// Type of a parameter's value.
pub enum Kind {
    Number(Number),
    Whole(Whole),
    /// On or off.
    Switch,
    Layers(Layers),
    /// A choice, colour, path, tracks, or masks.
    Other,
}

/// A continuous parameter.
pub struct Number {
    /// `None` if it is switched off.
    pub(super) get: fn(&Settings) -> Option<f64>,
    pub(super) set: fn(&mut Settings, f64),
    pub scale: Scale,
}

/// Range and limits of a continuous parameter.
#[derive(Clone, Copy)]
pub struct Scale {
    pub range: fn(Objective) -> Range,
    pub limits: Limits,
}

/// An integer parameter.
pub struct Whole {
    pub(super) get: fn(&Settings) -> u64,
    pub(super) set: fn(&mut Settings, u64),
    /// Error message for an invalid value.
    pub(super) problem: fn(u64) -> Option<String>,
}

/// A table of weights by layer.
pub struct Layers {
    pub get: fn(&Settings) -> &LayerWeights,
    pub get_mut: fn(&mut Settings) -> &mut LayerWeights,
    /// Id of a layer's weight.
    pub id: fn(Layer) -> ParamId,
}

/// The command line's flag.
pub struct Flag {
    /// Name without the dashes. Also used for the parameter in messages and on grid axes.
    pub name: &'static str,
    pub value_name: &'static str,
    pub help: &'static str,
}

pub(super) struct Argument {
    pub parser: fn() -> ValueParser,
    /// Set the field if the flag is given.
    pub read: fn(&mut Settings, &ArgMatches),
}

/// When a new value takes effect.
#[derive(Clone, Copy)]
pub enum Effect {
    /// At the next step of a running optimisation.
    Hot,
    /// As [`Effect::Hot`], but style pictures are resized or recoloured, and their targets recomputed.
    Costly,
    /// As [`Effect::Hot`], without changing the objective: step size, stopping, display.
    Pace,
    /// At the next start from the initial image.
    NextStart,
    /// By a restart from the current picture, for this reason.
    Restart(&'static str),
    /// As [`Effect::Restart`], unless both settings are equivalent.
    RestartUnless(&'static str, fn(&Settings, &Settings) -> bool),
    /// In the window only.
    Window,
}

/// Scope of a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The mix: presets and slots store it, and applying one changes a running painting.
    Mix,
    /// The mix, but a running painting keeps its value.
    Start,
    /// The mix, but a running painting keeps its value unless the objective changes.
    Schedule,
    /// Not part of a mix: device, size and inputs.
    Run,
}

/// Effect of choosing an objective on a parameter.
pub(super) enum OnObjective {
    Keep,
    KeptBut(fn(&mut Settings, Objective)),
    /// Reset to [`Settings::default`].
    Default,
    /// Reset to [`Settings::default`], then changed.
    DefaultBut(fn(&mut Settings, Objective)),
}

/// Interpolation of a parameter between mixes. Layer weights are interpolated geometrically.
pub(super) enum Blend {
    /// Geometrically; linearly if one end is 0.
    Geometric,
    /// Linearly; whole numbers are rounded.
    Linear,
    /// Switch at the middle.
    Middle,
}

/// Randomization of a parameter.
pub(super) struct Randomize {
    /// Hashed with the seed to get its random number.
    pub name: &'static str,
    pub change: RandomChange,
    /// Whether it is randomized.
    pub when: fn(&Settings) -> bool,
}

/// Largest change for an amount of 1.
pub(super) enum RandomChange {
    /// By up to this power of two either way.
    Octaves(f64),
    /// By up to this much either way, within these limits.
    Share(f64, [f64; 2]),
}

/// Condition in which a parameter has no effect, regardless of its value.
#[derive(Clone, Copy)]
pub struct InactiveWhen {
    pub when: fn(&Settings) -> bool,
    /// Completes the window's text "Rests: …".
    pub reason: &'static str,
}

/// Values that a grid axis proposes.
pub enum AxisValues {
    /// Not available as an axis.
    None,
    Of(&'static str),
    /// From a quarter to four times the current value.
    Around,
    Names(fn() -> String),
}

impl Parameter {
    /// The row of a field of [`Settings`].
    pub fn of_field(field: &str) -> Option<&'static Self> {
        PARAMETERS.iter().find(|row| row.field == field)
    }

    /// The row with this id; `None` for ids of layers and pictures.
    pub fn of_id(id: ParamId) -> Option<&'static Self> {
        PARAMETERS.iter().find(|row| row.id == Some(id))
    }

    /// The row with this flag.
    pub fn of_flag(name: &str) -> Option<&'static Self> {
        PARAMETERS.iter().find(|row| row.flag_name() == name)
    }

    /// Its flag without the dashes; empty if it has none.
    pub fn flag_name(&self) -> &'static str {
        self.flag.as_ref().map_or("", |flag| flag.name)
    }

    /// The rows of layer tables with their accessors.
    pub fn layer_tables() -> impl Iterator<Item = (&'static Self, &'static Layers)> {
        PARAMETERS.iter().filter_map(|row| match &row.kind {
            Kind::Layers(layers) => Some((row, layers)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::settings::Masks;

    #[test]
    fn every_field_of_the_settings_has_one_row() {
        // Without any, the masks are left out.
        let masks = Masks { style_map: Some("map.png".into()), ..Masks::default() };
        let settings = serde_json::to_value(Settings { masks, ..Settings::default() }).unwrap();
        let fields: BTreeSet<&str> = settings.as_object().unwrap().keys().map(String::as_str).collect();
        let rows: BTreeSet<&str> = PARAMETERS.iter().map(|row| row.field).collect();
        assert_eq!(rows, fields);
        assert_eq!(rows.len(), PARAMETERS.len(), "a field has two rows");
    }

    #[test]
    fn labels_flags_and_addresses_stand_once() {
        for of in [
            |row: &Parameter| row.label,
            |row: &Parameter| row.flag_name(),
            |row: &Parameter| row.address,
            |row: &Parameter| row.randomize.as_ref().map_or("", |random| random.name),
        ] {
            let all: Vec<&str> =
                PARAMETERS.iter().map(of).filter(|text| !text.is_empty() && *text != "balance").collect();
            let once: BTreeSet<&str> = all.iter().copied().collect();
            assert_eq!(once.len(), all.len(), "{all:?}");
        }
        assert!(PARAMETERS.iter().all(|row| !row.label.is_empty()));
        // Window-only settings have no flag, tracks and masks have several, and every number has an id.
        let bare = PARAMETERS.iter().filter(|row| row.flag.is_none());
        assert!(bare.into_iter().all(|row| {
            matches!(row.effect, Effect::Window) || ["automation", "masks"].contains(&row.field)
        }));
        assert!(PARAMETERS.iter().all(|row| matches!(row.kind, Kind::Number(_)) == row.id.is_some()));
    }

    #[test]
    fn a_row_copies_and_compares_its_own_field() {
        let defaults = Settings::default();
        let mut changed = defaults.clone();
        for row in PARAMETERS {
            let before = changed.clone();
            match &row.kind {
                Kind::Number(number) => (number.set)(&mut changed, 0.625),
                Kind::Whole(whole) => (whole.set)(&mut changed, 33),
                Kind::Layers(layers) => (layers.get_mut)(&mut changed).set(Layer::ALL[3], 0.25),
                Kind::Switch | Kind::Other => continue,
            }
            let (old, new) =
                (serde_json::to_value(&before).unwrap(), serde_json::to_value(&changed).unwrap());
            for (key, value) in old.as_object().unwrap() {
                assert_eq!(new[key] == *value, key != row.field, "{} sets {key}", row.field);
            }
            assert!(!(row.same)(&before, &changed), "{}", row.field);
        }
        let mut copy = defaults;
        PARAMETERS.iter().for_each(|row| (row.copy)(&mut copy, &changed));
        assert_eq!(copy, changed);
    }
}
