//! What the layer lab says about each layer.

use impasto_network::vgg::Layer;

/// Two sentences: what is seen in a layer's features, and why.
pub fn about(layer: Layer) -> String {
    let side = layer.receptive_field();
    match layer.block() {
        1 => {
            format!(
                "The first layers answer to single colours and to edges a few pixels long. A feature of {layer} sees only {side} pixels of the picture, so its style is palette, grain and the sharpness of a line."
            )
        }
        2 => {
            format!(
                "Here features answer to short strokes, corners and small repeated marks. After one pooling a feature of {layer} sees {side} pixels, enough for the texture of a brush but not for a form."
            )
        }
        3 => {
            format!(
                "Features of this block answer to woven and curved patterns: hair, hatching, scales, whole brush strokes. Those of {layer} see {side} pixels, about as much as a hand's movement leaves on a canvas."
            )
        }
        4 => {
            format!(
                "Features of this block answer to parts of things: eyes, wheels, swirls, arches. Those of {layer} see {side} pixels; as style they bring large motifs, as content they hold what is where without its exact pixels."
            )
        }
        _ => {
            format!(
                "The deepest layers answer to whole objects and scenes, wherever they stand. A feature of {layer} sees a square of {side} pixels, so its style is composition: which large forms go together."
            )
        }
    }
}

/// What a Gram matrix shows.
pub const GRAM: &str = "Each square is a pair of channels and says how strongly the two answer at the same places, \
over the whole picture; where they answer does not count. That is what makes it style: painting brings the left matrix \
to the middle one, and the right one shows what is still missing.";

/// What feature maps show.
pub const MAPS: &str = "The channels in which the style is strongest, each on the three pictures in one scale: white is \
where it answers most. A channel that is bright on the style and dark on the painting has strokes still to come.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_said_to_see_its_own_pixels() {
        for layer in Layer::ALL {
            let side = layer.receptive_field();
            assert!(about(layer).contains(&format!(" {side} pixels")), "{layer}: {}", about(layer));
        }
    }
}
