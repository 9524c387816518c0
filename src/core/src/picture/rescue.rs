//! Save a picture elsewhere if its destination fails.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Export, SaveError, free_name, save_with_text};
use impasto_base::paths;

/// Attempts to find a free name, in case another process takes one in between.
const TRIES: usize = 20;

/// Save a picture as [`save_with_text`] under a free name; returns the path.
///
/// # Errors
///
/// Those of [`save_with_text`].
pub fn save_under_free_name<'a>(
    image: impl Into<Export<'a>>,
    wanted: &Path,
    text: &dyn Fn(usize) -> Option<String>,
) -> Result<PathBuf, SaveError> {
    let image = image.into();
    let mut path = free_name(wanted);
    for _ in 0..TRIES {
        match save_with_text(image, &path, false, text) {
            // The name has been taken since.
            Err(SaveError::Exists { .. }) => path = free_name(wanted),
            result => return result.map(|()| path),
        }
    }
    Err(SaveError::Exists { path })
}

/// Folders to save a picture in if its own folder fails: the program's, then the system's folder for
/// temporary files.
pub fn fallback_folders() -> Vec<PathBuf> {
    let own = paths::data_folder().map(|folder| folder.join("rescued"));
    own.into_iter().chain([std::env::temp_dir()]).collect()
}

/// Save a picture that could not be written to `wanted`: beside it under a free name, else in the first of
/// `folders` that works, which is created if necessary. Returns the path.
///
/// # Errors
///
/// Those of [`save_with_text`] for the last attempt.
pub fn save_elsewhere<'a>(
    image: impl Into<Export<'a>>,
    wanted: &Path,
    folders: &[PathBuf],
    text: &dyn Fn(usize) -> Option<String>,
) -> Result<PathBuf, SaveError> {
    let image = image.into();
    let name = wanted.file_name().unwrap_or_default();
    let mut result = save_under_free_name(image, wanted, text);
    for folder in folders {
        if result.is_ok() {
            break;
        }
        // An error shows in the following save.
        let _ = fs::create_dir_all(folder);
        result = save_under_free_name(image, &folder.join(name), text);
    }
    result
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_picture_goes_beside_its_place_or_into_the_first_folder_that_takes_it() {
        let outer = tempdir().unwrap();
        let at = |name: &str| outer.path().join(name);
        let picture = RgbImage::from_pixel(4, 3, Rgb([1, 2, 3]));
        let save = |wanted: &Path, folders: &[PathBuf]| save_elsewhere(&picture, wanted, folders, &|_| None);
        let wanted = at("a.png");
        assert_eq!(save(&wanted, &[]).unwrap(), wanted, "what has kept it away is over");
        assert_eq!(save(&wanted, &[]).unwrap(), at("a-2.png"));

        let gone = at("gone/a.png");
        fs::write(at("file"), "").unwrap();
        let folders = [at("file"), at("made/here"), at("not needed")];
        assert_eq!(save(&gone, &folders).unwrap(), at("made/here/a.png"));
        assert_eq!(save(&gone, &folders).unwrap(), at("made/here/a-2.png"));
        assert_eq!(image::open(at("made/here/a.png")).unwrap().into_rgb8(), picture);
        assert!(!at("not needed").exists() && !at("gone").exists());
        assert!(save(&gone, &folders[..1]).is_err());
    }
}
