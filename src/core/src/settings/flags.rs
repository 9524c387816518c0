//! Settings from the command line: a settings file, then the objective's defaults, then single flags.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};
use serde_json::Value;

use super::{
    Automation, FORMER_BASES, Kind, LayerWeight, LayerWeights, Masks, Objective, PARAMETERS, ParamName,
    ParamTrack, Parameter, PresetError, PresetFolder, Settings, former,
    user_presets::{apply_named, over_defaults},
};
use impasto_base::{files, paths};

/// The parsed flags of [`Settings`], see [`SettingsFlags::resolve`].
#[derive(Clone, Debug)]
pub struct SettingsFlags(ArgMatches);

/// A settings file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsFileError {
    #[error("cannot read the settings file {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot read the automation file {}", path.display())]
    ReadAutomation { path: PathBuf, source: std::io::Error },
    #[error("{} is no automation file", path.display())]
    ParseAutomation { path: PathBuf, source: Box<toml::de::Error> },
    #[error("{} is not a settings file", path.display())]
    Parse { path: PathBuf, source: Box<toml::de::Error> },
    #[error(transparent)]
    Preset(#[from] PresetError),
    #[error("--automate: {0}")]
    Region(String),
}

const FILE: &str = "settings";
/// Maximum bytes of a settings or automation file, which may have many keyframes.
const MAX_BYTES: u64 = 16 << 20;
/// Flag value for an empty set of layers.
const NO_LAYER: &str = "none";
const PRESET: &str = "preset";
const AUTOMATION: &str = "automation";
const AUTOMATE: &str = "automate";

impl SettingsFlags {
    /// Whether a flag of this name (with underscores) was given, or a file that may set it.
    pub fn is_given(&self, name: &str) -> bool {
        self.0.contains_id(PRESET) || self.is_named(name)
    }

    /// The same of what no preset sets, as the size.
    pub fn is_named(&self, name: &str) -> bool {
        self.file().is_some() || self.0.value_source(name) == Some(ValueSource::CommandLine)
    }

    /// The settings file that was given, if any.
    pub fn file(&self) -> Option<&PathBuf> {
        self.0.get_one(FILE)
    }

    /// Parse command-line flags such as `--style-weight=2`.
    ///
    /// # Errors
    ///
    /// The command line's error message.
    pub fn parse(flags: &[String]) -> Result<Self, String> {
        let command = Self::augment_args(Command::new("settings").no_binary_name(true));
        let matches = command.try_get_matches_from(flags).map_err(|error| error.to_string())?;
        Ok(Self(matches))
    }

    /// Resolve the flags: `base`, replaced by the file of `--settings` if given, then the mix of `--preset`,
    /// then the defaults of `--objective`, then every other flag. The first `--layer` or `--content-layer`
    /// replaces the whole default set.
    ///
    /// # Errors
    ///
    /// If the settings file or the preset cannot be read or parsed, or there is no region that a flag names.
    pub fn resolve(&self, base: Settings) -> Result<Settings, SettingsFileError> {
        let settings = self.resolve_with(base, |_| ())?;
        self.check_automate(&settings.masks)?;
        Ok(settings)
    }

