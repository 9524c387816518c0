//! A cache of blobs by id: in memory up to a limit, the oldest in files beyond it, never more than both
//! limits together.

use std::{collections::BTreeMap, fs, io, path::PathBuf, sync::Arc};

use super::cache::Cache;

/// Factor on the memory limit if there is no writable folder.
const MEMORY_ONLY_FACTOR: u64 = 3;

/// The cache is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit is reached")]
pub struct Full;

#[derive(Debug)]
enum Location {
    Memory(Arc<Vec<u8>>),
    Disk(u64),
}

/// Stores blobs by id.
#[derive(Debug)]
pub struct BlobCache {
    name: &'static str,
    /// Parent of the cache folder; `None` keeps everything in memory.
    root: Option<PathBuf>,
    cache: Option<Cache>,
    max_memory: u64,
    max_disk: u64,
    memory: u64,
    disk: u64,
    blobs: BTreeMap<u64, Location>,
}

impl BlobCache {
    /// An empty cache. Its folder is created below `root` when it is first needed; without a root the memory
    /// limit is three times as high.
    pub fn new(name: &'static str, root: Option<PathBuf>, max_memory: u64, max_disk: u64) -> Self {
        let (max_memory, max_disk) =
            if root.is_some() { (max_memory, max_disk) } else { (MEMORY_ONLY_FACTOR * max_memory, 0) };
        Self { name, root, cache: None, max_memory, max_disk, memory: 0, disk: 0, blobs: BTreeMap::new() }
    }

    /// Bytes in memory, and in files.
    pub fn usage(&self) -> (u64, u64) {
        (self.memory, self.disk)
    }

    /// Whether this many bytes would fit into an empty cache.
    pub fn could_fit(&self, size: u64) -> bool {
        size <= self.max_memory.max(self.max_disk)
    }

    /// Store a blob. The oldest move to files to make room; a blob above the memory limit goes there
    /// directly.
    ///
    /// # Errors
    ///
    /// If both limits are reached, or if the cache folder cannot be written and memory is full.
    pub fn put(&mut self, id: u64, bytes: Arc<Vec<u8>>) -> Result<(), Full> {
        self.remove(id);
        let size = bytes.len() as u64;
        if size > self.max_memory {
            if self.write(id, &bytes)? {
                return Ok(());
            }
            if size > self.max_memory {
                return Err(Full);
            }
        }
        while self.memory + size > self.max_memory {
            let oldest = self.blobs.iter().find_map(|(&id, location)| match location {
                Location::Memory(bytes) => Some((id, Arc::clone(bytes))),
                Location::Disk(_) => None,
            });
            let Some((oldest, bytes)) = oldest else { break };
            if self.write(oldest, &bytes)? {
                self.memory -= bytes.len() as u64;
            }
        }
        self.memory += size;
        self.blobs.insert(id, Location::Memory(bytes));
        Ok(())
    }

    /// Write a blob to a file; false if the folder can no longer be written, so that memory must do.
    fn write(&mut self, id: u64, bytes: &[u8]) -> Result<bool, Full> {
        let size = bytes.len() as u64;
        if self.disk + size > self.max_disk {
            return Err(Full);
        }
        let written = self.file(id).and_then(|path| fs::write(&path, bytes));
        if let Err(error) = written {
            tracing::warn!("the time machine cannot use its cache folder any more: {error}");
            // Existing files can still be read; nothing more is written.
            self.max_disk = 0;
            self.max_memory *= MEMORY_ONLY_FACTOR;
            return Ok(false);
        }
        self.disk += size;
        self.blobs.insert(id, Location::Disk(size));
        Ok(true)
    }

    fn file(&mut self, id: u64) -> io::Result<PathBuf> {
        if self.cache.is_none() {
            let root = self.root.as_ref().ok_or_else(|| io::Error::other("there is no cache folder"))?;
            self.cache = Some(Cache::new(root)?);
        }
        let name = format!("{}-{id}", self.name);
        self.cache
            .as_ref()
            .map(|cache| cache.path(&name))
            .ok_or_else(|| io::Error::other("there is no cache folder"))
    }

