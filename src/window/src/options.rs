//! What the window begins with.

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{KeepAwake, Notifier, dialogs::Dialogs, extensions};
use impasto_control::ports::Ports;
use impasto_core::settings::Settings;
use impasto_engine::queue::{JobQueue, Painter};
use impasto_formats::project::Project;
use impasto_network::compute::DeviceInfo;

/// What the command line gives the window.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub content: Option<PathBuf>,
    pub styles: Vec<PathBuf>,
    /// Instead of the remembered settings.
    pub settings: Option<Settings>,
    /// Their size is to be chosen by measuring.
    pub choose_size: bool,
    /// When the program started; the first frame is measured from here.
    pub started: Option<Instant>,
    /// Print the times of the frames at the end.
    pub frame_times: bool,
}

impl Options {
    /// The project among the given files, wherever it stands and whatever its name is.
    pub(crate) fn project(&self) -> Option<PathBuf> {
        let is_project = |path: &&PathBuf| extensions::is_project(path) || Project::is(path);
        self.content.iter().chain(&self.styles).find(is_project).cloned()
    }
}

/// Called by the painter behind the window when there is something to show.
pub type WakeBehind = Box<dyn Fn() + Send + Sync>;
/// How the queue's painter is started.
pub type SpawnPainter = Box<dyn Fn(JobQueue, WakeBehind) -> io::Result<Painter>>;

/// What the window begins with, besides its engine.
pub struct AppStart {
    pub options: Options,
    /// Where settings are remembered; nothing is remembered without it.
    pub folder: Option<PathBuf>,
    /// Where the present painting is kept; after a crash nothing comes back without it.
    pub sessions: Option<PathBuf>,
    pub dialogs: Arc<dyn Dialogs>,
    /// Paints what is queued.
    pub painter: SpawnPainter,
    pub awake: Arc<dyn KeepAwake>,
    pub notifier: Arc<dyn Notifier>,
    pub midi: Ports,
    /// Lists the devices; called in the background.
    pub devices: fn() -> Vec<DeviceInfo>,
    /// Time from a new picture to the frame that shows it; zero would ask egui for two frames each time.
    pub repaint_after: Duration,
}
