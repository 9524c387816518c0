//! Weights files: the bundled codebook of the original Oxford network, and float VGG-19 from safetensors or
//! PyTorch files. Every tensor's name, shape and finiteness is validated before use.

mod codebook;
mod error;
mod float;
mod pickle;

use std::{borrow::Cow, io, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use error::WeightsError;

use super::Layer;
use impasto_base::files::read_regular;

/// Facts about loaded weights, for lists and reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightsInfo {
    /// The file's path, or "bundled".
    pub source: String,
    /// SHA-256 of the file's bytes, lower-case hexadecimal.
    pub sha256: String,
    /// The file's format for display: "8-bit codebook", "safetensors", "PyTorch".
    pub format: String,
    /// Input normalisation for display.
    pub input: String,
    /// Provenance according to the file.
    pub provenance: String,
    /// Licence according to the file.
    pub licence: String,
    /// Convolutions found; 16 for VGG-19.
    pub convolutions: usize,
}

/// The network's expected input: (scale·x − mean)/std per RGB channel, for x in 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputNormalisation {
    pub scale: f32,
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

impl InputNormalisation {
    /// torchvision's, for networks trained with it.
    pub const TORCHVISION: Self =
        Self { scale: 1.0, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    /// The original Oxford network's, with the channels in RGB order.
    pub const OXFORD: Self = Self { scale: 255.0, mean: [123.68, 116.779, 103.939], std: [1.0; 3] };
}

/// One convolution's weights on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// `[out, in, 3, 3]`, row-major. conv1_1 takes its input channels in RGB order.
    pub weight: Vec<f32>,
    /// `[out]`
    pub bias: Vec<f32>,
}

enum WeightStorage {
    Float(Convolution),
    Codebook { indices: Cow<'static, [u8]>, values: Box<[f32; 256]>, bias: Vec<f32> },
}

/// All sixteen convolutions of a VGG-19.
pub struct Weights {
    pub info: WeightsInfo,
    pub input: InputNormalisation,
    /// Per ReLU layer, the factor that brings its mean activation to 1 on the file's calibration pictures
    /// (the paper's normalisation, one scalar per layer); 1 for files without scales.
    pub activation_scales: [f32; 16],
    convolutions: Vec<WeightStorage>,
    bgr: bool,
}

/// Maximum size of a weights file in bytes; a full float VGG-19 with its classifier has 575 MB.
pub const MAX_WEIGHTS_BYTES: u64 = 2 << 30;

impl Weights {
    /// The weights compiled into the program.
    ///
    /// # Errors
    ///
    /// If the program was built without the feature `bundled-weights`.
    pub fn bundled() -> Result<Self, WeightsError> {
        #[cfg(feature = "bundled-weights")]
        return codebook::read_bundled([impasto_vgg19_a::part(), impasto_vgg19_b::part()]);
        #[cfg(not(feature = "bundled-weights"))]
        return Err(WeightsError::NoBundled);
    }

    /// Load and validate a file: the bundled format, or float VGG-19 as safetensors or PyTorch `.pth` (zip or
    /// legacy), recognised by content.
    ///
    /// # Errors
    ///
    /// What was expected and what was found instead, with the file's name.
    pub fn load(path: &Path) -> Result<Self, WeightsError> {
        let name = path.display().to_string();
        let bytes = read_regular(path, MAX_WEIGHTS_BYTES).map_err(|source| match source.kind() {
            io::ErrorKind::IsADirectory => WeightsError::Directory { path: name.clone() },
            io::ErrorKind::FileTooLarge => {
                WeightsError::TooLarge { path: name.clone(), limit: MAX_WEIGHTS_BYTES }
            }
            _ => WeightsError::Read { path: name.clone(), source },
        })?;
        // A safetensors header's length may begin with a pickle's marker byte, so check for the header's
        // brace first.
        match bytes.first_chunk::<9>() {
            Some([.., b'{']) if codebook::is_codebook(&bytes) => codebook::read(&name, &bytes),
            Some([.., b'{']) => float::read_safetensors(&name, &bytes),
            Some([b'P', b'K', ..] | [0x80, ..]) => float::read_pytorch(&name, path, &bytes),
            _ => Err(WeightsError::Unknown { path: name }),
        }
    }

