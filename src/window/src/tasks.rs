//! What must not happen on the window's thread: opening, saving, asking for files, listing devices. Each task
//! comes with a continuation, which takes its result on the window's thread.

use std::{
    cell::RefCell,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crossbeam_channel::{Receiver, Sender};
use egui::{Context, ViewportId};

use super::decoders::Decoders;

/// A continuation with the result that it takes.
pub type Then<App> = Box<dyn FnOnce(&mut App, &Context) + Send>;

type Work = Box<dyn FnOnce() + Send>;

/// Starts tasks and hands out their continuations as they end.
pub struct Tasks<App> {
    outbox: Sender<Then<App>>,
    inbox: Receiver<Then<App>>,
    ctx: Context,
    /// Called with the reason if a task fails whose continuation takes no failure.
    failed: fn(&mut App, String),
    /// Names of the files that are being saved, alive until their results are out.
    saves: RefCell<Vec<Weak<str>>>,
    /// Each save has a copy until its continuation has been called.
    unseen: Arc<()>,
    decoders: Decoders,
}

impl<App: 'static> Tasks<App> {
    pub fn new(ctx: &Context, failed: fn(&mut App, String)) -> Self {
        let (outbox, inbox) = crossbeam_channel::unbounded();
        let (decoders, saves) = (Decoders::default(), RefCell::default());
        Self { outbox, inbox, ctx: ctx.clone(), failed, saves, unseen: Arc::default(), decoders }
    }

    /// Run `work` on a thread of its own, then call `then` with its result on the window's thread.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut App, &Context, T) + Send + 'static,
    ) {
        self.attempt(name, work, or(self.failed, then));
    }

    /// Like [`Tasks::spawn`], for a task whose end is waited for: `then` is called with the reason if `work`
    /// panics or cannot begin, so that nothing waits for ever.
    pub fn attempt<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut App, &Context, Result<T, String>) + Send + 'static,
    ) {
        self.start(name, work, then, ());
    }

    /// Like [`Tasks::spawn`], for a file that was asked for: the window does not close before it is written.
    pub fn save<T: Send + 'static>(
        &self,
        file: &Path,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut App, &Context, T) + Send + 'static,
    ) {
        self.attempt_save(file, name, work, or(self.failed, then));
    }

    /// Like [`Tasks::attempt`], for such a file.
    pub fn attempt_save<T: Send + 'static>(
        &self,
        file: &Path,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut App, &Context, Result<T, String>) + Send + 'static,
    ) {
        let file: Arc<str> = file.file_name().unwrap_or_default().to_string_lossy().into();
        let mut saves = self.saves.borrow_mut();
        saves.retain(|save| save.strong_count() > 0);
        saves.push(Arc::downgrade(&file));
        let unseen = Arc::clone(&self.unseen);
        let then = move |app: &mut App, ctx: &Context, result: Result<T, String>| {
            then(app, ctx, result);
            drop(unseen);
        };
        self.start(name, work, then, file);
    }

    /// Like [`Tasks::attempt`], for a task that decodes a picture: it may have to wait for others. The flag
    /// says whether it has begun.
    pub fn decode<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut App, &Context, Result<T, String>) + Send + 'static,
    ) -> Arc<AtomicBool> {
        let begun = Arc::new(AtomicBool::new(false));
        let (theirs, ctx) = (Arc::clone(&begun), self.ctx.clone());
        let exit = self.exit(name, then);
        let work = guarded(&exit, work, ());
        let started = self.decoders.start(move || {
            theirs.store(true, Ordering::Relaxed);
            ctx.request_repaint_of(ViewportId::ROOT);
            work();
        });
        exit.report_start(started);
        begun
    }

    /// Names of the files that are being saved.
    pub fn saving(&self) -> Vec<Arc<str>> {
        self.saves.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether a file is being saved, or has been and may have failed without anybody knowing yet.
    pub fn has_unseen_saves(&self) -> bool {
        Arc::strong_count(&self.unseen) > 1
    }

    /// The continuation of the task that ended first.
    pub fn next(&self) -> Option<Then<App>> {
        self.inbox.try_recv().ok()
    }

    pub fn context(&self) -> &Context {
        &self.ctx
    }

    /// Start a thread for `work`; `held` is dropped once its result is out.
    fn start<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut App, &Context, Result<T, String>) + Send + 'static,
        held: impl Send + 'static,
    ) {
        let exit = self.exit(name, then);
        let work = guarded(&exit, work, held);
        let started = thread::Builder::new().name(format!("impasto-{name}")).spawn(work);
        exit.report_start(started.map(drop));
    }

    fn exit<T>(
        &self,
        name: &str,
        then: impl FnOnce(&mut App, &Context, Result<T, String>) + Send + 'static,
    ) -> Arc<Exit<App, T>> {
        Arc::new(Exit {
            name: name.to_owned(),
            then: Mutex::new(Some(Box::new(then))),
            outbox: self.outbox.clone(),
            ctx: self.ctx.clone(),
        })
    }
}

/// A continuation that takes failures: `then` gets the result, `failed` the reason if there is none.
fn or<App: 'static, T>(
    failed: fn(&mut App, String),
    then: impl FnOnce(&mut App, &Context, T) + Send + 'static,
) -> impl FnOnce(&mut App, &Context, Result<T, String>) + Send + 'static {
    move |app, ctx, result| match result {
        Ok(result) => then(app, ctx, result),
        Err(text) => failed(app, text),
    }
}

type Ending<App, T> = Box<dyn FnOnce(&mut App, &Context, Result<T, String>) + Send>;

/// The way of one result to the window's thread: that of the work, or why it could not begin.
struct Exit<App, T> {
    name: String,
    then: Mutex<Option<Ending<App, T>>>,
    outbox: Sender<Then<App>>,
    ctx: Context,
}

