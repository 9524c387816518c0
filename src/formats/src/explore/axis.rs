//! One axis of a grid: a setting and the values that it takes.

use std::{fmt, str::FromStr};

use impasto_core::settings::{
    Effect, Kind, LayerWeights, ParamId, ParamName, Parameter, Preset, Settings, SettingsFlags,
};
use impasto_network::vgg::Layer;

/// Maximum number of values of an axis.
const MAX_VALUES: usize = 32;

/// A value of an axis, as text.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisValue {
    pub text: String,
}

/// A setting and its values, as `style-weight=0.25,1,4`, `lr=0.01-0.1[4]`, `preset=painterly,texture`,
/// `layer=relu1_1,relu4_1` (each alone) or `relu3_1=0,0.5,1` (its weight).
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub setting: String,
    pub values: Vec<AxisValue>,
}

/// An invalid axis.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AxisError(String);

fn error(text: impl Into<String>) -> AxisError {
    AxisError(text.into())
}

impl FromStr for Axis {
    type Err = AxisError;

    fn from_str(text: &str) -> Result<Self, AxisError> {
        let (setting, values) = text.split_once('=').filter(|(setting, values)| !setting.is_empty() && !values.is_empty()).ok_or_else(|| {
            error(format!("{text:?} is not an axis; write SETTING=VALUES, for example style-weight=0.25,1,4 or style-weight=0.1-10[5]"))
        })?;
        let setting = setting.trim().trim_start_matches('-').replace('_', "-");
        // A layer's name is the one that has an underscore.
        let setting = if setting.starts_with("relu") { setting.replace('-', "_") } else { setting };
        let mut all = Vec::new();
        for part in values.split(',').map(str::trim) {
            match range(part)? {
                Some(numbers) => all.extend(numbers),
                None => all.push(part.to_owned()),
            }
        }
        if all.iter().any(String::is_empty) {
            return Err(error(format!("{text:?} has an empty value")));
        }
        if all.len() > MAX_VALUES {
            return Err(error(format!("{setting} has {} values, but {MAX_VALUES} are the most", all.len())));
        }
        Ok(Self { setting, values: all.into_iter().map(|text| AxisValue { text }).collect() })
    }
}

/// The numbers of `0.1-10[5]`: evenly spaced, or logarithmically if they span a decade or more.
fn range(part: &str) -> Result<Option<Vec<String>>, AxisError> {
    let Some((ends, count)) = part.strip_suffix(']').and_then(|part| part.split_once('[')) else {
        return Ok(None);
    };
    let wrong = || error(format!("{part:?} is not a range; write FROM-TO[NUMBER], for example 0.1-10[5]"));
    let count: usize = count.trim().parse().map_err(|_| wrong())?;
    // The dash between the ends is neither a sign nor an exponent's.
    let dash = ends
        .char_indices()
        .skip(1)
        .find(|&(at, letter)| letter == '-' && !ends[..at].ends_with(['e', 'E']))
        .map(|(at, _)| at)
        .ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let (from, to) = number(&ends[..dash]).zip(number(&ends[dash + 1..])).ok_or_else(wrong)?;
    if !(2..=MAX_VALUES).contains(&count) {
        return Err(error(format!("{part:?} must have 2 to {MAX_VALUES} numbers")));
    }
    let logarithmic = from > 0.0 && to > 0.0 && (to / from >= 10.0 || from / to >= 10.0);
    let at = |index: usize| {
        let t = index as f64 / (count - 1) as f64;
        match logarithmic {
            true => from * (to / from).powf(t),
            false => from + (to - from) * t,
        }
    };
    Ok(Some((0..count).map(|index| short(at(index))).collect()))
}

/// Three significant digits.
fn short(value: f64) -> String {
    let rounded: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    rounded.to_string()
}

impl Axis {
    /// The settings with one of the values.
    ///
    /// # Errors
    ///
    /// If there is no such setting, or it cannot have this value; the message names both.
    pub fn apply(&self, settings: &Settings, value: &AxisValue) -> Result<Settings, AxisError> {
        let text = value.text.as_str();
        let changed = match (self.setting.as_str(), Parameter::of_flag(&self.setting).map(|row| &row.kind)) {
            ("preset", _) => preset(text)?.apply(settings),
            (_, Some(Kind::Layers(table))) => {
                let mut changed = settings.clone();
                *(table.get_mut)(&mut changed) = alone(text)?;
                changed
            }
            (name, _) => match name.parse::<Layer>() {
                Ok(layer) => {
                    let weight =
                        text.parse().map_err(|_| error(format!("{name}: {text:?} is not a weight")))?;
                    let mut changed = settings.clone();
                    changed.style_layers.set(layer, weight);
                    changed
                }
                Err(_) => match name.parse::<ParamName>() {
                    Ok(name @ (ParamName::Region(_) | ParamName::Id(ParamId::RegionStrength(_)))) => {
                        strength(&name, settings, text)?
                    }
                    _ => self.flag(settings, text)?,
                },
            },
        };
        changed.validate().map_err(|problem| error(format!("{self} cannot have {text}: {problem}")))?;
        Ok(changed)
    }

