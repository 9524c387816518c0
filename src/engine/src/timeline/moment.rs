//! A moment of a painting.

use image::RgbImage;

use impasto_base::hash::Sha256Hash;
use impasto_core::{
    run::RunId,
    settings::{Settings, StyleMix},
    transfer::PyramidProgress,
};

/// Id of a moment; later ones have larger ids.
pub type MomentId = u64;

/// A moment of a painting, without its picture.
#[derive(Clone, Debug)]
pub struct Moment {
    pub id: MomentId,
    /// Its run: each start, restart and branch is one.
    pub run: RunId,
    pub step: u32,
    pub place: PyramidProgress,
    /// Painting time in its run, in seconds.
    pub elapsed: f64,
    pub settings: Settings,
    pub styles: Vec<StyleMix>,
    /// See [`impasto_core::transfer::Inputs::hashes`].
    pub pictures: Vec<Sha256Hash>,
    /// Total loss, if it was read.
    pub total: Option<f64>,
    /// When it was painted, in seconds of the window's clock.
    pub at: f64,
    /// The settings differ from the previous moment's.
    pub changed: bool,
    /// Pinned by the user: it is never thinned out, and [`super::MomentStore::pin`] holds its picture.
    pub pinned: bool,
    /// The engine's complete state is stored with it.
    pub exact: bool,
    /// Its size in the store in bytes; 0 until it is stored.
    pub bytes: u64,
    pub thumbnail: Option<RgbImage>,
}

impl Moment {
    /// Whether its picture can be read.
    pub fn is_readable(&self) -> bool {
        self.pinned || self.bytes > 0
    }

    /// Longest side of the iterate in pixels.
    pub fn side(&self) -> u32 {
        self.place.width.max(self.place.height)
    }
}
