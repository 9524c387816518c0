//! Pictures in a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif"];

/// The visible files of a folder with a picture's extension, sorted by name; numbers in names compare as
/// numbers, so that 9 comes before 10.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if EXTENSIONS.contains(&extension.as_str()) && !hidden && path.is_file() {
            files.push(path);
        }
    }
    files.sort_by_cached_key(|path| sort_key(path));
    Ok(files)
}

/// Sort by the name with padded numbers, then by the name itself.
fn sort_key(path: &Path) -> (String, String) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut key = String::new();
    let mut digits = String::new();
    for letter in name.to_lowercase().chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
        } else {
            if !digits.is_empty() {
                key += &format!("{:0>20}", std::mem::take(&mut digits));
            }
            key.push(letter);
        }
    }
    (key, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["step10.png", "step9.png", "step 1.JPG", "notes.txt", ".hidden.png"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join("folder.png")).unwrap();
        let files = files_in(folder.path()).unwrap();
        let names: Vec<_> = files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["step 1.JPG", "step9.png", "step10.png"]);
        assert!(files_in(&folder.path().join("none")).is_err());
    }
}
