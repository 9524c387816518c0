//! What is switched at a mask for looking and drawing: it is no setting, and is not undone.

use std::collections::BTreeSet;

use egui::Context;

use super::{Place, places, titles};
use crate::{ImpastoApp, action::Act};
use impasto_core::settings::{Masks, ParamId, RegionRole, Settings};

/// A mask by its name, which it keeps if the order changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MaskName {
    Region(String),
    StyleMap,
    ContentMap,
}

impl MaskName {
    /// The mask at a place; `None` if there is none.
    pub fn of(place: Place, masks: &Masks) -> Option<Self> {
        place.name_in(masks)?;
        Some(match place {
            Place::Region(index) => Self::Region(masks.regions.get(index)?.name.clone()),
            Place::StyleMap => Self::StyleMap,
            Place::ContentMap => Self::ContentMap,
        })
    }

    /// Where the mask is now; `None` if there is none of this name.
    pub fn place_in(&self, masks: &Masks) -> Option<Place> {
        places(masks).find(|place| Self::of(*place, masks).as_ref() == Some(self))
    }
}

/// A switch of a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// Its tint on the canvas is not shown.
    Hidden,
    /// Nothing can be drawn on it.
    Locked,
    /// Regions without it paint at strength 0.
    Solo,
}

/// The switches that are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags(BTreeSet<(Flag, MaskName)>);

impl Flags {
    /// Whether a switch of the mask at a place is on.
    pub fn is_on(&self, flag: Flag, place: Place, masks: &Masks) -> bool {
        !self.0.is_empty() && MaskName::of(place, masks).is_some_and(|name| self.0.contains(&(flag, name)))
    }

    /// Whether the mask's tint is shown: not if it is switched off, nor beside a soloed one.
    pub fn shows(&self, place: Place, masks: &Masks) -> bool {
        match self.soloed(masks).as_slice() {
            [] => !self.is_on(Flag::Hidden, place, masks),
            _ => self.is_on(Flag::Solo, place, masks),
        }
    }

    /// The names of the soloed regions, in order.
    pub fn soloed<'a>(&self, masks: &'a Masks) -> Vec<&'a str> {
        let is_solo = |index: &usize| self.is_on(Flag::Solo, Place::Region(*index), masks);
        (0..masks.regions.len()).filter(is_solo).map(|index| masks.regions[index].name.as_str()).collect()
    }

    /// Another name of a region. What a former one of that name had is gone.
    pub fn rename(&mut self, old: &str, new: &str) {
        self.forget(new);
        let all = std::mem::take(&mut self.0).into_iter();
        self.0 = all
            .map(|(flag, name)| match name {
                MaskName::Region(name) if name == old => (flag, MaskName::Region(new.to_owned())),
                name => (flag, name),
            })
            .collect();
    }

    /// Turn every switch of a region's name off.
    pub fn forget(&mut self, region: &str) {
        self.0.retain(|(_, name)| !matches!(name, MaskName::Region(name) if name == region));
    }

    /// Follow a step of undo or redo, which may give a region another name.
    pub fn follow(&mut self, before: &Masks, after: &Masks) {
        if let Some((old, new)) = titles::renamed(before, after) {
            self.rename(old, new);
        }
    }

    /// End every solo.
    pub fn clear_solo(&mut self) {
        self.0.retain(|(flag, _)| *flag != Flag::Solo);
    }

    /// The settings that are painted with: beside soloed regions the others paint at strength 0.
    pub fn with_solo(&self, settings: &Settings) -> Settings {
        let mut painted = settings.clone();
        if self.soloed(&settings.masks).is_empty() {
            return painted;
        }
        for index in 0..settings.masks.regions.len() {
            let region = &mut painted.masks.regions[index];
            if region.role == RegionRole::Paint
                && !self.is_on(Flag::Solo, Place::Region(index), &settings.masks)
            {
                region.strength = 0.0;
                if let Ok(index) = u8::try_from(index) {
                    painted.automation.remove(ParamId::RegionStrength(index));
                }
            }
        }
        painted
    }
}

