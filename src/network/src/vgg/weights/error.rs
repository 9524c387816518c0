//! Errors of weights files.

/// An invalid weights file: what was expected, what was found, in which file.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error(
        "this program was built without the bundled network; give a VGG-19 weights file with --weights FILE"
    )]
    NoBundled,
    #[error("cannot read the weights file {path}")]
    Read { path: String, source: std::io::Error },
    #[error("{path} is a folder, not a weights file")]
    Directory { path: String },
    #[error("{path} is too large for a VGG-19 weights file: the limit is {limit} bytes")]
    TooLarge { path: String, limit: u64 },
    #[error("{path} is not a weights file: expected safetensors or a PyTorch .pth file")]
    Unknown { path: String },
    #[error("{path} is damaged or cut short: {reason}")]
    Damaged { path: String, reason: String },
    #[error("{path} is not a VGG-19: expected {expected}, found {found}")]
    NotVgg19 { path: String, expected: String, found: String },
    #[error("{path}: tensor {tensor} must have {expected}, but has {found}")]
    Tensor { path: String, tensor: String, expected: String, found: String },
    #[error("{path}: tensor {tensor} holds {count} values that are not finite (NaN or infinity)")]
    NotFinite { path: String, tensor: String, count: usize },
}
