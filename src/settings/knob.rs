//! Knobs: every continuous setting that a running painting takes over, with a stable name, its range and its place in it.
//! Faders, automation and controllers all go by this table.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Objective, STYLE_SCALES, Settings, StyleMix};
use crate::vgg::Layer;

/// A continuous setting. Its text is its id: `beta`, `style/relu3_1`, `picture/2/weight`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Knob {
    StyleAmount,
    Alpha,
    Beta,
    LearningRate,
    Smoothness,
    Histogram,
    StyleTilt,
    StyleScale,
    KeepColours,
    MatchColours,
    Averaging,
    Beta1,
    Beta2,
    Epsilon,
    /// Weight of a style layer.
    Style(Layer),
    /// Weight of a content layer.
    Content(Layer),
    /// Weight of a style picture among the others, counted from 0; in the id from 1.
    PictureWeight(u8),
    /// Scale of a style picture's strokes.
    PictureScale(u8),
}

/// A setting with a name of its own.
struct Row {
    knob: Knob,
    id: &'static str,
    /// The field of [`Settings`].
    field: &'static str,
    get: fn(&Settings) -> f64,
    slot: fn(&mut Settings) -> &mut f64,
}

macro_rules! rows {
    ($($knob:ident $id:literal $field:ident),+ $(,)?) => {
        &[$(Row {
            knob: Knob::$knob,
            id: $id,
            field: stringify!($field),
            get: |settings| settings.$field,
            slot: |settings| &mut settings.$field,
        }),+]
    };
}

const ROWS: &[Row] = rows!(
    Alpha "alpha" content_weight,
    Beta "beta" style_weight,
    LearningRate "learning-rate" learning_rate,
    Smoothness "smoothness" smoothness_weight,
    Histogram "histogram" histogram_weight,
    StyleTilt "style-tilt" style_tilt,
    StyleScale "style-scale" style_scale,
    KeepColours "keep-colours" keep_colours,
    MatchColours "match-colours" match_colours,
    Averaging "averaging" averaging,
    Beta1 "adam-beta1" beta1,
    Beta2 "adam-beta2" beta2,
    Epsilon "adam-epsilon" epsilon,
);

const AMOUNT: &str = "style-amount";

/// Where a knob goes from and to. Values beyond can be typed, but not reached by turning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least value; on a logarithmic knob with a zero the least above it.
    pub min: f64,
    pub max: f64,
    pub logarithmic: bool,
    /// A logarithmic knob that is 0 at its lowest place.
    pub zero: bool,
}

/// The lowest part of a logarithmic knob with a zero: a controller of 128 places has 0 at its first and the least value above
/// it at the next.
const ZERO: f64 = 1.0 / 128.0;

impl Range {
    const fn linear(min: f64, max: f64) -> Self {
        Self { min, max, logarithmic: false, zero: false }
    }

    const fn logarithmic(min: f64, max: f64) -> Self {
        Self { min, max, logarithmic: true, zero: false }
    }

    const fn from_zero(min: f64, max: f64) -> Self {
        Self { min, max, logarithmic: true, zero: true }
    }

    /// The place of a value, 0 to 1.
    pub fn place(&self, value: f64) -> f64 {
        if value.is_nan() {
            return 0.0;
        }
        if !self.logarithmic {
            return ((value - self.min) / (self.max - self.min)).clamp(0.0, 1.0);
        }
        if self.zero && value <= 0.0 {
            return 0.0;
        }
        let place = (value.max(self.min) / self.min).ln() / (self.max / self.min).ln();
        let place = place.clamp(0.0, 1.0);
        if self.zero { ZERO + (1.0 - ZERO) * place } else { place }
    }

    /// The value at a place, 0 to 1; places beyond are those of the ends.
    pub fn value(&self, place: f64) -> f64 {
        let place = if place.is_nan() { 0.0 } else { place.clamp(0.0, 1.0) };
        if !self.logarithmic {
            return self.min + (self.max - self.min) * place;
        }
        let place = match self.zero {
            true if place < ZERO => return 0.0,
            true => (place - ZERO) / (1.0 - ZERO),
            false => place,
        };
        match place {
            1.0 => self.max,
            _ => (self.min * (self.max / self.min).powf(place)).min(self.max),
        }
    }

