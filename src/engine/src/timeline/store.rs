//! Pictures and states of the moments: compressed on a separate thread, so that callers never wait. Those of
//! pinned moments are held as they are, whatever the limits.

use std::{
    collections::BTreeMap,
    io::{self, Cursor},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crossbeam_channel::{Receiver, Sender};
use image::{
    RgbImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

use super::{MomentId, blob_cache::BlobCache, cache};
use impasto_core::picture;

/// Longest side of a moment's thumbnail, in pixels.
pub const THUMBNAIL: u32 = 160;
/// Capacity of the compression queue; a moment that arrives when it is full is dropped.
const MAX_WAITING: usize = 6;

/// Limits of a store, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub picture_memory: u64,
    pub picture_disk: u64,
    pub state_memory: u64,
    pub state_disk: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let [mib, gib] = [20, 30].map(|bits| 1_u64 << bits);
        Self {
            picture_memory: 32 * mib,
            picture_disk: gib + 64 * mib,
            state_memory: 64 * mib,
            state_disk: gib + 128 * mib,
        }
    }
}

/// The store's result for a moment.
#[derive(Debug)]
pub enum StoreResult {
    Stored {
        id: MomentId,
        thumbnail: RgbImage,
        /// Size of the compressed picture in bytes.
        bytes: u64,
        /// The engine's state is stored as well.
        exact: bool,
    },
    /// There is no room: remove an older moment.
    Refused { id: MomentId },
    /// The engine's states of these moments were removed; their pictures stay.
    StatesRemoved(Vec<MomentId>),
}

enum StoreCommand {
    Add { id: MomentId, picture: Arc<RgbImage>, state: Option<Arc<Vec<u8>>> },
    Remove(Vec<MomentId>),
}

#[derive(Debug)]
struct Blobs {
    pictures: BlobCache,
    states: BlobCache,
}

/// The pictures of pinned moments, under a lock of their own: that of the blobs is held while files are
/// written.
type Pinned = Arc<Mutex<BTreeMap<MomentId, Arc<RgbImage>>>>;

/// Stores the pictures and states of a timeline's moments.
pub struct MomentStore {
    commands: Sender<StoreCommand>,
    waiting: Arc<AtomicUsize>,
    kept: Receiver<StoreResult>,
    blobs: Arc<Mutex<Blobs>>,
    pinned: Pinned,
}

