//! Save pictures atomically; files are overwritten only on request.

use std::{
    fs,
    io::{self, Cursor, Write},
    path::{Path, PathBuf},
};

use image::{
    ImageBuffer, ImageError, ImageFormat, PixelWithColorType, RgbImage, RgbaImage,
    codecs::{
        jpeg::JpegEncoder,
        png::{CompressionType, FilterType, PngEncoder},
        tiff::TiffEncoder,
        webp::WebPEncoder,
    },
    error::EncodingError,
};
use tiff::{encoder::colortype::RGB8, tags::ExtraSamples};

use super::{
    Matte, SaveError,
    embedded_text::{self, SaveFormat},
};
use impasto_base::files::{Access, PartFile, folder_of};

const JPEG_QUALITY: u8 = 95;

/// A painted picture to save.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a> {
    /// The picture as it is shown, on its ground if it has a matte.
    pub picture: &'a RgbImage,
    /// Its transparency, for formats that have one.
    pub matte: Option<&'a Matte>,
}

impl<'a> From<&'a RgbImage> for Export<'a> {
    fn from(picture: &'a RgbImage) -> Self {
        Self { picture, matte: None }
    }
}

/// The format of a file extension.
fn format_of(path: &Path) -> Result<SaveFormat, SaveError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "png" => Ok(SaveFormat::Png),
        "jpg" | "jpeg" => Ok(SaveFormat::Jpeg),
        "webp" => Ok(SaveFormat::WebP),
        "tif" | "tiff" => Ok(SaveFormat::Tiff),
        _ => Err(SaveError::Format { path: path.to_owned() }),
    }
}

/// Save a picture in the format of the file extension: PNG, JPEG (quality 95), lossless WebP or TIFF. The
/// file appears only when it is complete.
///
/// # Errors
///
/// If the extension names no supported format, the file exists and `overwrite` is not set, or it cannot be
/// written.
pub fn save(image: &RgbImage, path: &Path, overwrite: bool) -> Result<(), SaveError> {
    save_with_text(image, path, overwrite, &|_| None)
}

/// As [`save`], with the picture's transparency unless it is a JPEG, and with an embedded text. `text` is
/// called with the maximum number of bytes, see [`super::embedded_text`].
///
/// # Errors
///
/// Those of [`save`].
pub fn save_with_text<'a>(
    image: impl Into<Export<'a>>,
    path: &Path,
    overwrite: bool,
    text: &dyn Fn(usize) -> Option<String>,
) -> Result<(), SaveError> {
    let format = check_name(path, overwrite)?;
    let bytes =
        encode(image.into(), format).map_err(|source| SaveError::Encode { path: path.to_owned(), source })?;
    let bytes = embedded_text::put(bytes, format, text);
    write_with(path, overwrite, |file| file.write_all(&bytes).map_err(|source| describe(path, source)))
}

/// Check the destination of a later [`save`], so that a bad name is refused before a picture is painted.
///
/// # Errors
///
/// Those of [`save`] that can be foreseen.
pub fn check_destination(path: &Path, overwrite: bool) -> Result<(), SaveError> {
    check_name(path, overwrite)?;
    create_part(path).map(drop)
}

/// The path itself if it is free, otherwise the next free one, as `name-2.png`.
pub fn free_name(path: &Path) -> PathBuf {
    std::iter::once(path.to_owned())
        .chain((2_u32..).map(|number| numbered_name(path, number)))
        .find(|path| !is_taken(path))
        .unwrap_or_else(|| path.to_owned())
}

/// The path with a number in its name, as `name-2.png`.
pub fn numbered_name(path: &Path, number: u32) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Whether a name is taken, even by a dangling link.
fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn check_name(path: &Path, overwrite: bool) -> Result<SaveFormat, SaveError> {
    let format = format_of(path)?;
    if path.is_dir() {
        return Err(SaveError::IsFolder { path: path.to_owned() });
    }
    if !overwrite && is_taken(path) {
        return Err(SaveError::Exists { path: path.to_owned() });
    }
    Ok(format)
}

fn encode(Export { picture, matte }: Export<'_>, format: SaveFormat) -> Result<Vec<u8>, ImageError> {
    match matte {
        Some(matte) if format == SaveFormat::Tiff => encode_transparent_tiff(&matte.rgba(picture)),
        Some(matte) if format != SaveFormat::Jpeg => encode_pixels(&matte.rgba(picture), format),
        _ => encode_pixels(picture, format),
    }
}

