//! The pictures inside the program, so that it can paint before anyone has chosen a file.

use std::path::{Path, PathBuf};

use super::Picture;
use impasto_base::hash::Sha256Hash;

/// A picture that comes with the program.
#[derive(Clone, Copy)]
pub struct Example {
    /// Name for a person.
    pub title: &'static str,
    /// Name of its file in the assets folder.
    pub file: &'static str,
    bytes: &'static [u8],
}

macro_rules! example {
    ($title:literal, $file:literal) => {
        Example {
            title: $title,
            file: $file,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/", $file)),
        }
    };
}

/// Pictures to paint. The first one is there at the start.
pub const CONTENTS: [Example; 4] = [
    example!("Chelsea", "chelsea.jpg"),
    example!("Astronaut", "astronaut.jpg"),
    example!("Coffee", "coffee.jpg"),
    example!("Rocket", "rocket.jpg"),
];

/// Pictures to take the style from. The first one is there at the start.
pub const STYLES: [Example; 4] = [
    example!("Swirl", "swirl.jpg"),
    example!("Mosaic", "mosaic.jpg"),
    example!("Woodcut", "woodcut.jpg"),
    example!("Embers", "embers.jpg"),
];

/// The bundled picture of this title, whatever its case.
pub fn example(title: &str) -> Option<&'static Example> {
    CONTENTS.iter().chain(&STYLES).find(|example| example.title.eq_ignore_ascii_case(title))
}

/// Whether a picture is a bundled one.
pub fn is_example(picture: &Picture) -> bool {
    picture.path.is_none()
        && example(&picture.name).is_some_and(|example| Sha256Hash::of(example.bytes) == picture.sha256)
}

/// What a path begins with that means a bundled picture, as `example:Embers`.
pub const EXAMPLE: &str = "example:";

/// What a path begins with that means a picture without a file, as `pasted:` and its hash.
const PASTED: &str = "pasted:";

impl Picture {
    /// How settings name this picture: by its file, as a bundled one, or by its hash.
    pub fn reference(&self) -> PathBuf {
        match &self.path {
            Some(path) => std::path::absolute(path).unwrap_or_else(|_| path.clone()),
            None if is_example(self) => PathBuf::from(format!("{EXAMPLE}{}", self.name)),
            None => pasted_name(&self.sha256),
        }
    }

    /// Whether neither a file nor a bundled picture gives its pixels again.
    pub fn is_pathless(&self) -> bool {
        self.path.is_none() && !is_example(self)
    }
}

/// How settings name the picture without a file that has this hash.
pub fn pasted_name(hash: &Sha256Hash) -> PathBuf {
    PathBuf::from(format!("{PASTED}{hash}"))
}

/// Whether a path names a picture without a file, as `pasted:3f…` does.
pub fn is_pasted(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.starts_with(PASTED))
}

/// The hash of the picture without a file that a path like `pasted:3f…` names.
pub fn pasted_hash(path: &Path) -> Option<Sha256Hash> {
    path.to_str()?.strip_prefix(PASTED)?.parse().ok()
}

impl Example {
    /// The bundled picture that a path like `example:Embers` names, ignoring case; the file's name without its ending may
    /// stand for the title.
    pub fn named(path: &Path) -> Option<&'static Example> {
        let name = path.to_str()?.strip_prefix(EXAMPLE)?.trim();
        let is = |text: &str| text.eq_ignore_ascii_case(name);
        CONTENTS
            .iter()
            .chain(&STYLES)
            .find(|e| is(e.title) || e.file.split_once('.').is_some_and(|(stem, _)| is(stem)))
    }

    /// Decodes the picture. Its name is the title.
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
