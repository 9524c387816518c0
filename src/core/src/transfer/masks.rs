//! Masks at one size, and what the layers see of them.

use std::collections::BTreeMap;

use burn::tensor::Device as TensorDevice;
use rayon::prelude::*;

use super::Dimensions;
use crate::{
    picture::{Filter, Picture, resize},
    settings::{Edge, Rgb, Settings},
};
use impasto_network::{compute::PositionWeights, vgg::Layer};

/// Positions of a region at a layer below which it counts less, in proportion: the statistics of a handful of
/// positions are noise.
const FEW: f64 = 64.0;
/// Greys this near to black or white are black or white.
const MARGIN: f32 = 0.02;
/// What rounding leaves of 0 in the rest of the picture.
const NOTHING: f32 = 1e-6;

/// The masks of a picture at one size, `[H, W]` each, 0 to 1.
#[derive(Clone, Debug, Default)]
pub struct PixelMasks {
    /// Of the painted regions in order. Where they sum to more than 1 they share the position.
    pub regions: Vec<(Vec<f32>, Edge)>,
    /// Style strength. Without regions this weighs the positions of every style statistic.
    pub style: Option<Vec<f32>>,
    /// Content strength.
    pub content: Option<Vec<f32>>,
    /// Share of each pixel that stays as it is.
    pub freeze: Option<Vec<f32>>,
}

/// The masks of a picture at one size, and what the layers see of them.
///
/// A layer's masks follow what its units see: a mean of 3×3 at each convolution, if the edge is soft, and an
/// exact mean of 2×2 at each pooling, which drops incomplete windows as the network does. Both are linear, so
/// masks that sum to 1 still do at every layer.
#[derive(Clone, Debug)]
pub struct LevelMasks {
    pixels: PixelMasks,
    /// Of the layers in use.
    layers: BTreeMap<Layer, LayerMasks>,
}

/// What a layer sees of the masks.
#[derive(Clone, Debug)]
pub struct LayerMasks {
    /// The rest of the picture, then the painted regions.
    style: Vec<PartMask>,
    /// `None` if all are 1.
    content: Option<PositionWeights>,
}

#[derive(Clone, Debug)]
struct PartMask {
    /// `None` if all are 1.
    weights: Option<PositionWeights>,
    /// The part's share of the layer's positions, less if they are few.
    share: f64,
}

/// A part of the picture at a layer.
pub struct Part<'a> {
    /// Its index: 0 is the rest of the picture, then the painted regions.
    pub index: usize,
    /// Weights of its positions; `None` if all are 1.
    pub weights: Option<&'a PositionWeights>,
    /// Factor of its terms: its share of the positions times its strength. So a style pulls each pixel as
    /// strongly as without regions, however many there are.
    pub share: f64,
}

impl LayerMasks {
    /// See [`Part`]. Without masks the whole picture is one part. Parts without any weight are left out.
    pub fn parts<'a>(masks: Option<&'a Self>, settings: &Settings) -> Vec<Part<'a>> {
        let Some(masks) = masks else { return vec![Part { index: 0, weights: None, share: 1.0 }] };
        let strengths = [1.0].into_iter().chain(settings.masks.painted().map(|region| region.strength));
        let parts = masks.style.iter().zip(strengths).enumerate().map(|(index, (part, strength))| Part {
            index,
            weights: part.weights.as_ref(),
            share: part.share * strength,
        });
        parts.filter(|part| part.share > 0.0).collect()
    }

    /// Weights of the content's distances; `None` if all are 1.
    pub fn content(&self) -> Option<&PositionWeights> {
        self.content.as_ref()
    }
}

impl LevelMasks {
    /// Of these masks.
    pub fn new(pixels: PixelMasks) -> Self {
        Self { pixels, layers: BTreeMap::new() }
    }

    /// Share of each pixel that stays as it is.
    pub fn freeze(&self) -> Option<&[f32]> {
        self.pixels.freeze.as_deref()
    }

    /// What a layer sees, if it is in use.
    pub fn at(&self, layer: Layer) -> Option<&LayerMasks> {
        self.layers.get(&layer)
    }

