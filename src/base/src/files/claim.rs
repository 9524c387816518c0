//! Claims: a small file beside a place says that a process works on what will stand there, so that no other
//! process, also on another machine, does the same work.
//!
//! Only one process can create the file. While its owner lives, its time is touched; it is removed with the
//! claim. That of a killed process is taken over: on the same machine at once, as the lock on it has ended
//! with the process, by others when they have seen it untouched for a while. They measure that by their own
//! clock, so clocks may differ.
//!
//! A claim saves work and guards nothing: a process that was only frozen wakes up and finishes what another
//! has taken over. Results must be such that both may come.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{folder_of, stale};
use crate::hash::Sha256Hash;

/// Interval between two touches.
const TOUCH: Duration = Duration::from_secs(20);
/// A claim that is seen untouched for this time is abandoned: many touches, as shares cache times for a
/// minute.
const ABANDONED: Duration = Duration::from_secs(180);
/// Longest file name that a claim's name contains; most systems allow 255 bytes.
const LONGEST_NAME: usize = 240;
/// A claim's text is short.
const MAX_TEXT: u64 = 4096;

/// Text and time of a claim, to see whether it is touched.
type Stamp = (String, Option<SystemTime>);

/// Makes claims, and remembers those of others.
#[derive(Debug)]
pub struct Claims {
    touch: Duration,
    abandoned: Duration,
    /// The claims of others as they were last seen to change, and when.
    seen: BTreeMap<PathBuf, (Stamp, Instant)>,
}

impl Default for Claims {
    fn default() -> Self {
        Self::with_times(TOUCH, ABANDONED)
    }
}

impl Claims {
    fn with_times(touch: Duration, abandoned: Duration) -> Self {
        Self { touch, abandoned, seen: BTreeMap::new() }
    }

    /// Claim a place in an existing folder; `None` while another process has it.
    ///
    /// # Errors
    ///
    /// If the claim cannot be created.
    pub fn take(&mut self, place: &Path) -> io::Result<Option<Claim>> {
        let path = claim_path(place);
        let create = || File::options().write(true).create_new(true).open(&path);
        let file = match create() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !self.remove_if_abandoned(&path) {
                    return Ok(None);
                }
                create()
            }
            result => result,
        };
        match file {
            Ok(file) => {
                self.seen.remove(&path);
                Ok(Some(Claim::begin(file, path, self.touch)))
            }
            // Another process was quicker.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Remove the claim of a killed process. True if there is none left.
    fn remove_if_abandoned(&mut self, path: &Path) -> bool {
        let open = File::options().read(true).write(true).open(path).or_else(|error| match error.kind() {
            // Another user's. Some shares lock only what may be written: then time alone tells.
            io::ErrorKind::PermissionDenied => File::open(path),
            _ => Err(error),
        });
        let (stamp, lock) = match open.and_then(|file| Ok((stamp_of(&file)?, file))) {
            Ok(opened) => opened,
            Err(error) => return error.kind() == io::ErrorKind::NotFound,
        };
        // The owner locks it before it writes the name of its machine. It may have removed it since, and
        // another process have made its own.
        let died_here = is_of_this_machine(&stamp.0)
            && lock.try_lock().is_ok()
            && File::open(path).and_then(|file| stamp_of(&file)).is_ok_and(|now| now.0 == stamp.0);
        if !died_here {
            match self.seen.get(path) {
                Some((known, since)) if *known == stamp => {
                    if since.elapsed() < self.abandoned {
                        return false;
                    }
                }
                _ => {
                    self.seen.insert(path.to_owned(), (stamp, Instant::now()));
                    return false;
                }
            }
        }
        // Others may take it over too: what was moved away must be what was looked at.
        let aside = folder_of(path).join(format!("{}{}{}", stale::PREFIX, unique(), stale::SUFFIX));
        if fs::rename(path, &aside).is_err() {
            return false;
        }
        let moved = File::open(&aside).and_then(|file| stamp_of(&file));
        if moved.is_ok_and(|moved| moved.0 == stamp.0) {
            // Best effort: else it is removed with other unfinished files.
            let _ = fs::remove_file(&aside);
            true
        } else {
            let _ = fs::rename(&aside, path);
            false
        }
    }
}

/// Removed when it is dropped.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    text: String,
    /// Locked while it is open, also if no thread can be started.
    file: Option<Arc<File>>,
    /// Tells the thread that touches the file to end.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Claim {
    /// Lock the new file, say in it whose it is, and touch it from time to time. All of that may fail without
    /// harm: other processes then see a claim that is never touched.
    fn begin(mut file: File, path: PathBuf, touch: Duration) -> Self {
        let text =
            format!("{}\nprocess {}\nclaim {}\n", machine().unwrap_or_default(), process::id(), unique());
        // Don't wait for a lock: nobody else locks a file without a text, but some shares would hang.
        if let Err(error) = file.try_lock() {
            tracing::debug!("the claim {} cannot be locked: {error}", path.display());
        }
        if let Err(error) = file.write_all(text.as_bytes()) {
            tracing::debug!("the claim {} cannot be written: {error}", path.display());
        }
        let file = Arc::new(file);
        let (stop, stopped) = mpsc::channel::<()>();
        let touched = Arc::clone(&file);
        let touching = move || {
            while stopped.recv_timeout(touch) == Err(RecvTimeoutError::Timeout) {
                let _ = touched.set_modified(SystemTime::now());
            }
        };
        let thread = thread::Builder::new().name("impasto-claim".into()).spawn(touching);
        let thread = thread.inspect_err(|error| tracing::debug!("no thread for a claim: {error}")).ok();
        Self { path, text, file: Some(file), stop: Some(stop), thread }
    }

    fn end_touching(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot panic.
            let _ = thread.join();
        }
    }

    /// End the thread and the lock.
    fn release(&mut self) {
        self.end_touching();
        drop(self.file.take());
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // A locked file cannot be read on Windows. Elsewhere others would take over one that is not locked.
        if cfg!(windows) {
            self.release();
        }
        // Only if no other process has taken it over.
        let text = File::open(&self.path).and_then(|file| stamp_of(&file)).map(|stamp| stamp.0);
        if text.is_ok_and(|text| text == self.text)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::debug!("cannot remove {}: {error}", self.path.display());
        }
        self.release();
    }
}