impl<App: 'static, T: Send + 'static> Exit<App, T> {
    fn send(&self, result: Result<T, String>) {
        let then = self.then.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(then) = then {
            // If the window is gone, so is the need for the result.
            let _ = self.outbox.send(Box::new(move |app, ctx| then(app, ctx, result)));
        }
    }

    fn report_start(&self, started: io::Result<()>) {
        if let Err(error) = started {
            self.send(Err(format!("cannot start a thread for {}: {error}", self.name)));
            self.ctx.request_repaint_of(ViewportId::ROOT);
        }
    }
}

/// Work that hands its result over, even if it panics. `held` is dropped once the result is out.
fn guarded<App: 'static, T: Send + 'static>(
    exit: &Arc<Exit<App, T>>,
    work: impl FnOnce() -> T + Send + 'static,
    held: impl Send + 'static,
) -> Work {
    let exit = Arc::clone(exit);
    Box::new(move || {
        let result = catch_unwind(AssertUnwindSafe(work));
        exit.send(result.map_err(|_| format!("{} failed by a fault of the program", exit.name)));
        drop(held);
        // Last, because the frame that decides whether the window may close must not find `held` still there.
        exit.ctx.request_repaint_of(ViewportId::ROOT);
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// What a window was told, in that order.
    #[derive(Default)]
    struct Told(Vec<String>);

    fn tasks() -> Tasks<Told> {
        Tasks::new(&Context::default(), |told, text| told.0.push(format!("failed: {text}")))
    }

    /// Wait for so many results and take them in.
    fn take(tasks: &Tasks<Told>, results: usize) -> Vec<String> {
        let mut told = Told::default();
        for _ in 0..results {
            let then = tasks.inbox.recv_timeout(Duration::from_secs(10)).unwrap();
            then(&mut told, &tasks.ctx);
        }
        assert!(tasks.next().is_none(), "one more than was asked for");
        told.0
    }

    fn fault() -> u8 {
        panic!("a fault")
    }

    #[test]
    fn a_result_goes_to_what_was_to_be_done_with_it() {
        let tasks = tasks();
        let asked = thread::current().id();
        let work = move || (7, thread::current().id() != asked);
        tasks.spawn("count", work, |told, _, (number, elsewhere)| {
            told.0.push(format!("{number} {elsewhere}"));
        });
        assert_eq!(take(&tasks, 1), ["7 true"]);
        let begun =
            tasks.decode("open", || 8, |told: &mut Told, _, result| told.0.push(format!("{result:?}")));
        assert_eq!(take(&tasks, 1), ["Ok(8)"]);
        assert!(begun.load(Ordering::Relaxed));
    }

    #[test]
    fn results_come_in_the_order_in_which_they_were_there() {
        let tasks = tasks();
        let (go, wait) = crossbeam_channel::bounded::<()>(0);
        tasks.spawn("late", move || wait.recv().is_ok(), |told, _, _| told.0.push("late".to_owned()));
        tasks.spawn("early", || (), |told, _, ()| told.0.push("early".to_owned()));
        let began = Instant::now();
        while tasks.inbox.is_empty() {
            assert!(began.elapsed() < Duration::from_secs(10), "it never ends");
            thread::sleep(Duration::from_millis(1));
        }
        go.send(()).unwrap();
        assert_eq!(take(&tasks, 2), ["early", "late"]);
    }

    #[test]
    fn a_task_that_panics_ends_as_a_failure_of_what_it_was_to_do() {
        let tasks = tasks();
        let own = |told: &mut Told, _: &Context, result: Result<u8, String>| {
            told.0.push(format!("own: {}", result.unwrap_err()));
        };
        let never = |_: &mut Told, _: &Context, _: u8| panic!("there is no result");
        let file = Path::new("a.png");
        let begun = tasks.decode("the decoder", fault, own);
        tasks.attempt("keep", fault, own);
        tasks.attempt_save(file, "film", fault, own);
        tasks.spawn("pin", fault, never);
        tasks.save(file, "save", fault, never);
        let mut told = take(&tasks, 5);
        told.sort_unstable();
        let because = |what: &str| format!("{what} failed by a fault of the program");
        let (failed, own) = (["failed: pin", "failed: save"], ["own: film", "own: keep", "own: the decoder"]);
        let wanted: Vec<String> = failed.into_iter().chain(own).map(because).collect();
        assert_eq!(told, wanted);
        assert!(begun.load(Ordering::Relaxed));
    }

    #[test]
    fn a_file_is_being_saved_until_its_result_is_there() {
        let tasks = tasks();
        let (go, wait) = crossbeam_channel::bounded::<()>(0);
        tasks.save(Path::new("/a/b.png"), "save", move || wait.recv().is_ok(), |_, _, _| {});
        tasks.save(Path::new("c.png"), "save", fault, |_, _, _| {});
        assert_eq!(take(&tasks, 1), ["failed: save failed by a fault of the program"]);
        assert_eq!(tasks.saving()[0].as_ref(), "b.png");
        go.send(()).unwrap();
        let began = Instant::now();
        while !tasks.saving().is_empty() {
            assert!(began.elapsed() < Duration::from_secs(10), "it is being saved for ever");
            thread::sleep(Duration::from_millis(1));
        }
        assert!(!tasks.inbox.is_empty(), "the result was out before");
        assert!(tasks.has_unseen_saves(), "nobody knows of it yet");
        take(&tasks, 1);
        assert!(!tasks.has_unseen_saves());
        // What is no save is no reason to wait.
        tasks.spawn("count", || 7, |_, _, _| {});
        assert!(!tasks.has_unseen_saves());
        take(&tasks, 1);
    }
}
