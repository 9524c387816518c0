//! Projects: a painting with everything needed to continue it, in one zip file (see `container`). The window
//! saves one of the current painting, so that a crash costs seconds.

mod container;
mod error;
mod masks;
mod pins;
mod preview;
pub mod sessions;
#[cfg(test)]
mod untrusted;
mod write;

use std::{
    borrow::Cow,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use image::RgbImage;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    recipe::{self, Recipe},
    trust::{NamedFile, Trust},
};
use impasto_base::{
    files::{folder_of, open_regular, read_regular},
    text,
};
use impasto_core::{
    picture::{self, MAX_FILE_BYTES, Picture},
    run::{Drawings, SourceRecord, StyleRecord},
    settings::{Settings, Slots},
};

use container::Entries;
pub use error::ProjectError;
pub use pins::{MAX_PINS, SavedPin};
pub use preview::preview;
pub use write::{Draft, SourceStorage};

/// Newest format version: that of the newest recipe in it. A project without a newer one is written as
/// version 1, which older programs read.
const VERSION: u64 = recipe::VERSION;
/// Maximum size of a project, in bytes.
const MAX_BYTES: u64 = 2 << 30;
/// Maximum size of an embedded source file, in bytes.
const MAX_EMBEDDED: u64 = 256 << 20;
/// Maximum step count of a project, so that counting on cannot overflow.
const MAX_STEPS: u32 = 1_000_000_000;
/// Maximum number of styles and of loss curves, and of points per curve.
const MAX_ITEMS: usize = 64;
const MAX_POINTS: usize = 4096;

/// The extension of project files.
pub const EXTENSION: &str = "impasto";

/// Where the pixels of a source are stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pixels {
    /// In the project itself, encoded, in the entry of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embedded: Option<String>,
    /// In a file of this name beside the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<String>,
}

/// The content, the palette or a mask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectPicture {
    pub source: SourceRecord,
    #[serde(default)]
    pub pixels: Pixels,
}

/// The entry of the engine's state, and its moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StateEntry {
    /// The entry's name.
    entry: String,
    step: u32,
    /// Size of the iterate in pixels.
    width: u32,
    height: u32,
}

/// The engine's state of a project, from which painting continues as if it had never stopped.
#[derive(Clone, Debug)]
pub struct EngineState {
    pub step: u32,
    /// The picture at the size of the iterate.
    pub picture: Arc<RgbImage>,
    pub state: Arc<Vec<u8>>,
}

/// A style.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectStyle {
    pub style: StyleRecord,
    #[serde(default)]
    pub pixels: Pixels,
}

/// The history of one loss term: steps and the term's decimal logarithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossCurve {
    pub name: String,
    pub points: Vec<[f64; 2]>,
}

/// Everything but pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    version: u64,
    program: String,
    /// When it was written, in seconds since 1970.
    pub saved: u64,
    pub settings: Settings,
    pub content: Option<ProjectPicture>,
    pub styles: Vec<ProjectStyle>,
    /// The picture that the settings name as the palette.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub palette: Option<ProjectPicture>,
    /// The masks that the settings name: files with their pixels, drawn ones with their strokes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    masks: Vec<ProjectPicture>,
    /// Steps painted, over all runs that the losses cover.
    pub step: u32,
    /// Entry of the painted picture.
    picture: Option<String>,
    /// The engine's state at the picture's step. Programs that do not know it continue from the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<StateEntry>,
    pub recipe: Option<Recipe>,
    #[serde(default)]
    pub losses: Vec<LossCurve>,
    /// Pinned moments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<SavedPin>,
    /// Saved mixes.
    #[serde(default, skip_serializing_if = "Slots::is_empty")]
    pub mixes: Slots,
}

impl Manifest {
    /// A manifest without pictures.
    pub fn new(settings: Settings) -> Self {
        Self {
            version: 1,
            program: concat!("Impasto ", env!("CARGO_PKG_VERSION")).to_owned(),
            saved: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            settings,
            content: None,
            styles: Vec::new(),
            palette: None,
            masks: Vec::new(),
            step: 0,
            picture: None,
            state: None,
            recipe: None,
            losses: Vec::new(),
            pins: Vec::new(),
            mixes: Slots::default(),
        }
    }
}

/// A project that was read.
#[derive(Debug)]
pub struct Project {
    pub manifest: Manifest,
    /// The painted picture.
    pub picture: Option<RgbImage>,
    /// `None` if it was not stored.
    pub engine: Option<EngineState>,
    /// Notices for the user on how it was read.
    pub remarks: Vec<String>,
    /// The pinned moments with their pictures.
    pub pins: Vec<(SavedPin, Arc<RgbImage>)>,
    /// The masks whose pixels it stores.
    pub masks: Vec<Arc<Picture>>,
    /// The drawn masks that it names, its pins included.
    pub drawings: Drawings,
    entries: Entries,
    folder: PathBuf,
    trust: Trust,
}

