//! A thread that looks at files, and opens those that another program has saved.
//!
//! It looks because nothing tells of changes on network shares. A look at a dozen files takes microseconds,
//! and a share that does not answer holds up nobody but this thread.

use std::{
    collections::VecDeque,
    fs, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

/// Time between two looks. A file that two looks in a row find alike is not being written.
const EVERY: Duration = Duration::from_millis(100);
/// Time between two attempts at a file that cannot be opened, and how long there are any.
const AGAIN: Duration = Duration::from_secs(1);
const GIVE_UP: Duration = Duration::from_secs(5);

/// What differs between two versions of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Another one if the file was replaced by renaming, which may keep the other two.
    created: Option<SystemTime>,
}

impl Stamp {
    /// That of a file; `None` if it is not there.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        let (modified, created) = (metadata.modified().ok(), metadata.created().ok());
        Some(Self { bytes: metadata.len(), modified, created })
    }
}

/// What has become of a file.
pub struct News<T> {
    pub path: PathBuf,
    /// Of the version that was opened.
    pub stamp: Stamp,
    /// The file, or why it cannot be opened.
    pub opened: Result<T, String>,
}

/// The files to look at, each with the stamp of the version that is at hand, if one is.
pub type Files = Vec<(PathBuf, Option<Stamp>)>;

/// Opens a file.
pub type Open<T> = Box<dyn Fn(&Path) -> Result<T, String> + Send>;

/// The window's side of the thread, which ends with it.
pub struct Watcher<T> {
    orders: Option<Sender<Files>>,
    news: Arc<Mutex<VecDeque<News<T>>>>,
    watched: Files,
}

impl<T> Default for Watcher<T> {
    fn default() -> Self {
        Self { orders: None, news: Arc::default(), watched: Files::new() }
    }
}

impl<T: Send + 'static> Watcher<T> {
    /// Look at these files from now on. The first ones start the thread, which opens by what `open` makes,
    /// and calls `wake` if there is news.
    pub fn watch(&mut self, files: Files, open: impl FnOnce() -> Open<T>, wake: impl Fn() + Send + 'static) {
        if files == self.watched {
            return;
        }
        let orders = self.orders.get_or_insert_with(|| {
            let (orders, inbox) = crossbeam_channel::unbounded();
            let (open, news) = (open(), Arc::clone(&self.news));
            let work = move || {
                look(&inbox, &open, |some| {
                    news.lock().unwrap_or_else(PoisonError::into_inner).push_back(some);
                    wake();
                });
            };
            if let Err(error) = thread::Builder::new().name("impasto-watch".into()).spawn(work) {
                tracing::warn!("files cannot be followed: {error}");
            }
            orders
        });
        // Without a thread nothing is followed.
        let _ = orders.send(files.clone());
        self.watched = files;
    }

    pub fn next(&self) -> Option<News<T>> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Look at files until the sender of orders is gone.
