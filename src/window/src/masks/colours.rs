//! The colours by which regions are told apart, in the list and on the canvas.

use egui::Color32;

use super::Place;

/// Eight that differ in hue and lightness: they are told apart on photographs and with any colour vision.
const COLOURS: [Color32; 8] = [
    Color32::from_rgb(0x00, 0xb8, 0xff),
    Color32::from_rgb(0xff, 0x8c, 0x00),
    Color32::from_rgb(0xe8, 0x2a, 0x9c),
    Color32::from_rgb(0xd4, 0xf0, 0x2a),
    Color32::from_rgb(0x5a, 0x3c, 0xe0),
    Color32::from_rgb(0x00, 0xa8, 0x6a),
    Color32::from_rgb(0xff, 0xa0, 0xc8),
    Color32::from_rgb(0x8c, 0x1c, 0x13),
];

/// Colour of the maps, which are no regions.
const MAP: Color32 = Color32::from_gray(0xd0);

impl Place {
    /// Its colour; from the ninth region on they begin again.
    pub fn colour(self) -> Color32 {
        match self {
            Place::Region(index) => COLOURS[index % COLOURS.len()],
            Place::StyleMap | Place::ContentMap => MAP,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_colours_look_alike_nor_like_a_map() {
        // The differences of the channels, as the eye weighs them.
        let distance = |a: Color32, b: Color32| {
            let channel = |at: usize| f64::from(a.to_array()[at]) - f64::from(b.to_array()[at]);
            (2.0 * channel(0).powi(2) + 4.0 * channel(1).powi(2) + 3.0 * channel(2).powi(2)).sqrt()
        };
        let colour = |index| Place::Region(index).colour();
        let all: Vec<Color32> = (0..8).map(colour).chain([MAP]).collect();
        for (index, &a) in all.iter().enumerate() {
            for &b in &all[index + 1..] {
                assert!(distance(a, b) > 100.0, "{a:?} and {b:?}: {}", distance(a, b));
            }
        }
        assert_eq!(colour(9), colour(1));
    }
}
