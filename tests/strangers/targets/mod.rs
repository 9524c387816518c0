//! What is done with bytes of strangers, target by target. A fuzzer calls it (tests/fuzz), and the tests
//! here.

mod archive;
mod home;
mod osc;
mod picture;
mod playlist;
mod profile;
mod project;
mod recipe;
mod state;
mod toml;
mod weights;

/// Most bytes that any file may make the program ask for beyond what it has.
const MEMORY: usize = 512 << 20;

/// A way in for a stranger's bytes.
pub struct Target {
    pub name: &'static str,
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Panics if a promise is broken.
    pub run: fn(&[u8]),
    /// Inputs that the tests try; about two seconds.
    pub cases: usize,
}

pub const ALL: [Target; 9] = [
    Target { name: "project", seeds: project::seeds, run: project::run, cases: 60 },
    Target { name: "recipe", seeds: recipe::seeds, run: recipe::run, cases: 200 },
    Target { name: "picture", seeds: picture::seeds, run: picture::run, cases: 20_000 },
    Target { name: "profile", seeds: profile::seeds, run: profile::run, cases: 1000 },
    Target { name: "weights", seeds: weights::seeds, run: weights::run, cases: 60 },
    Target { name: "state", seeds: state::seeds, run: state::run, cases: 60 },
    Target { name: "osc", seeds: osc::seeds, run: osc::run, cases: 200 },
    Target { name: "playlist", seeds: playlist::seeds, run: playlist::run, cases: 20 },
    Target { name: "toml", seeds: toml::seeds, run: toml::run, cases: 60 },
];

/// The target of this name.
///
/// # Panics
///
/// If there is none.
pub fn named(name: &str) -> &'static Target {
    ALL.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("no target is called {name}"))
}

/// A file of the tests' data.
fn data(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(crate::ROOT).join("tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file in a folder of the tests' data with one of these extensions.
fn files(folder: &str, extensions: &[&str]) -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(crate::ROOT).join("tests/data").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| {
        extensions.iter().any(|extension| path.extension().is_some_and(|own| own == *extension))
    });
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A text that the program shows is short, and none of it is a command to the terminal.
#[track_caller]
fn is_harmless(text: &str) {
    assert!(text.chars().count() < 3000, "{} letters: {text:.200}", text.len());
    let hostile = |letter: char| {
        letter.is_control() && !matches!(letter, '\n' | '\t') || ('\u{202a}'..='\u{202e}').contains(&letter)
    };
    assert!(!text.contains(hostile), "{text:?}");
}
