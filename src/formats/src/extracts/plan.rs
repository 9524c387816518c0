//! Which extracts a pair of pictures has, as jobs.

use std::sync::Arc;

use image::RgbImage;

use impasto_core::{
    picture::{Filter, MIN_SIDE, Picture, fit, resize},
    settings::Rgb,
    transfer::{Dimensions, LayerVisualization, NetworkConfig, StyleSource, VisualizationJob},
};
use impasto_network::vgg::Layer;

/// The layers of a content's figure row: relu1_2, relu2_2, relu3_2, relu4_2, relu5_2, as in figure 1 of
/// Gatys, Ecker & Bethge.
pub const CONTENT_LAYERS: [Layer; 5] =
    [Layer::ALL[1], Layer::ALL[3], Layer::ALL[5], Layer::ALL[9], Layer::ALL[13]];
/// Longest side of an extract in a mixer's strip and in the lab, in pixels.
pub const SMALL: u32 = 112;
pub const LARGE: u32 = 192;
/// Ratio of the style's longest side to the texture's. With 1 the deep layers, which see the frame, would
/// copy the style instead of making a texture.
const STYLE_PART: f64 = 1.6;

/// The pictures that extracts are made from.
#[derive(Clone, Debug)]
pub struct SourcePictures {
    pub content: Arc<Picture>,
    /// The styles, whose scales do not count; those with weight 0 are left out.
    pub styles: Vec<StyleSource>,
    /// Background for transparency.
    pub background: Rgb,
}

/// Resize a picture to this longest side, or larger if its shorter side would be too short for the deepest
/// layer.
pub(super) fn resized_to(picture: &Picture, side: u32, background: Rgb) -> RgbImage {
    let (width, height) = picture.dimensions();
    let (width, height) = at_least(fit(width, height, side));
    resize(&picture.flattened(Some(background)), width, height, Filter::Lanczos)
}

fn at_least((width, height): Dimensions) -> Dimensions {
    (width.max(MIN_SIDE), height.max(MIN_SIDE))
}

