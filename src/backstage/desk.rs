//! What window and painter share: the list of the queue, the cells of a grid, and how far each is. Both hold it for moments
//! only, so neither waits for the other.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use image::RgbImage;

use super::{Item, State, Store};
use crate::session::Job;

/// What the queue does while a person paints on the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Courtesy {
    #[default]
    Wait,
    Share,
}

/// What the person at the window does, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// The live run paints.
    pub painting: bool,
    /// A hand is on a control.
    pub dragging: bool,
    /// The live run computes on the CPU, or on a driver that does.
    pub on_cpu: bool,
    pub courtesy: Courtesy,
}

/// A small painting of a grid.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Number of the grid, and of the cell in it.
    pub grid: u64,
    pub index: usize,
    pub job: Job,
}

/// A cell that is done, or why it is not.
#[derive(Clone, Debug)]
pub struct Painted {
    pub grid: u64,
    pub index: usize,
    pub result: Result<Arc<RgbImage>, String>,
    /// Time that it took.
    pub seconds: f64,
}

/// What is being done to the item in hand.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// What takes time before the first step.
    Preparing(String),
    Painting,
    Saving,
}

/// The item in hand.
#[derive(Clone, Debug)]
pub struct Now {
    pub id: u64,
    pub stage: Stage,
    pub step: u32,
    pub steps: u32,
    /// Shape of its picture in pixels; nothing before it is prepared.
    pub shape: (u32, u32),
    /// Share of the work that is done.
    pub share: f32,
    /// `None` before it can be told.
    pub seconds_left: Option<f64>,
    /// It gives way to the person at the window.
    pub waits: bool,
}

/// The cell in hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellNow {
    pub grid: u64,
    pub index: usize,
    pub share: f32,
}

/// The queue at a glance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// Items that are still to be painted, the one in hand among them.
    pub open: usize,
    pub failed: usize,
    /// Items that need nothing any more.
    pub over: usize,
    /// Nothing is begun until the person says so.
    pub held: bool,
    /// Painting gives way to the person at the window.
    pub waits: bool,
    pub seconds_left: Option<f64>,
}

/// To where an item moves in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Up,
    Down,
    /// Before the item that is at this place now.
    To(usize),
}

/// What the painter does next.
pub(super) enum Next {
    Item(Box<Item>, Arc<AtomicBool>),
    Cell(Box<Cell>, Arc<AtomicBool>),
    /// Nothing has come for a while.
    Rest,
    Quit,
}

/// What the painter does before its next step.
pub(super) enum Between {
    Paint,
    Cell(Box<Cell>, Arc<AtomicBool>),
}

/// How long engines are kept for what may come.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest side of the small pictures of items, in pixels.
pub(super) const SMALL: u32 = 160;

#[derive(Default)]
struct Inner {
    items: Vec<Item>,
    last_id: u64,
    /// Counts changes of the list.
    version: u64,
    /// The list differs from the file.
    unwritten: bool,
    held: bool,
    quits: bool,
    live: Live,
    /// The painter's own device is the CPU; unknown before it has opened one.
    on_cpu: Option<bool>,
    now: Option<Now>,
    stop: Arc<AtomicBool>,
    cells: VecDeque<Cell>,
    cell: Option<CellNow>,
    cell_stop: Arc<AtomicBool>,
    painted: Vec<Painted>,
    small: BTreeMap<u64, Arc<RgbImage>>,
    /// Seconds for each unit of [`Item::work`], as it was last.
    pace: Option<f64>,
    /// Items that are still to be painted, and those that failed.
    open: usize,
    failed: usize,
    /// Work of the items that wait, and of the one in hand.
    waiting_work: f64,
    work_in_hand: f64,
}

impl Inner {
    fn touch(&mut self) {
        self.version += 1;
        self.unwritten = true;
        let count = |fits: fn(&State) -> bool| self.items.iter().filter(|item| fits(&item.state)).count();
        (self.open, self.failed) =
            (count(State::is_open), count(|state| matches!(state, State::Failed { .. })));
        let work =
            |state: State| self.items.iter().filter(move |item| item.state == state).map(Item::work).sum();
        (self.waiting_work, self.work_in_hand) = (work(State::Waiting), work(State::Painting));
    }

    fn gives_way(&self) -> bool {
        let live = self.live;
        let shares_cpu = live.on_cpu && self.on_cpu.unwrap_or(true);
        shares_cpu && (live.dragging || (live.painting && live.courtesy == Courtesy::Wait))
    }

