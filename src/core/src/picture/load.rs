//! Open pictures as upright 8-bit sRGB, or return a clear error.

use std::{
    error::Error,
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
};

use image::{
    DynamicImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbaImage,
    codecs::tiff::TiffDecoder,
    error::{LimitError, LimitErrorKind},
    metadata::Orientation,
};

use super::{
    MAX_FILE_BYTES, MAX_PIXELS, MIN_SIDE, Picture, PictureError, budget, colour,
    jpeg::{self, Ending},
};
use impasto_base::{files::open_regular, hash::Sha256Hash};

/// Maximum memory of a decoder: [`MAX_PIXELS`] of the widest format (32-bit RGBA) and working memory.
const MAX_DECODER_BYTES: u64 = 4 << 30;
/// Maximum memory for the profile and texts of a PNG file, which may inflate to gigabytes.
const MAX_SIDE_BYTES: u64 = 64 << 20;
/// Largest colour profile, in bytes.
const MAX_PROFILE_BYTES: usize = 4 << 20;

/// Remark about a profile that is not read.
const NO_PROFILE: &str = "its colour profile is ignored: it is damaged or larger than 4 MiB";

impl Picture {
    /// Open a picture file: PNG, JPEG, WebP, TIFF, BMP or the first frame of a GIF, recognised by its
    /// contents and not by its name. Devices and pipes are refused.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is not a picture, is damaged, or is too small or too large.
    pub fn open(path: &Path) -> Result<Self, PictureError> {
        Self::read(path, open_regular(path, MAX_FILE_BYTES))
    }

    /// As [`Picture::open`], for a path from the command line, which may also be a pipe such as `/dev/stdin`
    /// or the shell's `<(…)`. Blocks until the pipe ends.
    ///
    /// # Errors
    ///
    /// As for [`Picture::open`].
    pub fn open_any(path: &Path) -> Result<Self, PictureError> {
        let folder = || Err(io::ErrorKind::IsADirectory.into());
        Self::read(path, if path.is_dir() { folder() } else { File::open(path) })
    }

    fn read(path: &Path, opened: io::Result<File>) -> Result<Self, PictureError> {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        let mut bytes = Vec::new();
        // A pipe has no known length.
        let read = opened.and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes));
        read.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => PictureError::Missing { path: path.to_owned() },
            io::ErrorKind::IsADirectory => PictureError::Folder { path: path.to_owned() },
            io::ErrorKind::InvalidInput => PictureError::NotAFile { path: path.to_owned() },
            io::ErrorKind::FileTooLarge => PictureError::FileTooLarge { name: name.clone() },
            _ => PictureError::Read { path: path.to_owned(), source },
        })?;
        Self::from_encoded(&name, Some(path), &bytes)
    }

    /// Decode the bytes of a picture file.
    ///
    /// # Errors
    ///
    /// As for [`Picture::open`].
    pub fn from_encoded(name: &str, path: Option<&Path>, bytes: &[u8]) -> Result<Self, PictureError> {
        if bytes.is_empty() {
            return Err(PictureError::Empty { name: name.to_owned() });
        }
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(PictureError::FileTooLarge { name: name.to_owned() });
        }
        let format = image::guess_format(bytes).ok();
        let Some((format, format_name)) = format.and_then(|format| Some((format, format_name(format)?)))
        else {
            return Err(PictureError::NotAPicture { name: name.to_owned() });
        };
        let Decoded { image, icc, mut notes, room } =
            decode(name, bytes, format).map_err(|failure| failure.describe(name, format_name))?;
        let alpha = alpha(&image);
        let (rgb, note) = colour::to_srgb(image, icc.as_deref());
        drop(room);
        notes.extend(note);
        Ok(Self {
            name: name.to_owned(),
            path: path.map(Path::to_owned),
            sha256: Sha256Hash::of(bytes),
            rgb,
            alpha,
            notes,
            drawing: None,
        })
    }

    /// Make a picture of raw pixels (four bytes each: red, green, blue, opacity), for example from the
    /// clipboard.
    ///
    /// # Errors
    ///
    /// If the number of bytes does not match the shape, or the picture is too small or too large.
    pub fn from_rgba(name: &str, width: u32, height: u32, pixels: Vec<u8>) -> Result<Self, PictureError> {
        check_shape(name, width, height)?;
        let bytes = pixels.len();
        let wrong_length = || PictureError::WrongLength { name: name.to_owned(), bytes, width, height };
        if bytes as u64 != 4 * u64::from(width) * u64::from(height) {
            return Err(wrong_length());
        }
        let sha256 = Sha256Hash::of(&pixels);
        let image =
            DynamicImage::ImageRgba8(RgbaImage::from_raw(width, height, pixels).ok_or_else(wrong_length)?);
        Ok(Self {
            name: name.to_owned(),
            path: None,
            sha256,
            alpha: alpha(&image),
            rgb: image.into_rgb8(),
            notes: Vec::new(),
            drawing: None,
        })
    }
}