    /// Compute what these layers see of a picture of this height and width, if it `wraps` around, and upload
    /// it.
    pub fn ensure(&mut self, layers: &[Layer], shape: (usize, usize), wraps: bool, device: &TensorDevice) {
        let missing: Vec<Layer> =
            layers.iter().copied().filter(|layer| !self.layers.contains_key(layer)).collect();
        let Some(&deepest) = missing.iter().max() else { return };
        let PixelMasks { regions, style, content, .. } = &self.pixels;
        let whole = vec![1.0; shape.0 * shape.1];
        let style = style.as_ref().unwrap_or(&whole);
        let total: Vec<f32> = (0..whole.len())
            .map(|at| regions.iter().map(|(region, _)| region[at]).sum::<f32>().max(1.0))
            .collect();
        let region = |(region, edge): &(Vec<f32>, Edge)| {
            let shared = region.iter().zip(&total).zip(style).map(|((m, total), s)| m / total * s);
            (shared.collect(), *edge)
        };
        // The style map itself first: the rest of the picture is what the regions leave of it.
        let mut planes: Vec<(Vec<f32>, Edge)> = vec![(style.clone(), Edge::Soft)];
        planes.extend(regions.iter().map(region));
        // A style map is blurred where a hard region in it is not: what the rest may have at most, which is
        // nothing inside of hard regions.
        let leaks = self.pixels.style.is_some() && regions.iter().any(|(_, edge)| *edge == Edge::Hard);
        let most = leaks.then(|| {
            let mut most = style.clone();
            for (region, _) in planes[1..].iter().filter(|(_, edge)| *edge == Edge::Hard) {
                most.iter_mut().zip(region).for_each(|(most, m)| *most -= m);
            }
            (most, Edge::Hard)
        });
        planes.extend(content.iter().map(|content| (content.clone(), Edge::Soft)));
        planes.extend(most);
        let seen: Vec<_> = planes
            .into_par_iter()
            .map(|(plane, edge)| through_layers(plane, shape, edge, wraps, deepest, &missing))
            .collect();
        for layer in missing {
            let of = |plane: usize| seen[plane][&layer].clone();
            let (mut rest, shape) = of(0);
            let masked: Vec<Vec<f32>> = (1..=regions.len()).map(|plane| of(plane).0).collect();
            for region in &masked {
                rest.iter_mut().zip(region).for_each(|(rest, m)| *rest -= m);
            }
            if leaks {
                rest.iter_mut().zip(of(seen.len() - 1).0).for_each(|(rest, most)| *rest = rest.min(most));
            }
            rest.iter_mut().for_each(|rest| *rest = if *rest > NOTHING { *rest } else { 0.0 });
            let content = content.as_ref().and_then(|_| {
                let (content, _) = of(regions.len() + 1);
                weights(content, shape, device)
            });
            let style = [rest].into_iter().chain(masked);
            let style = style.map(|part| PartMask::new(part, shape, device)).collect();
            self.layers.insert(layer, LayerMasks { style, content });
        }
    }
}

impl PartMask {
    fn new(values: Vec<f32>, shape: (usize, usize), device: &TensorDevice) -> Self {
        let positions = values.len() as f64;
        let weights = weights(values, shape, device);
        let sum = weights.as_ref().map_or(positions, PositionWeights::sum);
        Self { weights, share: sum / positions * (sum / FEW.min(positions)).min(1.0) }
    }
}

/// A mask picture in a shape, `[H, W]`, 0 to 1: its luminance, 0 where it is transparent. What a JPEG leaves
/// of black and white is black and white.
pub fn fitted(picture: &Picture, (width, height): Dimensions) -> Vec<f32> {
    let grey = resize(&picture.flattened(Some(Rgb([0; 3]))), width, height, Filter::Bilinear);
    let value = |pixel: &image::Rgb<u8>| {
        let [red, green, blue] = pixel.0.map(f32::from);
        let value = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255.0;
        if value < MARGIN {
            0.0
        } else if value > 1.0 - MARGIN {
            1.0
        } else {
            value
        }
    };
    grey.pixels().map(value).collect()
}

