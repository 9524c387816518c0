//! The user's own presets: one TOML file each, in one folder, with the keys of a settings file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Objective, Parameter, Preset, Settings, SettingsError, former, parameters::Scope};
use impasto_base::files;

/// Whether a key belongs to no mix: device, size and inputs.
fn is_of_the_run(key: &str) -> bool {
    Parameter::of_field(key).is_some_and(|row| row.scope == Scope::Run)
}

/// Maximum size of a preset file in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Maximum length of a preset's name in characters.
const LONGEST_NAME: usize = 60;

/// A preset that cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    #[error("cannot read the preset {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the preset {} cannot be used", path.display())]
    Parse { path: PathBuf, source: Box<toml::de::Error> },
    #[error("the preset {} cannot be used: {reason}", path.display())]
    Invalid { path: PathBuf, reason: SettingsError },
    #[error("cannot write the preset {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("a preset cannot be called {name:?}: {reason}")]
    Name { name: String, reason: &'static str },
    #[error("there is a preset called {name:?} already")]
    Exists { name: String },
    #[error("no preset is called {name:?}; there are: {}", known.join(", "))]
    Unknown { name: String, known: Vec<String> },
}

/// A mix: the settings that make a look, with the keys of a settings file; missing ones take the defaults of
/// its objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mix(toml::Table);

impl Mix {
    /// The mix of these settings.
    pub fn of(settings: &Settings) -> Self {
        let mut table = toml::Table::try_from(settings).unwrap_or_default();
        table.retain(|key, _| !is_of_the_run(key));
        Self(table)
    }

    /// Read a preset file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or its settings are invalid.
    pub fn read(path: &Path) -> Result<Self, PresetError> {
        let text = files::read_regular_text(path, MAX_BYTES)
            .map_err(|source| PresetError::Read { path: path.to_owned(), source })?;
        let wrong = |source| PresetError::Parse { path: path.to_owned(), source: Box::new(source) };
        // Parse as settings first, since errors from a table name no line.
        let _: Settings = toml::from_str(&text).map_err(wrong)?;
        let mix = Self(toml::from_str(&text).map_err(wrong)?);
        let settings = mix.apply(&Settings::default()).map_err(wrong)?;
        settings.validate().map_err(|reason| PresetError::Invalid { path: path.to_owned(), reason })?;
        Ok(mix)
    }

    /// Apply the mix to these settings.
    ///
    /// # Errors
    ///
    /// If the mix has invalid keys or values.
    pub fn apply(&self, settings: &Settings) -> Result<Settings, toml::de::Error> {
        let place: toml::Table = toml::Table::try_from(settings)
            .unwrap_or_default()
            .into_iter()
            .filter(|(key, _)| is_of_the_run(key))
            .collect();
        over_defaults([place, self.0.clone()])
    }
}

/// Merge tables, of which later ones win, over the defaults of their objective.
pub(super) fn over_defaults(
    tables: impl IntoIterator<Item = toml::Table>,
) -> Result<Settings, toml::de::Error> {
    let mut given = toml::Table::new();
    tables.into_iter().for_each(|table| given.extend(table));
    former::rename(&mut given);
    let objective: Objective = match given.get("objective") {
        Some(name) => name.clone().try_into()?,
        None => Objective::default(),
    };
    // Not every value has a TOML form; then use the given ones only.
    let mut table = toml::Table::try_from(Settings::for_objective(objective)).unwrap_or_default();
    table.extend(given);
    table.try_into()
}

/// The folder with the user's presets.
#[derive(Clone, Debug)]
pub struct PresetFolder(PathBuf);

/// One of the user's presets, with its error if its file is invalid.
#[derive(Debug)]
pub struct UserPreset {
    pub name: String,
    pub mix: Result<Mix, PresetError>,
}

impl PresetFolder {
    /// The presets folder inside the settings folder.
    pub fn within(config: &Path) -> Self {
        Self(config.join("presets"))
    }

