//! What can stand on an axis of a grid: the settings of the palette, presets, single layers; and values to
//! begin with.

use super::super::widgets;
use impasto_core::settings::{AxisValues, PARAMETERS, ParamId, ParamName, Parameter, Region, Settings};
use impasto_network::vgg::Layer;

/// A setting for an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As an axis names it.
    pub setting: String,
    pub title: String,
    /// Further words for it, parted by commas.
    pub words: String,
}

impl Choice {
    fn new(setting: &str, title: &str, words: &str) -> Self {
        Self { setting: setting.to_owned(), title: title.to_owned(), words: words.to_owned() }
    }
}

/// Everything that can stand on an axis, what is wanted most often first.
pub fn all(regions: &[Region]) -> Vec<Choice> {
    let mut all = vec![
        Choice::new("preset", "Preset", "mix, look"),
        Choice::new("layer", "Style layer alone", "single, one layer, solo"),
        Choice::new("content-layer", "Content layer alone", "single, one layer"),
    ];
    let rows = PARAMETERS.iter().filter(|row| !matches!(row.axis, AxisValues::None));
    all.extend(rows.map(|row| Choice::new(row.flag_name(), row.label, row.synonyms)));
    for layer in Layer::ALL {
        all.push(Choice::new(&layer.to_string(), &format!("Style {layer}"), "layer weight"));
    }
    for (index, region) in (0..).zip(regions) {
        let title = format!("Strength of {}", region.name);
        all.push(Choice::new(&ParamId::RegionStrength(index).to_string(), &title, "region, mask"));
    }
    all
}

/// The title of a setting on an axis.
pub fn title(setting: &str) -> String {
    let found = all(&[]).into_iter().find(|choice| choice.setting == setting);
    match (found, setting.parse()) {
        (Some(choice), _) => choice.title,
        (None, Ok(ParamName::Id(id))) => id.label(),
        (None, Ok(ParamName::Region(name))) => format!("Strength of {name}"),
        (None, Err(_)) => setting.to_owned(),
    }
}

fn names<T: std::fmt::Display>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Values around what is set now.
pub fn values(setting: &str, settings: &Settings) -> String {
    match setting {
        "preset" => return "faithful photo, painterly, bold strokes".to_owned(),
        "layer" => return names(&settings.style_layers.layers().collect::<Vec<_>>()),
        "content-layer" => return "relu2_2, relu3_2, relu4_2".to_owned(),
        weight if weight.starts_with("relu") || weight.starts_with("region/") => {
            return "0, 0.5, 1".to_owned();
        }
        _ => {}
    }
    let Some(row) = Parameter::of_flag(setting) else { return String::new() };
    match row.axis {
        AxisValues::None => String::new(),
        AxisValues::Of(values) => values.to_owned(),
        AxisValues::Names(names) => names(),
        AxisValues::Around => around(row.id.and_then(|id| id.stored(settings, &[])).unwrap_or_default()),
    }
}

/// From a quarter to four times a value, as a range.
fn around(value: f64) -> String {
    let typed = |value: f64| {
        let rounded: f64 = format!("{value:.1e}").parse().unwrap_or(value);
        rounded.to_string()
    };
    match value {
        value if value > 0.0 => format!("{}-{} [5]", typed(value / 4.0), typed(value * 4.0)),
        _ => "0, 1, 10".to_owned(),
    }
}

/// How the values of a setting look, for an empty field.
pub fn hint(setting: &str) -> String {
    format!("as {}", values(setting, &Settings::default()))
}

/// What an axis says in words: "Style β 4".
pub fn named(setting: &str, value: &str) -> String {
    format!("{} {}", title(setting), widgets::shorten(value, 24))
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::Masks;
    use impasto_formats::explore::Axis;

    #[test]
    fn what_is_proposed_for_a_setting_can_be_painted() {
        let masks =
            Masks { regions: vec![Region { name: "sky".into(), ..Region::default() }], ..Masks::default() };
        let settings = Settings { masks, ..Settings::default() };
        for Choice { setting, .. } in all(&settings.masks.regions) {
            let text = format!("{setting}={}", values(&setting, &settings));
            let axis: Axis = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(axis.values.len() >= 2, "{text}");
            for value in &axis.values {
                if let Err(error) = axis.apply(&settings, value) {
                    panic!("{text}: {error}");
                }
            }
        }
    }

    #[test]
    fn every_setting_stands_there_once() {
        let mut settings: Vec<String> = all(&[]).into_iter().map(|choice| choice.setting).collect();
        let count = settings.len();
        settings.sort_unstable();
        settings.dedup();
        assert_eq!(settings.len(), count);
        assert_eq!(title("region/2/strength"), "Strength of region 2");
        assert_eq!(title("region/sky/strength"), "Strength of sky");
        assert_eq!((title("lr"), named("style-weight", "4")), ("Step size".into(), "Style β 4".into()));
    }
}
