//! The time machine's storage: which moments of a painting are kept, and where their pictures are.
//!
//! [`Timeline`] is the index, thinned as a run grows older; [`MomentStore`] keeps the pictures and the
//! engine's states, compressed in memory up to a limit, 96 MiB together, and in a cache folder beyond it.
//! Pinned moments are never thinned out, and the store holds their pictures beside its limits.
//!
//! It is our own because no cache crate thins by a moment's place in a run: older moments become sparse,
//! recent ones stay dense.

mod blob_cache;
mod cache;
mod moment;
mod store;
mod thin;

use crate::session::Snapshot;
use impasto_core::run::RunId;

pub use blob_cache::Full;
pub use moment::{Moment, MomentId};
pub use store::{Limits, MomentReader, MomentStore, StoreResult, THUMBNAIL};

/// The moments of everything painted since the window opened, oldest first.
#[derive(Debug)]
pub struct Timeline {
    moments: Vec<Moment>,
    next: MomentId,
    max: usize,
    /// Moments below this id were sent to the store before it last had to make room.
    room_made: MomentId,
}

/// Maximum number of moments in a timeline.
pub const MAX_MOMENTS: usize = 600;

impl Default for Timeline {
    fn default() -> Self {
        Self::new(MAX_MOMENTS)
    }
}

impl Timeline {
    /// A timeline of at most `max` moments.
    pub fn new(max: usize) -> Self {
        Self { moments: Vec::new(), next: 1, max: max.max(4), room_made: 1 }
    }

    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    pub fn is_empty(&self) -> bool {
        self.moments.is_empty()
    }

    pub fn get(&self, id: MomentId) -> Option<&Moment> {
        self.position(id).map(|index| &self.moments[index])
    }

    pub fn get_mut(&mut self, id: MomentId) -> Option<&mut Moment> {
        self.position(id).map(|index| &mut self.moments[index])
    }

    pub fn position(&self, id: MomentId) -> Option<usize> {
        self.moments.binary_search_by_key(&id, |moment| moment.id).ok()
    }

    /// Add a moment painted at `at` seconds; returns its id and those of the moments removed for it.
    pub fn add(&mut self, run: RunId, snapshot: &Snapshot, at: f64) -> (MomentId, Vec<MomentId>) {
        let id = self.next;
        self.next += 1;
        self.moments.push(Moment {
            id,
            run,
            step: snapshot.step,
            place: snapshot.place.clone(),
            elapsed: snapshot.elapsed,
            settings: snapshot.settings.clone(),
            styles: snapshot.styles.clone(),
            pictures: snapshot.pictures.clone(),
            total: snapshot.losses.as_ref().map(|losses| losses.total),
            at,
            changed: false,
            pinned: false,
            exact: false,
            bytes: 0,
            thumbnail: None,
        });
        self.compare(self.moments.len() - 1);
        let mut removed = Vec::new();
        while self.moments.len() > self.max {
            match self.thin() {
                Some(id) => removed.push(id),
                None => break,
            }
        }
        (id, removed)
    }

    /// Remove the least useful moment and return its id.
    pub fn thin(&mut self) -> Option<MomentId> {
        thin::least_missed(&self.moments).map(|index| self.forget(index))
    }

    fn forget(&mut self, index: usize) -> MomentId {
        let removed = self.moments.remove(index);
        self.compare(index);
        removed.id
    }

    /// Update whether the settings of the moment at `index`, if there is one, differ from the previous
    /// moment's.
    fn compare(&mut self, index: usize) {
        let before = index.checked_sub(1).and_then(|before| self.moments.get(before));
        let changed = before.zip(self.moments.get(index)).is_some_and(|(before, this)| {
            before.run == this.run && (before.settings != this.settings || before.styles != this.styles)
        });
        if let Some(this) = self.moments.get_mut(index) {
            this.changed = changed;
        }
    }

    /// Apply the store's result for a moment; returns the moments removed.
    pub fn take(&mut self, kept: StoreResult) -> Vec<MomentId> {
        match kept {
            StoreResult::Stored { id, thumbnail, bytes, exact } => match self.get_mut(id) {
                Some(moment) => {
                    moment.thumbnail = Some(thumbnail);
                    moment.bytes = bytes;
                    moment.exact = exact;
                    Vec::new()
                }
                // It was removed while it was being compressed.
                None => vec![id],
            },
            StoreResult::Refused { id } => {
                // The store holds a pinned moment's picture all the same.
                if self.get(id).is_some_and(|moment| !moment.pinned) {
                    self.remove(id);
                }
                // Moments sent before that are refused as well, and need no more room.
                if id < self.room_made {
                    return Vec::new();
                }
                self.room_made = self.next;
                // Make room for the next ones: an eighth of the moments.
                (0..=self.moments.len() / 8).map_while(|_| self.thin()).collect()
            }
            StoreResult::StatesRemoved(ids) => {
                for id in ids {
                    if let Some(moment) = self.get_mut(id) {
                        moment.exact = false;
                    }
                }
                Vec::new()
            }
        }
    }

    /// Remove a moment.
    pub fn remove(&mut self, id: MomentId) {
        if let Some(index) = self.position(id) {
            self.forget(index);
        }
    }

    /// Bytes of all moments in the store.
    pub fn bytes(&self) -> u64 {
        self.moments.iter().map(|moment| moment.bytes).sum()
    }
}
