//! An item of the queue: its pictures, settings and result.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use impasto_base::hash::Sha256Hash;
use impasto_core::{
    picture::{self, Picture, PictureError},
    settings::{Settings, StyleMix},
    transfer::{Inputs, StyleSource},
};
use impasto_formats::inputs::{NamedError, open_named};

/// A picture without a file, whose pixels are stored in the queue's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPixels {
    pub name: String,
    /// Hash of the pixels, see [`Picture::pixel_hash`].
    pub sha256: Sha256Hash,
}

impl StoredPixels {
    /// Name of its file in the queue's folder.
    pub fn file(&self) -> String {
        format!("kept-{}.png", &self.sha256.to_string()[..24])
    }
}

/// Where a picture of an item comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemSource {
    /// A file, with its hash if it was open when the item was added.
    File { path: PathBuf, sha256: Option<Sha256Hash> },
    /// Title of a bundled picture.
    Example(String),
    /// Pixels stored in the queue's folder.
    #[serde(rename = "kept")]
    StoredPixels(StoredPixels),
}

/// A picture of an item that is not available.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error(transparent)]
    Named(#[from] NamedError),
    #[error("no picture called {0} is bundled any more")]
    Example(String),
    #[error("the copy of {0} is gone: add the painting again")]
    StoredPixels(String),
}

impl ItemSource {
    /// The source of an open picture.
    pub fn of(picture: &Picture) -> Self {
        match &picture.path {
            // The queue's file can only hold Unicode paths.
            Some(path) if path.to_str().is_some() => Self::File {
                path: std::path::absolute(path).unwrap_or_else(|_| path.clone()),
                sha256: Some(picture.sha256),
            },
            None if picture::is_example(picture) => Self::Example(picture.name.clone()),
            _ => {
                Self::StoredPixels(StoredPixels { name: picture.name.clone(), sha256: picture.pixel_hash() })
            }
        }
    }

    /// Display name of the picture.
    pub fn name(&self) -> String {
        match self {
            Self::File { path, .. } => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Example(title) => title.clone(),
            Self::StoredPixels(stored) => stored.name.clone(),
        }
    }

    /// Open the picture; also returns a notice for the user. `folder` is the queue's.
    ///
    /// # Errors
    ///
    /// If it no longer exists or cannot be read.
    pub fn open(&self, folder: Option<&Path>) -> Result<(Picture, Option<String>), SourceError> {
        match self {
            Self::File { path, sha256 } => {
                let picture = Picture::open(path)?;
                let changed = sha256.as_ref().is_some_and(|before| *before != picture.sha256);
                let remark = changed.then(|| {
                    format!("{} has changed since it was queued, and was painted as it is now", picture.name)
                });
                Ok((picture, remark))
            }
            Self::Example(title) => match picture::example(title) {
                Some(example) => Ok((example.open(), None)),
                None => Err(SourceError::Example(title.clone())),
            },
            Self::StoredPixels(stored) => {
                let path = folder.map(|folder| folder.join(stored.file())).filter(|path| path.is_file());
                let path = path.ok_or_else(|| SourceError::StoredPixels(stored.name.clone()))?;
                let picture = Picture::open(&path)?;
                Ok((
                    Picture {
                        name: stored.name.clone(),
                        path: None,
                        sha256: stored.sha256,
                        notes: Vec::new(),
                        ..picture
                    },
                    None,
                ))
            }
        }
    }
}

/// A style of an item and its mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemStyle {
    pub source: ItemSource,
    #[serde(default)]
    pub mix: StyleMix,
}

/// The state of an item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemState {
    #[default]
    Waiting,
    Painting,
    /// Painted in this time, pauses not counted.
    Done {
        seconds: f64,
    },
    /// The batch list of its folder says that it was painted already.
    #[serde(rename = "there")]
    AlreadyPainted,
    Failed {
        message: String,
    },
    Cancelled,
}

impl ItemState {
    /// Whether the item is still to be painted.
    pub fn is_open(&self) -> bool {
        matches!(self, ItemState::Waiting | ItemState::Painting)
    }
}

/// An item's opened pictures, and notices for the user.
#[derive(Debug)]
pub struct ItemPictures {
    pub inputs: Inputs,
    pub remarks: Vec<String>,
}

