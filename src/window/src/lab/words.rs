//! What the layer lab says about each layer.

use impasto_network::vgg::Layer;

/// Two sentences: what is seen in a layer's features, and why.
pub fn about(layer: Layer) -> &'static str {
    match layer.block() {
        1 => {
            "The first layers answer to single colours and to edges a few pixels long. Each of their features sees only 3 to 5 pixels of the picture, so their style is palette, grain and the sharpness of a line."
        }
        2 => {
            "Here features answer to short strokes, corners and small repeated marks. After one pooling a feature sees 10 to 14 pixels, enough for the texture of a brush but not for a form."
        }
        3 => {
            "Features of this block answer to woven and curved patterns: hair, hatching, scales, whole brush strokes. They see 24 to 48 pixels, about as much as a hand's movement leaves on a canvas."
        }
        4 => {
            "Features of this block answer to parts of things: eyes, wheels, swirls, arches. They see 68 to 116 pixels; as style they bring large motifs, as content they hold what is where without its exact pixels."
        }
        _ => {
            "The deepest layers answer to whole objects and scenes, wherever they stand. Each feature sees a square of 156 pixels or more, so their style is composition: which large forms go together."
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
