//! Records without folders: a saved picture must not tell where its user keeps files, nor the user's name.

use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::{Pass, PictureRecords, SourceRecord};
use crate::{
    picture::{Example, Picture, is_pasted, pasted_name},
    settings::{Init, Masks, Settings},
    transfer::Inputs,
};

/// The name of a path's file, without its folder. Paths of other systems are recognised as well.
pub fn bare_name(path: &Path) -> String {
    let whole = path.to_string_lossy();
    whole.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

/// The settings as a record holds them: the files of the palette and the masks by the hashes of the pictures
/// in use, and the other files by their bare names.
pub(super) fn recorded_settings(settings: &Settings, inputs: &Inputs) -> Settings {
    let palette = inputs.palette.as_deref();
    let mut recorded = settings.clone();
    if recorded.palette.as_deref().is_some_and(is_file) {
        // Without its picture, the palette has no effect.
        recorded.palette = palette.map(|palette| pasted_name(&palette.sha256));
    }
    for (file, mask) in recorded.masks.files_mut().zip(&inputs.masks) {
        *file = pasted_name(&mask.sha256);
    }
    remove_folders(&mut recorded);
    recorded
}

/// Reduce the files that the settings name to their bare names.
pub fn remove_folders(settings: &mut Settings) {
    let bare = |path: &mut PathBuf| *path = bare_name(path).into();
    settings.weights.iter_mut().for_each(bare);
    settings.palette.iter_mut().filter(|path| is_file(path)).for_each(bare);
    settings.masks.files_mut().filter(|path| is_file(path)).for_each(bare);
    if let Init::File(path) = &mut settings.init {
        bare(path);
    }
}

/// As [`remove_folders`], for single settings by name.
fn remove_folders_of(changed: &mut Map<String, Value>) {
    for (name, value) in changed {
        if name == "masks"
            && let Ok(mut masks) = Masks::deserialize(&*value)
        {
            masks.files_mut().filter(|path| is_file(path)).for_each(|path| *path = bare_name(path).into());
            if let Ok(bare) = serde_json::to_value(masks) {
                *value = bare;
            }
        }
        let Some(text) = value.as_str() else { continue };
        match name.as_str() {
            "weights" => *value = bare_name(Path::new(text)).into(),
            "palette" if is_file(Path::new(text)) => *value = bare_name(Path::new(text)).into(),
            "init" => {
                if let Ok(Init::File(path)) = text.parse() {
                    *value = Init::File(bare_name(&path).into()).to_string().into();
                }
            }
            _ => {}
        }
    }
}

/// Whether a picture's name in settings is that of a file.
fn is_file(palette: &Path) -> bool {
    Example::named(palette).is_none() && !is_pasted(palette)
}

impl SourceRecord {
    /// The record of a picture by its name and hash alone.
    pub(super) fn without_path(picture: &Picture) -> Self {
        Self { path: None, ..picture.into() }
    }
}

impl Pass {
    /// Remove every folder: records of earlier versions name whole paths.
    pub fn remove_folders(&mut self) {
        let sources =
            [&mut self.content].into_iter().chain(self.styles.iter_mut().map(|style| &mut style.source));
        let pictures = self.changes.iter_mut().filter_map(|change| change.pictures.as_mut());
        let pictures = pictures.flat_map(PictureRecords::sources_mut);
        let sources = sources.chain(&mut self.palettes).chain(&mut self.masks);
        let sources = sources.chain(&mut self.initial).chain(pictures);
        sources.for_each(|source| source.path = None);
        remove_folders(&mut self.settings);
        self.changes.iter_mut().for_each(|change| remove_folders_of(&mut change.settings));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        picture,
        run::{Change, Job, Start},
        transfer::StyleSource,
    };
    use std::sync::Arc;

    fn named(folder: &str) -> Settings {
        let file = |name: &str| Path::new(folder).join(name);
        Settings {
            weights: Some(file("vgg.pth")),
            palette: Some(file("leaves.png")),
            init: Init::File(file("start.png")),
            ..Settings::default()
        }
    }

    fn picture(name: &str, shade: u8) -> Arc<Picture> {
        let picture = Picture::from_rgba(name, 20, 20, [shade, 1, 2, 255].repeat(400)).unwrap();
        Arc::new(Picture { path: Some(Path::new("/home/someone").join(name)), ..picture })
    }

    #[test]
    fn names_lose_the_folders_of_every_system() {
        for path in ["/home/someone/a.png", "a.png", r"C:\Users\someone\a.png", r"\\host\share\a.png"] {
            assert_eq!(bare_name(Path::new(path)), "a.png", "{path}");
        }
    }

    #[test]
    fn a_run_is_recorded_without_folders() {
        let style = StyleSource::new(picture("tiles.png", 3));
        let mut inputs = Inputs::new(picture("me.png", 4), vec![style]);
        (inputs.palette, inputs.initial) = (Some(picture("leaves.png", 5)), Some(picture("start.png", 6)));
        let hash = inputs.palette.as_ref().unwrap().sha256;
        let pass = Pass::new(&Job::new(1, inputs.clone(), named("/home/someone")), Start::Beginning);
        assert_eq!(pass.settings.palette, Some(pasted_name(&hash)));
        assert_eq!(pass.settings.init, Init::File("start.png".into()));
        assert_eq!((pass.palettes[0].name.as_str(), pass.palettes[0].sha256), ("leaves.png", hash));
        assert_eq!(pass.initial.as_ref().unwrap().sha256, inputs.initial.as_ref().unwrap().sha256);
        let replaced = PictureRecords::from(&inputs);
        assert!(replaced.sources().count() == 3 && replaced.sources().all(|source| source.path.is_none()));
        let text = serde_json::to_string(&pass).unwrap();
        assert!(
            !text.contains("someone") && text.contains("tiles.png") && text.contains("vgg.pth"),
            "{text}"
        );
        // A bundled palette keeps its name, and one without a picture had no effect.
        let bundled = Settings { palette: Some("example:Embers".into()), ..named("/home/someone") };
        inputs.palette = Some(Arc::new(picture::STYLES[3].open()));
        let pass = Pass::new(&Job::new(1, inputs.clone(), bundled.clone()), Start::Beginning);
        assert!(pass.settings.palette == bundled.palette && pass.palettes.is_empty());
        inputs.palette = None;
        let pass = Pass::new(&Job::new(1, inputs, named("/home/someone")), Start::Beginning);
        assert_eq!(pass.settings.palette, None);
    }

    #[test]
    fn records_of_earlier_versions_lose_their_folders() {
        let job = Job::new(1, Inputs::new(picture("me.png", 4), Vec::new()), Settings::default());
        let fields = |settings: &Settings| match serde_json::to_value(settings).unwrap() {
            Value::Object(fields) => fields,
            other => panic!("{other}"),
        };
        let mut old = Pass {
            content: job.inputs.content.as_ref().into(),
            settings: named("/home/someone"),
            changes: vec![Change {
                settings: fields(&named("C:\\Users\\someone")),
                pictures: Some(PictureRecords {
                    content: job.inputs.content.as_ref().into(),
                    styles: vec![job.inputs.content.as_ref().into()],
                    palette: None,
                }),
                ..Change::default()
            }],
            ..Pass::new(&job, Start::Beginning)
        };
        assert_eq!(serde_json::to_string(&old).unwrap().matches("someone").count(), 9);
        old.remove_folders();
        assert!(!serde_json::to_string(&old).unwrap().contains("someone"), "{old:?}");
        assert_eq!((&old.settings, old.changes[0].settings.clone()), (&named(""), fields(&named(""))));
    }
}
