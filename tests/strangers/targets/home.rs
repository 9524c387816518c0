//! A person's folder, with a folder for what comes from strangers and with what is none of their business.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use impasto_base::hash::Sha256Hash;

pub const SECRET: &[u8] = b"a secret that may not leave";
/// Stands for the folder in a stranger's text.
pub const HOME: &[u8] = b"@HOME@";

pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.path("got")).unwrap();
        fs::create_dir(home.path("out")).unwrap();
        fs::write(home.path("secret.txt"), SECRET).unwrap();
        image::RgbImage::from_pixel(60, 40, image::Rgb([9, 99, 9])).save(home.path("private.png")).unwrap();
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The text with the folder's path where it stands for it.
    pub fn named_in(&self, text: &[u8]) -> Vec<u8> {
        let own = self.0.path().to_str().unwrap().as_bytes();
        let (mut found, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.windows(HOME.len()).position(|window| window == HOME) {
            found.extend(&rest[..at]);
            found.extend(own);
            rest = &rest[at + HOME.len()..];
        }
        found.extend(rest);
        found
    }

    /// Every file in it by its name, and what is in it.
    pub fn listing(&self) -> BTreeMap<PathBuf, Option<Sha256Hash>> {
        listing(self.0.path())
    }
}

/// Every file below a folder and the hash of its contents, and every folder.
pub fn listing(folder: &Path) -> BTreeMap<PathBuf, Option<Sha256Hash>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let is_folder = path.is_dir() && !path.is_symlink();
            let hash = (!is_folder).then(|| Sha256Hash::of(&fs::read(&path).unwrap_or_default()));
            if is_folder {
                folders.push(path.clone());
            }
            found.insert(path, hash);
        }
    }
    found
}

pub fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