    /// Set a setting by its flag on the command line.
    fn flag(&self, settings: &Settings, text: &str) -> Result<Settings, AxisError> {
        let in_window = |row: &Parameter| matches!(row.effect, Effect::Window);
        if self.setting == "settings" || Parameter::of_flag(&self.setting).is_some_and(in_window) {
            return Err(error(format!("{} does not change the picture", self.setting)));
        }
        let set = |text: &str| {
            let flags = SettingsFlags::parse(&[format!("--{}={text}", self.setting)])?;
            flags.resolve(settings.clone()).map_err(|problem| problem.to_string())
        };
        // A range of a whole-number setting may contain fractions.
        let whole = text.parse::<f64>().ok().filter(|number| number.fract() != 0.0);
        set(text)
            .or_else(|problem| match whole {
                Some(number) => set(&number.round().to_string()).map_err(|_| problem),
                None => Err(problem),
            })
            .map_err(|problem| error(format!("{} cannot have {text}: {}", self.setting, reason(&problem))))
    }

    /// Whether another value restarts the run: such an axis should change as rarely as possible.
    pub fn is_expensive(&self, settings: &Settings) -> bool {
        let applied: Vec<Settings> =
            self.values.iter().filter_map(|value| self.apply(settings, value).ok()).collect();
        applied.windows(2).any(|pair| !pair[0].restart_reasons(&pair[1]).is_empty())
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.setting)
    }
}

/// Set the strength of a region.
fn strength(name: &ParamName, settings: &Settings, text: &str) -> Result<Settings, AxisError> {
    let cannot = |why: &str| error(format!("{name} cannot have {text}: {why}"));
    let id = name.resolve(&settings.masks).map_err(|why| cannot(&why))?;
    if let Some(why) = id.inactive_reason(settings, &[]) {
        return Err(cannot(why));
    }
    let value = text.parse().map_err(|_| cannot("it is not a number"))?;
    let mut changed = settings.clone();
    id.store(&mut changed, &mut [], value);
    Ok(changed)
}

/// The reason in an error of clap, without the flag.
fn reason(problem: &str) -> String {
    let first = problem.lines().next().unwrap_or_default().trim_start_matches("error: ");
    if let Some((_, possible)) = problem.split_once("[possible values: ") {
        return format!("it can be {}", possible.split(']').next().unwrap_or_default());
    }
    let bare = match first.split_once("': ") {
        Some((flag, reason)) if flag.starts_with("invalid value") => reason,
        _ => first,
    };
    match bare {
        "invalid float literal" => "it is not a number".to_owned(),
        "invalid digit found in string" => "it is not a whole number".to_owned(),
        other => other.to_owned(),
    }
}

fn alone(text: &str) -> Result<LayerWeights, AxisError> {
    let layer: Layer = text.parse().map_err(|problem| error(format!("layer: {problem}")))?;
    Ok([(layer, 1.0)].into_iter().collect())
}

