//! Regions and maps of a render's command line.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use super::{UsageError, args::RenderArgs};
use impasto_core::{
    settings::{Edge, LayerWeight, LayerWeights, Masks, Region, RegionRole, RegionStyle, Settings},
    transfer::Inputs,
};

/// A region as given to `--region`: NAME=MASK with options behind colons.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RegionArg(Region);

impl FromStr for RegionArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, mut mask) = text
            .split_once('=')
            .filter(|(name, mask)| !name.is_empty() && !mask.is_empty())
            .ok_or("a region is NAME=MASK, such as sky=sky.png")?;
        let mut region = Region { name: name.to_owned(), ..Region::default() };
        // Names of files may have colons.
        while let Some((file, option)) = mask.rsplit_once(':').filter(|_| !Path::new(mask).exists()) {
            if let Some(layers) = option.strip_prefix("layers=") {
                region.layers = Some(layer_factors(layers)?);
                mask = file;
                continue;
            }
            match (option, option.strip_prefix("strength=").map(str::parse)) {
                ("freeze", _) => region.role = RegionRole::Freeze,
                ("keep", _) => region.role = RegionRole::Keep,
                ("hard", _) => region.edge = Edge::Hard,
                ("rough", _) => region.edge = Edge::Rough,
                (_, Some(Ok(strength))) => region.strength = strength,
                (_, Some(Err(_))) => return Err(format!("{option} is no number")),
                _ => break,
            }
            mask = file;
        }
        region.mask = mask.into();
        Ok(Self(region))
    }
}

/// Factors as `relu5_1+relu4_1=0.5`.
fn layer_factors(text: &str) -> Result<LayerWeights, String> {
    let factor = |part: &str| {
        let LayerWeight { layer, strip } = part.parse()?;
        Ok((layer, strip.weight))
    };
    text.split('+').map(factor).collect()
}

impl RenderArgs {
    /// The settings of the flags over these, regions and maps included; the styles are not in regions yet.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_a_name_a_mask_and_options() {
        let parse = |text: &str| text.parse().map(|RegionArg(region)| region);
        let sky = Region { name: "sky".into(), mask: "a:b.png".into(), ..Region::default() };
        assert_eq!(parse("sky=a:b.png"), Ok(sky.clone()));
        assert_eq!(
            parse("sky=a:b.png:strength=0.5:hard"),
            Ok(Region { strength: 0.5, edge: Edge::Hard, ..sky.clone() })
        );
        assert_eq!(parse("sky=a:b.png:freeze").unwrap().role, RegionRole::Freeze);
        assert_eq!(parse("sky=a:b.png:keep"), Ok(Region { role: RegionRole::Keep, ..sky }));
        assert_eq!(parse("sky=a.png:rough").unwrap().edge, Edge::Rough);
        let layers = parse("sky=a.png:layers=relu5_1+relu4_1=0.5:hard").unwrap().layers.unwrap();
        let factors: Vec<_> = layers.iter().map(|(layer, factor)| (layer.to_string(), factor)).collect();
        assert_eq!(factors, [("relu4_1".to_owned(), 0.5), ("relu5_1".to_owned(), 1.0)]);
        assert!(parse("sky=a.png:layers=conv9").unwrap_err().contains("relu5_4"));
        assert!(parse("sky=a.png:strength=much").unwrap_err().contains("no number"));
        for wrong in ["sky", "=a.png", "sky="] {
            assert!(parse(wrong).unwrap_err().contains("NAME=MASK"), "{wrong}");
        }
    }
}