impl Project {
    /// Whether a file begins like a project.
    pub fn is(path: &Path) -> bool {
        let mut start = [0; container::START];
        open_regular(path, MAX_BYTES).and_then(|mut file| file.read_exact(&mut start)).is_ok()
            && container::is_project(&start)
    }

    /// Read an untrusted project file. Of the files that its settings name, those that are not beside it are
    /// left out.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is damaged, is of a newer version, or holds values that cannot be used.
    pub fn read(path: &Path) -> Result<Self, ProjectError> {
        Self::read_with(path, Trust::beside(path, &Settings::default()))
    }

    /// Like [`Project::read`], with this trust in the files that it names.
    ///
    /// # Errors
    ///
    /// As [`Project::read`].
    pub fn read_with(path: &Path, trust: Trust) -> Result<Self, ProjectError> {
        let bytes = read_regular(path, MAX_BYTES)
            .map_err(|source| ProjectError::Read { path: path.to_owned(), source })?;
        let folder = folder_of(path).to_owned();
        let mut project = Self::parse(bytes, folder)?;
        project.restrict(trust);
        Ok(project)
    }

    /// Leave out the files that the project's settings name and that `trust` does not allow.
    fn restrict(&mut self, mut trust: Trust) {
        self.name_masks(&mut trust);
        let settings = &mut self.manifest.settings;
        if let Some(palette) = &self.manifest.palette
            && let Some(path) = NamedFile::Palette.of(settings).filter(|path| !trust.allows(path))
        {
            // The palette is identified by its hash, whatever its file is.
            match recipe::is_file_of(path, &palette.source.sha256) {
                true => trust.choose(path),
                false => settings.palette = Some(picture::pasted_name(&palette.source.sha256)),
            }
        }
        let left_out = trust.restrict(settings, "The project");
        if !left_out.is_empty() {
            // The engine's state belongs to a run with those files.
            self.engine = None;
        }
        self.remarks.extend(left_out);
        for (pin, _) in &mut self.pins {
            trust.restrict(&mut pin.settings, "The project");
        }
        self.trust = trust;
    }

    /// Which of the files that it names may be opened.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    fn parse(bytes: Vec<u8>, folder: PathBuf) -> Result<Self, ProjectError> {
        let (json, entries) = container::read(&bytes)?;
        // The entries hold everything.
        drop(bytes);
        let damaged = |reason: String| ProjectError::Damaged { reason: text::reason(&reason) };
        let mut value = recipe::exact_json(&json).map_err(|error| damaged(error.to_string()))?;
        let version = value.get("version").and_then(Value::as_u64).unwrap_or(0);
        if version > VERSION {
            let program =
                text::display_name(value.get("program").and_then(Value::as_str).unwrap_or("another program"));
            return Err(ProjectError::Newer { version, program });
        }
        let mut unknown = Vec::new();
        recipe::adapt(&mut value, &mut unknown);
        if let Some(recipe) = value.get_mut("recipe") {
            recipe::adapt(recipe, &mut unknown);
        }
        pins::adapt(&mut value, &mut unknown);
        unknown.sort();
        unknown.dedup();
        let mut manifest: Manifest =
            serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
        manifest.bring_back_strokes();
        check(&manifest).map_err(damaged)?;
        let mut remarks = Vec::new();
        if !unknown.is_empty() {
            remarks.push(format!(
                "Settings that this program does not know are left out: {}.",
                text::list(&unknown)
            ));
        }
        for letter in manifest.mixes.drop_unusable() {
            remarks.push(format!("The mix {letter} is left out: its settings cannot be used."));
        }
        let trust = Trust::Folder { folder: folder.clone(), chosen: Vec::new() };
        let drawings = manifest.drawings();
        let mut project = Self {
            manifest,
            picture: None,
            engine: None,
            remarks,
            pins: Vec::new(),
            masks: Vec::new(),
            drawings,
            entries,
            folder,
            trust,
        };
        if let Some(name) = &project.manifest.picture {
            let bytes =
                project.entries.get(name).ok_or_else(|| damaged("its picture is missing".to_owned()))?;
            let picture = Picture::from_encoded("the painting", None, bytes)
                .map_err(|error| damaged(error.to_string()))?;
            project.engine = project.take_engine(&picture.rgb);
            project.picture = Some(picture.rgb);
        }
        project.open_pins();
        project.open_masks();
        Ok(project)
    }

    /// The folder that the project is in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The engine's state, unless its description is invalid.
    fn take_engine(&mut self, painted: &RgbImage) -> Option<EngineState> {
        let &StateEntry { ref entry, step, width, height } = self.manifest.state.as_ref()?;
        if width == 0 || height == 0 || width > painted.width() || height > painted.height() {
            return None;
        }
        let state = Arc::new(self.entries.remove(entry)?);
        let picture = Arc::new(picture::resize(painted, width, height, picture::Filter::Lanczos));
        Some(EngineState { step, picture, state })
    }

    /// The encoded pixels that the project stores.
    fn bytes(&self, pixels: &Pixels) -> Option<Cow<'_, [u8]>> {
        match (&pixels.embedded, &pixels.beside) {
            (Some(name), _) => self.entries.get(name).map(|bytes| Cow::Borrowed(bytes.as_slice())),
            (None, Some(name)) => {
                // Only a file name, so that the path cannot lead out of the folder.
                let name = Path::new(name).file_name()?;
                let path = Some(self.folder.join(name)).filter(|path| self.trust.allows(path))?;
                read_regular(&path, MAX_FILE_BYTES).ok().map(Cow::Owned)
            }
            (None, None) => None,
        }
    }

    /// The picture of a source that the project stores; `None` if it must be found elsewhere.
    pub fn stored_picture(&self, source: &SourceRecord, pixels: &Pixels) -> Option<Picture> {
        let bytes = self.bytes(pixels)?;
        // The path may hold another file by now, or the project may name any file.
        let path = source.path.as_deref().filter(|path| recipe::is_file_of(path, &source.sha256));
        let picture = Picture::from_encoded(&source.name, path, &bytes).ok()?;
        // Pasted pictures were hashed by their pixels, which are the same.
        Some(Picture { sha256: source.sha256, ..picture })
    }
}

