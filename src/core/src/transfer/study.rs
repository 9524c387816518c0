//! Analysis of one layer: its Gram matrix beside the target's, its strongest feature maps, and a heat map of
//! its style term's gradient.

use burn::tensor::{Int, Tensor};
use image::{GrayImage, Luma, imageops};

use super::{TransferError, readback::values};
use crate::objective::Moments;
use impasto_network::{compute::Features, vgg::Layer};

/// Number of feature maps per layer.
pub const MAPS: usize = 8;
/// Longest side of feature maps and the heat map in pixels; larger ones are downsampled by averaging.
const MAP_SIDE: u32 = 192;

/// Analysis of a layer at a picture.
#[derive(Clone, Debug)]
pub struct LayerStudy {
    pub layer: Layer,
    /// Channels C of the layer.
    pub channels: usize,
    /// Gram matrix F·Fᵀ/P of the current picture, C×C.
    pub gram: Vec<f32>,
    /// Gram matrix of the styles' blend, C×C.
    pub target: Vec<f32>,
    /// The channels with the most energy in the style, strongest first.
    pub maps: Vec<FeatureMap>,
    /// Where the layer's style term changes the picture most.
    pub heat: Heat,
}

/// Norm of the gradient of a layer's style term with respect to each pixel, averaged over about one position
/// of the layer.
#[derive(Clone, Debug)]
pub struct Heat {
    /// Black is [`Heat::low`] or less, white [`Heat::high`] or more.
    pub map: GrayImage,
    /// Multiples of the median: the 5th percentile, but at most a half, and the 99th, but at least 2. So real
    /// differences show, and negligible ones are not exaggerated.
    pub low: f32,
    pub high: f32,
}

/// One channel's features on three pictures, in a common scale, with white as the largest value.
#[derive(Clone, Debug)]
pub struct FeatureMap {
    pub channel: usize,
    pub content: GrayImage,
    pub style: GrayImage,
    pub picture: GrayImage,
}

impl LayerStudy {
    /// ‖G − G*‖/‖G*‖: how far the picture's Gram matrix is from the target.
    pub fn distance(&self) -> f64 {
        let (mut apart, mut whole) = (0.0, 0.0);
        for (&found, &target) in self.gram.iter().zip(&self.target) {
            apart += f64::from(found - target).powi(2);
            whole += f64::from(target).powi(2);
        }
        if whole > 0.0 { (apart / whole).sqrt() } else { 0.0 }
    }

    /// The channels by their energy in the style, strongest first.
    pub fn by_strength(&self) -> Vec<usize> {
        strongest(&self.target, self.channels)
    }
}

/// Channels by the diagonal of a Gram matrix, largest first.
fn strongest(gram: &[f32], channels: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..channels).collect();
    order.sort_by(|&a, &b| gram[b * channels + b].total_cmp(&gram[a * channels + a]));
    order
}

/// The features to compare.
pub(super) struct StudyFeatures<'a> {
    pub content: &'a Features,
    pub style: &'a Features,
    pub picture: &'a Features,
    /// The styles' blended statistics.
    pub target: &'a Moments,
}

/// Build a study; `gradient` is that of the layer's style term with respect to the image, `[1, 3, H, W]`.
pub(super) fn study(
    layer: Layer,
    seen: &StudyFeatures<'_>,
    gradient: Tensor<4>,
) -> Result<LayerStudy, TransferError> {
    let channels = layer.channels();
    let gram = values(seen.picture.gram().reshape([channels * channels]))?;
    let target = values(seen.target.gram.clone().reshape([channels * channels]))?;
    let chosen: Vec<usize> = strongest(&target, channels).into_iter().take(MAPS).collect();
    let content = planes(seen.content, &chosen)?;
    let style = planes(seen.style, &chosen)?;
    let picture = planes(seen.picture, &chosen)?;
    let maps = chosen
        .iter()
        .enumerate()
        .map(|(index, &channel)| {
            let most = [&content, &style, &picture]
                .into_iter()
                .flat_map(|maps| maps.plane(index).iter().copied())
                .fold(f32::MIN_POSITIVE, f32::max);
            let gray = |maps: &ChannelMaps| gray(maps.plane(index), maps.width, maps.height, most);
            FeatureMap { channel, content: gray(&content), style: gray(&style), picture: gray(&picture) }
        })
        .collect();
    Ok(LayerStudy { layer, channels, gram, target, maps, heat: heat(gradient, layer)? })
}