/// The jobs for these visualizations, in their order, with this longest side in pixels. Textures are square;
/// there are none if no style has a weight.
pub fn plan(
    source: &SourcePictures,
    visualizations: &[LayerVisualization],
    side: u32,
    network_config: &NetworkConfig,
) -> Vec<VisualizationJob> {
    let style_side = (f64::from(side) * STYLE_PART).round() as u32;
    let total: f64 = source.styles.iter().map(|style| style.mix.share()).sum();
    let styles: Vec<(RgbImage, f64)> = source
        .styles
        .iter()
        .filter(|style| style.mix.share() > 0.0)
        // In whole hundredths, so that a weight moved there and back finds the same extract.
        .map(|style| {
            let weight = (100.0 * style.mix.share() / total).round().max(1.0);
            (resized_to(&style.part(), style_side, source.background), weight)
        })
        .collect();
    let styles = Arc::new(styles);
    let content = resized_to(&source.content, side, source.background);
    let shape = content.dimensions();
    let content = Arc::new(vec![(content, 1.0)]);
    let job = |&visualization: &LayerVisualization| match visualization.kind {
        impasto_core::transfer::VisualizationKind::Texture if styles.is_empty() => None,
        impasto_core::transfer::VisualizationKind::Texture => {
            let square = at_least((side, side));
            Some(VisualizationJob::new(visualization, Arc::clone(&styles), square, network_config.clone()))
        }
        impasto_core::transfer::VisualizationKind::Reconstruction => {
            Some(VisualizationJob::new(visualization, Arc::clone(&content), shape, network_config.clone()))
        }
    };
    visualizations.iter().filter_map(job).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_core::settings::{Padding, Pooling, Precision, StyleMix};

    fn picture(width: u32, height: u32, shade: u8) -> Arc<Picture> {
        let pixels = [shade, 20, 200, 255].repeat((width * height) as usize);
        Arc::new(Picture::from_rgba("test", width, height, pixels).unwrap())
    }

    fn network_config() -> NetworkConfig {
        let (padding, pooling, precision) = (Padding::Replicate, Pooling::Max, Precision::Full);
        NetworkConfig { weights: "abc".into(), padding, pooling, precision }
    }

    fn style(picture: Arc<Picture>, weight: f64) -> StyleSource {
        StyleSource { picture, mix: StyleMix { weight, ..StyleMix::default() } }
    }

    #[test]
    fn every_sight_has_its_shape_and_a_key_of_its_own() {
        let source = SourcePictures {
            content: picture(300, 150, 9),
            styles: vec![style(picture(200, 100, 70), 1.0)],
            background: Rgb::WHITE,
        };
        let textures = Layer::PAPER_STYLE.map(LayerVisualization::texture);
        let contents = CONTENT_LAYERS.map(LayerVisualization::reconstruction);
        let visualizations: Vec<LayerVisualization> = textures.into_iter().chain(contents).collect();
        let jobs: Vec<VisualizationJob> = [64, 96]
            .iter()
            .flat_map(|&side| plan(&source, &visualizations, side, &network_config()))
            .collect();
        assert_eq!((jobs[0].shape, jobs[5].shape), ((64, 64), (64, 32)));
        let mut keys: Vec<&str> = jobs.iter().map(|job| job.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 20);
    }

    #[test]
    fn the_key_covers_exactly_what_matters() {
        let visualizations = [LayerVisualization::texture(Layer::PAPER_STYLE[2])];
        let key = |styles: &[(Arc<Picture>, f64)], network_config: NetworkConfig| {
            let source = SourcePictures {
                content: picture(64, 64, 9),
                styles: styles.iter().cloned().map(|(picture, weight)| style(picture, weight)).collect(),
                background: Rgb::WHITE,
            };
            plan(&source, &visualizations, 64, &network_config).first().map(|job| job.key.clone())
        };
        let (one, two) = (picture(80, 80, 1), picture(80, 80, 200));
        let usual = key(&[(Arc::clone(&one), 1.0)], network_config());
        // Another picture of the same pixels, another weight of the only style, a second one that is off.
        assert_eq!(usual, key(&[(picture(80, 80, 1), 0.5)], network_config()));
        assert_eq!(usual, key(&[(Arc::clone(&one), 1.0), (Arc::clone(&two), 0.0)], network_config()));
        let mut others = vec![
            key(&[(Arc::clone(&two), 1.0)], network_config()),
            key(&[(Arc::clone(&one), 1.0), (Arc::clone(&two), 1.0)], network_config()),
            key(&[(Arc::clone(&one), 1.0), (two, 0.5)], network_config()),
            key(&[(Arc::clone(&one), 1.0)], NetworkConfig { weights: "abd".into(), ..network_config() }),
            key(&[(Arc::clone(&one), 1.0)], NetworkConfig { padding: Padding::Zero, ..network_config() }),
            key(&[(Arc::clone(&one), 1.0)], NetworkConfig { pooling: Pooling::Average, ..network_config() }),
            key(&[(one, 1.0)], NetworkConfig { precision: Precision::Fast, ..network_config() }),
            usual,
        ];
        others.sort();
        others.dedup();
        assert_eq!(others.len(), 8);
        assert_eq!(key(&[], network_config()), None);
    }

    #[test]
    fn a_narrow_picture_stays_wide_enough_for_the_deepest_layer() {
        let source = SourcePictures {
            content: picture(1000, 20, 9),
            styles: vec![style(picture(20, 1000, 70), 1.0)],
            background: Rgb::WHITE,
        };
        let visualizations =
            [LayerVisualization::texture(Layer::ALL[15]), LayerVisualization::reconstruction(Layer::ALL[15])];
        for job in plan(&source, &visualizations, 64, &network_config()) {
            let (width, height) = job.pictures[0].0.dimensions();
            assert!(width.min(height) >= 16 && job.shape.0.min(job.shape.1) >= 16);
        }
    }
}
