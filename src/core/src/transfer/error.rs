//! Errors that end or prevent a run.

use super::MAX_STYLES;
use crate::settings::SettingsError;
use impasto_network::{
    compute::DeviceError,
    vgg::{Layer, WeightsError},
};

/// A run that cannot start or continue.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(
        "the {what} picture would be {width}×{height} px, but {layer} needs at least {} px on the shorter side: choose a larger size (for a style: style scale), a less narrow picture or shallower layers",
        layer.stride().max(2)
    )]
    TooNarrow { what: &'static str, width: usize, height: usize, layer: Layer },
    #[error("the saved state does not fit these pictures and settings")]
    Checkpoint,
    #[error("no run has been started")]
    NoRun,
    #[error("a run needs a style picture")]
    NoStyle,
    #[error("there are {count} styles, but at most {MAX_STYLES} can be mixed")]
    TooManyStyles { count: usize },
    #[error("the content is now {width}×{height} px, but this run paints another shape; start a new one")]
    OtherShape { width: u32, height: u32 },
    #[error("{what} is no longer finite after step {step}; lower the learning rate or the weights")]
    NotFinite { what: &'static str, step: u32 },
    #[error("the device failed: {0}")]
    Device(String),
    #[error("the graphics device has no memory left for it; choose a smaller size, or --device cpu")]
    OutOfMemory,
    #[error("this size needs about {needed} of memory, but only {available} are free; choose a smaller size")]
    Memory { needed: String, available: String },
    #[error(
        "{style} at the scale {scale} would be {width}×{height} px: {reason}; choose a smaller scale for it"
    )]
    Scale { style: String, scale: f64, width: u32, height: u32, reason: String },
    #[error("the initial image is not open: choose another, or begin with the content")]
    NoInitial,
    #[error("the palette is not open: choose another picture for the colours, or none")]
    NoPalette,
    #[error("the masks of the regions are not open: open them again, or paint without regions")]
    NoMasks,
    #[error(
        "{width}×{height} px are more than this program can give a graphics adapter at once; choose a smaller size, or --device cpu"
    )]
    TooLargeForAdapter { width: u32, height: u32 },
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(transparent)]
    Open(#[from] DeviceError),
}

impl TransferError {
    /// The same error with the step of the whole run.
    pub(super) fn at_step(self, step: u32) -> Self {
        match self {
            TransferError::NotFinite { what, .. } => TransferError::NotFinite { what, step },
            other => other,
        }
    }
}
