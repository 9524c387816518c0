//! The folder in which running windows store their paintings. Each window locks a folder of its own in it
//! while it runs; a folder without a lock was left by a crash.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const LOCK: &str = "lock";
/// The project in a window's folder.
const PAINTING: &str = "painting.impasto";
/// The folder of the painting that was last closed normally.
const LAST_CLOSED: &str = "last";
/// In a folder whose painting is restored without asking.
const RESTORE: &str = "restore";
/// Folders without a painting are kept this long: their window may not have locked them yet.
const MIN_AGE: Duration = Duration::from_secs(60);
/// Maximum number of crashed paintings that are kept.
const MAX_RECOVERED: usize = 5;

/// A window's folder, locked while this lives.
#[derive(Debug)]
pub struct SessionFolder {
    folder: PathBuf,
    _lock: File,
}

impl SessionFolder {
    /// Create a new folder for this window.
    ///
    /// # Errors
    ///
    /// Any file system error.
    pub fn new(sessions: &Path) -> io::Result<Self> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let folder = sessions.join(format!("{time}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Self::take(folder).ok_or_else(|| io::Error::other("the new folder is in use"))
    }

    /// Lock a folder that nobody else has locked.
    fn take(folder: PathBuf) -> Option<Self> {
        let lock = File::create(folder.join(LOCK)).ok()?;
        match lock.try_lock() {
            Ok(()) => Some(Self { folder, _lock: lock }),
            // Without locks, a window could take another's painting; recovering none is better.
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The project file in it, which may not exist yet.
    pub fn painting(&self) -> PathBuf {
        self.folder.join(PAINTING)
    }

    /// Close the window normally: its painting becomes the last one.
    pub fn close(self) {
        let Some(sessions) = self.folder.parent().filter(|_| self.painting().is_file()) else {
            return self.remove();
        };
        let last_closed = sessions.join(LAST_CLOSED);
        // Best effort: a folder that cannot be moved is removed.
        let _ = fs::remove_dir_all(&last_closed);
        if fs::rename(&self.folder, &last_closed).is_err() {
            self.remove();
        }
    }

    /// Leave the painting for the next window, which restores it without asking.
    ///
    /// # Errors
    ///
    /// If the folder cannot be marked: then it asks.
    pub fn leave_for_restart(self) -> io::Result<()> {
        File::create(self.folder.join(RESTORE)).map(drop)
    }

    /// Whether the painting is to be restored without asking. True once: a painting that fails again is asked
    /// for.
    pub fn take_restore(&self) -> bool {
        fs::remove_file(self.folder.join(RESTORE)).is_ok()
    }

    /// Remove the folder with its painting.
    pub fn remove(self) {
        let Self { folder, _lock } = self;
        // Windows cannot remove open files.
        drop(_lock);
        let _ = fs::remove_dir_all(folder);
    }
}

/// The newest crashed painting that nobody has taken, locked; surplus ones are removed.
pub fn recover(sessions: &Path) -> Option<SessionFolder> {
    let entries = fs::read_dir(sessions).ok()?.flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = entries
        .filter(|path| path.is_dir() && path.file_name().is_some_and(|name| name != LAST_CLOSED))
        .collect();
    // The names begin with the time.
    folders.sort();
    let mut crashed = Vec::new();
    folders.retain(|folder| folder.join(PAINTING).is_file() || !is_young(folder));
    for held in folders.into_iter().rev().filter_map(SessionFolder::take) {
        if held.painting().is_file() && crashed.len() < MAX_RECOVERED {
            crashed.push(held);
        } else {
            held.remove();
        }
    }
    (!crashed.is_empty()).then(|| crashed.swap_remove(0))
}

fn is_young(folder: &Path) -> bool {
    let made = fs::metadata(folder).and_then(|data| data.modified());
    made.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < MIN_AGE))
}

/// The project of the window that was last closed normally.
pub fn last_closed(sessions: &Path) -> Option<PathBuf> {
    Some(sessions.join(LAST_CLOSED).join(PAINTING)).filter(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crashed(sessions: &Path, text: &str) -> PathBuf {
        let held = SessionFolder::new(sessions).unwrap();
        fs::write(held.painting(), text).unwrap();
        held.folder().to_owned()
    }

    #[test]
    fn crashed_sessions_are_recovered_once_and_running_ones_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = folder.path().join("sessions");
        assert!(recover(&sessions).is_none());
        let running = SessionFolder::new(&sessions).unwrap();
        fs::write(running.painting(), "alive").unwrap();
        assert!(recover(&sessions).is_none());
        let older = crashed(&sessions, "older");
        let newer = crashed(&sessions, "newer");
        // One that crashed before it painted anything.
        let empty = SessionFolder::new(&sessions).unwrap().folder().to_owned();
        // One that is being created: it has no lock yet.
        let young = sessions.join("2-2");
        fs::create_dir(&young).unwrap();
        #[cfg(unix)]
        File::open(&empty).unwrap().set_modified(SystemTime::now() - 2 * MIN_AGE).unwrap();
        let found = recover(&sessions).unwrap();
        assert_eq!(found.folder(), newer);
        assert!(young.exists());
        #[cfg(unix)]
        assert!(!empty.exists());
        // Another window that starts meanwhile gets the other one.
        assert_eq!(recover(&sessions).unwrap().folder(), older);
        found.remove();
        assert!(!newer.exists() && running.painting().is_file());
    }

    #[test]
    fn a_closed_window_leaves_its_painting_and_nothing_to_recover() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["first", "second"] {
            let held = SessionFolder::new(folder.path()).unwrap();
            fs::write(held.painting(), text).unwrap();
            held.close();
            assert!(recover(folder.path()).is_none());
            assert_eq!(fs::read_to_string(last_closed(folder.path()).unwrap()).unwrap(), text);
        }
        SessionFolder::new(folder.path()).unwrap().close();
        assert!(last_closed(folder.path()).is_some(), "an empty session replaces nothing");
    }

    #[test]
    fn a_painting_left_for_a_restart_is_restored_without_asking_once() {
        let folder = tempfile::tempdir().unwrap();
        let held = SessionFolder::new(folder.path()).unwrap();
        fs::write(held.painting(), "painted").unwrap();
        held.leave_for_restart().unwrap();
        let found = recover(folder.path()).unwrap();
        assert!(found.take_restore() && !found.take_restore());
    }

    #[test]
    fn old_crashes_do_not_pile_up() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MAX_RECOVERED + 3 {
            crashed(folder.path(), &number.to_string());
        }
        assert_eq!(
            fs::read_to_string(recover(folder.path()).unwrap().painting()).unwrap(),
            (MAX_RECOVERED + 2).to_string()
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), MAX_RECOVERED);
    }
}
