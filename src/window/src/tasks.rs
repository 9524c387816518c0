//! What must not happen on the window's thread: opening, saving, asking for files, listing devices.

use std::{
    cell::RefCell,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender};
use egui::ColorImage;
use image::RgbImage;

use super::{
    decoders::Decoders,
    dialogs::Answer,
    extracts::Planned,
    keeping::ProjectFile,
    origin::Origin,
    pictures::{Opened, Target},
    playlist::Playlist,
    recipes::{Looked, Painting},
};
use impasto_core::{
    picture::{Picture, SaveError},
    settings::UserPreset,
};
use impasto_engine::{session::RestorePoint, timeline::MomentId};
use impasto_formats::{
    project::{Project, sessions::SessionFolder},
    timelapse::TimelapseError,
};
use impasto_network::compute::DeviceInfo;

/// A finished task.
pub enum Done {
    Opened {
        slot: u64,
        ticket: u64,
        result: Result<Box<Opened>, String>,
    },
    Picked {
        purpose: Purpose,
        /// The name that the dialog proposed.
        name: String,
        answer: Answer,
    },
    Saved {
        path: PathBuf,
        painting: Painting,
        result: Result<(), SaveError>,
    },
    Looked(Box<Looked>),
    /// A source picture in the size in which it is compared.
    Resampled {
        picture: Arc<Picture>,
        size: (u32, u32),
        image: ColorImage,
    },
    /// A pin's small picture.
    Pinned {
        pin: u64,
        small: ColorImage,
    },
    /// A small picture for the gallery.
    Small {
        origin: Origin,
        result: Result<egui::ColorImage, String>,
    },
    /// What a crash has left.
    Left(Option<Box<(SessionFolder, Result<Project, String>)>>),
    Kept {
        result: Result<(), String>,
        took: Duration,
    },
    ProjectRead {
        path: PathBuf,
        result: Result<Box<Project>, String>,
    },
    ProjectSaved {
        file: ProjectFile,
        result: Result<(), String>,
    },
    PlaylistRead {
        path: PathBuf,
        result: Result<Box<Playlist>, String>,
    },
    PlaylistSaved {
        path: PathBuf,
        list: Box<Playlist>,
        result: Result<(), String>,
    },
    /// The picture of an earlier moment.
    Moment {
        id: MomentId,
        result: Result<RgbImage, String>,
    },
    /// A time-lapse, written or not.
    Exported {
        path: PathBuf,
        result: Result<(), TimelapseError>,
    },
    /// All that painting needs to go on from an earlier moment.
    GoBack {
        id: MomentId,
        result: Result<RestorePoint, String>,
    },
    /// Orders for extracts, with what the cache has of them.
    Planned {
        ticket: u64,
        planned: Vec<Planned>,
    },
    /// An extract was written into the cache, or not.
    ExtractKept(io::Result<()>),
    /// The figure of all extracts, written or not.
    Figure {
        path: PathBuf,
        result: Result<(), String>,
    },
    Devices(Vec<DeviceInfo>),
    /// The person's presets, and how what was to be done to them went.
    Presets {
        list: Vec<UserPreset>,
        result: Result<(), String>,
    },
    Queue(super::queue::News),
    Grid(super::grid::News),
    /// A task that ended without a result.
    Broken(String),
}

impl Done {
    /// Whether a file that a person asked for is not written.
    pub fn is_failed_save(&self) -> bool {
        match self {
            Done::Saved { result, .. } => result.is_err(),
            Done::ProjectSaved { result, .. }
            | Done::PlaylistSaved { result, .. }
            | Done::Figure { result, .. }
            | Done::Presets { result, .. } => result.is_err(),
            Done::Exported { result, .. } => {
                matches!(result, Err(error) if !matches!(error, TimelapseError::Cancelled))
            }
            Done::Grid(super::grid::News::Exported { result, .. }) => result.is_err(),
            Done::Broken(_) => true,
            _ => false,
        }
    }
}

/// What a picked file is for.
#[derive(Clone, Debug)]
pub enum Purpose {
    Picture(Target),
    Init,
    Weights,
    OpenProject,
    OpenPlaylist,
    Queue(super::queue::Wanted),
    Save(Saving),
}

/// What is written to a picked file.
#[derive(Clone, Debug)]
pub enum Saving {
    Picture(Painting),
    Project,
    Playlist,
    Timelapse(super::export::Plan),
    /// The grid as one picture.
    Grid,
    /// The figure of what the layers hold.
    Figure,
}

/// Starts tasks and hands over what they bring.
pub struct Tasks {
    outbox: Sender<Done>,
    inbox: Receiver<Done>,
    ctx: egui::Context,
    /// Names of the files that are being saved, alive until their results are out.
    saves: RefCell<Vec<Weak<str>>>,
    decoders: Decoders,
}

impl Tasks {
    pub fn new(ctx: &egui::Context) -> Self {
        let (outbox, inbox) = crossbeam_channel::unbounded();
        Self { outbox, inbox, ctx: ctx.clone(), decoders: Decoders::default(), saves: RefCell::default() }
    }

    /// Runs `task` on a thread of its own; its result comes out of [`Tasks::next`].
    pub fn start(&self, name: &str, task: impl FnOnce() -> Done + Send + 'static) {
        self.start_or(name, Done::Broken, task);
    }

    /// The same for a task whose end is waited for: where it panics, or cannot begin, what `broken` makes of that comes out,
    /// so that nothing waits for ever.
    pub fn start_or(
        &self,
        name: &str,
        broken: impl FnOnce(String) -> Done + Clone + Send + 'static,
        task: impl FnOnce() -> Done + Send + 'static,
    ) {
        self.spawn(name, broken, task, ());
    }