/// Some channels of a layer's features.
struct ChannelMaps {
    width: u32,
    height: u32,
    values: Vec<f32>,
}

impl ChannelMaps {
    fn plane(&self, index: usize) -> &[f32] {
        let count = self.width as usize * self.height as usize;
        &self.values[index * count..][..count]
    }
}

fn planes(features: &Features, channels: &[usize]) -> Result<ChannelMaps, TransferError> {
    let tensor = features.to_tensor();
    let [_, _, height, width] = tensor.dims();
    let indices: Vec<i32> = channels.iter().map(|&channel| channel as i32).collect();
    let indices = Tensor::<1, Int>::from_data(indices.as_slice(), &tensor.device());
    let chosen = tensor.select(1, indices).reshape([channels.len() * height * width]);
    Ok(ChannelMaps { width: width as u32, height: height as u32, values: values(chosen)? })
}

/// The heat map of a gradient `[1, 3, H, W]` of a layer's term.
fn heat(gradient: Tensor<4>, layer: Layer) -> Result<Heat, TransferError> {
    let [_, _, height, width] = gradient.dims();
    let length = values(gradient.square().sum_dim(1).sqrt().reshape([height * width]))?;
    // Gradients of neighbouring pixels vary in sign and size; average them over a position of the layer.
    // Average before scaling, since single pixels may far exceed their surroundings.
    let length = averaged(&length, width, layer.stride());
    let mean = shrunk(length, width as u32, height as u32);
    let mut sorted: Vec<f32> = mean.pixels().map(|pixel| pixel.0[0]).collect();
    sorted.sort_by(f32::total_cmp);
    let part = |percent: usize| sorted[(sorted.len() - 1) * percent / 100];
    let median = part(50).max(f32::MIN_POSITIVE);
    let (low, high) = ((part(5) / median).min(0.5), (part(99) / median).max(2.0));
    let map = GrayImage::from_fn(mean.width(), mean.height(), |x, y| {
        Luma([byte((mean.get_pixel(x, y).0[0] / median - low) / (high - low))])
    });
    Ok(Heat { map, low, high })
}

/// Box filter with radius `reach`, over the neighbours inside of the picture.
fn averaged(values: &[f32], width: usize, reach: usize) -> Vec<f32> {
    let along = |line: &mut dyn Iterator<Item = f32>| -> Vec<f32> {
        let sums: Vec<f64> = std::iter::once(0.0)
            .chain(line.scan(0.0, |sum, value| {
                *sum += f64::from(value);
                Some(*sum)
            }))
            .collect();
        let count = sums.len() - 1;
        let mean = |at: usize| {
            let (from, to) = (at.saturating_sub(reach), (at + reach + 1).min(count));
            ((sums[to] - sums[from]) / (to - from) as f64) as f32
        };
        (0..count).map(mean).collect()
    };
    let rows: Vec<f32> = values.chunks(width).flat_map(|row| along(&mut row.iter().copied())).collect();
    let mut result = vec![0.0; values.len()];
    for column in 0..width {
        let line = along(&mut rows[column..].iter().step_by(width).copied());
        result[column..].iter_mut().step_by(width).zip(line).for_each(|(to, value)| *to = value);
    }
    result
}

fn gray(values: &[f32], width: u32, height: u32, most: f32) -> GrayImage {
    let mean = shrunk(values.to_vec(), width, height);
    // Most activations are small and few are large; the square root shows both.
    GrayImage::from_fn(mean.width(), mean.height(), |x, y| {
        Luma([byte((mean.get_pixel(x, y).0[0] / most).max(0.0).sqrt())])
    })
}

