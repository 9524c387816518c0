//! Where pictures come from, and how they are opened, on a background thread.

use std::{path::PathBuf, sync::Arc};

use egui::{ColorImage, Context, TextureHandle, TextureOptions};

use super::{following::watcher::Stamp, origin::Origin};
use impasto_base::{error::chain, text};
use impasto_core::{
    picture::{self, Example, Picture},
    settings::Rgb,
};
use impasto_engine::session::SourceRecord;
use impasto_formats::{
    known::KnownFiles,
    project::{Pixels, Project},
    recipe::{Found, Thumbnail, find},
    trust::Trust,
};

/// Longest side of the small copy that cards and the waiting canvas show, in pixels.
const SMALL: u32 = 640;

/// Where a picture comes from.
#[derive(Clone)]
pub enum Source {
    File(PathBuf),
    Example(&'static Example),
    Pasted(Arc<ColorImage>),
    /// One that was opened before.
    Open(Arc<Picture>),
    /// One that a recipe names.
    Recalled(Box<Recalled>),
    /// One that a project keeps, or names.
    Kept(Box<Kept>),
}

/// A source of a project.
#[derive(Clone)]
pub struct Kept {
    pub project: Arc<Project>,
    pub pixels: Pixels,
    pub recalled: Recalled,
}

impl Kept {
    fn open(&self, known: &KnownFiles) -> Result<(Picture, Option<Origin>, Option<String>), String> {
        match self.project.stored_picture(&self.recalled.record, &self.pixels) {
            None => self.recalled.open(known),
            Some(picture) => {
                // Where the file itself is still there, it can be opened again at the next start.
                let origin = picture.path.clone().map(Origin::File);
                Ok((picture, origin, None))
            }
        }
    }
}

/// A picture that a recipe names, with what helps to find it.
#[derive(Clone)]
pub struct Recalled {
    pub record: SourceRecord,
    pub thumbnail: Option<Thumbnail>,
    pub folders: Vec<PathBuf>,
    pub trust: Trust,
}

impl Recalled {
    /// The picture, or its thumbnail with a message for the person.
    fn open(&self, known: &KnownFiles) -> Result<(Picture, Option<Origin>, Option<String>), String> {
        let name = text::display_name(&self.record.name);
        let place = self
            .record
            .path
            .as_ref()
            .map_or_else(String::new, |path| format!(" (it was {})", text::path(path)));
        if let Some(found) = find(&self.record, &self.folders, known, &self.trust) {
            let changed = matches!(found, Found::Changed(_));
            let mut picture = found.picture();
            if changed {
                picture.notes.push(format!("{name} has changed since the recipe was written"));
            }
            let origin =
                picture.path.clone().map_or_else(|| Origin::Example(picture.name.clone()), Origin::File);
            return Ok((picture, Some(origin), None));
        }
        let stand_in = self.thumbnail.as_ref().and_then(|thumbnail| thumbnail.stand_in(&self.record));
        match stand_in {
            Some(picture) => Ok((
                picture,
                None,
                Some(format!("{name} is not found{place}: its thumbnail stands in. Open it here.")),
            )),
            None => Err(format!("{name} is not found{place}: open it here")),
        }
    }
}

impl Source {
    pub fn name(&self) -> String {
        text::display_name(&match self {
            Source::File(path) => path
                .file_name()
                .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()),
            Source::Example(example) => example.title.to_owned(),
            Source::Pasted(_) => "pasted picture".to_owned(),
            Source::Open(picture) => picture.name.clone(),
            Source::Recalled(recalled) => recalled.record.name.clone(),
            Source::Kept(kept) => kept.recalled.record.name.clone(),
        })
    }

    /// The source that was remembered, if it still exists.
    pub fn remembered(origin: &Origin) -> Option<Self> {
        Self::of(origin).filter(|source| !matches!(source, Source::File(path) if !path.is_file()))
    }

