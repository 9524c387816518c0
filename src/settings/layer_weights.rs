//! Weights per layer.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::vgg::Layer;

/// A weight for each layer in use; layers that are absent are not computed for this term.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LayerWeights(BTreeMap<Layer, f64>);

impl LayerWeights {
    /// No layer at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The five layers of the 2016 paper with weights that fall with depth: 1, .7, .5, .3, .2.
    pub fn style_default() -> Self {
        Layer::PAPER_STYLE.into_iter().zip([1.0, 0.7, 0.5, 0.3, 0.2]).collect()
    }

    /// The five layers of the 2016 paper, 1/5 each.
    pub fn paper_style() -> Self {
        Layer::PAPER_STYLE.into_iter().map(|layer| (layer, 0.2)).collect()
    }

    /// relu4_2 alone.
    pub fn content_default() -> Self {
        [(Layer::PAPER_CONTENT, 1.0)].into_iter().collect()
    }

    /// The weight of a layer, if the layer is in use.
    pub fn get(&self, layer: Layer) -> Option<f64> {
        self.0.get(&layer).copied()
    }

    /// Puts a layer to use, or changes its weight.
    pub fn set(&mut self, layer: Layer, weight: f64) {
        self.0.insert(layer, weight);
    }

    /// Takes a layer out of use.
    pub fn remove(&mut self, layer: Layer) {
        self.0.remove(&layer);
    }

    /// Layers and weights, shallow to deep.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Layer, f64)> + '_ {
        self.0.iter().map(|(&layer, &weight)| (layer, weight))
    }

    /// The layers in use, shallow to deep.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = Layer> + '_ {
        self.0.keys().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any layer's weight is above zero.
    pub fn any_positive(&self) -> bool {
        self.0.values().any(|&weight| weight > 0.0)
    }
}

impl FromIterator<(Layer, f64)> for LayerWeights {
    fn from_iter<T: IntoIterator<Item = (Layer, f64)>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}

/// One layer and its weight, as the command line writes it: `relu3_1=0.5`, or `relu3_1` for weight 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerWeight {
    pub layer: Layer,
    pub weight: f64,
}

impl FromStr for LayerWeight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (layer, weight) = match text.split_once('=') {
            None => (text, 1.0),
            Some((layer, weight)) => {
                let parsed = weight.trim().parse().map_err(|_| {
                    format!("{weight:?} is not a number; write LAYER=WEIGHT, for example relu3_1=0.5")
                })?;
                (layer, parsed)
            }
        };
        Ok(Self { layer: layer.parse()?, weight })
    }
}

impl fmt::Display for LayerWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.layer, self.weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_weight_reads_like_the_flag() {
        let parsed: LayerWeight = "relu3_1=0.5".parse().unwrap();
        assert_eq!((parsed.layer.to_string().as_str(), parsed.weight), ("relu3_1", 0.5));
        assert_eq!(parsed.to_string(), "relu3_1=0.5");
        assert_eq!("relu1_2".parse::<LayerWeight>().unwrap().weight, 1.0);
        assert!("relu3_1=much".parse::<LayerWeight>().unwrap_err().contains("LAYER=WEIGHT"));
        assert!("conv9=1".parse::<LayerWeight>().unwrap_err().contains("relu5_4"));
    }
}