    /// The file of the preset with this name.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.toml"))
    }

    /// All presets, sorted by name; empty if the folder doesn't exist.
    pub fn list(&self) -> Vec<UserPreset> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let mut presets: Vec<UserPreset> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let is_toml = path.extension().is_some_and(|extension| extension == "toml");
                let name = path.file_stem().filter(|_| is_toml)?.to_str()?.to_owned();
                Some(UserPreset { name, mix: Mix::read(&path) })
            })
            .collect();
        presets.sort_by_key(|preset| preset.name.to_lowercase());
        presets
    }

    fn exists(&self, name: &str) -> bool {
        self.file(name).exists()
    }

    /// Write a preset atomically, replacing an older one of that name.
    ///
    /// # Errors
    ///
    /// For names that are invalid or taken by a bundled preset, and any file system error.
    pub fn save(&self, name: &str, mix: &Mix) -> Result<(), PresetError> {
        let name = check_name(name)?;
        let path = self.file(name);
        let write = || -> io::Result<()> {
            let text = toml::to_string(&mix.0).map_err(io::Error::other)?;
            fs::create_dir_all(&self.0)?;
            files::write_atomic_shared(&path, text.as_bytes())
        };
        write().map_err(|source| PresetError::Write { path: path.clone(), source })
    }

    /// Rename a preset.
    ///
    /// # Errors
    ///
    /// As [`PresetFolder::save`], and if the new name is taken.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), PresetError> {
        let to = check_name(to)?;
        // On case-insensitive systems a change of case finds its own file.
        if self.exists(to) && from.to_lowercase() != to.to_lowercase() {
            return Err(PresetError::Exists { name: to.to_owned() });
        }
        let path = self.file(from);
        files::rename(&path, &self.file(to)).map_err(|source| PresetError::Write { path, source })
    }

    /// Delete a preset's file.
    ///
    /// # Errors
    ///
    /// Any file system error.
    pub fn delete(&self, name: &str) -> Result<(), PresetError> {
        let path = self.file(name);
        fs::remove_file(&path).map_err(|source| PresetError::Write { path, source })
    }
}

/// Validate a name: portable as a file name, and not that of a bundled preset.
fn check_name(name: &str) -> Result<&str, PresetError> {
    let name = name.trim();
    let wrong = |reason| Err(PresetError::Name { name: name.to_owned(), reason });
    let forbidden = |c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c);
    if name.is_empty() {
        wrong("it needs a name")
    } else if name.chars().count() > LONGEST_NAME {
        wrong("it may have at most 60 characters")
    } else if name.starts_with('.') || name.ends_with('.') || name.contains(forbidden) {
        wrong("it becomes a file's name, so it has no dot at its ends and none of / \\ : * ? \" < > |")
    } else if Preset::named(name).is_some() {
        wrong("a bundled preset has that name")
    } else {
        Ok(name)
    }
}