    /// Whether turning can reach the value.
    pub fn holds(&self, value: f64) -> bool {
        let low = if self.zero { 0.0 } else { self.min };
        (low..=self.max).contains(&value)
    }
}

/// Three significant digits, so that a turned value is one that can be read and typed again.
pub fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

impl Knob {
    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.knob == self)
    }

    /// Every knob that these settings have.
    pub fn all(settings: &Settings, mix: &[StyleMix]) -> Vec<Knob> {
        let mut all = vec![Knob::StyleAmount];
        all.extend(ROWS.iter().map(|row| row.knob));
        all.extend(settings.style_layers.layers().map(Knob::Style));
        all.extend(settings.content_layers.layers().map(Knob::Content));
        let pictures = mix.len().min(usize::from(u8::MAX)) as u8;
        all.extend((0..pictures).flat_map(|index| [Knob::PictureWeight(index), Knob::PictureScale(index)]));
        all
    }

    /// The field of [`Settings`] behind it, an entry of a table behind a point: `style_layers.relu3_1`. Nothing for those of
    /// a picture.
    pub fn field(self) -> Option<String> {
        match self {
            Knob::StyleAmount => Some("style_amount".to_owned()),
            Knob::Style(layer) => Some(format!("style_layers.{layer}")),
            Knob::Content(layer) => Some(format!("content_layers.{layer}")),
            Knob::PictureWeight(_) | Knob::PictureScale(_) => None,
            _ => self.row().map(|row| row.field.to_owned()),
        }
    }

    /// From where to where it goes, in an objective.
    pub fn range(self, objective: Objective) -> Range {
        let around = |usual: f64| Range::from_zero(usual * 1e-3, usual * 100.0);
        match self {
            Knob::Alpha => around(1.0),
            Knob::Beta => around(objective.usual_style_weight()),
            Knob::LearningRate => Range::logarithmic(1e-4, 1.0),
            Knob::Smoothness => Range::from_zero(1e-3, 100.0),
            Knob::Histogram => Range::from_zero(1e-2, 100.0),
            Knob::StyleScale | Knob::PictureScale(_) => {
                Range::logarithmic(*STYLE_SCALES.start(), *STYLE_SCALES.end())
            }
            Knob::StyleTilt => Range::linear(-1.0, 1.0),
            Knob::StyleAmount | Knob::KeepColours | Knob::MatchColours => Range::linear(0.0, 1.0),
            Knob::Averaging => Range::linear(0.0, 0.999),
            Knob::Beta1 | Knob::Beta2 => Range::linear(0.0, 0.9999),
            Knob::Epsilon => Range::logarithmic(1e-12, 1.0),
            Knob::Style(_) | Knob::Content(_) => Range::from_zero(1e-3, 10.0),
            Knob::PictureWeight(_) => Range::linear(0.0, 10.0),
        }
    }

    /// Whether a run could be set to the value at all, reachable by turning or not.
    pub fn allows(self, value: f64) -> bool {
        let above_zero = value.is_finite() && value > 0.0;
        match self {
            Knob::StyleTilt => (-1.0..=1.0).contains(&value),
            Knob::StyleAmount | Knob::KeepColours | Knob::MatchColours => (0.0..=1.0).contains(&value),
            Knob::Averaging | Knob::Beta1 | Knob::Beta2 => (0.0..1.0).contains(&value),
            Knob::LearningRate | Knob::Epsilon => above_zero,
            Knob::StyleScale | Knob::PictureScale(_) => STYLE_SCALES.contains(&value),
            _ => value.is_finite() && value >= 0.0,
        }
    }

    /// Whether another value takes more than weighing anew: the style pictures are resized or recoloured, and looked at again.
    pub fn is_costly(self) -> bool {
        matches!(self, Knob::StyleScale | Knob::PictureScale(_) | Knob::MatchColours)
    }

    /// What it is set to; nothing while it has no say: the amount while it is off, α and β while it is on, the colours' amounts
    /// while only luminance is painted, a layer or a picture that is not there.
    pub fn get(self, settings: &Settings, mix: &[StyleMix]) -> Option<f64> {
        let silent = match self {
            Knob::Alpha | Knob::Beta => settings.style_amount.is_some(),
            Knob::KeepColours | Knob::MatchColours => settings.luminance_only,
            _ => false,
        };
        if silent { None } else { self.stored(settings, mix) }
    }

    /// What it is set to, whether or not it has a say.
    pub fn stored(self, settings: &Settings, mix: &[StyleMix]) -> Option<f64> {
        let picture = |index: u8| mix.get(usize::from(index));
        match self {
            Knob::StyleAmount => settings.style_amount,
            Knob::Style(layer) => settings.style_layers.get(layer),
            Knob::Content(layer) => settings.content_layers.get(layer),
            Knob::PictureWeight(index) => picture(index).map(|mix| mix.weight),
            Knob::PictureScale(index) => picture(index).map(|mix| mix.scale),
            _ => self.row().map(|row| (row.get)(settings)),
        }
    }

    /// Sets it where [`Knob::get`] gives something; says whether it did.
    pub fn set(self, settings: &mut Settings, mix: &mut [StyleMix], value: f64) -> bool {
        if self.get(settings, mix).is_none() || !self.allows(value) {
            return false;
        }
        self.store(settings, mix, value);
        true
    }

    /// Sets it, whether or not it has a say, where its layer or its picture is there.
    pub fn store(self, settings: &mut Settings, mix: &mut [StyleMix], value: f64) {
        if self.stored(settings, mix).is_none() {
            return;
        }
        match self {
            Knob::StyleAmount => settings.style_amount = Some(value),
            Knob::Style(layer) => settings.style_layers.set(layer, value),
            Knob::Content(layer) => settings.content_layers.set(layer, value),
            Knob::PictureWeight(index) => mix[usize::from(index)].weight = value,
            Knob::PictureScale(index) => mix[usize::from(index)].scale = value,
            _ => {
                if let Some(row) = self.row() {
                    *(row.slot)(settings) = value;
                }
            }
        }
    }
}