fn check(manifest: &Manifest) -> Result<(), String> {
    manifest.settings.validate().map_err(|error| error.to_string())?;
    if let Some(recipe) = &manifest.recipe {
        recipe::check(recipe)?;
    }
    pins::check(&manifest.pins)?;
    masks::check(&manifest.masks)?;
    let steps = [manifest.step, manifest.state.as_ref().map_or(0, |state| state.step)];
    if steps.into_iter().any(|step| step > MAX_STEPS) {
        return Err("its number of steps is too large".to_owned());
    }
    if manifest.styles.len() > MAX_ITEMS {
        return Err(format!("it has {} styles", manifest.styles.len()));
    }
    manifest
        .styles
        .iter()
        .try_for_each(|style| style.style.mix.validate())
        .map_err(|error| error.to_string())?;
    let too_long = |line: &LossCurve| {
        line.points.len() > MAX_POINTS || line.points.iter().flatten().any(|v| !v.is_finite())
    };
    if manifest.losses.len() > MAX_ITEMS || manifest.losses.iter().any(too_long) {
        return Err("its losses cannot be used".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use impasto_core::settings::{ParamId, ParamTrack};

    use super::*;

    fn pasted() -> Picture {
        let pixels: Vec<u8> = (0..40 * 20 * 4).map(|i| (i % 251) as u8).collect();
        Picture::from_rgba("pasted picture", 40, 20, pixels).unwrap()
    }

    fn written(folder: &Path, storage: SourceStorage<'_>) -> PathBuf {
        let content = picture::CONTENTS[2].open();
        let file = folder.join("style.jpg");
        picture::STYLES[1].open().rgb.save(&file).unwrap();
        let styles = [pasted(), Picture::open(&file).unwrap()];
        let manifest = Manifest::new(Settings { size: 77, style_weight: 0.1 + 0.2, ..Settings::default() });
        let mut draft = Draft::new(manifest, storage);
        draft.picture(&RgbImage::from_pixel(30, 20, image::Rgb([1, 2, 3]))).unwrap();
        draft.content(&content).unwrap();
        for style in &styles {
            let record = StyleRecord { source: style.into(), mix: Default::default() };
            draft.style(style, record).unwrap();
        }
        draft.state(31, (15, 10), vec![5, 6, 7]);
        draft.manifest.losses.push(LossCurve { name: "total".into(), points: vec![[1.0, -0.5]] });
        draft.manifest.recipe = Some(crate::recipe::tests::recipe());
        let path = folder.join("a.impasto");
        draft.write(&path).unwrap();
        path
    }

    #[test]
    fn a_project_comes_back_with_its_pictures_inside_or_beside() {
        let folder = tempfile::tempdir().unwrap();
        for storage in [SourceStorage::Embedded, SourceStorage::Beside(folder.path())] {
            let path = written(folder.path(), storage);
            assert!(Project::is(&path) && !Project::is(&folder.path().join("style.jpg")));
            let project = Project::read(&path).unwrap();
            let manifest = &project.manifest;
            assert_eq!((manifest.settings.size, manifest.settings.style_weight), (77, 0.1 + 0.2));
            assert_eq!(project.picture.as_ref().unwrap().get_pixel(3, 3).0, [1, 2, 3]);
            assert_eq!(manifest.losses[0].points, [[1.0, -0.5]]);
            let engine = project.engine.as_ref().unwrap();
            assert_eq!((engine.step, engine.state.as_slice(), manifest.step), (31, [5, 6, 7].as_slice(), 31));
            assert_eq!(engine.picture.dimensions(), (15, 10));
            assert_eq!((manifest.version, &manifest.recipe), (1, &Some(crate::recipe::tests::recipe())));
            let back = |style: &ProjectStyle| project.stored_picture(&style.style.source, &style.pixels);
            let first = back(&manifest.styles[0]).unwrap();
            assert_eq!(
                (&first.rgb, &first.alpha, &first.sha256),
                (&pasted().rgb, &pasted().alpha, &pasted().sha256)
            );
            // A bundled picture is never embedded; one with a file only if the project is to be passed on.
            let content = manifest.content.as_ref().unwrap();
            assert!(project.stored_picture(&content.source, &content.pixels).is_none());
            assert_eq!(back(&manifest.styles[1]).is_some(), matches!(storage, SourceStorage::Embedded));
            let inside = ["painting.png", "styles/1.png", "styles/2.jpg"];
            let names = if matches!(storage, SourceStorage::Embedded) { &inside[..] } else { &inside[..1] };
            // The state was moved to the engine.
            assert!(project.entries.keys().eq(names), "{:?}", project.entries.keys());
        }
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
    }

    #[test]
    fn a_recipe_that_older_programs_do_not_know_makes_the_project_unknown_to_them() {
        let folder = tempfile::tempdir().unwrap();
        for version in 2..=recipe::VERSION {
            let mut draft = Draft::new(Manifest::new(Settings::default()), SourceStorage::Embedded);
            draft.manifest.recipe = Some(Recipe { version, ..crate::recipe::tests::recipe() });
            let path = folder.path().join("a.impasto");
            draft.write(&path).unwrap();
            assert_eq!(Project::read(&path).unwrap().manifest.version, version);
        }
    }

    #[test]
    fn a_loop_comes_back_and_makes_the_project_unknown_to_older_programs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.impasto");
        for (end, version) in [("", 1), (", end = \"loop\"", VERSION)] {
            let track =
                format!("beta={{ keys = [{{ at = 0, value = 1 }}, {{ at = 0.5, value = 4 }}]{end} }}");
            let track = track.parse::<ParamTrack>().unwrap().track;
            let automation = [(ParamId::Beta, track)].into_iter().collect();
            let settings = Settings { automation, ..Settings::default() };
            Draft::new(Manifest::new(settings.clone()), SourceStorage::Embedded).write(&path).unwrap();
            let manifest = Project::read(&path).unwrap().manifest;
            assert_eq!((manifest.version, manifest.settings), (version, settings));
        }
    }

    #[test]
    fn damaged_and_foreign_projects_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), SourceStorage::Embedded);
        let bytes = fs::read(&path).unwrap();
        for length in (0..bytes.len()).step_by(997) {
            fs::write(&path, &bytes[..length]).unwrap();
            assert!(Project::read(&path).is_err());
        }
        let foreign = |manifest: &str| {
            Project::parse(container::tests::written(manifest.as_bytes(), &[]), PathBuf::new())
        };
        assert!(matches!(foreign("{\"version\": 9}"), Err(ProjectError::Newer { version: 9, .. })));
        for manifest in ["", "[]", "{}", "{\"version\": 1, \"settings\": {\"size\": 3}}"] {
            assert!(matches!(foreign(manifest), Err(ProjectError::Damaged { .. })), "{manifest}");
        }
        let mut manifest = Manifest::new(Settings::default());
        manifest.step = u32::MAX;
        assert!(foreign(&serde_json::to_string(&manifest).unwrap()).is_err());
        let mut manifest = Manifest::new(Settings::default());
        manifest.picture = Some("painting.png".to_owned());
        assert!(foreign(&serde_json::to_string(&manifest).unwrap()).is_err());
        // An invalid state is left out; the picture is usable without it.
        let painted = RgbImage::new(30, 20);
        let state_entry = "state.safetensors";
        for (entry, width, height) in [("nowhere", 30, 20), (state_entry, 0, 20), (state_entry, 30, u32::MAX)]
        {
            let mut draft = Draft::new(Manifest::new(Settings::default()), SourceStorage::Embedded);
            draft.picture(&painted).unwrap();
            draft.state(3, (30, 20), vec![1, 2, 3]);
            draft.manifest.state = Some(StateEntry { entry: entry.to_owned(), step: 3, width, height });
            draft.write(&path).unwrap();
            let project = Project::read(&path).unwrap();
            assert!(project.picture.is_some() && project.engine.is_none());
        }
    }
}