fn look<T>(orders: &Receiver<Files>, open: &Open<T>, tell: impl Fn(News<T>)) {
    let mut files: Vec<Watched> = Vec::new();
    loop {
        let order = match files.is_empty() {
            true => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => orders.recv_timeout(EVERY),
        };
        match order {
            Ok(order) => files = take(files, order),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        for file in &mut files {
            if let (Some(opened), Some(stamp)) = (file.look(Instant::now(), open), file.seen) {
                tell(News { path: file.path.clone(), stamp, opened });
            }
        }
    }
}

/// The files of an order. What is known of those that were looked at before stays, unless another version
/// than the one that was opened last has come to hand, as with a former painting.
fn take(mut known: Vec<Watched>, order: Files) -> Vec<Watched> {
    let mut find = |path: &Path, stamp: Option<Stamp>| {
        let index = known.iter().position(|file| file.path == path)?;
        let file = known.swap_remove(index);
        // The version that was at hand before still is while the news of the next one is on its way.
        (stamp == file.seen || stamp == file.at_hand).then_some(Watched { at_hand: stamp, ..file })
    };
    let watched = |(path, stamp): (PathBuf, Option<Stamp>)| {
        find(&path, stamp).unwrap_or_else(|| Watched::new(path, stamp))
    };
    order.into_iter().map(watched).collect()
}

/// A file that is looked at.
struct Watched {
    path: PathBuf,
    /// Of the version in the last order.
    at_hand: Option<Stamp>,
    /// Of the version that was opened last, or given up.
    seen: Option<Stamp>,
    /// What the last look found.
    found: Option<Stamp>,
    broken: Option<Broken>,
}

/// A file whose present version cannot be opened.
struct Broken {
    stamp: Stamp,
    since: Instant,
    /// Of the last attempt.
    tried: Instant,
}

impl Watched {
    fn new(path: PathBuf, stamp: Option<Stamp>) -> Self {
        Self { path, at_hand: stamp, seen: stamp, found: None, broken: None }
    }

    /// The file, if it was saved and is whole, or why it has not become so. A file that is gone is no news:
    /// the programs that replace one may take it away first.
    fn look<T>(&mut self, now: Instant, open: &Open<T>) -> Option<Result<T, String>> {
        let stamp = Stamp::of(&self.path);
        let steady = mem::replace(&mut self.found, stamp) == stamp;
        let stamp = stamp.filter(|stamp| steady && Some(*stamp) != self.seen)?;
        let waits =
            |broken: &Broken| broken.stamp == stamp && now.saturating_duration_since(broken.tried) < AGAIN;
        if self.broken.as_ref().is_some_and(waits) {
            return None;
        }
        let opened = catch_unwind(AssertUnwindSafe(|| open(&self.path)))
            .unwrap_or_else(|_| Err("it cannot be opened by a fault of the program".to_owned()));
        if Stamp::of(&self.path) != Some(stamp) {
            // It was written to meanwhile.
            return None;
        }
        let since = self.broken.as_ref().map_or(now, |broken| broken.since);
        if opened.is_err() && now.saturating_duration_since(since) < GIVE_UP {
            self.broken = Some(Broken { stamp, since, tried: now });
            return None;
        }
        (self.seen, self.broken) = (Some(stamp), None);
        Some(opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "whole ";

    /// A file, and a hand of the clock that moves by a look at a time.
    struct Scene {
        folder: tempfile::TempDir,
        file: Watched,
        now: Instant,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.txt");
            fs::write(&path, format!("{WHOLE}first")).unwrap();
            let stamp = Stamp::of(&path);
            assert!(stamp.is_some());
            Self { folder, file: Watched::new(path, stamp), now: Instant::now() }
        }

        fn write(&self, text: &str) {
            fs::write(&self.file.path, text).unwrap();
        }

        /// As programs save that do not want to leave half a file.
        fn replace(&self, text: &str) {
            let other = self.folder.path().join("a.txt.tmp");
            fs::write(&other, text).unwrap();
            fs::rename(other, &self.file.path).unwrap();
        }

        /// A look. A text that does not begin as a whole one cannot be opened.
        fn look(&mut self) -> Option<Result<String, String>> {
            self.now += EVERY;
            let open: Open<String> = Box::new(|path| {
                let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
                if text.starts_with(WHOLE) { Ok(text) } else { Err(format!("{text} is torn")) }
            });
            self.file.look(self.now, &open)
        }

        /// What so many looks find.
        fn looks(&mut self, count: usize) -> Vec<Result<String, String>> {
            (0..count).filter_map(|_| self.look()).collect()
        }
    }

    fn whole(text: &str) -> Vec<Result<String, String>> {
        vec![Ok(format!("{WHOLE}{text}"))]
    }

    #[test]
    fn each_save_is_news_once_in_place_or_by_a_rename() {
        let mut scene = Scene::new();
        assert!(scene.looks(5).is_empty());
        for round in 0..20 {
            let text = format!("{WHOLE}{}", "x".repeat(round + 20));
            if round % 2 == 0 {
                scene.write(&text)
            } else {
                scene.replace(&text)
            }
            assert_eq!(scene.look(), None, "it may still be written");
            assert_eq!(scene.looks(4), [Ok(text)]);
        }
    }

    #[test]
    fn a_file_that_is_being_written_is_not_opened() {
        let mut scene = Scene::new();
        for length in 1..9 {
            scene.write(&format!("{WHOLE}{}", "x".repeat(20 + length)));
            assert_eq!(scene.look(), None);
        }
        assert_eq!(scene.looks(4), whole("xxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
        // One that changes while it is opened has not been opened.
        scene.write("whole one");
        assert_eq!(scene.look(), None);
        scene.now += EVERY;
        let open: Open<String> = Box::new(|path| {
            fs::write(path, format!("{WHOLE}and longer than the one before")).unwrap();
            Ok(String::new())
        });
        let path = scene.file.path.clone();
        assert_eq!(scene.file.look(scene.now, &open), None);
        assert!(path.exists());
        assert_eq!(scene.looks(4), whole("and longer than the one before"));
    }

    #[test]
    fn a_torn_file_is_waited_for_and_then_told_once() {
        let mut scene = Scene::new();
        scene.write("wh");
        assert!(scene.looks(6).is_empty());
        scene.write("whole after all");
        assert_eq!(scene.looks(6), whole("after all"));
        scene.write("wh");
        let told = scene.looks(100);
        assert_eq!(told, [Err("wh is torn".to_owned())]);
        scene.write("whole again, much later");
        assert_eq!(scene.looks(6), whole("again, much later"));
    }

    #[test]
    fn a_file_that_is_gone_is_followed_when_it_comes_back() {
        let mut scene = Scene::new();
        fs::remove_file(&scene.file.path).unwrap();
        assert!(scene.looks(100).is_empty());
        scene.write("whole and back");
        assert_eq!(scene.looks(6), whole("and back"));
        // A folder of that name is no file.
        fs::remove_file(&scene.file.path).unwrap();
        fs::create_dir(&scene.file.path).unwrap();
        assert!(scene.looks(100).is_empty());
    }

    #[test]
    fn a_file_that_never_was_at_hand_is_opened_when_it_is_there() {
        let mut scene = Scene::new();
        let path = scene.file.path.clone();
        fs::remove_file(&path).unwrap();
        scene.file = Watched::new(path.clone(), None);
        assert!(scene.looks(100).is_empty());
        // The order stays the same as long as it is not there.
        scene.file = take(vec![scene.file], vec![(path, None)]).remove(0);
        scene.write("whole and there at last");
        assert_eq!(scene.looks(6), whole("and there at last"));
    }

    #[test]
    fn a_fault_while_opening_ends_nothing() {
        let mut scene = Scene::new();
        scene.write("whole but odd");
        let open: Open<String> = Box::new(|_| panic!("a fault"));
        let looks = (0..100).filter_map(|_| {
            scene.now += EVERY;
            scene.file.look(scene.now, &open)
        });
        let told: Vec<_> = looks.collect();
        assert!(matches!(&told[..], [Err(text)] if text.contains("fault")), "{told:?}");
    }

    #[test]
    fn a_file_that_stays_in_the_list_is_opened_again_only_for_a_former_version() {
        let mut scene = Scene::new();
        let path = scene.file.path.clone();
        let old = scene.file.seen;
        scene.write("whole and another length");
        assert_eq!(scene.looks(4), whole("and another length"));
        let new = Stamp::of(&path);
        let seen = |files: &[Watched]| -> Vec<_> {
            files.iter().map(|file| (file.path.clone(), file.seen)).collect()
        };
        // The window asks by the version that it has as long as the news is on its way.
        let files = take(vec![scene.file], vec![("b.txt".into(), old), (path.clone(), old)]);
        assert_eq!(seen(&files), [("b.txt".into(), old), (path.clone(), new)]);
        let files = take(files, vec![(path.clone(), new)]);
        assert_eq!(seen(&files), [(path.clone(), new)]);
        // With a former painting its version comes back.
        let mut files = take(files, vec![(path.clone(), old)]);
        assert_eq!(seen(&files), [(path.clone(), old)]);
        let open: Open<String> = Box::new(|path| fs::read_to_string(path).map_err(|error| error.to_string()));
        let opened: Vec<_> = (0..4).filter_map(|_| files[0].look(scene.now, &open)).collect();
        assert_eq!(opened, whole("and another length"));
    }

    #[test]
    fn the_thread_tells_of_what_it_finds() {
        let scene = Scene::new();
        let path = scene.file.path.clone();
        let mut watcher = Watcher::<String>::default();
        let (wake, woken) = crossbeam_channel::unbounded();
        let files = vec![(path.clone(), scene.file.seen)];
        let open =
            || -> Open<String> { Box::new(|path| fs::read_to_string(path).map_err(|e| e.to_string())) };
        scene.write("whole and told");
        watcher.watch(files, open, move || wake.send(()).unwrap());
        woken.recv_timeout(Duration::from_secs(60)).unwrap();
        let news = watcher.next().unwrap();
        assert_eq!((news.path, news.opened), (path.clone(), Ok("whole and told".to_owned())));
        assert_eq!(Some(news.stamp), Stamp::of(&path));
        // With the window the thread ends, and with it what wakes the window.
        drop(watcher);
        assert!(woken.recv_timeout(Duration::from_secs(60)).is_err());
    }
}
