//! Ids of continuous parameters: their text, range, and value in settings and style pictures.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    super::{Objective, Settings, StyleMix, former},
    Effect, Kind, Layers, Number, PARAMETERS, Parameter, Range, Scale,
    rows::{LAYER, PICTURE, STRENGTH, STROKES},
};
use impasto_network::vgg::Layer;

pub use super::rows::ParamId;

/// The parameter that an id refers to.
enum ParamTarget {
    Field(&'static Parameter, &'static Number),
    Layer(&'static Parameter, &'static Layers, Layer),
    /// Weight of a style picture.
    Weight(usize),
    /// Stroke scale of a style picture.
    Scale(usize),
    /// Strength of a region.
    Strength(usize),
}

impl ParamId {
    fn target(self) -> ParamTarget {
        match self {
            ParamId::PictureWeight(index) => return ParamTarget::Weight(usize::from(index)),
            ParamId::PictureScale(index) => return ParamTarget::Scale(usize::from(index)),
            ParamId::RegionStrength(index) => return ParamTarget::Strength(usize::from(index)),
            _ => {}
        }
        let found = PARAMETERS.iter().find_map(|row| match (&row.kind, self) {
            (Kind::Number(number), _) if row.id == Some(self) => Some(ParamTarget::Field(row, number)),
            (Kind::Layers(layers), ParamId::Style(layer) | ParamId::Content(layer))
                if (layers.id)(layer) == self =>
            {
                Some(ParamTarget::Layer(row, layers, layer))
            }
            _ => None,
        });
        // The table declares the ids.
        found.unwrap_or_else(|| unreachable!("{self:?} has no row"))
    }

    /// All ids of these settings and style pictures.
    pub fn all(settings: &Settings, mix: &[StyleMix]) -> Vec<ParamId> {
        let mut all: Vec<ParamId> = PARAMETERS.iter().filter_map(|row| row.id).collect();
        for (_, layers) in Parameter::layer_tables() {
            all.extend((layers.get)(settings).layers().map(layers.id));
        }
        let pictures = mix.len().min(usize::from(u8::MAX)) as u8;
        all.extend(
            (0..pictures).flat_map(|index| [ParamId::PictureWeight(index), ParamId::PictureScale(index)]),
        );
        let regions = settings.masks.regions.len().min(usize::from(u8::MAX)) as u8;
        all.extend((0..regions).map(ParamId::RegionStrength));
        all
    }

    /// Name in the window.
    pub fn label(self) -> String {
        match self.target() {
            ParamTarget::Field(row, _) => row.label.to_owned(),
            ParamTarget::Layer(row, _, layer) => format!("{} {layer}", row.label),
            ParamTarget::Weight(index) => format!("Weight of style {}", index + 1),
            ParamTarget::Scale(index) => format!("Scale of style {}", index + 1),
            ParamTarget::Strength(index) => format!("Strength of region {}", index + 1),
        }
    }

    fn scale(self) -> Scale {
        match self.target() {
            ParamTarget::Field(_, number) => number.scale,
            ParamTarget::Layer(..) => LAYER,
            ParamTarget::Weight(_) => PICTURE,
            ParamTarget::Scale(_) => STROKES,
            ParamTarget::Strength(_) => STRENGTH,
        }
    }

    /// Range of its fader in an objective.
    pub fn range(self, objective: Objective) -> Range {
        (self.scale().range)(objective)
    }

    /// Whether a run accepts the value, even outside of the fader's range.
    pub fn allows(self, value: f64) -> bool {
        self.scale().limits.allow(value)
    }

    /// Whether a change is expensive: style pictures are resized or recoloured, and their targets recomputed.
    pub fn is_costly(self) -> bool {
        match self.target() {
            ParamTarget::Field(row, _) => matches!(row.effect, Effect::Costly),
            ParamTarget::Scale(_) => true,
            ParamTarget::Layer(..) | ParamTarget::Weight(_) | ParamTarget::Strength(_) => false,
        }
    }

