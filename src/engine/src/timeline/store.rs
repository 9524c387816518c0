//! Pictures and states of the moments: compressed on a separate thread, so that callers never wait.

use std::{
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

use super::{MomentId, cache, vault::Vault};
use impasto_core::picture;

/// Longest side of a thumbnail in pixels.
const THUMBNAIL: u32 = 160;
/// Capacity of the compression queue; a moment that arrives when it is full is dropped.
const WAITING: usize = 6;

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
pub enum Kept {
    Yes {
        id: MomentId,
        thumbnail: RgbImage,
        /// Size of the compressed picture in bytes.
        bytes: u64,
        /// The engine's state is stored as well.
        exact: bool,
    },
    /// There is no room: remove an older moment.
    No { id: MomentId },
    /// The engine's states of these moments were removed; their pictures stay.
    Inexact(Vec<MomentId>),
}

enum Order {
    Add { id: MomentId, picture: Arc<RgbImage>, state: Option<Arc<Vec<u8>>> },
    Remove(Vec<MomentId>),
}

#[derive(Debug)]
struct Vaults {
    pictures: Vault,
    states: Vault,
}

/// Stores the pictures and states of a timeline's moments.
pub struct Store {
    orders: Sender<Order>,
    waiting: Arc<AtomicUsize>,
    kept: Receiver<Kept>,
    vaults: Arc<Mutex<Vaults>>,
}

/// Reads from a [`Store`] on any thread; may block on the disk.
#[derive(Clone)]
pub struct Reader(Arc<Mutex<Vaults>>);

fn lock(vaults: &Mutex<Vaults>) -> MutexGuard<'_, Vaults> {
    vaults.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// A store whose cache folder is below `root`, from which leftovers of crashed processes are removed;
    /// without a root everything stays in memory. `wake` is called after every [`Kept`].
    ///
    /// # Errors
    ///
    /// If the operating system refuses a thread.
    pub fn new(root: Option<PathBuf>, limits: Limits, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let vaults = Arc::new(Mutex::new(Vaults {
            pictures: Vault::new("picture", root.clone(), limits.picture_memory, limits.picture_disk),
            states: Vault::new("state", root.clone(), limits.state_memory, limits.state_disk),
        }));
        let (orders, inbox) = crossbeam_channel::unbounded();
        let (outbox, kept) = crossbeam_channel::unbounded();
        let waiting = Arc::new(AtomicUsize::new(0));
        let (theirs, counted) = (Arc::clone(&vaults), Arc::clone(&waiting));
        thread::Builder::new().name("impasto-timeline".into()).spawn(move || {
            if let Some(root) = &root {
                cache::sweep(root);
            }
            for order in inbox {
                match order {
                    Order::Remove(ids) => {
                        let mut vaults = lock(&theirs);
                        for id in ids {
                            vaults.pictures.remove(id);
                            vaults.states.remove(id);
                        }
                    }
                    Order::Add { id, picture, state } => {
                        let told = keep(&theirs, id, &picture, state);
                        counted.fetch_sub(1, Ordering::Relaxed);
                        for kept in told {
                            // If the window is gone, there is no receiver.
                            let _ = outbox.send(kept);
                        }
                        wake();
                    }
                }
            }
        })?;
        Ok(Self { orders, waiting, kept, vaults })
    }

    /// Queue a moment; false if the queue is full.
    pub fn add(&self, id: MomentId, picture: Arc<RgbImage>, state: Option<Arc<Vec<u8>>>) -> bool {
        if self.waiting.load(Ordering::Relaxed) >= WAITING {
            return false;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.orders.send(Order::Add { id, picture, state }).is_ok()
    }

    /// Remove moments.
    pub fn remove(&self, ids: Vec<MomentId>) {
        if !ids.is_empty() {
            let _ = self.orders.send(Order::Remove(ids));
        }
    }

    /// The next result for an added moment.
    pub fn next(&self) -> Option<Kept> {
        self.kept.try_recv().ok()
    }

    /// A reader for background threads.
    pub fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.vaults))
    }
}

fn keep(vaults: &Mutex<Vaults>, id: MomentId, picture: &RgbImage, state: Option<Arc<Vec<u8>>>) -> Vec<Kept> {
    let mut encoded = Cursor::new(Vec::new());
    let encoder = PngEncoder::new_with_quality(&mut encoded, CompressionType::Fast, FilterType::Adaptive);
    if picture.write_with_encoder(encoder).is_err() {
        return vec![Kept::No { id }];
    }
    let encoded = encoded.into_inner();
    let bytes = encoded.len() as u64;
    let mut vaults = lock(vaults);
    if vaults.pictures.put(id, Arc::new(encoded)).is_err() {
        return vec![Kept::No { id }];
    }
    let mut inexact = Vec::new();
    let mut exact = false;
    if let Some(state) = state.filter(|state| vaults.states.could_take(state.len() as u64)) {
        loop {
            // States are large: remove the oldest to make room.
            match vaults.states.put(id, Arc::clone(&state)) {
                Ok(()) => {
                    exact = true;
                    break;
                }
                Err(_) => match vaults.states.oldest() {
                    Some(oldest) => {
                        vaults.states.remove(oldest);
                        inexact.push(oldest);
                    }
                    None => break,
                },
            }
        }
    }
    drop(vaults);
    let mut told = vec![Kept::Yes { id, thumbnail: picture::thumbnail(picture, THUMBNAIL), bytes, exact }];
    if !inexact.is_empty() {
        told.push(Kept::Inexact(inexact));
    }
    told
}

impl Reader {
    /// The picture of a moment, lossless.
    ///
    /// # Errors
    ///
    /// If it is not stored, or its file is gone.
    pub fn picture(&self, id: MomentId) -> io::Result<RgbImage> {
        let bytes = lock(&self.0).pictures.get(id)?;
        let picture = image::load_from_memory_with_format(&bytes, image::ImageFormat::Png);
        Ok(picture.map_err(io::Error::other)?.into_rgb8())
    }

    /// The engine's state at a moment; `None` if it is not stored.
    pub fn state(&self, id: MomentId) -> Option<Arc<Vec<u8>>> {
        lock(&self.0).states.get(id).ok()
    }

    /// Bytes in memory, and in files.
    pub fn usage(&self) -> (u64, u64) {
        let vaults = lock(&self.0);
        let (pictures, states) = (vaults.pictures.usage(), vaults.states.usage());
        (pictures.0 + states.0, pictures.1 + states.1)
    }
}
