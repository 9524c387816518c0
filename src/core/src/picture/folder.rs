//! Pictures in a folder.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

/// Extensions of the pictures that [`Picture::open`](super::Picture::open) reads, in lower case.
pub const EXTENSIONS: [&str; 10] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "tif", "tiff", "bmp", "gif"];

/// Whether a file's name is that of a picture.
pub fn has_picture_name(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// The visible files and folders in a folder, each sorted by name; numbers in names compare as numbers, so
/// that 9 comes before 10.
#[derive(Debug, Default)]
pub struct FolderContents {
    /// Files with a picture's extension.
    pub pictures: Vec<PathBuf>,
    pub other_files: Vec<PathBuf>,
    /// Without links to folders, which may lead in a circle.
    pub folders: Vec<PathBuf>,
}

impl FolderContents {
    /// Read a folder.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let mut contents = Self::default();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                contents.folders.push(path);
            } else if path.is_file() {
                match has_picture_name(&path) {
                    true => contents.pictures.push(path),
                    false => contents.other_files.push(path),
                }
            }
        }
        for paths in [&mut contents.pictures, &mut contents.other_files, &mut contents.folders] {
            paths.sort_by_cached_key(|path| sort_key(path));
        }
        Ok(contents)
    }
}

/// The pictures of [`FolderContents`].
///
/// # Errors
///
/// If the folder cannot be read.
pub fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(FolderContents::of(folder)?.pictures)
}

/// Sort by the name with padded numbers, then by the name itself, on every machine alike.
fn sort_key(path: &Path) -> (String, OsString) {
    let name = path.file_name().unwrap_or_default();
    let mut key = String::new();
    let mut digits = String::new();
    for letter in name.to_string_lossy().to_lowercase().chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
        } else {
            if !digits.is_empty() {
                key += &format!("{:0>20}", std::mem::take(&mut digits));
            }
            key.push(letter);
        }
    }
    (key, name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["step10.png", "step9.png", "step 1.JPG", "phone.JFIF", "notes.txt", ".hidden.png"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join("folder.png")).unwrap();
        fs::create_dir(folder.path().join(".hidden")).unwrap();
        let files = files_in(folder.path()).unwrap();
        let names = |paths: &[PathBuf]| -> Vec<String> {
            paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&files), ["phone.JFIF", "step 1.JPG", "step9.png", "step10.png"]);
        let contents = FolderContents::of(folder.path()).unwrap();
        assert_eq!(names(&contents.other_files), ["notes.txt"]);
        assert_eq!(names(&contents.folders), ["folder.png"]);
        assert!(files_in(&folder.path().join("none")).is_err());
    }
}
