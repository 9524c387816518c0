//! Pixels outside the tensor world: opening, flattening, resizing and saving pictures.
//!
//! Everything behind this door is 8-bit sRGB and upright, whatever the file was, so that no other module has to
//! know about orientations, colour profiles or bit depths.

mod carry;
mod colour;
mod error;
mod examples;
mod folder;
mod jpeg;
mod limits;
mod load;
mod recolour;
mod rescue;
mod save;
mod shape;

#[cfg(test)]
mod load_tests;

use std::path::PathBuf;

use image::{GrayImage, RgbImage};

pub use carry::{MAX_TEXT, carried_text};
pub use error::{PictureError, SaveError};

pub use examples::{CONTENTS, EXAMPLE, Example, PASTED, STYLES, example, is_example, pasted_hash};
pub use folder::files_in;
pub use limits::{MAX_FILE_BYTES, MAX_PIXELS, MIN_SIDE};
pub use load::sha256;
pub use recolour::{LUMINANCE, luminance_like, style_in_colours_of, with_colours_of};
pub use rescue::{rescue_folders, save_elsewhere, save_under_free_name};
pub use save::{check_destination, free_name, numbered_name, save, save_with_text, write_with};
pub use shape::{Filter, fit, resize, thumbnail};

/// A decoded picture: 8-bit sRGB, upright, with its transparency kept apart.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Name for a person: the file's name, "pasted picture", an example's title.
    pub name: String,
    /// The file it came from, if it came from one.
    pub path: Option<PathBuf>,
    /// SHA-256 of the encoded bytes (of the pixels, for pasted pictures), in lower-case hexadecimal.
    pub sha256: String,
    /// Colours. Where the picture is transparent, those that the file gives.
    pub rgb: RgbImage,
    /// Opacity, if any pixel is not opaque.
    pub alpha: Option<GrayImage>,
    /// What a person may want to know about how it was read, such as a colour profile that was ignored.
    pub notes: Vec<String>,
}

impl Picture {
    /// Width and height in pixels.
    pub fn dimensions(&self) -> (u32, u32) {
        self.rgb.dimensions()
    }

    /// Name and size on one line, such as `tubingen.jpg · 1024×768`.
    pub fn summary(&self) -> String {
        let (width, height) = self.dimensions();
        format!("{} · {width}×{height}", self.name)
    }
}
