//! The guide to Impasto. A crate of its own, so that a changed sentence has only the window built again.

/// The chapters in their order, as `README.md` lists them, without the one on installing. Markdown.
pub const CHAPTERS: &str = concat!(
    include_str!("first-painting.md"),
    include_str!("mixer.md"),
    include_str!("styles.md"),
    include_str!("by-place.md"),
    include_str!("layer-lab.md"),
    include_str!("time-machine.md"),
    include_str!("many.md"),
    include_str!("performing.md"),
    include_str!("files.md"),
    include_str!("command-line.md"),
    include_str!("troubleshooting.md"),
);
