//! The guide to Impasto. A crate of its own, so that a changed sentence has only the window built again.

/// Files with their names in this folder.
macro_rules! named {
    ($include:ident: $($name:literal),* $(,)?) => {
        &[$(($name, $include!($name))),*]
    };
}

/// The chapters in their order, as `README.md` lists them, without the one on installing: file name and
/// Markdown.
pub const CHAPTERS: &[(&str, &str)] = named!(include_str:
    "first-painting.md",
    "mixer.md",
    "styles.md",
    "by-place.md",
    "layer-lab.md",
    "time-machine.md",
    "many.md",
    "performing.md",
    "files.md",
    "command-line.md",
    "troubleshooting.md",
);

/// The pictures of this folder that a chapter shows: file name and the file.
pub const PICTURES: &[(&str, &[u8])] = named!(include_bytes:
    "face.jpg",
    "layers.jpg",
);