impl fmt::Display for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Knob::StyleAmount => f.write_str(AMOUNT),
            Knob::Style(layer) => write!(f, "style/{layer}"),
            Knob::Content(layer) => write!(f, "content/{layer}"),
            Knob::PictureWeight(index) => write!(f, "picture/{}/weight", u16::from(*index) + 1),
            Knob::PictureScale(index) => write!(f, "picture/{}/scale", u16::from(*index) + 1),
            _ => f.write_str(self.row().map_or("", |row| row.id)),
        }
    }
}

impl FromStr for Knob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || {
            let ids: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
            format!(
                "there is no knob {text:?}; knobs are {AMOUNT}, {}, style/LAYER, content/LAYER, picture/NUMBER/weight and picture/NUMBER/scale",
                ids.join(", ")
            )
        };
        if text == AMOUNT {
            return Ok(Knob::StyleAmount);
        }
        if let Some(row) = ROWS.iter().find(|row| row.id == text) {
            return Ok(row.knob);
        }
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["style", layer] => layer.parse().map(Knob::Style).map_err(|_| unknown()),
            ["content", layer] => layer.parse().map(Knob::Content).map_err(|_| unknown()),
            ["picture", number, what] => {
                let index = number.parse::<u8>().ok().and_then(|number| number.checked_sub(1));
                match (index, *what) {
                    (Some(index), "weight") => Ok(Knob::PictureWeight(index)),
                    (Some(index), "scale") => Ok(Knob::PictureScale(index)),
                    _ => Err(unknown()),
                }
            }
            _ => Err(unknown()),
        }
    }
}

