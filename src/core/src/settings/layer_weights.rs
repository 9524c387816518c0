//! Weights per layer.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use impasto_network::vgg::Layer;

/// A layer's weight with its mute and solo switches.
///
/// As text the weight, then the switches that are on: `0.5`, `0.5,muted`, `0.5,solo`. In files a plain number
/// if no switch is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strip {
    pub weight: f64,
    /// If on, the weight counts as 0.
    pub muted: bool,
    /// If any strip is soloed, those that are not count as 0.
    pub solo: bool,
}

impl Strip {
    /// A strip with this weight and no switch on.
    pub fn new(weight: f64) -> Self {
        Self { weight, muted: false, solo: false }
    }

    /// The effective weight, given whether any strip is soloed.
    pub fn effective(self, any_solo: bool) -> f64 {
        if self.muted || (any_solo && !self.solo) { 0.0 } else { self.weight }
    }
}

impl fmt::Display for Strip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.weight)?;
        for (on, text) in [(self.muted, ",muted"), (self.solo, ",solo")] {
            if on {
                f.write_str(text)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Strip {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',').map(str::trim);
        let number = parts.next().unwrap_or_default();
        let weight = number.parse().map_err(|_| format!("{number:?} is not a number"))?;
        let mut strip = Self::new(weight);
        for part in parts {
            match part {
                "muted" => strip.muted = true,
                "solo" => strip.solo = true,
                _ => return Err(format!("{part:?} is not a switch of a layer; there are: muted, solo")),
            }
        }
        Ok(strip)
    }
}

impl Serialize for Strip {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.muted || self.solo {
            serializer.collect_str(self)
        } else {
            serializer.serialize_f64(self.weight)
        }
    }
}

impl<'de> Deserialize<'de> for Strip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Strip;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a weight, or a weight with switches such as \"0.5,muted\"")
            }

            fn visit_f64<E: de::Error>(self, weight: f64) -> Result<Strip, E> {
                Ok(Strip::new(weight))
            }

            fn visit_i64<E: de::Error>(self, weight: i64) -> Result<Strip, E> {
                Ok(Strip::new(weight as f64))
            }

            fn visit_u64<E: de::Error>(self, weight: u64) -> Result<Strip, E> {
                Ok(Strip::new(weight as f64))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Strip, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// A strip for each layer in use; absent layers are not computed for this term.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LayerWeights(BTreeMap<Layer, Strip>);

impl LayerWeights {
    /// No layers.
    pub fn none() -> Self {
        Self::default()
    }

    /// The five layers of the 2016 paper, with slightly more weight on the shallow ones for colour: 1, .9,
    /// .8, .7, and none on relu5_1. That layer sees whole objects at few positions, so few that its Gram
    /// matrix nearly tells them one by one: its weight is how much of what the style shows is painted too.
    pub fn style_default() -> Self {
        Self::paper_layers([1.0, 0.9, 0.8, 0.7, 0.0])
    }

    /// The five layers of the 2016 paper with these weights, shallow to deep.
    pub(super) fn paper_layers(weights: [f64; 5]) -> Self {
        Layer::PAPER_STYLE.into_iter().zip(weights).collect()
    }

    /// The same layers with weights that fall steeply with depth: 1, .7, .5, .3, .2.
    pub fn classic_style() -> Self {
        Self::paper_layers([1.0, 0.7, 0.5, 0.3, 0.2])
    }

    /// The five layers of the 2016 paper, 1/5 each.
    pub fn paper_style() -> Self {
        Self::paper_layers([0.2; 5])
    }

    /// The 2016 paper's: relu4_2 alone.
    pub fn paper_content() -> Self {
        [(Layer::PAPER_CONTENT, 1.0)].into_iter().collect()
    }

    /// Nine parts relu3_2 and one part relu4_2: the shallower layer preserves shapes that the deeper one lets
    /// drift.
    pub fn content_default() -> Self {
        [(Layer::SHAPES, 0.9), (Layer::PAPER_CONTENT, 0.1)].into_iter().collect()
    }

    /// The weight of a layer, if the layer is in use.
    pub fn get(&self, layer: Layer) -> Option<f64> {
        self.strip(layer).map(|strip| strip.weight)
    }

    /// The strip of a layer, if the layer is in use.
    pub fn strip(&self, layer: Layer) -> Option<Strip> {
        self.0.get(&layer).copied()
    }

    /// Add a layer, or change its weight; its switches stay.
    pub fn set(&mut self, layer: Layer, weight: f64) {
        self.0.entry(layer).or_insert(Strip::new(weight)).weight = weight;
    }

    /// Add a layer, or change its strip.
    pub fn set_strip(&mut self, layer: Layer, strip: Strip) {
        self.0.insert(layer, strip);
    }

    /// Remove a layer.
    pub fn remove(&mut self, layer: Layer) {
        self.0.remove(&layer);
    }

    /// Layers and weights, shallow to deep.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Layer, f64)> + '_ {
        self.strips().map(|(layer, strip)| (layer, strip.weight))
    }

    /// Layers and their strips, shallow to deep.
    pub fn strips(&self) -> impl DoubleEndedIterator<Item = (Layer, Strip)> + '_ {
        self.0.iter().map(|(&layer, &strip)| (layer, strip))
    }

    /// The layers in use, shallow to deep.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = Layer> + '_ {
        self.0.keys().copied()
    }

    /// The layers in use down to `deepest`; none if it is `None`.
    pub fn down_to(&self, deepest: Option<Layer>) -> impl DoubleEndedIterator<Item = Layer> + '_ {
        self.layers().filter(move |&layer| Some(layer) <= deepest)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any layer's weight is above zero.
    pub fn any_positive(&self) -> bool {
        self.0.values().any(|strip| strip.weight > 0.0)
    }

    /// The same layers and switches with other weights.
    #[must_use]
    pub fn with_weights(&self, mut weight: impl FnMut(Layer, f64) -> f64) -> Self {
        let strips = self.strips();
        Self(strips.map(|(layer, s)| (layer, Strip { weight: weight(layer, s.weight), ..s })).collect())
    }

    /// The effective weights with all switches off, given whether any strip of the mixer is soloed.
    #[must_use]
    pub fn effective(&self, any_solo: bool) -> Self {
        self.strips().map(|(layer, strip)| (layer, strip.effective(any_solo))).collect()
    }
}