fn byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Downsample to at most [`MAP_SIDE`] by averaging.
fn shrunk(values: Vec<f32>, width: u32, height: u32) -> image::ImageBuffer<Luma<f32>, Vec<f32>> {
    let image = image::ImageBuffer::<Luma<f32>, Vec<f32>>::from_raw(width, height, values)
        .expect("one value per pixel");
    if width.max(height) <= MAP_SIDE {
        return image;
    }
    let (width, height) = crate::picture::fit(width, height, MAP_SIDE);
    imageops::resize(&image, width, height, imageops::FilterType::Triangle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(gram: Vec<f32>, target: Vec<f32>) -> LayerStudy {
        let layer = Layer::ALL[0];
        let heat = Heat { map: GrayImage::new(1, 1), low: 0.5, high: 2.0 };
        LayerStudy { layer, channels: 2, gram, target, maps: Vec::new(), heat }
    }

    #[test]
    fn channels_are_ordered_by_their_energy_in_the_style() {
        let study = of(vec![9.0, 0.0, 0.0, 1.0], vec![1.0, 0.5, 0.5, 2.0]);
        assert_eq!(study.by_strength(), [1, 0]);
    }

    #[test]
    fn the_distance_is_a_part_of_the_target() {
        let study = of(vec![3.0, 0.0, 0.0, 4.0], vec![3.0, 0.0, 0.0, 4.0]);
        assert_eq!(study.distance(), 0.0);
        let study = of(vec![0.0; 4], vec![3.0, 0.0, 0.0, 4.0]);
        assert!((study.distance() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn neighbours_are_averaged_and_the_edges_have_fewer() {
        let values: Vec<f32> = (0..5 * 4).map(|i| (i * i % 7) as f32).collect();
        let direct = |x: usize, y: usize| {
            let near = |at: usize, other: usize| at.abs_diff(other) <= 1;
            let window: Vec<f32> =
                (0..20).filter(|i| near(i % 5, x) && near(i / 5, y)).map(|i| values[i]).collect();
            window.iter().sum::<f32>() / window.len() as f32
        };
        for (at, value) in averaged(&values, 5, 1).into_iter().enumerate() {
            assert!((value - direct(at % 5, at / 5)).abs() < 1e-5, "at {at}");
        }
    }

    #[test]
    fn heat_shows_real_differences_only() {
        let device = burn::tensor::Device::flex();
        let of = |value: &dyn Fn(usize) -> f32| {
            let values: Vec<f32> = (0..3 * 40 * 40).map(|i| value(i % 1600)).collect();
            let gradient = Tensor::from_data(burn::tensor::TensorData::new(values, [1, 3, 40, 40]), &device);
            heat(gradient, Layer::ALL[0]).unwrap()
        };
        // One part has ten times the gradient of the rest.
        let uneven = of(&|i| if i % 40 < 8 { 1.0 } else { 0.1 });
        assert!(uneven.high > 9.0 && uneven.map.get_pixel(2, 20).0[0] == 255, "{uneven:?}");
        assert!(uneven.map.get_pixel(30, 20).0[0] < 20);
        // A nearly uniform gradient: no part is black or white.
        let even = of(&|i| 1.0 + 0.01 * (i % 5) as f32);
        assert_eq!((even.low, even.high), (0.5, 2.0));
        assert!(even.map.pixels().all(|pixel| (70..=100).contains(&pixel.0[0])), "{even:?}");
        // A single outlier does not hide the rest.
        let spike = of(&|i| if i == 800 { 100.0 } else { 0.1 + 0.001 * (i % 40) as f32 });
        assert!(spike.map.get_pixel(39, 5).0[0] > spike.map.get_pixel(0, 5).0[0] + 10);
    }

    #[test]
    fn large_maps_are_averaged() {
        let values: Vec<f32> = (0..400 * 200).map(|i| if (i % 400) < 200 { 1.0 } else { 0.0 }).collect();
        let map = gray(&values, 400, 200, 1.0);
        assert_eq!(map.dimensions(), (192, 96));
        assert_eq!((map.get_pixel(10, 50).0[0], map.get_pixel(180, 50).0[0]), (255, 0));
    }
}
