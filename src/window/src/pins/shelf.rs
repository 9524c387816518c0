//! Pinned moments whose place those of a project have taken: they come back with a painting of theirs.

use std::{collections::BTreeMap, sync::Arc};

use image::RgbImage;

use super::{ImpastoApp, Pin, Pins};
use crate::recipes::PaintedPicture;
use impasto_core::picture::Picture;
use impasto_engine::timeline::Moment;

/// The number of a set of pinned moments. All that is painted between two openings of projects shares one.
pub type PinSet = u64;

/// A set that is put away.
pub struct Shelved {
    /// Each with what the timeline knows of it, which may forget it meanwhile.
    pins: Vec<(Pin, Moment)>,
    /// The last number that was given.
    pinned: u32,
}

/// The sets that are put away, and the number of the one in hand.
#[derive(Default)]
pub struct Shelf {
    current: PinSet,
    /// The last number that was given.
    last: PinSet,
    sets: BTreeMap<PinSet, Shelved>,
}

impl Shelf {
    pub fn current(&self) -> PinSet {
        self.current
    }

    /// Another set is in hand from now on.
    pub fn begin_next(&mut self) {
        self.last += 1;
        self.current = self.last;
    }

    /// Take out a set that is put away.
    pub fn take(&mut self, set: PinSet) -> Option<Shelved> {
        self.sets.remove(&set)
    }

    /// Drop the sets of paintings that cannot be returned to.
    pub fn retain(&mut self, wanted: impl Fn(PinSet) -> bool) {
        self.sets.retain(|set, _| wanted(*set));
    }

    /// The painted pictures of a set that is put away, and the contents that they are of.
    pub fn pictures(&self, set: PinSet) -> impl Iterator<Item = (&Arc<RgbImage>, Option<&Arc<Picture>>)> {
        let pins = self.sets.get(&set).into_iter().flat_map(|shelved| &shelved.pins);
        pins.map(|(pin, _)| {
            let PaintedPicture { picture, given, .. } = &pin.painting;
            (picture, given.as_deref().map(|(content, _)| content))
        })
    }
}

impl ImpastoApp {
    /// Put the pinned moments away: they are moments like any other for the time being.
    pub(super) fn shelve_pins(&mut self) {
        let timeline = &self.view.film.timeline;
        let with_moment = |pin: &Pin| Some((pin.clone(), timeline.get(pin.moment)?.clone()));
        let pins: Vec<(Pin, Moment)> = self.view.pins.all.iter().filter_map(with_moment).collect();
        pins.iter().for_each(|(pin, _)| self.unpin(pin.moment));
        let Pins { only, generation, pinned, .. } = self.view.pins;
        self.view.pins = Pins { only, generation: generation + 1, ..Pins::default() };
        let shelf = &mut self.paintings.shelf;
        shelf.sets.insert(shelf.current, Shelved { pins, pinned });
    }

    /// Put a set that was put away in the place of the one in hand, if that is another one.
    pub(crate) fn return_pins(&mut self, set: PinSet, shelved: Option<Shelved>) {
        if set == self.paintings.shelf.current {
            return;
        }
        self.shelve_pins();
        self.paintings.shelf.current = set;
        let Some(Shelved { pins, pinned }) = shelved else { return };
        for (pin, moment) in pins {
            let moment = self.view.film.add_again(moment, &pin.painting.picture);
            self.add_pin(Pin { moment, ..pin });
        }
        self.view.pins.pinned = pinned;
    }
}
