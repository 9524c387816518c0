//! Names of the network's sixteen ReLU layers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One of VGG-19's sixteen ReLU outputs, `relu1_1` to `relu5_4` (the papers' "conv3_1" is `relu3_1`).
///
/// ```
/// use impasto_network::vgg::Layer;
/// let layer: Layer = "relu3_1".parse().unwrap();
/// assert_eq!((layer.block(), layer.channels(), layer.stride()), (3, 256, 4));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer(u8);

/// Convolutions per block.
const BLOCKS: [u8; 5] = [2, 2, 4, 4, 4];
const CHANNELS: [usize; 5] = [64, 128, 256, 512, 512];

impl Layer {
    /// Every layer, shallow to deep.
    pub const ALL: [Layer; 16] = {
        let mut all = [Layer(0); 16];
        let mut i = 0;
        while i < 16 {
            all[i] = Layer(i as u8);
            i += 1;
        }
        all
    };
    /// The five style layers of Gatys, Ecker & Bethge (CVPR 2016).
    pub const PAPER_STYLE: [Layer; 5] = [Layer(0), Layer(2), Layer(4), Layer(8), Layer(12)];
    /// The content layer of Gatys, Ecker & Bethge (CVPR 2016): `relu4_2`.
    pub const PAPER_CONTENT: Layer = Layer(9);
    /// A layer that preserves shapes closely: `relu3_2`.
    pub const SHAPES: Layer = Layer(5);

    /// Position in the chain of convolutions, 0 to 15.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The layer at a position in the chain, if there is one.
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    fn block_and_number(self) -> (usize, u8) {
        let mut rest = self.0;
        for (block, &count) in BLOCKS.iter().enumerate() {
            if rest < count {
                return (block + 1, rest + 1);
            }
            rest -= count;
        }
        unreachable!("a layer's index is below 16")
    }

    /// Block number, 1 to 5.
    pub fn block(self) -> usize {
        self.block_and_number().0
    }

    /// Number of output channels.
    pub fn channels(self) -> usize {
        CHANNELS[self.block() - 1]
    }

    /// Number of input channels of the convolution before this ReLU.
    pub fn input_channels(self) -> usize {
        match self.index() {
            0 => 3,
            i => Layer(i as u8 - 1).channels(),
        }
    }

    /// Input pixels per position of this layer along one axis: 1, 2, 4, 8 or 16.
    pub fn stride(self) -> usize {
        1 << (self.block() - 1)
    }

    /// Side of the square of input pixels that a position of this layer sees: 3 of `relu1_1`, 68 of
    /// `relu4_1`.
    pub fn receptive_field(self) -> usize {
        let convolution = |side: usize, layer: Layer| match layer.after_pool() {
            true => side + layer.stride() / 2 + 2 * layer.stride(),
            false => side + 2 * layer.stride(),
        };
        Self::ALL.into_iter().take_while(|layer| *layer <= self).fold(1, convolution)
    }

    /// Whether a 2×2 pooling precedes this layer's convolution.
    pub fn after_pool(self) -> bool {
        self.block_and_number().1 == 1 && self.0 > 0
    }

    /// The convolution's name in weights files of the Oxford network: `conv3_1`.
    pub fn conv_name(self) -> String {
        let (block, number) = self.block_and_number();
        format!("conv{block}_{number}")
    }

    /// Index of the convolution in torchvision's `vgg19().features`: 0, 2, 5, … 34.
    pub fn torchvision_index(self) -> usize {
        2 * self.index() + self.block() - 1
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (block, number) = self.block_and_number();
        write!(f, "relu{block}_{number}")
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Layer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|layer| layer.to_string() == text.trim())
            .ok_or_else(|| {
                format!("no layer is called {text:?}; the sixteen are relu1_1, relu1_2, relu2_1, relu2_2, relu3_1 … relu3_4, relu4_1 … relu4_4, relu5_1 … relu5_4")
            })
    }
}

impl Serialize for Layer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Layer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_match_the_network() {
        let names: Vec<String> = Layer::ALL.iter().map(Layer::to_string).collect();
        assert_eq!(
            names,
            "relu1_1 relu1_2 relu2_1 relu2_2 relu3_1 relu3_2 relu3_3 relu3_4 relu4_1 relu4_2 relu4_3 relu4_4 relu5_1 relu5_2 relu5_3 relu5_4"
                .split(' ')
                .collect::<Vec<_>>()
        );
        for layer in Layer::ALL {
            assert_eq!(layer.to_string().parse::<Layer>(), Ok(layer));
        }
        assert_eq!(Layer::PAPER_CONTENT.to_string(), "relu4_2");
        let style: Vec<String> = Layer::PAPER_STYLE.iter().map(Layer::to_string).collect();
        assert_eq!(style, ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]);
    }

    #[test]
    fn receptive_fields_are_those_of_the_chain() {
        let sides: Vec<usize> = Layer::PAPER_STYLE.iter().map(|layer| layer.receptive_field()).collect();
        assert_eq!(sides, [3, 10, 24, 68, 156]);
        assert_eq!(Layer::PAPER_CONTENT.receptive_field(), 84);
    }

    #[test]
    fn torchvision_indices_are_those_of_its_features() {
        let indices: Vec<usize> = Layer::ALL.iter().map(|l| l.torchvision_index()).collect();
        assert_eq!(indices, [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]);
    }

    #[test]
    fn an_unknown_name_lists_the_choices() {
        let message = "relu6_1".parse::<Layer>().unwrap_err();
        assert!(message.contains("relu6_1") && message.contains("relu5_4"), "{message}");
    }
}