/// An item of the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Unique in its queue; assigned when it is added.
    #[serde(default)]
    pub id: u64,
    pub content: ItemSource,
    pub styles: Vec<ItemStyle>,
    /// The palette that the settings name; `None` if it is opened by that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub palette: Option<ItemSource>,
    /// The requested file; once painted, the file actually written.
    pub output: PathBuf,
    /// Save the picture without its recipe.
    #[serde(default)]
    pub without_recipe: bool,
    /// Save the recipe without small copies of the pictures.
    #[serde(default)]
    pub without_thumbnails: bool,
    /// Part of a batch: recorded in its folder's list, and skipped if it is there.
    #[serde(default)]
    pub batch: bool,
    #[serde(default)]
    pub state: ItemState,
    /// Notices for the user on how it was painted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    pub settings: Settings,
}

impl Item {
    /// The sources of all its pictures.
    pub fn sources(&self) -> impl Iterator<Item = &ItemSource> {
        let styles = self.styles.iter().map(|style| &style.source);
        [&self.content].into_iter().chain(styles).chain(&self.palette)
    }

    /// "cat.jpg in waves.png"
    pub fn title(&self) -> String {
        let styles: Vec<String> = self.styles.iter().map(|style| style.source.name()).collect();
        format!("{} in {}", self.content.name(), styles.join(" + "))
    }

    /// Approximate work, in pixels of the final size times steps. A pyramid takes a nearly constant part of
    /// that.
    pub fn work(&self) -> f64 {
        f64::from(self.settings.longest_side()).powi(2) * f64::from(self.settings.steps)
    }

    /// Open its pictures; also returns notices for the user.
    ///
    /// # Errors
    ///
    /// The error of the first picture that is not available.
    pub fn open(&self, folder: Option<&Path>) -> Result<ItemPictures, SourceError> {
        let mut remarks = Vec::new();
        let (content, remark) = self.content.open(folder)?;
        remarks.extend(remark);
        let mut palette = None;
        if let Some(source) = &self.palette {
            let (picture, remark) = source.open(folder)?;
            remarks.extend(remark);
            palette = Some(Arc::new(picture));
        }
        let mut styles = Vec::with_capacity(self.styles.len());
        for ItemStyle { source, mix } in &self.styles {
            let (picture, remark) = source.open(folder)?;
            remarks.extend(remark);
            styles.push(StyleSource { picture: Arc::new(picture), mix: *mix });
        }
        let mut inputs = Inputs { palette, ..Inputs::new(Arc::new(content), styles) };
        open_named(&mut inputs, &self.settings)?;
        Ok(ItemPictures { inputs, remarks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_again_and_changed_files_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cat.png");
        let save =
            |shade: u8| image::RgbImage::from_pixel(30, 20, image::Rgb([shade; 3])).save(&path).unwrap();
        save(7);
        let source = ItemSource::of(&Picture::open(&path).unwrap());
        assert_eq!((source.name(), source.open(None).unwrap().1), ("cat.png".to_owned(), None));
        save(8);
        let (picture, remark) = source.open(None).unwrap();
        assert_eq!(picture.rgb[(0, 0)].0, [8; 3]);
        assert!(remark.unwrap().contains("cat.png has changed"));
        std::fs::remove_file(&path).unwrap();
        assert!(source.open(None).unwrap_err().to_string().contains("cat.png"));

        let example = picture::STYLES[1].open();
        assert_eq!(ItemSource::of(&example), ItemSource::Example("Mosaic".into()));
        let pasted = Picture { name: "pasted picture".into(), sha256: example.pixel_hash(), ..example };
        let source = ItemSource::of(&pasted);
        assert!(source.open(Some(folder.path())).unwrap_err().to_string().contains("pasted picture is gone"));
        let ItemSource::StoredPixels(stored) = &source else { panic!("{source:?}") };
        pasted.rgb.save(folder.path().join(stored.file())).unwrap();
        let (back, _) = source.open(Some(folder.path())).unwrap();
        assert_eq!((back.rgb, back.sha256, back.path), (pasted.rgb.clone(), pasted.sha256, None));
        // A claimed hash is not used as a file name.
        let claimed = Picture { sha256: Sha256Hash::of(b"another"), ..pasted };
        assert_eq!(ItemSource::of(&claimed), source);
    }
}