impl Serialize for Knob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Knob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> (Settings, Vec<StyleMix>) {
        let mut settings = Settings { style_amount: None, ..Settings::default() };
        Layer::ALL.into_iter().for_each(|layer| {
            settings.style_layers.set(layer, 0.5);
            settings.content_layers.set(layer, 0.25);
        });
        (settings, vec![StyleMix::default(); 3])
    }

    #[test]
    fn every_knob_has_an_id_that_is_read_again_and_a_field_of_the_settings() {
        let (settings, mix) = everything();
        let fields = serde_json::to_value(&settings).unwrap();
        let all = Knob::all(&settings, &mix);
        assert_eq!(all.len(), 1 + 13 + 32 + 6);
        for knob in all {
            assert_eq!(knob.to_string().parse(), Ok(knob));
            if let Some(field) = knob.field() {
                assert!(fields.pointer(&format!("/{}", field.replace('.', "/"))).is_some(), "{field}");
            }
        }
        for wrong in
            ["", "gamma", "style/relu9_1", "style", "picture/0/weight", "picture/1/size", "picture/256/scale"]
        {
            assert!(wrong.parse::<Knob>().unwrap_err().contains("style-amount"), "{wrong}");
        }
    }

    #[test]
    fn a_knob_sets_its_setting_and_no_other() {
        let (before, mix_before) = everything();
        for knob in Knob::all(&before, &mix_before) {
            let (mut settings, mut mix) = (before.clone(), mix_before.clone());
            if knob == Knob::StyleAmount {
                assert!(!knob.set(&mut settings, &mut mix, 0.5), "it is off");
                continue;
            }
            let value = 0.625;
            assert!(knob.set(&mut settings, &mut mix, value), "{knob}");
            assert_eq!(knob.get(&settings, &mix), Some(value), "{knob}");
            let old = knob.get(&before, &mix_before).unwrap();
            assert!(knob.set(&mut settings, &mut mix, old));
            assert_eq!((settings, mix), (before.clone(), mix_before.clone()), "{knob}");
        }
    }

    #[test]
    fn what_has_no_say_is_neither_got_nor_set() {
        let mut settings = Settings { style_amount: Some(0.5), luminance_only: true, ..Settings::default() };
        for knob in
            [Knob::Alpha, Knob::Beta, Knob::KeepColours, Knob::PictureWeight(0), Knob::Style(Layer::ALL[1])]
        {
            assert_eq!(knob.get(&settings, &[]), None, "{knob}");
            assert!(!knob.set(&mut settings, &mut [], 0.5), "{knob}");
        }
        assert!(Knob::StyleAmount.set(&mut settings, &mut [], 0.25));
        for (knob, wrong) in [
            (Knob::StyleAmount, 1.5),
            (Knob::LearningRate, 0.0),
            (Knob::Beta2, 1.0),
            (Knob::Smoothness, f64::NAN),
        ] {
            assert!(!knob.set(&mut settings, &mut [], wrong), "{knob} {wrong}");
        }
        assert_eq!(settings.style_amount, Some(0.25));
        settings.validate().unwrap();
    }

    #[test]
    fn ranges_are_those_of_the_usual_values_and_only_hold_what_is_allowed() {
        for &objective in Objective::ALL {
            let usual = Settings::for_objective(objective);
            for knob in Knob::all(&usual, &[StyleMix::default()]) {
                let range = knob.range(objective);
                if let Some(value) = knob.get(&usual, &[StyleMix::default()]) {
                    assert!(range.holds(value), "{knob} {value} {range:?}");
                }
                for place in [0.0, ZERO, 0.3, 0.99, 1.0, 2.0, -1.0, f64::NAN] {
                    let value = range.value(place);
                    assert!(knob.allows(value) && range.holds(value), "{knob} {place} {value}");
                }
                assert_eq!(range.value(1.0), range.max);
            }
        }
        let beta = Knob::Beta.range(Objective::Classic);
        assert_eq!((beta.value(0.0), beta.value(ZERO)), (0.0, 1e3));
    }

    proptest::proptest! {
        #[test]
        fn places_and_values_belong_together(place in 0.0..=1.0f64, more in 0.0..=1.0f64) {
            for knob in [Knob::Beta, Knob::LearningRate, Knob::KeepColours, Knob::Averaging, Knob::StyleScale] {
                let range = knob.range(Objective::Balanced);
                let back = range.place(range.value(place));
                let expected = if range.zero && place < ZERO { 0.0 } else { place };
                proptest::prop_assert!((back - expected).abs() < 1e-9, "{} {} {}", knob, place, back);
                let (low, high) = (place.min(more), place.max(more));
                proptest::prop_assert!(range.value(low) <= range.value(high));
            }
        }
    }
}
