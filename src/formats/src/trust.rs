//! Which files may be opened because another file names them: recipes and projects are untrusted.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Component, Path, PathBuf, Prefix},
};

use impasto_base::{files::folder_of, text};
use impasto_core::{
    picture::{Example, is_pasted},
    settings::{Init, Settings},
};

/// A file that settings can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedFile {
    Weights,
    Palette,
    Initial,
    /// Of regions and maps, of which there may be several.
    Mask,
}

impl NamedFile {
    pub const ALL: [Self; 4] = [Self::Weights, Self::Palette, Self::Initial, Self::Mask];

    /// Its path in these settings, of several the first; `None` if they name no such file.
    pub fn of(self, settings: &Settings) -> Option<&Path> {
        self.all_of(settings).next()
    }

    /// All its paths in these settings.
    pub fn all_of(self, settings: &Settings) -> impl Iterator<Item = &Path> {
        let palette =
            settings.palette.as_deref().filter(|path| Example::named(path).is_none() && !is_pasted(path));
        let initial = match &settings.init {
            Init::File(path) => Some(path.as_path()),
            _ => None,
        };
        let one = match self {
            Self::Weights => settings.weights.as_deref(),
            Self::Palette => palette,
            Self::Initial => initial,
            Self::Mask => None,
        };
        let masks = settings.masks.files().filter(move |path| self == Self::Mask && !is_pasted(path));
        one.into_iter().chain(masks)
    }

    /// Remove it from the settings if it is refused; of several, those that are.
    pub fn leave_out(self, settings: &mut Settings, refused: impl Fn(&Path) -> bool) {
        if !self.all_of(settings).any(&refused) {
            return;
        }
        match self {
            Self::Weights => settings.weights = None,
            Self::Palette => settings.palette = None,
            Self::Initial => settings.init = Init::Content,
            Self::Mask => leave_out_masks(settings, refused),
        }
    }

    /// Name of its flag.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Palette => "palette",
            Self::Initial => "init",
            Self::Mask => "region",
        }
    }

    /// What replaces it if it is left out.
    pub fn stand_in(self) -> &'static str {
        match self {
            Self::Weights => "the bundled network stands in",
            Self::Palette => "the content's colours stand in",
            Self::Initial => "the content stands in",
            Self::Mask => "what it marks is painted like the rest",
        }
    }
}

impl fmt::Display for NamedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weights => "weights file",
            Self::Palette => "palette",
            Self::Initial => "initial image",
            Self::Mask => "mask",
        })
    }
}

/// Which of the files that another file names may be opened without asking.
#[derive(Clone, Debug)]
pub enum Trust {
    /// All: the program wrote the naming file itself.
    All,
    /// Those in this folder or below it, and those that the user has chosen.
    Folder { folder: PathBuf, chosen: Vec<PathBuf> },
}

impl Trust {
    /// Trust what is beside `file` or below its folder, and what the user's own settings name.
    pub fn beside(file: &Path, own: &Settings) -> Self {
        let chosen = NamedFile::ALL.iter().flat_map(|named| named.all_of(own)).map(Path::to_owned).collect();
        Self::Folder { folder: folder_of(file).to_owned(), chosen }
    }

    /// Whether a file may be opened. Symbolic links are resolved.
    pub fn allows(&self, path: &Path) -> bool {
        let Self::Folder { folder, chosen } = self else { return true };
        let within = || {
            let (path, folder) = (path.canonicalize().ok()?, folder.canonicalize().ok()?);
            Some(path.starts_with(folder))
        };
        chosen.iter().any(|chosen| chosen == path) || (is_local(path) && within() == Some(true))
    }

