//! Writing a project.

use std::{fs, io::Cursor, path::Path, sync::Arc};

use image::{
    ExtendedColorType, ImageEncoder as _, ImageError, RgbImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

use super::{
    MAX_EMBEDDED, Manifest, Pixels, ProjectError, ProjectPicture, ProjectStyle, StateEntry, container,
};
use crate::recipe::{self, Recipe};
use impasto_base::{
    files::{self, Access, PartFile, read_regular},
    hash::Sha256Hash,
};
use impasto_core::{
    picture::Picture,
    run::{SourceRecord, StyleRecord, mask_records},
};

/// How the sources of a project are stored.
#[derive(Clone, Copy, Debug)]
pub enum SourceStorage<'a> {
    /// All embedded in the project, so that it can be passed on.
    Embedded,
    /// Only those without a file, in files in this folder: cheap to write repeatedly.
    Beside(&'a Path),
}

/// A project that is being assembled.
pub struct Draft<'a> {
    pub manifest: Manifest,
    pub storage: SourceStorage<'a>,
    entries: Vec<(String, Vec<u8>)>,
}

impl<'a> Draft<'a> {
    pub fn new(manifest: Manifest, storage: SourceStorage<'a>) -> Self {
        Self { manifest, storage, entries: Vec::new() }
    }

    /// Add an entry and return its name, which must be a new one.
    fn add(&mut self, name: String, bytes: Vec<u8>) -> String {
        self.entries.push((name.clone(), bytes));
        name
    }

    /// Add an encoded picture as an entry, with the extension of its format.
    pub(super) fn add_picture(&mut self, stem: &str, bytes: Vec<u8>) -> String {
        let extensions = image::guess_format(&bytes).map_or(&[][..], |format| format.extensions_str());
        let extension = extensions.first().unwrap_or(&"bin");
        self.add(format!("{stem}.{extension}"), bytes)
    }

    /// Add the painted picture.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded.
    pub fn picture(&mut self, picture: &RgbImage) -> Result<(), ProjectError> {
        let bytes = encode(picture, None)?;
        self.manifest.picture = Some(self.add_picture("painting", bytes));
        Ok(())
    }

    /// Add the engine's state at the step of the picture, whose iterate has this size.
    pub fn state(&mut self, step: u32, (width, height): (u32, u32), bytes: Vec<u8>) {
        self.manifest.step = step;
        let entry = self.add("state.safetensors".to_owned(), bytes);
        self.manifest.state = Some(StateEntry { entry, step, width, height });
    }

    /// Add the content.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded or written.
    pub fn content(&mut self, picture: &Picture) -> Result<(), ProjectError> {
        let pixels = self.pixels("content", picture)?;
        self.manifest.content = Some(ProjectPicture { source: picture.into(), pixels });
        Ok(())
    }

    /// Add the next style.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded or written.
    pub fn style(&mut self, picture: &Picture, style: StyleRecord) -> Result<(), ProjectError> {
        let stem = format!("styles/{}", self.manifest.styles.len() + 1);
        let pixels = self.pixels(&stem, picture)?;
        self.manifest.styles.push(ProjectStyle { style, pixels });
        Ok(())
    }

    /// Add the palette.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded or written.
    pub fn palette(&mut self, picture: &Picture) -> Result<(), ProjectError> {
        let pixels = self.pixels("palette", picture)?;
        self.manifest.palette = Some(ProjectPicture { source: picture.into(), pixels });
        Ok(())
    }

    /// Add the masks that the settings name.
    ///
    /// # Errors
    ///
    /// If one cannot be encoded or written.
    pub fn masks(&mut self, masks: &[Arc<Picture>]) -> Result<(), ProjectError> {
        let (drawn, files): (Vec<_>, Vec<_>) = masks.iter().cloned().partition(|mask| mask.drawing.is_some());
        // Some are drawn by more strokes than fit.
        let without_strokes = |source: &SourceRecord| {
            drawn.iter().find(|mask| source.drawing.is_none() && mask.sha256 == source.sha256)
        };
        let records = mask_records(&drawn).into_iter().map(|source| {
            let mask = without_strokes(&source);
            (source, mask)
        });
        let files = files.iter().map(|mask| (SourceRecord::from(mask.as_ref()), Some(mask)));
        self.manifest.masks.clear();
        let mut number = 0;
        for (source, mask) in records.chain(files) {
            let pixels = match mask {
                None => Pixels::default(),
                Some(mask) => {
                    number += 1;
                    self.pixels(&format!("masks/{number}"), mask)?
                }
            };
            self.manifest.masks.push(ProjectPicture { source, pixels });
        }
        Ok(())
    }

