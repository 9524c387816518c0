//! A style on the command line: its file, its part, its weight and its scale.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::UsageError;
use impasto_core::{
    picture::Picture,
    settings::{Crop, StyleMix},
    transfer::StyleSource,
};

/// A style picture and its mix, as given to `--style`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StyleArg {
    pub path: PathBuf,
    pub mix: StyleMix,
    /// Left, top, width and height of the part that counts, see [`Crop::of_numbers`].
    pub part: Option<[f64; 4]>,
    /// The region that it paints.
    pub region: Option<String>,
}

impl StyleArg {
    /// Split off a scale after the last `@`, a weight after the last colon before it, and a part in brackets
    /// before that, each only if it is of numbers and the text names no file: Windows paths have colons, and
    /// so may file names elsewhere.
    pub fn split(text: OsString) -> Self {
        let (text, scale) = cut(text, '@', number);
        let (text, weight) = cut(text, ':', number);
        let (path, part) = cut(text, '[', |text| four_numbers(text.strip_suffix(']')?));
        let defaults = StyleMix::default();
        let mix = StyleMix {
            weight: weight.unwrap_or(defaults.weight),
            scale: scale.unwrap_or(defaults.scale),
            ..defaults
        };
        Self { path: path.into(), mix, part, region: None }
    }

    /// As [`StyleArg::split`], after splitting off the name of a region after the last `#`, unless what is
    /// left without doing so names a file. An empty name is no region.
    pub fn split_with_region(text: OsString) -> Self {
        let whole = Self::split(text.clone());
        match text.to_str().filter(|_| !whole.path.exists()).and_then(|text| text.rsplit_once('#')) {
            Some((style, region)) => {
                let region = (!region.is_empty()).then(|| region.to_owned());
                Self { region, ..Self::split(style.into()) }
            }
            None => whole,
        }
    }

    /// The style with its picture, of which the part is cut.
    ///
    /// # Errors
    ///
    /// If the part does not lie within the picture.
    pub fn source(&self, picture: Arc<Picture>) -> Result<StyleSource, UsageError> {
        let crop = self.part.map_or(Ok(None), |part| Crop::of_numbers(part, picture.dimensions()));
        let crop = crop.map_err(|error| {
            let (width, height) = picture.dimensions();
            UsageError(format!("style {}: {}, which is {width}×{height}", self.path.display(), error.message))
        })?;
        Ok(StyleSource { picture, mix: StyleMix { crop, ..self.mix } })
    }

    /// Whether the style is more than a picture.
    pub fn has_own_settings(&self) -> bool {
        self.mix != StyleMix::default() || self.part.is_some()
    }
}

