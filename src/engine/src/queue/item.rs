//! A painting to be painted, in the queue and in a batch: its pictures, settings, file and state.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use impasto_base::hash::Sha256Hash;
use impasto_core::{
    picture::{self, Drawing, Picture, PictureError},
    settings::{Settings, StyleMix},
    transfer::{Inputs, StyleSource},
};
use impasto_formats::explore::Pair;

use super::ItemStart;

/// A picture without a file, whose pixels are stored in the queue's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPixels {
    pub name: String,
    /// Hash of the pixels, see [`Picture::pixel_hash`]; of pixels and recipe if the file has its recipe.
    pub sha256: Sha256Hash,
}

impl StoredPixels {
    /// Name of its file in the queue's folder.
    pub fn file(&self) -> String {
        format!("kept-{}.png", &self.sha256.to_string()[..24])
    }

    /// Its file in this folder, if it is there.
    pub(super) fn path(&self, folder: Option<&Path>) -> Result<PathBuf, SourceError> {
        let path = folder.map(|folder| folder.join(self.file())).filter(|path| path.is_file());
        path.ok_or_else(|| SourceError::StoredPixels(self.name.clone()))
    }

    pub(super) fn open(&self, folder: Option<&Path>) -> Result<Picture, SourceError> {
        let picture = Picture::open(&self.path(folder)?)?;
        Ok(Picture { name: self.name.clone(), path: None, sha256: self.sha256, notes: Vec::new(), ..picture })
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
            Self::StoredPixels(stored) => Ok((stored.open(folder)?, None)),
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
    /// A file of its name has the same recipe.
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

/// A painting to be painted.
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
    /// The masks that the settings name, in their order; empty if they are opened by those names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<ItemSource>,
    #[serde(default, skip_serializing_if = "ItemStart::is_beginning")]
    pub start: ItemStart,
    /// The requested file; once painted, the file actually written.
    pub output: PathBuf,
    /// Save the picture without its recipe.
    #[serde(default)]
    pub without_recipe: bool,
    /// Save the recipe without small copies of the pictures.
    #[serde(default)]
    pub without_thumbnails: bool,
    /// Part of a batch: skipped if a file of its name has the same recipe.
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
    /// A waiting painting from its settings' initial image, saved with its recipe.
    pub fn new(content: ItemSource, styles: Vec<ItemStyle>, output: PathBuf, settings: Settings) -> Self {
        Self {
            id: 0,
            content,
            styles,
            palette: None,
            masks: Vec::new(),
            start: ItemStart::Beginning,
            output,
            without_recipe: false,
            without_thumbnails: false,
            batch: false,
            state: ItemState::Waiting,
            remark: None,
            settings,
        }
    }

    /// A painting of a batch. `mixes` are those of its styles; styles beyond them have the default.
    pub fn of_batch(pair: Pair, mixes: &[StyleMix], settings: Settings) -> Self {
        let file = |path| ItemSource::File { path, sha256: None };
        let mixes = mixes.iter().copied().chain(std::iter::repeat_with(StyleMix::default));
        let styles = pair.styles.into_iter().zip(mixes);
        let styles = styles.map(|(path, mix)| ItemStyle { source: file(path), mix }).collect();
        Self { batch: true, ..Self::new(file(pair.content), styles, pair.output, settings) }
    }

    /// The sources of its content, styles, palette and masks.
    pub fn sources(&self) -> impl Iterator<Item = &ItemSource> {
        let styles = self.styles.iter().map(|style| &style.source);
        [&self.content].into_iter().chain(styles).chain(&self.palette).chain(&self.masks)
    }

    /// The pictures that are stored for it in the queue's folder.
    pub(super) fn stored(&self) -> impl Iterator<Item = &StoredPixels> {
        let sources = self.sources().filter_map(|source| match source {
            ItemSource::StoredPixels(stored) => Some(stored),
            ItemSource::File { .. } | ItemSource::Example(_) => None,
        });
        sources.chain(self.start.stored())
    }

    /// "cat.jpg in waves.png"
    pub fn title(&self) -> String {
        let styles: Vec<String> = self.styles.iter().map(|style| style.source.name()).collect();
        format!("{} in {}", self.content.name(), styles.join(" + "))
    }

    /// Number of steps to paint.
    pub fn steps(&self) -> u32 {
        match self.start {
            ItemStart::Course { steps, .. } => steps,
            ItemStart::Beginning | ItemStart::Picture(_) => self.settings.steps,
        }
    }

    /// Approximate work, in pixels of the final size times steps. A pyramid takes a nearly constant part of
    /// that.
    pub fn work(&self) -> f64 {
        f64::from(self.settings.longest_side()).powi(2) * f64::from(self.steps())
    }

    /// Open its content, styles, palette and masks; also returns notices for the user. `folder` is the
    /// queue's.
    ///
    /// # Errors
    ///
    /// The error of the first picture that is not available.
    pub fn open(&self, folder: Option<&Path>) -> Result<(Inputs, Vec<String>), SourceError> {
        let mut remarks = Vec::new();
        let mut open = |source: &ItemSource| -> Result<Arc<Picture>, SourceError> {
            let (picture, remark) = source.open(folder)?;
            remarks.extend(remark);
            Ok(Arc::new(picture))
        };
        let content = open(&self.content)?;
        let palette = self.palette.as_ref().map(&mut open).transpose()?;
        let mut styles = Vec::with_capacity(self.styles.len());
        for ItemStyle { source, mix } in &self.styles {
            styles.push(StyleSource { picture: open(source)?, mix: *mix });
        }
        let mask = |source: &ItemSource| Ok(Arc::new(Drawing::of_copy(Arc::unwrap_or_clone(open(source)?))));
        let masks = self.masks.iter().map(mask).collect::<Result<_, SourceError>>()?;
        Ok((Inputs { palette, masks, ..Inputs::new(content, styles) }, remarks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::QueueStore;
    use impasto_core::picture::drawing::{Mode, Shape, Stroke};

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

    #[test]
    fn a_drawn_mask_stays_a_drawn_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut mask = None;
        for x in [0.2, 0.7] {
            let shape = Shape::Ellipse { centre: [x, 0.5], radii: [0.2, 0.1], feather: 0.1 };
            let stroke = Stroke::new(shape, Mode::Add);
            mask = Some(Drawing::draw(mask.as_ref(), (300, 200), stroke).unwrap());
        }
        let mask = mask.unwrap();
        let source = QueueStore::keep(folder.path(), &mask).unwrap();
        let example = |picture: &picture::Example| ItemSource::of(&picture.open());
        let style = ItemStyle { source: example(&picture::STYLES[0]), mix: StyleMix::default() };
        let settings = Settings::default();
        let item = Item {
            masks: vec![source],
            ..Item::new(example(&picture::CONTENTS[0]), vec![style], "a.png".into(), settings)
        };
        assert_eq!(item.stored().count(), 1);
        let (inputs, remarks) = item.open(Some(folder.path())).unwrap();
        let back = &inputs.masks[0];
        assert_eq!((back.sha256, &back.rgb, remarks.len()), (mask.sha256, &mask.rgb, 0));
        // So what is painted with it can be painted again without its copy.
        assert_eq!(back.drawing.as_ref().unwrap().picture().unwrap().rgb, mask.rgb);
    }
}
