//! The masks among the inputs of a run: which there are, and what they are at a size.

use std::sync::Arc;

use super::{Dimensions, Inputs, LevelMasks, PixelMasks, TransferError, masks, rough_edge::roughen};
use crate::{
    picture::Picture,
    settings::{Edge, Region, RegionRole, Settings},
};
use impasto_base::hash::Sha256Hash;

/// Everything that the masks of a picture depend on, besides its size.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskKeys {
    regions: Vec<(RegionRole, Edge, Sha256Hash)>,
    /// Of the style map and the content map.
    maps: [Option<Sha256Hash>; 2],
}

impl MaskKeys {
    /// Those of the masks that change how a step paints.
    #[must_use]
    pub fn of_steps(&self) -> Self {
        let regions = self.regions.iter().filter(|(role, ..)| *role != RegionRole::Keep).copied();
        Self { regions: regions.collect(), ..self.clone() }
    }
}

impl Inputs {
    /// Check that the masks of the settings are present.
    ///
    /// # Errors
    ///
    /// If one is missing.
    pub fn check_masks(&self, settings: &Settings) -> Result<(), TransferError> {
        match settings.masks.files().count() == self.masks.len() {
            true => Ok(()),
            false => Err(TransferError::NoMasks),
        }
    }

    /// The regions with the pictures of their masks.
    pub fn regions<'a>(
        &'a self,
        settings: &'a Settings,
    ) -> impl Iterator<Item = (&'a Region, &'a Arc<Picture>)> {
        settings.masks.regions.iter().zip(&self.masks)
    }

    /// The first region whose mask is black everywhere.
    pub fn empty_region<'a>(&'a self, settings: &'a Settings) -> Option<&'a Region> {
        let empty = |mask: &Picture| masks::fitted(mask, mask.dimensions()).iter().all(|&m| m == 0.0);
        self.regions(settings).find(|(_, mask)| empty(mask)).map(|(region, _)| region)
    }

    /// The keys of the masks for these settings.
    pub fn mask_keys(&self, settings: &Settings) -> MaskKeys {
        let regions = self.regions(settings).map(|(region, mask)| (region.role, region.edge, mask.sha256));
        let maps = self.maps(settings).map(|map| map.map(|map| map.sha256));
        MaskKeys { regions: regions.collect(), maps }
    }

    /// The pictures of the style map and the content map.
    fn maps(&self, settings: &Settings) -> [Option<&Arc<Picture>>; 2] {
        let mut maps = self.masks.iter().skip(settings.masks.regions.len());
        [&settings.masks.style_map, &settings.masks.content_map]
            .map(|map| map.as_ref().and_then(|_| maps.next()))
    }

    /// The masks in this shape; `None` if no mask changes how a step paints.
    pub fn level_masks(&self, settings: &Settings, shape: Dimensions) -> Option<LevelMasks> {
        let painted = self.regions(settings).filter(|(region, _)| region.role == RegionRole::Paint);
        let region = |(region, mask): (&Region, &Arc<Picture>)| (masks::fitted(mask, shape), region.edge);
        let mut regions: Vec<_> = painted.map(region).collect();
        let rough = regions.iter_mut().filter(|(_, edge)| *edge == Edge::Rough);
        roughen(&mut rough.map(|(plane, _)| plane.as_mut_slice()).collect::<Vec<_>>(), shape);
        let [style, content] = self.maps(settings).map(|map| map.map(|map| masks::fitted(map, shape)));
        let freeze = self.united_masks(RegionRole::Freeze, settings, shape);
        let none = regions.is_empty() && style.is_none() && content.is_none() && freeze.is_none();
        (!none).then(|| LevelMasks::new(PixelMasks { regions, style, content, freeze }))
    }

    /// The union of the masks of a role in this shape; `None` if there is none.
    pub(super) fn united_masks(
        &self,
        role: RegionRole,
        settings: &Settings,
        shape: Dimensions,
    ) -> Option<Vec<f32>> {
        let masks = self.regions(settings).filter(|(region, _)| region.role == role);
        masks.map(|(_, mask)| masks::fitted(mask, shape)).reduce(|mut all, mask| {
            all.iter_mut().zip(mask).for_each(|(all, mask)| *all = all.max(mask));
            all
        })
    }
}
