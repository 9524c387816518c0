//! Which masks there are, and which one is meant.

use std::path::{Path, PathBuf};

use impasto_core::settings::{Masks, ParamId, Settings};

/// What is said if there is nothing to draw on.
pub(super) const NO_CONTENT: &str = "A mask is drawn on a content picture: open one first.";

/// Which mask is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A region by its index.
    Region(usize),
    StyleMap,
    ContentMap,
}

impl Place {
    /// Its mask's name in the settings.
    pub fn name_in(self, masks: &Masks) -> Option<&Path> {
        match self {
            Place::Region(index) => masks.regions.get(index).map(|region| region.mask.as_path()),
            Place::StyleMap => masks.style_map.as_deref(),
            Place::ContentMap => masks.content_map.as_deref(),
        }
    }

    /// What a person calls it.
    pub fn title(self, masks: &Masks) -> &str {
        match self {
            Place::Region(index) => masks.regions.get(index).map_or("a region", |region| &region.name),
            Place::StyleMap => "style map",
            Place::ContentMap => "content map",
        }
    }

    /// The parameter that is its strength; `None` for a map, which has none.
    pub fn strength(self) -> Option<ParamId> {
        match self {
            Place::Region(index) => u8::try_from(index).ok().map(ParamId::RegionStrength),
            Place::StyleMap | Place::ContentMap => None,
        }
    }

    pub(super) fn put(self, masks: &mut Masks, name: PathBuf) {
        match self {
            Place::Region(index) => {
                if let Some(region) = masks.regions.get_mut(index) {
                    region.mask = name;
                }
            }
            Place::StyleMap => masks.style_map = Some(name),
            Place::ContentMap => masks.content_map = Some(name),
        }
    }

    /// Remove it; the tracks of the regions behind it follow them.
    pub(super) fn remove_from(self, settings: &mut Settings) {
        let Settings { masks, automation, .. } = settings;
        let count = masks.regions.len();
        match self {
            Place::Region(removed) if removed < count => {
                masks.regions.remove(removed);
                automation.move_strengths(count, |at| after_removal(removed, at));
            }
            Place::Region(_) => {}
            Place::StyleMap => masks.style_map = None,
            Place::ContentMap => masks.content_map = None,
        }
    }
}

/// Where a region is after another one, or itself, is removed.
pub(super) fn after_removal(removed: usize, at: usize) -> Option<usize> {
    (at != removed).then(|| at - usize::from(at > removed))
}

/// All masks of the settings.
pub fn places(masks: &Masks) -> impl Iterator<Item = Place> + '_ {
    let maps =
        [Place::StyleMap, Place::ContentMap].into_iter().filter(|place| place.name_in(masks).is_some());
    (0..masks.regions.len()).map(Place::Region).chain(maps)
}