    /// As [`Tasks::start`], for a file that a person asked for: the window does not close before it is written.
    pub fn save(&self, file: &Path, name: &str, task: impl FnOnce() -> Done + Send + 'static) {
        self.save_or(file, name, Done::Broken, task);
    }

    /// As [`Tasks::start_or`], likewise.
    pub fn save_or(
        &self,
        file: &Path,
        name: &str,
        broken: impl FnOnce(String) -> Done + Clone + Send + 'static,
        task: impl FnOnce() -> Done + Send + 'static,
    ) {
        let file: Arc<str> = file.file_name().unwrap_or_default().to_string_lossy().into();
        let mut saves = self.saves.borrow_mut();
        saves.retain(|save| save.strong_count() > 0);
        saves.push(Arc::downgrade(&file));
        self.spawn(name, broken, task, file);
    }

    /// As [`Tasks::start_or`], for a task that decodes a picture: it may have to wait for others. The flag says whether it
    /// has begun.
    pub fn decode(
        &self,
        name: &str,
        broken: impl FnOnce(String) -> Done + Clone + Send + 'static,
        task: impl FnOnce() -> Done + Send + 'static,
    ) -> Arc<AtomicBool> {
        let begun = Arc::new(AtomicBool::new(false));
        let (theirs, ctx) = (Arc::clone(&begun), self.ctx.clone());
        let task = self.guarded(name, broken.clone(), task, ());
        let started = self.decoders.start(move || {
            theirs.store(true, Ordering::Relaxed);
            ctx.request_repaint_of(egui::ViewportId::ROOT);
            task();
        });
        if let Err(error) = started {
            let _ = self.outbox.send(broken(format!("cannot start a thread for {name}: {error}")));
        }
        begun
    }

    /// Names of the files that are being saved.
    pub fn saving(&self) -> Vec<Arc<str>> {
        self.saves.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether results wait to be taken.
    pub fn has_results(&self) -> bool {
        !self.inbox.is_empty()
    }

    fn spawn(
        &self,
        name: &str,
        broken: impl FnOnce(String) -> Done + Clone + Send + 'static,
        task: impl FnOnce() -> Done + Send + 'static,
        held: impl Send + 'static,
    ) {
        let task = self.guarded(name, broken.clone(), task, held);
        let started = thread::Builder::new().name(format!("impasto-{name}")).spawn(task);
        if let Err(error) = started {
            let _ = self.outbox.send(broken(format!("cannot start a thread for {name}: {error}")));
        }
    }

    /// A task that hands its result over, also when it panics. `held` is dropped when the result is out.
    fn guarded(
        &self,
        name: &str,
        broken: impl FnOnce(String) -> Done + Send + 'static,
        task: impl FnOnce() -> Done + Send + 'static,
        held: impl Send + 'static,
    ) -> Box<dyn FnOnce() + Send> {
        let (outbox, ctx, name) = (self.outbox.clone(), self.ctx.clone(), name.to_owned());
        Box::new(move || {
            let done = catch_unwind(AssertUnwindSafe(task))
                .unwrap_or_else(|_| broken(format!("{name} failed by a fault of the program")));
            // Nobody listens when the window is gone.
            let _ = outbox.send(done);
            drop(held);
            ctx.request_repaint_of(egui::ViewportId::ROOT);
        })
    }

    pub fn context(&self) -> &egui::Context {
        &self.ctx
    }

    pub fn next(&self) -> Option<Done> {
        self.inbox.try_recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_task_that_panics_ends_as_a_failure_of_what_it_was_to_do() {
        let tasks = Tasks::new(&egui::Context::default());
        let kept = |text: String| Done::Kept { result: Err(text), took: Duration::ZERO };
        tasks.start_or("keep", kept, || panic!("a fault"));
        tasks.start("pin", || panic!("a fault"));
        let begun = tasks.decode("open", Done::Broken, || panic!("a fault"));
        let mut ends = [0; 3];
        for _ in 0..3 {
            match tasks.inbox.recv_timeout(Duration::from_secs(10)).unwrap() {
                Done::Kept { result: Err(text), .. } if text.contains("keep failed") => ends[0] += 1,
                Done::Broken(text) if text.contains("pin failed") => ends[1] += 1,
                Done::Broken(text) if text.contains("open failed") => ends[2] += 1,
                _ => panic!("something else"),
            }
        }
        assert_eq!(ends, [1, 1, 1]);
        assert!(begun.load(Ordering::Relaxed));
    }

    #[test]
    fn a_file_is_being_saved_until_its_result_is_there() {
        let tasks = Tasks::new(&egui::Context::default());
        let (go, wait) = crossbeam_channel::bounded::<()>(0);
        let kept = || Done::Kept { result: Ok(()), took: Duration::ZERO };
        tasks.save(Path::new("/a/b.png"), "save", move || {
            let _ = wait.recv();
            kept()
        });
        tasks.save(Path::new("c.png"), "save", || panic!("a fault"));
        let broken = tasks.inbox.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(broken, Done::Broken(_)) && broken.is_failed_save());
        assert_eq!(tasks.saving()[0].as_ref(), "b.png");
        go.send(()).unwrap();
        let began = std::time::Instant::now();
        while !tasks.saving().is_empty() {
            assert!(began.elapsed() < Duration::from_secs(10), "it is being saved for ever");
            thread::sleep(Duration::from_millis(1));
        }
        assert!(tasks.has_results(), "the result was out before");
    }
}
