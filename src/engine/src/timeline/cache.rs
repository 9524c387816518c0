//! A folder for what does not fit into memory: removed when the program ends, or at the next start after a
//! crash.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

const PREFIX: &str = "timeline-";
const LOCK: &str = "lock";

/// A cache folder of this process. Dropping it removes it.
#[derive(Debug)]
pub struct Cache {
    folder: TempDir,
    /// Held as long as the folder is in use; the system releases it even if the program is killed.
    _lock: File,
}

impl Cache {
    /// Create a folder below `root`.
    ///
    /// # Errors
    ///
    /// Any file system error.
    pub fn new(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(root)?;
        let lock = File::create(folder.path().join(LOCK))?;
        // If the file system has no locks, the folder is never removed by [`sweep`].
        let _ = lock.try_lock();
        Ok(Self { folder, _lock: lock })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Remove the folders below `root` that were left by processes that have ended.
pub fn sweep(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else { return };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let ours =
            folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX));
        // A folder that is being created has no lock yet and is left alone.
        let abandoned = ours && File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if abandoned && let Err(error) = fs::remove_dir_all(&folder) {
            tracing::debug!("cannot remove {}: {error}", folder.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_ended_processes_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let running = Cache::new(root.path()).unwrap();
        fs::write(running.path("a"), "x").unwrap();
        let ended = root.path().join("timeline-dead");
        fs::create_dir(&ended).unwrap();
        fs::write(ended.join(LOCK), "").unwrap();
        fs::write(ended.join("1"), "x").unwrap();
        let other = root.path().join("photos");
        fs::create_dir(&other).unwrap();
        fs::write(other.join(LOCK), "").unwrap();

        sweep(root.path());
        assert!(!ended.exists());
        assert!(running.path("a").exists() && other.exists());

        let path = running.path("a");
        drop(running);
        assert!(!path.exists(), "nothing stays behind");
    }
}