/// Weights of a layer's positions, unless all are 1.
pub(super) fn weights(
    values: Vec<f32>,
    shape: (usize, usize),
    device: &TensorDevice,
) -> Option<PositionWeights> {
    let whole = values.iter().all(|&value| value == 1.0);
    (!whole).then(|| PositionWeights::new(values, shape, device))
}

/// What layers down to the `deepest` see of a mask, of those in `wanted`, with the layer's height and width.
pub(super) fn through_layers(
    mut plane: Vec<f32>,
    mut shape: (usize, usize),
    edge: Edge,
    wraps: bool,
    deepest: Layer,
    wanted: &[Layer],
) -> BTreeMap<Layer, (Vec<f32>, (usize, usize))> {
    let mut seen = BTreeMap::new();
    for layer in Layer::ALL.into_iter().take_while(|layer| *layer <= deepest) {
        if layer.after_pool() {
            plane = pooled(&plane, shape);
            shape = (shape.0 / 2, shape.1 / 2);
        }
        if edge != Edge::Hard {
            plane = blurred(&plane, shape, wraps);
        }
        if wanted.contains(&layer) {
            seen.insert(layer, (plane.clone(), shape));
        }
    }
    seen
}

/// Means of 2×2.
fn pooled(plane: &[f32], (height, width): (usize, usize)) -> Vec<f32> {
    let row = |y: usize| {
        let (upper, lower) = (&plane[2 * y * width..][..width], &plane[(2 * y + 1) * width..][..width]);
        let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
        pairs.map(|(a, b)| 0.25 * ((a[0] + a[1]) + (b[0] + b[1])))
    };
    (0..height / 2).flat_map(row).collect()
}