/// `.NAME.claim` beside the place; a name that would be too long is replaced by its hash.
fn claim_path(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let name = match name.len() {
        0..=LONGEST_NAME => name.into_owned(),
        _ => Sha256Hash::of(name.as_bytes()).to_string(),
    };
    folder_of(place).join(format!(".{name}.claim"))
}

fn stamp_of(file: &File) -> io::Result<Stamp> {
    let mut text = String::new();
    file.take(MAX_TEXT).read_to_string(&mut text)?;
    Ok((text, file.metadata()?.modified().ok()))
}

/// The name of this machine in its network.
fn machine() -> Option<String> {
    #[cfg(unix)]
    {
        let mut name = [0_u8; 256];
        // SAFETY: the buffer is as long as is said; the last byte stays zero.
        let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } != 0;
        let end = name.iter().position(|&byte| byte == 0)?;
        (!failed && end > 0).then(|| String::from_utf8_lossy(&name[..end]).into_owned())
    }
    #[cfg(not(unix))]
    std::env::var("COMPUTERNAME").ok()
}

fn is_of_this_machine(text: &str) -> bool {
    let first = text.lines().next();
    first.is_some_and(|first| !first.is_empty()) && first == machine().as_deref()
}

/// Differs for every claim: process and time.
fn unique() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", process::id(), now.as_nanos())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A claim of another machine.
    const FOREIGN: &str = "another machine\nprocess 1\nclaim 1\n";

    #[test]
    fn a_place_has_one_owner_at_a_time_and_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.png");
        let (mut one, mut other) = (Claims::default(), Claims::default());
        let claim = one.take(&place).unwrap().unwrap();
        assert!(other.take(&place).unwrap().is_none() && one.take(&place).unwrap().is_none());
        assert!(other.take(&folder.path().join("b.png")).unwrap().is_some());
        let text = fs::read_to_string(claim_path(&place)).unwrap();
        assert!(text.contains(&format!("process {}", process::id())), "{text}");
        drop(claim);
        drop(other.take(&place).unwrap().unwrap());
        let long = folder.path().join("ä".repeat(125) + ".png");
        drop(one.take(&long).unwrap().unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(one.take(&folder.path().join("gone/a.png")).is_err());
    }

    #[test]
    fn many_that_want_a_place_get_it_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.png");
        // What a killed process of this machine has left, which all of them find.
        fs::write(claim_path(&place), format!("{}\n", machine().unwrap_or_default())).unwrap();
        let (inside, taken) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut claims = Claims::default();
                    for _ in 0..50 {
                        if let Some(_claim) = claims.take(&place).unwrap() {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            taken.fetch_add(1, Ordering::SeqCst);
                            inside.fetch_sub(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        assert!(taken.load(Ordering::SeqCst) > 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_claim_of_another_machine_is_taken_over_when_nobody_touches_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.png");
        let path = claim_path(&place);
        let mut claims = Claims::with_times(TOUCH, Duration::ZERO);
        let touched = |seconds: u64| {
            fs::write(&path, FOREIGN).unwrap();
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        };
        // Whatever its time says: it is seen to be touched.
        for seconds in [1, 2, 3_000_000_000] {
            touched(seconds);
            assert!(claims.take(&place).unwrap().is_none());
        }
        let claim = claims.take(&place).unwrap().unwrap();
        // Its former owner was only asleep, and leaves the new one alone.
        let asleep = Claim { path: path.clone(), text: FOREIGN.into(), file: None, stop: None, thread: None };
        drop(asleep);
        assert!(path.exists());
        drop(claim);
        assert!(!path.exists());

        touched(1);
        let mut patient = Claims::default();
        assert!(patient.take(&place).unwrap().is_none() && patient.take(&place).unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_claim_that_may_only_be_read_is_taken_over_too() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.png");
        let mut claims = Claims::with_times(TOUCH, Duration::ZERO);
        let path = claim_path(&place);
        fs::write(&path, FOREIGN).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(claims.take(&place).unwrap().is_none());
        assert!(claims.take(&place).unwrap().is_some());
        // That of this machine's killed process, by its lock.
        fs::write(&path, format!("{}\n", machine().unwrap())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(Claims::default().take(&place).unwrap().is_some());
    }

    #[test]
    fn a_claim_that_no_thread_touches_is_locked_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.png");
        let mut claim = Claims::default().take(&place).unwrap().unwrap();
        claim.end_touching();
        assert!(Claims::default().take(&place).unwrap().is_none());
        drop(claim);
        assert!(!claim_path(&place).exists());
    }

    #[test]
    fn a_claim_is_touched_as_long_as_it_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.png");
        let mut claims = Claims::with_times(Duration::from_millis(1), ABANDONED);
        let claim = claims.take(&place).unwrap().unwrap();
        let time = || fs::metadata(claim_path(&place)).unwrap().modified().unwrap();
        let first = time();
        let began = Instant::now();
        while time() == first {
            assert!(began.elapsed() < Duration::from_secs(60), "it is not touched");
            thread::sleep(Duration::from_millis(1));
        }
        drop(claim);
    }
}
