//! State shared by the window and the painter: the queue's list, a grid's cells, and their progress. Both
//! hold the lock only briefly, so neither waits for the other.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use image::RgbImage;

use super::{
    Cell, CellProgress, CpuSharing, Item, ItemMove, ItemProgress, ItemState, LiveActivity, PaintedCell,
    QueueStore, QueueSummary,
};
use impasto_formats::known::KnownFiles;

/// Longest side of an item's thumbnail, in pixels.
pub(super) const THUMBNAIL_SIDE: u32 = 160;

#[derive(Default)]
pub(super) struct Inner {
    pub(super) items: Vec<Item>,
    pub(super) last_id: u64,
    /// Incremented at every change of the list.
    pub(super) version: u64,
    /// The list differs from the file.
    pub(super) unwritten: bool,
    /// The last write has failed.
    write_failed: bool,
    pub(super) held: bool,
    pub(super) shutting_down: bool,
    pub(super) live: LiveActivity,
    /// Whether the painter's own device is the CPU; unknown until it has opened one.
    pub(super) on_cpu: Option<bool>,
    pub(super) now: Option<ItemProgress>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) cells: VecDeque<Cell>,
    pub(super) cell: Option<CellProgress>,
    pub(super) cell_stop: Arc<AtomicBool>,
    pub(super) painted: Vec<PaintedCell>,
    pub(super) thumbnails: BTreeMap<u64, Arc<RgbImage>>,
    /// Last measured seconds per unit of [`Item::work`].
    pub(super) pace: Option<f64>,
    /// Number of unfinished items, and of failed ones.
    pub(super) open: usize,
    pub(super) failed: usize,
    /// Work of the waiting items, and of the current one.
    pub(super) waiting_work: f64,
    pub(super) work_in_hand: f64,
    /// Number of [`Adding`]s.
    adding: usize,
}

impl Inner {
    pub(super) fn mark_changed(&mut self) {
        self.version += 1;
        self.unwritten = true;
        let count = |fits: fn(&ItemState) -> bool| self.items.iter().filter(|item| fits(&item.state)).count();
        (self.open, self.failed) =
            (count(ItemState::is_open), count(|state| matches!(state, ItemState::Failed { .. })));
        let work = |state: ItemState| {
            self.items.iter().filter(move |item| item.state == state).map(Item::work).sum()
        };
        (self.waiting_work, self.work_in_hand) = (work(ItemState::Waiting), work(ItemState::Painting));
    }

    pub(super) fn yields(&self) -> bool {
        let live = self.live;
        let shares_cpu = live.on_cpu && self.on_cpu.unwrap_or(true);
        shares_cpu && (live.dragging || (live.painting && live.cpu_sharing == CpuSharing::Wait))
    }

    pub(super) fn cells_yield(&self) -> bool {
        self.live.on_cpu && self.live.dragging && self.on_cpu.unwrap_or(true)
    }

    pub(super) fn position(&self, id: u64) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }

    pub(super) fn take_cell(&mut self) -> Option<(Box<Cell>, Arc<AtomicBool>)> {
        if self.cells_yield() {
            return None;
        }
        let cell = self.cells.pop_front()?;
        self.cell = Some(CellProgress { grid: cell.grid, index: cell.index, share: 0.0 });
        self.cell_stop = Arc::default();
        Some((Box::new(cell), Arc::clone(&self.cell_stop)))
    }
}

pub(super) struct Shared {
    pub(super) inner: Mutex<Inner>,
    pub(super) changed: Condvar,
    /// Held while the file is written, so that an older list never replaces a newer one.
    store: Mutex<Option<QueueStore>>,
    folder: Mutex<Option<PathBuf>>,
    known_files: Mutex<KnownFiles>,
}

/// A handle to the queue; cheap to clone.
#[derive(Clone)]
pub struct JobQueue(pub(super) Arc<Shared>);

