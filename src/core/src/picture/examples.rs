//! Bundled pictures, so that the program can paint before a file is chosen.

use std::path::{Path, PathBuf};

use super::Picture;
use impasto_base::hash::Sha256Hash;

/// A picture that comes with the program.
#[derive(Clone, Copy)]
pub struct Example {
    /// Display name.
    pub title: &'static str,
    /// Name of its file in the assets folder.
    pub file: &'static str,
    bytes: &'static [u8],
}

macro_rules! example {
    ($title:literal, $file:literal, $bytes:ident) => {
        Example { title: $title, file: $file, bytes: &impasto_assets::$bytes }
    };
}

/// Content pictures. The first one is loaded at the start.
pub const CONTENTS: [Example; 4] = [
    example!("Chelsea", "chelsea.jpg", CHELSEA),
    example!("Astronaut", "astronaut.jpg", ASTRONAUT),
    example!("Coffee", "coffee.jpg", COFFEE),
    example!("Rocket", "rocket.jpg", ROCKET),
];

/// Style pictures. The first one is loaded at the start.
pub const STYLES: [Example; 4] = [
    example!("Swirl", "swirl.jpg", SWIRL),
    example!("Mosaic", "mosaic.jpg", MOSAIC),
    example!("Woodcut", "woodcut.jpg", WOODCUT),
    example!("Embers", "embers.jpg", EMBERS),
];

/// The bundled picture with this title, ignoring case.
pub fn example(title: &str) -> Option<&'static Example> {
    CONTENTS.iter().chain(&STYLES).find(|example| example.title.eq_ignore_ascii_case(title))
}

/// Whether a picture is a bundled one.
pub fn is_example(picture: &Picture) -> bool {
    picture.path.is_none()
        && example(&picture.name).is_some_and(|example| Sha256Hash::of(example.bytes) == picture.sha256)
}

/// The bundled picture whose file has this hash.
pub fn example_of(hash: &Sha256Hash) -> Option<&'static Example> {
    CONTENTS.iter().chain(&STYLES).find(|example| Sha256Hash::of(example.bytes) == *hash)
}

/// Prefix of the path of a bundled picture, as in `example:Embers`.
pub const EXAMPLE: &str = "example:";

/// Prefix of the path of a picture without a file: `pasted:` and its hash.
const PASTED: &str = "pasted:";

impl Picture {
    /// The path by which settings refer to this picture: its file, `example:` and its title, or `pasted:` and
    /// its hash.
    pub fn reference(&self) -> PathBuf {
        match &self.path {
            Some(path) => std::path::absolute(path).unwrap_or_else(|_| path.clone()),
            None if is_example(self) => PathBuf::from(format!("{EXAMPLE}{}", self.name)),
            None => pasted_name(&self.sha256),
        }
    }

    /// Whether its pixels come neither from a file nor from a bundled picture.
    pub fn is_pathless(&self) -> bool {
        self.path.is_none() && !is_example(self)
    }
}

/// The path by which settings refer to the picture without a file that has this hash.
pub fn pasted_name(hash: &Sha256Hash) -> PathBuf {
    PathBuf::from(format!("{PASTED}{hash}"))
}

/// Whether a path refers to a picture without a file, as `pasted:3f…`.
pub fn is_pasted(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.starts_with(PASTED))
}

/// The hash in a path like `pasted:3f…`.
pub fn pasted_hash(path: &Path) -> Option<Sha256Hash> {
    path.to_str()?.strip_prefix(PASTED)?.parse().ok()
}

impl Example {
    /// The bundled picture of a path like `example:Embers`, ignoring case, by its title or its file's name
    /// without extension.
    pub fn named(path: &Path) -> Option<&'static Example> {
        let name = path.to_str()?.strip_prefix(EXAMPLE)?.trim();
        let is = |text: &str| text.eq_ignore_ascii_case(name);
        CONTENTS
            .iter()
            .chain(&STYLES)
            .find(|e| is(e.title) || e.file.split_once('.').is_some_and(|(stem, _)| is(stem)))
    }

    /// Decode the picture. Its name is the title.
    pub fn open(&self) -> Picture {
        Picture::from_encoded(self.title, None, self.bytes)
            .expect("the tests open every picture of the program")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_opens() {
        for example in CONTENTS.iter().chain(&STYLES) {
            let picture = example.open();
            assert_eq!(picture.name, example.title);
            assert!(
                picture.alpha.is_none() && picture.notes.is_empty(),
                "{}: {:?}",
                example.file,
                picture.notes
            );
            let (width, height) = picture.dimensions();
            assert!(width.max(height) >= 400, "{} is {width}×{height}", example.file);
        }
    }

    #[test]
    fn a_path_can_name_an_example() {
        for path in ["example:Embers", "example:embers"] {
            assert_eq!(Example::named(Path::new(path)).map(|example| example.title), Some("Embers"));
        }
        assert!(Example::named(Path::new("embers.jpg")).is_none());
        assert!(Example::named(Path::new("example:nothing")).is_none());
    }

    #[test]
    fn examples_differ() {
        let mut sums: Vec<Sha256Hash> = CONTENTS.iter().chain(&STYLES).map(|e| e.open().sha256).collect();
        sums.sort();
        sums.dedup();
        assert_eq!(sums.len(), 8);
    }
}
