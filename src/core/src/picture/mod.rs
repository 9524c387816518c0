//! Pixels outside the tensor world: opening, flattening, resizing and saving pictures.
//!
//! Everything behind this door is 8-bit sRGB and upright, whatever the file was, so that no other module has to
//! know about orientations, colour profiles or bit depths.

mod budget;
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
use impasto_base::text;

use impasto_base::hash::Sha256Hash;

pub use budget::pixel_budget;
pub use carry::{MAX_TEXT, carried_text};
pub use error::{PictureError, SaveError};

pub use examples::{
    CONTENTS, EXAMPLE, Example, STYLES, example, is_example, is_pasted, pasted_hash, pasted_name,
};
pub use folder::files_in;
pub use limits::{MAX_FILE_BYTES, MAX_PIXELS, MIN_SIDE};
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
    /// SHA-256 of the encoded bytes (of the pixels, for pasted pictures). Of a picture that a recipe or a project
    /// keeps, what that file says: it identifies the picture, and proves nothing of these pixels.
    pub sha256: Sha256Hash,
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

    /// SHA-256 of the pixels, four bytes each: that of a pasted picture. Names a file that keeps them.
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
        format!("{} · {width}×{height}", text::shown(&self.name))
    }
}