    /// As [`SettingsFlags::resolve`], but a region that `--automate` names may come later: its number is kept
    /// and does nothing until then, and its name is left out. `change_masks` changes the masks of the
    /// settings before a flag names a region.
    ///
    /// # Errors
    ///
    /// If the settings file or the preset cannot be read or parsed.
    pub fn resolve_with(
        &self,
        base: Settings,
        change_masks: impl FnOnce(&mut Masks),
    ) -> Result<Settings, SettingsFileError> {
        let mut settings = match self.0.get_one::<PathBuf>(FILE) {
            None => base,
            Some(path) => read_file(path)?,
        };
        if let Some(name) = self.0.get_one::<String>(PRESET) {
            let folder = paths::config_folder().map(|folder| PresetFolder::within(&folder));
            settings = apply_named(name, folder.as_ref(), &settings)?;
        }
        if let Some(&objective) = self.0.get_one::<Objective>("objective") {
            settings.set_objective(objective);
        }
        for argument in PARAMETERS.iter().filter_map(|row| row.argument.as_ref()) {
            (argument.read)(&mut settings, &self.0);
        }
        if let Some(&weight) = self.0.get_one::<f64>(former::FIELD) {
            settings.sliced_weight = weight;
            settings.sliced_bases = *self.0.get_one("sliced_bases").unwrap_or(&FORMER_BASES);
        }
        // A palette without an amount is applied fully.
        if self.0.get_one::<PathBuf>("palette").is_some()
            && self.0.get_one::<f64>("match_colours").is_none()
            && settings.match_colours == 0.0
        {
            settings.match_colours = 1.0;
        }
        for (row, layers) in Parameter::layer_tables() {
            if let Some(given) = self.0.get_many::<Option<LayerWeight>>(row.field) {
                *(layers.get_mut)(&mut settings) =
                    given.flatten().map(|w| (w.layer, w.strip)).collect::<LayerWeights>();
            }
        }
        if let Some(path) = self.0.get_one::<PathBuf>(AUTOMATION) {
            let path = path.clone();
            let text = match files::read_text(&path, MAX_BYTES) {
                Ok(text) => text,
                Err(source) => return Err(SettingsFileError::ReadAutomation { path, source }),
            };
            settings.automation = match toml::from_str(&text) {
                Ok(automation) => automation,
                Err(source) => {
                    return Err(SettingsFileError::ParseAutomation { path, source: Box::new(source) });
                }
            };
        }
        change_masks(&mut settings.masks);
        if let Some(given) = self.0.get_many::<Option<ParamTrack>>(AUTOMATE) {
            for track in given {
                match track {
                    None => settings.automation = Automation::default(),
                    Some(ParamTrack { param, track }) => {
                        let id = match param {
                            ParamName::Id(id) => Some(*id),
                            ParamName::Region(_) => param.resolve(&settings.masks).ok(),
                        };
                        if let Some(id) = id {
                            settings.automation.set(id, track.clone());
                        }
                    }
                }
            }
        }
        Ok(settings)
    }

    /// Check that every region that `--automate` names is among these.
    ///
    /// # Errors
    ///
    /// Names the first one that is not.
    pub fn check_automate(&self, masks: &Masks) -> Result<(), SettingsFileError> {
        let given = self.0.get_many::<Option<ParamTrack>>(AUTOMATE).into_iter().flatten().flatten();
        for ParamTrack { param, .. } in given {
            param.resolve(masks).map_err(SettingsFileError::Region)?;
        }
        Ok(())
    }
}

impl Settings {
    /// The flags that reproduce these settings: those that differ from the objective's defaults. A flag and
    /// its value are one argument, as `--size=300`. Masks, whose styles belong to pictures, are left out, and
    /// so is the automation of regions that are not there, which does nothing and would be refused.
    ///
    /// # Errors
    ///
    /// If a path in the settings is not Unicode.
    pub fn to_flags(&self) -> Result<Vec<String>, serde_json::Error> {
        let defaults = serde_json::to_value(Self::for_objective(self.objective))?;
        let mine = serde_json::to_value(self)?;
        let mut flags = Vec::new();
        if self.objective != Objective::default() {
            flags.push(format!("--objective={}", self.objective));
        }
        for row in PARAMETERS.iter().filter(|row| row.argument.is_some()) {
            let flag = row.flag_name();
            match &mine[row.field] {
                value if *value == defaults[row.field] => {}
                Value::String(text) => flags.push(format!("--{flag}={text}")),
                // The shortest text that parses to the same number.
                Value::Number(number) => flags.push(format!("--{flag}={number}")),
                Value::Bool(on) => flags.push(format!("--{flag}={on}")),
                Value::Null | Value::Array(_) | Value::Object(_) => {}
            }
        }
        // A palette flag alone would set the amount to 1.
        if self.palette.is_some() && self.match_colours == 0.0 {
            flags.push("--match-colours=0".to_owned());
        }
        let before = Self::for_objective(self.objective);
        for (row, table) in Parameter::layer_tables() {
            let (flag, layers, defaults) = (row.flag_name(), (table.get)(self), (table.get)(&before));
            if layers.is_empty() && !defaults.is_empty() {
                flags.push(format!("--{flag}={NO_LAYER}"));
            } else if layers != defaults {
                flags.extend(
                    layers
                        .strips()
                        .map(|(layer, strip)| format!("--{flag}={}", LayerWeight { layer, strip })),
                );
            }
        }
        flags.extend(self.automation.iter().filter_map(|(id, track)| {
            let param = ParamName::Id(id);
            param.resolve(&self.masks).ok()?;
            Some(format!("--{AUTOMATE}={}", ParamTrack { param, track: track.clone() }))
        }));
        Ok(flags)
    }
}

