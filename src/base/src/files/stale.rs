//! Cleanup of unfinished files that killed processes have left.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Prefix and suffix of the names of unfinished files.
pub(super) const PREFIX: &str = ".impasto-";
pub(super) const SUFFIX: &str = ".part";

/// Age after which an unfinished file is considered abandoned.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Folders that this process has cleaned.
static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Remove stale unfinished files at this process's first write into a folder. Best effort: they only cost
/// disk space.
pub(super) fn sweep(folder: &Path) {
    if SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
        remove_stale(folder);
    }
}

fn remove_stale(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        // Metadata of the link itself: its target is not ours.
        let Some(data) = entry.metadata().ok().filter(|data| ours && data.is_file()) else { continue };
        let age = data.modified().ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > STALE)
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::debug!("cannot remove {}: {error}", entry.path().display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{File, FileTimes},
        time::SystemTime,
    };

    use super::*;
    use crate::files::write_atomic;

    #[test]
    fn stale_unfinished_files_are_removed_at_the_next_write() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, hours: u64| {
            let path = folder.path().join(name);
            let time = SystemTime::now() - Duration::from_secs(hours * 3600);
            File::create(&path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
            path
        };
        let stale = file(".impasto-abc123.part", 25);
        let kept = [
            file(".impasto-abc124.part", 23),
            file(".impasto-batch.json", 25),
            file("other.part", 25),
            file("picture.png", 2500),
        ];
        write_atomic(&folder.path().join("new"), b"x").unwrap();
        assert!(!stale.exists());
        for path in kept {
            assert!(path.exists(), "{}", path.display());
        }
    }
}
