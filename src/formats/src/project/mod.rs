//! Projects: a painting with everything that it takes to go on with it, in one zip file (its entries:
//! `container`). The window keeps one of the painting in hand, so that a crash costs seconds.

mod container;
mod error;
mod pins;
pub mod sessions;
#[cfg(test)]
mod strangers;
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
    run::{SourceRecord, StyleRecord},
    settings::{Settings, Slots},
};

use container::Entries;
pub use error::ProjectError;
pub use pins::SavedPin;
pub use write::{Draft, Keep};

/// Version of the form that this program writes; it reads this one and those before.
const VERSION: u64 = 1;
/// Largest project that is read, in bytes.
const MOST_BYTES: u64 = 2 << 30;
/// Largest file of a source that is put into a project, in bytes.
const MOST_EMBEDDED: u64 = 256 << 20;
/// Most steps that a project may tell of: no count that goes on from there comes to its end.
const MOST_STEPS: u32 = 1_000_000_000;
/// Most styles, lines of losses and points of a line.
const MOST: usize = 64;
const MOST_POINTS: usize = 4096;

/// The extension of project files.
pub const EXTENSION: &str = "impasto";

/// Where the pixels of a source are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pixels {
    /// In the project itself, encoded, as the entry of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embedded: Option<String>,
    /// In a file of this name beside the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<String>,
}

/// The content or the palette.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    pub source: SourceRecord,
    #[serde(default)]
    pub pixels: Pixels,
}

/// Where the engine's state is, and of which moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StateEntry {
    /// The entry's name.
    entry: String,
    step: u32,
    /// Size of the iterate in pixels.
    width: u32,
    height: u32,
}

/// The engine's state of a project, from which painting goes on as if it had never stopped.
#[derive(Clone, Debug)]
pub struct Engine {
    pub step: u32,
    /// The picture in the size of the iterate.
    pub picture: Arc<RgbImage>,
    pub state: Arc<Vec<u8>>,
}

/// A style.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Style {
    pub style: StyleRecord,
    #[serde(default)]
    pub pixels: Pixels,
}

/// How one term of the objective went: steps and the term's decimal logarithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Losses {
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
    pub content: Option<Content>,
    pub styles: Vec<Style>,
    /// The picture that the settings name as the palette.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub palette: Option<Content>,
    /// Steps painted, over all runs that the losses tell of.
    pub step: u32,
    /// The entry's name of the painted picture.
    picture: Option<String>,
    /// The engine's state, of the picture's step. Programs that know nothing of it go on from the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<StateEntry>,
    pub recipe: Option<Recipe>,
    #[serde(default)]
    pub losses: Vec<Losses>,
    /// Pictures that were kept on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<SavedPin>,
    /// Kept mixes.
    #[serde(default, skip_serializing_if = "Slots::is_empty")]
    pub mixes: Slots,
}