fn read_file(path: &Path) -> Result<Settings, SettingsFileError> {
    let text = files::read_text(path, MAX_BYTES)
        .map_err(|source| SettingsFileError::Read { path: path.to_owned(), source })?;
    let wrong = |source| SettingsFileError::Parse { path: path.to_owned(), source: Box::new(source) };
    // Parse as settings first, for the error messages; then again over the defaults of its objective.
    let _: Settings = toml::from_str(&text).map_err(wrong)?;
    over_defaults([toml::from_str(&text).map_err(wrong)?]).map_err(wrong)
}

/// The clap argument of a row's flag.
fn argument(row: &Parameter) -> Option<Arg> {
    let flag = row.flag.as_ref()?;
    let argument = Arg::new(row.field).long(flag.name).value_name(flag.value_name).help(flag.help);
    let argument = match &row.argument {
        Some(argument_of) => argument.action(ArgAction::Set).value_parser((argument_of.parser)()),
        None => argument.action(ArgAction::Append).value_parser(|text: &str| match text {
            NO_LAYER => Ok(None),
            _ => text.parse::<LayerWeight>().map(Some),
        }),
    };
    Some(match row.kind {
        Kind::Number(_) => argument.allow_negative_numbers(true),
        Kind::Switch => argument.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Kind::Whole(_) | Kind::Layers(_) | Kind::Other => argument,
    })
}

impl FromArgMatches for SettingsFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(matches.clone()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0 = matches.clone();
        Ok(())
    }
}