    /// The source that was remembered; `None` if an example of that name is no longer bundled.
    pub fn of(origin: &Origin) -> Option<Self> {
        match origin {
            Origin::File(path) => Some(Source::File(path.clone())),
            Origin::Example(title) => picture::CONTENTS
                .iter()
                .chain(&picture::STYLES)
                .find(|example| example.title == title)
                .map(Source::Example),
        }
    }

    /// Open the picture, and remember its file.
    pub fn open(self, background: Rgb, known: &KnownFiles) -> Result<Box<Opened>, String> {
        let name = self.name();
        let (mut missing, mut stamp) = (None, None);
        let (opened, origin) = match self {
            Source::File(path) => {
                // A new version is known by the path of the old one.
                let path = std::path::absolute(&path).unwrap_or(path);
                // What is saved after this look is a new version.
                stamp = Stamp::of(&path);
                (Picture::open(&path), Some(Origin::File(path)))
            }
            Source::Example(example) => (Ok(example.open()), Some(Origin::Example(example.title.to_owned()))),
            Source::Pasted(image) => {
                let [width, height] = image.size;
                let rgba = image.pixels.iter().flat_map(|pixel| pixel.to_srgba_unmultiplied()).collect();
                (Picture::from_rgba(&name, width as u32, height as u32, rgba), None)
            }
            Source::Open(picture) => (Ok(Arc::unwrap_or_clone(picture)), None),
            Source::Kept(kept) => {
                let (picture, origin, message) = kept.open(known)?;
                stamp = stamp_of(&origin).filter(|_| kept.may_follow(&picture, known));
                missing = message;
                (Ok(picture), origin)
            }
            Source::Recalled(recalled) => {
                let (picture, origin, message) = recalled.open(known)?;
                stamp = stamp_of(&origin);
                missing = message;
                (Ok(picture), origin)
            }
        };
        let picture = opened.map_err(|error| {
            let text = chain(&error);
            if text.contains(&name) { text } else { format!("{name}: {text}") }
        })?;
        if let Some(Origin::File(path)) = &origin {
            known.add(path, &picture.sha256);
        }
        let small = picture::thumbnail(&picture.flattened(Some(background)), SMALL);
        let small = ColorImage::from_rgb([small.width() as usize, small.height() as usize], small.as_raw());
        Ok(Box::new(Opened { picture, small, origin, stamp, missing }))
    }
}

/// A picture in its slot.
#[derive(Clone)]
pub struct Loaded {
    pub picture: Arc<Picture>,
    pub texture: TextureHandle,
    /// Where it can be found at the next start; pasted pictures cannot.
    pub origin: Option<Origin>,
    /// Which version of its file it is, if it may follow that file.
    pub stamp: Option<Stamp>,
}

/// What a background thread brings.
pub struct Opened {
    pub picture: Picture,
    small: ColorImage,
    origin: Option<Origin>,
    stamp: Option<Stamp>,
    /// What stands in for the picture, if it could not be found.
    pub missing: Option<String>,
}

impl Opened {
    /// Memory that its pixels take, in bytes.
    pub fn bytes(&self) -> u64 {
        bytes_of(&self.picture)
    }

    /// The picture as a slot holds it.
    pub fn into_loaded(self, ctx: &Context) -> Loaded {
        let texture = ctx.load_texture(self.picture.name.clone(), self.small, TextureOptions::LINEAR);
        Loaded { picture: Arc::new(self.picture), texture, origin: self.origin, stamp: self.stamp }
    }

    /// The file that it came from, if it came from one.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.origin {
            Some(Origin::File(path)) => Some(path.clone()),
            _ => None,
        }
    }
}

/// Memory that a picture's pixels take, in bytes.
pub fn bytes_of(picture: &Picture) -> u64 {
    let alpha = picture.alpha.as_ref().map_or(0, |alpha| alpha.as_raw().len());
    (picture.rgb.as_raw().len() + alpha) as u64
}

/// Which version of its file a picture is that is being opened, if it has one.
fn stamp_of(origin: &Option<Origin>) -> Option<Stamp> {
    match origin {
        Some(Origin::File(path)) => Stamp::of(path),
        _ => None,
    }
}
