//! The figure of all extracts of a pair of pictures.

use std::collections::BTreeMap;

use image::RgbImage;

use super::{CONTENT_LAYERS, SourcePictures, caption, plan::resized_to};
use crate::explore::{Figure, FigureCell, FigureRow};
use impasto_core::transfer::LayerVisualization;
use impasto_network::vgg::Layer;

/// The visualizations of a figure: the style's five layers, then the content's.
pub fn visualizations() -> Vec<LayerVisualization> {
    let textures = Layer::PAPER_STYLE.into_iter().map(LayerVisualization::texture);
    textures.chain(CONTENT_LAYERS.into_iter().map(LayerVisualization::reconstruction)).collect()
}

/// The figure: the style and its layers' textures, below that the content and its layers' reconstructions.
/// What is missing in `made` stays blank. `side` is the longest side of a picture on it, in pixels.
pub fn figure(source: &SourcePictures, made: &BTreeMap<LayerVisualization, RgbImage>, side: u32) -> Figure {
    let cell = |visualization: LayerVisualization| FigureCell {
        title: visualization.layer.to_string(),
        caption: caption(visualization).to_owned(),
        picture: made.get(&visualization).cloned(),
    };
    let original = |title: &str, name: String, picture: RgbImage| FigureCell {
        title: title.to_owned(),
        caption: shortened(&name, 24),
        picture: Some(picture),
    };
    let row = |heading: &str, first: FigureCell, rest: Vec<FigureCell>| FigureRow {
        heading: heading.to_owned(),
        cells: std::iter::once(first).chain(rest).collect(),
    };
    let mut rows = Vec::new();
    let active: Vec<_> = source.styles.iter().filter(|style| style.mix.share() > 0.0).collect();
    if let Some(style) = active.iter().max_by(|a, b| a.mix.share().total_cmp(&b.mix.share())) {
        let first = style.part();
        let name = match active.len() {
            1 => first.name.clone(),
            more => format!("{} and {} more", first.name, more - 1),
        };
        let style = resized_to(&first, side, source.background);
        rows.push(row(
            "Style: a texture from each layer alone",
            original("the style", name, style),
            Layer::PAPER_STYLE.into_iter().map(LayerVisualization::texture).map(cell).collect(),
        ));
    }
    let content = resized_to(&source.content, side, source.background);
    rows.push(row(
        "Content: a reconstruction from each layer alone",
        original("the content", source.content.name.clone(), content),
        CONTENT_LAYERS.into_iter().map(LayerVisualization::reconstruction).map(cell).collect(),
    ));
    let legend = vec![
        "Each picture began as the same noise and was changed until one layer of VGG-19 responded to it as to the original."
            .to_owned(),
        "Style: the Gram matrices agree, wherever the features are. Content: the features themselves agree, each at its position."
            .to_owned(),
    ];
    Figure { rows, legend, side }
}

/// `text`, shortened to at most `most` characters.
fn shortened(text: &str, most: usize) -> String {
    match text.chars().count() <= most {
        true => text.to_owned(),
        false => text.chars().take(most - 1).chain(['…']).collect(),
    }
}