/// Name of a supported format. The decoder's crate recognises more.
fn format_name(format: ImageFormat) -> Option<&'static str> {
    Some(match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Gif => "GIF",
        _ => return None,
    })
}

/// An error while decoding.
enum Failure {
    Decoder(ImageError),
    Known(PictureError),
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        Self::Decoder(error)
    }
}

impl From<PictureError> for Failure {
    fn from(error: PictureError) -> Self {
        Self::Known(error)
    }
}

impl Failure {
    fn describe(self, name: &str, format: &'static str) -> PictureError {
        let name = name.to_owned();
        match self {
            Self::Known(error) => error,
            Self::Decoder(error) if ends_early(&error) => PictureError::Truncated { name },
            Self::Decoder(error) => {
                let source = Box::new(error);
                match *source {
                    ImageError::Unsupported(_) => PictureError::Unsupported { name, format, source },
                    ImageError::Limits(_) => PictureError::TooMuchMemory { name, source },
                    _ => PictureError::Damaged { name, source },
                }
            }
        }
    }
}

/// Whether any cause of the error is an unexpected end of file.
fn ends_early(error: &ImageError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let io_error = match error.downcast_ref::<ImageError>() {
            Some(ImageError::IoError(error)) => Some(error),
            _ => error.downcast_ref::<io::Error>(),
        };
        if io_error.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A decoder's output.
struct Decoded {
    /// With its orientation applied.
    image: DynamicImage,
    icc: Option<Vec<u8>>,
    notes: Vec<String>,
    /// Held until the pixels are converted.
    room: budget::Reservation<'static>,
}

fn decode(name: &str, bytes: &[u8], format: ImageFormat) -> Result<Decoded, Failure> {
    let truncated = || PictureError::Truncated { name: name.to_owned() };
    let ending = if format == ImageFormat::Jpeg { jpeg::ending(bytes) } else { Ending::Whole };
    match ending {
        Ending::Whole => decode_whole(name, bytes, format),
        Ending::Cut => Err(truncated().into()),
        Ending::NoMarker => {
            // A decoder reads nothing after a complete scan; if something is missing, it takes the filler for
            // pixels.
            let decode = |filler| {
                decode_whole(name, &jpeg::completed(bytes, filler), format).map_err(|failure| match failure {
                    Failure::Decoder(ImageError::Decoding(_)) => truncated().into(),
                    other => other,
                })
            };
            let other = decode(0x55)?.image;
            let mut decoded = decode(0x00)?;
            if decoded.image != other {
                return Err(truncated().into());
            }
            decoded.notes.push("the mark at its end is missing; its pixels are all there".to_owned());
            Ok(decoded)
        }
    }
}

/// Decode a file that is not truncated. The header is checked before memory for pixels is allocated.
fn decode_whole(name: &str, bytes: &[u8], format: ImageFormat) -> Result<Decoded, Failure> {
    let mut limits = Limits::no_limits();
    // The PNG decoder applies this limit to metadata only, and the one for pixels later.
    limits.max_alloc = Some(if format == ImageFormat::Png { MAX_SIDE_BYTES } else { MAX_DECODER_BYTES });
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    if format == ImageFormat::Png {
        limits.max_alloc = Some(MAX_DECODER_BYTES);
        decoder.set_limits(limits.clone())?;
    }
    let (width, height) = decoder.dimensions();
    check_shape(name, width, height)?;
    // The decoder's pixels, and the converted ones: colours and opacity.
    let pixels = 4 * u64::from(width) * u64::from(height);
    let mut needed = decoder.total_bytes().saturating_add(pixels);
    if format == ImageFormat::Gif {
        // A frame is decoded whole before it is cut to the picture, and may say that it is far larger.
        let frame = pixels.max(MAX_SIDE_BYTES);
        limits.max_alloc = Some(frame);
        decoder.set_limits(limits)?;
        needed = needed.saturating_add(frame);
    }
    let too_much = || ImageError::Limits(LimitError::from_kind(LimitErrorKind::InsufficientMemory));
    let room = budget::reserve(needed).ok_or_else(too_much)?;
    // Invalid metadata is no reason to refuse valid pixels.
    let orientation = match format {
        ImageFormat::WebP if !webp_chunks_fit(bytes) => Orientation::NoTransforms,
        _ => decoder.orientation().unwrap_or(Orientation::NoTransforms),
    };
    let icc = match format {
        // The TIFF decoder's limits refuse profiles that are large relative to the picture.
        ImageFormat::Tiff => {
            TiffDecoder::new(Cursor::new(bytes)).and_then(|mut decoder| decoder.icc_profile())
        }
        ImageFormat::WebP if !webp_chunks_fit(bytes) => Ok(None),
        _ => decoder.icc_profile(),
    };
    let icc = icc.unwrap_or_default();
    let lost = match &icc {
        Some(icc) => icc.len() > MAX_PROFILE_BYTES,
        // The decoder doesn't report a profile that inflates beyond the limit.
        None => format == ImageFormat::Png && has_png_profile(bytes),
    };
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    let notes = if lost { vec![NO_PROFILE.to_owned()] } else { Vec::new() };
    Ok(Decoded { image, icc: icc.filter(|_| !lost), notes, room })
}

/// Whether every chunk of a WebP file has its declared length: the decoder allocates it before reading.
fn webp_chunks_fit(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let Some(length) = rest.get(4..8).and_then(|length| length.first_chunk::<4>()) {
        let length = u32::from_le_bytes(*length) as usize;
        if length > rest.len() - 8 {
            return false;
        }
        rest = rest.get(8 + length + length % 2..).unwrap_or_default();
    }
    true
}

/// Whether a PNG file has a profile chunk before its pixels.
fn has_png_profile(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        match behind.get(..4) {
            Some(b"iCCP") => return true,
            None | Some(b"IDAT" | b"IEND") => return false,
            Some(_) => {}
        }
        // Chunk type and checksum.
        let length = (u32::from_be_bytes(*length) as usize).saturating_add(8);
        rest = behind.get(length..).unwrap_or_default();
    }
    false
}

fn check_shape(name: &str, width: u32, height: u32) -> Result<(), PictureError> {
    let name = name.to_owned();
    if width.min(height) < MIN_SIDE {
        return Err(PictureError::TooSmall { name, width, height });
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooManyPixels { name, width, height });
    }
    Ok(())
}

/// Opacity, if any pixel is not opaque.
fn alpha(image: &DynamicImage) -> Option<GrayImage> {
    if !image.color().has_alpha() {
        return None;
    }
    let opacity: Vec<u8> = match image {
        DynamicImage::ImageRgba8(rgba) => rgba.pixels().map(|pixel| pixel[3]).collect(),
        _ => image.to_luma_alpha8().pixels().map(|pixel| pixel[1]).collect(),
    };
    if opacity.iter().all(|&opacity| opacity == u8::MAX) {
        return None;
    }
    GrayImage::from_raw(image.width(), image.height(), opacity)
}