    /// Pseudo-random weights of conv1_1 to conv2_1, to check a device without a file.
    pub(crate) fn synthetic() -> Self {
        let convolutions = Layer::ALL[..3].iter().map(|layer| {
            let shape = weight_shape(*layer);
            let deviation = (2.0 / (9 * shape[1]) as f32).sqrt();
            let value = |i: usize| ((i.wrapping_mul(2_654_435_761) >> 11) & 0xffff) as f32 / 32768.0 - 1.0;
            WeightStorage::Float(Convolution {
                weight: (0..shape.iter().product()).map(|i| 1.7 * deviation * value(i)).collect(),
                bias: (0..shape[0]).map(|i| 0.05 * value(i + 77)).collect(),
            })
        });
        Self {
            info: WeightsInfo {
                source: "synthetic".into(),
                sha256: String::new(),
                format: "none".into(),
                input: "torchvision's".into(),
                provenance: String::new(),
                licence: String::new(),
                convolutions: 3,
            },
            input: InputNormalisation::TORCHVISION,
            activation_scales: [1.0; 16],
            convolutions: convolutions.collect(),
            bgr: false,
        }
    }

    /// One convolution's weights as in the file.
    pub fn convolution(&self, layer: Layer) -> Convolution {
        let mut convolution = match &self.convolutions[layer.index()] {
            WeightStorage::Float(convolution) => convolution.clone(),
            WeightStorage::Codebook { indices, values, bias } => Convolution {
                weight: indices.iter().map(|&index| values[usize::from(index)]).collect(),
                bias: bias.clone(),
            },
        };
        if self.bgr && layer.index() == 0 {
            for filter in convolution.weight.chunks_exact_mut(27) {
                let (blue, rest) = filter.split_at_mut(9);
                blue.swap_with_slice(&mut rest[9..]);
            }
        }
        convolution
    }

    /// One convolution's weights scaled so that the mean activation after its ReLU is 1 on the calibration
    /// pictures, given inputs scaled likewise. ReLU networks are positively homogeneous, so this only changes
    /// the unit of features: W·sₗ/sₗ₋₁ and b·sₗ.
    pub fn normalised_convolution(&self, layer: Layer) -> Convolution {
        let mut convolution = self.convolution(layer);
        let scale = self.activation_scales[layer.index()];
        let before = match layer.index() {
            0 => 1.0,
            index => self.activation_scales[index - 1],
        };
        if scale != 1.0 || before != 1.0 {
            let factor = scale / before;
            convolution.weight.iter_mut().for_each(|w| *w *= factor);
            convolution.bias.iter_mut().for_each(|b| *b *= scale);
        }
        convolution
    }
}

impl std::fmt::Debug for Weights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Weights").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Of a file in consecutive parts.
fn sha256(parts: &[&[u8]]) -> String {
    use std::fmt::Write;
    let hasher = parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part));
    hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn weight_shape(layer: Layer) -> [usize; 4] {
    [layer.channels(), layer.input_channels(), 3, 3]
}

#[cfg(all(test, feature = "bundled-weights"))]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_network_is_whole() {
        let weights = Weights::bundled().unwrap();
        assert_eq!(weights.info.convolutions, 16);
        assert_eq!(weights.info.sha256.len(), 64);
        assert!(weights.info.licence.contains("CC BY 4.0"), "{}", weights.info.licence);
        assert!(weights.activation_scales.iter().all(|s| s.is_finite() && *s > 0.0));
        for layer in Layer::ALL {
            let convolution = weights.convolution(layer);
            assert_eq!(convolution.weight.len(), weight_shape(layer).iter().product::<usize>());
            assert_eq!(convolution.bias.len(), layer.channels());
        }
        // The first bias of conv1_1 of the original Oxford network.
        assert!((weights.convolution(Layer::ALL[0]).bias[0] - 0.730_177_6).abs() < 1e-6);
    }

    #[test]
    fn the_first_convolution_takes_rgb() {
        let weights = Weights::bundled().unwrap();
        let WeightStorage::Codebook { indices, values, .. } = &weights.convolutions[0] else {
            panic!("bundled weights are a codebook")
        };
        let ours = weights.convolution(Layer::ALL[0]);
        // Filter 5: its red plane comes last in the file's BGR order.
        let stored = &indices[5 * 27 + 18..5 * 27 + 27];
        let red: Vec<f32> = stored.iter().map(|&i| values[usize::from(i)]).collect();
        assert_eq!(&ours.weight[5 * 27..5 * 27 + 9], red);
    }

    #[test]
    fn scaling_is_one_factor_per_layer() {
        let weights = Weights::bundled().unwrap();
        let layer: Layer = "relu3_1".parse().unwrap();
        let (plain, scaled) = (weights.convolution(layer), weights.normalised_convolution(layer));
        let scale = weights.activation_scales[layer.index()];
        let before = weights.activation_scales[layer.index() - 1];
        let i = 1234;
        assert!((scaled.weight[i] - plain.weight[i] * scale / before).abs() <= 1e-6 * plain.weight[i].abs());
        assert!((scaled.bias[3] - plain.bias[3] * scale).abs() <= 1e-6 * plain.bias[3].abs());
    }
}
