//! Which contents are painted in which styles, and the names of the output files.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use super::SourceFile;

/// Default name pattern of a batch's paintings.
pub const NAME_PATTERN: &str = "{content} in {style}.png";
/// Maximum number of styles that the name of a mix lists.
const NAMED_STYLES: usize = 3;

/// How contents and styles are paired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Pairing {
    /// Each content in each style
    #[default]
    All,
    /// The first content in the first style, the second in the second …
    Matched,
}

/// A content, its style or several that are mixed, and the output file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub content: PathBuf,
    pub styles: Vec<PathBuf>,
    pub output: PathBuf,
}

/// Pictures that cannot be paired.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    #[error("{contents} contents and {styles} styles cannot be matched one by one; use --pairs all")]
    Uneven { contents: usize, styles: usize },
    #[error(
        "two paintings would both be called {}: make the names differ with {{content}}, {{style}} or {{number}}",
        .0.display()
    )]
    SameName(PathBuf),
}

/// Fill in the `{content}`, `{style}` and `{number}` of a name pattern.
fn file_name(pattern: &str, content: &str, style: &str, number: usize) -> String {
    // Fill in all fields in one pass, so that braces in a name stay.
    let mut name = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('{') {
        name.push_str(&rest[..at]);
        rest = &rest[at..];
        let fields = [("{content}", content), ("{style}", style), ("{number}", &format!("{number:03}"))];
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

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Name of a style, with the folders that it is in: `monet-lilies`.
fn style_name(style: &SourceFile) -> String {
    let folders = style.subfolder.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    folders.chain([stem(&style.path)]).collect::<Vec<_>>().join("-")
}

/// Name of a mix: `wave + star`, or `wave + star + moon + 4 more`.
fn mix_name(styles: &[SourceFile]) -> String {
    let mut names: Vec<String> = styles.iter().take(NAMED_STYLES).map(style_name).collect();
    if styles.len() > NAMED_STYLES {
        names.push(format!("{} more", styles.len() - NAMED_STYLES));
    }
    names.join(" + ")
}

/// Pairs of a content, its styles and their name, with output files in the folders below `folder` that the
/// contents are in.
fn name_outputs<'a>(
    paintings: impl IntoIterator<Item = (&'a SourceFile, Vec<PathBuf>, String)>,
    folder: &Path,
    pattern: &str,
) -> Result<Vec<Pair>, PairError> {
    let mut names = BTreeSet::new();
    let mut pairs = Vec::new();
    for (index, (content, styles, style)) in paintings.into_iter().enumerate() {
        let name = file_name(pattern, &stem(&content.path), &style, index + 1);
        let output = folder.join(&content.subfolder).join(name);
        // Some file systems are case-insensitive.
        if !names.insert(output.to_string_lossy().to_lowercase()) {
            return Err(PairError::SameName(output));
        }
        pairs.push(Pair { content: content.path.clone(), styles, output });
    }
    Ok(pairs)
}

/// The paintings of contents that are each painted in a mix of all styles.
///
/// # Errors
///
/// If two outputs have the same name.
pub fn mixed_pairs(
    contents: &[SourceFile],
    styles: &[SourceFile],
    folder: &Path,
    pattern: &str,
) -> Result<Vec<Pair>, PairError> {
    let name = mix_name(styles);
    let styles: Vec<PathBuf> = styles.iter().map(|style| style.path.clone()).collect();
    name_outputs(contents.iter().map(|content| (content, styles.clone(), name.clone())), folder, pattern)
}

impl Pairing {
    /// The paintings of a batch, each with its output file below `folder`.
    ///
    /// # Errors
    ///
    /// If their numbers do not match, or two outputs have the same name.
    pub fn pairs(
        self,
        contents: &[SourceFile],
        styles: &[SourceFile],
        folder: &Path,
        pattern: &str,
    ) -> Result<Vec<Pair>, PairError> {
        let pairs: Vec<(&SourceFile, &SourceFile)> = match self {
            Pairing::All => {
                contents.iter().flat_map(|content| styles.iter().map(move |style| (content, style))).collect()
            }
            Pairing::Matched if contents.len() == styles.len() => contents.iter().zip(styles).collect(),
            Pairing::Matched => {
                return Err(PairError::Uneven { contents: contents.len(), styles: styles.len() });
            }
        };
        let paintings =
            pairs.into_iter().map(|(content, style)| (content, vec![style.path.clone()], style_name(style)));
        name_outputs(paintings, folder, pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(paths: &[&str]) -> Vec<SourceFile> {
        paths.iter().map(|path| SourceFile { path: path.into(), subfolder: PathBuf::new() }).collect()
    }

    /// A picture of this requested folder.
    fn below(root: &str, path: &str) -> SourceFile {
        let subfolder = Path::new(path).parent().unwrap().to_owned();
        SourceFile { path: Path::new(root).join(path), subfolder }
    }

    #[test]
    fn pairs_are_all_or_matched_and_names_differ() {
        let (contents, styles) =
            (sources(&["x/cat.jpg", "x/dog.jpg"]), sources(&["s/wave.png", "s/star.png"]));
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
        assert_eq!(file_name("{content}.png", "{style}", "w", 1), "{style}.png");
    }

    #[test]
    fn folders_below_are_kept_and_same_names_in_them_do_not_collide() {
        let contents = ["cat.jpg", "trip/day 1/cat.jpg"].map(|path| below("photos", path));
        let styles = ["monet/1.jpg", "hokusai/1.jpg"].map(|path| below("art", path));
        let pairs = Pairing::All.pairs(&contents, &styles, Path::new("out"), NAME_PATTERN).unwrap();
        let outputs: Vec<_> = pairs.into_iter().map(|pair| pair.output).collect();
        let out = Path::new("out");
        let day = out.join("trip").join("day 1");
        assert_eq!(
            outputs,
            [
                out.join("cat in monet-1.png"),
                out.join("cat in hokusai-1.png"),
                day.join("cat in monet-1.png"),
                day.join("cat in hokusai-1.png")
            ]
        );
    }

    #[test]
    fn a_mix_is_named_by_its_styles() {
        let contents = ["cat.jpg", "trip/cat.jpg"].map(|path| below("photos", path));
        let styles = sources(&["wave.jpg", "star.jpg", "moon.jpg", "sun.jpg", "sea.jpg"]);
        let outputs = |count: usize, pattern: &str| {
            let pairs = mixed_pairs(&contents, &styles[..count], Path::new("out"), pattern).unwrap();
            assert!(pairs.iter().all(|pair| pair.styles.len() == count));
            pairs.into_iter().map(|pair| pair.output).collect::<Vec<_>>()
        };
        let out = Path::new("out");
        assert_eq!(
            outputs(2, NAME_PATTERN),
            [out.join("cat in wave + star.png"), out.join("trip").join("cat in wave + star.png")]
        );
        assert_eq!(outputs(5, "{number} {style}.jpg")[0], out.join("001 wave + star + moon + 2 more.jpg"));
        let same = mixed_pairs(&[contents[0].clone(), contents[0].clone()], &styles, out, NAME_PATTERN);
        assert!(matches!(same, Err(PairError::SameName(_))));
    }
}