impl Default for JobQueue {
    fn default() -> Self {
        Self(Arc::new(Shared {
            inner: Mutex::default(),
            changed: Condvar::new(),
            store: Mutex::default(),
            folder: Mutex::default(),
            known_files: Mutex::default(),
        }))
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The list at one moment, to be written.
struct Unwritten {
    items: Vec<Item>,
    /// Pictures were being stored for items that the list lacks, see [`Adding`].
    adding: bool,
}

/// Pictures are being stored for items that are not in the list yet: none is removed while this lives.
pub struct Adding(JobQueue);

impl Drop for Adding {
    fn drop(&mut self) {
        lock(&self.0.0.inner).adding -= 1;
    }
}

/// The window's side.
impl JobQueue {
    /// Change the shared state and wake the painter.
    fn change<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        let result = work(&mut lock(&self.0.inner));
        self.0.changed.notify_all();
        result
    }

    /// Load the queue of the previous program run. It is held if it has unfinished items, see
    /// [`JobQueue::hold`].
    pub fn restore(&self, store: Option<QueueStore>, items: Vec<Item>) {
        *lock(&self.0.folder) = store.as_ref().map(|store| store.folder().to_owned());
        *lock(&self.0.store) = store;
        self.change(|inner| {
            inner.last_id = items.iter().map(|item| item.id).max().unwrap_or(0);
            inner.held = items.iter().any(|item| item.state.is_open());
            inner.items = items;
            inner.mark_changed();
            inner.unwritten = false;
        });
    }

    /// The folder for pictures without a file.
    pub fn folder(&self) -> Option<PathBuf> {
        lock(&self.0.folder).clone()
    }

    /// Take this before pictures are stored for an item, and drop it when the item is added. Waits while the
    /// list is written.
    pub fn begin_adding(&self) -> Adding {
        let _writing = lock(&self.0.store);
        lock(&self.0.inner).adding += 1;
        Adding(self.clone())
    }

    /// Set the register in which the files of painted items are noted.
    pub fn set_known_files(&self, known: KnownFiles) {
        *lock(&self.0.known_files) = known;
    }

    pub(super) fn known_files(&self) -> KnownFiles {
        lock(&self.0.known_files).clone()
    }

    /// Append items. Unfinished items get different output names, except those of a batch, whose folder's
    /// list tells whether they are the same. `thumbnail` is shown for them until they are painted.
    pub fn add(&self, items: impl IntoIterator<Item = Item>, thumbnail: Option<&Arc<RgbImage>>) {
        self.change(|inner| {
            for mut item in items {
                inner.last_id += 1;
                item.id = inner.last_id;
                if !item.batch {
                    item.output = free_output(&inner.items, &item.output);
                }
                if let Some(thumbnail) = thumbnail {
                    inner.thumbnails.insert(item.id, Arc::clone(thumbnail));
                }
                inner.items.push(item);
            }
            inner.mark_changed();
        });
    }

    /// The output file that an item would get, as far as is known now.
    pub fn free_output(&self, output: &Path) -> PathBuf {
        free_output(&lock(&self.0.inner).items, output)
    }

    /// Incremented at every change of the list.
    pub fn version(&self) -> u64 {
        lock(&self.0.inner).version
    }

    /// Access the list, in its order.
    pub fn items<T>(&self, read: impl FnOnce(&[Item]) -> T) -> T {
        read(&lock(&self.0.inner).items)
    }

    /// The thumbnail of an item, if there is one.
    pub fn thumbnail(&self, id: u64) -> Option<Arc<RgbImage>> {
        lock(&self.0.inner).thumbnails.get(&id).cloned()
    }

    /// Progress of the current item.
    pub fn now(&self) -> Option<ItemProgress> {
        let inner = lock(&self.0.inner);
        inner.now.clone().map(|now| ItemProgress { waits: inner.yields(), ..now })
    }

    pub fn summary(&self) -> QueueSummary {
        let inner = lock(&self.0.inner);
        let (open, failed) = (inner.open, inner.failed);
        let in_hand = match &inner.now {
            Some(now) => now.seconds_left.or(inner.pace.map(|pace| pace * inner.work_in_hand)),
            None => Some(0.0),
        };
        let rest = match inner.waiting_work {
            0.0 => Some(0.0),
            work => inner.pace.map(|pace| pace * work),
        };
        let seconds_left = in_hand.zip(rest).map(|(in_hand, rest)| in_hand + rest).filter(|_| open > 0);
        let waits = open > 0 && !inner.held && inner.yields();
        QueueSummary {
            open,
            failed,
            finished: inner.items.len() - open - failed,
            held: inner.held,
            waits,
            seconds_left,
        }
    }

    /// Hold or release the queue. While it is held, the current item waits between two steps.
    pub fn hold(&self, held: bool) {
        self.change(|inner| {
            if inner.held != held {
                inner.held = held;
                inner.version += 1;
            }
        });
    }

    /// Set the live activity.
    pub fn set_live(&self, live: LiveActivity) {
        if lock(&self.0.inner).live != live {
            self.change(|inner| inner.live = live);
        }
    }

    /// Move an item.
    pub fn reorder(&self, id: u64, to: ItemMove) {
        self.change(|inner| {
            let Some(at) = inner.position(id) else { return };
            let last = inner.items.len() - 1;
            let target = match to {
                ItemMove::Up => at.saturating_sub(1),
                ItemMove::Down => (at + 1).min(last),
                // Removing the item shifts later ones up.
                ItemMove::To(place) if place > at => (place - 1).min(last),
                ItemMove::To(place) => place,
            };
            if target != at {
                let item = inner.items.remove(at);
                inner.items.insert(target, item);
                inner.mark_changed();
            }
        });
    }

    /// Cancel an item; it can be retried.
    pub fn cancel(&self, id: u64) {
        self.change(|inner| {
            let Some(at) = inner.position(id) else { return };
            match inner.items[at].state {
                ItemState::Painting => inner.stop.store(true, Ordering::Relaxed),
                ItemState::Waiting => {
                    inner.items[at].state = ItemState::Cancelled;
                    inner.mark_changed();
                }
                _ => {}
            }
        });
    }

    /// Queue a failed or cancelled item again.
    pub fn retry(&self, id: u64) {
        self.change(|inner| {
            let Some(at) = inner.position(id) else { return };
            if matches!(inner.items[at].state, ItemState::Failed { .. } | ItemState::Cancelled) {
                (inner.items[at].state, inner.items[at].remark) = (ItemState::Waiting, None);
                inner.mark_changed();
            }
        });
    }

    /// Remove an item from the list; its saved picture, if any, stays.
    pub fn remove(&self, id: u64) {
        self.change(|inner| {
            let Some(at) = inner.position(id) else { return };
            if inner.items.remove(at).state == ItemState::Painting {
                inner.stop.store(true, Ordering::Relaxed);
            }
            inner.thumbnails.remove(&id);
            inner.mark_changed();
        });
    }

    /// Remove all finished items from the list.
    pub fn remove_finished(&self) {
        self.change(|inner| {
            let gone = |state: &ItemState| {
                matches!(state, ItemState::Done { .. } | ItemState::AlreadyPainted | ItemState::Cancelled)
            };
            inner.items.retain(|item| !gone(&item.state));
            let Inner { items, thumbnails, .. } = inner;
            thumbnails.retain(|id, _| items.iter().any(|item| item.id == *id));
            inner.mark_changed();
        });
    }

    /// Replace the pending cells with those of a grid.
    pub fn paint_cells(&self, cells: impl IntoIterator<Item = Cell>) {
        self.change(|inner| {
            inner.cell_stop.store(true, Ordering::Relaxed);
            inner.cells = cells.into_iter().collect();
        });
    }

    /// Take the cells that were finished since the last call.
    pub fn take_painted(&self) -> Vec<PaintedCell> {
        std::mem::take(&mut lock(&self.0.inner).painted)
    }

    /// Progress of the current cell.
    pub fn cell(&self) -> Option<CellProgress> {
        lock(&self.0.inner).cell
    }

    /// Whether the list differs from the file.
    pub fn is_unwritten(&self) -> bool {
        lock(&self.0.inner).unwritten
    }

    /// Write the list if it has changed, and remove stored pictures that no item needs any more. Blocks on
    /// the disk.
    ///
    /// # Errors
    ///
    /// Any file system error; the next change retries.
    pub fn save(&self) -> io::Result<()> {
        let store = lock(&self.0.store);
        self.take_unwritten().map_or(Ok(()), |list| self.write(store.as_ref(), list))
    }

    /// The list, if it has changed. The store is locked from here on until it is written.
    fn take_unwritten(&self) -> Option<Unwritten> {
        let mut inner = lock(&self.0.inner);
        std::mem::take(&mut inner.unwritten).then(|| {
            // Assume failure until the write has returned.
            inner.write_failed = true;
            Unwritten { items: inner.items.clone(), adding: inner.adding > 0 }
        })
    }

    /// Write a list, and remove the stored pictures that it does not need.
    fn write(&self, store: Option<&QueueStore>, Unwritten { items, adding }: Unwritten) -> io::Result<()> {
        let needed = QueueStore::needed(&items);
        let written = store.map_or(Ok(()), |store| store.write(items));
        lock(&self.0.inner).write_failed = written.is_err();
        if let Some(store) = store.filter(|_| written.is_ok() && !adding) {
            store.tidy(&needed);
        }
        written
    }

    /// Like [`JobQueue::save`], and retry what could not be written before.
    ///
    /// # Errors
    ///
    /// Any file system error.
    pub fn save_before_exit(&self) -> io::Result<()> {
        {
            let mut inner = lock(&self.0.inner);
            inner.unwritten |= inner.write_failed;
        }
        self.save()
    }

    /// Prepare for a new painter, after one that has ended or died.
    pub(super) fn reopen(&self) {
        self.change(|inner| {
            inner.shutting_down = false;
            for item in inner.items.iter_mut().filter(|item| item.state == ItemState::Painting) {
                item.state = ItemState::Waiting;
            }
        });
    }

    /// End the painter after the current step.
    pub(super) fn quit(&self) {
        self.change(|inner| {
            inner.shutting_down = true;
            inner.stop.store(true, Ordering::Relaxed);
            inner.cell_stop.store(true, Ordering::Relaxed);
        });
    }
}

/// An output name that no file and no unfinished item has.
fn free_output(items: &[Item], output: &Path) -> PathBuf {
    let taken: Vec<String> = items
        .iter()
        .filter(|item| item.state.is_open())
        .map(|item| item.output.to_string_lossy().to_lowercase())
        .collect();
    let free = |path: &PathBuf| {
        std::fs::symlink_metadata(path).is_err() && !taken.contains(&path.to_string_lossy().to_lowercase())
    };
    std::iter::once(output.to_owned())
        .chain((2_u32..).map(|number| impasto_core::picture::numbered_name(output, number)))
        .find(free)
        .unwrap_or_else(|| output.to_owned())
}

#[cfg(test)]
mod tests {
    use impasto_base::hash::Sha256Hash;
    use impasto_core::settings::Settings;

