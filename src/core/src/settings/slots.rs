//! Eight slots that store mixes for quick recall.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use impasto_base::hash::Sha256Hash;

use super::{Mix, Region, Settings, StyleMix};

/// A mix with the mix of each style, in the styles' order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredMix {
    /// The styles' pictures; empty in older files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Sha256Hash>,
    #[serde(default)]
    pub styles: Vec<StyleMix>,
    /// Strengths of the regions, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub regions: BTreeMap<String, f64>,
    pub settings: Mix,
}

impl StoredMix {
    /// The mix of these settings and styles, each a picture with its mix.
    pub fn of(settings: &Settings, styles: impl IntoIterator<Item = (Sha256Hash, StyleMix)>) -> Self {
        let (pictures, styles) = styles.into_iter().unzip();
        let strength = |region: &Region| (region.name.clone(), region.strength);
        let regions = settings.masks.regions.iter().map(strength).collect();
        Self { pictures, styles, regions, settings: Mix::of(settings) }
    }

    /// The mixes for the present styles, each a picture with its mix: a part is applied only to the picture
    /// that it was chosen on, others keep their own. `None` if there are more or fewer styles.
    pub fn styles_for(&self, present: &[(Sha256Hash, StyleMix)]) -> Option<Vec<StyleMix>> {
        let stored = self.styles.iter().enumerate();
        let applied = stored.zip(present).map(|((index, stored), (picture, own))| {
            let same = self.pictures.get(index) == Some(picture);
            StyleMix { crop: if same { stored.crop } else { own.crop }, ..*stored }
        });
        (self.styles.len() == present.len()).then(|| applied.collect())
    }

    /// The settings with this look, and the stored strength in each region whose name is known.
    #[must_use]
    pub fn over(&self, settings: &Settings, look: &Settings) -> Settings {
        let mut settings = settings.with_look(look);
        for region in &mut settings.masks.regions {
            if let Some(strength) = self.regions.get(&region.name) {
                region.strength = *strength;
            }
        }
        settings
    }

    /// Its look, for [`Settings::with_look`]; `None` if it is invalid.
    pub fn look(&self) -> Option<Settings> {
        let look = self.settings.apply(&Settings::default()).ok()?;
        let is_weight = |strength: &f64| strength.is_finite() && *strength >= 0.0;
        let usable = look.validate().is_ok()
            && self.styles.iter().all(|style| style.validate().is_ok())
            && self.regions.values().all(is_weight);
        usable.then_some(look)
    }
}

/// A filled slot.
#[derive(Debug)]
struct FilledSlot {
    mix: StoredMix,
    /// Cached.
    look: Option<Settings>,
}

/// The slots A to H. Serialized as a table by the letters of the used slots.
#[derive(Clone, Debug, Default)]
pub struct Slots([Option<Arc<FilledSlot>>; Slots::COUNT]);

impl Slots {
    pub const COUNT: usize = 8;

    /// The letter of a slot.
    pub fn letter(slot: usize) -> char {
        char::from(b'A' + (slot % Self::COUNT) as u8)
    }

    /// The slot with this letter.
    pub fn of_letter(letter: &str) -> Option<usize> {
        (0..Self::COUNT).find(|&slot| letter.chars().eq([Self::letter(slot)]))
    }

    pub fn get(&self, slot: usize) -> Option<&StoredMix> {
        self.0.get(slot)?.as_ref().map(|slot| &slot.mix)
    }

    /// The look of a slot, see [`StoredMix::look`].
    pub fn look(&self, slot: usize) -> Option<&Settings> {
        self.0.get(slot)?.as_ref()?.look.as_ref()
    }

    /// Store a mix in a slot, or clear it.
    pub fn set(&mut self, slot: usize, mix: Option<StoredMix>) {
        if let Some(place) = self.0.get_mut(slot) {
            *place = mix.map(|mix| Arc::new(FilledSlot { look: mix.look(), mix }));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// The indices of used slots.
    pub fn used(&self) -> impl Iterator<Item = usize> + '_ {
        (0..Self::COUNT).filter(|&slot| self.0[slot].is_some())
    }

    /// Clear slots with invalid mixes; returns their letters.
    pub fn drop_unusable(&mut self) -> Vec<char> {
        let bad: Vec<usize> = self.used().filter(|&slot| self.look(slot).is_none()).collect();
        bad.iter().for_each(|&slot| self.0[slot] = None);
        bad.into_iter().map(Self::letter).collect()
    }
}

impl PartialEq for Slots {
    /// Compare pointers first, so that a comparison in every frame is cheap.
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a.mix == b.mix,
            (a, b) => a.is_none() && b.is_none(),
        })
    }
}

impl Serialize for Slots {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let used = self.used().filter_map(|slot| Some((Self::letter(slot), self.get(slot)?)));
        serializer.collect_map(used)
    }
}

