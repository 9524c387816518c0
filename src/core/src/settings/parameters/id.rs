//! What an id of a continuous parameter stands for: its text, its range, and its value in settings and style pictures.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    super::{Objective, Settings, StyleMix},
    Effect, Kind, Layers, Number, PARAMETERS, Parameter, Range, Scale,
    rows::{LAYER, PICTURE, STROKES},
};
use impasto_network::vgg::Layer;

pub use super::rows::ParamId;

/// What an id stands for.
enum Target {
    Field(&'static Parameter, &'static Number),
    Layer(&'static Parameter, &'static Layers, Layer),
    /// Weight of a style picture.
    Weight(usize),
    /// Scale of its strokes.
    Scale(usize),
}

impl ParamId {
    fn target(self) -> Target {
        match self {
            ParamId::PictureWeight(index) => return Target::Weight(usize::from(index)),
            ParamId::PictureScale(index) => return Target::Scale(usize::from(index)),
            _ => {}
        }
        let found = PARAMETERS.iter().find_map(|row| match (&row.kind, self) {
            (Kind::Number(number), _) if row.id == Some(self) => Some(Target::Field(row, number)),
            (Kind::Layers(layers), ParamId::Style(layer) | ParamId::Content(layer))
                if (layers.id)(layer) == self =>
            {
                Some(Target::Layer(row, layers, layer))
            }
            _ => None,
        });
        // The table declares the ids.
        found.unwrap_or_else(|| unreachable!("{self:?} has no row"))
    }

    /// Every id that these settings and style pictures have.
    pub fn all(settings: &Settings, mix: &[StyleMix]) -> Vec<ParamId> {
        let mut all: Vec<ParamId> = PARAMETERS.iter().filter_map(|row| row.id).collect();
        for (_, layers) in Parameter::layer_tables() {
            all.extend((layers.get)(settings).layers().map(layers.id));
        }
        let pictures = mix.len().min(usize::from(u8::MAX)) as u8;
        all.extend(
            (0..pictures).flat_map(|index| [ParamId::PictureWeight(index), ParamId::PictureScale(index)]),
        );
        all
    }

    /// What it is called in the window.
    pub fn label(self) -> String {
        match self.target() {
            Target::Field(row, _) => row.label.to_owned(),
            Target::Layer(row, _, layer) => format!("{} {layer}", row.label),
            Target::Weight(index) => format!("Weight of style {}", index + 1),
            Target::Scale(index) => format!("Scale of style {}", index + 1),
        }
    }

    fn scale(self) -> Scale {
        match self.target() {
            Target::Field(_, number) => number.scale,
            Target::Layer(..) => LAYER,
            Target::Weight(_) => PICTURE,
            Target::Scale(_) => STROKES,
        }
    }

    /// Range of its fader in an objective.
    pub fn range(self, objective: Objective) -> Range {
        (self.scale().range)(objective)
    }

    /// Whether a run accepts the value, whether or not the fader reaches it.
    pub fn allows(self, value: f64) -> bool {
        self.scale().limits.allow(value)
    }

    /// Whether another value takes more than weighing anew: the style pictures are resized or recoloured, and their targets
    /// computed again.
    pub fn is_costly(self) -> bool {
        match self.target() {
            Target::Field(row, _) => matches!(row.effect, Effect::Costly),
            Target::Scale(_) => true,
            Target::Layer(..) | Target::Weight(_) => false,
        }
    }

    /// Why it has no effect, if it has none.
    pub fn rests(self, settings: &Settings, mix: &[StyleMix]) -> Option<&'static str> {
        match self.target() {
            Target::Field(row, _) => row.rests.filter(|rests| (rests.when)(settings)).map(|rests| rests.why),
            Target::Layer(..) => self.stored(settings, mix).is_none().then_some("the layer is not in use"),
            Target::Weight(_) | Target::Scale(_) => {
                self.stored(settings, mix).is_none().then_some("there is no such picture")
            }
        }
    }

    /// What it is set to; `None` while it has no effect.
    pub fn get(self, settings: &Settings, mix: &[StyleMix]) -> Option<f64> {
        match self.rests(settings, mix) {
            Some(_) => None,
            None => self.stored(settings, mix),
        }
    }

    /// What it is set to, whether or not it has an effect.
    pub fn stored(self, settings: &Settings, mix: &[StyleMix]) -> Option<f64> {
        match self.target() {
            Target::Field(_, number) => (number.get)(settings),
            Target::Layer(_, layers, layer) => (layers.get)(settings).get(layer),
            Target::Weight(index) => mix.get(index).map(|mix| mix.weight),
            Target::Scale(index) => mix.get(index).map(|mix| mix.scale),
        }
    }

    /// Sets it if [`ParamId::get`] gives something and the value is allowed; says whether it did.
    pub fn set(self, settings: &mut Settings, mix: &mut [StyleMix], value: f64) -> bool {
        if self.get(settings, mix).is_none() || !self.allows(value) {
            return false;
        }
        self.store(settings, mix, value);
        true
    }

    /// Sets it, whether or not it has an effect, if its layer or its picture is there.
    pub fn store(self, settings: &mut Settings, mix: &mut [StyleMix], value: f64) {
        if self.stored(settings, mix).is_none() {
            return;
        }
        match self.target() {
            Target::Field(_, number) => (number.set)(settings, value),
            Target::Layer(_, layers, layer) => (layers.get_mut)(settings).set(layer, value),
            Target::Weight(index) => mix[index].weight = value,
            Target::Scale(index) => mix[index].scale = value,
        }
    }
}

impl fmt::Display for ParamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target() {
            Target::Field(row, _) => f.write_str(row.address),
            Target::Layer(row, _, layer) => write!(f, "{}/{layer}", row.address),
            Target::Weight(index) => write!(f, "picture/{}/weight", index + 1),
            Target::Scale(index) => write!(f, "picture/{}/scale", index + 1),
        }
    }
}

impl FromStr for ParamId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || {
            let ids = PARAMETERS.iter().filter(|row| row.id.is_some()).map(|row| row.address);
            let tables = Parameter::layer_tables().map(|(row, _)| format!("{}/LAYER", row.address));
            let all: Vec<String> = ids.map(str::to_owned).chain(tables).collect();
            format!(
                "there is no knob {text:?}; knobs are {}, picture/NUMBER/weight and picture/NUMBER/scale",
                all.join(", ")
            )
        };
        if let Some(id) = PARAMETERS.iter().find(|row| row.address == text).and_then(|row| row.id) {
            return Ok(id);
        }
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["picture", number, what] => {
                let index = number.parse::<u8>().ok().and_then(|number| number.checked_sub(1));
                match (index, *what) {
                    (Some(index), "weight") => Ok(ParamId::PictureWeight(index)),
                    (Some(index), "scale") => Ok(ParamId::PictureScale(index)),
                    _ => Err(unknown()),
                }
            }
            [table, layer] => {
                let (_, layers) =
                    Parameter::layer_tables().find(|(row, _)| row.address == *table).ok_or_else(unknown)?;
                layer.parse().map(layers.id).map_err(|_| unknown())
            }
            _ => Err(unknown()),
        }
    }
}

impl Serialize for ParamId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ParamId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[path = "id_tests.rs"]
mod tests;
