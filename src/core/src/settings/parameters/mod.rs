//! The parameter table: a row for each field of [`Settings`]. Validation, flags, blending, randomization, automation,
//! restarts, undo titles, the command palette and the axes of grids are loops over it.

#[macro_use]
mod macros;

mod id;
mod range;
mod rows;

use clap::{ArgMatches, builder::ValueParser};

use super::{LayerWeights, Objective, Settings};
use impasto_network::vgg::Layer;

pub use id::ParamId;
pub use range::{Limits, Range, three_digits};
pub use rows::PARAMETERS;

/// A field of [`Settings`] and everything that is known about it.
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
    /// Further words that find it, separated by commas.
    pub synonyms: &'static str,
    /// Accessible name of its control; empty if the window has no single one.
    pub control: &'static str,
    pub flag: Option<Flag>,
    /// How a plain flag's value is read; `None` for tables, whose flags are repeated.
    pub(super) argument: Option<Argument>,
    pub effect: Effect,
    pub scope: Scope,
    pub(super) default: OnObjective,
    pub(super) blend: Blend,
    pub(super) randomize: Option<Randomize>,
    pub rests: Option<Rests>,
    pub axis: AxisValues,
}

/// What a row has unless it says otherwise.
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
    default: OnObjective::Usual,
    blend: Blend::Middle,
    randomize: None,
    rests: None,
    axis: AxisValues::None,
};

/// Type of a parameter's value.
pub enum Kind {
    Number(Number),
    Whole(Whole),
    /// On or off.
    Switch,
    Layers(Layers),
    /// A choice, a colour, a path, or tracks.
    Other,
}

/// A continuous parameter.
pub struct Number {
    /// `None` while it is switched off.
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

/// A whole number.
pub struct Whole {
    pub(super) get: fn(&Settings) -> u64,
    pub(super) set: fn(&mut Settings, u64),
    /// What is wrong with a value.
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
    /// Without the dashes. Also names the parameter in messages and on the axes of grids.
    pub name: &'static str,
    pub value_name: &'static str,
    pub help: &'static str,
}

pub(super) struct Argument {
    pub parser: fn() -> ValueParser,
    /// Sets the field if the flag is given.
    pub read: fn(&mut Settings, &ArgMatches),
}

/// When a new value takes effect.
#[derive(Clone, Copy)]
pub enum Effect {
    /// At the next step of a running painting.
    Hot,
    /// As [`Effect::Hot`], but the style pictures are resized or recoloured, and their targets computed again.
    Costly,
    /// As [`Effect::Hot`], without changing what is minimised: how fast it moves, when it ends, how the picture is shown.
    Pace,
    /// When a run starts from its beginning.
    NextStart,
    /// By a new run that goes on from the current picture, for this reason.
    Restart(&'static str),
    /// As [`Effect::Restart`], unless both settings come to the same.
    RestartUnless(&'static str, fn(&Settings, &Settings) -> bool),
    /// In the window alone.
    Window,
}

/// What a parameter belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The mix: presets and slots store it, and a running painting takes it over from them.
    Mix,
    /// The mix, but a running painting keeps its own.
    Start,
    /// The mix, but a running painting keeps its own unless the objective changes.
    Schedule,
    /// No mix: where, how large and from what is painted.
    Run,
}

/// What a parameter is set to when the objective is chosen.
pub(super) enum OnObjective {
    Kept,
    KeptBut(fn(&mut Settings, Objective)),
    /// To that of [`Settings::default`].
    Usual,
    /// To that of [`Settings::default`], then changed.
    UsualBut(fn(&mut Settings, Objective)),
}

/// How a parameter goes from one mix to another. Weights of layers go geometrically.
pub(super) enum Blend {
    /// By equal factors; linearly if one end is 0.
    Geometric,
    /// Linearly; whole numbers are rounded.
    Linear,
    /// Jumps at the middle.
    Middle,
}

/// How a parameter is randomized.
pub(super) struct Randomize {
    /// Seeds its random number together with the seed.
    pub name: &'static str,
    pub change: Change,
    /// Whether it takes part.
    pub when: fn(&Settings) -> bool,
}

/// How far an amount of 1 leads at most.
pub(super) enum Change {
    /// By this power of two either way.
    Octaves(f64),
    /// By this much either way, within these limits.
    Share(f64, [f64; 2]),
}

/// When a parameter has no effect, whatever it is set to.
#[derive(Clone, Copy)]
pub struct Rests {
    pub when: fn(&Settings) -> bool,
    /// Completes "Rests: ….".
    pub why: &'static str,
}

/// Values that an axis of a grid proposes.
pub enum AxisValues {
    /// It makes no other picture, or is on no axis by itself.
    None,
    Of(&'static str),
    /// From a quarter to four times what is set.
    Around,
    Names(fn() -> String),
}

impl Parameter {
    /// The row of a field of [`Settings`].
    pub fn of_field(field: &str) -> Option<&'static Self> {
        PARAMETERS.iter().find(|row| row.field == field)
    }

    /// The row with this id; `None` for that of a layer or a picture.
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

    /// The rows of the tables of layers, each with its accessors.
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

    #[test]
    fn every_field_of_the_settings_has_one_row() {
        let settings = serde_json::to_value(Settings::default()).unwrap();
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
        // The window alone needs no flag, and every number has an id.
        let bare = PARAMETERS.iter().filter(|row| row.flag.is_none());
        assert!(
            bare.into_iter().all(|row| matches!(row.effect, Effect::Window) || row.field == "automation")
        );
        assert!(PARAMETERS.iter().all(|row| matches!(row.kind, Kind::Number(_)) == row.id.is_some()));
    }

    #[test]
    fn a_row_copies_and_compares_its_own_field() {
        let usual = Settings::default();
        let mut changed = usual.clone();
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
        let mut copy = usual;
        PARAMETERS.iter().for_each(|row| (row.copy)(&mut copy, &changed));
        assert_eq!(copy, changed);
    }
}
