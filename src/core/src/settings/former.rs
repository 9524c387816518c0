//! Names of earlier versions in files, on command lines and from controllers, which are still read. The
//! sliced Wasserstein term was the histogram term: the same with one basis.

use serde_json::{Map, Value};

/// Address of the weight.
pub(super) const ADDRESS: &str = "histogram";
/// Field of the weight.
pub(super) const FIELD: &str = "histogram_weight";
/// Flag of the weight.
pub(super) const FLAG: &str = "histogram-weight";
/// The fields by now.
const WEIGHT: &str = "sliced_weight";
const BASES: &str = "sliced_bases";

/// Number of bases of a program without the setting.
pub const FORMER_BASES: u32 = 1;

/// [`FORMER_BASES`], where files have none.
pub(super) fn bases() -> u32 {
    FORMER_BASES
}

/// Give the fields of settings as TOML their present names.
pub(super) fn rename(fields: &mut toml::Table) {
    if let Some(weight) = fields.remove(FIELD) {
        fields.entry(WEIGHT).or_insert(weight);
        fields.entry(BASES).or_insert(FORMER_BASES.into());
    }
}

/// Give the fields of settings, or of a change of them, as JSON their present names.
pub fn rename_fields(fields: &mut Map<String, Value>) {
    if let Some(weight) = fields.remove(FIELD) {
        fields.entry(WEIGHT).or_insert(weight);
        fields.entry(BASES).or_insert(FORMER_BASES.into());
    }
    if let Some(Value::Object(tracks)) = fields.get_mut("automation")
        && let Some(track) = tracks.remove(ADDRESS)
    {
        tracks.entry("sliced").or_insert(track);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::{GlobalTerm, ParamId, Settings, user_presets::over_defaults};

    #[test]
    fn files_of_the_histogram_mean_one_basis() {
        let wanted = Settings { sliced_weight: 2.0, sliced_bases: 1, ..Settings::default() };
        let text = "histogram_weight = 2.0";
        assert_eq!(over_defaults([toml::from_str(text).unwrap()]).unwrap(), wanted);
        // As the window's own file, which has all fields.
        let mut whole = serde_json::to_value(&wanted).unwrap();
        let fields = whole.as_object_mut().unwrap();
        fields.remove(BASES);
        let weight = fields.remove(WEIGHT).unwrap();
        fields.insert(FIELD.to_owned(), weight);
        assert_eq!(serde_json::from_value::<Settings>(whole.clone()).unwrap(), wanted);
        rename_fields(whole.as_object_mut().unwrap());
        assert_eq!(serde_json::from_value::<Settings>(whole).unwrap(), wanted);
        let both = "histogram_weight = 3.0\nsliced_weight = 2.0\nsliced_bases = 5";
        let found = over_defaults([toml::from_str(both).unwrap()]).unwrap();
        assert_eq!(found, Settings { sliced_bases: 5, ..wanted });
        let new = over_defaults([toml::from_str("sliced_weight = 2.0").unwrap()]).unwrap();
        assert_eq!(new.sliced_bases, Settings::default().sliced_bases);
    }

    #[test]
    fn former_names_of_knobs_terms_and_tracks_are_read() {
        assert_eq!(ADDRESS.parse(), Ok(ParamId::Sliced));
        assert_eq!(ADDRESS.parse(), Ok(GlobalTerm::Sliced));
        let mut change = json!({"automation": {"histogram": {"keys": []}, "beta": {}}});
        rename_fields(change.as_object_mut().unwrap());
        assert_eq!(change, json!({"automation": {"sliced": {"keys": []}, "beta": {}}}));
    }
}
