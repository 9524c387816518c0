//! The program's folders.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// Use one folder for everything instead of the system's.
const FOLDER_VARIABLE: &str = "IMPASTO_CONFIG_DIR";

/// The system's own folders for this program; `None` if there is no home.
fn system_folders() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "impasto")
}

/// The folder for settings and presets, if the system has one.
pub fn config_folder() -> Option<PathBuf> {
    match std::env::var_os(FOLDER_VARIABLE) {
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => system_folders().map(|folders| folders.config_dir().to_owned()),
    }
}

/// The folder for work in progress, if the system has one: the settings folder if that was overridden.
pub fn data_folder() -> Option<PathBuf> {
    let config = config_folder()?;
    Some(beside(&config, ProjectDirs::data_local_dir).unwrap_or(config))
}

/// The cache folder for a settings folder: the system's if the settings folder is the system's, else inside
/// it.
pub fn cache_folder(settings: &Path) -> PathBuf {
    beside(settings, ProjectDirs::cache_dir).unwrap_or_else(|| settings.join("cache"))
}

/// Another of the system's folders; `None` if the settings folder isn't the system's.
fn beside(settings: &Path, which: impl Fn(&ProjectDirs) -> &Path) -> Option<PathBuf> {
    let folders = system_folders()?;
    (folders.config_dir() == settings).then(|| which(&folders).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overridden_folder_contains_its_cache() {
        assert_eq!(cache_folder(Path::new("/elsewhere")), Path::new("/elsewhere/cache"));
        if let Some(folders) = system_folders() {
            assert_eq!(cache_folder(folders.config_dir()), folders.cache_dir());
        }
    }
}
