//! A region on the command line.

use std::{path::Path, str::FromStr};

use impasto_core::settings::{Edge, LayerWeight, LayerWeights, Region, RegionRole};

/// A region as given to `--region`: NAME=MASK with options behind colons.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RegionArg(pub(super) Region);

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
