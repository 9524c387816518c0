//! What goes to the disk and comes from it: where, what is open for it, and what is there already.

use std::path::PathBuf;

use super::{
    closing::Closing,
    export::{Export, ExportForm},
    folders::Folders,
    persistence::Remembered,
    saving::Replacing,
};
use impasto_base::paths;
use impasto_formats::known::KnownFiles;

/// The window's dealings with the disk.
#[derive(Default)]
pub struct Files {
    /// The folder of settings and presets; `None` if nothing is remembered.
    pub folder: Option<PathBuf>,
    /// Folders used last.
    pub folders: Folders,
    /// What is on the disk, and since when something else should be.
    pub written: Remembered,
    pub unwritten_since: Option<f64>,
    /// See [`Remembered::without_recipe`].
    pub without_recipe: bool,
    /// See [`Remembered::without_thumbnails`].
    pub without_thumbnails: bool,
    /// Where the files are that were opened here.
    pub known: KnownFiles,
    /// A file dialog is open.
    pub asking: bool,
    /// A file that waits for a yes to be replaced.
    pub replacing: Option<Replacing>,
    pub closing: Closing,
    pub export_form: Option<ExportForm>,
    pub export: Option<Export>,
}

impl Files {
    pub fn new(folder: Option<PathBuf>, remembered: &Remembered) -> Self {
        let cache = folder.as_deref().map(paths::cache_folder);
        Self {
            known: cache.as_deref().map(KnownFiles::in_cache).unwrap_or_default(),
            folder,
            folders: remembered.folders.clone(),
            written: remembered.clone(),
            without_recipe: remembered.without_recipe,
            without_thumbnails: remembered.without_thumbnails,
            ..Self::default()
        }
    }
}
