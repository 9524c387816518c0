//! A project on its way to the disk.

use std::{fs, io::Cursor, path::Path};

use image::{
    ExtendedColorType, ImageEncoder as _, ImageError, RgbImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

use super::{Content, MOST_EMBEDDED, Manifest, Pixels, ProjectError, StateEntry, Style, container};
use impasto_base::{
    files::{self, Access, PartFile, read_regular},
    hash::Sha256Hash,
};
use impasto_core::{picture::Picture, run::StyleRecord};

/// How the sources of a project are kept.
#[derive(Clone, Copy, Debug)]
pub enum Keep<'a> {
    /// All in the project, so that it can be passed on.
    Inside,
    /// Only those without a file, in files in this folder: cheap to write again and again.
    Beside(&'a Path),
}

/// A project that is being put together.
pub struct Draft<'a> {
    pub manifest: Manifest,
    pub keep: Keep<'a>,
    entries: Vec<(String, Vec<u8>)>,
}

impl<'a> Draft<'a> {
    pub fn new(manifest: Manifest, keep: Keep<'a>) -> Self {
        Self { manifest, keep, entries: Vec::new() }
    }

    /// Adds an entry and returns its name, which must be a new one.
    fn add(&mut self, name: String, bytes: Vec<u8>) -> String {
        self.entries.push((name.clone(), bytes));
        name
    }

    /// Adds a picture's file as an entry, whose name gets the extension of what the file is.
    pub(super) fn add_picture(&mut self, stem: &str, bytes: Vec<u8>) -> String {
        let extensions = image::guess_format(&bytes).map_or(&[][..], |format| format.extensions_str());
        let extension = extensions.first().unwrap_or(&"bin");
        self.add(format!("{stem}.{extension}"), bytes)
    }

    /// Puts the painted picture in.
    ///
    /// # Errors
    ///
    /// When it cannot be encoded.
    pub fn picture(&mut self, picture: &RgbImage) -> Result<(), ProjectError> {
        let bytes = encode(picture, None)?;
        self.manifest.picture = Some(self.add_picture("painting", bytes));
        Ok(())
    }

    /// Puts the engine's state in: it is of the step of the picture, whose iterate has this size.
    pub fn state(&mut self, step: u32, (width, height): (u32, u32), bytes: Vec<u8>) {
        self.manifest.step = step;
        let entry = self.add("state.safetensors".to_owned(), bytes);
        self.manifest.state = Some(StateEntry { entry, step, width, height });
    }

    /// Puts the content in.
    ///
    /// # Errors
    ///
    /// When it cannot be encoded or written.
    pub fn content(&mut self, picture: &Picture) -> Result<(), ProjectError> {
        let pixels = self.pixels("content", picture)?;
        self.manifest.content = Some(Content { source: picture.into(), pixels });
        Ok(())
    }

    /// Puts the next style in.
    ///
    /// # Errors
    ///
    /// When it cannot be encoded or written.
    pub fn style(&mut self, picture: &Picture, style: StyleRecord) -> Result<(), ProjectError> {
        let stem = format!("styles/{}", self.manifest.styles.len() + 1);
        let pixels = self.pixels(&stem, picture)?;
        self.manifest.styles.push(Style { style, pixels });
        Ok(())
    }

    /// Puts the palette in.
    ///
    /// # Errors
    ///
    /// When it cannot be encoded or written.
    pub fn palette(&mut self, picture: &Picture) -> Result<(), ProjectError> {
        let pixels = self.pixels("palette", picture)?;
        self.manifest.palette = Some(Content { source: picture.into(), pixels });
        Ok(())
    }

    /// Keeps a source so that it is found again. Bundled pictures need no keeping.
    fn pixels(&mut self, stem: &str, picture: &Picture) -> Result<Pixels, ProjectError> {
        let mut pixels = Pixels::default();
        // A path that is no Unicode text has no place in the project's.
        let file = picture.path.as_deref().filter(|path| path.to_str().is_some() && path.is_file());
        match (self.keep, file) {
            _ if impasto_core::picture::is_example(picture) => {}
            (Keep::Beside(_), Some(_)) => {}
            (Keep::Inside, Some(path)) if fs::metadata(path).is_ok_and(|data| data.len() > MOST_EMBEDDED) => {
            }
            (Keep::Inside, _) => {
                // What is in the file now may be another picture, or none, and a secret.
                let bytes = picture.path.as_deref().and_then(|path| read_regular(path, MOST_EMBEDDED).ok());
                let own = bytes.filter(|bytes| Sha256Hash::of(bytes) == picture.sha256);
                let bytes = own.map_or_else(|| encode(&picture.rgb, picture.alpha.as_ref()), Ok)?;
                pixels.embedded = Some(self.add_picture(stem, bytes));
            }
            (Keep::Beside(folder), None) => {
                let name = format!("{}.png", picture.pixel_hash());
                let path = folder.join(&name);
                if !path.exists() {
                    let bytes = encode(&picture.rgb, picture.alpha.as_ref())?;
                    write_whole(&path, &bytes)?;
                }
                pixels.beside = Some(name);
            }
        }
        Ok(pixels)
    }

    /// Writes the project; the file appears whole or not at all, and an older one goes only then.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(self, path: &Path) -> Result<(), ProjectError> {
        let manifest = serde_json::to_vec(&self.manifest)
            .map_err(|error| ProjectError::Text { reason: error.to_string() })?;
        let failed = |source| ProjectError::Write { path: path.to_owned(), source };
        let access = match self.keep {
            // A file to pass on.
            Keep::Inside => Access::Default,
            Keep::Beside(_) => Access::Private,
        };
        let mut part = PartFile::create(path, access).map_err(failed)?;
        container::write(&mut part, &manifest, &self.entries).map_err(failed)?;
        part.finish(true).map_err(failed)
    }
}

/// Pictures of a project are written often: little compression, little time.
pub(super) fn encode(rgb: &RgbImage, alpha: Option<&image::GrayImage>) -> Result<Vec<u8>, ProjectError> {
    let mut bytes = Cursor::new(Vec::new());
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    let (width, height) = rgb.dimensions();
    let encoded = |error: ImageError| ProjectError::Text { reason: error.to_string() };
    match alpha {
        None => encoder.write_image(rgb, width, height, ExtendedColorType::Rgb8).map_err(encoded)?,
        Some(alpha) => {
            let both = rgb.pixels().zip(alpha.pixels());
            let rgba: Vec<u8> = both.flat_map(|(rgb, alpha)| [rgb[0], rgb[1], rgb[2], alpha[0]]).collect();
            encoder.write_image(&rgba, width, height, ExtendedColorType::Rgba8).map_err(encoded)?;
        }
    }
    Ok(bytes.into_inner())
}

pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ProjectError> {
    files::write_atomic(path, bytes).map_err(|source| ProjectError::Write { path: path.to_owned(), source })
}
