//! Parameters by texts in which a region goes by its name: files have its number.

use std::{fmt, str::FromStr};

use super::{super::Masks, ParamId};
use impasto_base::text;

/// Around a region's name or number.
const REGION: &str = "region/";
const STRENGTH: &str = "/strength";
/// Longest name that becomes part of an address, in bytes.
const MAX_NAME: usize = 64;

/// A parameter as people write it: by its id, or of a region by that region's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParamName {
    Id(ParamId),
    /// The strength of the region of this name.
    Region(String),
}

impl ParamName {
    /// The parameter among these masks: that of the region of this name, or else of the first one whose name
    /// is the same in an address.
    ///
    /// # Errors
    ///
    /// In words, if no region has the name or the number.
    pub fn resolve(&self, masks: &Masks) -> Result<ParamId, String> {
        let index = |has: &dyn Fn(&str) -> bool| masks.regions.iter().position(|region| has(&region.name));
        let (found, missing) = match self {
            Self::Id(ParamId::RegionStrength(index)) if usize::from(*index) >= masks.regions.len() => {
                (None, format!("region {}", u16::from(*index) + 1))
            }
            Self::Id(id) => return Ok(*id),
            Self::Region(name) => {
                let found =
                    index(&|other| other == name).or_else(|| index(&|other| in_address(other) == *name));
                (found, format!("region called {name:?}"))
            }
        };
        found.and_then(|index| u8::try_from(index).ok()).map(ParamId::RegionStrength).ok_or_else(|| {
            let names: Vec<String> =
                masks.regions.iter().map(|region| text::display_name(&region.name)).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            format!("there is no {missing}; there are: {there}")
        })
    }
}

impl From<ParamId> for ParamName {
    fn from(id: ParamId) -> Self {
        Self::Id(id)
    }
}

impl fmt::Display for ParamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Region(name) => write!(f, "{REGION}{name}{STRENGTH}"),
        }
    }
}

impl FromStr for ParamName {
    type Err = String;

    /// An id counts first, so a number is never a name.
    fn from_str(text: &str) -> Result<Self, String> {
        let id = text.parse();
        let name = text.strip_prefix(REGION).and_then(|rest| rest.strip_suffix(STRENGTH));
        // What looks like a number that no region can have is a mistake.
        let is_name = |name: &&str| !name.is_empty() && name.parse::<u64>().is_err();
        match (id, name.filter(is_name)) {
            (Ok(id), _) => Ok(Self::Id(id)),
            (Err(_), Some(name)) => Ok(Self::Region(name.to_owned())),
            (Err(error), None) => Err(error),
        }
    }
}

impl ParamId {
    /// By the name of its region, as it stands in an address; by its id if that would mean another one or is
    /// long.
    pub fn name_in(self, masks: &Masks) -> ParamName {
        let ParamId::RegionStrength(index) = self else { return self.into() };
        let name = masks.regions.get(usize::from(index)).map(|region| in_address(&region.name));
        let named =
            name.filter(|name| name.len() <= MAX_NAME).map(|name| ParamName::Region(name).to_string());
        let named = named.and_then(|text| text.parse::<ParamName>().ok());
        named.filter(|name| name.resolve(masks) == Ok(self)).unwrap_or(self.into())
    }

    /// As [`ParamId::label`], with the name of its region, which may be a stranger's: escaped and shortened.
    pub fn label_in(self, masks: &Masks) -> String {
        let region = match self {
            ParamId::RegionStrength(index) => masks.regions.get(usize::from(index)),
            _ => None,
        };
        region.map_or_else(
            || self.label(),
            |region| format!("Strength of {}", text::display_name(&region.name)),
        )
    }
}

/// A name without what addresses of Open Sound Control cannot have.
fn in_address(name: &str) -> String {
    let fits = |c: char| !(c.is_whitespace() || c.is_control() || "#*,/?[]{}".contains(c));
    name.trim().chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Region;

    fn masks(names: &[&str]) -> Masks {
        let region = |name: &&str| Region { name: (*name).to_owned(), ..Region::default() };
        Masks { regions: names.iter().map(region).collect(), ..Masks::default() }
    }

    #[test]
    fn a_region_goes_by_its_name_or_its_number() {
        let masks = masks(&["sky", "Region 2", "Region_2", "a/b", "3", "été"]);
        let found = |text: &str| text.parse::<ParamName>().unwrap().resolve(&masks);
        for (text, index) in [
            ("region/1/strength", 0),
            ("region/sky/strength", 0),
            ("region/Region 2/strength", 1),
            // A name as it is counts before one that is the same in an address.
            ("region/Region_2/strength", 2),
            ("region/a_b/strength", 3),
            ("region/a/b/strength", 3),
            ("region/3/strength", 2),
            ("region/été/strength", 5),
        ] {
            assert_eq!(found(text), Ok(ParamId::RegionStrength(index)), "{text}");
        }
        assert_eq!(found("style/relu3_1"), Ok("style/relu3_1".parse().unwrap()));
        let error = found("region/sea/strength").unwrap_err();
        assert!(error.contains("no region called \"sea\"; there are: sky, Region 2"), "{error}");
        let error = found("region/7/strength").unwrap_err();
        assert!(error.contains("no region 7; there are: sky, Region 2"), "{error}");
        for wrong in [
            "region//strength",
            "region/sky",
            "region/sky/weight",
            "region/0/strength",
            "region/900/strength",
        ] {
            assert!(wrong.parse::<ParamName>().unwrap_err().contains("there is no fader"), "{wrong}");
        }
    }

    #[test]
    fn an_address_has_the_name_where_that_means_the_same_region() {
        let long = "x".repeat(MAX_NAME + 1);
        let masks = masks(&["my sky", "my_sky", "my*sky", "4", &long]);
        let texts: Vec<String> =
            (0..6).map(|index| ParamId::RegionStrength(index).name_in(&masks).to_string()).collect();
        // The first one's is that of the second, which has it as it is.
        let wanted =
            ["region/1/strength", "region/my_sky/strength", "region/3/strength", "region/4/strength"];
        assert_eq!(texts[..4], wanted);
        assert_eq!(texts[4..], ["region/5/strength", "region/6/strength"]);
        assert_eq!(ParamId::Beta.name_in(&masks), ParamName::Id(ParamId::Beta));
        for index in 0..5 {
            let id = ParamId::RegionStrength(index);
            assert_eq!(id.name_in(&masks).to_string().parse::<ParamName>().unwrap().resolve(&masks), Ok(id));
        }
        assert_eq!(ParamId::RegionStrength(0).label_in(&masks), "Strength of my sky");
        assert_eq!(ParamId::RegionStrength(9).label_in(&masks), "Strength of region 10");
        assert_eq!(ParamId::Beta.label_in(&masks), ParamId::Beta.label());
    }

    #[test]
    fn a_strangers_name_is_short_and_harmless_where_it_is_read() {
        let long = "y".repeat(100_000);
        let masks = masks(&["a\u{202e}b\u{1b}[2J", &long]);
        for index in 0..2 {
            let label = ParamId::RegionStrength(index).label_in(&masks);
            assert!(label.chars().count() < 120 && !label.contains(['\u{202e}', '\u{1b}']), "{label}");
        }
        let error = "region/sea/strength".parse::<ParamName>().unwrap().resolve(&masks).unwrap_err();
        assert!(error.chars().count() < 300 && !error.contains(['\u{202e}', '\u{1b}']), "{error}");
    }
}
