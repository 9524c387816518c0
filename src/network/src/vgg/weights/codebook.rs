//! The bundled format: per convolution 256 float values, an 8-bit index per weight and exact float biases, in
//! a safetensors file whose header has the input normalisation, the activation scales and the provenance.

use std::{borrow::Cow, collections::HashMap};

#[cfg(feature = "bundled-weights")]
use safetensors::tensor::Metadata;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;

use super::{
    InputNormalisation, Layer, WeightStorage, Weights, WeightsError, WeightsInfo, sha256, weight_shape,
};

const FORMAT: &str = "impasto-vgg19-codebook-1";

#[derive(Deserialize)]
struct InputHeader {
    order: String,
    scale: f32,
    mean: [f32; 3],
    std: [f32; 3],
}

/// Whether a safetensors file's header names this format.
pub(super) fn is_codebook(bytes: &[u8]) -> bool {
    metadata(bytes).is_some_and(|metadata| metadata.get("format").is_some_and(|format| format == FORMAT))
}

fn metadata(bytes: &[u8]) -> Option<HashMap<String, String>> {
    SafeTensors::read_metadata(bytes).ok()?.1.metadata().clone()
}

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Weights, WeightsError> {
    let tensors = SafeTensors::deserialize(bytes)
        .map_err(|error| WeightsError::Damaged { path: path.to_owned(), reason: error.to_string() })?;
    weights(&Source {
        path,
        sha256: sha256(&[bytes]),
        metadata: metadata(bytes).unwrap_or_default(),
        tensor: &|name| tensors.tensor(name).ok(),
        keep: |indices| Cow::Owned(indices.to_vec()),
    })
}

/// The bundled file, in consecutive parts of which the first has the header; no tensor crosses from one to
/// the other. They are always in memory: a copy would cost another 20 MB.
#[cfg(feature = "bundled-weights")]
pub(super) fn read_bundled(parts: [&'static [u8]; 2]) -> Result<Weights, WeightsError> {
    let path = "bundled";
    let damaged = |reason: String| WeightsError::Damaged { path: path.to_owned(), reason };
    let cut_short = || damaged("its header does not fit its length".to_owned());
    let (length, rest) = parts[0].split_first_chunk::<8>().ok_or_else(cut_short)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|error| damaged(error.to_string()))?;
    let (header, first) = rest.split_at_checked(length).ok_or_else(cut_short)?;
    let header: Metadata = serde_json::from_slice(header).map_err(|error| damaged(error.to_string()))?;
    if header.data_len() != first.len() + parts[1].len() {
        return Err(cut_short());
    }
    weights(&Source {
        path,
        sha256: sha256(&parts),
        metadata: header.metadata().clone().unwrap_or_default(),
        tensor: &|name| {
            let info = header.info(name)?;
            let (start, end) = info.data_offsets;
            let bytes = match start.checked_sub(first.len()) {
                Some(start) => parts[1].get(start..end - first.len()),
                None => first.get(start..end),
            };
            TensorView::new(info.dtype, info.shape.clone(), bytes?).ok()
        },
        keep: |indices| Cow::Borrowed(indices),
    })
}

/// A file of this format.
struct Source<'a, 'data> {
    path: &'a str,
    sha256: String,
    metadata: HashMap<String, String>,
    /// A tensor by its name.
    tensor: &'a dyn Fn(&str) -> Option<TensorView<'data>>,
    /// A layer's indices, copied or borrowed.
    keep: fn(&'data [u8]) -> Cow<'static, [u8]>,
}

fn weights(source: &Source<'_, '_>) -> Result<Weights, WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged { path: source.path.to_owned(), reason };
    let text = |key: &str| source.metadata.get(key).cloned().unwrap_or_default();
    let input: InputHeader = serde_json::from_str(&text("input"))
        .map_err(|error| damaged(format!("header field input: {error}")))?;
    let scales: HashMap<Layer, f32> = serde_json::from_str(&text("activation_scale"))
        .map_err(|error| damaged(format!("header field activation_scale: {error}")))?;
    let mut activation_scales = [1.0; 16];
    for layer in Layer::ALL {
        match scales.get(&layer) {
            Some(&scale) if scale.is_finite() && scale > 0.0 => activation_scales[layer.index()] = scale,
            Some(scale) => return Err(damaged(format!("activation scale of {layer} is {scale}"))),
            None => return Err(damaged(format!("no activation scale for {layer}"))),
        }
    }
    let convolutions =
        Layer::ALL.into_iter().map(|layer| convolution(source, layer)).collect::<Result<Vec<_>, _>>()?;
    let bgr = input.order == "bgr";
    let rgb = |mut values: [f32; 3]| {
        if bgr {
            values.reverse();
        }
        values
    };
    Ok(Weights {
        info: WeightsInfo {
            source: source.path.to_owned(),
            sha256: source.sha256.clone(),
            format: "8-bit codebook (safetensors)".into(),
            input: format!(
                "({}·x − {:?})/{:?}, {}, for x in [0,1]",
                input.scale,
                input.mean,
                input.std,
                input.order.to_uppercase()
            ),
            provenance: text("provenance"),
            licence: text("licence"),
            convolutions: convolutions.len(),
        },
        input: InputNormalisation { scale: input.scale, mean: rgb(input.mean), std: rgb(input.std) },
        activation_scales,
        convolutions,
        bgr,
    })
}

fn convolution<'data>(source: &Source<'_, 'data>, layer: Layer) -> Result<WeightStorage, WeightsError> {
    let path = source.path;
    let name = layer.conv_name();
    let tensor = |part: &str, dtype: Dtype, shape: &[usize]| -> Result<TensorView<'data>, WeightsError> {
        let full = format!("{name}.{part}");
        let view = (source.tensor)(&full).ok_or_else(|| WeightsError::NotVgg19 {
            path: path.to_owned(),
            expected: format!("a tensor {full} {dtype:?} {shape:?}"),
            found: "none of that name".into(),
        })?;
        if view.dtype() != dtype || view.shape() != shape {
            return Err(WeightsError::Tensor {
                path: path.to_owned(),
                tensor: full,
                expected: format!("{dtype:?} {shape:?}"),
                found: format!("{:?} {:?}", view.dtype(), view.shape()),
            });
        }
        Ok(view)
    };
    let finite = |part: &str, values: Vec<f32>| match values.iter().filter(|v| !v.is_finite()).count() {
        0 => Ok(values),
        count => {
            Err(WeightsError::NotFinite { path: path.to_owned(), tensor: format!("{name}.{part}"), count })
        }
    };
    let codebook = tensor("codebook", Dtype::F32, &[256])?;
    let values = finite("codebook", super::float::f32_values(codebook.data()))?;
    let bias = tensor("bias", Dtype::F32, &[layer.channels()])?;
    let bias = finite("bias", super::float::f32_values(bias.data()))?;
    let indices = tensor("indices", Dtype::U8, &weight_shape(layer))?;
    let mut table = Box::new([0.0; 256]);
    table.copy_from_slice(&values);
    let indices = (source.keep)(indices.data());
    Ok(WeightStorage::Codebook { indices, values: table, bias })
}
