//! Masks: regions of the picture with styles of their own, maps of strength, and what stays as it is.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{LayerWeights, SettingsError, validate::error};
use impasto_network::vgg::Layer;

/// Maximum number of regions.
pub const MAX_REGIONS: usize = 16;

/// The masks of a run. Their files are grey pictures, white inside, which are fitted to the content; the
/// opened pictures are [`Inputs::masks`](crate::transfer::Inputs::masks), in the order of [`Masks::files`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Masks {
    /// Style strength per position, of regions and of the rest alike.
    pub style_map: Option<PathBuf>,
    /// Content strength per position.
    pub content_map: Option<PathBuf>,
    /// Where they overlap, regions share the positions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
}

/// A part of the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Region {
    pub name: String,
    /// File of its mask.
    pub mask: PathBuf,
    pub role: RegionRole,
    /// Strength of its style terms, 1 as in the rest of the picture.
    pub strength: f64,
    pub edge: Edge,
    /// Factors of the style layers' weights in it, 0 for a layer that is not among them; as in the rest if
    /// `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<LayerWeights>,
    /// Its styles; if empty, those without a region, as in the rest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub styles: Vec<RegionStyle>,
}

/// A style of a region.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionStyle {
    /// Index among the run's styles; beyond them it is ignored.
    pub style: usize,
    /// Its weight there, times that of the style itself.
    pub weight: f64,
}

/// What happens inside of a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegionRole {
    /// It is painted, in its own styles.
    #[default]
    Paint,
    /// What is there stays, bit for bit where the mask is white.
    Freeze,
    /// The photograph is shown instead of the painting.
    Keep,
}

/// How a mask comes to the layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    /// Blurred by 3×3 at each convolution, as far as the layer's units see.
    #[default]
    Soft,
    /// By means of 2×2 at each pooling alone.
    Hard,
    /// Where it is soft, patches of the size of strokes are in or out; then as [`Edge::Soft`].
    Rough,
}

impl Default for Region {
    fn default() -> Self {
        Self {
            name: String::new(),
            mask: PathBuf::new(),
            role: RegionRole::Paint,
            strength: 1.0,
            edge: Edge::Soft,
            layers: None,
            styles: Vec::new(),
        }
    }
}

impl Region {
    /// Factor of a style layer's weight in it.
    pub fn layer_factor(&self, layer: Layer) -> f64 {
        self.layers.as_ref().map_or(1.0, |layers| layers.get(layer).unwrap_or(0.0))
    }
}