    fn cells_give_way(&self) -> bool {
        self.live.on_cpu && self.live.dragging && self.on_cpu.unwrap_or(true)
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }

    fn take_cell(&mut self) -> Option<(Box<Cell>, Arc<AtomicBool>)> {
        if self.cells_give_way() {
            return None;
        }
        let cell = self.cells.pop_front()?;
        self.cell = Some(CellNow { grid: cell.grid, index: cell.index, share: 0.0 });
        self.cell_stop = Arc::default();
        Some((Box::new(cell), Arc::clone(&self.cell_stop)))
    }
}

struct Shared {
    inner: Mutex<Inner>,
    news: Condvar,
    /// Held while the file is written, so that an older list never follows a newer one.
    store: Mutex<Option<Store>>,
    folder: Mutex<Option<PathBuf>>,
}

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Shared>);

impl Default for Desk {
    fn default() -> Self {
        Self(Arc::new(Shared {
            inner: Mutex::default(),
            news: Condvar::new(),
            store: Mutex::default(),
            folder: Mutex::default(),
        }))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// The window's side.
impl Desk {
    /// Does something to the shared state, and wakes the painter.
    fn change<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        let result = work(&mut lock(&self.0.inner));
        self.0.news.notify_all();
        result
    }

    /// Takes the queue of the last time in. What is still to be painted waits until [`Desk::hold`] is ended.
    pub fn begin(&self, store: Option<Store>, items: Vec<Item>) {
        *lock(&self.0.folder) = store.as_ref().map(|store| store.folder().to_owned());
        *lock(&self.0.store) = store;
        self.change(|inner| {
            inner.last_id = items.iter().map(|item| item.id).max().unwrap_or(0);
            inner.held = items.iter().any(|item| item.state.is_open());
            inner.items = items;
            inner.touch();
            inner.unwritten = false;
        });
    }

    /// The folder in which pictures without a file are kept.
    pub fn folder(&self) -> Option<PathBuf> {
        lock(&self.0.folder).clone()
    }

    /// Adds items at the end. No two that are still to be painted get one name, unless they are of a batch, whose folder's
    /// list tells whether they are the same. `small` is shown for them until they are painted.
    pub fn add(&self, items: impl IntoIterator<Item = Item>, small: Option<&Arc<RgbImage>>) {
        self.change(|inner| {
            for mut item in items {
                inner.last_id += 1;
                item.id = inner.last_id;
                if !item.batch {
                    item.output = free_output(&inner.items, &item.output);
                }
                if let Some(small) = small {
                    inner.small.insert(item.id, Arc::clone(small));
                }
                inner.items.push(item);
            }
            inner.touch();
        });
    }

    /// The file that an item with this output would get, as far as can be told.
    pub fn free_output(&self, output: &Path) -> PathBuf {
        free_output(&lock(&self.0.inner).items, output)
    }

    /// Counts changes of the list.
    pub fn version(&self) -> u64 {
        lock(&self.0.inner).version
    }

    /// Looks at the list, in its order.
    pub fn items<T>(&self, look: impl FnOnce(&[Item]) -> T) -> T {
        look(&lock(&self.0.inner).items)
    }

    /// The small picture of an item, if there is one.
    pub fn small(&self, id: u64) -> Option<Arc<RgbImage>> {
        lock(&self.0.inner).small.get(&id).cloned()
    }

    /// The item in hand.
    pub fn now(&self) -> Option<Now> {
        let inner = lock(&self.0.inner);
        inner.now.clone().map(|now| Now { waits: inner.gives_way(), ..now })
    }

    pub fn outlook(&self) -> Outlook {
        let inner = lock(&self.0.inner);
        let (open, failed) = (inner.open, inner.failed);
        let in_hand = match &inner.now {
            Some(now) => now.seconds_left.or(inner.pace.map(|pace| pace * inner.work_in_hand)),
            None => Some(0.0),
        };
        let rest = match inner.waiting_work {
            0.0 => Some(0.0),
            work => inner.pace.map(|pace| pace * work),
        };
        let seconds_left = in_hand.zip(rest).map(|(in_hand, rest)| in_hand + rest).filter(|_| open > 0);
        let waits = open > 0 && !inner.held && inner.gives_way();
        Outlook {
            open,
            failed,
            over: inner.items.len() - open - failed,
            held: inner.held,
            waits,
            seconds_left,
        }
    }

    /// Begins nothing any more, or goes on. The item in hand waits where it is.
    pub fn hold(&self, held: bool) {
        self.change(|inner| {
            if inner.held != held {
                inner.held = held;
                inner.version += 1;
            }
        });
    }

    /// Tells what the person does.
    pub fn set_live(&self, live: Live) {
        if lock(&self.0.inner).live != live {
            self.change(|inner| inner.live = live);
        }
    }

    /// Moves an item.
    pub fn reorder(&self, id: u64, to: Move) {
        self.change(|inner| {
            let Some(at) = inner.position(id) else { return };
            let last = inner.items.len() - 1;
            let target = match to {
                Move::Up => at.saturating_sub(1),
                Move::Down => (at + 1).min(last),
                // Taking it out moves what is behind it up.
                Move::To(place) if place > at => (place - 1).min(last),
                Move::To(place) => place,
            };
            if target != at {
                let item = inner.items.remove(at);
                inner.items.insert(target, item);
                inner.touch();
            }
        });
    }

    /// Ends an item without a picture; it can be retried.
    pub fn cancel(&self, id: u64) {
        self.change(|inner| {
            let Some(at) = inner.position(id) else { return };
            match inner.items[at].state {
                State::Painting => inner.stop.store(true, Ordering::Relaxed),
                State::Waiting => {
                    inner.items[at].state = State::Cancelled;
                    inner.touch();
                }
                _ => {}
            }
        });
    }

    /// Lets what failed or was cancelled wait again.
    pub fn retry(&self, id: u64) {
        self.change(|inner| {
            let Some(at) = inner.position(id) else { return };
            if matches!(inner.items[at].state, State::Failed { .. } | State::Cancelled) {
                (inner.items[at].state, inner.items[at].remark) = (State::Waiting, None);
                inner.touch();
            }
        });
    }

    /// Takes an item out of the list; its picture, if it has one, stays where it is.
    pub fn remove(&self, id: u64) {
        self.change(|inner| {
            let Some(at) = inner.position(id) else { return };
            if inner.items.remove(at).state == State::Painting {
                inner.stop.store(true, Ordering::Relaxed);
            }
            inner.small.remove(&id);
            inner.touch();
        });
    }

    /// Takes all items out of the list that need nothing any more.
    pub fn remove_over(&self) {
        self.change(|inner| {
            let gone = |state: &State| matches!(state, State::Done { .. } | State::There | State::Cancelled);
            inner.items.retain(|item| !gone(&item.state));
            let Inner { items, small, .. } = inner;
            small.retain(|id, _| items.iter().any(|item| item.id == *id));
            inner.touch();
        });
    }

    /// Gives the painter the cells of a grid, instead of those that it has.
    pub fn paint_cells(&self, cells: impl IntoIterator<Item = Cell>) {
        self.change(|inner| {
            inner.cell_stop.store(true, Ordering::Relaxed);
            inner.cells = cells.into_iter().collect();
        });
    }

    /// The cells that are done since the last call.
    pub fn take_painted(&self) -> Vec<Painted> {
        std::mem::take(&mut lock(&self.0.inner).painted)
    }

    /// The cell in hand.
    pub fn cell(&self) -> Option<CellNow> {
        lock(&self.0.inner).cell
    }

    /// Whether the list differs from what is on the disk.
    pub fn is_unwritten(&self) -> bool {
        lock(&self.0.inner).unwritten
    }

    /// Writes the list, if it has changed. Takes as long as the disk does.
    ///
    /// # Errors
    ///
    /// Whatever the file system says; it is tried again with the next change.
    pub fn save(&self) -> io::Result<()> {
        let store = lock(&self.0.store);
        let items = {
            let mut inner = lock(&self.0.inner);
            if !std::mem::take(&mut inner.unwritten) {
                return Ok(());
            }
            inner.items.clone()
        };
        store.as_ref().map_or(Ok(()), |store| store.write(items))
    }

    /// Ends the painter after the step in hand.
    pub(super) fn quit(&self) {
        self.change(|inner| {
            inner.quits = true;
            inner.stop.store(true, Ordering::Relaxed);
            inner.cell_stop.store(true, Ordering::Relaxed);
        });
    }
}

// The painter's side.
impl Desk {
    /// Waits for something to do. `warm` tells that there are engines to give up.
    pub(super) fn next(&self, warm: bool) -> Next {
        let mut inner = lock(&self.0.inner);
        loop {
            if inner.quits {
                return Next::Quit;
            }
            if let Some((cell, stop)) = inner.take_cell() {
                return Next::Cell(cell, stop);
            }
            let ready = !inner.held && !inner.gives_way();
            if ready && let Some(at) = inner.items.iter().position(|item| item.state == State::Waiting) {
                inner.items[at].state = State::Painting;
                inner.stop = Arc::default();
                let item = inner.items[at].clone();
                let stage = Stage::Preparing("Opening the pictures…".to_owned());
                let (id, steps) = (item.id, item.settings.steps);
                inner.now = Some(Now {
                    id,
                    stage,
                    step: 0,
                    steps,
                    shape: (0, 0),
                    share: 0.0,
                    seconds_left: None,
                    waits: false,
                });
                inner.touch();
                return Next::Item(Box::new(item), Arc::clone(&inner.stop));
            }
            if warm {
                let (back, waited) =
                    self.0.news.wait_timeout(inner, PATIENCE).unwrap_or_else(PoisonError::into_inner);
                inner = back;
                if waited.timed_out() {
                    return Next::Rest;
                }
            } else {
                inner = self.0.news.wait(inner).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Waits until the item in hand may be painted on, or is to end, or a cell is wanted meanwhile.
    pub(super) fn between(&self, stop: &AtomicBool) -> Between {
        let mut inner = lock(&self.0.inner);
        loop {
            if inner.quits || stop.load(Ordering::Relaxed) {
                return Between::Paint;
            }
            if let Some((cell, stop)) = inner.take_cell() {
                return Between::Cell(cell, stop);
            }
            if !(inner.held || inner.gives_way()) {
                return Between::Paint;
            }
            inner = self.0.news.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits while cells are to give way.
    pub(super) fn between_cell(&self, stop: &AtomicBool) {
        let mut inner = lock(&self.0.inner);
        while inner.cells_give_way() && !inner.quits && !stop.load(Ordering::Relaxed) {
            inner = self.0.news.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Tells how far the item in hand is.
    pub(super) fn progress(&self, tell: impl FnOnce(&mut Now)) {
        if let Some(now) = &mut lock(&self.0.inner).now {
            tell(now);
        }
    }

    pub(super) fn set_device(&self, on_cpu: bool) {
        lock(&self.0.inner).on_cpu = Some(on_cpu);
    }

    pub(super) fn set_pace(&self, pace: f64) {
        lock(&self.0.inner).pace = Some(pace);
    }

    pub(super) fn show(&self, id: u64, small: RgbImage) {
        let mut inner = lock(&self.0.inner);
        if inner.position(id).is_some() {
            inner.small.insert(id, Arc::new(small));
        }
    }

    /// The item in hand is over; one that was interrupted by the window's end waits for the next time.
    pub(super) fn over(&self, id: u64, state: State, output: Option<PathBuf>, remark: Option<String>) {
        let mut inner = lock(&self.0.inner);
        inner.now = None;
        let interrupted = state == State::Cancelled && inner.quits;
        if let Some(item) = inner.position(id).map(|at| &mut inner.items[at]) {
            item.state = if interrupted { State::Waiting } else { state };
            item.remark = remark;
            if let Some(output) = output {
                item.output = output;
            }
        }
        inner.touch();
    }

    pub(super) fn cell_progress(&self, share: f32) {
        if let Some(cell) = &mut lock(&self.0.inner).cell {
            cell.share = share;
        }
    }

    /// The cell in hand is over; without a result it was stopped.
    pub(super) fn cell_over(&self, painted: Option<Painted>) {
        let mut inner = lock(&self.0.inner);
        inner.cell = None;
        inner.painted.extend(painted);
    }
}

/// A name that no file has and no item is going to take.
fn free_output(items: &[Item], output: &Path) -> PathBuf {
    let taken: Vec<String> = items
        .iter()
        .filter(|item| item.state.is_open())
        .map(|item| item.output.to_string_lossy().to_lowercase())
        .collect();
    let free = |path: &PathBuf| {
        std::fs::symlink_metadata(path).is_err() && !taken.contains(&path.to_string_lossy().to_lowercase())
    };
    std::iter::once(output.to_owned())
        .chain((2_u32..).map(|number| crate::picture::numbered_name(output, number)))
        .find(free)
        .unwrap_or_else(|| output.to_owned())
}

/// Time that is spent at work, without the time that is spent waiting.
#[derive(Debug)]
pub(super) struct Clock {
    since: Instant,
    away: Duration,
}

impl Clock {
    pub fn new() -> Self {
        Self { since: Instant::now(), away: Duration::ZERO }
    }

    /// Does something that does not count.
    pub fn aside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = work();
        self.away += began.elapsed();
        result
    }

    pub fn seconds(&self) -> f64 {
        self.since.elapsed().saturating_sub(self.away).as_secs_f64()
    }
}