impl FromIterator<(Layer, f64)> for LayerWeights {
    fn from_iter<T: IntoIterator<Item = (Layer, f64)>>(iter: T) -> Self {
        iter.into_iter().map(|(layer, weight)| (layer, Strip::new(weight))).collect()
    }
}

impl FromIterator<(Layer, Strip)> for LayerWeights {
    fn from_iter<T: IntoIterator<Item = (Layer, Strip)>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}

/// A layer and its strip in command-line form: `relu3_1=0.5`, `relu3_1=0.5,muted`, or `relu3_1` for weight 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerWeight {
    pub layer: Layer,
    pub strip: Strip,
}

impl FromStr for LayerWeight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (layer, strip) = match text.split_once('=') {
            None => (text, Strip::new(1.0)),
            Some((layer, strip)) => {
                let parsed = strip.parse().map_err(|error| {
                    format!("{error}; write LAYER=WEIGHT, for example relu3_1=0.5 or relu3_1=0.5,muted")
                })?;
                (layer, parsed)
            }
        };
        Ok(Self { layer: layer.parse()?, strip })
    }
}

impl fmt::Display for LayerWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.layer, self.strip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_weight_reads_like_the_flag() {
        let parsed: LayerWeight = "relu3_1=0.5".parse().unwrap();
        assert_eq!((parsed.layer.to_string().as_str(), parsed.strip), ("relu3_1", Strip::new(0.5)));
        assert_eq!(parsed.to_string(), "relu3_1=0.5");
        let muted: LayerWeight = "relu3_1=0.5, solo,muted".parse().unwrap();
        assert_eq!(muted.strip, Strip { weight: 0.5, muted: true, solo: true });
        assert_eq!(muted.to_string(), "relu3_1=0.5,muted,solo");
        assert_eq!("relu1_2".parse::<LayerWeight>().unwrap().strip, Strip::new(1.0));
        assert!("relu3_1=much".parse::<LayerWeight>().unwrap_err().contains("LAYER=WEIGHT"));
        assert!("relu3_1=1,loud".parse::<LayerWeight>().unwrap_err().contains("muted, solo"));
        assert!("conv9=1".parse::<LayerWeight>().unwrap_err().contains("relu5_4"));
    }

    #[test]
    fn files_have_plain_numbers_where_no_switch_is_on() {
        let text = "relu1_1 = 1\nrelu2_1 = 0.7\nrelu3_1 = \"0.5,muted\"\n";
        let weights: LayerWeights = toml::from_str(text).unwrap();
        assert_eq!(weights.get(Layer::ALL[4]), Some(0.5));
        let [muted, open] = [4, 2].map(|at| weights.strip(Layer::ALL[at]).unwrap());
        assert!(muted.muted && !muted.solo && open == Strip::new(0.7));
        let written = toml::to_string(&weights).unwrap();
        assert_eq!(written, "relu1_1 = 1.0\nrelu2_1 = 0.7\nrelu3_1 = \"0.5,muted\"\n");
        let json = serde_json::to_string(&weights).unwrap();
        assert_eq!(serde_json::from_str::<LayerWeights>(&json).unwrap(), weights);
        assert!(toml::from_str::<LayerWeights>("relu1_1 = true").unwrap_err().to_string().contains("weight"));
    }

    #[test]
    fn a_muted_weight_is_restored() {
        let mut weights = LayerWeights::style_default();
        let layer = Layer::PAPER_STYLE[1];
        weights.set_strip(layer, Strip { weight: 0.7, muted: true, solo: false });
        weights.set(layer, 0.9);
        assert_eq!((weights.effective(false).get(layer), weights.get(layer)), (Some(0.0), Some(0.9)));
        weights.set_strip(layer, Strip::new(0.9));
        assert_eq!(weights.effective(false).get(layer), Some(0.9));
        assert_eq!(weights.effective(true).get(layer), Some(0.0));
    }
}
