//! Which contents are painted in which styles, and the names of the output files.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use impasto_core::picture;

/// Default name pattern of a batch's paintings.
pub const NAME_PATTERN: &str = "{content} in {style}.png";

/// How contents and styles are paired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Pairing {
    /// Each content in each style
    #[default]
    All,
    /// The first content in the first style, the second in the second …
    Matched,
}

/// A content, a style and the output file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub content: PathBuf,
    pub style: PathBuf,
    pub output: PathBuf,
}

/// Pictures that cannot be paired.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    #[error("there is no picture {}", .0.display())]
    Missing(PathBuf),
    #[error("there are no pictures in {}", .0.display())]
    Empty(PathBuf),
    #[error("cannot read the folder {}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("{contents} contents and {styles} styles cannot be matched one by one; use --pairs all")]
    Uneven { contents: usize, styles: usize },
    #[error(
        "two paintings would both be called {}: make the names differ with {{content}}, {{style}} or {{number}}",
        .0.display()
    )]
    SameName(PathBuf),
}

/// The pictures that paths, folders and patterns such as `photos/*.jpg` name, each group sorted by name.
///
/// # Errors
///
/// If a path does not exist, or a folder or pattern has no pictures.
pub fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, PairError> {
    let mut found = Vec::new();
    for path in paths {
        let pattern =
            path.file_name().and_then(|name| name.to_str()).filter(|name| name.contains(['*', '?']));
        if path.is_file() {
            found.push(path.clone());
        } else if path.is_dir() {
            found.extend(inside(path, "*", path)?);
        } else if let Some(pattern) = pattern {
            let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            found.extend(inside(folder, pattern, path)?);
        } else {
            return Err(PairError::Missing(path.clone()));
        }
    }
    Ok(found)
}

fn inside(folder: &Path, pattern: &str, requested: &Path) -> Result<Vec<PathBuf>, PairError> {
    let files =
        picture::files_in(folder).map_err(|source| PairError::Folder { path: folder.to_owned(), source })?;
    let fits = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| matches(pattern, name))
    };
    let files: Vec<PathBuf> = files.into_iter().filter(fits).collect();
    if files.is_empty() {
        return Err(PairError::Empty(requested.to_owned()));
    }
    Ok(files)
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

/// Fill in the `{content}`, `{style}` and `{number}` of a name pattern.
pub fn file_name(pattern: &str, content: &Path, style: &Path, number: usize) -> String {
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    // Fill in all fields in one pass, so that braces in a name stay.
    let mut name = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('{') {
        name.push_str(&rest[..at]);
        rest = &rest[at..];
        let fields =
            [("{content}", stem(content)), ("{style}", stem(style)), ("{number}", format!("{number:03}"))];
        match fields.iter().find(|(field, _)| rest.starts_with(field)) {
            Some((field, text)) => {
                name.push_str(text);
                rest = &rest[field.len()..];
            }
            None => {
                name.push('{');
                rest = &rest[1..];
            }
        }
    }
    name + rest
}

impl Pairing {
    /// The paintings of a batch, each with its output file in `folder`.
    ///
    /// # Errors
    ///
    /// If their numbers do not match, or two outputs have the same name.
    pub fn pairs(
        self,
        contents: &[PathBuf],
        styles: &[PathBuf],
        folder: &Path,
        pattern: &str,
    ) -> Result<Vec<Pair>, PairError> {
        let combinations: Vec<(&PathBuf, &PathBuf)> = match self {
            Pairing::All => {
                contents.iter().flat_map(|content| styles.iter().map(move |style| (content, style))).collect()
            }
            Pairing::Matched if contents.len() == styles.len() => contents.iter().zip(styles).collect(),
            Pairing::Matched => {
                return Err(PairError::Uneven { contents: contents.len(), styles: styles.len() });
            }
        };
        let mut names = BTreeMap::new();
        let mut pairs = Vec::with_capacity(combinations.len());
        for (index, (content, style)) in combinations.into_iter().enumerate() {
            let output = folder.join(file_name(pattern, content, style, index + 1));
            // Some file systems are case-insensitive.
            if names.insert(output.to_string_lossy().to_lowercase(), index).is_some() {
                return Err(PairError::SameName(output));
            }
            pairs.push(Pair { content: content.clone(), style: style.clone(), output });
        }
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

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
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let names = |paths: &str| {
            let found = collect(&[folder.path().join(paths)]).unwrap();
            found
                .iter()
                .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["a.jpg", "a2.JPG", "b.png"]);
        assert_eq!(names("a*"), ["a.jpg", "a2.JPG"]);
        assert_eq!(names("b.png"), ["b.png"]);
        assert!(matches!(collect(&[folder.path().join("z*")]), Err(PairError::Empty(_))));
        assert!(matches!(collect(&[folder.path().join("z.png")]), Err(PairError::Missing(_))));
    }

    #[test]
    fn pairs_are_all_or_matched_and_names_differ() {
        let (contents, styles) = (paths(&["x/cat.jpg", "x/dog.jpg"]), paths(&["s/wave.png", "s/star.png"]));
        let pairs =
            |pairing: Pairing, pattern: &str| pairing.pairs(&contents, &styles, Path::new("out"), pattern);
        let all = pairs(Pairing::All, "{content} in {style}.png").unwrap();
        let outputs: Vec<_> = all.iter().map(|pair| pair.output.to_str().unwrap()).collect();
        assert_eq!(outputs.len(), 4);
        assert_eq!(outputs[1], Path::new("out").join("cat in star.png").to_str().unwrap());
        let matched = pairs(Pairing::Matched, "{number} {style} {odd}.jpg").unwrap();
        assert_eq!(matched[1].output, Path::new("out").join("002 star {odd}.jpg"));
        assert!(matches!(pairs(Pairing::All, "{content}.png"), Err(PairError::SameName(_))));
        let uneven = Pairing::Matched.pairs(&contents, &styles[..1], Path::new("out"), "{number}.png");
        assert!(matches!(uneven, Err(PairError::Uneven { contents: 2, styles: 1 })));
        assert_eq!(
            file_name("{content}.png", Path::new("{style}.jpg"), Path::new("w.png"), 1),
            "{style}.png"
        );
    }
}
