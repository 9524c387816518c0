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
const LAST: &str = "last";
/// Folders without a painting are kept this long: their window may not have locked them yet.
const YOUNG: Duration = Duration::from_secs(60);
/// Maximum number of crashed paintings that are kept.
const MOST_LEFT: usize = 5;

/// A window's folder, locked while this lives.
#[derive(Debug)]
pub struct Held {
    folder: PathBuf,
    _lock: File,
}

impl Held {
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
    pub fn end(self) {
        let Some(sessions) = self.folder.parent().filter(|_| self.painting().is_file()) else {
            return self.remove();
        };
        let last = sessions.join(LAST);
        // Best effort: a folder that cannot be moved is removed.
        let _ = fs::remove_dir_all(&last);
        if fs::rename(&self.folder, &last).is_err() {
            self.remove();
        }
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
pub fn left(sessions: &Path) -> Option<Held> {
    let entries = fs::read_dir(sessions).ok()?.flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> =
        entries.filter(|path| path.is_dir() && path.file_name().is_some_and(|name| name != LAST)).collect();
    // The names begin with the time.
    folders.sort();
    let mut left = Vec::new();
    folders.retain(|folder| folder.join(PAINTING).is_file() || !is_young(folder));
    for held in folders.into_iter().rev().filter_map(Held::take) {
        if held.painting().is_file() && left.len() < MOST_LEFT {
            left.push(held);
        } else {
            held.remove();
        }
    }
    (!left.is_empty()).then(|| left.swap_remove(0))
}

fn is_young(folder: &Path) -> bool {
    let made = fs::metadata(folder).and_then(|data| data.modified());
    made.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < YOUNG))
}

/// The project of the window that was last closed normally.
pub fn last(sessions: &Path) -> Option<PathBuf> {
    Some(sessions.join(LAST).join(PAINTING)).filter(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crashed(sessions: &Path, text: &str) -> PathBuf {
        let held = Held::new(sessions).unwrap();
        fs::write(held.painting(), text).unwrap();
        held.folder().to_owned()
    }

    #[test]
    fn what_a_crash_left_is_found_once_and_the_living_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = folder.path().join("sessions");
        assert!(left(&sessions).is_none());
        let living = Held::new(&sessions).unwrap();
        fs::write(living.painting(), "alive").unwrap();
        assert!(left(&sessions).is_none());
        let older = crashed(&sessions, "older");
        let newer = crashed(&sessions, "newer");
        // One that crashed before it painted anything.
        let empty = Held::new(&sessions).unwrap().folder().to_owned();
        // One that is being created: it has no lock yet.
        let young = sessions.join("2-2");
        fs::create_dir(&young).unwrap();
        #[cfg(unix)]
        File::open(&empty).unwrap().set_modified(SystemTime::now() - 2 * YOUNG).unwrap();
        let found = left(&sessions).unwrap();
        assert_eq!(found.folder(), newer);
        assert!(young.exists());
        #[cfg(unix)]
        assert!(!empty.exists());
        // Another window that starts meanwhile gets the other one.
        assert_eq!(left(&sessions).unwrap().folder(), older);
        found.remove();
        assert!(!newer.exists() && living.painting().is_file());
    }

    #[test]
    fn an_end_in_peace_leaves_the_last_painting_and_nothing_to_bring_back() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["first", "second"] {
            let held = Held::new(folder.path()).unwrap();
            fs::write(held.painting(), text).unwrap();
            held.end();
            assert!(left(folder.path()).is_none());
            assert_eq!(fs::read_to_string(last(folder.path()).unwrap()).unwrap(), text);
        }
        Held::new(folder.path()).unwrap().end();
        assert!(last(folder.path()).is_some(), "who painted nothing takes nothing away");
    }

    #[test]
    fn old_crashes_do_not_pile_up() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MOST_LEFT + 3 {
            crashed(folder.path(), &number.to_string());
        }
        assert_eq!(
            fs::read_to_string(left(folder.path()).unwrap().painting()).unwrap(),
            (MOST_LEFT + 2).to_string()
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), MOST_LEFT);
    }
}