/// Means of 3×3; outside of the picture its edge goes on, or it wraps around.
fn blurred(plane: &[f32], (height, width): (usize, usize), wraps: bool) -> Vec<f32> {
    let around = |at: usize, length: usize| match wraps {
        true => ((at + length - 1) % length, (at + 1) % length),
        false => (at.saturating_sub(1), (at + 1).min(length - 1)),
    };
    // Dividing by 3 leaves a plane of ones as it is, to the last bit.
    let mean = |a: f32, b: f32, c: f32| (a + b + c) / 3.0;
    let mut rows = Vec::with_capacity(plane.len());
    for row in plane.chunks_exact(width) {
        rows.extend((0..width).map(|x| {
            let (left, right) = around(x, width);
            mean(row[left], row[x], row[right])
        }));
    }
    let mut out = Vec::with_capacity(plane.len());
    for y in 0..height {
        let (above, below) = around(y, height);
        out.extend(
            (0..width).map(|x| mean(rows[above * width + x], rows[y * width + x], rows[below * width + x])),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Masks, Region};

    fn layers() -> Vec<Layer> {
        Layer::ALL.to_vec()
    }

    /// A cross-fade from left to right in the middle of a picture 60 pixels wide.
    fn ramp(height: usize) -> Vec<f32> {
        (0..height).flat_map(|_| (0..60).map(|x| ((x as f32 - 20.0) / 20.0).clamp(0.0, 1.0))).collect()
    }

    fn settings(strengths: &[f64]) -> Settings {
        let region = |&strength: &f64| Region { strength, ..Region::default() };
        let masks = Masks { regions: strengths.iter().map(region).collect(), ..Masks::default() };
        Settings { masks, ..Settings::default() }
    }

    #[test]
    fn regions_and_the_rest_sum_to_one_at_every_layer_and_shares_too() {
        let (height, device) = (43, TensorDevice::flex());
        let right = ramp(height);
        let half: Vec<f32> = right.iter().map(|m| 0.7 * (1.0 - m)).collect();
        let mut masks = LevelMasks::new(PixelMasks {
            regions: vec![(right, Edge::Soft), (half, Edge::Soft)],
            ..PixelMasks::default()
        });
        masks.ensure(&layers(), (height, 60), false, &device);
        for layer in Layer::ALL {
            let at = masks.at(layer).unwrap();
            let of = |part: &PartMask| part.weights.as_ref().unwrap().values().to_vec();
            let parts: Vec<Vec<f32>> = at.style.iter().map(of).collect();
            let shape = (height / layer.stride()) * (60 / layer.stride());
            assert!(parts.iter().all(|part| part.len() == shape), "{layer}");
            for position in 0..shape {
                let sum: f32 = parts.iter().map(|part| part[position]).sum();
                assert!((sum - 1.0).abs() < 1e-5, "{layer}: {sum}");
            }
        }
        let parts = LayerMasks::parts(masks.at(Layer::ALL[0]), &settings(&[1.0, 0.5]));
        assert_eq!(parts.len(), 3);
        let sum = parts[0].share + parts[1].share + 2.0 * parts[2].share;
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        assert_eq!(LayerMasks::parts(None, &settings(&[1.0]))[0].share, 1.0);
    }

    #[test]
    fn the_rest_has_nothing_inside_of_a_hard_region_where_the_style_map_has_an_edge() {
        let plane = |value: fn(usize, usize) -> f32| -> Vec<f32> {
            (0..48 * 64).map(|at| value(at % 64, at / 64)).collect()
        };
        let mut masks = LevelMasks::new(PixelMasks {
            regions: vec![(plane(|x, _| if x < 32 { 1.0 } else { 0.0 }), Edge::Hard)],
            style: Some(plane(|_, y| if y < 20 { 1.0 } else { 0.25 })),
            content: Some(plane(|x, _| if x < 9 { 1.0 } else { 0.5 })),
            ..PixelMasks::default()
        });
        masks.ensure(&layers(), (48, 64), false, &TensorDevice::flex());
        for layer in Layer::ALL {
            let rest = masks.at(layer).unwrap().style[0].weights.as_ref().unwrap().values().to_vec();
            let (columns, inside) = (64 / layer.stride(), 32 / layer.stride());
            for (at, rest) in rest.iter().enumerate() {
                assert_eq!(*rest == 0.0, at % columns < inside, "{layer} at {at}: {rest}");
            }
        }
    }

    #[test]
    fn a_mask_of_ones_is_no_mask_and_one_of_zeros_no_part() {
        let (ones, device) = (vec![1.0; 64 * 48], TensorDevice::flex());
        for (wraps, edge) in [(false, Edge::Soft), (true, Edge::Soft), (false, Edge::Hard)] {
            let mut masks = LevelMasks::new(PixelMasks {
                regions: vec![(ones.clone(), edge), (vec![0.0; ones.len()], edge)],
                content: Some(ones.clone()),
                ..PixelMasks::default()
            });
            masks.ensure(&layers(), (64, 48), wraps, &device);
            for layer in Layer::ALL {
                let at = masks.at(layer);
                let parts = LayerMasks::parts(at, &settings(&[1.0, 1.0]));
                assert_eq!((parts.len(), parts[0].index, parts[0].share), (1, 1, 1.0), "{layer}");
                assert!(parts[0].weights.is_none() && at.unwrap().content().is_none());
            }
        }
    }

    #[test]
    fn overlapping_regions_share_and_few_positions_count_less() {
        let (ones, device) = (vec![1.0; 64 * 64], TensorDevice::flex());
        let mut masks = LevelMasks::new(PixelMasks {
            regions: vec![(ones.clone(), Edge::Hard), (ones, Edge::Hard)],
            ..PixelMasks::default()
        });
        masks.ensure(&layers(), (64, 64), false, &device);
        let shares = |layer: Layer| -> Vec<f64> {
            LayerMasks::parts(masks.at(layer), &settings(&[1.0, 1.0])).iter().map(|part| part.share).collect()
        };
        assert_eq!(shares(Layer::ALL[0]), [0.5, 0.5]);
        // 16 positions, of which each region has 8.
        assert_eq!(shares(Layer::ALL[15]), [0.25, 0.25]);
        let mut dot = vec![0.0; 64 * 64];
        dot[..16].fill(1.0);
        let mut masks =
            LevelMasks::new(PixelMasks { regions: vec![(dot, Edge::Hard)], ..PixelMasks::default() });
        masks.ensure(&layers(), (64, 64), false, &device);
        let parts = LayerMasks::parts(masks.at(Layer::ALL[0]), &settings(&[1.0]));
        assert!((parts[1].share - 16.0 / 4096.0 * 0.25).abs() < 1e-9, "{}", parts[1].share);
    }
}
