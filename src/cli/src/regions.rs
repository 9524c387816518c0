//! Regions and maps of a render's command line.

use std::path::PathBuf;

use super::{UsageError, region_arg::RegionArg, render::RenderArgs};
use impasto_core::{
    settings::{Masks, Region, RegionRole, RegionStyle, Settings},
    transfer::Inputs,
};

impl RenderArgs {
    /// The settings of the flags over these, regions and maps included; the styles are not in regions yet.
    /// Automation may name regions that are not there, see [`SettingsFlags::resolve_with`].
    ///
    /// [`SettingsFlags::resolve_with`]: impasto_core::settings::SettingsFlags::resolve_with
    pub(super) fn settings_over(&self, base: Settings) -> anyhow::Result<Settings> {
        let settings = self.settings.resolve_with(base, |Masks { style_map, content_map, regions }| {
            if !self.region.is_empty() {
                *regions = self.region.iter().map(|RegionArg(region)| region.clone()).collect();
            }
            for (map, given) in [(style_map, &self.style_map), (content_map, &self.content_map)] {
                if given.is_some() {
                    map.clone_from(given);
                }
            }
        })?;
        Ok(settings)
    }

    /// As [`RenderArgs::settings_over`], with the given styles in their regions.
    pub(super) fn resolved(&self, base: Settings) -> anyhow::Result<Settings> {
        let mut settings = self.settings_over(base)?;
        let regions = &mut settings.masks.regions;
        if !self.style.is_empty() {
            // Those of a recipe are of its own styles.
            regions.iter_mut().for_each(|region| region.styles.clear());
        }
        for (index, style) in self.style.iter().enumerate() {
            let Some(name) = &style.region else { continue };
            let names: Vec<String> = regions.iter().map(|region| region.name.clone()).collect();
            let path = style.path.display();
            let Some(region) = regions.iter_mut().find(|region| region.name == *name) else {
                let there = match names.as_slice() {
                    [] => format!("give it a mask with --region {name}=MASK"),
                    names => format!("there are: {}", names.join(", ")),
                };
                return Err(
                    UsageError(format!("style {path}: there is no region called {name:?}; {there}")).into()
                );
            };
            if region.role != RegionRole::Paint {
                return Err(UsageError(format!(
                    "style {path}: the region {name} is not painted, so it takes no style"
                ))
                .into());
            }
            region.styles.push(RegionStyle { style: index, weight: 1.0 });
        }
        Ok(settings)
    }

    /// The files of masks that were given.
    pub(super) fn masks(&self) -> impl Iterator<Item = &PathBuf> {
        let regions = self.region.iter().map(|RegionArg(region)| &region.mask);
        regions.chain(&self.style_map).chain(&self.content_map)
    }

    /// Check that the masks exist.
    pub(super) fn check_masks(&self) -> anyhow::Result<()> {
        for RegionArg(Region { name, mask, .. }) in &self.region {
            anyhow::ensure!(mask.is_file(), "region {name}: there is no picture {}", mask.display());
        }
        for (flag, map) in [("style-map", &self.style_map), ("content-map", &self.content_map)] {
            if let Some(map) = map {
                anyhow::ensure!(map.is_file(), "{flag}: there is no picture {}", map.display());
            }
        }
        Ok(())
    }

    /// Check that no given region is empty.
    pub(super) fn check_regions(&self, inputs: &Inputs, settings: &Settings) -> Result<(), UsageError> {
        let empty = inputs.empty_region(settings).filter(|_| !self.region.is_empty());
        empty.map_or(Ok(()), |Region { name, mask, .. }| {
            Err(UsageError(format!("region {name}: its mask {} is black everywhere", mask.display())))
        })
    }
}