fn preset(text: &str) -> Result<Preset, AxisError> {
    let plain = |text: &str| text.to_lowercase().replace([' ', '-', '_'], "");
    let named = Preset::ALL.into_iter().find(|preset| {
        let name = plain(preset.name());
        name == plain(text) || name.split('(').next() == Some(&plain(text))
    });
    named.ok_or_else(|| {
        let names: Vec<_> = Preset::ALL.iter().map(|preset| preset.name()).collect();
        error(format!("there is no preset {text:?}; presets: {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::{Masks, Region};

    fn texts(axis: &str) -> Vec<String> {
        axis.parse::<Axis>().unwrap().values.into_iter().map(|value| value.text).collect()
    }

    fn applied(axis: &str) -> Vec<Settings> {
        let axis: Axis = axis.parse().unwrap();
        let base = Settings::default();
        axis.values.iter().map(|value| axis.apply(&base, value).unwrap()).collect()
    }

    #[test]
    fn lists_and_ranges_are_read() {
        assert_eq!(texts("style-weight=1,4, 16"), ["1", "4", "16"]);
        assert_eq!(texts("style-weight=0.1-10[5]"), ["0.1", "0.316", "1", "3.16", "10"]);
        assert_eq!(texts("averaging=0-0.9[4]"), ["0", "0.3", "0.6", "0.9"]);
        assert_eq!(texts("epsilon=1e-8-1e-6[3]"), ["0.00000001", "0.0000001", "0.000001"]);
        assert_eq!(texts("style-weight=0,1-100[3]"), ["0", "1", "10", "100"]);
        for wrong in [
            "style-weight",
            "=1",
            "style-weight=",
            "style-weight=1,,2",
            "lr=1-x[3]",
            "lr=1-2[1]",
            "lr=[3]",
            "lr=1-2[99]",
        ] {
            assert!(wrong.parse::<Axis>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn values_act_on_the_settings() {
        let weights: Vec<f64> = applied("style_weight=1,2.5").iter().map(|s| s.style_weight).collect();
        assert_eq!(weights, [1.0, 2.5]);
        let steps: Vec<u32> = applied("steps=10-1000[4]").iter().map(|s| s.steps).collect();
        assert_eq!(steps, [10, 46, 215, 1000]);
        let sizes: Vec<u32> = applied("size=128-512[3]").iter().map(|s| s.size).collect();
        assert_eq!(sizes, [128, 320, 512]);
        let presets = applied("preset=painterly,bold strokes,classic");
        assert_eq!(presets[0], Settings::default());
        assert_eq!(presets[1], Preset::BoldStrokes.apply(&Settings::default()));
        assert_eq!(presets[2], Preset::Classic.apply(&Settings::default()));
        let layers = applied("layer=relu1_1,relu4_1");
        assert!(layers.iter().all(|settings| settings.style_layers.iter().count() == 1));
        let relu: Layer = "relu3_1".parse().unwrap();
        assert_eq!(applied("relu3_1=0,0.75")[1].style_layers.get(relu), Some(0.75));
        assert_eq!(
            applied("objective=paper,classic")[1],
            Settings::for_objective(impasto_core::settings::Objective::Classic)
        );
    }

    #[test]
    fn the_strength_of_a_region_is_an_axis() {
        let region = |name: &str| Region { name: name.into(), ..Region::default() };
        let masks = Masks { regions: vec![region("sky"), region("sea")], ..Masks::default() };
        let settings = Settings { masks, ..Settings::default() };
        let axis: Axis = "region/2/strength=0,0.5".parse().unwrap();
        let strengths = |value: &AxisValue| {
            let masks = axis.apply(&settings, value).unwrap().masks;
            masks.regions.iter().map(|region| region.strength).collect::<Vec<_>>()
        };
        assert_eq!([0, 1].map(|at| strengths(&axis.values[at])), [[1.0, 0.0], [1.0, 0.5]]);
        let axis: Axis = "region/2/strength=much,-1".parse().unwrap();
        let message = |at: usize| axis.apply(&settings, &axis.values[at]).unwrap_err().to_string();
        assert!(
            message(0).contains("not a number") && message(1).contains("-1"),
            "{} {}",
            message(0),
            message(1)
        );
        let sky: Axis = "region/sky/strength=0,1".parse().unwrap();
        assert!(!sky.is_expensive(&settings));
        assert_eq!(sky.apply(&settings, &sky.values[0]).unwrap().masks.regions[0].strength, 0.0);
        let lake: Axis = "region/lake/strength=0".parse().unwrap();
        let message = lake.apply(&settings, &lake.values[0]).unwrap_err().to_string();
        assert!(message.ends_with("there is no region called \"lake\"; there are: sky, sea"), "{message}");
    }

    #[test]
    fn invalid_axes_are_reported() {
        let message = |text: &str| {
            let axis: Axis = text.parse().unwrap();
            axis.apply(&Settings::default(), &axis.values[0]).unwrap_err().to_string()
        };
        assert!(message("stile-weight=1").contains("stile-weight"));
        assert!(message("style-weight=much").contains("much"));
        assert_eq!(message("style-weight=much"), "style-weight cannot have much: it is not a number");
        assert_eq!(message("steps=few"), "steps cannot have few: it is not a whole number");
        let choices = message("statistic=purple");
        assert!(
            choices.contains("gram") && choices.contains("moments") && !choices.contains("--"),
            "{choices}"
        );
        assert!(message("lr=-1").contains("lr"));
        assert!(message("preset=cubist").contains("Painterly"));
        assert!(message("layer=relu9_1").contains("relu9_1"));
        assert_eq!(
            message("region/1/strength=1"),
            "region/1/strength cannot have 1: there is no region 1; there are: none"
        );
        assert!(message("settings=a.toml").contains("does not change"));
    }

    #[test]
    fn the_axis_that_needs_another_run_is_the_expensive_one() {
        let expensive = |text: &str| text.parse::<Axis>().unwrap().is_expensive(&Settings::default());
        assert!(expensive("size=128,256") && expensive("objective=balanced,paper"));
        assert!(!expensive("style-weight=1,2") && !expensive("layer=relu1_1,relu2_1"));
    }
}