/// Apply a named preset: a bundled one, one of the user's, or a file.
///
/// # Errors
///
/// If there is none, or it is invalid.
pub(super) fn apply_named(
    name: &str,
    folder: Option<&PresetFolder>,
    settings: &Settings,
) -> Result<Settings, PresetError> {
    if let Some(preset) = Preset::named(name) {
        return Ok(preset.apply(settings));
    }
    let own = folder
        .filter(|folder| check_name(name).is_ok() && folder.exists(name))
        .map(|folder| folder.file(name));
    let path = own.or_else(|| Path::new(name).is_file().then(|| name.into()));
    let Some(path) = path else {
        let bundled = Preset::ALL.into_iter().map(|preset| preset.name().to_owned());
        let own = folder.into_iter().flat_map(PresetFolder::list).map(|preset| preset.name);
        return Err(PresetError::Unknown { name: name.to_owned(), known: bundled.chain(own).collect() });
    };
    let parsed = Mix::read(&path)?.apply(settings);
    parsed.map_err(|source| PresetError::Parse { path, source: Box::new(source) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{DeviceChoice, Init};

    #[test]
    fn a_mix_comes_back_and_leaves_alone_where_and_how_large_it_is_painted() {
        let outer = tempfile::tempdir().unwrap();
        let folder = PresetFolder::within(outer.path());
        assert!(folder.list().is_empty());
        let mut settings =
            Settings { size: 300, style_weight: 33.0, init: Init::Noise, ..Settings::default() };
        settings.style_layers.set("relu3_4".parse().unwrap(), 0.25);
        settings.style_layers.remove("relu1_1".parse().unwrap());
        folder.save("  Mine, all mine ", &Mix::of(&settings)).unwrap();
        let text = fs::read_to_string(folder.file("Mine, all mine")).unwrap();
        assert!(text.contains("style_weight = 33") && !text.contains("size = 300"), "{text}");
        let presets = folder.list();
        assert_eq!(presets[0].name, "Mine, all mine");
        let other = Settings {
            size: 640,
            device: DeviceChoice::Cpu,
            seed: 5,
            ..Settings::for_objective(Objective::Paper)
        };
        let found = presets[0].mix.as_ref().unwrap().apply(&other).unwrap();
        assert_eq!(found, Settings { size: 640, device: DeviceChoice::Cpu, seed: 5, ..settings });
    }

    #[test]
    fn presets_are_renamed_and_deleted_and_names_are_checked() {
        let outer = tempfile::tempdir().unwrap();
        let folder = PresetFolder::within(outer.path());
        let mix = Mix::of(&Settings::default());
        for bad in [
            "",
            "  ",
            "../up",
            "a/b",
            ".hidden",
            "dot.",
            "what?",
            "Bold strokes",
            "bold-strokes",
            &"x".repeat(61),
        ] {
            assert!(matches!(folder.save(bad, &mix), Err(PresetError::Name { .. })), "{bad:?}");
        }
        folder.save("one", &mix).unwrap();
        folder.save("two", &mix).unwrap();
        assert!(matches!(folder.rename("one", "two"), Err(PresetError::Exists { .. })));
        folder.rename("one", "One").unwrap();
        folder.delete("two").unwrap();
        let names: Vec<String> = folder.list().into_iter().map(|preset| preset.name).collect();
        assert_eq!(names, ["One"]);
        assert!(folder.delete("two").unwrap_err().to_string().contains("two.toml"));
    }

    #[test]
    fn a_bad_file_is_listed_with_its_reason_and_harms_no_other() {
        let outer = tempfile::tempdir().unwrap();
        let folder = PresetFolder::within(outer.path());
        folder.save("good", &Mix::of(&Settings::default())).unwrap();
        for (name, text) in [("typo", "stile_weight = 3"), ("wrong", "style_weight = -3.0"), ("no", "= [")] {
            fs::write(folder.file(name), text).unwrap();
        }
        fs::write(outer.path().join("presets/readme.txt"), "hello").unwrap();
        let presets = folder.list();
        assert_eq!(presets.len(), 4);
        for preset in presets {
            match preset.mix {
                Ok(_) => assert_eq!(preset.name, "good"),
                Err(error) => {
                    assert!(error.to_string().contains(&format!("{}.toml", preset.name)), "{error}")
                }
            }
        }
    }

    #[test]
    fn a_preset_is_named_by_its_name_or_its_file() {
        let outer = tempfile::tempdir().unwrap();
        let folder = PresetFolder::within(outer.path());
        folder.save("mine", &Mix::of(&Settings { style_weight: 77.0, ..Settings::default() })).unwrap();
        let defaults = Settings::default();
        let apply = |name: &str| apply_named(name, Some(&folder), &defaults);
        assert_eq!(apply("mine").unwrap().style_weight, 77.0);
        assert_eq!(apply(folder.file("mine").to_str().unwrap()).unwrap().style_weight, 77.0);
        assert_eq!(apply("bold strokes").unwrap(), Preset::BoldStrokes.apply(&defaults));
        assert_eq!(apply("classic").unwrap(), Preset::Classic.apply(&defaults));
        let text = apply("thine").unwrap_err().to_string();
        assert!(
            text.contains("thine") && text.contains("Bold strokes, Texture") && text.contains("mine"),
            "{text}"
        );
        assert!(apply_named("thine", None, &defaults).is_err());
    }
}
