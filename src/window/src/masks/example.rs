//! The example with regions: a portrait in three styles, with a region for the face, the suit and the
//! background.

use std::{path::PathBuf, sync::Arc};

use super::Place;
use crate::{
    ImpastoApp,
    command::Tab,
    picture_source::Source,
    slot::{Slot, Target},
};
use impasto_core::{
    picture::{
        Drawing, Picture,
        drawing::{Mode, Shape, Stroke, size_for},
        example,
    },
    settings::{Edge, MAX_REGIONS, Masks, Region, RegionRole, RegionStyle},
};

/// The notes when it is opened, and in its place when it has begun another painting.
const OPENED: &str = "Opened the example: a face, a suit and a background to paint apart.";
const BEGUN: &str = "Opened the example: a face, a suit and a background to paint apart. It paints afresh.";

const CONTENT: &str = "Astronaut";
/// Width and height of the content, in whose pixels the outlines are.
const SIDE: u16 = 512;
/// The first one is that of hair, collar and helmet, which no region has.
const STYLES: [&str; 3] = ["Embers", "Swirl", "Mosaic"];

/// A region, drawn in one stroke.
struct Part {
    name: &'static str,
    /// Index among the styles; those of the rest if none.
    style: Option<usize>,
    role: RegionRole,
    strength: f64,
    edge: Edge,
    feather: f32,
    outline: &'static [[i16; 2]],
}

const PARTS: [Part; 3] = [
    Part {
        name: "face",
        style: None,
        role: RegionRole::Keep,
        strength: 0.15,
        edge: Edge::Soft,
        feather: 0.03,
        outline: FACE,
    },
    Part {
        name: "suit",
        style: Some(2),
        role: RegionRole::Paint,
        strength: 1.0,
        edge: Edge::Hard,
        feather: 0.01,
        outline: SUIT,
    },
    Part {
        name: "background",
        style: Some(1),
        role: RegionRole::Paint,
        strength: 1.0,
        edge: Edge::Hard,
        feather: 0.01,
        outline: BACK,
    },
];

#[rustfmt::skip]
const FACE: &[[i16; 2]] = &[
    [181, 98], [190, 86], [205, 80], [225, 80], [245, 84], [262, 92], [270, 104], [274, 124], [269, 141],
    [260, 158], [254, 174], [252, 187], [236, 190], [214, 187], [196, 181], [187, 166], [182, 150], [180, 132],
    [173, 122], [178, 108],
];

/// Up to the collar, the helmet and the lower side.
#[rustfmt::skip]
const SUIT: &[[i16; 2]] = &[
    [114, 205], [96, 214], [76, 230], [58, 246], [44, 268], [37, 300], [27, 345], [21, 380], [19, 410],
    [23, 445], [25, 480], [25, 520], [275, 520], [279, 470], [288, 430], [302, 400], [322, 373], [345, 357],
    [361, 350], [362, 330], [358, 303], [352, 282], [339, 259], [320, 243], [305, 237], [302, 258], [288, 278],
    [262, 291], [232, 294], [198, 288], [166, 272], [138, 246], [122, 224],
];

/// Around the picture, above the table, and back along the figure.
#[rustfmt::skip]
const BACK: &[[i16; 2]] = &[
    [-8, -8], [520, -8], [520, 275], [475, 272], [440, 280], [390, 287], [367, 293], [366, 346], [361, 350],
    [362, 330], [358, 303], [352, 282], [339, 259], [320, 243], [305, 237], [301, 220], [287, 198], [269, 182],
    [256, 174], [259, 158], [270, 138], [288, 122], [299, 103], [302, 80], [294, 52], [277, 31], [253, 17],
    [228, 13], [202, 16], [177, 32], [160, 52], [152, 78], [155, 101], [167, 119], [177, 133], [181, 149],
    [157, 151], [135, 162], [119, 182], [113, 204], [96, 214], [76, 230], [58, 246], [44, 268], [37, 300],
    [27, 345], [21, 380], [19, 410], [23, 445], [25, 480], [25, 520], [-8, 520],
];

impl Part {
    fn mask(&self) -> Result<Picture, String> {
        let share = |pixel: i16| f32::from(pixel) / f32::from(SIDE);
        let points = self.outline.iter().map(|point| point.map(share)).collect();
        let stroke = Stroke::new(Shape::Path { points, feather: self.feather }, Mode::Add);
        Drawing::on(None, size_for((u32::from(SIDE), u32::from(SIDE))), stroke)
    }

    fn region(&self, mask: PathBuf) -> Region {
        let style = |style: usize| RegionStyle { style, weight: 1.0 };
        Region {
            name: self.name.to_owned(),
            mask,
            role: self.role,
            strength: self.strength,
            edge: self.edge,
            styles: self.style.map(style).into_iter().collect(),
            ..Region::default()
        }
    }
}

impl ImpastoApp {
    /// Open the example in the place of the pictures and masks; the other settings stay.
    pub(crate) fn open_regions_example(&mut self) {
        let masks: Result<Vec<Picture>, String> = PARTS.iter().map(Part::mask).collect();
        let masks = match masks {
            Ok(masks) => masks,
            Err(text) => return self.messages.toasts.add(format!("The example cannot be drawn: {text}.")),
        };
        let desk = &mut self.pictures.masks;
        let names = masks.into_iter().map(|mask| desk.remember(Arc::new(mask)));
        let regions = PARTS.iter().zip(names).map(|(part, name)| part.region(name)).collect();
        desk.selected = Some(Place::Region(0));
        self.settings.masks = Masks { regions, ..Masks::default() };
        // What moved the former regions' strengths is not meant for these.
        self.settings.automation.move_strengths(MAX_REGIONS, |_| None);
        let source = |title: &str| example(title).map(Source::Example);
        self.open_all(Target::Content, source(CONTENT));
        self.pictures.styles = vec![Slot::new(self.next_number())];
        self.open_all(Target::Style, STYLES.into_iter().filter_map(source));
        self.show_tab(Tab::Regions);
        self.next.begin_afresh(OPENED, BEGUN);
        self.messages.toasts.add(OPENED);
        self.undo.call("", "Example with regions".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_lie_where_they_belong_and_hardly_overlap() {
        let content = example(CONTENT).unwrap().open();
        assert_eq!(content.dimensions(), (u32::from(SIDE), u32::from(SIDE)));
        assert!(STYLES.iter().all(|title| example(title).is_some()));
        let masks = PARTS.each_ref().map(|part| part.mask().unwrap().rgb);
        let covers = |x: u32, y: u32| masks.each_ref().map(|mask| mask.get_pixel(2 * x, 2 * y)[0]);
        for (place, wanted) in [
            // Nose, shoulder, flag and sky; then hair, collar, helmet and table, which are the rest's.
            ((225, 130), [255, 0, 0]),
            ((100, 300), [0, 255, 0]),
            ((40, 120), [0, 0, 255]),
            ((340, 60), [0, 0, 255]),
            ((225, 45), [0, 0, 0]),
            ((225, 230), [0, 0, 0]),
            ((400, 440), [0, 0, 0]),
            ((440, 310), [0, 0, 0]),
        ] {
            assert_eq!(covers(place.0, place.1), wanted, "{place:?}");
        }
        let pixels = masks[0].width() * masks[0].height();
        let shared = (0..pixels)
            .map(|at| (at % masks[0].width(), at / masks[0].width()))
            .filter(|&(x, y)| masks.iter().map(|mask| u32::from(mask.get_pixel(x, y)[0])).sum::<u32>() > 300)
            .count();
        assert!(shared < pixels as usize / 200, "{shared} of {pixels} pixels");
    }
}
