//! Aims of the sizes that a run has left, for when one comes again: dropping, climbing and detours need not look at the
//! pictures anew.

use super::{aims::Aims, prepare::StyleLook};

/// Most floats kept of other sizes while the largest one is painted: a few per cent of what a step at 512 px takes.
const MOST: usize = 8 << 20;

/// See the module's description.
#[derive(Default)]
pub struct Shelf(Vec<Kept>);

struct Kept {
    /// Longest side of the level.
    size: u32,
    /// How the styles looked.
    looks: Vec<StyleLook>,
    aims: Aims,
}

impl Shelf {
    /// Keeps the aims of a level that is left.
    pub fn put(&mut self, size: u32, looks: Vec<StyleLook>, aims: Aims) {
        self.0.retain(|kept| kept.size != size);
        self.0.push(Kept { size, looks, aims });
    }

    /// The aims of a level that is entered, if its styles still look like that.
    pub fn take(&mut self, size: u32, looks: &[StyleLook]) -> Option<Aims> {
        let at = self.0.iter().position(|kept| kept.size == size)?;
        let kept = self.0.swap_remove(at);
        (kept.looks == looks).then_some(kept.aims)
    }

    /// Lets go of what is too much beside a level of this size, the largest first. What is larger than that level takes
    /// less than the step that is not painted there now.
    pub fn trim(&mut self, size: u32) {
        self.0.sort_by_key(|kept| kept.size);
        let mut floats = 0;
        self.0.retain(|kept| {
            floats += kept.aims.floats();
            kept.size > size || floats <= MOST
        });
    }
}