impl Manifest {
    /// A manifest without pictures.
    pub fn new(settings: Settings) -> Self {
        Self {
            version: VERSION,
            program: concat!("Impasto ", env!("CARGO_PKG_VERSION")).to_owned(),
            saved: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            settings,
            content: None,
            styles: Vec::new(),
            palette: None,
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
    /// Nothing where it was not kept.
    pub engine: Option<Engine>,
    /// What a person should know about how it was read.
    pub remarks: Vec<String>,
    /// The pins with their pictures.
    pub pins: Vec<(SavedPin, Arc<RgbImage>)>,
    entries: Entries,
    folder: PathBuf,
    trust: Trust,
}

impl Project {
    /// Whether a file begins as a project.
    pub fn is(path: &Path) -> bool {
        let mut start = [0; container::START];
        open_regular(path, MOST_BYTES).and_then(|mut file| file.read_exact(&mut start)).is_ok()
            && container::is_project(&start)
    }

    /// Reads a project file that may come from a stranger. Of the files that its settings name, those that are not
    /// beside it are left out.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is torn, of a later version, or holds something that cannot be used.
    pub fn read(path: &Path) -> Result<Self, ProjectError> {
        Self::read_with(path, Trust::beside(path, &Settings::default()))
    }

    /// The same with this trust in the files that it names.
    ///
    /// # Errors
    ///
    /// As [`Project::read`].
    pub fn read_with(path: &Path, trust: Trust) -> Result<Self, ProjectError> {
        let bytes = read_regular(path, MOST_BYTES)
            .map_err(|source| ProjectError::Read { path: path.to_owned(), source })?;
        let folder = folder_of(path).to_owned();
        let mut project = Self::parse(bytes, folder)?;
        project.restrict(trust);
        Ok(project)
    }

    /// Leaves out the files that the project's settings name and `trust` does not allow to open.
    fn restrict(&mut self, mut trust: Trust) {
        let settings = &mut self.manifest.settings;
        if let Some(palette) = &self.manifest.palette
            && let Some(path) = NamedFile::Palette.of(settings).filter(|path| !trust.allows(path))
        {
            // The palette is known by its hash, whatever its file is.
            match recipe::is_file_of(path, &palette.source.sha256) {
                true => trust.choose(path),
                false => settings.palette = Some(picture::pasted_name(&palette.source.sha256)),
            }
        }
        let left_out = trust.restrict(settings, "The project");
        if !left_out.is_empty() {
            // The engine's state is of a run with those files.
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
        // All is in the entries.
        drop(bytes);
        let torn = |reason: String| ProjectError::Torn { reason: text::reason(&reason) };
        let mut value = recipe::exact_json(&json).map_err(|error| torn(error.to_string()))?;
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
            serde_json::from_value(value).map_err(|error| torn(error.to_string()))?;
        check(&manifest).map_err(torn)?;
        let mut remarks = Vec::new();
        if !unknown.is_empty() {
            remarks.push(format!(
                "Settings that this program does not know are left out: {}.",
                text::list(&unknown)
            ));
        }
        for letter in manifest.mixes.drop_unusable() {
            remarks.push(format!("The mix {letter} is left out: it cannot be painted with."));
        }
        let trust = Trust::Folder { folder: folder.clone(), chosen: Vec::new() };
        let mut project =
            Self { manifest, picture: None, engine: None, remarks, pins: Vec::new(), entries, folder, trust };
        if let Some(name) = &project.manifest.picture {
            let bytes = project.entries.get(name).ok_or_else(|| torn("its picture is missing".to_owned()))?;
            let picture = Picture::from_encoded("the painting", None, bytes)
                .map_err(|error| torn(error.to_string()))?;
            project.engine = project.take_engine(&picture.rgb);
            project.picture = Some(picture.rgb);
        }
        project.open_pins();
        Ok(project)
    }

    /// The folder that the project is in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The engine's state, unless what is said of it cannot be.
    fn take_engine(&mut self, painted: &RgbImage) -> Option<Engine> {
        let &StateEntry { ref entry, step, width, height } = self.manifest.state.as_ref()?;
        if width == 0 || height == 0 || width > painted.width() || height > painted.height() {
            return None;
        }
        let state = Arc::new(self.entries.remove(entry)?);
        let picture = Arc::new(picture::resize(painted, width, height, picture::Filter::Lanczos));
        Some(Engine { step, picture, state })
    }

    /// The file of pixels that the project keeps.
    fn bytes(&self, pixels: &Pixels) -> Option<Cow<'_, [u8]>> {
        match (&pixels.embedded, &pixels.beside) {
            (Some(name), _) => self.entries.get(name).map(|bytes| Cow::Borrowed(bytes.as_slice())),
            (None, Some(name)) => {
                // Only a plain name: nothing leads out of the folder.
                let name = Path::new(name).file_name()?;
                let path = Some(self.folder.join(name)).filter(|path| self.trust.allows(path))?;
                read_regular(&path, MAX_FILE_BYTES).ok().map(Cow::Owned)
            }
            (None, None) => None,
        }
    }

    /// The picture of a source that the project keeps itself; nothing if it must be found.
    pub fn kept(&self, source: &SourceRecord, pixels: &Pixels) -> Option<Picture> {
        let bytes = self.bytes(pixels)?;
        // Another file may be at the path now, or the project may name any.
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
    let steps = [manifest.step, manifest.state.as_ref().map_or(0, |state| state.step)];
    if steps.into_iter().any(|step| step > MOST_STEPS) {
        return Err("its number of steps cannot be".to_owned());
    }
    if manifest.styles.len() > MOST {
        return Err(format!("it has {} styles", manifest.styles.len()));
    }
    manifest
        .styles
        .iter()
        .try_for_each(|style| style.style.mix.validate())
        .map_err(|error| error.to_string())?;
    let too_long = |line: &Losses| {
        line.points.len() > MOST_POINTS || line.points.iter().flatten().any(|v| !v.is_finite())
    };
    if manifest.losses.len() > MOST || manifest.losses.iter().any(too_long) {
        return Err("its losses cannot be used".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn pasted() -> Picture {
        let pixels: Vec<u8> = (0..40 * 20 * 4).map(|i| (i % 251) as u8).collect();
        Picture::from_rgba("pasted picture", 40, 20, pixels).unwrap()
    }

    fn written(folder: &Path, keep: Keep<'_>) -> PathBuf {
        let content = picture::CONTENTS[2].open();
        let file = folder.join("style.jpg");
        picture::STYLES[1].open().rgb.save(&file).unwrap();
        let styles = [pasted(), Picture::open(&file).unwrap()];
        let manifest = Manifest::new(Settings { size: 77, style_weight: 0.1 + 0.2, ..Settings::default() });
        let mut draft = Draft::new(manifest, keep);
        draft.picture(&RgbImage::from_pixel(30, 20, image::Rgb([1, 2, 3]))).unwrap();
        draft.content(&content).unwrap();
        for style in &styles {
            let record = StyleRecord { source: style.into(), mix: Default::default() };
            draft.style(style, record).unwrap();
        }
        draft.state(31, (15, 10), vec![5, 6, 7]);
        draft.manifest.losses.push(Losses { name: "total".into(), points: vec![[1.0, -0.5]] });
        draft.manifest.recipe = Some(crate::recipe::tests::recipe());
        let path = folder.join("a.impasto");
        draft.write(&path).unwrap();
        path
    }

    #[test]
    fn a_project_comes_back_with_its_pictures_inside_or_beside() {
        let folder = tempfile::tempdir().unwrap();
        for keep in [Keep::Inside, Keep::Beside(folder.path())] {
            let path = written(folder.path(), keep);
            assert!(Project::is(&path) && !Project::is(&folder.path().join("style.jpg")));
            let project = Project::read(&path).unwrap();
            let manifest = &project.manifest;
            assert_eq!((manifest.settings.size, manifest.settings.style_weight), (77, 0.1 + 0.2));
            assert_eq!(project.picture.as_ref().unwrap().get_pixel(3, 3).0, [1, 2, 3]);
            assert_eq!(manifest.losses[0].points, [[1.0, -0.5]]);
            let engine = project.engine.as_ref().unwrap();
            assert_eq!((engine.step, engine.state.as_slice(), manifest.step), (31, [5, 6, 7].as_slice(), 31));
            assert_eq!(engine.picture.dimensions(), (15, 10));
            assert_eq!(manifest.recipe, Some(crate::recipe::tests::recipe()));
            let back = |style: &Style| project.kept(&style.style.source, &style.pixels);
            let first = back(&manifest.styles[0]).unwrap();
            assert_eq!(
                (&first.rgb, &first.alpha, &first.sha256),
                (&pasted().rgb, &pasted().alpha, &pasted().sha256)
            );
            // A bundled picture is always there; one with a file is embedded where the project goes elsewhere.
            let content = manifest.content.as_ref().unwrap();
            assert!(project.kept(&content.source, &content.pixels).is_none());
            assert_eq!(back(&manifest.styles[1]).is_some(), matches!(keep, Keep::Inside));
            let inside = ["painting.png", "styles/1.png", "styles/2.jpg"];
            let names = if matches!(keep, Keep::Inside) { &inside[..] } else { &inside[..1] };
            // The state is with the engine.
            assert!(project.entries.keys().eq(names), "{:?}", project.entries.keys());
        }
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
    }

    #[test]
    fn a_torn_or_strange_project_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), Keep::Inside);
        let bytes = fs::read(&path).unwrap();
        for length in (0..bytes.len()).step_by(997) {
            fs::write(&path, &bytes[..length]).unwrap();
            assert!(Project::read(&path).is_err());
        }
        let strange = |manifest: &str| {
            Project::parse(container::tests::written(manifest.as_bytes(), &[]), PathBuf::new())
        };
        assert!(matches!(strange("{\"version\": 9}"), Err(ProjectError::Newer { version: 9, .. })));
        for manifest in ["", "[]", "{}", "{\"version\": 1, \"settings\": {\"size\": 3}}"] {
            assert!(matches!(strange(manifest), Err(ProjectError::Torn { .. })), "{manifest}");
        }
        let mut manifest = Manifest::new(Settings::default());
        manifest.step = u32::MAX;
        assert!(strange(&serde_json::to_string(&manifest).unwrap()).is_err());
        let mut manifest = Manifest::new(Settings::default());
        manifest.picture = Some("painting.png".to_owned());
        assert!(strange(&serde_json::to_string(&manifest).unwrap()).is_err());
        // A state that cannot be is left out; the picture is good without it.
        let painted = RgbImage::new(30, 20);
        let kept = "state.safetensors";
        for (entry, width, height) in [("nowhere", 30, 20), (kept, 0, 20), (kept, 30, u32::MAX)] {
            let mut draft = Draft::new(Manifest::new(Settings::default()), Keep::Inside);
            draft.picture(&painted).unwrap();
            draft.state(3, (30, 20), vec![1, 2, 3]);
            draft.manifest.state = Some(StateEntry { entry: entry.to_owned(), step: 3, width, height });
            draft.write(&path).unwrap();
            let project = Project::read(&path).unwrap();
            assert!(project.picture.is_some() && project.engine.is_none());
        }
    }
}