    /// Store a source so that it can be found again. Bundled pictures are not stored.
    fn pixels(&mut self, stem: &str, picture: &Picture) -> Result<Pixels, ProjectError> {
        let mut pixels = Pixels::default();
        // The project can only hold Unicode paths.
        let file = picture.path.as_deref().filter(|path| path.to_str().is_some() && path.is_file());
        match (self.storage, file) {
            _ if impasto_core::picture::is_example(picture) => {}
            (SourceStorage::Beside(_), Some(_)) => {}
            (SourceStorage::Embedded, Some(path))
                if fs::metadata(path).is_ok_and(|data| data.len() > MAX_EMBEDDED) => {}
            (SourceStorage::Embedded, _) => {
                // By now the file may hold another picture, or private data.
                let bytes = picture.path.as_deref().and_then(|path| read_regular(path, MAX_EMBEDDED).ok());
                let own = bytes.filter(|bytes| Sha256Hash::of(bytes) == picture.sha256);
                let bytes = own.map_or_else(|| encode(&picture.rgb, picture.alpha.as_ref()), Ok)?;
                pixels.embedded = Some(self.add_picture(stem, bytes));
            }
            (SourceStorage::Beside(folder), None) => {
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

    /// Write the project atomically.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(mut self, path: &Path) -> Result<(), ProjectError> {
        let manifest = self.manifest.bytes()?;
        let failed = |source| ProjectError::Write { path: path.to_owned(), source };
        let access = match self.storage {
            // The file is for passing on.
            SourceStorage::Embedded => Access::Default,
            SourceStorage::Beside(_) => Access::Private,
        };
        let mut part = PartFile::create(path, access).map_err(failed)?;
        container::write(&mut part, &manifest, &self.entries).map_err(failed)?;
        part.finish(true).map_err(failed)
    }
}

impl Manifest {
    /// The manifest as it is written, with its version. If it would be too long to be read again, the recipes
    /// lose their histories: those of the pins first, which mostly repeat that of the painting.
    fn bytes(&mut self) -> Result<Vec<u8>, ProjectError> {
        let failed = |reason: String| ProjectError::Text { reason };
        let write = |manifest: &mut Self| {
            manifest.version = manifest.least_version();
            serde_json::to_vec(&manifest.without_common_strokes()).map_err(|error| failed(error.to_string()))
        };
        let is_short = |bytes: &Vec<u8>| bytes.len() as u64 <= container::MAX_MANIFEST;
        let shorten = |recipe: &mut Recipe| *recipe = recipe.without_history();
        let mut bytes = write(self)?;
        if !is_short(&bytes) {
            self.pins.iter_mut().filter_map(|pin| pin.recipe.as_mut()).for_each(shorten);
            bytes = write(self)?;
        }
        if !is_short(&bytes) {
            self.recipe.iter_mut().for_each(shorten);
            bytes = write(self)?;
        }
        Some(bytes).filter(is_short).ok_or_else(|| failed("its description is too long".to_owned()))
    }

    /// The oldest version that can express it: an older program must refuse what it would misunderstand.
    fn least_version(&self) -> u64 {
        let pins = self.pins.iter().filter_map(|pin| pin.recipe.as_ref());
        let recipes = self.recipe.iter().chain(pins).map(|recipe| recipe.version);
        let masks = if self.masks.is_empty() { 1 } else { recipe::MASKS_VERSION };
        let styles = recipe::version_of_mix(self.styles.iter().map(|style| &style.style.mix));
        let settings = self.pins.iter().map(|pin| &pin.settings).chain([&self.settings]);
        let tracks = settings.map(|settings| recipe::version_of_tracks(&settings.automation));
        recipes.chain(tracks).chain([styles, masks]).max().unwrap_or(1)
    }
}

/// Encode as PNG. A project's pictures are written often, so speed matters more than size.
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