impl<'de> Deserialize<'de> for Slots {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut slots = Self::default();
        // Ignore slots of a later version.
        for (letter, mix) in BTreeMap::<String, StoredMix>::deserialize(deserializer)? {
            if let Some(slot) = Self::of_letter(&letter) {
                slots.set(slot, Some(mix));
            }
        }
        Ok(slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Masks, Preset};

    #[test]
    fn slots_round_trip_and_invalid_ones_are_reported() {
        let mut slots = Slots::default();
        assert!(slots.is_empty());
        let settings = Settings { style_weight: 0.1 + 0.2, style_amount: Some(0.25), ..Settings::default() };
        let style = StyleMix { weight: 0.5, scale: 2.0, on: false, crop: Some([0.25, 0.0, 0.5, 1.0].into()) };
        slots.set(0, Some(StoredMix::of(&settings, [(Sha256Hash::of(b"wave"), style)])));
        slots.set(7, Some(StoredMix::of(&Preset::Paper.apply(&settings), [])));
        slots.set(8, Some(StoredMix::of(&settings, [])));
        let text = toml::to_string(&slots).unwrap();
        assert_eq!(toml::from_str::<Slots>(&text).unwrap(), slots);
        let json = serde_json::to_value(&slots).unwrap();
        let mut back: Slots = serde_json::from_value(json).unwrap();
        assert_eq!((back.clone(), back.used().collect::<Vec<_>>()), (slots, vec![0, 7]));

        let now = Settings { size: 300, steps: 9, seed: 4, ..Settings::default() };
        let wanted = Settings { size: 300, steps: 9, seed: 4, ..settings };
        assert_eq!(now.with_look(back.look(0).unwrap()), wanted);
        assert_eq!(back.get(0).unwrap().styles, [style]);
        assert_eq!(back.get(0).unwrap().pictures, [Sha256Hash::of(b"wave")]);
        let typo = "[B.settings]\nstile_weight = 3\n[C.settings]\nstyle_weight = -3.0\n[Z.settings]\n";
        let mut odd: Slots = toml::from_str(typo).unwrap();
        assert_eq!(
            (odd.drop_unusable(), odd.is_empty(), back.drop_unusable()),
            (vec!['B', 'C'], true, vec![])
        );
    }

    #[test]
    fn strengths_are_kept_by_the_regions_names_and_masks_are_not() {
        let region = |name: &str, strength| Region { name: name.into(), strength, ..Region::default() };
        let masks = |regions| Masks { regions, ..Masks::default() };
        let with = |regions| Settings { masks: masks(regions), ..Settings::default() };
        let kept = StoredMix::of(&with(vec![region("sky", 0.5), region("sea", 2.0)]), []);
        let back: StoredMix = toml::from_str(&toml::to_string(&kept).unwrap()).unwrap();
        assert_eq!(back, kept);
        let look = back.look().unwrap();
        assert!(look.masks.is_empty());
        let now = with(vec![region("sea", 1.0), region("rock", 1.5)]);
        assert_eq!(back.over(&now, &look), with(vec![region("sea", 2.0), region("rock", 1.5)]));
        let broken = StoredMix { regions: [("sky".to_owned(), -1.0)].into(), ..back };
        assert!(broken.look().is_none());
    }

    #[test]
    fn a_part_is_applied_only_to_its_picture() {
        let [wave, leaf] = [b"wave", b"leaf"].map(|name| Sha256Hash::of(name));
        let [left, right] = [[0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 0.5, 1.0]].map(|part| Some(part.into()));
        let part = StyleMix { scale: 2.0, crop: left, ..StyleMix::default() };
        let whole = StyleMix { crop: None, ..part };
        let own = StyleMix { crop: right, ..StyleMix::default() };
        let mut mix = StoredMix::of(&Settings::default(), [(wave, part), (leaf, whole)]);
        assert_eq!(mix.styles_for(&[(wave, own), (leaf, own)]), Some(vec![part, whole]));
        let kept = StyleMix { crop: right, ..part };
        assert_eq!(mix.styles_for(&[(leaf, own), (wave, own)]), Some(vec![kept, kept]));
        assert_eq!(mix.styles_for(&[(wave, own)]), None);
        // An older file does not say which picture it is.
        mix.pictures.clear();
        assert_eq!(mix.styles_for(&[(wave, own), (leaf, own)]), Some(vec![kept, kept]));
        let text =
            "styles = [{ weight = 1.0, scale = 2.0, on = true, crop = [0.0, 0.0, 0.5, 1.0] }]\n[settings]\n";
        let older: StoredMix = toml::from_str(text).unwrap();
        assert_eq!(older.styles_for(&[(wave, own)]), Some(vec![kept]));
    }
}