    /// Why it has no effect; `None` if it has.
    pub fn inactive_reason(self, settings: &Settings, mix: &[StyleMix]) -> Option<&'static str> {
        match self.target() {
            ParamTarget::Field(row, _) => {
                row.inactive.filter(|inactive| (inactive.when)(settings)).map(|inactive| inactive.reason)
            }
            ParamTarget::Layer(..) => {
                self.stored(settings, mix).is_none().then_some("the layer is not in use")
            }
            ParamTarget::Weight(_) | ParamTarget::Scale(_) => {
                self.stored(settings, mix).is_none().then_some("there is no such picture")
            }
            ParamTarget::Strength(_) => {
                self.stored(settings, mix).is_none().then_some("there is no such region")
            }
        }
    }

    /// Its value; `None` if it has no effect.
    pub fn get(self, settings: &Settings, mix: &[StyleMix]) -> Option<f64> {
        match self.inactive_reason(settings, mix) {
            Some(_) => None,
            None => self.stored(settings, mix),
        }
    }

    /// Its value, even if it has no effect.
    pub fn stored(self, settings: &Settings, mix: &[StyleMix]) -> Option<f64> {
        match self.target() {
            ParamTarget::Field(_, number) => (number.get)(settings),
            ParamTarget::Layer(_, layers, layer) => (layers.get)(settings).get(layer),
            ParamTarget::Weight(index) => mix.get(index).map(|mix| mix.weight),
            ParamTarget::Scale(index) => mix.get(index).map(|mix| mix.scale),
            ParamTarget::Strength(index) => settings.masks.regions.get(index).map(|region| region.strength),
        }
    }

    /// Set the value if [`ParamId::get`] returns one and the new value is allowed; returns whether it was
    /// set.
    pub fn set(self, settings: &mut Settings, mix: &mut [StyleMix], value: f64) -> bool {
        if self.get(settings, mix).is_none() || !self.allows(value) {
            return false;
        }
        self.store(settings, mix, value);
        true
    }

    /// Set the value, even if it has no effect, if its layer or picture exists.
    pub fn store(self, settings: &mut Settings, mix: &mut [StyleMix], value: f64) {
        if self.stored(settings, mix).is_none() {
            return;
        }
        match self.target() {
            ParamTarget::Field(_, number) => (number.set)(settings, value),
            ParamTarget::Layer(_, layers, layer) => (layers.get_mut)(settings).set(layer, value),
            ParamTarget::Weight(index) => mix[index].weight = value,
            ParamTarget::Scale(index) => mix[index].scale = value,
            ParamTarget::Strength(index) => settings.masks.regions[index].strength = value,
        }
    }
}

impl fmt::Display for ParamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target() {
            ParamTarget::Field(row, _) => f.write_str(row.address),
            ParamTarget::Layer(row, _, layer) => write!(f, "{}/{layer}", row.address),
            ParamTarget::Weight(index) => write!(f, "picture/{}/weight", index + 1),
            ParamTarget::Scale(index) => write!(f, "picture/{}/scale", index + 1),
            ParamTarget::Strength(index) => write!(f, "region/{}/strength", index + 1),
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
                "there is no fader {text:?}; faders are {}, picture/NUMBER/weight, picture/NUMBER/scale and region/NAME/strength",
                all.join(", ")
            )
        };
        if text == former::ADDRESS {
            return Ok(ParamId::Sliced);
        }
        if let Some(id) = PARAMETERS.iter().find(|row| row.address == text).and_then(|row| row.id) {
            return Ok(id);
        }
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [kind, number, what] => {
                let index = number.parse::<u8>().ok().and_then(|number| number.checked_sub(1));
                match (*kind, index, *what) {
                    ("picture", Some(index), "weight") => Ok(ParamId::PictureWeight(index)),
                    ("picture", Some(index), "scale") => Ok(ParamId::PictureScale(index)),
                    ("region", Some(index), "strength") => Ok(ParamId::RegionStrength(index)),
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