impl Masks {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The files: of the regions in order, of the style map, of the content map.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let regions = self.regions.iter().map(|region| &region.mask);
        regions.chain(&self.style_map).chain(&self.content_map).map(PathBuf::as_path)
    }

    /// As [`Masks::files`], to change.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let regions = self.regions.iter_mut().map(|region| &mut region.mask);
        regions.chain(&mut self.style_map).chain(&mut self.content_map)
    }

    /// The region of a name.
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.iter().find(|region| region.name == name)
    }

    /// The regions that are painted, in order.
    pub fn painted(&self) -> impl Iterator<Item = &Region> {
        self.of_role(RegionRole::Paint)
    }

    /// The regions of a role, in order.
    pub fn of_role(&self, role: RegionRole) -> impl Iterator<Item = &Region> {
        self.regions.iter().filter(move |region| region.role == role)
    }

    /// The weights of all styles in each part of the picture: first in the rest, which has the styles without
    /// a region, then in each painted region.
    pub fn style_parts(&self, weights: &[f64]) -> Vec<Vec<f64>> {
        let claimed: BTreeSet<usize> =
            self.painted().flat_map(|region| &region.styles).map(|style| style.style).collect();
        let rest = (0..).zip(weights).map(|(index, &weight)| match claimed.contains(&index) {
            true => 0.0,
            false => weight,
        });
        let rest: Vec<f64> = rest.collect();
        let part = |region: &Region| {
            if region.styles.is_empty() {
                return rest.clone();
            }
            let mut part = vec![0.0; weights.len()];
            for RegionStyle { style, weight } in &region.styles {
                if let (Some(sum), Some(own)) = (part.get_mut(*style), weights.get(*style)) {
                    *sum += weight * own;
                }
            }
            part
        };
        let regions: Vec<Vec<f64>> = self.painted().map(part).collect();
        [rest].into_iter().chain(regions).collect()
    }

    /// Validate names and numbers.
    ///
    /// # Errors
    ///
    /// Too many regions, two of one name or one without, a strength or weight that is negative or not finite.
    pub(super) fn validate(&self) -> Result<(), SettingsError> {
        if self.regions.len() > MAX_REGIONS {
            return Err(error(
                "region",
                format!("there are {}, but at most {MAX_REGIONS} can be", self.regions.len()),
            ));
        }
        let mut names = BTreeSet::new();
        for Region { name, strength, layers, styles, .. } in &self.regions {
            if name.is_empty() || !names.insert(name) {
                return Err(error("region", format!("each needs a name of its own, unlike {name:?}")));
            }
            let weights = styles.iter().map(|style| style.weight);
            let factors = layers.iter().flat_map(|layers| layers.iter().map(|(_, factor)| factor));
            for weight in weights.chain([*strength]).chain(factors) {
                if !(weight.is_finite() && weight >= 0.0) {
                    let message =
                        format!("{name} has the strength {weight}, but must have 0 or a positive number");
                    return Err(error("region", message));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str, styles: &[(usize, f64)]) -> Region {
        let styles = styles.iter().map(|&(style, weight)| RegionStyle { style, weight }).collect();
        Region { name: name.to_owned(), mask: format!("{name}.png").into(), styles, ..Region::default() }
    }

    #[test]
    fn the_rest_has_the_styles_without_a_region() {
        let mut masks = Masks::default();
        assert_eq!(masks.style_parts(&[1.0, 2.0, 3.0]), [[1.0, 2.0, 3.0]]);
        masks.regions = vec![region("sky", &[(1, 0.5), (7, 1.0)]), region("sea", &[])];
        assert_eq!(masks.style_parts(&[1.0, 2.0, 3.0]), [[1.0, 0.0, 3.0], [0.0, 1.0, 0.0], [1.0, 0.0, 3.0]]);
        // A region that is not painted claims no style.
        masks.regions[0].role = RegionRole::Freeze;
        assert_eq!(masks.style_parts(&[1.0, 2.0, 3.0]), [[1.0, 2.0, 3.0]; 2]);
    }

    #[test]
    fn files_have_one_order_and_bad_regions_are_named() {
        let mut masks = Masks {
            style_map: Some("style.png".into()),
            content_map: Some("content.png".into()),
            regions: vec![region("sky", &[]), region("sea", &[])],
        };
        let names = ["sky.png", "sea.png", "style.png", "content.png"].map(Path::new);
        assert!(masks.files().eq(names) && masks.clone().files_mut().map(|path| path.as_path()).eq(names));
        masks.validate().unwrap();
        let text = serde_json::to_string(&masks).unwrap();
        assert_eq!(serde_json::from_str::<Masks>(&text).unwrap(), masks);
        let message = |masks: &Masks| masks.validate().unwrap_err().to_string();
        masks.regions[1].strength = -1.0;
        assert!(message(&masks).contains("sea has the strength -1"));
        masks.regions[1].strength = 1.0;
        masks.regions[1].layers = Some([(Layer::ALL[4], 0.5)].into_iter().collect());
        assert_eq!([4, 0].map(|at| masks.regions[1].layer_factor(Layer::ALL[at])), [0.5, 0.0]);
        assert_eq!(masks.regions[0].layer_factor(Layer::ALL[0]), 1.0);
        let text = serde_json::to_string(&masks).unwrap();
        assert_eq!(serde_json::from_str::<Masks>(&text).unwrap(), masks);
        masks.validate().unwrap();
        masks.regions[1].layers = Some([(Layer::ALL[4], f64::NAN)].into_iter().collect());
        assert!(message(&masks).contains("sea has the strength NaN"));
        masks.regions[1] = region("sky", &[]);
        assert!(message(&masks).contains("\"sky\""));
        masks.regions = (0..=MAX_REGIONS).map(|index| region(&index.to_string(), &[])).collect();
        assert!(message(&masks).contains("at most 16"));
    }
}