/// Cut off what `read` reads after the last `mark`, if it does and the whole text names no file.
fn cut<T>(text: OsString, mark: char, read: fn(&str) -> Option<T>) -> (OsString, Option<T>) {
    let cut = text.to_str().and_then(|text| text.rsplit_once(mark)).and_then(|(path, value)| {
        (!path.is_empty()).then_some(())?;
        Some((OsString::from(path), read(value)?))
    });
    match cut {
        Some((path, value)) if !Path::new(&text).exists() => (path, Some(value)),
        _ => (text, None),
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

fn four_numbers(text: &str) -> Option<[f64; 4]> {
    text.split(',').map(number).collect::<Option<Vec<f64>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_styles_scale_stands_last_and_its_weight_before_it() {
        let split = |text: &str| {
            let style = StyleArg::split(text.into());
            (style.path.to_str().unwrap().to_owned(), style.mix.weight, style.mix.scale)
        };
        assert_eq!(split("wave.jpg:0.25@0.5"), ("wave.jpg".into(), 0.25, 0.5));
        assert_eq!(split("wave.jpg@2"), ("wave.jpg".into(), 1.0, 2.0));
        assert_eq!(split("wave@2x.jpg"), ("wave@2x.jpg".into(), 1.0, 1.0));
        assert_eq!(split("wave@2x.jpg:3"), ("wave@2x.jpg".into(), 3.0, 1.0));
        assert_eq!(split("@2"), ("@2".into(), 1.0, 1.0));
        let split = |text: &str| {
            let (path, weight, scale) = split(text);
            assert_eq!(scale, 1.0);
            (path, weight)
        };
        assert_eq!(split("wave.jpg"), ("wave.jpg".into(), 1.0));
        assert_eq!(split("wave.jpg:0.25"), ("wave.jpg".into(), 0.25));
        assert_eq!(split(r"C:\x.jpg"), (r"C:\x.jpg".into(), 1.0));
        assert_eq!(split(r"C:\x.jpg:2"), (r"C:\x.jpg".into(), 2.0));
        assert_eq!(split("a:b.jpg"), ("a:b.jpg".into(), 1.0));
        assert_eq!(split(":2"), (":2".into(), 1.0));
        assert_eq!(split("wave.jpg:-1"), ("wave.jpg".into(), -1.0));
    }

    #[test]
    fn a_styles_part_stands_before_its_weight_and_scale() {
        let split = |text: &str| {
            let style = StyleArg::split(text.into());
            let numbers = (style.mix.weight, style.mix.scale);
            (style.path.to_str().unwrap().to_owned(), style.part, numbers)
        };
        let part = Some([120.0, 0.0, 300.0, 200.5]);
        assert_eq!(split("wave.jpg[120,0,300,200.5]"), ("wave.jpg".into(), part, (1.0, 1.0)));
        assert_eq!(split("wave.jpg[120, 0, 300, 200.5]:2@0.5"), ("wave.jpg".into(), part, (2.0, 0.5)));
        assert_eq!(split("example:swirl[120,0,300,200.5]"), ("example:swirl".into(), part, (1.0, 1.0)));
        assert_eq!(split("a [1,2,3,4].jpg@2"), ("a [1,2,3,4].jpg".into(), None, (1.0, 2.0)));
        for name in
            ["take[1].jpg", "wave.jpg[1,2,3]", "wave.jpg[1,2,3,4,5]", "[1,2,3,4]", "wave.jpg[a,b,c,d]"]
        {
            assert_eq!(split(name), (name.to_owned(), None, (1.0, 1.0)));
        }
        let style = StyleArg::split_with_region("wave.jpg[0,0,0.5,1]:2#sky".into());
        assert_eq!((style.part, style.mix.weight), (Some([0.0, 0.0, 0.5, 1.0]), 2.0));
        assert_eq!((style.path.to_str(), style.region.as_deref()), (Some("wave.jpg"), Some("sky")));
    }

    #[test]
    fn a_part_is_cut_from_the_picture_or_refused() {
        let picture = Arc::new(Picture::from_rgba("a", 40, 20, [9, 9, 9, 255].repeat(800)).unwrap());
        let crop = |text: &str| {
            StyleArg::split(text.into()).source(Arc::clone(&picture)).map(|style| style.mix.crop)
        };
        assert_eq!(crop("a.png[10,0,20,20]").unwrap(), Some([0.25, 0.0, 0.5, 1.0].into()));
        assert_eq!(crop("a.png[0.25,0,0.5,1]").unwrap(), Some([0.25, 0.0, 0.5, 1.0].into()));
        assert_eq!((crop("a.png").unwrap(), crop("a.png[0,0,40,20]").unwrap()), (None, None));
        let text = crop("a.png[30,0,20,20]").unwrap_err().to_string();
        assert!(text.contains("style a.png") && text.contains("40×20"), "{text}");
    }

    #[test]
    fn a_file_with_a_number_sign_in_its_name_wins_over_a_region() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a#1.jpg");
        std::fs::write(&path, "").unwrap();
        let split = |options: &str| {
            let mut text = OsString::from(&path);
            text.push(options);
            let style = StyleArg::split_with_region(text);
            assert_eq!(style.path, path, "{options}");
            (style.mix.weight, style.mix.scale, style.part.is_some(), style.region)
        };
        assert_eq!(split(""), (1.0, 1.0, false, None));
        assert_eq!(split(":0.5"), (0.5, 1.0, false, None));
        assert_eq!(split("[0,0,0.5,1]@2"), (1.0, 2.0, true, None));
        assert_eq!(split("[0,0,0.5,1]:3#sky"), (3.0, 1.0, true, Some("sky".to_owned())));
        assert_eq!(split(":3#"), (3.0, 1.0, false, None));
        // Where there is no such file, its name needs the empty region.
        let style = StyleArg::split_with_region("b#1.jpg:2#".into());
        assert_eq!((style.path.to_str(), style.region), (Some("b#1.jpg"), None));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_a_colon_in_its_name_wins_over_a_weight_and_a_scale() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["take:2", "take@2", "take:2@3", "take[0,0,16,16]", "take[0,0,0.5,1]:2"] {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            let mut scaled = OsString::from(&path);
            let plain = StyleArg { path, mix: StyleMix::default(), part: None, region: None };
            assert_eq!(StyleArg::split(scaled.clone()), plain);
            scaled.push("@0.5");
            assert_eq!(StyleArg::split(scaled).mix, StyleMix { scale: 0.5, ..StyleMix::default() });
        }
    }
}