/// A TIFF whose fourth sample is declared an opacity, which image's encoder leaves open.
fn encode_transparent_tiff(image: &RgbaImage) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Cursor::new(Vec::new());
    let (width, height) = image.dimensions();
    let write = |bytes: &mut Cursor<Vec<u8>>| {
        let mut encoder = tiff::encoder::TiffEncoder::new(bytes)?;
        let mut encoder = encoder.new_image::<RGB8>(width, height)?;
        encoder.extra_samples(&[ExtraSamples::UnassociatedAlpha])?;
        encoder.write_data(image.as_raw())
    };
    let wrong = |error| ImageError::Encoding(EncodingError::new(ImageFormat::Tiff.into(), error));
    write(&mut bytes).map_err(wrong)?;
    Ok(bytes.into_inner())
}

fn encode_pixels<P>(image: &ImageBuffer<P, Vec<u8>>, format: SaveFormat) -> Result<Vec<u8>, ImageError>
where
    P: PixelWithColorType<Subpixel = u8>,
{
    let mut bytes = Cursor::new(Vec::new());
    match format {
        SaveFormat::Png => image.write_with_encoder(PngEncoder::new_with_quality(
            &mut bytes,
            CompressionType::Default,
            FilterType::Adaptive,
        )),
        SaveFormat::Jpeg => image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)),
        SaveFormat::WebP => image.write_with_encoder(WebPEncoder::new_lossless(&mut bytes)),
        SaveFormat::Tiff => image.write_with_encoder(TiffEncoder::new(&mut bytes)),
    }?;
    Ok(bytes.into_inner())
}

/// Saved pictures get the default permissions of new files.
fn create_part(path: &Path) -> Result<PartFile, SaveError> {
    PartFile::create(path, Access::Default).map_err(|source| describe(path, source))
}

/// Let `write` fill a file that gets its name only when it is complete.
///
/// # Errors
///
/// Those of `write`; if the file exists and `overwrite` is not set; or if it cannot be written.
pub fn write_with<E: From<SaveError>>(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&mut PartFile) -> Result<(), E>,
) -> Result<(), E> {
    let mut part = create_part(path)?;
    write(&mut part)?;
    Ok(part.finish(overwrite).map_err(|source| describe(path, source))?)
}

