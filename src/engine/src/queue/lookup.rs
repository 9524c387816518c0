//! Whether items of a batch are painted already: the recipes in their files tell.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use image::{GrayImage, RgbImage};

use super::{Existing, Item, ItemSource, Place};
use impasto_base::files::folder_of;
use impasto_core::{
    picture::Picture,
    run::Job,
    settings::Init,
    transfer::{Inputs, StyleSource},
};
use impasto_formats::{
    inputs::{NamedError, open_mask, open_palette},
    recipe::{FileMatch, compare_file},
};

/// How the file of an item was painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Painted {
    /// With all that is asked for.
    Whole,
    /// With less: its recipe is not complete.
    WithLess,
}

/// Time and length of a file; another version differs.
type Stamp = Option<(SystemTime, u64)>;

/// Looks up what is painted. It remembers pictures and folders until they change, as most paintings of a
/// batch share them.
#[derive(Debug, Default)]
pub struct Lookup {
    /// Without their pixels.
    pictures: BTreeMap<PathBuf, (Stamp, Arc<Picture>)>,
    folders: BTreeMap<PathBuf, (Stamp, Vec<PathBuf>)>,
}

impl Lookup {
    /// How an item's file was painted, if it was painted as part of a batch from the same pictures with the
    /// same settings. Pictures are opened only if there is a file.
    ///
    /// # Errors
    ///
    /// If a picture is not available.
    pub fn painted(&mut self, item: &Item, place: &Place) -> anyhow::Result<Option<Painted>> {
        if self.files(item, place.existing).is_empty() {
            return Ok(None);
        }
        let folder = place.folder.as_deref();
        let inputs = if item.has_files_alone() { self.inputs(item)? } else { item.open(folder)?.0 };
        let runs = item.runs(inputs, folder, &place.known)?;
        Ok(runs.runs.last().and_then(|last| self.compare(item, &last.job, place.existing)))
    }

    /// The same by the item's job.
    pub(super) fn compare(&mut self, item: &Item, job: &Job, existing: Existing) -> Option<Painted> {
        let by_file = |path: &PathBuf| match compare_file(path, job) {
            FileMatch::Same => Some(Painted::Whole),
            FileMatch::Incomplete if existing == Existing::Refuse => Some(Painted::WithLess),
            FileMatch::Unknown if item.without_recipe && existing == Existing::Refuse => Some(Painted::Whole),
            FileMatch::Incomplete | FileMatch::Unknown | FileMatch::Other => None,
        };
        self.files(item, existing).iter().find_map(by_file)
    }

    /// Look into a folder again, as something was written there.
    pub(super) fn forget(&mut self, folder: &Path) {
        self.folders.remove(folder);
    }

    /// The files that an item of a batch may have become. An empty one is none: a killed process had only
    /// claimed its name.
    fn files(&mut self, item: &Item, existing: Existing) -> Vec<PathBuf> {
        let mut files = match existing {
            _ if !item.batch => Vec::new(),
            Existing::Number => self.names_of(&item.output),
            Existing::Refuse | Existing::Replace => vec![item.output.clone()],
        };
        files.retain(|path| fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() > 0));
        files
    }

    /// The files that a picture of this name may have become: itself, and numbered ones such as `name-2.png`,
    /// which are written if the name was taken.
    fn names_of(&mut self, output: &Path) -> Vec<PathBuf> {
        let folder = folder_of(output);
        let stamp = stamp_of(folder);
        let listed = match self.folders.remove(folder) {
            Some((known, files)) if known == stamp => files,
            _ => fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect(),
        };
        let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = stem(output);
        let is_named = |path: &&PathBuf| {
            let stem = stem(path);
            let rest = stem.strip_prefix(&wanted);
            let number = rest.and_then(|rest| rest.strip_prefix('-')).map(|rest| rest.parse::<u32>().is_ok());
            (rest == Some("") || number == Some(true)) && path.extension() == output.extension()
        };
        let named = listed.iter().filter(is_named).cloned().collect();
        self.folders.insert(folder.to_owned(), (stamp, listed));
        named
    }

    /// Inputs with the hashes of an item's pictures, and without their pixels.
    fn inputs(&mut self, item: &Item) -> anyhow::Result<Inputs> {
        let content = self.source(&item.content)?;
        let mut styles = Vec::with_capacity(item.styles.len());
        for style in &item.styles {
            styles.push(StyleSource { picture: self.source(&style.source)?, mix: style.mix });
        }
        let mut inputs = Inputs::new(content, styles);
        let settings = &item.settings;
        if let Some(name) = &settings.palette {
            inputs.palette = Some(self.picture(name, || open_palette(name))?);
        }
        if let Init::File(path) = &settings.init {
            let open = || Picture::open(path).map(Arc::new).map_err(NamedError::Initial);
            inputs.initial = Some(self.picture(path, open)?);
        }
        for path in settings.masks.files() {
            inputs.masks.push(self.picture(path, || open_mask(path))?);
        }
        Ok(inputs)
    }

    fn source(&mut self, source: &ItemSource) -> anyhow::Result<Arc<Picture>> {
        let open = || Ok::<_, anyhow::Error>(Arc::new(source.open(None)?.0));
        match source {
            ItemSource::File { path, .. } => self.picture(path, open),
            ItemSource::Example(_) | ItemSource::StoredPixels(_) => open(),
        }
    }

    /// The picture of this file without its pixels; whether it is transparent stays.
    fn picture<E>(
        &mut self,
        path: &Path,
        open: impl FnOnce() -> Result<Arc<Picture>, E>,
    ) -> Result<Arc<Picture>, E> {
        let stamp = stamp_of(path);
        if let Some((known, picture)) = self.pictures.get(path)
            && *known == stamp
        {
            return Ok(Arc::clone(picture));
        }
        let picture = open()?;
        let light = Arc::new(Picture {
            rgb: RgbImage::new(1, 1),
            alpha: picture.alpha.as_ref().map(|_| GrayImage::new(1, 1)),
            name: picture.name.clone(),
            path: picture.path.clone(),
            sha256: picture.sha256,
            notes: Vec::new(),
            drawing: picture.drawing.clone(),
        });
        self.pictures.insert(path.to_owned(), (stamp, Arc::clone(&light)));
        Ok(light)
    }
}

impl Item {
    /// Whether it is painted from the beginning, and from files as they are now.
    pub(super) fn has_files_alone(&self) -> bool {
        let is_file = |source: &ItemSource| matches!(source, ItemSource::File { sha256: None, .. });
        self.start.is_beginning()
            && self.palette.is_none()
            && self.masks.is_empty()
            && self.sources().all(is_file)
    }
}

fn stamp_of(path: &Path) -> Stamp {
    let data = fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}