    /// The files in the settings that may not be opened.
    pub fn refused<'a>(&self, settings: &'a Settings) -> impl Iterator<Item = (NamedFile, &'a Path)> {
        let named = NamedFile::ALL.into_iter();
        let named = named.flat_map(|named| named.all_of(settings).map(move |path| (named, path)));
        named.filter(|(_, path)| !self.allows(path))
    }

    /// Remove from the settings the files that may not be opened or do not exist; returns notices for the
    /// user. `whose` names the origin in them: "The recipe".
    pub fn restrict(&self, settings: &mut Settings, whose: &str) -> Vec<String> {
        let mut remarks = Vec::new();
        if matches!(self, Self::All) {
            return remarks;
        }
        for named in NamedFile::ALL {
            let refused = named.all_of(settings).filter_map(|path| {
                let (name, stand_in) = (text::path(path), named.stand_in());
                if is_local(path) && !path.exists() {
                    Some((path, format!("The {named} {name} is gone: {stand_in}.")))
                } else if !self.allows(path) {
                    let remark = format!(
                        "{whose} names the {named} {name}: open it yourself if you trust it; {stand_in}."
                    );
                    Some((path, remark))
                } else {
                    None
                }
            });
            let refused: BTreeMap<PathBuf, String> =
                refused.map(|(path, remark)| (path.to_owned(), remark)).collect();
            let Some(remark) = refused.values().next() else { continue };
            remarks.push(match refused.len() - 1 {
                0 => remark.clone(),
                more => format!("{remark} The same goes for {more} more."),
            });
            named.leave_out(settings, |path| refused.contains_key(path));
        }
        remarks
    }

    /// Allow a file.
    pub(crate) fn choose(&mut self, path: &Path) {
        if let Self::Folder { chosen, .. } = self {
            chosen.push(path.to_owned());
        }
    }
}

/// Remove the masks of these files. The regions behind a removed one keep their automation.
fn leave_out_masks(settings: &mut Settings, refused: impl Fn(&Path) -> bool) {
    let (masks, automation) = (&mut settings.masks, &mut settings.automation);
    for map in [&mut masks.style_map, &mut masks.content_map] {
        map.take_if(|path| refused(path));
    }
    let kept: Vec<bool> = masks.regions.iter().map(|region| !refused(&region.mask)).collect();
    automation
        .move_strengths(kept.len(), |at| kept[at].then(|| kept[..at].iter().filter(|&&kept| kept).count()));
    masks.regions.retain(|region| !refused(&region.mask));
}