    use super::*;
    use crate::queue::{ItemSource, ItemStart, StoredPixels};

    #[test]
    fn a_picture_stays_whose_item_is_added_while_an_older_list_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = QueueStore::open(folder.path()).unwrap();
        let content = || ItemSource::Example("Chelsea".to_owned());
        let item =
            |name: &str| Item::new(content(), Vec::new(), folder.path().join(name), Settings::default());
        let queue = JobQueue::default();
        let adding = queue.begin_adding();
        let stored = StoredPixels { name: "a".to_owned(), sha256: Sha256Hash::of(b"a") };
        let file = folder.path().join(stored.file());
        std::fs::write(&file, "a").unwrap();
        queue.add([item("a.png")], None);
        let older = queue.take_unwritten().unwrap();
        queue.add([Item { start: ItemStart::Picture(stored), ..item("b.png") }], None);
        drop(adding);
        queue.write(Some(&store), older).unwrap();
        assert!(file.exists() && queue.is_unwritten());
        let newer = queue.take_unwritten().unwrap();
        queue.write(Some(&store), newer).unwrap();
        assert!(file.exists() && queue.take_unwritten().is_none());
        queue.remove(2);
        queue.write(Some(&store), queue.take_unwritten().unwrap()).unwrap();
        assert!(!file.exists());
    }
}
