//! Float VGG-19 files with torchvision's names: `features.0.weight` … `features.34.bias`, with or without the
//! classifier, after any prefix.

use std::{collections::HashMap, path::Path};

use impasto_base::text;
use safetensors::SafeTensors;

use super::{
    Convolution, InputNormalisation, Layer, WeightStorage, Weights, WeightsError, WeightsInfo, pickle,
    sha256, weight_shape,
};

/// conv1_1's first bias in the original Oxford network. Its float conversions use torchvision's names as
/// well, so only the values show that it expects BGR pixels up to 255.
const OXFORD_FIRST_BIAS: f32 = 0.730_177_6;

/// A tensor of any file format, with its values not yet read.
struct TensorEntry<'a> {
    shape: Vec<usize>,
    dtype: String,
    read: Box<dyn Fn() -> Result<Vec<f32>, String> + 'a>,
}

pub(super) fn read_safetensors(path: &str, bytes: &[u8]) -> Result<Weights, WeightsError> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| WeightsError::Damaged {
        path: path.to_owned(),
        reason: text::reason(&error.to_string()),
    })?;
    let found = tensors
        .iter()
        .map(|(name, view)| {
            let dtype = format!("{:?}", view.dtype());
            let data = view.data();
            let read = {
                let dtype = dtype.clone();
                Box::new(move || decode(&dtype, data))
            };
            (name.to_owned(), TensorEntry { shape: view.shape().to_vec(), dtype, read: read as _ })
        })
        .collect();
    assemble(path, bytes, "float safetensors", found)
}

pub(super) fn read_pytorch(path: &str, file: &Path, bytes: &[u8]) -> Result<Weights, WeightsError> {
    pickle::check(bytes)
        .map_err(|reason| WeightsError::Damaged { path: path.to_owned(), reason: reason.to_owned() })?;
    let reader = pytorch_reader::PytorchReader::new(file).map_err(|error| WeightsError::Damaged {
        path: path.to_owned(),
        reason: text::reason(&error.to_string()),
    })?;
    let found = reader
        .tensors()
        .iter()
        .map(|(name, tensor)| {
            let dtype = format!("{:?}", tensor.dtype());
            let read = {
                let dtype = dtype.clone();
                Box::new(move || decode(&dtype, &tensor.read().map_err(|error| error.to_string())?))
            };
            (name.clone(), TensorEntry { shape: tensor.shape().to_vec(), dtype, read: read as _ })
        })
        .collect();
    assemble(path, bytes, "PyTorch", found)
}

/// Little-endian floats of an F32 tensor.
pub(super) fn f32_values(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}

fn decode(dtype: &str, bytes: &[u8]) -> Result<Vec<f32>, String> {
    let (pairs, eights) = (bytes.as_chunks::<2>().0, bytes.as_chunks::<8>().0);
    match dtype {
        "F32" => Ok(f32_values(bytes)),
        "F64" => Ok(eights.iter().map(|&b| f64::from_le_bytes(b) as f32).collect()),
        "F16" => Ok(pairs.iter().map(|&b| burn::tensor::f16::from_le_bytes(b).to_f32()).collect()),
        "BF16" => Ok(pairs.iter().map(|&b| burn::tensor::bf16::from_le_bytes(b).to_f32()).collect()),
        other => Err(format!("values of type {other}")),
    }
}

fn assemble(
    path: &str,
    bytes: &[u8],
    format: &str,
    found: HashMap<String, TensorEntry<'_>>,
) -> Result<Weights, WeightsError> {
    let first = weight_shape(Layer::ALL[0]);
    let prefix = found
        .iter()
        .filter(|(_, tensor)| tensor.shape == first)
        .filter_map(|(name, _)| name.strip_suffix("0.weight"))
        .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
        .min_by_key(|prefix| prefix.len())
        .ok_or_else(|| WeightsError::NotVgg19 {
            path: path.to_owned(),
            expected: format!("a tensor features.0.weight {first:?}"),
            found: listing(&found),
        })?;
    let mut convolutions = Vec::with_capacity(16);
    for layer in Layer::ALL {
        let number = layer.torchvision_index();
        let tensor = |part: &str, shape: &[usize]| -> Result<Vec<f32>, WeightsError> {
            let name = format!("{prefix}{number}.{part}");
            let tensor = found.get(&name).ok_or_else(|| WeightsError::NotVgg19 {
                path: path.to_owned(),
                expected: format!(
                    "a tensor {} {shape:?} ({} of VGG-19)",
                    text::display_name(&name),
                    layer.conv_name()
                ),
                found: format!(
                    "{} 3×3 convolutions{}",
                    count_convolutions(&found),
                    if count_convolutions(&found) == 13 { " (a VGG-16?)" } else { "" }
                ),
            })?;
            let wrong = |found: String| WeightsError::Tensor {
                path: path.to_owned(),
                tensor: text::display_name(&name),
                expected: format!("floats {shape:?}"),
                found,
            };
            if tensor.shape != shape {
                return Err(wrong(format!("{} {:?}", tensor.dtype, tensor.shape)));
            }
            let values = (tensor.read)().map_err(|found| wrong(text::reason(&found)))?;
            if values.len() != shape.iter().product::<usize>() {
                return Err(wrong(format!("{} values", values.len())));
            }
            match values.iter().filter(|value| !value.is_finite()).count() {
                0 => Ok(values),
                count => Err(WeightsError::NotFinite {
                    path: path.to_owned(),
                    tensor: text::display_name(&name),
                    count,
                }),
            }
        };
        convolutions.push(WeightStorage::Float(Convolution {
            weight: tensor("weight", &weight_shape(layer))?,
            bias: tensor("bias", &[layer.channels()])?,
        }));
    }
    let first_bias = match &convolutions[0] {
        WeightStorage::Float(convolution) => convolution.bias[0],
        WeightStorage::Codebook { .. } => f32::NAN,
    };
    let oxford = (first_bias - OXFORD_FIRST_BIAS).abs() < 1e-5;
    let (input, words) = match oxford {
        true => {
            (InputNormalisation::OXFORD, "Oxford's: 255·x − (103.939, 116.779, 123.68), BGR, for x in [0,1]")
        }
        false => (
            InputNormalisation::TORCHVISION,
            "torchvision's: (x − (0.485, 0.456, 0.406))/(0.229, 0.224, 0.225), RGB, for x in [0,1]",
        ),
    };
    Ok(Weights {
        info: WeightsInfo {
            source: path.to_owned(),
            sha256: sha256(&[bytes]),
            format: format.to_owned(),
            input: words.to_owned(),
            provenance: String::new(),
            licence: String::new(),
            convolutions: convolutions.len(),
        },
        input,
        activation_scales: [1.0; 16],
        convolutions,
        bgr: oxford,
    })
}

fn count_convolutions(found: &HashMap<String, TensorEntry<'_>>) -> usize {
    found.values().filter(|tensor| matches!(tensor.shape[..], [_, _, 3, 3])).count()
}

fn listing(found: &HashMap<String, TensorEntry<'_>>) -> String {
    let mut names: Vec<&str> = found.keys().map(String::as_str).collect();
    names.sort_unstable();
    match names.len() {
        0 => "no tensors".into(),
        count => format!("{count} tensors: {}", text::list(&names)),
    }
}
