//! Descriptions of extracts.

use impasto_core::transfer::{ExtractKind, Sight};

/// What an extract shows, and why, in two sentences.
pub fn about(sight: Sight) -> &'static str {
    match (sight.kind, sight.layer.block()) {
        (ExtractKind::Texture, 1) => {
            "The style's colours and its finest grain, and no form at all. A feature here sees 3 to 5 pixels, so nothing larger than that has to agree."
        }
        (ExtractKind::Texture, 2) => {
            "Short strokes and dots in the style's colours. A feature here sees 10 to 14 pixels: a dab of paint, and not yet where it leads."
        }
        (ExtractKind::Texture, 3) => {
            "Whole brush strokes and how they run beside each other. A feature here sees 24 to 48 pixels, as much as one movement of the hand."
        }
        (ExtractKind::Texture, 4) => {
            "Motifs of the style: swirls, eyes, arches, scattered about. A feature here sees 68 to 116 pixels, enough for a part of a thing but not for the thing."
        }
        (ExtractKind::Texture, _) => {
            "Large pieces of the style, which follow each other as in the original. A feature here sees 156 pixels or more, and cares little for exact colours and lines."
        }
        (ExtractKind::Reconstruction, 1) => {
            "Nearly the picture itself. The first layers hardly leave anything out, so there is one picture that fits them: this one."
        }
        (ExtractKind::Reconstruction, 2) => {
            "Still the picture, with edges a little softer. One pooling has thrown away where exactly each answer was, by a pixel."
        }
        (ExtractKind::Reconstruction, 3) => {
            "Every form is in its place, under a veil of false grain. What some dozens of pixels have in common counts here, not each of them."
        }
        (ExtractKind::Reconstruction, 4) => {
            "One can see what is where, while lines begin to waver and flat areas are filled at will. This is why content is taken from here: it leaves strokes and colours to the style."
        }
        (ExtractKind::Reconstruction, _) => {
            "A rough arrangement, made of pieces that the network takes for the same things. So much has been pooled that many quite different pictures would fit."
        }
    }
}

/// A caption of a few words.
pub fn caption(sight: Sight) -> &'static str {
    match (sight.kind, sight.layer.block()) {
        (ExtractKind::Texture, 1) => "colour and grain",
        (ExtractKind::Texture, 2) => "dabs",
        (ExtractKind::Texture, 3) => "strokes",
        (ExtractKind::Texture, 4) => "motifs",
        (ExtractKind::Texture, _) => "large pieces",
        (ExtractKind::Reconstruction, 1) => "nearly every pixel",
        (ExtractKind::Reconstruction, 2) => "edges",
        (ExtractKind::Reconstruction, 3) => "forms",
        (ExtractKind::Reconstruction, 4) => "what is where",
        (ExtractKind::Reconstruction, _) => "a rough arrangement",
    }
}
