//! Errors of opening and saving pictures, with messages that name the file and say what to do.

use std::{io, path::PathBuf};

use image::ImageError;

use super::limits::{MAX_FILE_BYTES, MAX_PIXELS, MIN_SIDE};

/// A picture that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The file does not exist.
    #[error("there is no file {}: check the folder and the name", path.display())]
    Missing {
        /// The missing file.
        path: PathBuf,
    },
    /// The path is a folder.
    #[error("{} is a folder: choose a picture in it", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// The path is not a regular file.
    #[error("{} is a device or a pipe: choose a picture file", path.display())]
    NotAFile {
        /// The device or pipe.
        path: PathBuf,
    },
    /// The operating system cannot read the file.
    #[error("cannot read {}: check that you are allowed to open it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The file is empty.
    #[error("{name} is empty (0 bytes): choose another file, or get it again")]
    Empty {
        /// Name of the picture.
        name: String,
    },
    /// More than [`MAX_FILE_BYTES`].
    #[error("{name} is larger than {} GiB: make it smaller first", MAX_FILE_BYTES >> 30)]
    FileTooLarge {
        /// Name of the picture.
        name: String,
    },
    /// The contents are not a picture.
    #[error("{name} is not a picture that Impasto can read (PNG, JPEG, WebP, TIFF, BMP or GIF)")]
    NotAPicture {
        /// Name of the picture.
        name: String,
    },
    /// A variant of the format that the decoder does not support.
    #[error("{name} is a {format} of a kind that Impasto cannot read: save it as PNG or JPEG first")]
    Unsupported {
        /// Name of the picture.
        name: String,
        /// Name of its format.
        format: &'static str,
        /// The decoder's error.
        source: Box<ImageError>,
    },
    /// The end of the file is missing.
    #[error("{name} is cut off before its end: get it again")]
    Truncated {
        /// Name of the picture.
        name: String,
    },
    /// The decoder fails.
    #[error("{name} is damaged and cannot be decoded: get it again, or save it anew with another program")]
    Damaged {
        /// Name of the picture.
        name: String,
        /// The decoder's error.
        source: Box<ImageError>,
    },
    /// A side below [`MIN_SIDE`].
    #[error("{name} is {width}×{height} pixels; a picture needs at least {MIN_SIDE} pixels on each side")]
    TooSmall {
        /// Name of the picture.
        name: String,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// More than [`MAX_PIXELS`].
    #[error(
        "{name} declares {width}×{height} pixels ({} megapixels); the most is {} megapixels: make it smaller first",
        megapixels(*width, *height),
        MAX_PIXELS / 1_000_000
    )]
    TooManyPixels {
        /// Name of the picture.
        name: String,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// Decoding would take too much memory, although the number of pixels is allowed.
    #[error("{name} needs too much memory to decode: make it smaller, or save it anew with another program")]
    TooMuchMemory {
        /// Name of the picture.
        name: String,
        /// The decoder's error.
        source: Box<ImageError>,
    },
    /// Raw pixels whose number does not match their shape.
    #[error("{name} has {bytes} bytes, which do not make {width}×{height} pixels: copy it again")]
    WrongLength {
        /// Name of the picture.
        name: String,
        /// Number of bytes received.
        bytes: usize,
        /// Its declared width in pixels.
        width: u32,
        /// Its declared height in pixels.
        height: u32,
    },
}

/// A picture that cannot be saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The file extension names no supported format.
    #[error("cannot write {} in that format: end the name in .png, .jpg, .jpeg, .webp, .tif or .tiff", path.display())]
    Format {
        /// The destination.
        path: PathBuf,
    },
    /// A file of this name exists.
    #[error("{} exists already: choose another name, or allow to overwrite it", path.display())]
    Exists {
        /// The destination.
        path: PathBuf,
    },
    /// A folder of this name exists.
    #[error("{} is a folder: choose another name", path.display())]
    IsFolder {
        /// The destination.
        path: PathBuf,
    },
    /// The folder does not exist.
    #[error("there is no folder {}: create it first, or choose another one", folder.display())]
    NoFolder {
        /// The destination's folder.
        folder: PathBuf,
    },
    /// The folder is not writable.
    #[error("cannot write into the folder {}: choose another one", folder.display())]
    Unwritable {
        /// The destination's folder.
        folder: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The disk is full.
    #[error("the disk of the folder {} is full: make room, or choose another one", folder.display())]
    Full {
        /// The destination's folder.
        folder: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// Any other error of the operating system.
    #[error("cannot write {}: try another folder", path.display())]
    Write {
        /// The destination.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The format cannot hold this picture.
    #[error("cannot save {} in this format: save it as PNG", path.display())]
    Encode {
        /// The destination.
        path: PathBuf,
        /// The encoder's error.
        source: ImageError,
    },
}

/// Rounded up, so that one pixel above the limit does not read as the limit itself.
fn megapixels(width: u32, height: u32) -> u64 {
    (u64::from(width) * u64::from(height)).div_ceil(1_000_000)
}