/// Reads from a [`MomentStore`] on any thread; may block on the disk.
#[derive(Clone)]
pub struct MomentReader {
    blobs: Arc<Mutex<Blobs>>,
    pinned: Pinned,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MomentStore {
    /// A store whose cache folder is below `root`, from which leftovers of crashed processes are removed;
    /// without a root everything stays in memory. `wake` is called after every [`StoreResult`].
    ///
    /// # Errors
    ///
    /// If the operating system refuses a thread.
    pub fn new(root: Option<PathBuf>, limits: Limits, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let blobs = Arc::new(Mutex::new(Blobs {
            pictures: BlobCache::new("picture", root.clone(), limits.picture_memory, limits.picture_disk),
            states: BlobCache::new("state", root.clone(), limits.state_memory, limits.state_disk),
        }));
        let (commands, inbox) = crossbeam_channel::unbounded();
        let (outbox, kept) = crossbeam_channel::unbounded();
        let waiting = Arc::new(AtomicUsize::new(0));
        let (thread_blobs, counted) = (Arc::clone(&blobs), Arc::clone(&waiting));
        thread::Builder::new().name("impasto-timeline".into()).spawn(move || {
            if let Some(root) = &root {
                cache::sweep(root);
            }
            for command in inbox {
                match command {
                    StoreCommand::Remove(ids) => {
                        let mut blobs = lock(&thread_blobs);
                        for id in ids {
                            blobs.pictures.remove(id);
                            blobs.states.remove(id);
                        }
                    }
                    StoreCommand::Add { id, picture, state } => {
                        let results = keep(&thread_blobs, id, &picture, state);
                        counted.fetch_sub(1, Ordering::Relaxed);
                        for kept in results {
                            // If the window is gone, there is no receiver.
                            let _ = outbox.send(kept);
                        }
                        wake();
                    }
                }
            }
        })?;
        Ok(Self { commands, waiting, kept, blobs, pinned: Pinned::default() })
    }

    /// Queue a moment; false if the queue is full.
    pub fn add(&self, id: MomentId, picture: Arc<RgbImage>, state: Option<Arc<Vec<u8>>>) -> bool {
        self.waiting.load(Ordering::Relaxed) < MAX_WAITING && self.queue(id, picture, state)
    }

    fn queue(&self, id: MomentId, picture: Arc<RgbImage>, state: Option<Arc<Vec<u8>>>) -> bool {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.commands.send(StoreCommand::Add { id, picture, state }).is_ok()
    }

    /// Hold the picture of a moment in memory until it is unpinned; the moment need not have been added.
    pub fn pin(&self, id: MomentId, picture: Arc<RgbImage>) {
        lock(&self.pinned).insert(id, picture);
    }

    /// Hold a picture no longer. It is stored like any other's, unless it is already.
    pub fn unpin(&self, id: MomentId) {
        let picture = lock(&self.pinned).remove(&id);
        if let Some(picture) = picture {
            self.queue(id, picture, None);
        }
    }

    /// Remove moments.
    pub fn remove(&self, ids: Vec<MomentId>) {
        if !ids.is_empty() {
            let _ = self.commands.send(StoreCommand::Remove(ids));
        }
    }

    /// The next result for an added moment.
    pub fn next(&self) -> Option<StoreResult> {
        self.kept.try_recv().ok()
    }

    /// A reader for background threads.
    pub fn reader(&self) -> MomentReader {
        MomentReader { blobs: Arc::clone(&self.blobs), pinned: Arc::clone(&self.pinned) }
    }
}

fn keep(
    blobs: &Mutex<Blobs>,
    id: MomentId,
    picture: &RgbImage,
    state: Option<Arc<Vec<u8>>>,
) -> Vec<StoreResult> {
    // An unpinned moment may be there already.
    if state.is_none() && lock(blobs).pictures.contains(id) {
        return Vec::new();
    }
    let mut encoded = Cursor::new(Vec::new());
    let encoder = PngEncoder::new_with_quality(&mut encoded, CompressionType::Fast, FilterType::Adaptive);
    if picture.write_with_encoder(encoder).is_err() {
        return vec![StoreResult::Refused { id }];
    }
    let encoded = encoded.into_inner();
    let bytes = encoded.len() as u64;
    let mut blobs = lock(blobs);
    if blobs.pictures.put(id, Arc::new(encoded)).is_err() {
        return vec![StoreResult::Refused { id }];
    }
    let mut inexact = Vec::new();
    let mut exact = false;
    if let Some(state) = state.filter(|state| blobs.states.could_fit(state.len() as u64)) {
        loop {
            // States are large: remove the oldest to make room.
            match blobs.states.put(id, Arc::clone(&state)) {
                Ok(()) => {
                    exact = true;
                    break;
                }
                Err(_) => match blobs.states.oldest() {
                    Some(oldest) => {
                        blobs.states.remove(oldest);
                        inexact.push(oldest);
                    }
                    None => break,
                },
            }
        }
    }
    drop(blobs);
    let mut results =
        vec![StoreResult::Stored { id, thumbnail: picture::thumbnail(picture, THUMBNAIL), bytes, exact }];
    if !inexact.is_empty() {
        results.push(StoreResult::StatesRemoved(inexact));
    }
    results
}

impl MomentReader {
    /// The picture of a moment, lossless.
    ///
    /// # Errors
    ///
    /// If it is not stored, or its file is gone.
    pub fn picture(&self, id: MomentId) -> io::Result<Arc<RgbImage>> {
        if let Some(picture) = lock(&self.pinned).get(&id) {
            return Ok(Arc::clone(picture));
        }
        let bytes = lock(&self.blobs).pictures.get(id)?;
        let picture = image::load_from_memory_with_format(&bytes, image::ImageFormat::Png);
        Ok(Arc::new(picture.map_err(io::Error::other)?.into_rgb8()))
    }

    /// The engine's state at a moment; `None` if it is not stored.
    pub fn state(&self, id: MomentId) -> Option<Arc<Vec<u8>>> {
        lock(&self.blobs).states.get(id).ok()
    }

    /// Bytes in memory, and in files, without the pictures of pinned moments.
    pub fn usage(&self) -> (u64, u64) {
        let blobs = lock(&self.blobs);
        let (pictures, states) = (blobs.pictures.usage(), blobs.states.usage());
        (pictures.0 + states.0, pictures.1 + states.1)
    }
}