impl Args for SettingsFlags {
    fn augment_args(command: Command) -> Command {
        let (repeated, single): (Vec<&Parameter>, Vec<_>) =
            PARAMETERS.iter().partition(|row| matches!(row.kind, Kind::Layers(_)));
        command
            .args(single.into_iter().chain(repeated).filter_map(argument))
            .arg(
                Arg::new(former::FIELD)
                    .long(former::FLAG)
                    .hide(true)
                    .conflicts_with("sliced_weight")
                    .allow_negative_numbers(true)
                    .value_parser(clap::value_parser!(f64)),
            )
            .arg(
                Arg::new(AUTOMATION)
                    .long(AUTOMATION)
                    .value_name("FILE.toml")
                    .value_parser(clap::value_parser!(PathBuf))
                    .help("Move faders while it paints, by a file of tracks: [beta] with lfo = { shape = \"sine\", period = 0.25, depth = 0.2 }, or [\"style/relu3_1\"] with keys = [{ at = 0, value = 0.1 }, { at = 1, value = 2 }] and, to repeat them, end = \"loop\"; times are parts of the run, 0 to 1"),
            )
            .arg(
                Arg::new(AUTOMATE)
                    .long(AUTOMATE)
                    .value_name("FADER=TRACK")
                    .action(ArgAction::Append)
                    .value_parser(|text: &str| match text {
                        NO_LAYER => Ok(None),
                        _ => text.parse::<ParamTrack>().map(Some),
                    })
                    .help("Move one fader while it paints, as 'beta={ lfo = { shape = \"saw\", period = 0.1 } }' or 'beta={ keys = [{ at = 0, value = 1 }, { at = 0.2, value = 9 }], end = \"loop\" }' (repeatable; none takes all automation away)"),
            )
            .arg(
                Arg::new(PRESET)
                    .long("preset")
                    .value_name("NAME|FILE.toml")
                    .help("Begin with a preset: painterly, faithful-photo, bold-strokes, texture, classic, paper, one of your own by its name, or a file; flags beside it win"),
            )
            .arg(
                Arg::new(FILE)
                    .long("settings")
                    .value_name("FILE.toml")
                    .value_parser(clap::value_parser!(PathBuf))
                    .help("Read settings from a TOML file; flags beside it win"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Init, Strip, Transparency};

    fn resolve(arguments: &[&str]) -> Settings {
        let command = SettingsFlags::augment_args(Command::new("test").no_binary_name(true));
        let matches = command.try_get_matches_from(arguments).unwrap();
        SettingsFlags::from_arg_matches(&matches).unwrap().resolve(Settings::default()).unwrap()
    }

    #[test]
    fn no_flags_are_the_defaults() {
        assert_eq!(resolve(&[]), Settings::default());
    }

    #[test]
    fn flags_win_over_the_objectives_usual_values() {
        let settings = resolve(&["--lr", "0.01", "--objective", "classic", "--init", "noise"]);
        let mut expected = Settings::for_objective(Objective::Classic);
        expected.learning_rate = 0.01;
        expected.init = Init::Noise;
        assert_eq!(settings, expected);
    }

    #[test]
    fn switches_are_kept_unless_they_are_given() {
        assert!(resolve(&["--lr", "0.01"]).pyramid);
        assert!(!resolve(&["--pyramid=false"]).pyramid);
        assert!(resolve(&["--objective", "classic", "--pyramid"]).pyramid);
        assert!(resolve(&["--low-memory"]).low_memory);
    }

    #[test]
    fn a_palette_is_used_unless_its_amount_is_given() {
        let settings = resolve(&["--palette", "leaves.jpg"]);
        assert_eq!((settings.palette, settings.match_colours), (Some("leaves.jpg".into()), 1.0));
        assert_eq!(resolve(&["--palette", "leaves.jpg", "--match-colours", "0.5"]).match_colours, 0.5);
        let unused = resolve(&["--palette", "leaves.jpg", "--match-colours", "0"]);
        assert!(unused.remarks()[0].contains("palette is not used"), "{:?}", unused.remarks());
    }

    #[test]
    fn the_histograms_flag_is_that_of_one_basis() {
        let settings = |flags: &[&str]| {
            let settings = resolve(flags);
            (settings.sliced_weight, settings.sliced_bases)
        };
        assert_eq!(settings(&["--histogram-weight", "2"]), (2.0, 1));
        assert_eq!(settings(&["--histogram-weight", "2", "--sliced-bases", "3"]), (2.0, 3));
        assert_eq!(settings(&["--sliced-weight", "2"]), (2.0, Settings::default().sliced_bases));
    }

    #[test]
    fn layers_replace_the_default_set() {
        let settings =
            resolve(&["--layer", "relu3_1=0.5", "--layer", "relu1_2", "--content-layer", "relu5_2=2"]);
        let style: Vec<_> = settings.style_layers.iter().map(|(l, w)| format!("{l}={w}")).collect();
        assert_eq!(style, ["relu1_2=1", "relu3_1=0.5"]);
        assert_eq!(settings.content_layers.iter().count(), 1);
    }

    #[test]
    fn flags_of_settings_give_the_same_settings() {
        assert!(Settings::default().to_flags().unwrap().is_empty());
        let back = |settings: &Settings| {
            let flags = settings.to_flags().unwrap();
            let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
            (resolve(&flags), flags.len())
        };
        for &objective in Objective::ALL {
            let defaults = Settings::for_objective(objective);
            assert_eq!(back(&defaults), (defaults.clone(), usize::from(objective != Objective::default())));
            // Iterate over every field, so that new ones are covered.
            let mut all = defaults.clone();
            let other = Settings::for_objective(match objective {
                Objective::Balanced => Objective::Classic,
                _ => Objective::Balanced,
            });
            let mut fields = serde_json::to_value(&all).unwrap();
            for (name, value) in fields.as_object_mut().unwrap() {
                *value = match (name.as_str(), &*value) {
                    (
                        // The last concerns the window only and has no flag.
                        "objective" | "optimizer" | "device" | "weights" | "init" | "background" | "seed"
                        | "follow_drags",
                        _,
                    ) => continue,
                    (_, Value::Bool(on)) => Value::Bool(!on),
                    (_, Value::Number(number)) if number.is_u64() => (number.as_u64().unwrap() + 7).into(),
                    (_, Value::Number(number)) => (number.as_f64().unwrap() * 0.377 + 0.1 / 3.0).into(),
                    (name, _) => serde_json::to_value(&other).unwrap()[name].clone(),
                };
            }
            all = serde_json::from_value(fields).unwrap();
            all.style_layers = LayerWeights::none();
            all.content_layers.set("relu2_1".parse().unwrap(), 0.1 + 0.2);
            let muted = Strip { weight: 0.7, muted: true, solo: true };
            all.content_layers.set_strip("relu3_1".parse().unwrap(), muted);
            all.init = Init::File("a b's:0.5.png".into());
            all.device = "-odd name".parse().unwrap();
            all.background = "#102030".parse().unwrap();
            all.weights = Some("w x.pth".into());
            all.transparency = Transparency::Flatten;
            all.seed = 77;
            let (resolved, flags) = back(&all);
            assert_eq!(resolved, all);
            assert!(flags >= 20, "{flags}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_weight_survives_the_flags(bits in proptest::prelude::any::<u64>()) {
            let weight = f64::from_bits(bits);
            proptest::prop_assume!(weight.is_finite());
            let mut settings = Settings { style_weight: weight, ..Settings::default() };
            settings.style_layers.set("relu3_1".parse().unwrap(), weight);
            let flags = settings.to_flags().unwrap();
            let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
            proptest::prop_assert_eq!(resolve(&flags), settings);
        }
    }

    #[test]
    fn a_settings_file_is_read_and_flags_win_over_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mix.toml");
        std::fs::write(&file, "size = 200\nsteps = 7\n[style_layers]\nrelu2_2 = 0.9\n").unwrap();
        let settings = resolve(&["--settings", file.to_str().unwrap(), "--steps", "9"]);
        assert_eq!((settings.size, settings.steps), (200, 9));
        assert_eq!(settings.style_layers.get("relu2_2".parse().unwrap()), Some(0.9));
        // Fields missing from the file take the defaults of its objective.
        std::fs::write(&file, "objective = \"classic\"\nsteps = 7\n").unwrap();
        let mut expected = Settings::for_objective(Objective::Classic);
        expected.steps = 7;
        assert_eq!(resolve(&["--settings", file.to_str().unwrap()]), expected);
    }

    #[test]
    fn a_preset_comes_after_the_file_and_flags_win_over_both() {
        let folder = tempfile::tempdir().unwrap();
        let [mix, preset] = ["mix.toml", "preset.toml"].map(|name| folder.path().join(name));
        std::fs::write(&mix, "size = 200\nstyle_weight = 3.0\nlearning_rate = 0.5\n").unwrap();
        std::fs::write(&preset, "style_weight = 44.0\ncontent_weight = 2.0\n").unwrap();
        let [mix, preset] = [&mix, &preset].map(|path| path.to_str().unwrap());
        let settings = resolve(&["--settings", mix, "--preset", preset, "--content-weight", "5"]);
        // A preset is a complete mix: missing fields take their defaults, except for the size.
        let expected = Settings { size: 200, style_weight: 44.0, content_weight: 5.0, ..Settings::default() };
        assert_eq!(settings, expected);
        let bold = crate::settings::Preset::BoldStrokes.apply(&Settings::default());
        assert_eq!(resolve(&["--preset", "bold-strokes"]), bold);
    }

    #[test]
    fn a_wrong_settings_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mix.toml");
        std::fs::write(&file, "sise = 200\n").unwrap();
        let command = SettingsFlags::augment_args(Command::new("test").no_binary_name(true));
        let matches = command.try_get_matches_from(["--settings", file.to_str().unwrap()]).unwrap();
        let error =
            SettingsFlags::from_arg_matches(&matches).unwrap().resolve(Settings::default()).unwrap_err();
        let text = format!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string));
        assert!(text.contains("mix.toml") && text.contains("sise"), "{text}");
    }
}
