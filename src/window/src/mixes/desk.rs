//! What a person has set up to play with: mixes in slots, the two ends of the morph, links and locks of
//! faders, the lot.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::defaults::PresetName;
use impasto_core::settings::{ParamId, Preset, Slots};

/// An end of the morph: a slot, or a preset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Slot(usize),
    Preset(PresetName),
}

impl End {
    /// What it is called.
    pub fn name(&self) -> String {
        match self {
            End::Slot(slot) => Slots::letter(*slot).to_string(),
            End::Preset(name) => name.text().to_owned(),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Slot(slot) => write!(f, "slot {}", Slots::letter(*slot)),
            End::Preset(PresetName::Bundled(preset)) => write!(f, "preset {}", preset.name()),
            End::Preset(PresetName::Own(name)) => write!(f, "own {name}"),
        }
    }
}

impl FromStr for End {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = text.split_once(' ').and_then(|(kind, name)| match kind {
            "slot" => Slots::of_letter(name).map(End::Slot),
            "preset" => Preset::named(name).map(|preset| End::Preset(PresetName::Bundled(preset))),
            "own" => Some(End::Preset(PresetName::Own(name.to_owned()))),
            _ => None,
        });
        known.ok_or_else(|| format!("{text:?} is neither a slot nor a preset"))
    }
}

impl Serialize for End {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Everything that is set up to play with mixes. It is remembered, and undone like settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MixDesk {
    /// The ends of the morph, and where it stands between them, 0 to 1.
    pub from: End,
    pub to: End,
    pub morph: f64,
    /// The seed of the next random mix, and how far it leads, 0 to 1.
    pub seed: u64,
    pub amount: f64,
    /// Faders that move together.
    pub linked: BTreeSet<ParamId>,
    /// Faders that randomizing leaves alone.
    pub locked: BTreeSet<ParamId>,
    pub slots: Slots,
}

impl Default for MixDesk {
    fn default() -> Self {
        let preset = |preset| End::Preset(PresetName::Bundled(preset));
        Self {
            from: preset(Preset::FaithfulPhoto),
            to: preset(Preset::BoldStrokes),
            morph: 0.0,
            seed: 1,
            amount: 0.3,
            linked: BTreeSet::new(),
            locked: BTreeSet::new(),
            slots: Slots::default(),
        }
    }
}

impl MixDesk {
    /// Read a desk of a file; one of another version begins anew instead of spoiling the rest of the file.
    ///
    /// # Errors
    ///
    /// Where the file itself cannot be read.
    pub fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(toml::Value::deserialize(deserializer)?.try_into().unwrap_or_default())
    }

    /// Bring numbers of a file into their ranges, and empty slots that cannot be used; returns their letters.
    pub fn mend(&mut self) -> Vec<char> {
        let defaults = Self::default();
        let share =
            |value: f64, default: f64| if value.is_finite() { value.clamp(0.0, 1.0) } else { default };
        self.morph = share(self.morph, defaults.morph);
        self.amount = share(self.amount, defaults.amount);
        self.seed = self.seed.min(MOST_SEED);
        self.slots.drop_unusable()
    }
}

/// Largest seed: one that a number field shows to the last digit, and that a TOML file holds.
pub const MOST_SEED: u64 = 1 << 53;

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::{Settings, StoredMix};
    use impasto_network::vgg::Layer;

    #[test]
    fn a_desk_comes_back_and_bad_numbers_are_mended() {
        let mut desk = MixDesk { morph: 0.25, seed: 12, ..MixDesk::default() };
        assert_eq!(toml::from_str::<MixDesk>("").unwrap(), MixDesk::default());
        desk.from = End::Slot(2);
        desk.to = End::Preset(PresetName::Own("Storm at sea".into()));
        desk.linked.insert(ParamId::Style(Layer::PAPER_STYLE[1]));
        desk.locked.insert(ParamId::Beta);
        desk.slots.set(3, Some(StoredMix::of(&Settings::default(), [])));
        let text = toml::to_string(&desk).unwrap();
        assert_eq!(toml::from_str::<MixDesk>(&text).unwrap(), desk);
        assert!(toml::from_str::<MixDesk>("from = \"slot Q\"").is_err());
        let mut odd = MixDesk { morph: f64::NAN, amount: 7.0, seed: u64::MAX, ..desk.clone() };
        assert!(odd.mend().is_empty());
        assert_eq!((odd.morph, odd.amount, odd.seed), (0.0, 1.0, MOST_SEED));
        assert_eq!(odd.slots, desk.slots);
    }
}
