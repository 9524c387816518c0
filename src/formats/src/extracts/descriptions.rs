//! Descriptions of extracts.

use impasto_core::transfer::{LayerVisualization, VisualizationKind};

/// What an extract shows, and why, in two sentences.
pub fn about(visualization: LayerVisualization) -> String {
    let side = visualization.layer.receptive_field();
    match (visualization.kind, visualization.layer.block()) {
        (VisualizationKind::Texture, 1) => {
            format!("The style's colours and its finest grain, and no form at all. A feature here sees {side} pixels, so nothing larger than that has to agree.")
        }
        (VisualizationKind::Texture, 2) => {
            format!("Short strokes and dots in the style's colours. A feature here sees {side} pixels: a dab of paint, and not yet where it leads.")
        }
        (VisualizationKind::Texture, 3) => {
            format!("Whole brush strokes and how they run beside each other. A feature here sees {side} pixels, as much as one movement of the hand.")
        }
        (VisualizationKind::Texture, 4) => {
            format!("Motifs of the style: swirls, eyes, arches, scattered about. A feature here sees {side} pixels, enough for a part of a thing but not for the thing.")
        }
        (VisualizationKind::Texture, _) => {
            format!("Large pieces of the style, which follow each other as in the original. A feature here sees {side} pixels, and cares little for exact colours and lines.")
        }
        (VisualizationKind::Reconstruction, 1) => {
            "Nearly the picture itself. The first layers hardly leave anything out, so there is one picture that fits them: this one.".to_owned()
        }
        (VisualizationKind::Reconstruction, 2) => {
            "Still the picture, with edges a little softer. One pooling has thrown away where exactly each answer was, by a pixel.".to_owned()
        }
        (VisualizationKind::Reconstruction, 3) => {
            "Every form is in its place, under a veil of false grain. What some dozens of pixels have in common counts here, not each of them.".to_owned()
        }
        (VisualizationKind::Reconstruction, 4) => {
            "One can see what is where, while lines begin to waver and flat areas are filled at will. This is why content is taken from here: it leaves strokes and colours to the style.".to_owned()
        }
        (VisualizationKind::Reconstruction, _) => {
            "A rough arrangement, made of pieces that the network takes for the same things. So much has been pooled that many quite different pictures would fit.".to_owned()
        }
    }
}

/// A caption of a few words.
pub fn caption(visualization: LayerVisualization) -> &'static str {
    match (visualization.kind, visualization.layer.block()) {
        (VisualizationKind::Texture, 1) => "colour and grain",
        (VisualizationKind::Texture, 2) => "dabs",
        (VisualizationKind::Texture, 3) => "strokes",
        (VisualizationKind::Texture, 4) => "motifs",
        (VisualizationKind::Texture, _) => "large pieces",
        (VisualizationKind::Reconstruction, 1) => "nearly every pixel",
        (VisualizationKind::Reconstruction, 2) => "edges",
        (VisualizationKind::Reconstruction, 3) => "forms",
        (VisualizationKind::Reconstruction, 4) => "what is where",
        (VisualizationKind::Reconstruction, _) => "a rough arrangement",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_network::vgg::Layer;

    #[test]
    fn a_texture_is_said_to_see_its_layers_own_pixels() {
        for layer in Layer::ALL {
            let text = about(LayerVisualization::texture(layer));
            assert!(text.contains(&format!(" {} pixels", layer.receptive_field())), "{layer}: {text}");
        }
    }
}