    /// The blob of an id.
    ///
    /// # Errors
    ///
    /// If there is none, or its file is missing.
    pub fn get(&mut self, id: u64) -> io::Result<Arc<Vec<u8>>> {
        match self.blobs.get(&id) {
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
            Some(Location::Memory(bytes)) => Ok(Arc::clone(bytes)),
            Some(Location::Disk(_)) => {
                let path = self.file(id)?;
                fs::read(path).map(Arc::new)
            }
        }
    }

    /// Whether there is a blob of this id.
    pub fn contains(&self, id: u64) -> bool {
        self.blobs.contains_key(&id)
    }

    /// Remove a blob.
    pub fn remove(&mut self, id: u64) {
        match self.blobs.remove(&id) {
            None => {}
            Some(Location::Memory(bytes)) => self.memory -= bytes.len() as u64,
            Some(Location::Disk(size)) => {
                self.disk -= size;
                if let Ok(path) = self.file(id) {
                    // Leftovers are removed with the folder.
                    let _ = fs::remove_file(path);
                }
            }
        }
    }

    /// The oldest id.
    pub fn oldest(&self) -> Option<u64> {
        self.blobs.keys().next().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(id: u64) -> Arc<Vec<u8>> {
        Arc::new((0..100).map(|i| (id * 7 + i) as u8).collect())
    }

    #[test]
    fn bytes_come_back_from_memory_and_from_files_and_limits_hold() {
        let root = tempfile::tempdir().unwrap();
        let mut cache = BlobCache::new("test", Some(root.path().to_owned()), 350, 500);
        for id in 1..=8 {
            cache.put(id, blob(id)).unwrap();
        }
        assert_eq!(cache.usage(), (300, 500));
        for id in 1..=8 {
            assert_eq!(cache.get(id).unwrap(), blob(id));
        }
        assert_eq!(cache.put(9, blob(9)), Err(Full));
        cache.remove(2);
        cache.put(9, blob(9)).unwrap();
        assert_eq!(cache.usage(), (300, 500));
        assert!(cache.get(2).is_err());
        assert_eq!(cache.oldest(), Some(1));
        drop(cache);
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0, "the cache folder is gone");
    }

    #[test]
    fn without_a_folder_memory_is_all_there_is() {
        let mut cache = BlobCache::new("test", None, 80, 1000);
        cache.put(1, blob(1)).unwrap();
        cache.put(2, blob(2)).unwrap();
        assert_eq!(cache.put(3, blob(3)), Err(Full));
        assert_eq!(cache.put(4, Arc::new(vec![0; 300])), Err(Full), "larger than everything");
        assert_eq!(cache.get(1).unwrap(), blob(1));
    }

    #[test]
    fn a_blob_larger_than_the_memory_limit_goes_to_a_file_at_once() {
        let root = tempfile::tempdir().unwrap();
        let mut cache = BlobCache::new("test", Some(root.path().to_owned()), 150, 500);
        cache.put(1, blob(1)).unwrap();
        let large = Arc::new(vec![5; 400]);
        cache.put(2, Arc::clone(&large)).unwrap();
        assert_eq!(cache.usage(), (100, 400));
        assert_eq!((cache.get(1).unwrap(), cache.get(2).unwrap()), (blob(1), large));
        assert!(cache.could_fit(500) && !cache.could_fit(501));
        assert_eq!(cache.put(3, Arc::new(vec![0; 200])), Err(Full));
    }

    #[test]
    fn a_folder_that_cannot_be_written_leaves_more_to_memory_and_loses_nothing() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("no folder");
        std::fs::write(&file, "").unwrap();
        let mut cache = BlobCache::new("test", Some(file), 100, 1000);
        for id in 1..=3 {
            cache.put(id, blob(id)).unwrap();
        }
        assert_eq!((cache.usage(), cache.put(4, blob(4))), ((300, 0), Err(Full)));
        assert!((1..=3).all(|id| cache.get(id).unwrap() == blob(id)));
    }
}