/// Turn a switch of the mask at a place.
pub struct Switch(pub Flag, pub Place);

impl Act for Switch {
    fn apply(self, app: &mut ImpastoApp, _: &Context) {
        let Some(name) = MaskName::of(self.1, &app.settings.masks) else { return };
        let flags = &mut app.pictures.masks.flags.0;
        let switched = (self.0, name);
        if !flags.remove(&switched) {
            flags.insert(switched);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::Region;

    #[test]
    fn a_mask_is_found_by_its_name_in_another_order_and_not_if_it_is_gone() {
        let region = |name: &str| Region { name: name.to_owned(), ..Region::default() };
        let mut masks = Masks { regions: ["sky", "sea", "rock"].map(region).into(), ..Masks::default() };
        let sea = MaskName::of(Place::Region(1), &masks).unwrap();
        masks.regions.swap(1, 2);
        assert_eq!(sea.place_in(&masks), Some(Place::Region(2)));
        masks.regions.remove(0);
        assert_eq!(sea.place_in(&masks), Some(Place::Region(1)));
        masks.regions.remove(1);
        assert_eq!(sea.place_in(&masks), None);
        assert_eq!(MaskName::StyleMap.place_in(&masks), None);
        masks.style_map = Some("/m/map.png".into());
        assert_eq!(MaskName::StyleMap.place_in(&masks), Some(Place::StyleMap));
    }

    #[test]
    fn a_solo_silences_the_other_painted_regions_and_follows_a_name() {
        let region = |name: &str, role| Region { name: name.to_owned(), role, ..Region::default() };
        let regions = vec![
            region("sky", RegionRole::Paint),
            region("sea", RegionRole::Paint),
            region("face", RegionRole::Keep),
        ];
        let mut settings = Settings { masks: Masks { regions, ..Masks::default() }, ..Settings::default() };
        let mut flags = Flags::default();
        assert_eq!(flags.with_solo(&settings), settings);
        flags.0.insert((Flag::Solo, MaskName::Region("sky".into())));
        let strengths = |settings: &Settings| {
            settings.masks.regions.iter().map(|region| region.strength).collect::<Vec<_>>()
        };
        assert_eq!(strengths(&flags.with_solo(&settings)), [1.0, 0.0, 1.0]);
        settings.masks.regions.swap(0, 1);
        assert_eq!(strengths(&flags.with_solo(&settings)), [0.0, 1.0, 1.0]);
        assert!(
            !flags.shows(Place::Region(0), &settings.masks) && flags.shows(Place::Region(1), &settings.masks)
        );
        settings.masks.regions[1].name = "heaven".into();
        assert_eq!(flags.with_solo(&settings), settings, "the soloed one is gone");
        flags.rename("sky", "heaven");
        assert_eq!(flags.soloed(&settings.masks), ["heaven"]);
        // Undo gives the former name, redo the new one.
        let mut before = settings.masks.clone();
        before.regions[1].name = "sky".into();
        flags.follow(&settings.masks, &before);
        assert_eq!(flags.soloed(&before), ["sky"]);
        flags.follow(&before, &settings.masks);
        assert_eq!(flags.soloed(&settings.masks), ["heaven"]);
        // A name that a region of former times had comes without its switches.
        flags.0.insert((Flag::Locked, MaskName::Region("gone".into())));
        flags.rename("heaven", "gone");
        settings.masks.regions[1].name = "gone".into();
        assert!(!flags.is_on(Flag::Locked, Place::Region(1), &settings.masks));
        assert_eq!(flags.soloed(&settings.masks), ["gone"]);
        flags.forget("gone");
        assert!(flags.soloed(&settings.masks).is_empty());
        flags.0.insert((Flag::Solo, MaskName::Region("gone".into())));
        flags.clear_solo();
        assert!(flags.soloed(&settings.masks).is_empty());
    }
}