/// Whether a path needs no other machine: opening it could make this one authenticate there.
pub(crate) fn is_local(path: &Path) -> bool {
    !matches!(
        path.components().next(),
        Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..) | Prefix::DeviceNS(_))
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use impasto_core::settings::{Curve, Key, Masks, ParamId, Region, Track};

    #[test]
    fn only_what_is_beside_or_chosen_or_bundled_stays_in_the_settings() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir_all(path("got/more")).unwrap();
        for name in ["private.png", "mine.pth", "got/more/leaves.png"] {
            fs::write(path(name), "x").unwrap();
        }
        let own = Settings { weights: Some(path("mine.pth")), ..Settings::default() };
        let trust = Trust::beside(&path("got/recipe.png"), &own);
        let mut settings = Settings {
            palette: Some(path("got/more/leaves.png")),
            init: Init::File(path("private.png")),
            ..own.clone()
        };
        let remarks = trust.restrict(&mut settings, "The recipe");
        assert_eq!(settings, Settings { palette: Some(path("got/more/leaves.png")), ..own });
        assert!(
            remarks.len() == 1
                && remarks[0].starts_with("The recipe names the initial image")
                && remarks[0].contains("private.png: open it yourself"),
            "{remarks:?}"
        );
        for palette in ["example:Embers", "pasted:00"] {
            let mut bundled = Settings { palette: Some(palette.into()), ..Settings::default() };
            assert!(trust.restrict(&mut bundled, "The recipe").is_empty() && bundled.palette.is_some());
        }
        for outside in ["got/../private.png", "got/more/../../private.png", "got/gone.png", "got2/a"] {
            assert!(!trust.allows(&path(outside)), "{outside}");
        }
        assert!(Trust::All.allows(&path("private.png")));
        let mut gone = Settings { weights: Some(path("gone.pth")), ..Settings::default() };
        assert!(trust.restrict(&mut gone, "The recipe")[0].contains("gone.pth is gone"));
        assert_eq!(gone.weights, None);
    }

    #[test]
    fn no_setting_names_a_file_unseen() {
        let trust = Trust::beside(Path::new("recipe.png"), &Settings::default());
        let defaults = serde_json::to_value(Settings::default()).unwrap();
        let names = defaults.as_object().unwrap().keys().filter(|field| {
            let mut value = defaults.clone();
            value[*field] = "no-such-file.png".into();
            // A device may have any name.
            *field != "device"
                && serde_json::from_value::<Settings>(value).is_ok_and(|settings| {
                    assert_eq!(trust.refused(&settings).count(), 1, "{field}");
                    true
                })
        });
        // Masks have several files.
        assert_eq!(names.count(), NamedFile::ALL.len() - 1);
        let region = Region { mask: "no-such-file.png".into(), ..Region::default() };
        let mut masks = Masks { regions: vec![region; 2], ..Masks::default() };
        masks.style_map = Some("other.png".into());
        let mut settings = Settings { masks, ..Settings::default() };
        assert_eq!(trust.refused(&settings).count(), 3);
        let remarks = trust.restrict(&mut settings, "The recipe");
        assert!(remarks.len() == 1 && remarks[0].contains("mask no-such-file.png is gone"), "{remarks:?}");
        assert!(settings.masks.is_empty());
    }

    #[test]
    fn single_masks_are_left_out_and_the_others_keep_their_automation() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("sky.png");
        fs::write(&there, "x").unwrap();
        let region = |mask: &Path| Region { mask: mask.to_owned(), ..Region::default() };
        let drawn = Path::new("pasted:00");
        let regions = vec![region(&folder.path().join("gone.png")), region(&there), region(drawn)];
        let style_map = Some(folder.path().join("gone too.png"));
        let masks = Masks { regions, style_map, content_map: Some(there.clone()) };
        let mut settings = Settings { masks, ..Settings::default() };
        let track = |value: f64| {
            let key = Key { at: 0.0, value, ease: Default::default() };
            Track { on: true, curve: Curve::Keys(vec![key], Default::default()) }
        };
        for index in 0..3 {
            settings.automation.set(ParamId::RegionStrength(index), track(f64::from(index)));
        }
        let trust = Trust::beside(&folder.path().join("a.impasto"), &Settings::default());
        let remarks = trust.restrict(&mut settings, "The project");
        assert!(remarks.len() == 1 && remarks[0].contains("is gone"), "{remarks:?}");
        assert!(remarks[0].ends_with("The same goes for 1 more."), "{remarks:?}");
        let left: Vec<&Path> = settings.masks.files().collect();
        assert_eq!(left, [there.as_path(), drawn, &there]);
        let values: Vec<_> = settings.automation.iter().map(|(id, track)| (id, track.clone())).collect();
        let moved = [(0, 1.0), (1, 2.0)].map(|(index, value)| (ParamId::RegionStrength(index), track(value)));
        assert_eq!(values, moved);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_beside_the_file_leads_nowhere_else() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("got");
        fs::create_dir(&folder).unwrap();
        fs::write(home.path().join("private.png"), "x").unwrap();
        std::os::unix::fs::symlink(home.path().join("private.png"), folder.join("leaves.png")).unwrap();
        let trust = Trust::beside(&folder.join("recipe.png"), &Settings::default());
        assert!(!trust.allows(&folder.join("leaves.png")));
    }

    #[cfg(windows)]
    #[test]
    fn no_path_on_another_machine_is_looked_at() {
        for path in [r"\\host\share\a.png", "//host/share/a.png", r"\\?\UNC\host\share\a.png", r"\\.\pipe\a"]
        {
            assert!(!is_local(Path::new(path)), "{path}");
        }
        assert!(is_local(Path::new(r"C:\a.png")));
    }
}
