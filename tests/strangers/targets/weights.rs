//! Weights files: safetensors and PyTorch's, with their numbers believed by nobody.

use std::fs;

use impasto_network::vgg::{Layer, Weights};

use super::{
    MEMORY,
    archive::{unzipped, zipped},
    data, files, is_harmless,
};
use crate::memory::within;

/// Begins an input that is the pickle inside a PyTorch file.
const PICKLE: &[u8] = b"pickle:";

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = files("weights", &["pth"]);
    seeds.push(data("curve.safetensors"));
    let header = r#"{"features.0.weight":{"dtype":"F32","shape":[64,3,3,3],"data_offsets":[0,6912]}}"#;
    let mut floats = (header.len() as u64).to_le_bytes().to_vec();
    floats.extend(header.bytes());
    floats.resize(floats.len() + 6912, 0);
    seeds.push(floats);
    let codebook = fs::read(std::path::Path::new(crate::ROOT).join("weights/vgg19.safetensors")).unwrap();
    seeds.push(codebook[..codebook.len().min(20_000)].to_vec());
    let pickle =
        unzipped(data("weights/vgg19.pth")).into_iter().find(|(name, _)| name.ends_with(".pkl")).unwrap().1;
    seeds.push([PICKLE, &pickle].concat());
    seeds
}

/// A PyTorch file with this pickle.
fn with_pickle(pickle: &[u8]) -> Vec<u8> {
    let parts = unzipped(data("weights/vgg19.pth"));
    zipped(
        parts
            .iter()
            .map(|(name, bytes)| (name.as_str(), if name.ends_with(".pkl") { pickle } else { bytes })),
    )
}

pub fn run(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs");
    let file = data.strip_prefix(PICKLE).map(with_pickle);
    fs::write(&path, file.as_deref().unwrap_or(data)).unwrap();
    within(MEMORY, || match Weights::load(&path) {
        Ok(weights) => {
            let last = weights.normalised_convolution(Layer::ALL[15]);
            assert!(last.bias.iter().all(|value| value.is_finite()));
            is_harmless(&format!("{} {}", weights.info.provenance, weights.info.licence));
        }
        Err(error) => is_harmless(&impasto_base::error::chain(&error)),
    });
}