fn describe(path: &Path, source: io::Error) -> SaveError {
    let (path, folder) = (path.to_owned(), folder_of(path).to_owned());
    match source.kind() {
        io::ErrorKind::AlreadyExists => SaveError::Exists { path },
        io::ErrorKind::IsADirectory => SaveError::IsFolder { path },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => SaveError::Full { folder, source },
        _ if !folder.exists() => SaveError::NoFolder { folder },
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory => SaveError::Unwritable { folder, source },
        _ => SaveError::Write { path, source },
    }
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;
    use crate::{
        picture::Picture,
        settings::{Rgb, Settings},
    };

    fn gradient() -> RgbImage {
        RgbImage::from_fn(40, 30, |x, y| image::Rgb([(x * 6) as u8, (y * 8) as u8, 90]))
    }

    fn files_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_format_comes_back() {
        let folder = tempdir().unwrap();
        for name in ["a.png", "a.jpg", "a.JPEG", "a.webp", "a.tif", "a.TIFF"] {
            let path = folder.path().join(name);
            check_destination(&path, false).unwrap();
            save(&gradient(), &path, false).unwrap();
            let back = Picture::open(&path).unwrap();
            let worst = back.rgb.iter().zip(gradient().iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            let lossy = name.to_ascii_lowercase().contains(".jp");
            assert!(if lossy { worst < 12 } else { worst == 0 }, "{name} is off by {worst}");
        }
        assert_eq!(files_in(folder.path()).len(), 6, "no temporary file stays");
    }

    #[test]
    fn transparency_is_saved_where_the_format_has_it() {
        let folder = tempdir().unwrap();
        let pixels =
            (0..30u8).flat_map(|y| (0..40u8).flat_map(move |x| [x, y, 9, if x < 20 { 0 } else { 255 - y }]));
        let content = Picture::from_rgba("glass", 40, 30, pixels.collect()).unwrap();
        let settings = Settings { background: Rgb([10, 200, 30]), ..Settings::default() };
        let matte = Matte::of(&content, &settings, (40, 30)).unwrap();
        let mut flat = gradient();
        matte.flatten(&mut flat);
        for name in ["a.png", "a.webp", "a.tif", "a.jpg"] {
            let path = folder.path().join(name);
            let export = Export { picture: &flat, matte: Some(&matte) };
            save_with_text(export, &path, false, &|room| (room > 9).then(|| "{}".to_owned())).unwrap();
            let back = Picture::open(&path).unwrap();
            if name == "a.jpg" {
                let sum: u32 = back.rgb.iter().zip(flat.iter()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
                assert!(back.alpha.is_none() && sum < 8 * 3 * 40 * 30, "{name} is off by {sum} in all");
            } else {
                assert_eq!(back.alpha, content.alpha, "{name}");
                assert_eq!(back.rgb[(30, 0)], flat[(30, 0)], "{name}");
                let again = back.flattened(Some(settings.background)).into_owned();
                assert!(again.iter().zip(flat.iter()).all(|(a, b)| a.abs_diff(*b) <= 1), "{name}");
                let bytes = fs::read(&path).unwrap();
                assert_eq!(embedded_text::embedded_text(&bytes).as_deref(), Some("{}"), "{name}");
                if name == "a.tif" {
                    let mut decoder = tiff::decoder::Decoder::new(Cursor::new(&bytes)).unwrap();
                    let extra = decoder.get_tag_u16_vec(tiff::tags::Tag::ExtraSamples).unwrap();
                    assert_eq!(extra, [ExtraSamples::UnassociatedAlpha.to_u16()]);
                }
            }
        }
    }

    #[test]
    fn files_are_overwritten_only_on_request() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.png");
        fs::write(&path, "precious").unwrap();
        for result in [
            save(&gradient(), &path, false),
            check_destination(&path, false),
            // The file may appear after the check.
            write_with(&path, false, |_| Ok(())),
        ] {
            let error = result.unwrap_err();
            assert!(
                matches!(error, SaveError::Exists { .. }) && error.to_string().contains("a.png"),
                "{error}"
            );
        }
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        check_destination(&path, true).unwrap();
        save(&gradient(), &path, true).unwrap();
        assert_eq!(Picture::open(&path).unwrap().rgb, gradient());
        assert_eq!(files_in(folder.path()), ["a.png"]);
    }

    #[test]
    fn bad_destinations_are_refused_with_advice() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        fs::create_dir(folder.path().join("sub.png")).unwrap();
        for (path, advice) in [
            ("a.bmp", ".png, .jpg, .jpeg, .webp, .tif or .tiff"),
            ("a", ".png"),
            (".png", ".png"),
            ("missing/a.png", "create it first"),
            ("file/a.png", "cannot write into the folder"),
            ("sub.png", "is a folder"),
        ] {
            let path = folder.path().join(path);
            for overwrite in [false, true] {
                let check = check_destination(&path, overwrite).unwrap_err().to_string();
                assert!(check.contains(advice) && check.contains(folder.path().to_str().unwrap()), "{check}");
                assert_eq!(save(&gradient(), &path, overwrite).unwrap_err().to_string(), check);
            }
        }
        assert_eq!(files_in(folder.path()), ["file", "sub.png"]);
    }

    #[test]
    fn a_full_disk_is_reported_and_leaves_no_file() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.png");
        let error = write_with(&path, true, |file| {
            file.write_all(b"half").unwrap();
            Err(describe(&path, io::ErrorKind::StorageFull.into()))
        })
        .unwrap_err();
        assert!(
            matches!(error, SaveError::Full { .. }) && error.to_string().contains("make room"),
            "{error}"
        );
        assert!(files_in(folder.path()).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_real_full_device_counts_as_full() {
        let folder = tempdir().unwrap();
        let mut full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = describe(&folder.path().join("a.png"), full.write_all(b"x").unwrap_err());
        assert!(matches!(error, SaveError::Full { .. }), "{error:?}");
    }

    #[test]
    fn a_shape_beyond_the_format_is_reported() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.webp");
        let error = save(&RgbImage::new(17_000, 1), &path, false).unwrap_err();
        assert!(matches!(error, SaveError::Encode { .. }) && error.to_string().contains("PNG"), "{error}");
        assert!(files_in(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        let (ours, usual) = (folder.path().join("a.png"), folder.path().join("usual"));
        save(&gradient(), &ours, false).unwrap();
        fs::write(&usual, "").unwrap();
        assert_eq!(mode(&ours), mode(&usual));
    }

    #[test]
    fn free_names_count_up() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("name.png");
        assert_eq!(free_name(&path), path);
        fs::write(&path, "").unwrap();
        assert_eq!(free_name(&path), folder.path().join("name-2.png"));
        fs::write(folder.path().join("name-2.png"), "").unwrap();
        assert_eq!(free_name(&path), folder.path().join("name-3.png"));
    }
}
