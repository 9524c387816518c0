//! The slots of all pictures that a painting is made from.

use std::{path::PathBuf, sync::Arc};

use egui::Rect;

use super::{
    following::watcher::Watcher,
    gallery::Gallery,
    incoming::Hovering,
    masks::MaskDesk,
    part::PartDialog,
    picture_source::{Opened, Source},
    slot::{Slot, Target},
};
use impasto_core::{picture::Picture, settings::StyleMix};

/// The slots of all pictures, and those on their way into them.
pub struct Pictures {
    pub content: Slot,
    /// Never empty: the first one may be an empty slot.
    pub styles: Vec<Slot>,
    pub palette: Slot,
    /// The setting that the palette's slot shows.
    pub palette_shown: Option<PathBuf>,
    /// The palettes without a file that were chosen, which settings may name again.
    pub pasted_palettes: Vec<Arc<Picture>>,
    /// The picture that painting begins with, if the settings name one, and the file that its slot shows.
    pub initial: Slot,
    pub initial_shown: Option<PathBuf>,
    /// Those of the settings' masks.
    pub masks: MaskDesk,
    pub gallery: Gallery,
    /// Looks at the files of the slots.
    pub watcher: Watcher<Box<Opened>>,
    pub hovering: Hovering,
    pub drop_rects: Vec<(Rect, Target)>,
    /// Pictures whose place is to be asked for.
    pub unplaced: Vec<Source>,
    /// The dialog in which a part of a style is chosen.
    pub part: Option<PartDialog>,
}

/// What the slots of a run held.
#[derive(Clone)]
pub struct HeldPictures {
    content: Slot,
    styles: Vec<Slot>,
    palette: Slot,
    palette_shown: Option<PathBuf>,
}

impl HeldPictures {
    /// The pictures that are there.
    pub fn loaded(&self) -> impl Iterator<Item = &Arc<Picture>> {
        let slots = [&self.content, &self.palette].into_iter().chain(&self.styles);
        slots.filter_map(|slot| slot.picture.as_ref()).map(|loaded| &loaded.picture)
    }
}

impl Pictures {
    /// Set how the styles with a picture count, part included, if there are as many.
    pub fn set_style_mixes(&mut self, mixes: &[StyleMix]) {
        let filled = self.styles.iter_mut().filter(|slot| slot.picture.is_some());
        let filled: Vec<_> = filled.collect();
        if filled.len() == mixes.len() {
            filled.into_iter().zip(mixes).for_each(|(slot, mix)| slot.mix = *mix);
        }
    }

    /// The slots of the run in hand.
    pub fn held(&self) -> HeldPictures {
        HeldPictures {
            content: self.content.bare(),
            styles: self.styles.iter().map(Slot::bare).collect(),
            palette: self.palette.bare(),
            palette_shown: self.palette_shown.clone(),
        }
    }

    /// Put them back; whatever is on its way is dropped.
    pub fn put_back(&mut self, held: HeldPictures) {
        (self.content, self.styles) = (held.content, held.styles);
        (self.palette, self.palette_shown) = (held.palette, held.palette_shown);
        // The settings that come with them count them as they are.
        self.masks.styles.begin_anew();
    }

    /// Empty slots, and the last of their numbers.
    pub fn new(gallery: Gallery) -> (Self, u64) {
        let pictures = Self {
            content: Slot::new(0),
            styles: vec![Slot::new(1)],
            palette: Slot::new(2),
            palette_shown: None,
            pasted_palettes: Vec::new(),
            initial: Slot::new(3),
            initial_shown: None,
            masks: MaskDesk::default(),
            gallery,
            watcher: Watcher::default(),
            hovering: Hovering::default(),
            drop_rects: Vec::new(),
            unplaced: Vec::new(),
            part: None,
        };
        (pictures, 3)
    }
}
