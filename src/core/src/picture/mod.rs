//! Pictures on the host: opening, flattening, resizing and saving.
//!
//! Opened pictures are always 8-bit sRGB and upright, so that no other module has to handle orientations,
//! colour profiles or bit depths.

mod bounded;
mod budget;
mod colour;
mod crop;
pub mod drawing;
mod embedded_text;
mod error;
mod examples;
mod fill;
mod folder;
mod jpeg;
mod limits;
mod load;
mod matte;
mod oklab;
mod recolour;
mod rescue;
mod save;
mod settle;
mod shape;

#[cfg(test)]
mod load_tests;

use std::{path::PathBuf, sync::Arc};

use image::{GrayImage, RgbImage};
use impasto_base::text;

use impasto_base::hash::Sha256Hash;

pub use bounded::decode_bounded;
pub use budget::pixel_budget;
pub use drawing::Drawing;
pub use embedded_text::{MAX_TEXT, embedded_text};
pub use error::{PictureError, SaveError};

pub use examples::{
    CONTENTS, EXAMPLE, Example, STYLES, example, example_of, is_example, is_pasted, pasted_hash, pasted_name,
};
pub(crate) use fill::filled;
pub use folder::{EXTENSIONS, FolderContents, files_in, has_picture_name};
pub use limits::{MAX_FILE_BYTES, MAX_PIXELS, MIN_SIDE};
pub use matte::Matte;
pub use recolour::{LUMINANCE, luminance_like, style_in_colours_of, with_colours_of};
pub use rescue::{fallback_folders, save_elsewhere, save_under_free_name};
pub use save::{Export, check_destination, free_name, numbered_name, save, save_with_text, write_with};
pub use settle::{ColourStatistics, with_settled_colours};
pub(crate) use shape::resize_grey;
pub use shape::{Filter, fit, resize, resize_rgba, thumbnail};

/// A decoded picture: 8-bit sRGB, upright, with a separate opacity channel.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Display name: the file's name, "pasted picture", an example's title.
    pub name: String,
    /// The file that it was read from, if any.
    pub path: Option<PathBuf>,
    /// SHA-256 of the encoded bytes (of the pixels, for pasted pictures). For a picture from a recipe or a
    /// project, the hash stated there: it identifies the picture, but does not verify these pixels.
    pub sha256: Sha256Hash,
    /// Colours; in transparent regions those in the file.
    pub rgb: RgbImage,
    /// Opacity, if any pixel is not opaque.
    pub alpha: Option<GrayImage>,
    /// Remarks for the user about how it was read, such as an ignored colour profile.
    pub notes: Vec<String>,
    /// How it was drawn, if it was drawn here, as masks are.
    pub drawing: Option<Arc<Drawing>>,
}

impl Picture {
    /// Bytes of its pixels.
    pub fn bytes(&self) -> usize {
        self.rgb.len() + self.alpha.as_ref().map_or(0, |alpha| alpha.len())
    }

    /// Width and height in pixels.
    pub fn dimensions(&self) -> (u32, u32) {
        self.rgb.dimensions()
    }

    /// SHA-256 of the pixels, four bytes each, as for a pasted picture. Used as the name of a file that
    /// stores them.
    pub fn pixel_hash(&self) -> Sha256Hash {
        let (width, height) = self.rgb.dimensions();
        Sha256Hash::of_pieces((0..height).map(|y| -> Vec<u8> {
            let pixel = |x: u32| {
                let [red, green, blue] = self.rgb.get_pixel(x, y).0;
                [red, green, blue, self.alpha.as_ref().map_or(u8::MAX, |alpha| alpha.get_pixel(x, y)[0])]
            };
            (0..width).flat_map(pixel).collect()
        }))
    }

    /// Name and size on one line, such as `tubingen.jpg · 1024×768`.
    pub fn summary(&self) -> String {
        let (width, height) = self.dimensions();
        format!("{} · {width}×{height}", text::display_name(&self.name))
    }
}
