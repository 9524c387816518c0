//! The pictures that paths, folders and patterns such as `photos/*.jpg` name.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use impasto_base::files::folder_of;
use impasto_core::picture::FolderContents;

/// A picture to paint from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    pub path: PathBuf,
    /// Its folder, relative to the requested one; empty if it is directly in that, or was requested itself.
    pub subfolder: PathBuf,
}

/// A request that leads to no pictures.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("there is no picture {}", .0.display())]
    Missing(PathBuf),
    #[error("there are no pictures in {}", .0.display())]
    Empty(PathBuf),
    #[error("cannot read the folder {}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("{} is the folder for the paintings, which would be painted from next time; choose another", .0.display())]
    OutputFolder(PathBuf),
}

/// Collects pictures, and notes what it leaves out in the requested folders.
#[derive(Debug, Default)]
pub struct Collector {
    recursive: bool,
    /// Canonical path of the folder for the paintings, if it exists.
    output: Option<PathBuf>,
    /// Files that are not pictures.
    pub other_files: BTreeSet<PathBuf>,
    /// Folders that only a recursive collector looks into.
    pub folders: BTreeSet<PathBuf>,
    /// Folders in a requested one that cannot be read.
    pub unreadable: BTreeSet<PathBuf>,
}

impl Collector {
    /// A collector for paintings in the folder `output`. A recursive one also takes the pictures in folders
    /// below the requested ones, but for `output`; it does not follow links to folders.
    pub fn new(recursive: bool, output: &Path) -> Self {
        Self { recursive, output: output.canonicalize().ok(), ..Self::default() }
    }

    /// The pictures that a path, folder or pattern names: those of a folder, sorted by name, before those of
    /// the folders in it.
    ///
    /// # Errors
    ///
    /// If the path does not exist, a folder or pattern has no pictures, or a recursive collector would find
    /// the paintings themselves.
    pub fn collect(&mut self, path: &Path) -> Result<Vec<SourceFile>, CollectError> {
        let pattern =
            path.file_name().and_then(|name| name.to_str()).filter(|name| name.contains(['*', '?']));
        let (folder, pattern) = if path.is_file() {
            return Ok(vec![SourceFile { path: path.to_owned(), subfolder: PathBuf::new() }]);
        } else if path.is_dir() {
            (path, None)
        } else if let Some(pattern) = pattern {
            (folder_of(path), Some(pattern))
        } else {
            return Err(CollectError::Missing(path.to_owned()));
        };
        if self.recursive && self.is_output(folder) {
            return Err(CollectError::OutputFolder(folder.to_owned()));
        }
        let contents = FolderContents::of(folder)
            .map_err(|source| CollectError::Folder { path: folder.to_owned(), source })?;
        let mut found = Vec::new();
        self.take(contents, Path::new(""), pattern, &mut found);
        if found.is_empty() {
            return Err(CollectError::Empty(path.to_owned()));
        }
        Ok(found)
    }

    fn take(
        &mut self,
        contents: FolderContents,
        subfolder: &Path,
        pattern: Option<&str>,
        found: &mut Vec<SourceFile>,
    ) {
        let fits = |path: &PathBuf| {
            pattern.is_none_or(|pattern| {
                path.file_name().and_then(|name| name.to_str()).is_some_and(|name| matches(pattern, name))
            })
        };
        let source = |path| SourceFile { path, subfolder: subfolder.to_owned() };
        found.extend(contents.pictures.into_iter().filter(fits).map(source));
        // A pattern leaves files out on purpose.
        if pattern.is_none() {
            self.other_files.extend(contents.other_files);
        }
        for folder in contents.folders {
            if self.is_output(&folder) {
                continue;
            }
            if !self.recursive {
                if pattern.is_none() {
                    self.folders.insert(folder);
                }
                continue;
            }
            match FolderContents::of(&folder) {
                Ok(contents) => {
                    let subfolder = subfolder.join(folder.file_name().unwrap_or_default());
                    self.take(contents, &subfolder, pattern, found);
                }
                Err(_) => {
                    self.unreadable.insert(folder);
                }
            }
        }
    }

    fn is_output(&self, folder: &Path) -> bool {
        self.output.as_ref().is_some_and(|output| folder.canonicalize().is_ok_and(|path| path == *output))
    }
}

/// Whether a name fits a pattern of `*` (any text) and `?` (one character). Glob crates also read `[` as a
/// class, and names of pictures contain brackets.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // Rest of the pattern and of the name at the last star, for backtracking.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p).is_some_and(|&letter| letter == '?' || letter == name[n]) {
            p += 1;
            n += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&letter| letter == '*')
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn patterns_fit_names() {
        for (pattern, name, fits) in [
            ("*.jpg", "a.jpg", true),
            ("*.jpg", "a.png", false),
            ("a?c*", "abcd", true),
            ("*a*b", "xaxxab", true),
            ("*a*b", "xaxxabc", false),
            ("ä?.png", "äö.png", true),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn folders_patterns_and_files_are_collected() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.png", "a.jpg", "c.txt", "a2.JPG"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let names = |paths: &str| {
            let found = Collector::default().collect(&folder.path().join(paths)).unwrap();
            found
                .iter()
                .map(|found| found.path.file_name().unwrap().to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["a.jpg", "a2.JPG", "b.png"]);
        assert_eq!(names("a*"), ["a.jpg", "a2.JPG"]);
        assert_eq!(names("b.png"), ["b.png"]);
        let collect = |paths: &str| Collector::default().collect(&folder.path().join(paths));
        assert!(matches!(collect("z*"), Err(CollectError::Empty(_))));
        assert!(matches!(collect("z.png"), Err(CollectError::Missing(_))));
    }

    #[test]
    fn folders_below_are_taken_if_asked_but_for_the_paintings() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("photos");
        for name in
            ["b.jpg", "trip/10/c.jpg", "trip/9/c.jpg", "trip/9/notes.txt", "out/b in s.png", ".h/a.jpg"]
        {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        // A circle of links ends nothing.
        #[cfg(unix)]
        std::os::unix::fs::symlink(&root, root.join("trip/again")).unwrap();
        let mut collector = Collector::new(true, &root.join("out"));
        let of =
            |path: &str, subfolder: &str| SourceFile { path: root.join(path), subfolder: subfolder.into() };
        let below = ["9", "10"].map(|number| Path::new("trip").join(number));
        let expected: Vec<_> = [of("b.jpg", "")]
            .into_iter()
            .chain(below.map(|folder| of(folder.join("c.jpg").to_str().unwrap(), folder.to_str().unwrap())))
            .collect();
        assert_eq!(collector.collect(&root).unwrap(), expected);
        let names = |paths: &BTreeSet<PathBuf>| {
            let names = paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
            names.collect::<Vec<_>>()
        };
        assert_eq!(
            (names(&collector.other_files), names(&collector.folders)),
            (vec!["notes.txt".into()], vec![])
        );
        assert_eq!(collector.collect(&root.join("c*")).unwrap(), expected[1..]);
        assert!(matches!(collector.collect(&root.join("out")), Err(CollectError::OutputFolder(_))));

        let mut flat = Collector::new(false, &root.join("out"));
        assert_eq!(flat.collect(&root).unwrap(), expected[..1]);
        assert_eq!(names(&flat.folders), ["trip"]);
        assert!(matches!(flat.collect(&root.join("trip")), Err(CollectError::Empty(_))));
    }
}
